import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleArtifact, exampleManifest, streamed } from '../../../src/adapters/contracts/index.ts';
import { encodeArtifactRecord } from '../../../src/adapters/artifact-format/index.ts';
import { s3ArtifactStore } from '../../../src/adapters/s3/index.ts';
import type { ArtifactStore } from '../../../src/ports/artifact-store.ts';
import { type Fault, faultyProxy, type FaultyProxy, type SeenRequest } from '../../support/faulty-proxy.ts';
import {
  type AbsentServer,
  radosgw,
  type TestBucket,
  testBuckets,
  type TestBuckets,
} from '../../support/s3-buckets.ts';
import { version } from '../../support/slack.ts';

const V1 = '20250728.1753666491.0';
const artifactOf = (name: string, recipe?: string) => exampleArtifact(exampleManifest(name, { apt: '7.5.23' }), recipe);
const FIRST = artifactOf(V1);
const NONE: Fault = { _tag: 'None' };

const isTarball = ({ url }: SeenRequest): boolean => url.includes('.tar.gz');
const isRecord = ({ url }: SeenRequest): boolean => url.includes('/record.json');

const bytesOf = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
};

interface World extends TestBucket {
  readonly store: ArtifactStore;
  readonly another: () => ArtifactStore;
  readonly proxy: FaultyProxy;
}

