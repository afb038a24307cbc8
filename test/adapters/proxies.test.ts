/** What the settings of proxies do that documents name: docs/s3-and-gcs.md says what an operator may rely on. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Storage } from '@google-cloud/storage';
import { gcsSignalBus } from '../../src/adapters/gcs/index.ts';
import { type S3Settings, s3SignalBus } from '../../src/adapters/s3/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../src/domain/names.ts';
import { fakeGcs } from '../support/fake-gcs.ts';
import { fakeSts } from '../support/fake-sts.ts';
import { type ForwardProxy, forwardProxy } from '../support/forward-proxy.ts';
import { bucketAt } from '../support/gcs-buckets.ts';
import { recordedS3 } from '../support/recorded-s3.ts';

const KEY = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};
const PLACE: S3Settings = {
  bucket: 'signals',
  region: 'eu-west-1',
  credentials: { accessKeyId: 'access', secretAccessKey: 'secret' },
};

let proxy: ForwardProxy;

beforeEach(async () => {
  proxy = await forwardProxy();
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'ALL_PROXY']) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toLowerCase(), undefined);
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await proxy.close();
});

describe('S3, by the environment that its settings hold', () => {
  test('HTTPS_PROXY is asked for a tunnel to S3, and its refusal is Unavailable', async () => {
    const bus = s3SignalBus({ ...PLACE, proxyEnvironment: { HTTPS_PROXY: proxy.url } });
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Unavailable' });
    expect(proxy.asked).toEqual(['CONNECT signals.s3.eu-west-1.amazonaws.com:443']);
  });

  test('HTTP_PROXY passes on requests to a server without TLS, whose signature stays good for that server', async () => {
    const server = await recordedS3();
    const environment = { http_proxy: proxy.url };
    const bus = s3SignalBus({ ...PLACE, endpoint: server.url, pathStyle: true, proxyEnvironment: environment });
    expect(await bus.write(KEY, '{}', undefined)).toMatchObject({ _tag: 'Landed' });
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Fresh', body: '{}' });
    const url = `${server.url}/signals/chef-run-triggers/basalt/prod-1`;
    expect(proxy.asked.map((asked) => asked.split('?')[0])).toEqual([url, url]);
    await server.close();
  });

  test('the service that gives out a role is reached through it as well', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'https://sts.example.com');
    const role = { arn: 'arn:aws:iam::123456789012:role/node', sessionName: 'signalbox' };
    const bus = s3SignalBus({ ...PLACE, role, proxyEnvironment: { HTTPS_PROXY: proxy.url } });
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Unavailable' });
    expect(proxy.asked).toEqual(['CONNECT sts.example.com:443']);
  });

  test.each([
    ['NO_PROXY', { HTTP_PROXY: 'set', NO_PROXY: '127.0.0.1' }],
    ['an environment without one', {}],
  ])('%s goes straight there', async (_what, { HTTP_PROXY, ...rest }: { HTTP_PROXY?: string; NO_PROXY?: string }) => {
    const server = await recordedS3();
    const environment = { ...rest, ...(HTTP_PROXY === undefined ? {} : { HTTP_PROXY: proxy.url }) };
    const bus = s3SignalBus({ ...PLACE, endpoint: server.url, pathStyle: true, proxyEnvironment: environment });
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(proxy.asked).toEqual([]);
    await server.close();
  });

  test('the variables of the process mean nothing to who does not hand them over', async () => {
    vi.stubEnv('HTTP_PROXY', proxy.url);
    const server = await recordedS3();
    const bus = s3SignalBus({ ...PLACE, endpoint: server.url, pathStyle: true });
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(proxy.asked).toEqual([]);
    await server.close();
  });

  test('a web identity is exchanged through it as well', async () => {
    const sts = await fakeSts({ _tag: 'Silence' });
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'PROFILE']) vi.stubEnv(`AWS_${name}`, undefined);
    vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/node');
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', import.meta.filename);
    const { credentials: _none, ...place } = PLACE;
    const bus = s3SignalBus({ ...place, deadlineMs: 500, proxyEnvironment: { HTTP_PROXY: proxy.url } });
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Unavailable' });
    expect(proxy.asked).toEqual([`${sts.url}/`]);
    await sts.close();
  });
});

describe('Cloud Storage, by the environment of the process', () => {
  /** Credentials that are there already, so that only the bucket is asked. */
  const withToken = () => {
    const { authClient } = new Storage();
    return authClient.fromAPIKey('a-key');
  };

  test('HTTPS_PROXY is asked for a tunnel to Cloud Storage, and what it answers is taken for the answer', async () => {
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const bus = gcsSignalBus({ bucket: 'example-signals', authClient: withToken() });
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Denied' });
    expect(proxy.asked).toEqual(['CONNECT storage.googleapis.com:443']);
  });

  test('a tunnel is asked for to a server without TLS as well', async () => {
    const fake = await fakeGcs();
    const { settings } = await bucketAt(fake.endpoint);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const bus = gcsSignalBus(settings);
    expect(await bus.write(KEY, '{}', undefined)).toMatchObject({ _tag: 'Landed' });
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Fresh', body: '{}' });
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${new URL(fake.endpoint).host}`]));
    await fake.close();
  });

  test('NO_PROXY goes straight there', async () => {
    const fake = await fakeGcs();
    const { settings } = await bucketAt(fake.endpoint);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', '127.0.0.1,.example.com');
    expect(await gcsSignalBus(settings).read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(proxy.asked).toEqual([]);
    await fake.close();
  });
});
