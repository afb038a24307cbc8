import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as O from 'fp-ts/lib/Option.js';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OidcSettings } from '../../../../src/apps/librarian/http/auth-settings.ts';
import { authenticator } from '../../../../src/apps/librarian/http/authentication.ts';
import { permissions, tokenOf, tokenSettings } from '../../../support/api-tokens.ts';
import { checkedApi } from '../../../support/checked-api.ts';
import { world } from '../../../support/librarian-world.ts';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

let ours: KeyPair;
let others: KeyPair;
let curve: KeyPair;
beforeAll(async () => {
  [ours, others, curve] = await Promise.all([
    generateKeyPair('RS256'),
    generateKeyPair('RS256'),
    generateKeyPair('ES256'),
  ]);
});

const ISSUER = 'https://id.example.com/';

/** An identity provider's keys, served on loopback; `answers` is asked what to serve. */
let provider: Server;
let settings: OidcSettings;
let looks = 0;
let isDown = false;

beforeEach(async () => {
  looks = 0;
  isDown = false;
  const keys = await Promise.all(
    [
      [ours, 'ours', 'RS256'],
      [curve, 'curve', 'ES256'],
    ].map(async ([pair, kid, alg]) => ({ ...(await exportJWK((pair as KeyPair).publicKey)), kid, alg, use: 'sig' })),
  );
  provider = createServer((_request, response) => {
    looks++;
    if (isDown) response.writeHead(500).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const { port } = provider.address() as AddressInfo;
  settings = {
    issuer: ISSUER,
    audience: 'signalbox',
    algorithms: ['RS256'],
    jwks: `http://127.0.0.1:${port}/keys`,
    clock_tolerance: 30_000,
    subject_claim: 'sub',
    groups_claim: 'groups',
    grants: new Map([
      ['sre', permissions('*')],
      ['dev', permissions('read', 'promote:dev')],
    ]),
  };
});
afterEach(() => new Promise((resolve) => provider.close(resolve)));

const CLOCK = { now: world().clock.now };

const judge = (token: string, own: Partial<OidcSettings> = {}) =>
  authenticator({ oidc: O.some({ ...settings, ...own }), tokens: [] }, CLOCK)(`Bearer ${token}`);

interface Claims extends JWTPayload {
  readonly groups?: unknown;
}

const token = (claims: Claims = {}, key: KeyPair = ours, header: { kid?: string; alg?: string } = {}) =>
  new SignJWT({ sub: 'alice', iss: ISSUER, aud: 'signalbox', groups: ['dev'], ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'ours', ...header })
    .setExpirationTime('5m')
    .sign(key.privateKey);

const signed = (claims: Claims) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'ours' }).sign(ours.privateKey);

const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

