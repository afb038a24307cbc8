import assert from 'node:assert/strict';
import type { ArtifactInbox, InboxTarball } from '../../ports/artifact-inbox.ts';
import { assertTag, casesOf, type ContractCase, type Harness, type Law, withoutHook } from './contract-case.ts';
import { collected } from './example-artifact.ts';

/** An empty inbox to try. */
export interface ArtifactInboxHarness extends Harness {
  readonly inbox: ArtifactInbox;
  /** Puts bytes under a name as people and builds do, whatever lies there. */
  readonly put: (name: string, bytes: Uint8Array) => Promise<void>;
  /** Removes what lies under a name. */
  readonly remove: (name: string) => Promise<void>;
  /** Writes the beginning of a tarball and leaves it at that; not given where whatever appears is whole. */
  readonly begin?: (name: string, bytes: Uint8Array) => Promise<void>;
}

const BYTES = Buffer.from('what an inbox holds, it does not look into');

const listed = async (inbox: ArtifactInbox): Promise<readonly InboxTarball[]> =>
  assertTag(await inbox.list(), 'Listed').tarballs;

const only = async (inbox: ArtifactInbox): Promise<InboxTarball> => {
  const [first, ...rest] = await listed(inbox);
  if (first === undefined || rest.length > 0) throw new Error('expected one tarball in the inbox');
  return first;
};

const bytesOf = async (inbox: ArtifactInbox, { name, revision }: InboxTarball): Promise<Buffer> =>
  collected(assertTag(await inbox.open(name, revision), 'Opened').tarball);

const NAMES = ['1.0.0.tar.gz', '20250728.1753666491.0.tar.gz', 'a b.tar.gz', 'ünder.tar.gz', '__proto__.tar.gz'];

const laws: Readonly<Record<string, Law<ArtifactInboxHarness>>> = {
  'an empty inbox lists nothing, and has nothing to open': async ({ inbox }) => {
    assert.deepEqual(await listed(inbox), []);
    assertTag(await inbox.open('1.0.0.tar.gz', '1'), 'Changed');
    return undefined;
  },
  'what was put is listed with its size and opened whole, as often as asked': async ({ inbox, put }) => {
    await put('1.0.0.tar.gz', BYTES);
    const tarball = await only(inbox);
    assert.deepEqual([tarball.name, tarball.sizeBytes], ['1.0.0.tar.gz', BYTES.length]);
    for (let time = 0; time < 2; time++) assert.ok((await bytesOf(inbox, tarball)).equals(BYTES));
    return undefined;
  },
  'names of every kind are told apart, and listed in their order': async ({ inbox, put }) => {
    for (const name of NAMES) await put(name, Buffer.from(name));
    const tarballs = await listed(inbox);
    assert.deepEqual(
      tarballs.map(({ name }) => name),
      [...NAMES].sort(),
    );
    for (const tarball of tarballs) assert.equal((await bytesOf(inbox, tarball)).toString(), tarball.name);
    return undefined;
  },
  'only tarballs are listed: not other names, hidden ones, or what lies below a name': async ({ inbox, put }) => {
    for (const name of ['README', 'x.tar', 'x.tar.gz.part', '.hidden.tar.gz', 'below/1.0.0.tar.gz']) {
      await put(name, BYTES);
    }
    assert.deepEqual(await listed(inbox), []);
    return undefined;
  },
  'the revision stays while nothing changes': async ({ inbox, put }) => {
    await put('1.0.0.tar.gz', BYTES);
    const first = await only(inbox);
    await bytesOf(inbox, first);
    assert.deepEqual(await only(inbox), first);
    return undefined;
  },
  'fault 71: other bytes under a name are another revision, and the old one is not there': async ({ inbox, put }) => {
    await put('1.0.0.tar.gz', BYTES);
    const first = await only(inbox);
    await put('1.0.0.tar.gz', Buffer.from(BYTES.toString().toUpperCase()));
    const second = await only(inbox);
    assert.notEqual(second.revision, first.revision);
    assertTag(await inbox.open(first.name, first.revision), 'Changed');
    assert.equal((await bytesOf(inbox, second)).toString(), BYTES.toString().toUpperCase());
    return undefined;
  },
  'what was removed is not there': async ({ inbox, put, remove }) => {
    await put('1.0.0.tar.gz', BYTES);
    const { name, revision } = await only(inbox);
    await remove(name);
    assert.deepEqual(await listed(inbox), []);
    assertTag(await inbox.open(name, revision), 'Changed');
    return undefined;
  },
  'fault 70: what is replaced before its reader begins is never given out as the old one': async ({ inbox, put }) => {
    await put('1.0.0.tar.gz', BYTES);
    const { name, revision } = await only(inbox);
    const { tarball } = assertTag(await inbox.open(name, revision), 'Opened');
    await put(name, Buffer.from(BYTES.toString().toUpperCase()));
    const read = await collected(tarball).catch(() => undefined);
    if (read !== undefined) assert.ok(read.equals(BYTES), 'expected the old bytes or a failure');
    return undefined;
  },
  'fault 70: half a tarball is one that may grow, and its end makes it another revision': async (harness) => {
    const { inbox, begin, put } = harness;
    if (begin === undefined) return withoutHook('begin');
    await begin('1.0.0.tar.gz', BYTES.subarray(0, 10));
    const half = await only(inbox);
    assert.equal(half.mayGrow, true);
    await put('1.0.0.tar.gz', BYTES);
    assert.notEqual((await only(inbox)).revision, half.revision);
    return undefined;
  },
  'a large tarball is read whole, and a reader that gives up harms nothing': async ({ inbox, put }) => {
    const large = Buffer.alloc(3_000_001, 'a large tarball, ');
    await put('1.0.0.tar.gz', large);
    const tarball = await only(inbox);
    for await (const _piece of assertTag(await inbox.open(tarball.name, tarball.revision), 'Opened').tarball) break;
    assert.ok((await bytesOf(inbox, tarball)).equals(large));
    return undefined;
  },
};

/**
 * The contract of {@link ArtifactInbox}.
 *
 * @param setUp - makes an empty inbox; called once for each case.
 */
export const artifactInboxContract = (setUp: () => Promise<ArtifactInboxHarness>): readonly ContractCase[] =>
  casesOf(setUp, laws);
