import { execFile } from 'node:child_process';
import { createHash, createPrivateKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalPath,
  canonicalRequest,
  type SignedParts,
  signedHeaders,
  type Signer,
  type SigningProtocol,
} from '../../../src/adapters/chef-infra-server/sign-request.ts';
import { CHEF_KEY, CHEF_PUBLIC_KEY } from '../../support/chef-keys.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { property } from '../../support/property.ts';
import { whichExecutable } from '../../support/which-executable.ts';

const signer = (protocol: SigningProtocol): Signer => ({
  user: 'librarian',
  key: createPrivateKey(CHEF_KEY),
  protocol,
});

const PARTS: SignedParts = {
  method: 'post',
  path: '/organizations//fleet/environments/?rows=1',
  body: '{"name":"prod-1"}',
  apiVersion: 2,
  // 2025-07-28T01:34:51.999Z
  nowMs: 1_753_666_491_999,
};

const protocols: readonly SigningProtocol[] = ['1.1', '1.3'];

const authorizationOf = (headers: Readonly<Record<string, string>>): readonly string[] =>
  Object.keys(headers)
    .filter((name) => name.startsWith('X-Ops-Authorization-'))
    .map((_name, i) => headers[`X-Ops-Authorization-${i + 1}`] ?? '');

describe('the canonical text', () => {
  test('of version 1.3', () => {
    expect(canonicalRequest(signer('1.3'), PARTS).split('\n')).toEqual([
      'Method:POST',
      'Path:/organizations/fleet/environments',
      `X-Ops-Content-Hash:${createHash('sha256').update(PARTS.body).digest('base64')}`,
      'X-Ops-Sign:version=1.3',
      'X-Ops-Timestamp:2025-07-28T01:34:51Z',
      'X-Ops-UserId:librarian',
      'X-Ops-Server-API-Version:2',
    ]);
  });

  test('of version 1.1', () => {
    const sha1 = (text: string): string => createHash('sha1').update(text).digest('base64');
    expect(canonicalRequest(signer('1.1'), PARTS).split('\n')).toEqual([
      'Method:POST',
      `Hashed Path:${sha1('/organizations/fleet/environments')}`,
      `X-Ops-Content-Hash:${sha1(PARTS.body)}`,
      'X-Ops-Timestamp:2025-07-28T01:34:51Z',
      `X-Ops-UserId:${sha1('librarian')}`,
    ]);
  });

  const path = fc
    .array(fc.stringMatching(/^[\w.:~%-]{0,8}$/), { minLength: 0, maxLength: 6 })
    .map((segments) => `/${segments.join('/')}`);
  const query = fc.option(fc.string(), { nil: undefined });

  property(
    'the path has no query, no empty segment and no slash at its end, and keeps the rest',
    [path, query],
    (p, q) => {
      const canonical = canonicalPath(q === undefined ? p : `${p}?${q}`);
      expect(canonical === '/' || /^(\/[^/]+)+$/.test(canonical)).toBe(true);
      expect(canonical.split('/').filter((s) => s !== '')).toEqual(p.split('/').filter((s) => s !== ''));
      expect(canonicalPath(canonical)).toBe(canonical);
    },
  );

  property(
    'any change of what is signed is a change of the text, any other is none',
    [fc.constantFrom(...protocols), path, fc.string({ unit: 'binary' }), fc.nat(), query],
    (protocol, p, body, seconds, q) => {
      const parts = { ...PARTS, path: p, body, nowMs: seconds * 1000 };
      const text = canonicalRequest(signer(protocol), parts);
      expect(text.split('\n')).toHaveLength(protocol === '1.3' ? 7 : 5);
      expect(canonicalRequest(signer(protocol), { ...parts, body: `${body} ` })).not.toBe(text);
      expect(canonicalRequest(signer(protocol), { ...parts, path: `${p}/x` })).not.toBe(text);
      expect(canonicalRequest(signer(protocol), { ...parts, method: 'put' })).not.toBe(text);
      expect(canonicalRequest(signer(protocol), { ...parts, nowMs: (seconds + 1) * 1000 })).not.toBe(text);
      expect(canonicalRequest({ ...signer(protocol), user: 'another' }, parts)).not.toBe(text);
      expect(canonicalRequest(signer(protocol), { ...parts, nowMs: seconds * 1000 + 999 })).toBe(text);
      expect(canonicalRequest(signer(protocol), { ...parts, path: `/${p}/?${q ?? ''}` })).toBe(text);
    },
  );
});

