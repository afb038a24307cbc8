/** What the stand-ins for metadata services share: a server on loopback, in any mood that one may be in. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MetadataMood } from '../../src/adapters/contracts/index.ts';

export interface FakeMetadata {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Method and path of every request, in order. */
  readonly asked: readonly string[];
  readonly become: (mood: MetadataMood) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** How the service itself answers; it is told of a zone that is no name. */
type Answer = (request: IncomingMessage, response: ServerResponse, isHostile: boolean) => void;

const listen = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Starts a service that answers with `answer` while it is well. */
export const startFakeMetadata = async (answer: Answer): Promise<FakeMetadata> => {
  const asked: string[] = [];
  let mood: MetadataMood = 'Answers';
  const timers = new Set<NodeJS.Timeout>();

  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.on('error', () => undefined);
    switch (mood) {
      case 'FailsOnce':
        mood = 'Answers';
        response.writeHead(503).end('starting');
        return;
      case 'Fails':
        response.writeHead(503).end('starting');
        return;
      case 'Forbids':
        // The real ones answer so with their own headers.
        response.writeHead(403, { 'metadata-flavor': 'Google' }).end('forbidden');
        return;
      case 'Redirects':
        response.writeHead(302, { location: `http://${request.headers.host}/login` }).end();
        return;
      case 'LoginPage':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><html>Please log in</html>');
        return;
      case 'Endless':
        response.writeHead(200, { 'metadata-flavor': 'Google' });
        response.on('drain', () => response.write('i-0'.repeat(1_000)));
        while (response.write('i-0'.repeat(1_000)));
        return;
      case 'Drips': {
        response.writeHead(200, { 'metadata-flavor': 'Google' });
        const timer = setInterval(() => response.write('i'), 20);
        timers.add(timer);
        response.on('close', () => clearInterval(timer));
        return;
      }
      case 'Hangs':
      case 'Gone':
        return;
      case 'Answers':
      case 'HostileZone':
        answer(request, response, mood === 'HostileZone');
    }
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    asked,
    become: async (next) => {
      mood = next;
      if (next === 'Gone') await closed(server);
    },
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      if (server.listening) await closed(server);
    },
  };
};

/** What both services refuse: whatever came through a proxy. */
export const isForwarded = (request: IncomingMessage): boolean => request.headers['x-forwarded-for'] !== undefined;
