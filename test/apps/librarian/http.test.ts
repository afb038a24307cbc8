import { afterEach, describe, expect, it } from 'vitest';
import { isLoopback, librarianServer, parseListen } from '../../../src/apps/librarian/http.ts';
import { serve } from '../../../src/apps/librarian/service.ts';
import { add, BASALT, DEV, tarballOf, world, type World } from '../../support/librarian-world.ts';

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
      promotions: [{ environment: 'image', version: '1.0.1', stacks: ['basalt', 'ironstone'] }],
    });
    const status = (await server.inject({ url: '/v1/status' })).json<{ environments: object[] }>();
    expect(status.environments).toHaveLength(4);
    expect(status.environments[0]).toMatchObject({ environment: 'dev', pins: { basalt: '1.0.1', ironstone: '1.0.1' } });
  });

  it('a dry run changes nothing', async () => {
    open();
    await add(on, '1.0.1');
    const ticked = await server.inject({ method: 'POST', url: '/v1/tick?dry_run=true' });
    expect(ticked.json<{ outcomes: object[] }>().outcomes[0]).toMatchObject({ outcome: 'Promoted' });
    expect(await on.pin(BASALT, DEV)).toBeUndefined();
  });

  it.each([
    ['fault 68: a name with a separator', { version: '1.0.1', environment: '../prod' }, 422, /^environment: expected/],
    ['fault 68: a name with NUL', { version: '1.0.1', environment: 'prod\u0000' }, 422, /^environment: expected/],
    ['fault 68: 10 kB of name', { version: '1'.repeat(10_000), environment: 'dev' }, 422, /^version: expected/],
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
    const served = serve(on.librarian())({ listen: '127.0.0.1:0', tickEveryMs: 60_000 }, stop.signal);
    await on.clock.advanceTo(on.clock.now());
    while ((await on.pin(BASALT, DEV)) === undefined) await new Promise(setImmediate);
    stop.abort();
    expect(await served).toMatchObject({ _tag: 'Right' });
  });

  it.each(['0.0.0.0:8470', '192.0.2.1:8470', '[::]:8470', 'example.com:1'])(
    'refuses to listen on %s',
    async (listen) => {
      open();
      const refused = await serve(on.librarian())({ listen, tickEveryMs: 60_000 }, new AbortController().signal);
      expect(refused).toMatchObject({ _tag: 'Left', left: { _tag: 'BadData' } });
    },
  );

  it('knows what is of this machine', () => {
    expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '127.0.0.1.example.com', '10.0.0.1', '::'].some(isLoopback)).toBe(false);
    expect(parseListen('[::1]:80')).toMatchObject({ value: { host: '::1', port: 80 } });
    expect(parseListen('localhost:99999')).toMatchObject({ _tag: 'None' });
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
