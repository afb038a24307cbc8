/** Servers differ in whether the entity tag in the `If-Match` of a PUT has its quotes; the adapter gets on with each. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3StateStore } from '../../../src/adapters/s3/index.ts';
import { type FaultyProxy, faultyProxy } from '../../support/faulty-proxy.ts';
import { recordedS3, type RecordedS3 } from '../../support/recorded-s3.ts';

const KEY = 'librarian/memory.json';

describe.each(['either', 'quoted', 'unquoted'] as const)('a server that takes entity tags %s', (spelling) => {
  let server: RecordedS3;
  let proxy: FaultyProxy;

  beforeAll(async () => {
    server = await recordedS3(spelling);
    proxy = await faultyProxy(server.url);
  });
  afterAll(async () => {
    await proxy.close();
    await server.close();
  });

  const storeIn = (bucket: string) =>
    s3StateStore({
      bucket,
      region: 'us-east-1',
      endpoint: proxy.url,
      pathStyle: true,
      credentials: { accessKeyId: 'access', secretAccessKey: 'secret' },
    });

  const requestsOf = async (act: () => Promise<unknown>): Promise<number> => {
    const before = proxy.requests.length;
    await act();
    return proxy.requests.length - before;
  };

  test('L4: a write lands on the revision that it names, and on no other', async () => {
    const store = storeIn('chain');
    let revision: string | undefined;
    const stale: string[] = [];
    for (let n = 0; n < 4; n++) {
      const outcome = await store.write(KEY, `body ${n}`, revision);
      if (outcome._tag !== 'Landed') throw new Error(JSON.stringify(outcome));
      if (revision !== undefined) stale.push(revision);
      revision = outcome.revision;
      expect(await store.read(KEY)).toEqual({ _tag: 'Found', body: `body ${n}`, revision });
    }
    for (const old of [...stale, 'no-such-revision', 'no revision, "at" all', '*']) {
      expect(await store.write(KEY, 'other', old)).toEqual({ _tag: 'Conflict' });
    }
    expect(await store.write('librarian/other.json', 'other', revision)).toEqual({ _tag: 'Conflict' });
    expect(await store.read('librarian/other.json')).toEqual({ _tag: 'Missing' });
  });

  test('once a write has landed, every further one is one request', async () => {
    const store = storeIn('learnt');
    const first = await store.write(KEY, 'first', undefined);
    if (first._tag !== 'Landed') throw new Error(JSON.stringify(first));
    const second = await store.write(KEY, 'second', first.revision);
    if (second._tag !== 'Landed') throw new Error(JSON.stringify(second));
    expect(await requestsOf(() => store.write(KEY, 'third', second.revision))).toBe(1);
    // A conflict is looked into once: the refused PUT, and the HEAD that says whose object it is.
    expect(await requestsOf(() => store.write(KEY, 'fourth', first.revision))).toBe(2);
  });
});
