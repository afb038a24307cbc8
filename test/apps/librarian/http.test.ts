import { request } from 'node:http';
import * as E from 'fp-ts/lib/Either.js';
import { afterEach, describe, expect, it } from 'vitest';
import { librarianServer } from '../../../src/apps/librarian/http.ts';
import { serve } from '../../../src/apps/librarian/service.ts';
import { isLoopback, LISTEN_DEFAULT, parseListenAddress } from '../../../src/apps/listen-address.ts';
import { add, BASALT, DEV, IRONSTONE, tarballOf, world, type World } from '../../support/librarian-world.ts';

let on: World = world();
let server = librarianServer(on.librarian());
const open = (): void => {
  on = world();
  server = librarianServer(on.librarian());
};
afterEach(() => server.close());

const promotion = (fields: object) =>
  server.inject({ method: 'POST', url: '/v1/promotions', payload: { reason: 'test', ...fields } });

describe('the Librarian over HTTP', () => {
  it('adds an artifact, promotes it, ticks and tells where everything stands', async () => {
    open();
    const added = await server.inject({
      method: 'POST',
      url: '/v1/artifacts',
      headers: { 'content-type': 'application/gzip' },
      payload: Buffer.from(tarballOf('1.0.1')),
    });
    expect(added.json()).toMatchObject({ version: '1.0.1', is_new: true, troubles: [] });

    const ticked = await server.inject({ method: 'POST', url: '/v1/tick' });
    const { outcomes } = ticked.json<{ outcomes: object[] }>();
    expect(outcomes[0]).toMatchObject({ environment: 'dev', outcome: 'Promoted', version: '1.0.1' });

    expect((await promotion({ version: '1.0.1', environment: 'image' })).json()).toMatchObject({
      promotions: [{ environment: 'image', version: '1.0.1', stacks: ['basalt', 'ironstone'], failed: [] }],
    });
    const status = (await server.inject({ url: '/v1/status' })).json<{ environments: object[] }>();
    expect(status.environments).toHaveLength(4);
    expect(status.environments[0]).toMatchObject({ environment: 'dev', pins: { basalt: '1.0.1', ironstone: '1.0.1' } });
  });

  it('a dry run changes nothing', async () => {
    open();
    await add(on, '1.0.1');
    const ticked = await server.inject({ method: 'POST', url: '/v1/tick?dry_run=true' });
    expect(ticked.json()).toMatchObject({
      dry_run: true,
      outcomes: [
        {
          outcome: 'Promoted',
          explanation: expect.stringMatching(/^would be promoted to 1\.0\.1 .* next tick$/) as unknown,
        },
        {},
        {},
        {},
      ],
    });
    expect(await on.pin(BASALT, DEV)).toBeUndefined();
  });

  it.each([
    ['POST', '/v1/tick?dry_run=1', 'dry_run: expected true or false, got "1"'],
    ['POST', '/v1/tick?dry_run=', 'dry_run: expected true or false, got ""'],
    ['POST', '/v1/tick?dry-run=true', /^dry-run: expected no field of this name; the fields are dry_run/],
    ['POST', '/v1/promotions?dry_run=true', /^dry_run: expected no field here/],
    ['POST', '/v1/artifacts?dry_run=true', /^dry_run: expected no field of this name; the fields are reason/],
    ['GET', '/v1/status?verbose=true', /^verbose: expected no field here/],
  ] as const)('%s %s is refused, and nothing happens', async (method, url, detail) => {
    open();
    await add(on, '1.0.1');
    const before = on.journal.length;
    const payload = { version: '1.0.1', environment: 'image', reason: 'test' };
    const refused = await server.inject({ method, url, ...(url.includes('promotions') ? { payload } : {}) });
    expect(refused.statusCode).toBe(422);
    expect(refused.json<{ detail: string }>().detail).toMatch(detail);
    expect(on.journal).toHaveLength(before);
  });

  it('T13: a promotion that a stack did not take is a problem that carries the report', async () => {
    open();
    await add(on, '1.0.1');
    on.down.add(IRONSTONE);
    const promoted = await promotion({ version: '1.0.1', environment: 'image' });
    expect(promoted.statusCode).toBe(503);
    expect(promoted.headers['content-type']).toContain('application/problem+json');
    expect(promoted.json()).toMatchObject({
      title: 'TryAgain',
      status: 503,
      promotions: [{ environment: 'image', stacks: ['basalt'], failed: ['ironstone'] }],
      troubles: [{ stack: 'ironstone', environment: 'image' }],
    });
    expect((await server.inject({ method: 'POST', url: '/v1/tick' })).statusCode).toBe(503);
  });

  it.each([
    ['a page that somebody has open', { origin: 'https://example.com' }],
    ['a page of this very machine', { origin: 'http://localhost:8470' }],
    ['a name that was made to lead here', { host: 'rebound.example.com' }],
    ['an address of another machine', { host: '192.0.2.1:8470' }],
  ])('a request from %s is refused', async (_what, headers) => {
    open();
    await add(on, '1.0.1');
    const refused = await server.inject({ method: 'POST', url: '/v1/tick', headers });
    expect(refused.statusCode).toBe(403);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(await on.pin(BASALT, DEV)).toBeUndefined();
    expect((await server.inject({ url: '/v1/nowhere', headers })).statusCode).toBe(403);
  });

  it.each(['127.0.0.1:8470', 'localhost', '[::1]:8470'])('a request to %s is answered', async (host) => {
    open();
    expect((await server.inject({ url: '/v1/status', headers: { host } })).statusCode).toBe(200);
  });

  it('what is not there is a problem too', async () => {
    open();
    const answer = await server.inject({ url: '/v2/status' });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ title: 'NotFound', status: 404 });
  });

  it('L5: an artifact that was added, and one that was refused, stand in the audit trail with who and why', async () => {
    open();
    const trail: unknown[] = [];
    const { state, ...others } = on.librarian();
    await server.close();
    server = librarianServer({
      ...others,
      state: {
        ...state,
        write: async (key, body, expected) => {
          const written = await state.write(key, body, expected);
          if (key.startsWith('audit/') && written._tag === 'Landed') trail.push(JSON.parse(body));
          return written;
        },
      },
    });
    const post = (recipe?: string) =>
      server.inject({
        method: 'POST',
        url: '/v1/artifacts?reason=nightly',
        headers: { 'content-type': 'application/gzip' },
        payload: Buffer.from(tarballOf('1.0.1', recipe)),
      });
    on.down.add(IRONSTONE);
    expect((await post()).json()).toMatchObject({ title: 'TryAgain', version: '1.0.1', troubles: [{}] });
    expect((await post('log "other"')).statusCode).toBe(409);
    expect(trail).toMatchObject([
      { who: 'http', why: 'nightly', what: 'add artifact', details: { version: '1.0.1' } },
      { outcome: 'added; upload to ironstone failed: ironstone is down' },
      { who: 'http', why: 'nightly', what: 'add artifact', details: { version: '1.0.1' } },
      { outcome: expect.stringMatching(/an artifact is immutable/) as unknown },
    ]);
  });

  it.each([
    ['fault 68: a name with a separator', { version: '1.0.1', environment: '../prod' }, 422, /^environment: expected/],
    ['fault 68: a name with NUL', { version: '1.0.1', environment: 'prod\u0000' }, 422, /^environment: expected/],
    ['fault 68: 10 kB of name', { version: '1'.repeat(10_000), environment: 'dev' }, 422, /^version: expected/],
    ['an unknown field', { version: '1.0.1', environment: 'dev', stacks: 'basalt' }, 422, /^stacks: expected no field/],
    [
      'a reason over two lines',
      { version: '1.0.1', environment: 'dev', reason: 'a\nb' },
      422,
      /^reason: expected text/,
    ],
    ['a missing field', { environment: 'dev' }, 422, /^version: expected .* got nothing/],
    ['a splay out of range', { version: '1.0.1', environment: 'dev', splay: 86_401 }, 422, /^splay: expected/],
    ['an unknown version', { version: '9.9.9', environment: 'dev' }, 409, /no artifact 9\.9\.9 is known/],
    ['an unknown environment', { version: '1.0.1', environment: 'prod-9' }, 409, /expected one of dev, prod-1/],
  ])('%s is refused with a problem that names it', async (_what, fields, code, detail) => {
    open();
    await add(on, '1.0.1');
    const answer = await promotion(fields);
    expect(answer.statusCode).toBe(code);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json<{ detail: string }>().detail).toMatch(detail);
  });

  it('fault 73: a body of the wrong type or size is refused before it is read', async () => {
    open();
    const post = (url: string, type: string, payload: string) =>
      server.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });
    expect((await post('/v1/promotions', 'text/plain', 'hello')).statusCode).toBe(415);
    expect((await post('/v1/promotions', 'application/json', '{')).statusCode).toBe(400);
    expect((await post('/v1/promotions', 'application/json', ' '.repeat(100_000))).statusCode).toBe(413);
    expect((await post('/v1/artifacts', 'application/json', '{}')).statusCode).toBe(422);
  });

  it('fault 70: what is no artifact is refused, and nothing is kept of it', async () => {
    open();
    const answer = await server.inject({
      method: 'POST',
      url: '/v1/artifacts',
      headers: { 'content-type': 'application/gzip' },
      payload: 'no tarball',
    });
    expect(answer.statusCode).toBe(422);
    const listed = await on.librarian().artifacts.list();
    expect(listed).toEqual({ _tag: 'Listed', artifacts: [] });
  });

  it('fault 72: a damaged control state is told by its key, and left as it is', async () => {
    open();
    const { state } = on.librarian();
    await state.write('librarian/world.json', '{"schema":1,"departed":', undefined);
    const answer = await server.inject({ method: 'POST', url: '/v1/tick' });
    expect(answer.statusCode).toBe(500);
    expect(answer.json<{ detail: string }>().detail).toMatch(
      /^librarian\/world\.json is damaged and was left as it is/,
    );
    const after = await state.read('librarian/world.json');
    expect(after._tag === 'Found' && after.body).toBe('{"schema":1,"departed":');
  });
});

