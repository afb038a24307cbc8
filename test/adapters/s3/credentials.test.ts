import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  s3ArtifactStore,
  type S3Role,
  type S3Settings,
  s3SignalBus,
  s3StateStore,
} from '../../../src/adapters/s3/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import { temporaryDirectory } from '../../support/contract.ts';
import { type FakeSts, fakeSts, type StsAnswer } from '../../support/fake-sts.ts';
import { type FaultyProxy, faultyProxy } from '../../support/faulty-proxy.ts';
import { type RecordedS3, recordedS3 } from '../../support/recorded-s3.ts';

const KEY = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};
const ROLE: S3Role = {
  arn: 'arn:aws:iam::123456789012:role/signalbox-node',
  externalId: 'agreed-upon',
  sessionName: 'signalbox-summoner-web-17',
};
const CALLER = { accessKeyId: 'CALLER', secretAccessKey: 'callers-secret' };
const KEYS = { accessKeyId: 'OFTHEROLE', secretAccessKey: 'roles-secret', sessionToken: 'roles-token' };
const HOUR_MS = 3_600_000;
const GIVEN: StsAnswer = { _tag: 'Keys', keys: KEYS, lifetimeMs: HOUR_MS };
const WEB_TOKEN = 'a-web-identity-token';
const SECRETS = [CALLER.secretAccessKey, KEYS.secretAccessKey, KEYS.sessionToken, WEB_TOKEN, ROLE.externalId ?? ''];

let sts: FakeSts;
let server: RecordedS3;
/** Between the client and S3, to see what was asked. */
let seen: FaultyProxy;
let home: { readonly path: string; readonly remove: () => Promise<void> };

beforeEach(async () => {
  [sts, server, home] = await Promise.all([fakeSts(GIVEN), recordedS3(), temporaryDirectory()]);
  seen = await faultyProxy(server.url);
  for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN', 'PROFILE', 'ROLE_ARN', 'REGION']) {
    vi.stubEnv(`AWS_${name}`, undefined);
  }
  vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('HOME', home.path);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([sts.close(), seen.close(), home.remove()]);
  await server.close();
});

const settingsOf = (more: Partial<S3Settings>): S3Settings => ({
  bucket: 'signals',
  region: 'eu-west-1',
  endpoint: seen.url,
  pathStyle: true,
  ...more,
});

const tokenFile = async (): Promise<string> => {
  const file = join(home.path, 'token');
  await writeFile(file, WEB_TOKEN);
  return file;
};

/** Lets the default chain find a web identity, as a pod has one. */
const withWebIdentity = async (): Promise<void> => {
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', await tokenFile());
  vi.stubEnv('AWS_ROLE_ARN', ROLE.arn);
  vi.stubEnv('AWS_ROLE_SESSION_NAME', ROLE.sessionName);
};

const signedBy = (keys: string, region = 'eu-west-1'): RegExp =>
  new RegExp(`^AWS4-HMAC-SHA256 Credential=${keys}/\\d{8}/${region}/s3/aws4_request`);

const expectNoSecret = (detail: string): void => {
  for (const secret of SECRETS) expect(detail).not.toContain(secret);
};

