/** Law L6: every route that changes something demands its own permission; and faults 66 and 67. */
import * as O from 'fp-ts/lib/Option.js';
import { afterEach, describe, expect, it } from 'vitest';
import type { TokenSettings } from '../../../../src/apps/librarian/http/auth-settings.ts';
import { authenticator } from '../../../../src/apps/librarian/http/authentication.ts';
import { ENVIRONMENT_VERBS, PLAN_VERBS } from '../../../../src/apps/librarian/http/permission.ts';
import { ROUTES } from '../../../../src/apps/librarian/http/routes.ts';
import { requestRun } from '../../../../src/apps/librarian/request-run.ts';
import { librarianServer } from '../../../../src/apps/librarian/http/server.ts';
import { addHold } from '../../../../src/apps/librarian/intervene.ts';
import type { LibrarianPorts } from '../../../../src/apps/librarian/librarian-ports.ts';
import { nameFromLiteral, Slug } from '../../../../src/domain/names.ts';
import { HOUR_MS, plus, SECOND_MS } from '../../../../src/domain/time.ts';
import { bearer, tokenOf, tokenSettings, withTokens } from '../../../support/api-tokens.ts';
import { type CheckedApi, checkedApi } from '../../../support/checked-api.ts';
import {
  add,
  BASALT,
  DEV,
  must,
  NOON,
  promoteTo,
  tarballOf,
  TESTER,
  world,
  type World,
} from '../../../support/librarian-world.ts';
import { environmentName, version } from '../../../support/slack.ts';

/**
 * Every route that changes something: what it demands for the request that stands beside it. A new route is not permitted
 * to anybody, and not merged, before it has a line here.
 */
const MUTATING = {
  'POST /v1/tick': { permission: 'tick', url: '/v1/tick' },
  'POST /v1/promotions': {
    permission: 'promote:image',
    url: '/v1/promotions',
    payload: { version: '1.0.1', environment: 'image', reason: 'test' },
  },
  'POST /v1/rollbacks': {
    permission: 'rollback:image',
    url: '/v1/rollbacks',
    payload: { environment: 'image', to: '1.0.1', reason: 'test' },
  },
  'POST /v1/holds': {
    permission: 'hold:dev',
    url: '/v1/holds',
    payload: { id: 'new', scope: 'environment:dev', reason: 'test' },
  },
  'DELETE /v1/holds/:id': { permission: 'hold:prod-1', url: '/v1/holds/old?reason=test' },
  'POST /v1/run-requests': {
    permission: 'run:image',
    url: '/v1/run-requests',
    payload: { id: 'new', environment: 'image', reason: 'test' },
  },
  'DELETE /v1/run-requests/:environment/:id': {
    permission: 'run:image',
    url: '/v1/run-requests/image/old?reason=test',
  },
  'POST /v1/artifacts': {
    permission: 'artifact:add',
    url: '/v1/artifacts',
    payload: Buffer.from(tarballOf('1.0.9')),
    type: 'application/gzip',
  },
  'POST /v1/artifacts/:version/rejection': {
    permission: 'artifact:reject',
    url: '/v1/artifacts/1.0.1/rejection',
    payload: { reason: 'test' },
  },
  'POST /v1/artifacts/:version/approval': {
    permission: 'artifact:approve',
    url: '/v1/artifacts/1.0.2/approval',
    payload: { reason: 'test' },
  },
} as const;

type Name = keyof typeof MUTATING;
const NAMES = Object.keys(MUTATING) as Name[];

interface Audited {
  readonly who?: string;
  readonly what?: string;
  readonly why?: string;
  readonly details?: object;
  readonly outcome?: string;
}

/** The audit trail as it is written. */
const auditing = (ports: LibrarianPorts): { readonly ports: LibrarianPorts; readonly trail: Audited[] } => {
  const trail: Audited[] = [];
  return {
    trail,
    ports: {
      ...ports,
      state: {
        ...ports.state,
        write: async (key, body, expected) => {
          const written = await ports.state.write(key, body, expected);
          if (key.startsWith('audit/') && written._tag === 'Landed') trail.push(JSON.parse(body) as Audited);
          return written;
        },
      },
    },
  };
};

/** Every permission but `permission`: of its verb, those for other environments. */
const allBut = (permission: string): readonly string[] => [
  ...PLAN_VERBS.filter((verb) => verb !== permission),
  ...ENVIRONMENT_VERBS.flatMap((verb) =>
    ['dev', 'prod-1', 'prod-2', 'image'].map((name) => `${verb}:${name}`).filter((other) => other !== permission),
  ),
];