describe('the service', () => {
  it('ticks until it is stopped, and closes', async () => {
    open();
    await add(on, '1.0.1');
    const stop = new AbortController();
    const served = serve(on.librarian())({ listen: { ...LISTEN_DEFAULT, port: 0 }, tickEveryMs: 60_000 }, stop.signal);
    await on.clock.advanceTo(on.clock.now());
    while ((await on.pin(BASALT, DEV)) === undefined) await new Promise(setImmediate);
    stop.abort();
    expect(await served).toMatchObject({ _tag: 'Right' });
  });

  it.each(['0.0.0.0:8470', '192.0.2.1:8470', '[::]:8470', 'example.com:1', 'localhost:99999', '127.0.0.1', '::1:80'])(
    'does not know how to listen on %s',
    (listen) => {
      expect(parseListenAddress(listen)).toMatchObject({ _tag: 'Left' });
    },
  );

  it('knows what is of this machine', () => {
    expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '127.0.0.1.example.com', '10.0.0.1', '::'].some(isLoopback)).toBe(false);
    expect(parseListenAddress('[::1]:80')).toEqual(E.right({ host: '::1', port: 80 }));
  });

  it('N8: waits for an upload that is under way, and for what it leaves to be cleared', async () => {
    open();
    const stop = new AbortController();
    let hasBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    let isCleared = false;
    const ports = {
      ...on.librarian(),
      intake: async (tarball: AsyncIterable<Uint8Array>) => {
        try {
          for await (const piece of tarball) if (piece.length > 0) hasBegun();
        } catch {
          // The connection was closed, as it should be.
        }
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
        isCleared = true;
        return { _tag: 'BadArtifact', detail: 'broke off' } as const;
      },
      log: (_level: string, message: string, fields?: Readonly<Record<string, unknown>>) => {
        if (message === 'listening') address = String(fields?.['address']);
      },
    };
    let address = '';
    const served = serve(ports)({ listen: { ...LISTEN_DEFAULT, port: 0 }, tickEveryMs: 60_000 }, stop.signal);
    while (address === '') await new Promise(setImmediate);
    const upload = request(`${address}/v1/artifacts`, {
      method: 'POST',
      headers: { 'content-type': 'application/gzip', 'content-length': '1000' },
    });
    upload.on('error', () => undefined);
    upload.write('half');
    await begun;
    stop.abort();
    expect(await served).toMatchObject({ _tag: 'Right' });
    expect(isCleared).toBe(true);
  });

  it('an artifact that breaks off while it arrives is refused', async () => {
    open();
    const whole = tarballOf('1.0.1');
    const answer = await server.inject({
      method: 'POST',
      url: '/v1/artifacts',
      headers: { 'content-type': 'application/gzip' },
      payload: Buffer.from(whole.subarray(0, whole.length / 2)),
    });
    expect(answer.statusCode).toBe(422);
  });
});
