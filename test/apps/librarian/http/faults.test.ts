/** What the API does with names, stores and bodies that are not as they should be: faults 68, 69, 72 and 73. */
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { get as getOverTls } from 'node:https';
import type { InjectOptions } from 'fastify';
import * as O from 'fp-ts/lib/Option.js';
import { afterEach, describe, expect, it } from 'vitest';
import { HTTP_LIMITS_DEFAULT, type HttpOptions } from '../../../../src/apps/librarian/http/http-options.ts';
import { ROUTES } from '../../../../src/apps/librarian/http/routes.ts';
import { type CheckedApi, checkedApi } from '../../../support/checked-api.ts';
import { add, BASALT, DEV, tarballOf, world, type World } from '../../../support/librarian-world.ts';
import { TLS_KEYS } from '../../../support/tls-keys.ts';

let on: World;
let api: CheckedApi;
const open = async (options: Partial<HttpOptions> = {}): Promise<void> => {
  on = world();
  api = await checkedApi(on.librarian(), options);
};
afterEach(() => api.close());

const limits = (own: Partial<HttpOptions['limits']>): Partial<HttpOptions> => ({
  limits: { ...HTTP_LIMITS_DEFAULT, ...own },
});

/** A whole HTTP conversation over a socket: what was answered when the server had closed it. */
const converse = async (send: (socket: ReturnType<typeof connect>) => void): Promise<string> => {
  await api.server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.server.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  send(socket);
  await once(socket, 'close');
  return answer;
};

const BAD_NAMES: readonly (readonly [string, string])[] = [
  ['../', '..%2Fdev'],
  ['%2f', '%2fetc%2fpasswd'],
  ['a percent-escape', 'dev%252fprod'],
  ['NUL', 'dev%00'],
  ['spaces', 'de%20v'],
  ['a line break', 'dev%0d%0aSet-Cookie:%20a=b'],
  ['10 kB', 'a'.repeat(10_000)],
  ['dots', '..'],
  ['no ASCII', '%D0%B4%D0%B5%D0%B2'],
];

const PARAMETERS = ROUTES.flatMap((route) =>
  [...route.path.matchAll(/:\w+/g)].map(([parameter]) => ({ ...route, parameter })),
);

describe('fault 68: names that are none', () => {
  it('every route with a parameter is tried', async () => {
    await open();
    expect(PARAMETERS.map(({ path }) => path)).toEqual(expect.arrayContaining(['/v1/holds/:id']));
    expect(PARAMETERS.length).toBeGreaterThanOrEqual(5);
  });

  it.each(PARAMETERS)('fault 68: $method $path', async ({ method, path, parameter }) => {
    await open();
    await add(on, '1.0.1');
    const before = on.journal.length;
    for (const [what, name] of BAD_NAMES) {
      const answer = await api.inject({
        method,
        url: `${path.replace(parameter, name)}${method === 'DELETE' ? '?reason=test' : ''}`,
        ...(method === 'POST' ? { payload: { reason: 'test' } } : {}),
      });
      // A path that ends in `..` is another path, where there is nothing.
      expect([answer.statusCode, what]).toEqual([what === 'dots' && answer.statusCode === 404 ? 404 : 422, what]);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.body.length).toBeLessThan(1_000);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    expect(on.journal).toHaveLength(before);
  });

  it('fault 68: an escape that is none', async () => {
    await open();
    const answer = await api.inject({ url: '/v1/environments/%zz' });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it.each([
    ['version', '../1.0.1'],
    ['environment', 'prod\u0000'],
    ['stack', 'basalt/../ironstone'],
    ['environment', 'a'.repeat(10_000)],
    ['environment', '__proto__'],
  ])('fault 68: in a body, %s', async (field, name) => {
    await open();
    const payload = { version: '1.0.1', environment: 'dev', reason: 'test', [field]: name };
    const answer = await api.inject({ method: 'POST', url: '/v1/promotions', payload });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ errors: [{ field }] });
  });
});

describe('fault 69: the audit trail cannot be written', () => {
  it.each([
    ['/v1/promotions', { version: '1.0.1', environment: 'dev', reason: 'test' }],
    ['/v1/rollbacks', { environment: 'dev', to: '1.0.1', reason: 'test' }],
    ['/v1/holds', { id: 'new', scope: 'plan', reason: 'test' }],
    ['/v1/artifacts/1.0.1/rejection', { reason: 'test' }],
    ['/v1/artifacts/1.0.1/approval', { reason: 'test' }],
  ])('fault 69: POST %s is refused, and nothing has changed', async (url, payload) => {
    await open();
    await add(on, '1.0.1');
    const before = on.journal.length;
    on.unwritable.push(/^audit\//);
    const answer = await api.inject({ method: 'POST', url, payload });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ detail: expect.stringMatching(/^audit trail/) as unknown });
    expect(on.journal).toHaveLength(before);
  });

  it('fault 69: an artifact is not taken', async () => {
    await open();
    on.unwritable.push(/^audit\//);
    const headers = { 'content-type': 'application/gzip' };
    const payload = Buffer.from(tarballOf('1.0.1'));
    expect((await api.inject({ method: 'POST', url: '/v1/artifacts', headers, payload })).statusCode).toBe(503);
    expect(await on.librarian().artifacts.list()).toMatchObject({ artifacts: [] });
  });
});