let on: World;
let api: CheckedApi;
let trail: readonly Audited[];

const open = async (...tokens: readonly TokenSettings[]): Promise<void> => {
  on = world();
  await add(on, '1.0.1');
  await add(on, '1.0.2');
  await promoteTo(on, '1.0.1', environmentName('image'));
  await promoteTo(on, '1.0.2', environmentName('image'));
  must(
    await addHold(on.librarian())(TESTER, {
      id: nameFromLiteral(Slug)('old'),
      scope: { _tag: 'environment', environment: environmentName('prod-1') },
      reason: 'test',
      owner: 'tester',
      expiresAt: O.none,
    })(),
  );
  const request = { environment: environmentName('image'), stack: O.none, nodes: O.none, splaySeconds: 0 };
  const id = O.some(nameFromLiteral(Slug)('old'));
  must(await requestRun(on.librarian())(TESTER, { ...request, id, opensForMs: HOUR_MS })());
  const audited = auditing(on.librarian());
  trail = audited.trail;
  api = await checkedApi(audited.ports, { authenticate: O.some(authenticator(withTokens(...tokens), on.clock)) });
  on.journal.length = 0;
};
afterEach(() => api.close());

const ask = (name: Name, headers: Readonly<Record<string, string>> = {}) => {
  const request: { url: string; payload?: object; type?: string } = MUTATING[name];
  return api.inject({
    method: name.startsWith('POST') ? 'POST' : 'DELETE',
    url: request.url,
    headers: { ...(request.type === undefined ? {} : { 'content-type': request.type }), ...headers },
    ...(request.payload === undefined ? {} : { payload: request.payload }),
  });
};