describe('a role that is configured', () => {
  test('is assumed once by whom the SDK finds, and its keys sign every request', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', CALLER.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', CALLER.secretAccessKey);
    const bus = s3SignalBus(settingsOf({ role: ROLE }));
    expect(await bus.write(KEY, '{}', undefined)).toMatchObject({ _tag: 'Landed' });
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Fresh' });
    expect(sts.orders).toHaveLength(1);
    const [order] = sts.orders;
    expect(order?.parameters).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: ROLE.arn,
      RoleSessionName: ROLE.sessionName,
      ExternalId: ROLE.externalId,
    });
    expect(order?.headers.authorization).toMatch(/Credential=CALLER\/\d{8}\/eu-west-1\/sts\//);
    expect(seen.requests.map(({ method }) => method)).toEqual(['PUT', 'GET']);
    for (const { headers } of seen.requests) {
      expect(headers.authorization).toMatch(signedBy(KEYS.accessKeyId));
      expect(headers['x-amz-security-token']).toBe(KEYS.sessionToken);
    }
  });

  test('is assumed by the fixed keys where there are some, and without an external id where none is agreed upon', async () => {
    const { externalId: _none, ...role } = ROLE;
    const bus = s3SignalBus(settingsOf({ role, credentials: CALLER }));
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(sts.orders[0]?.headers.authorization).toContain('Credential=CALLER/');
    expect(sts.orders[0]?.parameters).not.toHaveProperty('ExternalId');
  });

  test('is assumed by a profile where one is named', async () => {
    const file = join(home.path, 'credentials');
    await writeFile(file, '[fleet]\naws_access_key_id = OFTHEPROFILE\naws_secret_access_key = callers-secret\n');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
    const bus = s3SignalBus(settingsOf({ role: ROLE, profile: 'fleet' }));
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(sts.orders[0]?.headers.authorization).toContain('Credential=OFTHEPROFILE/');
  });

  test('is assumed by a web identity where the environment has one', async () => {
    await withWebIdentity();
    const bus = s3SignalBus(settingsOf({ role: { ...ROLE, arn: 'arn:aws:iam::210987654321:role/bucket-reader' } }));
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(sts.orders.map(({ parameters }) => parameters['Action'])).toEqual([
      'AssumeRoleWithWebIdentity',
      'AssumeRole',
    ]);
    expect(sts.orders[1]?.headers['x-amz-security-token']).toBe(KEYS.sessionToken);
  });

  test('is assumed again before its keys expire', async () => {
    sts.answer({ ...GIVEN, lifetimeMs: 60_000 });
    const bus = s3SignalBus(settingsOf({ role: ROLE, credentials: CALLER }));
    await bus.read(KEY, undefined);
    sts.answer({ ...GIVEN, keys: { ...KEYS, accessKeyId: 'RENEWED' } });
    await bus.read(KEY, undefined);
    expect(seen.requests.at(-1)?.headers.authorization).toMatch(signedBy('RENEWED'));
    const asked = sts.orders.length;
    await bus.read(KEY, undefined);
    expect(sts.orders).toHaveLength(asked);
  });

  test('fault 2: that may not be assumed is Denied, says who has to allow it, and asks nothing of the bucket', async () => {
    const message = `User: CALLER is not authorized to perform: sts:AssumeRole on resource: ${ROLE.arn}`;
    sts.answer({ _tag: 'Failure', status: 403, code: 'AccessDenied', message });
    const settings = settingsOf({ role: ROLE, credentials: CALLER });
    const reading = await s3SignalBus(settings).read(KEY, undefined);
    expect(reading).toEqual({
      _tag: 'Denied',
      detail:
        `read s3://signals/chef-run-triggers/basalt/prod-1: assume ${ROLE.arn}: answered 403 AccessDenied: ${message}; ` +
        'allow this caller to assume the role: in its own policy and in the trust policy of the role',
    });
    expect(await s3SignalBus(settings).write(KEY, '{}', undefined)).toMatchObject({ _tag: 'Unknown' });
    expect(await s3StateStore(settings).read('control.json')).toMatchObject({ _tag: 'Unavailable' });
    expect(await s3ArtifactStore(settings).list()).toMatchObject({ _tag: 'Unavailable' });
    expect(seen.requests).toEqual([]);
  });

  test('fault 5: from a service that answers with a page is Unavailable, whatever the status means to an object', async () => {
    const bus = s3SignalBus(settingsOf({ role: ROLE, credentials: CALLER }));
    for (const status of [302, 304, 404, 412, 500]) {
      sts.answer({ _tag: 'Page', status, body: '<html>log in' });
      const reading = await bus.read(KEY, 'a-revision');
      expect(reading).toMatchObject({ _tag: 'Unavailable' });
      expect('detail' in reading && reading.detail).toMatch(
        new RegExp(`: assume ${ROLE.arn}: answered ${status}, and not in the words of STS: look for a proxy`),
      );
    }
    expect(seen.requests).toEqual([]);
  });

  test('fault 5: from a service that is not there is Unavailable, and says which variable leads to it', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://127.0.0.1:9');
    const reading = await s3SignalBus(settingsOf({ role: ROLE, credentials: CALLER })).read(KEY, undefined);
    expect(reading).toMatchObject({
      _tag: 'Unavailable',
      detail: expect.stringMatching(/check AWS_ENDPOINT_URL_STS$/) as string,
    });
  });

  test('is asked for over TLS, or not at all', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://sts.example.com');
    const reading = await s3SignalBus(settingsOf({ role: ROLE, credentials: CALLER })).read(KEY, undefined);
    expect(reading).toMatchObject({
      _tag: 'Unavailable',
      detail: expect.stringContaining('expected https, got http://sts.example.com') as string,
    });
  });

  test.each<[string, Partial<S3Role>, RegExp]>([
    ['a name in place of an arn', { arn: 'signalbox-node' }, /^role\.arn: expected .*got "signalbox-node"$/],
    ['the arn of a user', { arn: 'arn:aws:iam::123456789012:user/me' }, /^role\.arn: expected/],
    ['an external id with a space', { externalId: 'agreed upon' }, /^role\.externalId: .*, got 11 characters$/],
    ['a session without a name', { sessionName: '' }, /^role\.sessionName: expected 2 to 64/],
  ])('%s is refused at once, by name', (_what, fault, message) => {
    expect(() => s3SignalBus(settingsOf({ role: { ...ROLE, ...fault } }))).toThrow(message);
  });
});