describe('fault 72: a damaged state', () => {
  const REQUESTS: readonly InjectOptions[] = [
    // Neither the audit trail nor the metrics nor the run requests are in that document.
    ...ROUTES.filter(
      ({ method, permission, path }) =>
        method === 'GET' && permission !== undefined && !['/v1/audit', '/metrics', '/v1/run-requests'].includes(path),
    )
      .map(({ path }) => path.replace(':environment', 'dev').replace(':version', '1.0.1'))
      .map((url) => ({ method: 'GET', url }) as const),
    { method: 'POST', url: '/v1/tick' },
    { method: 'POST', url: '/v1/promotions', payload: { version: '1.0.1', environment: 'dev', reason: 'test' } },
    { method: 'POST', url: '/v1/rollbacks', payload: { environment: 'dev', reason: 'test' } },
    { method: 'POST', url: '/v1/holds', payload: { id: 'new', scope: 'plan', reason: 'test' } },
    { method: 'DELETE', url: '/v1/holds/old?reason=test' },
    { method: 'POST', url: '/v1/artifacts/1.0.1/rejection', payload: { reason: 'test' } },
  ];

  it.each(REQUESTS)(
    'fault 72: $method $url names the key, and leaves it as it is',
    async ({ url = '/', ...request }) => {
      await open();
      const { state } = on.librarian();
      await state.write('librarian/world.json', '{"schema":1,"departed":', undefined);
      const answer = await api.inject({ ...request, url: url as string });
      expect(answer.statusCode).toBe(500);
      expect(answer.json()).toMatchObject({
        type: 'urn:signalbox:problem:damaged',
        detail: expect.stringMatching(/^librarian\/world\.json is damaged and was left as it is/) as unknown,
      });
      expect(await state.read('librarian/world.json')).toMatchObject({ body: '{"schema":1,"departed":' });
    },
  );

  it('fault 72: the Librarian is alive and not ready', async () => {
    await open();
    await on.librarian().state.write('librarian/world.json', 'torn', undefined);
    expect((await api.inject({ url: '/healthz' })).statusCode).toBe(200);
    const readiness = await api.inject({ url: '/readyz' });
    expect(readiness.statusCode).toBe(503);
    expect(readiness.json()).toEqual({ ready: false, parts: { state: 'Damaged', bus: 'Ready' } });
  });
});

describe('readiness', () => {
  it('is lost with the bus, and with the state store', async () => {
    on = world();
    const ports = on.librarian();
    const down = async () => ({ _tag: 'Unavailable', detail: 'down' }) as const;
    api = await checkedApi({ ...ports, bus: { ...ports.bus, read: down }, state: { ...ports.state, read: down } });
    const readiness = await api.inject({ url: '/readyz' });
    expect(readiness.json()).toEqual({ ready: false, parts: { state: 'Unavailable', bus: 'Unavailable' } });
  });
});

