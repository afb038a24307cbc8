import * as O from 'fp-ts/lib/Option.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authenticator } from '../../../../src/apps/librarian/http/authentication.ts';
import { KEPT_MS, UNDER_WAY_MS_MAX } from '../../../../src/apps/librarian/http/idempotency.ts';
import type { LibrarianPorts } from '../../../../src/apps/librarian/librarian-ports.ts';
import { plus } from '../../../../src/domain/time.ts';
import { bearer, tokenSettings, withTokens } from '../../../support/api-tokens.ts';
import { type CheckedApi, checkedApi } from '../../../support/checked-api.ts';
import { add, tarballOf, world, type World } from '../../../support/librarian-world.ts';

let on: World;
let api: CheckedApi;
beforeEach(async () => {
  on = world();
  await add(on, '1.0.1');
  api = await checkedApi(on.librarian());
});
afterEach(() => api.close());

const reopen = async (change: (ports: LibrarianPorts) => LibrarianPorts = (ports) => ports): Promise<void> => {
  await api.close();
  api = await checkedApi(change(on.librarian()));
};

const promotion = { version: '1.0.1', environment: 'image', reason: 'test' };

const post = (url: string, payload: object, key = 'key-1', headers: Readonly<Record<string, string>> = {}) =>
  api.inject({ method: 'POST', url, payload, headers: { 'idempotency-key': key, ...headers } });

const hold = (id: string, key = 'key-1') => post('/v1/holds', { id, scope: 'plan', reason: 'test' }, key);

const upload = (name: string, key = 'key-1') =>
  api.inject({
    method: 'POST',
    url: '/v1/artifacts',
    headers: { 'idempotency-key': key, 'content-type': 'application/gzip' },
    payload: Buffer.from(tarballOf(name)),
  });

/** How many effects there were, the keeping of the keys themselves aside. */
const effects = (): number => on.journal.filter(({ where }) => !where.startsWith('idempotency/')).length;

