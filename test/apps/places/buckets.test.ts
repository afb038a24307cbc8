/** The programs with their bus, state and artifacts in a bucket: real processes, a real server, nothing but URLs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { fakeGcs } from '../../support/fake-gcs.ts';
import { bucketAt } from '../../support/gcs-buckets.ts';
import { tarballOf } from '../../support/librarian-world.ts';
import type { S3Server } from '../../support/radosgw.ts';
import { type Ended, runSignalbox } from '../../support/run-signalbox.ts';
import { radosgw, type TestBuckets, testBuckets } from '../../support/s3-buckets.ts';

const START_AND_RUN_MS = 120_000;

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
    // A package that is not there is a package that does not resolve.
    const hook = [
      "import { registerHooks } from 'node:module';",
      'registerHooks({ resolve: (name, context, next) => {',
      `  if (name !== '${sdk}') return next(name, context);`,
      "  throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });",
      '} });',
    ].join('\n');
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
    expect(await signalbox(args, env)).toEqual({
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
