/** `If-Match`: what was decided on an older state is refused, and nothing is done. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES } from '../../../../src/apps/librarian/http/routes.ts';
import { type CheckedApi, checkedApi } from '../../../support/checked-api.ts';
import { add, promoteTo, world, type World } from '../../../support/librarian-world.ts';
import { environmentName } from '../../../support/slack.ts';

let on: World;
let api: CheckedApi;
beforeEach(async () => {
  on = world();
  await add(on, '1.0.1');
  await add(on, '1.0.2');
  await promoteTo(on, '1.0.1', environmentName('image'));
  api = await checkedApi(on.librarian());
  await api.inject({ method: 'POST', url: '/v1/artifacts/1.0.2/rejection', payload: { reason: 'test' } });
  await api.inject({ method: 'POST', url: '/v1/holds', payload: { id: 'old', scope: 'stack:basalt', reason: 'test' } });
});
afterEach(() => api.close());

const REQUESTS: Readonly<Record<string, { readonly url: string; readonly payload?: object }>> = {
  'POST /v1/promotions': {
    url: '/v1/promotions',
    payload: { version: '1.0.1', environment: 'dev', stack: 'ironstone', reason: 'test' },
  },
  'POST /v1/rollbacks': { url: '/v1/rollbacks', payload: { environment: 'image', to: '1.0.1', reason: 'test' } },
  'POST /v1/holds': { url: '/v1/holds', payload: { id: 'new', scope: 'plan', reason: 'test' } },
  'DELETE /v1/holds/:id': { url: '/v1/holds/old?reason=test' },
  'POST /v1/artifacts/:version/rejection': { url: '/v1/artifacts/1.0.1/rejection', payload: { reason: 'test' } },
  'POST /v1/artifacts/:version/approval': { url: '/v1/artifacts/1.0.2/approval', payload: { reason: 'test' } },
};

const ask = (name: string, ifMatch: string) => {
  const { url, payload } = REQUESTS[name] ?? { url: '/' };
  return api.inject({
    method: name.startsWith('POST') ? 'POST' : 'DELETE',
    url,
    headers: { 'if-match': ifMatch },
    ...(payload === undefined ? {} : { payload }),
  });
};

const revision = async (url: string): Promise<string> => {
  const { revision: tag } = (await api.inject({ url })).json<{ revision: string }>();
  return `"${tag}"`;
};

describe('a revision', () => {
  it('every route that decides on the control state takes one', () => {
    const conditional = ROUTES.filter(({ isConditional }) => isConditional).map(
      ({ method, path }) => `${method} ${path}`,
    );
    expect(conditional.toSorted()).toEqual(Object.keys(REQUESTS).toSorted());
  });

  it('is the same wherever it is shown, and an entity tag where it is one', async () => {
    const shown = await Promise.all(['/v1/status', '/v1/holds', '/v1/environments/dev'].map(revision));
    expect(new Set(shown).size).toBe(1);
    expect((await api.inject({ url: '/v1/holds' })).headers['etag']).toBe(shown[0]);
  });

  it.each(Object.keys(REQUESTS))('%s is done on the one that was seen, and on no older one', async (name) => {
    const older = await revision('/v1/holds');
    await api.inject({
      method: 'POST',
      url: '/v1/holds',
      payload: { id: 'late', scope: 'stage:latest', reason: 'test' },
    });
    const effects = on.journal.filter(({ what }) => what !== 'audit').length;
    const stale = await ask(name, older);
    expect(stale.statusCode).toBe(412);
    expect(stale.json()).toMatchObject({ type: 'urn:signalbox:problem:stale' });
    expect(on.journal.filter(({ what }) => what !== 'audit')).toHaveLength(effects);
    const fresh = await ask(name, await revision('/v1/holds'));
    expect([200, 201, 204, 409]).toContain(fresh.statusCode);
    expect(fresh.body).not.toContain('problem:stale');
  });

  it('may be any', async () => {
    expect((await ask('POST /v1/holds', '*')).statusCode).toBe(201);
  });

  it.each(['abc', 'W/"abc"', '"a", "b"', '""', `"${'a'.repeat(129)}"`])('is not %s', async (ifMatch) => {
    expect((await ask('POST /v1/holds', ifMatch)).statusCode).toBe(400);
  });

  it('is refused where nothing is decided on one, since somebody relies on it', async () => {
    const answer = await api.inject({ method: 'POST', url: '/v1/tick', headers: { 'if-match': '"abc"' } });
    expect(answer.statusCode).toBe(400);
  });
});