describe('a web identity that the environment names', () => {
  test('gives the keys that sign every request, over no package but the SDK', async () => {
    await withWebIdentity();
    const bus = s3SignalBus(settingsOf({}));
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(sts.orders.map(({ parameters }) => parameters)).toMatchObject([
      {
        Action: 'AssumeRoleWithWebIdentity',
        RoleArn: ROLE.arn,
        RoleSessionName: ROLE.sessionName,
        WebIdentityToken: WEB_TOKEN,
      },
    ]);
    for (const { headers } of seen.requests) {
      expect(headers.authorization).toMatch(signedBy(KEYS.accessKeyId));
      expect(headers['x-amz-security-token']).toBe(KEYS.sessionToken);
    }
  });

  test.each([
    [403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', /trust policy of the role$/],
    [
      400,
      'ExpiredTokenException',
      'Token expired: current date/time 1 must be before 2',
      /AWS_WEB_IDENTITY_TOKEN_FILE names$/,
    ],
    [
      400,
      'InvalidIdentityToken',
      'No OpenIDConnect provider found in your account',
      /identity provider of the account/,
    ],
  ])('fault 2: that is refused with %i %s is Denied, and says the way out', async (status, code, message, wayOut) => {
    await withWebIdentity();
    sts.answer({ _tag: 'Failure', status, code, message });
    const reading = await s3SignalBus(settingsOf({})).read(KEY, undefined);
    expect(reading).toMatchObject({ _tag: 'Denied', detail: expect.stringMatching(wayOut) as string });
    expectNoSecret(JSON.stringify(reading));
  });

  test('fault 5: whose token is not where it should be is Unavailable, and says which variable to correct', async () => {
    await withWebIdentity();
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', join(home.path, 'nowhere'));
    const reading = await s3SignalBus(settingsOf({})).read(KEY, undefined);
    expect(reading).toMatchObject({
      _tag: 'Unavailable',
      detail: expect.stringMatching(/ENOENT.*nowhere.*such as AWS_WEB_IDENTITY_TOKEN_FILE/) as string,
    });
  });
});

describe.each<[string, () => Promise<Partial<S3Settings>>]>([
  ['a role', async () => ({ role: ROLE, credentials: CALLER })],
  [
    'a web identity',
    async () => {
      await withWebIdentity();
      // The SDK tries three times by itself.
      vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
      return {};
    },
  ],
])('fault 6: the service that gives out keys never answers who asks for %s', (_whom, credentials) => {
  test('each look ends at its deadline, and the service is asked anew', async () => {
    const bus = s3SignalBus(settingsOf({ ...(await credentials()), deadlineMs: 200 }));
    sts.answer({ _tag: 'Silence' });
    for (let look = 1; look <= 3; look++) {
      expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Unavailable' });
    }
    expect(sts.orders.length).toBeGreaterThan(1);
    expect(seen.requests).toEqual([]);
    sts.answer(GIVEN);
    await vi.waitFor(async () => expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' }));
  });
});

test('no answer about credentials holds a secret', async () => {
  const details: string[] = [];
  const answers: readonly StsAnswer[] = [
    { _tag: 'Failure', status: 403, code: 'SignatureDoesNotMatch', message: 'The request signature does not match' },
    { _tag: 'Failure', status: 403, code: 'InvalidClientTokenId', message: 'The security token is invalid' },
    { _tag: 'Page', status: 200, body: `<html>${KEYS.secretAccessKey}` },
    { _tag: 'Page', status: 200, body: `<AssumeRoleResponse><SecretAccessKey>${KEYS.secretAccessKey}` },
    { _tag: 'Page', status: 500, body: KEYS.secretAccessKey },
  ];
  for (const answer of answers) {
    sts.answer(answer);
    const reading = await s3SignalBus(settingsOf({ role: ROLE, credentials: CALLER })).read(KEY, undefined);
    if (!('detail' in reading)) throw new Error(`expected a failure, got ${reading._tag}`);
    details.push(reading.detail);
  }
  expect(details).toHaveLength(answers.length);
  for (const detail of details) expectNoSecret(detail);
});
