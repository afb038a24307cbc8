import { afterEach, beforeEach, expect, test } from 'vitest';
import { gcsStateStore } from '../../../src/adapters/gcs/index.ts';
import { apiError, type FakeAnswer, fakeGcs, type FakeGcs } from '../../support/fake-gcs.ts';
import { bucketAt, type TestBucket } from '../../support/gcs-buckets.ts';

const KEY = 'librarian/memory.json';

let fake: FakeGcs;
let bucket: TestBucket;

beforeEach(async () => {
  fake = await fakeGcs();
  bucket = await bucketAt(fake.endpoint);
});

afterEach(() => fake.close());

test('the document is an object under its key, which any program may read', async () => {
  await gcsStateStore(bucket.settings).write(KEY, '{}', undefined);
  expect(await bucket.names()).toEqual([KEY]);
});

test('a document larger than 16 MiB is refused, and neither written nor overwritten', async () => {
  const store = gcsStateStore(bucket.settings);
  await bucket.plant(KEY, Buffer.alloc(16_777_217, ' '));
  expect(await store.read(KEY)).toMatchObject({ _tag: 'Refused', detail: expect.stringContaining('gs://') as string });
  expect(await store.write(KEY, '{}', undefined)).toEqual({ _tag: 'Conflict' });
  expect(await store.write('other.json', ' '.repeat(16_777_217), undefined)).toMatchObject({ _tag: 'Unknown' });
  expect(await bucket.names()).toEqual([KEY]);
});

const answers: Readonly<Record<string, FakeAnswer>> = {
  'a refusal': apiError(403, 'no access'),
  'a server that is not well': apiError(503, 'not well'),
  'a missing bucket': apiError(404, 'The specified bucket does not exist.'),
  'a page to log in': { status: 200, headers: {}, body: Buffer.from('<html>') },
  'an answer that nobody asked for': { status: 304, headers: {}, body: Buffer.alloc(0) },
};

test.each(Object.entries(answers))(
  '%s is unavailable, never missing: who believed that would start anew',
  async (_what, answer) => {
    const store = gcsStateStore(bucket.settings);
    await store.write(KEY, '{}', undefined);
    fake.interfere(({ send }) => send(answer));
    expect(await store.read(KEY)).toMatchObject({
      _tag: 'Unavailable',
      detail: expect.stringContaining(KEY) as string,
    });
  },
);
