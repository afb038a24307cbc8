import { connect, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import * as O from 'fp-ts/lib/Option.js';
import { systemClock } from '../../src/adapters/system-clock/index.ts';
import { authenticator } from '../../src/apps/librarian/http/authentication.ts';
import { HTTP_LIMITS_DEFAULT } from '../../src/apps/librarian/http/http-options.ts';
import { librarianServer } from '../../src/apps/librarian/http/server.ts';
import { bearer, tokenSettings, withTokens } from '../support/api-tokens.ts';
import { add, promoteTo, world } from '../support/librarian-world.ts';
import { environmentName, SLACK_PLAN } from '../support/slack.ts';
import { compareTimes } from './compare.ts';
import type { Section } from './section.ts';

/** So many requests are asked on one connection, each when the one before has been answered … */
const REQUESTS = 200;
/** … on so many connections at once. */
const CONNECTIONS = 8;

const END_OF_HEADER = '\r\n\r\n';

/** Asks `REQUESTS` times on one connection. */
const askAll = (port: number, request: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let left = REQUESTS;
    let text = '';
    socket.setEncoding('latin1').setNoDelay(true).on('error', reject);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (piece: string) => {
      text += piece;
      const header = text.indexOf(END_OF_HEADER);
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (header < 0 || text.length < header + END_OF_HEADER.length + length) return;
      if (!text.startsWith('HTTP/1.1 200')) reject(new Error(text.slice(0, 200)));
      text = '';
      left--;
      if (left > 0) socket.write(request);
      else socket.end(resolve);
    });
  });

/** How long a request to `server` takes, in milliseconds. */
const millisecondsPer = async (server: FastifyInstance, request: string): Promise<number> => {
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a server that listens');
  const start = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, () => askAll(address.port, request)));
  return (performance.now() - start) / (REQUESTS * CONNECTIONS);
};

const requestWith = (headers: Readonly<Record<string, string>>): string =>
  ['GET /v1/status HTTP/1.1', 'host: localhost', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
    .join('\r\n')
    .concat(END_OF_HEADER);

/** The status of the published plan over HTTP, to somebody who shows a token. */
export const statusReads: Section = {
  name: 'status-reads',
  what: 'GET /v1/status with a token, of a plan of two stacks and eleven environments in memory',
  alternative: 'a bare handler of the same framework that sends the same document',
  goal: { _tag: 'RatioAtMost', ratio: 2 },
  measure: async ({ rounds }) => {
    const on = world(SLACK_PLAN);
    await add(on, '1.0.1');
    for (const name of ['dev', 'prod-1', 'prod']) await promoteTo(on, '1.0.1', environmentName(name));
    const clock = systemClock();
    const authenticate = authenticator(withTokens(tokenSettings('reader', ['read'])), clock);
    const ours = librarianServer(
      { ...on.librarian(), clock },
      {
        authenticate: O.some(authenticate),
        limits: { ...HTTP_LIMITS_DEFAULT, requestsPerMinute: Number.MAX_SAFE_INTEGER },
      },
    );
    const request = requestWith(bearer('reader'));
    const document = (await ours.inject({ url: '/v1/status', headers: bearer('reader') })).json<object>();
    const bare = fastify();
    bare.get('/v1/status', async () => document);
    try {
      for (const server of [ours, bare]) await server.listen({ host: '127.0.0.1', port: 0 });
      for (const server of [ours, bare]) await millisecondsPer(server, request);
      return await compareTimes(
        { ours: () => millisecondsPer(ours, request), alternative: () => millisecondsPer(bare, request) },
        rounds,
      );
    } finally {
      await Promise.all([ours.close(), bare.close()]);
    }
  },
};