describe('S3 artifact store', () => {
  let server: AbsentServer | undefined;
  let buckets: TestBuckets | undefined;
  let proxy: FaultyProxy | undefined;

  beforeAll(async () => {
    const found = await radosgw();
    if ('absent' in found) server = found;
    else {
      buckets = testBuckets(found);
      proxy = await faultyProxy(found.endpoint);
    }
  });
  afterAll(async () => {
    await proxy?.close();
    await buckets?.removeAll();
  });

  const inWorld = (title: string, act: (world: World) => Promise<void>): void =>
    test(title, async (context) => {
      if (buckets === undefined || proxy === undefined) return context.skip(server?.absent);
      proxy.misbehave(() => NONE);
      const bucket = await buckets.make();
      const another = () => s3ArtifactStore({ ...bucket.settings, endpoint: proxy?.url ?? '', deadlineMs: 1_500 });
      await act({ ...bucket, store: another(), another, proxy });
    });

  inWorld('an artifact is a tarball named by its checksum, and a record beside it', async ({ store, proxy }) => {
    const before = proxy.requests.length;
    expect(await store.add(FIRST.record, streamed(FIRST.tarball))).toEqual({ _tag: 'Added' });
    const written = proxy.requests.slice(before).filter(({ method }) => method === 'PUT');
    expect(written.map(({ url }) => url.split('?')[0]?.split('/fleet/')[1])).toEqual([
      `${V1}/${FIRST.record.sha256}.tar.gz`,
      `${V1}/record.json`,
    ]);
    expect(written.map(({ headers }) => headers['if-none-match'])).toEqual(['*', '*']);
    expect(written[0]?.headers['x-amz-checksum-sha256']).toBe(
      Buffer.from(FIRST.record.sha256, 'hex').toString('base64'),
    );
  });

  inWorld('more artifacts than a page of the listing holds are all listed, and read once', async (world) => {
    const names = Array.from({ length: 1_001 }, (_, n) => `1.0.${n}`);
    const left = [...names];
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let name = left.pop(); name !== undefined; name = left.pop()) {
          await world.plant(
            `${name}/record.json`,
            Buffer.from(encodeArtifactRecord({ ...FIRST.record, version: version(name) })),
          );
        }
      }),
    );
    const listed = await world.store.list();
    expect(listed._tag === 'Listed' && listed.artifacts.map((record) => record.version).toSorted()).toEqual(
      names.toSorted(),
    );
    const before = world.proxy.requests.length;
    expect((await world.store.list())._tag).toBe('Listed');
    expect(world.proxy.requests.length - before).toBe(2);
  });

  inWorld('what else lies in the bucket is no artifact', async ({ store, plant }) => {
    await store.add(FIRST.record, streamed(FIRST.tarball));
    for (const path of ['record.json', 'a b/record.json', `${V1}/deeper/record.json`, '2.0/other.json']) {
      await plant(path, Buffer.from('{}'));
    }
    expect(await store.list()).toEqual({ _tag: 'Listed', artifacts: [FIRST.record] });
  });

  inWorld('fault 72: a record that was damaged by hand is named, and stays', async ({ store, plant }) => {
    await plant(`${V1}/record.json`, Buffer.from('{"version": "1.0"'));
    for (const answer of [
      await store.list(),
      await store.open(FIRST.record.version),
      await store.add(FIRST.record, streamed(FIRST.tarball)),
    ]) {
      expect(answer._tag).toBe('Unavailable');
      expect('detail' in answer && answer.detail).toMatch(/\/record\.json: .*restore it, or remove it/);
    }
    await plant(`${V1}/record.json`, Buffer.from(encodeArtifactRecord({ ...FIRST.record, version: version('1.0') })));
    const renamed = await store.open(FIRST.record.version);
    expect(renamed._tag === 'Unavailable' && renamed.detail).toContain(`version: expected ${V1}`);
  });

  inWorld('fault 70: a record whose tarball is not there cannot be opened', async ({ store, plant }) => {
    await plant(`${V1}/record.json`, Buffer.from(encodeArtifactRecord(FIRST.record)));
    const opened = await store.open(FIRST.record.version);
    expect(opened._tag === 'Unavailable' && opened.detail).toContain(`${FIRST.record.sha256}.tar.gz`);
  });

  inWorld('an addition that was interrupted after its tarball is finished by the next', async ({ store, proxy }) => {
    proxy.misbehave((request) =>
      isRecord(request) && request.method === 'PUT' ? { _tag: 'Answer', status: 503 } : NONE,
    );
    expect((await store.add(FIRST.record, streamed(FIRST.tarball)))._tag).toBe('Unavailable');
    expect(await store.list()).toEqual({ _tag: 'Listed', artifacts: [] });
    proxy.misbehave(() => NONE);
    expect(await store.add(FIRST.record, streamed(FIRST.tarball))).toEqual({ _tag: 'Added' });
    const opened = await store.open(FIRST.record.version);
    expect(opened._tag === 'Opened' && (await bytesOf(opened.tarball)).equals(FIRST.tarball)).toBe(true);
  });

  inWorld('fault 29: a record whose answer was lost is read back', async ({ store, proxy }) => {
    proxy.misbehave((request) =>
      isRecord(request) && request.method === 'PUT' ? { _tag: 'Drop', when: 'AfterServer' } : NONE,
    );
    expect(await store.add(FIRST.record, streamed(FIRST.tarball))).toEqual({ _tag: 'AlreadyThere' });
    proxy.misbehave(() => NONE);
    const other = artifactOf(V1, 'log "other bytes"');
    expect((await store.add(other.record, streamed(other.tarball)))._tag).toBe('DifferentBytes');
  });

  inWorld('fault 7: a stored tarball that drips makes its reader fail at the deadline', async ({ store, proxy }) => {
    await store.add(FIRST.record, streamed(FIRST.tarball));
    proxy.misbehave((request) =>
      isTarball(request) && request.method === 'GET' ? { _tag: 'Drip', everyMs: 50 } : NONE,
    );
    const opened = await store.open(FIRST.record.version);
    if (opened._tag !== 'Opened') throw new Error(JSON.stringify(opened));
    await expect(bytesOf(opened.tarball)).rejects.toThrow(/open s3:.*DeadlineExceeded/);
    await expect.poll(proxy.waiting).toBe(0);
  });

  inWorld('fault 9: a stored tarball that is cut off makes its reader fail', async ({ store, proxy }) => {
    await store.add(FIRST.record, streamed(FIRST.tarball));
    proxy.misbehave((request) =>
      isTarball(request) && request.method === 'GET' ? { _tag: 'Truncate', afterBytes: 10 } : NONE,
    );
    const opened = await store.open(FIRST.record.version);
    if (opened._tag !== 'Opened') throw new Error(JSON.stringify(opened));
    await expect(bytesOf(opened.tarball)).rejects.toThrow(/open s3:/);
  });

  inWorld('fault 4: a reader asks again, up to three times, of a server that is busy', async ({ store, proxy }) => {
    await store.add(FIRST.record, streamed(FIRST.tarball));
    let asked = 0;
    proxy.misbehave((request) => {
      if (!isRecord(request)) return NONE;
      asked += 1;
      return asked < 3 ? { _tag: 'Answer', status: 503 } : NONE;
    });
    expect((await store.open(FIRST.record.version))._tag).toBe('Opened');
    asked = -10;
    expect((await store.open(FIRST.record.version))._tag).toBe('Unavailable');
    expect(asked).toBe(-7);
  });

  inWorld('fault 6: a reader that has waited for its whole deadline does not ask again', async (world) => {
    const { settings, proxy } = world;
    await world.store.add(FIRST.record, streamed(FIRST.tarball));
    const hurried = s3ArtifactStore({ ...settings, endpoint: proxy.url, deadlineMs: 300 });
    proxy.misbehave(() => ({ _tag: 'Silence', when: 'BeforeServer' }));
    const before = proxy.requests.length;
    expect((await hurried.open(FIRST.record.version))._tag).toBe('Unavailable');
    expect(proxy.requests.length - before).toBeLessThan(2);
  });

  inWorld('fault 70: a wrong tarball breaks its request off at once, and not at the deadline', async (world) => {
    const { settings, proxy } = world;
    const store = s3ArtifactStore({ ...settings, endpoint: proxy.url, deadlineMs: 600_000 });
    const began = performance.now();
    const answer = await store.add(FIRST.record, streamed(FIRST.tarball.subarray(0, -1)));
    // Without that, the server is the first to lose its patience, after some six seconds.
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(answer._tag === 'Corrupt' && answer.detail).toContain(FIRST.record.sha256);
    await expect.poll(proxy.waiting).toBe(0);
  });

  inWorld('what is larger than S3 takes is not even begun', async ({ store }) => {
    const record = { ...FIRST.record, sizeBytes: 5_368_709_121 };
    const answer = await store.add(record, streamed(FIRST.tarball));
    expect(answer._tag === 'Unavailable' && answer.detail).toContain('expected at most 5368709120 bytes');
  });
});
