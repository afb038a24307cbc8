import { once } from 'node:events';
import { createServer, request as requestOf } from 'node:http';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A proxy as companies have one. */
export interface ForwardProxy {
  readonly url: string;
  /** Whom it was asked to reach, in order: `CONNECT host:port`, or the whole URL. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

const LOOPBACK = /^(127\.0\.0\.1|localhost):/;

/** Passes on what is asked for on the loopback interface, as a tunnel or as a request of its own, and refuses the rest. */
export const forwardProxy = async (): Promise<ForwardProxy> => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const target = new URL(request.url ?? '');
    asked.push(target.href);
    const passedOn = requestOf(target, { method: request.method, headers: request.headers, agent: false });
    passedOn.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      void pipeline(answer, response).catch(() => response.destroy());
    });
    void pipeline(request, passedOn).catch(() => response.destroy());
  });
  server.on('connect', (request, socket) => {
    const target = request.url ?? '';
    asked.push(`CONNECT ${target}`);
    if (!LOOPBACK.test(target)) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const [host = '', port] = target.split(':');
    const tunnel = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tunnel.pipe(socket).pipe(tunnel);
    });
    for (const end of [tunnel, socket]) {
      end
        .on('error', () => undefined)
        .on('close', () => {
          tunnel.destroy();
          socket.destroy();
        });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