describe('a token of the identity provider', () => {
  it('names somebody, who may do what their groups may', async () => {
    expect(await judge(await token())).toEqual({
      _tag: 'Authenticated',
      principal: { subject: 'oidc:alice', permissions: permissions('read', 'promote:dev') },
    });
    expect(await judge(await token({ groups: ['dev', 'sre', 'unknown', 7] }))).toMatchObject({
      principal: { permissions: permissions('read', 'promote:dev', '*') },
    });
  });

  it.each([undefined, 'sre', [['sre']], { 0: 'sre' }])('with the groups %j permits nothing', async (groups) => {
    expect(await judge(await token({ groups }))).toMatchObject({ principal: { permissions: [] } });
  });

  it('is asked for other claims where the configuration says so', async () => {
    const own = { subject_claim: 'email', groups_claim: 'roles' };
    expect(await judge(await token({ email: 'alice@example.com', roles: ['sre'] }), own)).toMatchObject({
      principal: { subject: 'oidc:alice@example.com', permissions: permissions('*') },
    });
  });

  it('fault 66: is refused when it is wrong', async () => {
    const whole = { sub: 'alice', iss: ISSUER, aud: 'signalbox', groups: ['sre'] };
    const wrong: Readonly<Record<string, string>> = {
      'another issuer': await token({ iss: 'https://id.example.org/' }),
      'no issuer': await signed({ sub: 'alice', aud: 'signalbox', exp: secondsFromNow(300) }),
      'another audience': await token({ aud: 'another' }),
      'no audience': await signed({ sub: 'alice', iss: ISSUER, exp: secondsFromNow(300) }),
      'no end': await signed(whole),
      'long over': await signed({ ...whole, exp: secondsFromNow(-40) }),
      'not begun': await signed({ ...whole, exp: secondsFromNow(300), nbf: secondsFromNow(60) }),
      "another's key under our name": await token({}, others),
      'a key that nobody knows': await token({}, others, { kid: 'theirs' }),
      'another algorithm of theirs': await token({}, curve, { kid: 'curve', alg: 'ES256' }),
      'no signature': new UnsecuredJWT(whole).setExpirationTime('5m').encode(),
      'their public key as a secret': await new SignJWT(whole)
        .setProtectedHeader({ alg: 'HS256', kid: 'ours' })
        .setExpirationTime('5m')
        .sign(new TextEncoder().encode(JSON.stringify(await exportJWK(ours.publicKey)))),
      'no subject': await signed({ iss: ISSUER, aud: 'signalbox', exp: secondsFromNow(300) }),
      'a subject over two lines': await token({ sub: 'a\nb' }),
      'a subject that is none': await token({ sub: '' }),
      'no JWT': 'a.b.c',
      'a changed one': (await token()).replace(/\.[^.]+\./, '.eyJzdWIiOiJyb290In0.'),
    };
    for (const [what, credentials] of Object.entries(wrong)) {
      expect([what, (await judge(credentials))._tag]).toEqual([what, 'Invalid']);
    }
  });

  it('clocks may differ a little', async () => {
    const whole = { sub: 'alice', iss: ISSUER, aud: 'signalbox' };
    expect(await judge(await signed({ ...whole, exp: secondsFromNow(-10) }))).toMatchObject({ _tag: 'Authenticated' });
  });

  it('while the keys cannot be had, nobody comes in', async () => {
    isDown = true;
    expect(await judge(await token())).toMatchObject({ _tag: 'Unavailable' });
    const api = await checkedApi(world().librarian(), {
      authenticate: O.some(authenticator({ oidc: O.some(settings), tokens: [] }, CLOCK)),
    });
    const headers = { authorization: `Bearer ${await token({ groups: ['sre'] })}` };
    const refused = await api.inject({ method: 'POST', url: '/v1/tick', headers });
    await api.close();
    expect(refused.statusCode).toBe(503);
    expect(refused.json()).toMatchObject({ type: 'urn:signalbox:problem:unavailable' });
  });

  it('asks for the keys once, and keeps them', async () => {
    const authenticate = authenticator({ oidc: O.some(settings), tokens: [] }, CLOCK);
    const header = `Bearer ${await token()}`;
    for (let i = 0; i < 3; i++) expect(await authenticate(header)).toMatchObject({ _tag: 'Authenticated' });
    await authenticate(`Bearer ${await token({}, others, { kid: 'theirs' })}`);
    expect(looks).toBe(1);
    isDown = true;
    expect(await authenticate(header)).toMatchObject({ _tag: 'Authenticated' });
  });

  it('stands beside static tokens', async () => {
    const tokens = [tokenSettings('robot', ['tick'])];
    const authenticate = authenticator({ oidc: O.some(settings), tokens }, CLOCK);
    expect(await authenticate(`Bearer ${tokenOf('robot')}`)).toMatchObject({ principal: { subject: 'token:robot' } });
    expect(await authenticate(`Bearer ${tokenOf('nobody')}`)).toMatchObject({ _tag: 'Invalid' });
    expect(looks).toBe(0);
  });
});