describe('fault 73: bodies that are too large, too slow, or of the wrong type', () => {
  it('fault 73: a document that drips in is cut off', async () => {
    await open(limits({ jsonMs: 20 }));
    const answer = await converse((socket) => {
      socket.write('POST /v1/promotions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n');
      socket.write('Content-Length: 100\r\n\r\n{');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*application\/problem\+json[^]*body: expected it within 0\.02 s/);
  });

  it('fault 73: a header that drips in is cut off', async () => {
    await open(limits({ headerMs: 20 }));
    const answer = await converse((socket) => {
      socket.write('GET /v1/status HTTP/1.1\r\nHost: local');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*application\/problem\+json/);
  });

  it('fault 73: an artifact that does not arrive in time is cut off, and not kept', async () => {
    await open(limits({ requestMs: 30, headerMs: 20 }));
    const answer = await converse((socket) => {
      socket.write('POST /v1/artifacts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/gzip\r\n');
      socket.write('Content-Length: 100\r\n\r\nabc');
    });
    expect(answer).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    expect(await on.librarian().artifacts.list()).toMatchObject({ artifacts: [] });
  });

  it('a header that is longer than any', async () => {
    await open();
    const answer = await converse((socket) => {
      socket.write(`GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 431 [^]*headers-too-large/);
  });

  it('what is no HTTP at all', async () => {
    await open();
    expect(await converse((socket) => socket.write('hello\r\n\r\n'))).toMatch(/^HTTP\/1\.1 400 [^]*bad-request/);
  });

  it('fault 73: a document is taken as it comes, however it is cut', async () => {
    await open();
    const answer = await converse((socket) => {
      socket.write('POST /v1/tick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n');
      socket.write('Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\n{\r\n');
      socket.write('1\r\n}\r\n0\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('fault 73: a document whose connection breaks off is nobody to answer, and does no harm', async () => {
    await open();
    const answer = await converse((socket) => {
      socket.write('POST /v1/tick HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n');
      socket.write('Content-Length: 10\r\n\r\n{', () => socket.destroy());
    });
    expect(answer).toBe('');
    expect((await api.inject({ url: '/healthz' })).statusCode).toBe(200);
  });

  it('fault 73: an artifact that is larger than any may be is refused, and not kept', async () => {
    const tarball = Buffer.from(tarballOf('1.0.1'));
    await open(limits({ artifactBytesMax: tarball.length - 1 }));
    const headers = { 'content-type': 'application/gzip' };
    const told = await api.inject({ method: 'POST', url: '/v1/artifacts', headers, payload: tarball });
    expect(told.statusCode).toBe(413);
    const chunked = await converse((socket) => {
      socket.write('POST /v1/artifacts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/gzip\r\n');
      socket.write(`Transfer-Encoding: chunked\r\n\r\n${tarball.length.toString(16)}\r\n`);
      socket.write(tarball);
      socket.write('\r\n0\r\n\r\n');
    });
    expect(chunked).toMatch(/^HTTP\/1\.1 413 [^]*too-large/);
    expect(await on.librarian().artifacts.list()).toMatchObject({ artifacts: [] });
  });

  it('a request that was not asked for in the form it has is told which field', async () => {
    await open();
    const answer = await api.inject({ method: 'POST', url: '/v1/tick', payload: { dry_run: true } });
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ field: 'body', expected: 'none' }] });
  });
});

describe('limits', () => {
  it('a client that asks too often is told when to ask again', async () => {
    await open(limits({ requestsPerMinute: 2 }));
    const ask = (url: string, remoteAddress = '127.0.0.1') => api.inject({ url, remoteAddress });
    expect((await ask('/v1/holds')).statusCode).toBe(200);
    expect((await ask('/v1/holds')).statusCode).toBe(200);
    const refused = await ask('/v1/holds');
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['retry-after']).toMatch(/^\d+$/);
    expect(refused.json()).toMatchObject({ type: 'urn:signalbox:problem:too-many' });
    expect((await ask('/v1/holds', '127.0.0.2')).statusCode).toBe(200);
  });

  it('behind a proxy, clients are told apart by what it says of them, and by nothing that they say themselves', async () => {
    await open({ ...limits({ requestsPerMinute: 1 }), isBehindProxy: true });
    const ask = (forwarded: string) => api.inject({ url: '/v1/holds', headers: { 'x-forwarded-for': forwarded } });
    expect((await ask('203.0.113.1')).statusCode).toBe(200);
    expect((await ask('203.0.113.2')).statusCode).toBe(200);
    expect((await ask('198.51.100.7, 203.0.113.2')).statusCode).toBe(429);
  });
});

describe('TLS', () => {
  it('is spoken where there is a certificate', async () => {
    await open({ tls: O.some(TLS_KEYS) });
    const address = await api.server.listen({ host: '127.0.0.1', port: 0 });
    const [response] = (await once(
      getOverTls(`${address.replace('http:', 'https:')}/healthz`, {
        ca: TLS_KEYS.certificate,
        servername: 'localhost',
        agent: false,
      }),
      'response',
    )) as [{ readonly statusCode: number; resume: () => void }];
    response.resume();
    expect(response.statusCode).toBe(200);
  });
});

describe('a defect', () => {
  it('is a problem that tells nothing of it, and an entry in the log', async () => {
    on = world();
    const logged: unknown[] = [];
    const ports = on.librarian();
    api = await checkedApi({
      ...ports,
      state: { ...ports.state, read: () => Promise.reject(new Error('secret')) },
      log: (_level, _message, fields) => logged.push(fields),
    });
    const answer = await api.inject({ url: '/v1/holds' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
    expect(logged).toContainEqual({ detail: 'secret' });
    expect(await on.pin(BASALT, DEV)).toBeUndefined();
  });
});
