/** The programs with their bus, state and artifacts in a bucket: real processes, a real server, nothing but URLs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { gcsSignalBus } from '../../../src/adapters/gcs/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import { fakeGcs } from '../../support/fake-gcs.ts';
import { fakeSts } from '../../support/fake-sts.ts';
import { faultyProxy } from '../../support/faulty-proxy.ts';
import { bucketAt } from '../../support/gcs-buckets.ts';
import { tarballOf } from '../../support/librarian-world.ts';
import type { S3Server } from '../../support/radosgw.ts';
import { recordedS3 } from '../../support/recorded-s3.ts';
import { type Ended, runSignalbox } from '../../support/run-signalbox.ts';
import { radosgw, type TestBuckets, testBuckets } from '../../support/s3-buckets.ts';

const START_AND_RUN_MS = 120_000;

/** Where the configuration below lets signals go. */
const KEY = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('dev'),
};

let directory = '';
let buckets: TestBuckets | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-places-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});
afterAll(() => buckets?.removeAll());

/** A place on radosgw that nothing else uses, and how a process gets there; skips where there is no radosgw. */
const onS3 = async (
  context: TestContext,
): Promise<{ readonly url: string; readonly server: S3Server; readonly env: Readonly<Record<string, string>> }> => {
  const server = await radosgw();
  if ('absent' in server) return context.skip(server.absent);
  const { settings } = await (buckets ??= testBuckets(server)).make();
  const { accessKeyId, secretAccessKey } = server;
  const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, HOME: directory };
  return { url: `s3://${settings.bucket}/${settings.prefix ?? ''}`, server, env };
};

const configure = (lines: readonly string[]): void => {
  writeFileSync(
    join(directory, 'plan.yaml'),
    [
      'name: web',
      'stacks: [basalt]',
      'stages:',
      '  - { name: latest, kind: latest, environments: [dev], every: 1m, grace: 1m, splay: 0 }',
    ].join('\n'),
  );
  writeFileSync(
    join(directory, 'config.yaml'),
    [
      'plan: plan.yaml',
      'chef_servers: { basalt: chef }',
      'node: web-17',
      'stack: basalt',
      'environment: dev',
      'node_state: node',
      'fallback_record: fallback-record',
      'spool: spool',
      'catch_up_splay: 0',
      'command: [/bin/sh, -c, "echo run >> runs"]',
      ...lines,
    ].join('\n'),
  );
};

const signalbox = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runSignalbox(['--config', 'config.yaml', ...args], directory, env);

/** The environment of a process that cannot find a package: one that is not there is one that does not resolve. */
const withoutPackage = (name: string): Readonly<Record<string, string>> => {
  const hook = [
    "import { registerHooks } from 'node:module';",
    'registerHooks({ resolve: (name, context, next) => {',
    `  if (name !== '${name}') return next(name, context);`,
    "  throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });",
    '} });',
  ].join('\n');
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
};

/** An artifact arrives, the train takes it, a node runs for its signal, and looks again at what has not changed. */
const fromArtifactToNode = async (env: Readonly<Record<string, string>>): Promise<void> => {
  writeFileSync(join(directory, '1.0.1.tar.gz'), tarballOf('1.0.1'));
  expect(await signalbox(['artifact', 'add', '1.0.1.tar.gz'], env)).toMatchObject({ code: 0, err: '' });
  expect((await signalbox(['artifact', 'list'], env)).out).toMatch(/1\.0\.1 +basalt/);
  const first = await signalbox(['summoner', '--once', '--json'], env);
  expect(JSON.parse(first.out)).toMatchObject({ reason: 'FirstRun', outcome: 'Succeeded' });

  const ticked = await signalbox(['train', 'tick'], env);
  expect(ticked).toMatchObject({ code: 0, err: '' });
  expect(ticked.out).toMatch(/^dev +Promoted +promoted to 1\.0\.1 on basalt/m);
  const followed = await signalbox(['summoner', '--once', '--json'], env);
  expect(JSON.parse(followed.out)).toMatchObject({ action: 'Start', version: '1.0.1', outcome: 'Succeeded' });
  const again = await signalbox(['summoner', '--once', '--json'], env);
  expect(JSON.parse(again.out)).toMatchObject({ action: 'Wait', refusal: null, outcome: null });
  expect(readFileSync(join(directory, 'runs'), 'utf8')).toBe('run\nrun\n');
};

