/**
 * What the documents in deploy/ mean to a server that enforces them: a Ceph gateway, which checks the signatures of a role
 * that was assumed, and the role's own policy, as Amazon does.
 */
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, type TestContext, vi } from 'vitest';
import { type S3Settings, s3ArtifactStore, s3SignalBus, s3StateStore } from '../../src/adapters/s3/index.ts';
import { exampleArtifact, exampleManifest, streamed } from '../../src/adapters/contracts/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../src/domain/names.ts';
import { type SignalKey, signalPath } from '../../src/domain/signal.ts';
import {
  missingForRadosgw,
  type RadosgwRole,
  roleArn,
  type S3ServerWithRoles,
  startRadosgwWithRoles,
} from '../support/radosgw.ts';

/** As the documents name it. */
const BUCKET = 'example-fleet';
const SIGNALS = 'fleet-1/signals';

const stack = nameFromLiteral(StackName);
const environment = nameFromLiteral(EnvironmentName);
const keyOf = (ofStack: StackName, name = environment('prod-1')): SignalKey => ({ stack: ofStack, environment: name });

const OWN = keyOf(stack('basalt'));
const OTHERS: readonly (readonly [string, string, SignalKey])[] = [
  ['another stack', SIGNALS, keyOf(stack('ironstone'))],
  ['a stack that is called alike', SIGNALS, keyOf(stack('basalt-2'))],
  ['another fleet', 'fleet-2/signals', OWN],
];
const MISSING = keyOf(stack('basalt'), environment('no-such-environment'));

let server: S3ServerWithRoles | undefined;

const gateway = (): S3ServerWithRoles => {
  if (server === undefined) throw new Error('expected a gateway that runs');
  return server;
};
const place = () => ({ region: gateway().region, endpoint: gateway().endpoint });

const clientOf = (credentials: NonNullable<ConstructorParameters<typeof S3Client>[0]>['credentials']): S3Client =>
  new S3Client({
    ...place(),
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    ...(credentials === undefined ? {} : { credentials }),
  });

/** Something under every key that the tests read, but for the missing one. */
const fillBucket = async (): Promise<void> => {
  const owner = clientOf(gateway());
  await owner.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const keys = [`${SIGNALS}/${signalPath(OWN)}`, 'fleet-1/state/control.json', 'fleet-2/state/control.json'];
  for (const [, prefix, key] of OTHERS) keys.push(`${prefix}/${signalPath(key)}`);
  for (const key of keys) await owner.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: '{}' }));
};

const missing = missingForRadosgw();

beforeAll(async () => {
  if (missing.length > 0) return;
  server = await startRadosgwWithRoles();
  await fillBucket();
});
afterAll(() => server?.stop());