/** Made by mixlib-authentication 3.0.6 for the same request, user and key. */
const GOLDEN: Readonly<Record<SigningProtocol, string>> = {
  '1.1':
    'KZr0BQ20X+vSN/z4hPa/eVukY/unNwcrsZy/t1M8oi7i9eCxZKwCRECHhNQoQVhSCGmz7/HhaQwzGco7RlUQdNbLFaRIdo/c/Wt7d/225hTIIuaaat4jprT/7/zYsNnfnPHUAm6S3n4puyp1XtVJWgPkfaS50+CEMVDOULFiR/JlYtXYqK4g2Xsyerq5t3rdt5GP8rNCOdw0Ddmh+HX+F5Z3GZqViIrMRAC2ie/pCtd3pN6Nb4b9RykSDOB3z04F2XWxXeZ+9mcFokA4M6Tt8Mr6BljA52uiyIxVKDoa9/J+Stkf1yW2TBw5uFY38PyeEPSHlQ9wcmUqLKU0HBj4nw==',
  '1.3':
    'OLym/0QAu6rHlp1LIE4m3uYE0ogcLYU+EwPlOxyK0sExeU6JYEZpAZHhbs4KFp3UvcN/U1+imVk9we8HxRuXjolnccRGikXCVjs5RCbn4T7vXKOC383JxxVDdcaNlYsJ4RSyRGNeAGkW1bww7YQvHwj/bU1eIk0gKHhUBjkvXVL49lXf8VsXdXG3RE9pJPxH60LacjIHX+w9eGJxabtCOoQes2Ud60YygDKtjvxr2R524wk028TmF+ea8ekxa4ogIo/qtIKECuhGFmbd2l5zphhuWvJirYxV+0s1vrmqB5AZvmkrNHaz7icX66Yo7MWG1zgu89u15yXt3SsPqK1i+g==',
};

describe('the headers', () => {
  test.each(protocols)('of version %s are those that Chef’s own library makes', (protocol) => {
    const headers = signedHeaders(signer(protocol), PARTS);
    const algorithm = protocol === '1.3' ? 'sha256' : 'sha1';
    expect(headers).toMatchObject({
      'X-Ops-Sign': `algorithm=${algorithm};version=${protocol};`,
      'X-Ops-Userid': 'librarian',
      'X-Ops-Timestamp': '2025-07-28T01:34:51Z',
      'X-Ops-Content-Hash': createHash(algorithm).update(PARTS.body).digest('base64'),
      'X-Ops-Server-API-Version': '2',
    });
    const lines = authorizationOf(headers);
    expect(lines.map(({ length }) => length)).toEqual([60, 60, 60, 60, 60, 44]);
    expect(lines.join('')).toBe(GOLDEN[protocol]);
  });
});

const ORACLE = fileURLToPath(new URL('../../support/verify-chef-request.rb', import.meta.url));

const run = promisify(execFile);

/** Why the oracle cannot be asked; nothing when it can. */
const oracleMissing = async (): Promise<string | undefined> => {
  const ruby = whichExecutable('ruby');
  if (ruby === undefined) return 'ruby is not installed';
  const found = await run(ruby, ['-e', 'require "mixlib/authentication"']).then(
    () => true,
    () => false,
  );
  return found ? undefined : 'ruby-mixlib-authentication is not installed';
};

interface OracleRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const verdictsOf = async (requests: readonly OracleRequest[]): Promise<readonly string[]> => {
  let verdicts: readonly string[] = [];
  await inTemporaryDirectory(async (directory) => {
    const keyFile = join(directory, 'public.pem');
    await writeFile(keyFile, CHEF_PUBLIC_KEY);
    const asked = run(whichExecutable('ruby') ?? 'ruby', [ORACLE, keyFile]);
    asked.child.stdin?.end(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
    verdicts = (await asked).stdout.trim().split('\n');
  });
  return verdicts;
};

describe('mixlib-authentication', () => {
  const requests: readonly Pick<SignedParts, 'method' | 'path' | 'body'>[] = [
    { method: 'GET', path: '/organizations/fleet/environments/prod-1', body: '' },
    { method: 'GET', path: '/organizations/fleet/cookbooks?num_versions=all', body: '' },
    { method: 'PUT', path: '/organizations//fleet/environments/prod-1/', body: '{"name": "prod-1"}' },
    { method: 'POST', path: '/organizations/fleet/data', body: '{"name": "Zürich \u{1f682}"}' },
    { method: 'POST', path: '/', body: 'x'.repeat(100_000) },
  ];
  const signed = (protocol: SigningProtocol): readonly OracleRequest[] =>
    requests.map(({ method, path, body }) => ({
      method,
      path: path.replace(/\?.*/, ''),
      body,
      headers: signedHeaders(signer(protocol), { ...PARTS, method, path, body }),
    }));

  for (const protocol of protocols) {
    test(`believes requests that are signed with version ${protocol}, and no others`, async (context) => {
      const missing = await oracleMissing();
      if (missing !== undefined) context.skip(missing);
      const good = signed(protocol);
      const [first] = good;
      if (first === undefined) throw new Error('expected requests');
      const bad: readonly OracleRequest[] = [
        { ...first, body: 'another' },
        { ...first, method: 'PUT' },
        { ...first, path: '/organizations/fleet/environments/prod-2' },
        { ...first, headers: { ...first.headers, 'X-Ops-Userid': 'another' } },
        { ...first, headers: { ...first.headers, 'X-Ops-Timestamp': '2025-07-28T01:34:52Z' } },
        { ...first, headers: { ...first.headers, 'X-Ops-Authorization-1': 'A'.repeat(60) } },
      ];
      expect(await verdictsOf([...good, ...bad])).toEqual([...good.map(() => 'true'), ...bad.map(() => 'false')]);
    });
  }
});
