/** What the configuration may say of the HTTP service, and what it makes of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeConfig } from '../../../../src/apps/config.ts';
import { formatFailure } from '../../../../src/apps/failure.ts';
import { AuthField } from '../../../../src/apps/librarian/http/auth-settings.ts';
import { configuredHttp } from '../../../../src/apps/librarian/http/configured.ts';
import { HTTP_LIMITS_DEFAULT } from '../../../../src/apps/librarian/http/http-options.ts';
import { bearer, hashOf, tokenOf } from '../../../support/api-tokens.ts';
import { NOON } from '../../../support/librarian-world.ts';
import { TLS_KEYS } from '../../../support/tls-keys.ts';

const parse = (text: string): E.Either<string, unknown> =>
  E.tryCatch(
    (): unknown => JSON.parse(text),
    () => 'expected JSON',
  );

const decode = (document: object, environment: Readonly<Record<string, string>> = {}) =>
  decodeConfig(document, environment, parse);

const refusal = (document: object): string => {
  const decoded = decode(document);
  return E.isLeft(decoded) ? formatFailure(decoded.left) : 'nothing';
};

const token = { name: 'robot', sha256: hashOf(tokenOf('robot')), permissions: ['tick', 'promote:dev'] };
const auth = { tokens: [token] };
const oidc = {
  issuer: 'https://id.example.com',
  audience: 'signalbox',
  algorithms: ['RS256'],
  jwks: 'https://id.example.com/keys',
  grants: { sre: ['*'] },
};
const tls = { certificate: 'certificate.pem', key: 'key.pem' };

describe('who can reach the service', () => {
  it.each([
    [{}],
    [{ listen: '[::1]:0' }],
    [{ listen: '127.0.0.1:0', auth }],
    [{ listen: '127.0.0.1:0', auth, behind_proxy: true }],
    [{ listen: '0.0.0.0:8470', auth, tls }],
    [{ listen: '[::]:8470', auth, behind_proxy: true }],
  ])('may be %j', (document) => {
    expect(refusal(document)).toBe('nothing');
  });

  it.each([
    [{ listen: '0.0.0.0:8470' }, /^listen: expected an address of this machine.*configure auth$/],
    [{ listen: '0.0.0.0:8470', tls }, /^listen: .*configure auth$/],
    [{ listen: '0.0.0.0:8470', behind_proxy: true }, /^listen: .*configure auth$/],
    [{ listen: '0.0.0.0:8470', auth }, /^listen: expected tls for 0\.0\.0\.0:8470/],
    [{ listen: '[::]:8470', auth }, /^listen: expected tls for \[::\]:8470/],
    [{ behind_proxy: true }, /^behind_proxy: expected auth beside it/],
  ])('may not be %j', (document, expected) => {
    expect(refusal(document)).toMatch(expected);
  });
});

describe('who may do what', () => {
  it.each([
    [{ auth: {} }, /^auth: expected oidc, tokens, or both/],
    [{ auth: { tokens: [token, token] } }, /^auth: expected tokens with a name each/],
    [{ auth: { tokens: [token, { ...token, name: 'other' }] } }, /^auth: expected each token once/],
    [{ auth: { tokens: [{ ...token, permissions: ['promote'] }] } }, /^auth\.tokens\.0\.permissions\.0: expected \*/],
    [{ auth: { tokens: [{ ...token, expires: 'soon' }] } }, /^auth\.tokens\.0\.expires: expected an RFC 3339/],
    [{ auth: { oidc: { ...oidc, algorithms: ['HS256'] } } }, /^auth\.oidc\.algorithms\.0: expected one of RS256/],
    [{ auth: { oidc: { ...oidc, algorithms: ['none'] } } }, /^auth\.oidc\.algorithms\.0: expected one of RS256/],
    [{ auth: { oidc: { ...oidc, algorithms: [] } } }, /^auth\.oidc\.algorithms: .*at least one/],
    [{ auth: { oidc: { ...oidc, jwks: 'http://id.example.com/keys' } } }, /^auth\.oidc\.jwks: expected an https: URL/],
    [{ auth: { oidc: { ...oidc, jwks: 'keys' } } }, /^auth\.oidc\.jwks: expected an https: URL/],
    [{ auth: { oidc: { ...oidc, clock_tolerance: '2m' } } }, /^auth\.oidc\.clock_tolerance: .*from 0s to 1m/],
    [{ auth: { oidc: { ...oidc, audiences: [] } } }, /^auth\.oidc\.audiences: expected no field of this name/],
  ])('is not %#', (document, expected) => {
    expect(refusal(document)).toMatch(expected);
  });

  it('a secret that stands where its hash belongs is not printed', () => {
    const secret = tokenOf('secret');
    for (const wrong of [
      { ...token, sha256: secret },
      { ...token, token: secret },
    ]) {
      const message = refusal({ auth: { tokens: [wrong] } });
      expect(message).toMatch(/^auth\.tokens\.0\.(?:sha256|token): expected/);
      expect(message).not.toContain('secret');
    }
  });

  it('is written as it is read, also from a variable', () => {
    const document = {
      tokens: [{ ...token, expires: '2026-01-05T12:00:00Z' }],
      oidc: { ...oidc, groups_claim: 'roles' },
    };
    const decoded = decode({}, { SIGNALBOX_AUTH: JSON.stringify(document) });
    if (E.isLeft(decoded) || O.isNone(decoded.right.auth)) throw new Error('expected auth');
    expect(AuthField.is(decoded.right.auth.value)).toBe(true);
    expect(AuthField.encode(decoded.right.auth.value)).toEqual({
      tokens: document.tokens,
      oidc: { ...document.oidc, clock_tolerance: '30s', subject_claim: 'sub' },
    });
  });
});