describe('from an artifact to a node through a bucket', () => {
  it(
    'on S3 (radosgw)',
    async (context) => {
      const { url, server, env } = await onS3(context);
      configure([
        `bus: ${url}/signals`,
        `state: ${url}/state`,
        `artifacts: ${url}/artifacts`,
        `s3_endpoint: ${server.endpoint}`,
        `s3_region: ${server.region}`,
      ]);
      await fromArtifactToNode({ ...env, SIGNALBOX_S3_PATH_STYLE: 'true' });
    },
    START_AND_RUN_MS,
  );

  it(
    'on GCS (the fake)',
    async () => {
      const fake = await fakeGcs();
      try {
        const { settings } = await bucketAt(fake.endpoint);
        configure(['bus', 'state', 'artifacts'].map((field) => `${field}: gs://${settings.bucket}/fleet/${field}`));
        await fromArtifactToNode({ SIGNALBOX_GCS_ENDPOINT: fake.endpoint });
        const signal = await gcsSignalBus({ ...settings, prefix: 'fleet/bus' }).read(KEY, undefined);
        expect(JSON.parse(signal._tag === 'Fresh' ? signal.body : '{}')).toMatchObject({
          ManifestRecord: { s3_bucket: settings.bucket },
        });
      } finally {
        await fake.close();
      }
    },
    START_AND_RUN_MS,
  );
});

describe('the demo with its bus on S3 (radosgw)', () => {
  it(
    'T1: departs as it does on files',
    async (context) => {
      const { url, server, env } = await onS3(context);
      const demo = ['demo', '--hours', '2', '--nodes', '16', '--json'];
      const onBucket = await runSignalbox([...demo, '--bus', url, '--endpoint', server.endpoint], directory, env);
      expect(onBucket).toMatchObject({ code: 0, err: '' });
      expect(onBucket.out.trim().split('\n')).toHaveLength(4);
      expect(onBucket).toEqual(await runSignalbox(demo, directory));
    },
    START_AND_RUN_MS,
  );

  it('an endpoint without a bucket is a fault of usage', async () => {
    expect(await runSignalbox(['demo', '--endpoint', 'http://127.0.0.1:1'], directory)).toEqual({
      code: 64,
      out: '',
      err: 'signalbox: --endpoint: expected --bus s3://bucket/prefix or gs://bucket/prefix\n',
    });
  });
});

describe('a Summoner with s3_role_arn', () => {
  const ROLE = 'arn:aws:iam::123456789012:role/signalbox-node';

  /** The first run looks at no bus. */
  const runAndLook = async (env: Readonly<Record<string, string>>): Promise<void> => {
    const ran = await signalbox(['summoner', '--once', '--json'], env);
    expect(JSON.parse(ran.out)).toMatchObject({ reason: 'FirstRun', outcome: 'Succeeded' });
    const looked = await signalbox(['summoner', '--once', '--json'], env);
    expect(looked).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(looked.out)).toMatchObject({ action: 'Wait', refusal: null });
  };

  it('assumes the role under the name of what runs, and reads its signal as the role', async () => {
    const keys = { accessKeyId: 'OFTHEROLE', secretAccessKey: 'secret', sessionToken: 'token' };
    const sts = await fakeSts({ _tag: 'Keys', keys, lifetimeMs: 3_600_000 });
    const server = await recordedS3();
    const seen = await faultyProxy(server.url);
    try {
      configure(['bus: s3://signals/fleet-1', `s3_endpoint: ${seen.url}`, 's3_region: eu-west-1']);
      const env = {
        AWS_ACCESS_KEY_ID: 'CALLER',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_ENDPOINT_URL_STS: sts.url,
        SIGNALBOX_S3_PATH_STYLE: 'true',
        SIGNALBOX_S3_ROLE_ARN: ROLE,
        SIGNALBOX_S3_EXTERNAL_ID: 'agreed-upon',
      };
      await runAndLook(env);
      expect(sts.orders.map(({ parameters }) => parameters)).toMatchObject([
        {
          RoleArn: ROLE,
          RoleSessionName: expect.stringMatching(/^signalbox-summoner-[\w+=,.@-]+$/) as string,
          ExternalId: 'agreed-upon',
        },
      ]);
      expect(seen.requests.map(({ headers }) => headers.authorization)).toEqual([
        expect.stringContaining('Credential=OFTHEROLE/'),
      ]);
    } finally {
      await Promise.all([sts.close(), seen.close(), server.close()]);
    }
  });

  it('without @aws-sdk/credential-providers ends before it has begun', async () => {
    configure(['bus: s3://signals', `s3_role_arn: ${ROLE}`]);
    expect(await signalbox(['summoner', '--once'], withoutPackage('@aws-sdk/credential-providers'))).toEqual({
      code: 78,
      out: '',
      err: 'signalbox: s3_role_arn: needs @aws-sdk/credential-providers, which is not installed; npm install @aws-sdk/credential-providers\n',
    });
  });

  it('and who assumes none does not need that package', async () => {
    const server = await recordedS3();
    const seen = await faultyProxy(server.url);
    configure(['bus: s3://signals', `s3_endpoint: ${seen.url}`, 's3_region: eu-west-1', 's3_path_style: true']);
    const keys = { AWS_ACCESS_KEY_ID: 'CALLER', AWS_SECRET_ACCESS_KEY: 'secret' };
    const env = { ...keys, ...withoutPackage('@aws-sdk/credential-providers') };
    await runAndLook(env);
    expect(seen.requests).toHaveLength(1);
    await Promise.all([seen.close(), server.close()]);
  });
});

