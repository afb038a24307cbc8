/** A receiver of webhooks on loopback, in any mood that one may be in. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReceiverMood } from '../../src/adapters/contracts/index.ts';

export interface ReceivedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: URL;
  /** What it took, in order. */
  readonly taken: readonly ReceivedRequest[];
  /** How often it was asked, whatever became of it. */
  readonly asked: () => number;
  readonly become: (mood: ReceiverMood) => Promise<void>;
  readonly close: () => Promise<void>;
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve());
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Starts a receiver that takes everything with `good`, and says `status` when it is in trouble. */
export const startReceiver = async (good = '{}', status = 503): Promise<Receiver> => {
  const taken: ReceivedRequest[] = [];
  let asked = 0;
  let mood: ReceiverMood = 'Takes';

  const answer = (response: ServerResponse, request: ReceivedRequest): void => {
    switch (mood) {
      case 'Takes':
        taken.push(request);
        response.end(good);
        return;
      case 'Refuses':
        response.writeHead(400).end('invalid_payload');
        return;
      case 'Fails':
        response.writeHead(status, { 'retry-after': '7' }).end('busy\r\nand more');
        return;
      case 'Endless':
        response.writeHead(500);
        response.on('drain', () => response.write('no '.repeat(1_000)));
        while (response.write('no '.repeat(1_000)));
        return;
      case 'Redirects':
        response.writeHead(307, { location: '/elsewhere' }).end();
        return;
      case 'Hangs':
      case 'Gone':
    }
  };

  const server = createServer((incoming, response) => {
    asked += 1;
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      const request = { headers: incoming.headers, body: Buffer.concat(pieces).toString('utf8') };
      if (incoming.url === '/elsewhere') taken.push(request);
      answer(response, request);
    });
    response.on('error', () => undefined);
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/hook/t0p-s3cret`),
    taken,
    asked: () => asked,
    become: async (next) => {
      if (next === 'Gone') await closed(server);
      else if (mood === 'Gone') await listen(server, port);
      mood = next;
    },
    close: () => (server.listening ? closed(server) : Promise.resolve()),
  };
};
