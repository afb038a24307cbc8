import { afterEach, describe, expect, it } from 'vitest';
import { type CheckedApi, checkedApi } from '../../../support/checked-api.ts';
import {
  add,
  BASALT,
  DEV,
  IRONSTONE,
  promoteTo,
  tarballOf,
  world,
  type World,
} from '../../../support/librarian-world.ts';

let on: World = world();
let server: CheckedApi;
const open = async (): Promise<void> => {
  on = world();
  server = await checkedApi(on.librarian());
};
afterEach(() => server.close());

const promotion = (fields: object) =>
  server.inject({ method: 'POST', url: '/v1/promotions', payload: { reason: 'test', ...fields } });

describe('the Librarian over HTTP', () => {
  it('adds an artifact, promotes it, ticks and tells where everything stands', async () => {
    await open();
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
    await open();
    await add(on, '1.0.1');
    const ticked = await server.inject({ url: '/v1/tick' });
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
    ['POST', '/v1/tick?dry_run=true', /^dry_run: expected no field here/],
    ['POST', '/v1/promotions?dry_run=true', /^dry_run: expected no field here/],
    ['POST', '/v1/artifacts?dry_run=true', /^dry_run: expected no field of this name; the fields are reason/],
    ['GET', '/v1/status?verbose=true', /^verbose: expected no field here/],
  ] as const)('%s %s is refused, and nothing happens', async (method, url, detail) => {
    await open();
    await add(on, '1.0.1');
    const before = on.journal.length;
    const payload = { version: '1.0.1', environment: 'image', reason: 'test' };
    const refused = await server.inject({ method, url, ...(url.includes('promotions') ? { payload } : {}) });
    expect(refused.statusCode).toBe(422);
    expect(refused.json<{ detail: string }>().detail).toMatch(detail);
    expect(on.journal).toHaveLength(before);
  });

  it('T13: a promotion that a stack did not take is a problem that carries the report', async () => {
    await open();
    await add(on, '1.0.1');
    on.down.add(IRONSTONE);
    const promoted = await promotion({ version: '1.0.1', environment: 'image' });
    expect(promoted.statusCode).toBe(503);
    expect(promoted.headers['content-type']).toContain('application/problem+json');
    expect(promoted.json()).toMatchObject({
      type: 'urn:signalbox:problem:try-again',
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
    await open();
    await add(on, '1.0.1');
    const refused = await server.inject({ method: 'POST', url: '/v1/tick', headers });
    expect(refused.statusCode).toBe(403);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(await on.pin(BASALT, DEV)).toBeUndefined();
    expect((await server.inject({ url: '/v1/nowhere', headers })).statusCode).toBe(403);
  });

  it.each(['127.0.0.1:8470', 'localhost', '[::1]:8470'])('a request to %s is answered', async (host) => {
    await open();
    expect((await server.inject({ url: '/v1/status', headers: { host } })).statusCode).toBe(200);
  });

  it('what is not there is a problem too', async () => {
    await open();
    const answer = await server.inject({ url: '/v2/status' });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ type: 'urn:signalbox:problem:not-found', status: 404 });
  });

  it('L5: an artifact that was added, and one that was refused, stand in the audit trail with who and why', async () => {
    await open();
    const trail: unknown[] = [];
    const { state, ...others } = on.librarian();
    await server.close();
    server = await checkedApi({
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
    expect((await post()).json()).toMatchObject({ status: 503, version: '1.0.1', troubles: [{}] });
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
    await open();
    await add(on, '1.0.1');
    const answer = await promotion(fields);
    expect(answer.statusCode).toBe(code);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json<{ detail: string }>().detail).toMatch(detail);
  });

  it('fault 73: a body of the wrong type or size is refused before it is read', async () => {
    await open();
    const post = (url: string, type: string, payload: string) =>
      server.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });
    expect((await post('/v1/promotions', 'text/plain', 'hello')).statusCode).toBe(415);
    expect((await post('/v1/promotions', 'application/json', '{')).statusCode).toBe(400);
    expect((await post('/v1/promotions', 'application/json', ' '.repeat(1024 ** 2 + 1))).statusCode).toBe(413);
    expect((await post('/v1/artifacts', 'application/json', '{}')).statusCode).toBe(415);
    expect((await post('/v1/promotions', 'application/gzip', '{}')).statusCode).toBe(415);
  });

  it('fault 70: what is no artifact is refused, and nothing is kept of it', async () => {
    await open();
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
    await open();
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

  it('an artifact that breaks off while it arrives is refused', async () => {
    await open();
    const whole = tarballOf('1.0.1');
    const answer = await server.inject({
      method: 'POST',
      url: '/v1/artifacts',
      headers: { 'content-type': 'application/gzip' },
      payload: Buffer.from(whole.subarray(0, whole.length / 2)),
    });
    expect(answer.statusCode).toBe(422);
  });

  it('explains an environment: where it is, what it was on, and what comes next', async () => {
    await open();
    await add(on, '1.0.1');
    await promoteTo(on, '1.0.1', DEV);
    await add(on, '1.0.2');
    await promoteTo(on, '1.0.2', DEV);
    const explained = await server.inject({ url: '/v1/environments/prod-1' });
    expect(explained.json()).toMatchObject({
      environment: 'prod-1',
      pins: { basalt: null, ironstone: null },
      next: { version: '1.0.2', at: '2026-01-05T12:30:00Z', reason: 'Boarded' },
    });
    expect((await server.inject({ url: '/v1/environments/dev' })).json()).toMatchObject({
      history: ['1.0.1'],
      next: null,
    });
    const listed = await server.inject({ url: '/v1/environments' });
    expect(listed.json<{ items: object[] }>().items).toHaveLength(4);
    const unknown = await server.inject({ url: '/v1/environments/prod-9' });
    expect(unknown.json()).toMatchObject({
      status: 404,
      detail: expect.stringContaining('expected one of dev, prod-1') as unknown,
    });
  });

  it('forecasts as far as it is asked, and no further than a month', async () => {
    await open();
    await add(on, '1.0.1');
    const soon = (await server.inject({ url: '/v1/forecast?for=1h' })).json<{ until: string }>();
    expect(soon.until).toBe('2026-01-05T13:00:00Z');
    expect((await server.inject({ url: '/v1/forecast' })).json()).toMatchObject({ until: '2026-01-12T12:00:00Z' });
    expect((await server.inject({ url: '/v1/forecast?for=32d' })).statusCode).toBe(422);
  });

  it('says of an artifact what it is, and that there is none', async () => {
    await open();
    await add(on, '1.0.1');
    expect((await server.inject({ url: '/v1/artifacts/1.0.1' })).json()).toMatchObject({ version: '1.0.1' });
    expect((await server.inject({ url: '/v1/artifacts/9.9.9' })).statusCode).toBe(404);
  });

  it('a rollback of neither an environment nor a train, or of both, is refused', async () => {
    await open();
    for (const scope of [{}, { environment: 'dev', train: 'train' }, { train: 'latest' }]) {
      const payload = { reason: 'test', ...scope };
      expect((await server.inject({ method: 'POST', url: '/v1/rollbacks', payload })).statusCode).toBe(422);
    }
  });

  it('a hold says when it ends, and a refusal by it when to ask again', async () => {
    await open();
    await add(on, '1.0.1');
    const payload = { id: 'freeze', scope: 'plan', reason: 'test', owner: 'ops', expires_at: '2026-01-05T15:00:00Z' };
    expect((await server.inject({ method: 'POST', url: '/v1/holds', payload })).json()).toMatchObject({ owner: 'ops' });
    expect((await promotion({ version: '1.0.1', environment: 'dev' })).json()).toMatchObject({
      type: 'urn:signalbox:problem:refused',
      reason: 'Held',
      retry_at: '2026-01-05T15:00:00Z',
    });
  });
});