describe('L6: every route that changes something demands its own permission', () => {
  it('L6: the routes of the server are those of the table', async () => {
    await open(tokenSettings('anybody', []));
    const registered: string[] = [];
    const server = librarianServer(on.librarian());
    server.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) if (!['GET', 'HEAD'].includes(one)) registered.push(`${one} ${url}`);
    });
    await server.ready();
    await server.close();
    expect(registered.toSorted()).toEqual(NAMES.toSorted());
  });

  it('L6: each demands another permission of another verb, but for the two ends of a hold and of a run request', () => {
    const verbs = ROUTES.filter(({ method }) => method !== 'GET').map(({ permission }) => permission);
    expect(verbs).not.toContain(undefined);
    expect(verbs.filter((verb) => verb === 'hold')).toHaveLength(2);
    expect(verbs.filter((verb) => verb === 'run')).toHaveLength(2);
    expect(new Set(verbs).size).toBe(verbs.length - 2);
  });

  it.each(NAMES)('fault 66: %s without credentials, with wrong ones and with expired ones is a 401', async (name) => {
    await open(tokenSettings('late', ['*'], O.some(plus(NOON, SECOND_MS))));
    for (const [headers, challenge] of [
      [{}, /^Bearer realm="signalbox"$/],
      [{ authorization: 'Basic dXNlcjpwYXNz' }, /error="invalid_token"/],
      [{ authorization: `Bearer ${tokenOf('nobody')}` }, /error="invalid_token"/],
      [{ authorization: 'Bearer ' }, /error="invalid_token"/],
      [{ authorization: `Bearer ${'a'.repeat(9_000)}` }, /error="invalid_token"/],
    ] as const) {
      const refused = await ask(name, headers);
      expect(refused.statusCode).toBe(401);
      expect(refused.headers['www-authenticate']).toMatch(challenge);
    }
    await on.clock.advanceTo(plus(NOON, SECOND_MS));
    expect((await ask(name, bearer('late'))).statusCode).toBe(401);
    expect(on.journal).toEqual([]);
  });

  it.each(NAMES)('fault 67: %s with every other permission is a 403, and stands in the audit trail', async (name) => {
    const { permission } = MUTATING[name];
    await open(tokenSettings('other', allBut(permission)));
    const refused = await ask(name, bearer('other'));
    expect(refused.statusCode).toBe(403);
    expect(refused.json()).toMatchObject({ type: 'urn:signalbox:problem:not-permitted', permission });
    expect(refused.headers['www-authenticate']).toContain(`scope="${permission}"`);
    expect(trail).toMatchObject([
      { who: 'token:other', details: { permission, route: name }, outcome: `not permitted: ${permission} is needed` },
    ]);
    expect(on.journal.filter(({ what }) => what !== 'audit')).toEqual([]);
  });

  it.each(NAMES)('%s with its permission, and no other, is done', async (name) => {
    await open(tokenSettings('one', [MUTATING[name].permission]));
    if (name.endsWith('approval')) {
      await api.close();
      const audited = auditing(on.librarian());
      api = await checkedApi(audited.ports);
      await api.inject({ method: 'POST', url: '/v1/artifacts/1.0.2/rejection', payload: { reason: 'test' } });
      await api.close();
      const settings = withTokens(tokenSettings('one', [MUTATING[name].permission]));
      api = await checkedApi(audited.ports, { authenticate: O.some(authenticator(settings, on.clock)) });
    }
    const done = await ask(name, bearer('one'));
    expect([200, 201, 204]).toContain(done.statusCode);
  });

  it('L5: who did it, and why, stands in the audit trail under a name that nobody else can have', async () => {
    await open(tokenSettings('one', ['promote:*']));
    await api.inject({
      method: 'POST',
      url: '/v1/promotions',
      headers: bearer('one'),
      payload: { version: '1.0.1', environment: 'image', reason: 'because' },
    });
    expect(trail[0]).toMatchObject({ who: 'token:one', what: 'promote', why: 'because' });
  });

  it('fault 67: allowed for dev, promotes prod', async () => {
    await open(tokenSettings('one', ['promote:dev']));
    const promote = (environment: string) =>
      api.inject({
        method: 'POST',
        url: '/v1/promotions',
        headers: bearer('one'),
        payload: { version: '1.0.2', environment, reason: 'because' },
      });
    expect((await promote('prod-1')).statusCode).toBe(403);
    expect(trail.at(-1)).toMatchObject({ who: 'token:one', what: 'promote', why: 'because' });
    expect((await promote('dev')).statusCode).toBe(200);
  });

  it.each([
    ['plan', 'hold:prod-*', 403],
    ['plan', 'hold:*', 201],
    ['stack:basalt', 'hold:dev', 403],
    ['stack:basalt', 'hold:*', 201],
    ['stage:train', 'hold:dev', 403],
    ['stage:train', 'hold:prod-*', 201],
    ['stage:nowhere', 'hold:prod-*', 403],
    ['stage:nowhere', 'hold:*', 422],
  ])('a hold on %s with %s is answered %d', async (scope, permission, status) => {
    await open(tokenSettings('one', [permission]));
    const payload = { id: 'new', scope, reason: 'test' };
    const answer = await api.inject({ method: 'POST', url: '/v1/holds', headers: bearer('one'), payload });
    expect(answer.statusCode).toBe(status);
  });

  it('a rollback of a train needs every stop of it', async () => {
    await open(tokenSettings('some', ['rollback:prod-1']), tokenSettings('all', ['rollback:prod-*']));
    const rollBack = (who: string) =>
      api.inject({
        method: 'POST',
        url: '/v1/rollbacks',
        headers: bearer(who),
        payload: { train: 'train', reason: 'test' },
      });
    expect((await rollBack('some')).json()).toMatchObject({ permission: 'rollback:prod-2' });
    expect((await rollBack('all')).json()).toMatchObject({ reason: 'NotPinned' });
  });

  it.each(ROUTES.filter(({ method }) => method === 'GET'))(
    '$path asks who is asking, or is open to all',
    async (route) => {
      await open(tokenSettings('writer', ['tick']), tokenSettings('reader', ['read']));
      const url = route.path.replace(':environment', 'dev').replace(':version', '1.0.1');
      const [stranger, writer, reader] = [
        await api.inject({ url }),
        await api.inject({ url, headers: bearer('writer') }),
        await api.inject({ url, headers: bearer('reader') }),
      ].map(({ statusCode }) => statusCode);
      expect([stranger, writer]).toEqual(route.permission === undefined ? [200, 200] : [401, 403]);
      // Where nothing is kept there is nothing to read, but whoever may read is let in.
      expect([200, 404]).toContain(reader);
    },
  );

  it('a body that nobody may send is not read', async () => {
    await open(tokenSettings('reader', ['read']));
    const refused = await ask('POST /v1/artifacts', bearer('reader'));
    expect(refused.statusCode).toBe(403);
    expect(refused.headers['connection']).toBe('close');
    expect(await on.librarian().artifacts.open(version('1.0.9'))).toMatchObject({ _tag: 'Missing' });
  });

  it('fault 69: where a refusal cannot be written down, it is a refusal all the same', async () => {
    await open(tokenSettings('reader', ['read']));
    on.unwritable.push(/^audit\//);
    expect((await ask('POST /v1/tick', bearer('reader'))).statusCode).toBe(403);
    expect(await on.pin(BASALT, DEV)).toBeUndefined();
  });
});