describe('the service as it is configured', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signalbox-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const configured = async (document: object) => {
    const decoded = decode(document);
    if (E.isLeft(decoded)) throw new Error(formatFailure(decoded.left));
    const loaded = { config: decoded.right, pathOf: (path: string) => join(directory, path) };
    return configuredHttp(loaded, { now: () => NOON });
  };

  it('has the limits that are configured, and asks nobody unless it is told to', async () => {
    expect(await configured({ artifact_bytes_max: 1_000, requests_per_minute: 7 })).toEqual(
      E.right({
        authenticate: O.none,
        tls: O.none,
        isBehindProxy: false,
        limits: { ...HTTP_LIMITS_DEFAULT, artifactBytesMax: 1_000, requestsPerMinute: 7 },
      }),
    );
  });

  it('knows the tokens, and when they end', async () => {
    const tokens = [
      token,
      { ...token, name: 'late', sha256: hashOf(tokenOf('late')), expires: '2026-01-05T12:00:00Z' },
    ];
    const http = await configured({ auth: { tokens } });
    if (E.isLeft(http) || O.isNone(http.right.authenticate)) throw new Error('expected authentication');
    const authenticate = http.right.authenticate.value;
    expect(await authenticate(bearer('robot').authorization)).toMatchObject({ _tag: 'Authenticated' });
    expect(await authenticate(bearer('late').authorization)).toMatchObject({ _tag: 'Invalid' });
    expect(await authenticate(undefined)).toEqual({ _tag: 'Missing' });
  });

  it('reads its certificate and its key, and refuses those that are none', async () => {
    await writeFile(join(directory, 'certificate.pem'), TLS_KEYS.certificate);
    await writeFile(join(directory, 'key.pem'), TLS_KEYS.key);
    expect(await configured({ tls })).toMatchObject(E.right({ tls: O.some(TLS_KEYS) }));
    await writeFile(join(directory, 'key.pem'), 'no key');
    expect(await configured({ tls })).toMatchObject({ left: { detail: expect.stringMatching(/^tls: /) as unknown } });
    await rm(join(directory, 'certificate.pem'));
    expect(await configured({ tls })).toMatchObject({ left: { detail: expect.stringMatching(/ENOENT/) as unknown } });
  });
});
