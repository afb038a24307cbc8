import assert from 'node:assert/strict';
import { nameFromLiteral, Version } from '../../domain/names.ts';
import type { ArtifactRecord, ArtifactStore } from '../../ports/artifact-store.ts';
import {
  assertTag,
  casesOf,
  type ContractCase,
  handles,
  type Harness,
  type Law,
  withoutHook,
} from './contract-case.ts';
import {
  brokenOff,
  collected,
  type ExampleArtifact,
  exampleArtifact,
  exampleManifest,
  recordOf,
  streamed,
} from './example-artifact.ts';

/** An empty artifact store to try. */
export interface ArtifactStoreHarness extends Harness {
  readonly store: ArtifactStore;
  /** The same store as another process would reach it; without it, the races are run through `store` alone. */
  readonly another?: () => ArtifactStore;
  /** Replaces the stored tarball of an artifact behind the adapter's back, its record staying as it is. */
  readonly damage?: (key: string, bytes: Uint8Array) => Promise<void>;
}

const V1 = '20250728.1753666491.0';

const artifact = (version: string, recipe?: string): ExampleArtifact =>
  exampleArtifact(exampleManifest(version, { apt: '7.5.23' }, { 'base-system': '1.0.0' }), recipe);

const add = (store: ArtifactStore, { record, tarball }: ExampleArtifact) => store.add(record, streamed(tarball));

const assertHolds = async (store: ArtifactStore, { record, tarball }: ExampleArtifact): Promise<void> => {
  const opened = assertTag(await store.open(record.version), 'Opened');
  assert.deepEqual(opened.record, record);
  assert.ok((await collected(opened.tarball)).equals(tarball), 'expected the bytes that were added');
};

const listed = async (store: ArtifactStore): Promise<readonly ArtifactRecord[]> => {
  const { artifacts } = assertTag(await store.list(), 'Listed');
  return [...artifacts].sort((a, b) => (a.version < b.version ? -1 : 1));
};

const assertNothingIsThere = async (store: ArtifactStore, { record }: ExampleArtifact): Promise<void> => {
  assertTag(await store.open(record.version), 'Missing');
  assert.deepEqual(await listed(store), []);
};

/** What may go wrong with the bytes on their way, as (promised, sent). */
const CORRUPTIONS: Readonly<Record<string, (sent: Buffer) => AsyncIterable<Uint8Array>>> = {
  'one bit of which flipped': (tarball) => {
    const flipped = Buffer.from(tarball);
    flipped[tarball.length >> 1] = (flipped[tarball.length >> 1] ?? 0) ^ 1;
    return streamed(flipped);
  },
  'which are cut off': (tarball) => streamed(tarball.subarray(0, -1)),
  'which are none': () => streamed(Buffer.alloc(0)),
  'with one byte more': (tarball) => streamed(Buffer.concat([tarball, Buffer.alloc(1)])),
  'which never end': async function* (tarball) {
    yield tarball;
    for (;;) yield Buffer.alloc(65_536);
  },
};