describe('a place that cannot be used ends a command before it has begun', () => {
  it.each([
    ['another scheme', ['bus: az://signals/fleet'], /bus: expected a path, a file: URL, s3:.* got "az:/],
    ['a bucket in capitals', ['bus: s3://Signals'], /: bus: bucket: expected 3 to 63 of a-z/],
    ['a prefix that leads elsewhere', ['bus: gs://signals/a/../b'], /: bus: prefix: expected names joined/],
    [
      'no TLS to S3',
      ['bus: s3://signals', 's3_endpoint: http://s3.example.com'],
      /: s3_endpoint: expected https, .*: set s3_allow_http if that is meant/,
    ],
    [
      'no TLS to GCS',
      ['bus: gs://signals', 'gcs_endpoint: http://gcs.example.com'],
      /: gcs_endpoint: expected https, .*: set gcs_allow_http if that is meant/,
    ],
    ['a role that is none', ['bus: s3://signals', 's3_role_arn: node'], /: s3_role_arn: expected the name of a role/],
    [
      'an external id that is none',
      ['bus: s3://signals', 's3_role_arn: arn:aws:iam::123456789012:role/node', 's3_external_id: "a b"'],
      /: s3_external_id: expected 2 to 1224 of/,
    ],
    ['a switch that is none', ['bus: s3://signals', 's3_path_style: perhaps'], /s3_path_style: expected boolean/],
    ['a plan in a bucket', ['bus: bus', 'plan: s3://signals/plan.yaml'], /plan: expected a path or file: URL/],
  ])('%s', async (_what, lines, message) => {
    configure([]);
    writeFileSync(
      join(directory, 'config.yaml'),
      ['node: web-17', 'stack: basalt', 'environment: dev', 'node_state: node', ...lines].join('\n'),
    );
    const ended = await signalbox(['summoner', '--once', '--dry-run']);
    expect(ended.err).toMatch(message);
    expect(ended).toMatchObject({ code: 78, out: '' });
  });

  it.each([
    ['s3', 'bus', '@aws-sdk/client-s3', ['summoner', '--once']],
    ['gs', 'bus', '@google-cloud/storage', ['summoner', '--once']],
    ['s3', 'artifacts', '@aws-sdk/client-s3', ['train', 'tick']],
  ])('%s:// in %s without %s', async (scheme, field, sdk, args) => {
    configure(
      ['bus', 'state', 'artifacts'].map((each) =>
        each === field ? `${each}: ${scheme}://signals` : `${each}: ${each}`,
      ),
    );
    mkdirSync(join(directory, 'bus'));
    expect(await signalbox(args, withoutPackage(sdk))).toEqual({
      code: 78,
      out: '',
      err: `signalbox: ${field}: ${scheme}://signals needs ${sdk}, which is not installed; npm install ${sdk}\n`,
    });
  });

  it('who uses files needs no SDK', async () => {
    configure(['bus: bus', 'state: state', 'artifacts: artifacts']);
    mkdirSync(join(directory, 'bus'));
    const hook = [
      "import { registerHooks } from 'node:module';",
      'registerHooks({ resolve: (name, context, next) => {',
      '  if (/adapters.(s3|gcs).(?!settings)|^@(aws-sdk|google-cloud)/.test(name)) throw new Error(name);',
      '  return next(name, context);',
      '} });',
    ].join('\n');
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
    expect(await signalbox(['train', 'tick', '--dry-run'], env)).toMatchObject({ code: 0, err: '' });
    expect(await signalbox(['summoner', '--once', '--dry-run'], env)).toMatchObject({ code: 0, err: '' });
  });
});
