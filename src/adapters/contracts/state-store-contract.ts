import assert from 'node:assert/strict';
import type { StateStore } from '../../ports/state-store.ts';
import { conditionalWriteLaws, type Place } from './conditional-writes.ts';
import {
  assertTag,
  casesOf,
  type ContractCase,
  handles,
  type Harness,
  type Law,
  withoutHook,
} from './contract-case.ts';

/** An empty state store to try. */
export interface StateStoreHarness extends Harness {
  readonly store: StateStore;
  /** The same store as another process would reach it; without it, the races are run through `store` alone. */
  readonly another?: () => StateStore;
  /** Puts bytes under a key behind the adapter's back, for what no adapter would write. */
  readonly plant?: (key: string, bytes: Uint8Array) => Promise<void>;
}

const KEY = 'librarian/memory.json';

/** Keys that are one and the same when their names are joined carelessly, and then as many more as are asked for. */
const keyNumber = (n: number): string =>
  [KEY, 'librarian-memory.json', 'librarian.memory.json', 'memory.json', 'a/b', 'a.b', 'a-b/c', 'a/b-c'][n] ??
  `many/document-${n}`;

const BAD_KEYS: readonly string[] = [
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  '.',
  '..',
  '../a',
  'a/../b',
  '.hidden',
  'a/.hidden',
  '-a',
  'a b',
  'a\\b',
  'a%2fb',
  'a\u0000',
  'ä',
  'a:b',
  'a'.repeat(129),
];

const placeIn = (store: StateStore, key: string): Place => ({
  read: async () => {
    const reading = assertTag(await store.read(key), 'Found', 'Missing');
    return reading._tag === 'Missing' ? undefined : reading;
  },
  write: (body, expected) => store.write(key, body, expected),
});

const LAWS: Readonly<Record<string, Law<StateStoreHarness>>> = {
  'a key that could lead elsewhere is a programming error, and throws': async ({ store }) => {
    for (const key of BAD_KEYS) {
      await assert.rejects(() => store.read(key), TypeError, JSON.stringify(key));
      await assert.rejects(() => store.write(key, 'first', undefined), TypeError, JSON.stringify(key));
    }
    return undefined;
  },
  'keys may be as long as they are allowed to be': async ({ store }) => {
    const keys = [
      'k'.repeat(128),
      `${'k'.repeat(128)}.json`.slice(-128),
      `${'d'.repeat(128)}/${'k'.repeat(128)}`,
      '0_.-',
    ];
    for (const key of keys) {
      assertTag(await store.write(key, key, undefined), 'Landed');
      assert.equal(assertTag(await store.read(key), 'Found').body, key);
    }
    return undefined;
  },
  'a large document is kept whole': async ({ store }) => {
    const body = 'é'.repeat(2_000_000);
    assertTag(await store.write(KEY, body, undefined), 'Landed');
    assert.ok(assertTag(await store.read(KEY), 'Found').body === body, 'expected the body that was written');
    return undefined;
  },
  'fault 38: bytes that are not UTF-8 are refused, and not overwritten': async ({ store, plant }) => {
    if (plant === undefined) return withoutHook('plant');
    await plant(KEY, Uint8Array.from([0x7b, 0xff, 0x7d]));
    assertTag(await store.read(KEY), 'Refused');
    assertTag(await store.write(KEY, 'first', undefined), 'Conflict');
    assertTag(await store.read(KEY), 'Refused');
    return undefined;
  },
  'fault 38: an empty document and garbage are documents, for the reader to judge': async ({ store, plant }) => {
    if (plant === undefined) return withoutHook('plant');
    for (const [n, text] of ['', '{"last_run', '\u0000\u0000\u0000', '<html>'].entries()) {
      await plant(keyNumber(n), new TextEncoder().encode(text));
      const { body, revision } = assertTag(await store.read(keyNumber(n)), 'Found');
      assert.equal(body, text);
      assertTag(await store.write(keyNumber(n), 'better', revision), 'Landed');
    }
    return undefined;
  },
};

/**
 * The contract of {@link StateStore}.
 *
 * @param setUp - makes an empty store; called once for each case.
 */
export const stateStoreContract = (setUp: () => Promise<StateStoreHarness>): readonly ContractCase[] => {
  const storeOf = handles<StateStoreHarness, StateStore>(
    ({ store }) => store,
    ({ another }) => another,
  );
  return casesOf(setUp, {
    ...LAWS,
    ...conditionalWriteLaws<StateStoreHarness>((harness, n, writer = 0) =>
      placeIn(storeOf(harness, writer), keyNumber(n)),
    ),
  });
};
