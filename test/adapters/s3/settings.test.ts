import { afterEach, describe, expect, test, vi } from 'vitest';
import { s3ArtifactStore, type S3Settings, s3SignalBus, s3StateStore } from '../../../src/adapters/s3/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { faultyProxy } from '../../support/faulty-proxy.ts';
import { recordedS3 } from '../../support/recorded-s3.ts';

const KEY = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};
const CREDENTIALS = { accessKeyId: 'access', secretAccessKey: 'secret' };

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('settings that cannot be meant are refused at once, by name', () => {
  const refused: Readonly<Record<string, readonly [Partial<S3Settings>, RegExp]>> = {
    'no bucket': [{ bucket: '' }, /^bucket: expected/],
    'an address in place of a bucket': [{ bucket: 's3://signals' }, /^bucket: expected/],
    'a bucket in capitals': [{ bucket: 'Signals' }, /^bucket: expected/],
    'a prefix that begins with a slash': [{ prefix: '/fleet' }, /^prefix: expected/],
    'a prefix that ends with a slash': [{ prefix: 'fleet/' }, /^prefix: expected/],
    'a prefix that leads elsewhere': [{ prefix: 'fleet/../other' }, /^prefix: expected/],
    'a prefix without end': [{ prefix: 'f'.repeat(257) }, /^prefix: expected/],
    'no time at all': [{ deadlineMs: 0 }, /^deadlineMs: expected/],
    'more time than a timer has': [{ deadlineMs: 2 ** 31 }, /^deadlineMs: expected/],
    'a time that is no number': [{ deadlineMs: Number.NaN }, /^deadlineMs: expected/],
    'an endpoint that is no address': [{ endpoint: 's3.example.com' }, /^endpoint: expected/],
    'an endpoint of another protocol': [{ endpoint: 'ftp://s3.example.com' }, /^endpoint: expected/],
    'an endpoint with a name in it': [{ endpoint: 'https://me:secret@s3.example.com' }, /^endpoint: expected/],
    'an endpoint without TLS': [{ endpoint: 'http://s3.example.com' }, /^endpoint: expected https.*allowHttp/],
    'one that only looks like this machine': [
      { endpoint: 'http://127.0.0.1.example.com' },
      /^endpoint: expected https/,
    ],
  };

  test.each(Object.entries(refused))('%s', (_name, [settings, message]) => {
    for (const make of [s3SignalBus, s3StateStore, s3ArtifactStore]) {
      expect(() => make({ bucket: 'signals', ...settings })).toThrow(TypeError);
      expect(() => make({ bucket: 'signals', ...settings })).toThrow(message);
    }
  });

  test.each([
    [{}],
    [{ prefix: 'fleet-1/eu' }],
    [{ endpoint: 'https://s3.example.com', pathStyle: true }],
    [{ endpoint: 'http://s3.example.com', allowHttp: true }],
    [{ endpoint: 'http://localhost:9000' }],
    [{ endpoint: 'http://[::1]:9000' }],
    [{ endpoint: 'http://127.0.0.1:9000' }],
  ])('and these are not: %j', (settings) => {
    expect(() => s3SignalBus({ bucket: 'signals', ...settings })).not.toThrow();
  });
});

test('no request goes out without TLS because the environment names such an endpoint', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://s3.example.com');
  const bus = s3SignalBus({ bucket: 'signals', region: 'us-east-1', credentials: CREDENTIALS });
  const reading = await bus.read(KEY, undefined);
  expect(reading._tag === 'Unavailable' && reading.detail).toContain('expected https, got http://');
});

test('fault 5: no credentials anywhere is Unavailable, and says where they are looked for', () =>
  inTemporaryDirectory(async (home) => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE', 'AWS_ROLE_ARN']) {
      vi.stubEnv(name, undefined);
    }
    vi.stubEnv('HOME', home);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const bus = s3SignalBus({ bucket: 'signals', region: 'us-east-1', endpoint: 'http://127.0.0.1:9' });
    const reading = await bus.read(KEY, undefined);
    expect(reading._tag === 'Unavailable' && reading.detail).toMatch(/give this process AWS credentials/);
  }));

test('fault 5: no region is Unavailable, and says how to give one', () =>
  inTemporaryDirectory(async (home) => {
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
    vi.stubEnv('HOME', home);
    const bus = s3SignalBus({ bucket: 'signals', endpoint: 'http://127.0.0.1:9', credentials: CREDENTIALS });
    const reading = await bus.read(KEY, undefined);
    expect(reading._tag === 'Unavailable' && reading.detail).toContain('set the region, or AWS_REGION');
  }));

test('credentials, region and profile are found where the SDK looks for them', async () => {
  const server = await recordedS3();
  const proxy = await faultyProxy(server.url);
  try {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'FROMENVIRONMENT');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    const bus = s3SignalBus({ bucket: 'signals', prefix: 'fleet/1', endpoint: proxy.url, pathStyle: true });
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    const [request] = proxy.requests;
    expect(request?.url.split('?')[0]).toBe('/signals/fleet/1/chef-run-triggers/basalt/prod-1');
    expect(request?.headers.authorization).toMatch(/Credential=FROMENVIRONMENT\/\d{8}\/eu-central-1\/s3\//);
  } finally {
    await proxy.close();
    await server.close();
  }
});
