import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exampleArtifact, exampleManifest, streamed } from '../../../src/adapters/contracts/index.ts';
import { type GcsSettings, gcsArtifactStore } from '../../../src/adapters/gcs/index.ts';
import { apiError, type Exchange, fakeGcs, type FakeGcs } from '../../support/fake-gcs.ts';
import { bucketAt, type TestBucket } from '../../support/gcs-buckets.ts';

const V1 = '20250728.1753666491.0';
const FIRST = exampleArtifact(exampleManifest(V1, { apt: '7.5.23' }));
const OTHER = exampleArtifact(exampleManifest(V1, { apt: '7.5.23' }), 'log "other bytes"');
const RECORD = `${V1}/record.json`;
const TARBALL = `${V1}/${FIRST.record.sha256}.tar.gz`;
const STALL_MS = 200;

let fake: FakeGcs;
let bucket: TestBucket;

beforeEach(async () => {
  fake = await fakeGcs(3);
  bucket = await bucketAt(fake.endpoint);
});

afterEach(() => fake.close());

const storeWith = (settings: Partial<GcsSettings> = {}) => gcsArtifactStore({ ...bucket.settings, ...settings });

const isUploadOf = ({ seen }: Exchange, name: string): boolean =>
  seen.method === 'POST' && (new URL(seen.url, fake.endpoint).searchParams.get('name') ?? '').endsWith(name);

const isDownload = ({ seen }: Exchange, name: string): boolean =>
  seen.url.includes('alt=media') && decodeURIComponent(seen.url).includes(name);

/** Interferes with the requests of one kind; the others are served. */
const interfereWith = (
  isMeant: (exchange: Exchange) => boolean,
  act: (exchange: Exchange) => void | Promise<void>,
): void =>
  fake.interfere(async (exchange) => {
    if (isMeant(exchange)) await act(exchange);
    else exchange.send(await exchange.perform());
  });

const collected = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
};

test('the tarball is an object named by its bytes, and the record one beside it', async () => {
  expect(await storeWith().add(FIRST.record, streamed(FIRST.tarball))).toEqual({ _tag: 'Added' });
  expect([...(await bucket.names())].sort()).toEqual([TARBALL, RECORD].sort());
});

test('a list of several pages is listed whole, and what is no artifact is none of the store’s business', async () => {
  const artifacts = Array.from({ length: 7 }, (_, n) =>
    exampleArtifact(exampleManifest(`1.0.${n}`, { apt: '7.5.23' })),
  );
  for (const { record, tarball } of artifacts) await storeWith().add(record, streamed(tarball));
  for (const name of ['README', 'record.json', '.hidden/record.json', '1.0.0/x/record.json', '2.0/half.tar.gz']) {
    await bucket.plant(name, Buffer.from('by hand'));
  }
  const listed = await storeWith().list();
  expect(listed._tag === 'Listed' && listed.artifacts.map(({ version }) => version).sort()).toEqual(
    artifacts.map(({ record }) => record.version),
  );
  expect(fake.requests.filter(({ url }) => url.includes('pageToken')).length).toBeGreaterThan(3);
});

test('L7: of other bytes under a version that is taken nothing is kept', async () => {
  // Both find nothing there, and the record of the first lands while the second still uploads.
  interfereWith(
    (exchange) => isUploadOf(exchange, `${OTHER.record.sha256}.tar.gz`),
    async ({ perform, send }) => {
      const answer = await perform();
      fake.interfere();
      await storeWith().add(FIRST.record, streamed(FIRST.tarball));
      send(answer);
    },
  );
  expect(await storeWith().add(OTHER.record, streamed(OTHER.tarball))).toEqual({
    _tag: 'DifferentBytes',
    existingSha256: FIRST.record.sha256,
  });
  expect([...(await bucket.names())].sort()).toEqual([TARBALL, RECORD].sort());
});