beforeEach((context: TestContext) => {
  if (missing.length > 0) context.skip(`not installed: ${missing.join(', ')}`);
  vi.stubEnv('AWS_ENDPOINT_URL_STS', place().endpoint);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** The settings of somebody in a role, which has to be assumed first. */
const as = (role: RadosgwRole, prefix: string): S3Settings => ({
  ...place(),
  bucket: BUCKET,
  prefix,
  pathStyle: true,
  credentials: gateway().caller,
  role: { arn: roleArn(role), sessionName: 'signalbox-tests' },
});

/** A client in a role, for what no adapter does. */
const inRole = (role: RadosgwRole): S3Client =>
  clientOf(
    fromTemporaryCredentials({
      masterCredentials: gateway().caller,
      params: { RoleArn: roleArn(role), RoleSessionName: 'signalbox-tests' },
    }),
  );

const namesBelow = async (client: S3Client, prefix: string): Promise<readonly (string | undefined)[]> => {
  const { Contents: contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  return contents.map(({ Key: key }) => key);
};

const FORBIDDEN = { name: 'AccessDenied', $metadata: expect.objectContaining({ httpStatusCode: 403 }) as object };

test('whoever has no role may do nothing', async () => {
  const { role: _none, ...settings } = as('node', SIGNALS);
  expect(await s3SignalBus(settings).read(OWN, undefined)).toMatchObject({ _tag: 'Denied' });
});

describe("radosgw enforces deploy/s3-node-policy.json, a node's", () => {
  test('it reads the signals of its own stack, and is told that nothing has changed', async () => {
    const bus = s3SignalBus(as('node', SIGNALS));
    const first = await bus.read(OWN, undefined);
    expect(first).toMatchObject({ _tag: 'Fresh', body: '{}' });
    expect(await bus.read(OWN, first._tag === 'Fresh' ? first.revision : undefined)).toEqual({ _tag: 'Unchanged' });
  });

  test.each(OTHERS)('it may not read the signal of %s', async (_what, prefix, key) => {
    expect(await s3SignalBus(as('node', prefix)).read(key, undefined)).toMatchObject({
      _tag: 'Denied',
      detail: expect.stringMatching(/answered 403 AccessDenied/) as string,
    });
  });

  test('it may not read the state, nor whether there is a signal of another stack', async () => {
    expect(await s3StateStore(as('node', 'fleet-1/state')).read('control.json')).toMatchObject({ _tag: 'Unavailable' });
    const elsewhere = { ...MISSING, stack: stack('ironstone') };
    expect(await s3SignalBus(as('node', SIGNALS)).read(elsewhere, undefined)).toMatchObject({ _tag: 'Denied' });
  });

  test('it writes nothing: neither over its signal nor beside it', async () => {
    const bus = s3SignalBus(as('node', SIGNALS));
    const before = await bus.read(OWN, undefined);
    const revision = before._tag === 'Fresh' ? before.revision : undefined;
    expect(await bus.write(OWN, '{"a": 1}', revision)).toMatchObject({
      _tag: 'Unknown',
      detail: expect.stringMatching(/answered 403 AccessDenied/) as string,
    });
    expect(await bus.write(MISSING, '{}', undefined)).toMatchObject({ _tag: 'Unknown' });
    expect(await bus.read(OWN, undefined)).toEqual(before);
    const own = `${SIGNALS}/${signalPath(OWN)}`;
    await expect(inRole('node').send(new DeleteObjectCommand({ Bucket: BUCKET, Key: own }))).rejects.toMatchObject(
      FORBIDDEN,
    );
  });

  test('it lists the signals of its own stack, and nothing outside', async () => {
    const client = inRole('node');
    expect(await namesBelow(client, `${SIGNALS}/chef-run-triggers/basalt/`)).toEqual([`${SIGNALS}/${signalPath(OWN)}`]);
    for (const prefix of ['', 'fleet-1/', `${SIGNALS}/chef-run-triggers/`, `${SIGNALS}/chef-run-triggers/ironstone/`]) {
      await expect(namesBelow(client, prefix)).rejects.toMatchObject(FORBIDDEN);
    }
  });

  test('a missing signal is Missing; a Ceph before 2026, which asks for s3:prefix in lists only, says so without the condition', async () => {
    const { _tag: told } = await s3SignalBus(as('node', SIGNALS)).read(MISSING, undefined);
    expect(['Missing', 'Denied']).toContain(told);
    expect(await s3SignalBus(as('node-unconditional', SIGNALS)).read(MISSING, undefined)).toEqual({ _tag: 'Missing' });
  });
});

describe("radosgw enforces deploy/s3-librarian-policy.json, the Librarian's", () => {
  test('it reads and replaces the signals and the state of its own fleet', async () => {
    const bus = s3SignalBus(as('librarian', SIGNALS));
    const key = keyOf(stack('ironstone'));
    const read = await bus.read(key, undefined);
    const revision = read._tag === 'Fresh' ? read.revision : undefined;
    expect(await bus.write(key, '{"a": 1}', revision)).toMatchObject({ _tag: 'Landed' });
    expect(await s3StateStore(as('librarian', 'fleet-1/state')).read('control.json')).toMatchObject({ _tag: 'Found' });
  });

  test('it may neither read nor write another fleet', async () => {
    const store = s3StateStore(as('librarian', 'fleet-2/state'));
    for (const outcome of [await store.read('control.json'), await store.write('new.json', '{}', undefined)]) {
      expect(outcome).toMatchObject({ detail: expect.stringMatching(/answered 403 AccessDenied/) as string });
    }
  });

  test('it lists its own fleet only, and removes nothing', async () => {
    const client = inRole('librarian');
    expect(await namesBelow(client, 'fleet-1/state/')).toEqual(['fleet-1/state/control.json']);
    for (const prefix of ['', 'fleet-2/']) await expect(namesBelow(client, prefix)).rejects.toMatchObject(FORBIDDEN);
    const order = new DeleteObjectCommand({ Bucket: BUCKET, Key: 'fleet-1/state/control.json' });
    await expect(client.send(order)).rejects.toMatchObject(FORBIDDEN);
  });

  test('it keeps artifacts; on a Ceph before 2026 without the condition, since it has to know what is missing', async () => {
    const { record, tarball } = exampleArtifact(exampleManifest('1.0.1', { apt: '7.5.23' }));
    const store = s3ArtifactStore(as('librarian-unconditional', 'fleet-1/artifacts'));
    expect(await store.add(record, streamed(tarball))).toEqual({ _tag: 'Added' });
    const shipped = s3ArtifactStore(as('librarian', 'fleet-1/artifacts'));
    expect(await shipped.list()).toEqual({ _tag: 'Listed', artifacts: [record] });
    expect(await shipped.open(record.version)).toMatchObject({ _tag: 'Opened', record });
  });
});