const laws = (
  storeOf: (harness: ArtifactStoreHarness, writer: number) => ArtifactStore,
): Readonly<Record<string, Law<ArtifactStoreHarness>>> => ({
  'an empty store lists nothing, and has nothing to open': async ({ store }) => {
    await assertNothingIsThere(store, artifact(V1));
    return undefined;
  },
  'what was added is listed and opened, record and bytes': async ({ store }) => {
    const first = artifact(V1);
    assertTag(await add(store, first), 'Added');
    assert.deepEqual(await listed(store), [first.record]);
    await assertHolds(store, first);
    await assertHolds(store, first);
    return undefined;
  },
  'several artifacts are kept apart': async ({ store }) => {
    const several = ['1.0', '1.00', '1.0-a', '1.0_a', '1.0+a', '10', `${'9'.repeat(60)}.${'9'.repeat(67)}`].map(
      (version) => artifact(version),
    );
    for (const one of several) assertTag(await add(store, one), 'Added');
    assert.deepEqual(
      (await listed(store)).map(({ version }) => version),
      several.map(({ record }) => record.version).sort(),
    );
    for (const one of several) await assertHolds(store, one);
    assert.equal(new Set(several.map(({ record }) => store.keyOf(record))).size, several.length);
    return undefined;
  },
  'L8: adding the same bytes again changes nothing': async ({ store }) => {
    const first = artifact(V1);
    await add(store, first);
    assertTag(await add(store, first), 'AlreadyThere');
    const later = { ...first, record: { ...first.record, addedAt: 1 as ArtifactRecord['addedAt'] } };
    assertTag(await add(store, later), 'AlreadyThere');
    await assertHolds(store, first);
    return undefined;
  },
  'L7, fault 71: the same version with other bytes is refused, and nothing changes': async ({ store }) => {
    const first = artifact(V1);
    await add(store, first);
    const refused = assertTag(await add(store, artifact(V1, 'log "other bytes"')), 'DifferentBytes');
    assert.equal(refused.existingSha256, first.record.sha256);
    assert.deepEqual(await listed(store), [first.record]);
    await assertHolds(store, first);
    return undefined;
  },
  ...Object.fromEntries(
    Object.entries(CORRUPTIONS).map(([name, corrupt]): [string, Law<ArtifactStoreHarness>] => [
      `fault 70: bytes ${name} are kept out, and the right ones are still welcome`,
      async ({ store }) => {
        const first = artifact(V1);
        assertTag(await store.add(first.record, corrupt(first.tarball)), 'Corrupt');
        await assertNothingIsThere(store, first);
        assertTag(await add(store, first), 'Added');
        await assertHolds(store, first);
        return undefined;
      },
    ]),
  ),
  'fault 70: an upload that breaks off leaves nothing': async ({ store }) => {
    const first = artifact(V1);
    assertTag(await store.add(first.record, brokenOff(first.tarball.subarray(0, 100))), 'Corrupt', 'Unavailable');
    await assertNothingIsThere(store, first);
    assertTag(await add(store, first), 'Added');
    return undefined;
  },
  'of several who add the same artifact at once one adds it, and all find it there': async (harness) => {
    const first = artifact(V1);
    const answers = await Promise.all([...Array(8).keys()].map((writer) => add(storeOf(harness, writer), first)));
    const tags = answers.map((answer) => assertTag(answer, 'Added', 'AlreadyThere')._tag);
    assert.equal(tags.filter((tag) => tag === 'Added').length, 1, tags.join(', '));
    await assertHolds(harness.store, first);
    return undefined;
  },
  'L7: of several who add other bytes under one version at once one adds them, and no mixture is stored': async (
    harness,
  ) => {
    for (let round = 0; round < 10; round++) {
      const artifacts = [...Array(8).keys()].map((writer) => artifact(`1.0.${round}`, `log "by ${writer}"`));
      const answers = await Promise.all(artifacts.map((one, writer) => add(storeOf(harness, writer), one)));
      const winners = artifacts.filter((_, writer) => answers[writer]?._tag === 'Added');
      assert.equal(winners.length, 1, answers.map(({ _tag }) => _tag).join(', '));
      for (const answer of answers) assertTag(answer, 'Added', 'DifferentBytes');
      for (const winner of winners) await assertHolds(harness.store, winner);
    }
    return undefined;
  },
  'a large artifact is kept whole': async ({ store }) => {
    const manifest = exampleManifest(V1, { apt: '7.5.23' });
    const tarball = Buffer.alloc(9_000_001, 'not quite a tarball, ');
    const large = { record: recordOf(manifest, tarball), tarball };
    assertTag(await store.add(large.record, streamed(tarball, 70_001)), 'Added');
    await assertHolds(store, large);
    return undefined;
  },
  'a stream that its reader gives up harms nothing': async ({ store }) => {
    const first = artifact(V1);
    await add(store, first);
    const opened = assertTag(await store.open(first.record.version), 'Opened');
    for await (const _piece of opened.tarball) break;
    assertTag(await store.open(first.record.version), 'Opened');
    await assertHolds(store, first);
    return undefined;
  },
  'fault 70: a stored tarball that is damaged makes its reader fail': async ({ store, damage }) => {
    if (damage === undefined) return withoutHook('damage');
    const first = artifact(V1);
    await add(store, first);
    const flipped = Buffer.from(first.tarball);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    for (const bytes of [flipped, first.tarball.subarray(0, -1), Buffer.concat([first.tarball, Buffer.alloc(1)])]) {
      await damage(store.keyOf(first.record), bytes);
      const opened = await store.open(first.record.version);
      if (opened._tag === 'Opened') await assert.rejects(() => collected(opened.tarball));
      else assertTag(opened, 'Unavailable');
    }
    return undefined;
  },
  'a version that is not there is missing, also among others': async ({ store }) => {
    await add(store, artifact('1.0.0'));
    for (const version of ['1.0', '1.0.0.0', '1.0.00']) {
      assertTag(await store.open(nameFromLiteral(Version)(version)), 'Missing');
    }
    return undefined;
  },
});

/**
 * The contract of {@link ArtifactStore}.
 *
 * @param setUp - makes an empty store; called once for each case.
 */
export const artifactStoreContract = (setUp: () => Promise<ArtifactStoreHarness>): readonly ContractCase[] =>
  casesOf(
    setUp,
    laws(
      handles<ArtifactStoreHarness, ArtifactStore>(
        ({ store }) => store,
        ({ another }) => another,
      ),
    ),
  );