describe('an upload that goes wrong leaves no artifact, and the next one adds it', () => {
  const wrongs: Readonly<Record<string, readonly [string, (exchange: Exchange) => void | Promise<void>]>> = {
    'the tarball is refused': ['.tar.gz', ({ send }) => send(apiError(403, 'no access'))],
    'the tarball meets a server that is not well': ['.tar.gz', ({ send }) => send(apiError(503, 'not well'))],
    'the tarball is never taken': ['.tar.gz', () => undefined],
    'the answer to the tarball is lost': [
      '.tar.gz',
      async ({ perform, response }) => {
        await perform();
        response.destroy();
      },
    ],
    'the tarball changes on its way': [
      '.tar.gz',
      async ({ perform, send }) => {
        // The first bytes of gzip stand after the two part headers.
        const answer = await perform((body) => {
          const changed = Buffer.from(body);
          const at = changed.indexOf(FIRST.tarball.subarray(0, 10)) + 12;
          changed[at] = (changed[at] ?? 0) ^ 1;
          return changed;
        });
        send(answer);
      },
    ],
    'the record is refused': ['record.json', ({ send }) => send(apiError(403, 'no access'))],
    'the record meets a server that is not well': ['record.json', ({ send }) => send(apiError(503, 'not well'))],
  };

  test.each(Object.entries(wrongs))('%s', async (_what, [name, act]) => {
    interfereWith((exchange) => isUploadOf(exchange, name), act);
    const added = await storeWith({ stallMs: STALL_MS }).add(FIRST.record, streamed(FIRST.tarball));
    expect(added).toMatchObject({ _tag: 'Unavailable', detail: expect.stringContaining('gs://') as string });
    fake.interfere();
    expect(await storeWith().open(FIRST.record.version)).toEqual({ _tag: 'Missing' });
    expect((await storeWith().add(FIRST.record, streamed(FIRST.tarball)))._tag).toBe('Added');
    const opened = await storeWith().open(FIRST.record.version);
    expect(opened._tag === 'Opened' && (await collected(opened.tarball)).equals(FIRST.tarball)).toBe(true);
  });

  test('fault 29: the answer to the record is lost, which is there', async () => {
    interfereWith(
      (exchange) => isUploadOf(exchange, 'record.json'),
      async ({ perform, response }) => {
        await perform();
        response.destroy();
      },
    );
    expect(await storeWith().add(FIRST.record, streamed(FIRST.tarball))).toEqual({ _tag: 'AlreadyThere' });
  });
});

describe('a download', () => {
  const open = async (settings: Partial<GcsSettings> = {}): Promise<AsyncIterable<Uint8Array>> => {
    await storeWith().add(FIRST.record, streamed(FIRST.tarball));
    const opened = await storeWith(settings).open(FIRST.record.version);
    if (opened._tag !== 'Opened') throw new Error(JSON.stringify(opened));
    return opened.tarball;
  };

  test('that stands still makes its reader fail', async () => {
    const tarball = await open({ stallMs: STALL_MS });
    interfereWith(
      (exchange) => isDownload(exchange, '.tar.gz'),
      ({ response }) => {
        response.writeHead(200, { 'content-length': FIRST.tarball.length });
        response.write(FIRST.tarball.subarray(0, 10));
      },
    );
    await expect(collected(tarball)).rejects.toThrow(`${STALL_MS} ms`);
  });

  test('that breaks off makes its reader fail', async () => {
    const tarball = await open();
    interfereWith(
      (exchange) => isDownload(exchange, '.tar.gz'),
      ({ response }) => {
        response.writeHead(200, { 'content-length': FIRST.tarball.length });
        response.write(FIRST.tarball.subarray(0, 10), () => response.destroy());
      },
    );
    await expect(collected(tarball)).rejects.toThrow('gs://');
  });

  test('that nobody reads was never begun', async () => {
    await open();
    expect(fake.requests.filter(({ url }) => url.includes('alt=media') && url.includes('tar.gz'))).toEqual([]);
  });
});

describe('fault 72: a record corrupted by hand is an answer that names it, and nothing is overwritten', () => {
  test.each([
    ['', /expected JSON, got nothing/],
    ['{"version": "../../etc", "sha256": "x"}', /version: expected a version name/],
    ['\u00ff', /expected JSON/],
  ])('%j', async (text, reason) => {
    await storeWith().add(FIRST.record, streamed(FIRST.tarball));
    await bucket.plant(RECORD, Buffer.from(text));
    const answers = [
      await storeWith().list(),
      await storeWith().open(FIRST.record.version),
      await storeWith().add(FIRST.record, streamed(FIRST.tarball)),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ _tag: 'Unavailable', detail: expect.stringMatching(reason) as string });
      expect(answer).toMatchObject({ detail: expect.stringContaining(RECORD) as string });
    }
  });

  test('a record whose tarball is gone', async () => {
    await storeWith().add(FIRST.record, streamed(FIRST.tarball));
    const record = await new Promise<Buffer>((resolve) => {
      interfereWith(
        (exchange) => isDownload(exchange, 'record.json'),
        async ({ perform, send }) => {
          const answer = await perform();
          resolve(answer.body);
          send(answer);
        },
      );
      void storeWith().list();
    });
    fake.interfere();
    await bucket.remove();
    bucket = await bucketAt(fake.endpoint);
    await bucket.plant(RECORD, record);
    expect(await storeWith().open(FIRST.record.version)).toMatchObject({
      _tag: 'Unavailable',
      detail: expect.stringContaining('its tarball is not') as string,
    });
  });
});