describe('an idempotency key', () => {
  it('is done once, and answered alike: also by another Librarian', async () => {
    const first = await hold('freeze');
    const before = effects();
    await reopen();
    const again = await hold('freeze');
    expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
    expect(again.body).toBe(first.body);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(effects()).toBe(before);
    expect((await hold('freeze', 'key-2')).statusCode).toBe(409);
  });

  it('keeps a refusal too, until the key is another', async () => {
    const promote = (key: string) => post('/v1/promotions', { ...promotion, version: '9.9.9' }, key);
    expect((await promote('key-1')).json()).toMatchObject({ reason: 'ArtifactUnknown' });
    await add(on, '9.9.9');
    expect((await promote('key-1')).json()).toMatchObject({ reason: 'ArtifactUnknown' });
    expect((await promote('key-2')).statusCode).toBe(200);
  });

  it('stands for one request: another body, another address and another verb are refused', async () => {
    expect((await hold('freeze')).statusCode).toBe(201);
    const before = effects();
    for (const other of [
      await hold('thaw'),
      await post('/v1/promotions', promotion),
      await post('/v1/tick', {}),
      await upload('1.0.2'),
    ]) {
      expect(other.statusCode).toBe(422);
      expect(other.json()).toMatchObject({ type: 'urn:signalbox:problem:key-reused' });
    }
    expect(effects()).toBe(before);
  });

  it('is the same request however its fields are ordered', async () => {
    expect((await post('/v1/promotions', promotion)).statusCode).toBe(200);
    const again = await post('/v1/promotions', { reason: 'test', environment: 'image', version: '1.0.1', stack: null });
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  it('is of one client: another may have the same', async () => {
    await api.close();
    const settings = withTokens(tokenSettings('one', ['*']), tokenSettings('two', ['*']));
    api = await checkedApi(on.librarian(), { authenticate: O.some(authenticator(settings, on.clock)) });
    expect((await post('/v1/promotions', promotion, 'key', bearer('one'))).statusCode).toBe(200);
    const other = await post('/v1/promotions', { ...promotion, environment: 'dev' }, 'key', bearer('two'));
    expect(other.statusCode).toBe(200);
  });

  it('holds for a stream: the same bytes are answered alike, others are refused', async () => {
    expect((await upload('1.0.2')).statusCode).toBe(201);
    const again = await upload('1.0.2');
    expect([again.statusCode, again.headers['idempotency-replayed']]).toEqual([201, 'true']);
    expect((await upload('1.0.3')).statusCode).toBe(422);
    expect(await on.librarian().artifacts.list()).toMatchObject({ artifacts: [{}, {}] });
  });

  it('is refused while its request is under way', async () => {
    let release = (): void => undefined;
    let hasBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    await reopen((ports) => ({
      ...ports,
      artifacts: {
        ...ports.artifacts,
        list: async () => {
          hasBegun();
          await released;
          return ports.artifacts.list();
        },
      },
    }));
    const first = post('/v1/promotions', promotion);
    await begun;
    const second = await post('/v1/promotions', promotion);
    expect(second.statusCode).toBe(409);
    expect(second.json()).toMatchObject({ type: 'urn:signalbox:problem:under-way' });
    expect((await post('/v1/promotions', { ...promotion, environment: 'dev' })).statusCode).toBe(422);
    release();
    expect((await first).statusCode).toBe(200);
    expect((await post('/v1/promotions', promotion)).headers['idempotency-replayed']).toBe('true');
  });

  it('what failed on our side is not kept: to try it again is right', async () => {
    on.unwritable.push(/^audit\//);
    expect((await hold('freeze')).statusCode).toBe(503);
    on.unwritable.length = 0;
    expect((await hold('freeze')).statusCode).toBe(201);
  });

  it('a stream that was not read to its end is not kept', async () => {
    const refusing = async () => ({ _tag: 'BadArtifact', detail: 'hopeless' }) as const;
    await reopen((ports) => ({ ...ports, intake: refusing }));
    expect((await upload('1.0.2')).statusCode).toBe(422);
    await reopen();
    expect((await upload('1.0.2')).statusCode).toBe(201);
  });

  it('is free again after a day', async () => {
    await hold('freeze');
    await on.clock.advanceTo(plus(on.clock.now(), KEPT_MS - 1));
    expect((await hold('thaw')).statusCode).toBe(422);
    await on.clock.advanceTo(plus(on.clock.now(), 1));
    expect((await hold('thaw')).statusCode).toBe(201);
  });

  it('N8: a request whose Librarian died is begun again after a while', async () => {
    const dead: Promise<never> = new Promise(() => undefined);
    let hasBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    const ports = on.librarian();
    const dying = await checkedApi({
      ...ports,
      artifacts: {
        ...ports.artifacts,
        list: () => {
          hasBegun();
          return dead;
        },
      },
    });
    void dying.inject({
      method: 'POST',
      url: '/v1/promotions',
      payload: promotion,
      headers: { 'idempotency-key': 'k' },
    });
    await begun;
    expect((await post('/v1/promotions', promotion, 'k')).statusCode).toBe(409);
    await on.clock.advanceTo(plus(on.clock.now(), UNDER_WAY_MS_MAX));
    expect((await post('/v1/promotions', promotion, 'k')).statusCode).toBe(200);
  });

  it.each(['', 'a b', 'é', 'a'.repeat(256)])('is not %j', async (key) => {
    const answer = await post('/v1/promotions', promotion, key);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
  });

  it('fault 72: keys that are damaged are told by their document, and left as they are', async () => {
    await hold('freeze');
    const key = on.journal.find(({ where }) => where.startsWith('idempotency/'))?.where ?? '';
    const { state } = on.librarian();
    const reading = await state.read(key);
    if (reading._tag !== 'Found') throw new Error(`${key} is missing`);
    await state.write(key, '{', reading.revision);
    const answer = await hold('freeze');
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ detail: expect.stringContaining(key) as unknown });
    expect(await state.read(key)).toMatchObject({ body: '{' });
  });

  it('keeps so many and no more', async () => {
    await hold('freeze');
    const key = on.journal.find(({ where }) => where.startsWith('idempotency/'))?.where ?? '';
    const { state } = on.librarian();
    const reading = await state.read(key);
    if (reading._tag !== 'Found') throw new Error(`${key} is missing`);
    const { entries } = JSON.parse(reading.body) as { entries: Record<string, object> };
    const [[hash, entry] = ['', {}]] = Object.entries(entries);
    const full = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`${'0'.repeat(64)}${i}`.slice(-64), entry] as const),
    );
    await state.write(key, JSON.stringify({ schema: 1, entries: full }), reading.revision);
    expect(hash).toHaveLength(64);
    expect((await hold('freeze')).json()).toMatchObject({ type: 'urn:signalbox:problem:try-again' });
    await on.clock.advanceTo(plus(on.clock.now(), KEPT_MS));
    expect((await hold('thaw')).statusCode).toBe(201);
  });
});
