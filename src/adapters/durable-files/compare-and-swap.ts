/**
 * Compare-and-swap on plain files, without locks.
 *
 * POSIX has no "rename if the target is still X". It has two things that are nearly that: `symlink` creates a name
 * exactly once, and `rename` consumes a name exactly once. The protocol is made of these.
 *
 * A writer that replaces the state E of a file
 *
 * 1. writes and syncs its candidate under a name that is never used twice, `.<name>.<author>.<nonce>.tmp`;
 * 2. claims the succession of E: `symlink(candidate, ".<name>.<identity of E>.<round>.next")`, which one writer wins;
 * 3. looks again that E is still there;
 * 4. renames the candidate onto the file, syncs the directory and removes the claim.
 *
 * Who finds the succession of E claimed looks in the same way that E is still there, renames *the claimed candidate*
 * onto the file, and so finishes the other's work before it answers `Conflict`. So a writer that is slow, suspended or
 * dead after its claim holds nobody up, and what it wrote is not lost.
 *
 * Why at most one candidate follows each state. The identity of a state (content, inode and a random modification time)
 * never comes back. A candidate is renamed only by someone who saw its claim on E, and *after that* saw E in place, and
 * it can be renamed once. A claim is removed only by someone who saw that E is gone, which it then is for good; so while
 * E is in place a claim on it stands. Suppose E were followed by candidate M, and later candidate N, claimed on E too, were
 * renamed as well. Claims on E have rounds, and a writer goes to the next round only when it saw the candidate of this one
 * missing and after that E still in place: that candidate had been deleted, not renamed, and never will be. So if N's
 * round came after M's, M had been deleted and cannot have followed E; if before, N had been deleted. If N's claim was put
 * where M's had been removed, E was already gone, and whoever looked again in step 3 saw that. In every case only one of
 * them is renamed.
 *
 * Why the answers are true. A writer whose rename succeeds has landed. One whose candidate is missing when it wants to
 * rename or withdraw it has landed too, by a helper's hand: nobody deletes the candidate of a writer that lives
 * (`settleLeftovers` asks whether its author is gone). Should someone have deleted it by hand, either E is still there or
 * a later round was claimed, and both are looked for. One that withdraws its candidate itself has not landed and never
 * will.
 *
 * Creating needs none of this: `link` makes the file under its name, or says that the name is taken.
 *
 * What it needs: a local file system with hard and symbolic links. What it cannot see: somebody who edits the file in
 * place between two of these steps.
 *
 * @module
 */
import { hash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Revision, WriteOutcome } from '../../ports/conditional-write.ts';
import { revisionOf } from '../text-body/index.ts';
import { describeFailure, errnoOf, unlessErrno } from './failure.ts';
import type { FileSystem } from './file-system.ts';
import { discard, stageFile } from './staged-file.ts';
import { authorOfTemporary } from './temporary.ts';

/** A file that several writers replace. */
export interface SharedFile {
  readonly path: string;
  /** No more than so many bytes are ever read of it. */
  readonly bytesMax: number;
  /** Whether the file may be reached through a symbolic link (fault 44). */
  readonly links: 'follow' | 'refuse';
}

/** One state of a file: {@link revision} is what readers compare, {@link identity} never comes back. */
interface State {
  readonly revision: Revision;
  readonly identity: string;
}

/** A claim needs a second round only when somebody deleted a temporary by hand; this many mean that something else is wrong. */
const ROUNDS_MAX = 100;

const CONFLICT: WriteOutcome = { _tag: 'Conflict' };

const CLAIM = /^\.(.+)\.([0-9a-f]{32})\.(\d+)\.next$/;

/** What a directory entry claims: the succession of state `identity` of the file `name`. Nothing when it is no claim. */
export const claimOf = (
  entry: string,
): { readonly name: string; readonly identity: string; readonly round: number } | undefined => {
  const [, name, identity, round] = CLAIM.exec(entry) ?? [];
  return name === undefined || identity === undefined ? undefined : { name, identity, round: Number(round) };
};

const claimPath = (path: string, identity: string, round: number): string =>
  join(dirname(path), `.${basename(path)}.${identity}.${round}.next`);

/** The state that `file` is in; nothing when it does not exist. */
export const stateOf = async (fs: FileSystem, { path, bytesMax, links }: SharedFile): Promise<State | undefined> => {
  const look = await unlessErrno(['ENOENT'], () => fs.look(path, bytesMax, links));
  if (look === undefined) return undefined;
  const revision = revisionOf(look.bytes);
  return { revision, identity: hash('sha256', `${revision} ${look.inode} ${look.modifiedNs}`).slice(0, 32) };
};

const renameIfThere = async (fs: FileSystem, from: string, to: string): Promise<boolean> =>
  (await unlessErrno(['ENOENT'], async () => {
    await fs.rename(from, to);
    return true;
  })) ?? false;

/** Removes the claims on a state that is gone. */
const retireClaims = async (fs: FileSystem, path: string, identity: string, lastRound: number): Promise<void> => {
  for (let round = 0; round <= lastRound; round++) await discard(fs, claimPath(path, identity, round));
};

/**
 * Finishes what the claim at `round` on a state began.
 *
 * @returns `Gone` when the state has been followed, by this candidate or another; `Dead` when it is still there and this
 * candidate can never follow it.
 */
const help = async (fs: FileSystem, file: SharedFile, identity: string, round: number): Promise<'Gone' | 'Dead'> => {
  const claim = claimPath(file.path, identity, round);
  const candidate = await unlessErrno(['ENOENT', 'EINVAL'], () => fs.readLink(claim));
  if ((await stateOf(fs, file))?.identity !== identity) return 'Gone';
  // A link to anywhere but a temporary beside it was made by hand, and is followed nowhere.
  if (candidate !== undefined && authorOfTemporary(candidate) !== undefined) {
    if (await renameIfThere(fs, join(dirname(file.path), candidate), file.path)) {
      await fs.syncDirectory(dirname(file.path));
      await retireClaims(fs, file.path, identity, round);
      return 'Gone';
    }
  }
  return (await stateOf(fs, file))?.identity === identity ? 'Dead' : 'Gone';
};

/** Makes the claims on the present state of `file` come true, where somebody died between claiming and renaming. */
export const finishClaims = async (fs: FileSystem, file: SharedFile, identity: string): Promise<void> => {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const claimed = await unlessErrno(['ENOENT', 'EINVAL'], () => fs.readLink(claimPath(file.path, identity, round)));
    if (claimed === undefined || (await help(fs, file, identity, round)) === 'Gone') return;
  }
};

const create = async (fs: FileSystem, file: SharedFile, bytes: Uint8Array): Promise<WriteOutcome> => {
  if ((await stateOf(fs, file)) !== undefined) return CONFLICT;
  const candidate = await stageFile(fs, file.path, bytes);
  try {
    await fs.link(candidate, file.path);
    await fs.syncDirectory(dirname(file.path));
    return { _tag: 'Landed', revision: revisionOf(bytes) };
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return CONFLICT;
    throw error;
  } finally {
    await discard(fs, candidate);
  }
};

const exists = async (fs: FileSystem, claim: string): Promise<boolean> =>
  (await unlessErrno(['ENOENT'], () => fs.readLink(claim))) !== undefined;

/** Tries to follow the state `identity` with `candidate` at one round; nothing when another round is needed. */
const follow = async (
  fs: FileSystem,
  file: SharedFile,
  identity: string,
  round: number,
  candidate: string,
): Promise<'Landed' | 'Conflict' | 'Cleared' | undefined> => {
  const { path } = file;
  const claimed = await unlessErrno(['EEXIST'], async () => {
    await fs.symlink(basename(candidate), claimPath(path, identity, round));
    return true;
  });
  if (claimed === undefined) {
    if ((await help(fs, file, identity, round)) === 'Dead') return undefined;
    await discard(fs, candidate);
    return 'Conflict';
  }
  if ((await stateOf(fs, file))?.identity === identity) {
    if (await renameIfThere(fs, candidate, path)) {
      await fs.syncDirectory(dirname(path));
      await retireClaims(fs, path, identity, round);
      return 'Landed';
    }
  } else {
    const withdrawn = await unlessErrno(['ENOENT'], async () => {
      await fs.unlink(candidate);
      return true;
    });
    if (withdrawn === true) {
      await retireClaims(fs, path, identity, round);
      return 'Conflict';
    }
  }
  // The candidate is not there: a helper renamed it, unless somebody deleted it by hand.
  if ((await stateOf(fs, file))?.identity === identity) return 'Cleared';
  if (await exists(fs, claimPath(path, identity, round + 1))) return 'Conflict';
  await fs.syncDirectory(dirname(path));
  await retireClaims(fs, path, identity, round);
  return 'Landed';
};

const replace = async (
  fs: FileSystem,
  file: SharedFile,
  bytes: Uint8Array,
  expected: Revision,
): Promise<WriteOutcome> => {
  const before = await stateOf(fs, file);
  if (before?.revision !== expected) return CONFLICT;
  let candidate = await stageFile(fs, file.path, bytes);
  try {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const outcome = await follow(fs, file, before.identity, round, candidate);
      if (outcome === 'Landed') return { _tag: 'Landed', revision: revisionOf(bytes) };
      if (outcome === 'Conflict') return CONFLICT;
      if (outcome === 'Cleared') candidate = await stageFile(fs, file.path, bytes);
    }
  } catch (error) {
    // Withdrawn, it cannot land behind the back of a caller that reads back and finds it missing.
    await discard(fs, candidate);
    throw error;
  }
  await discard(fs, candidate);
  return {
    _tag: 'Unknown',
    detail: `write ${file.path}: ${ROUNDS_MAX} writers before this one claimed the file and none finished; remove ${claimPath(file.path, before.identity, 0).replace(/0\.next$/, '*.next')}`,
  };
};

/**
 * Replaces what `file` holds, if that still is `expected`; `undefined` creates the file, if it is not there. Whatever
 * happens in between, the old or the new file is there, whole (fault 46), and of several writers that expect the same
 * revision at most one lands. Never rejects: what fails is `Unknown`, with the errno and the way out (faults 39, 45).
 */
export const compareAndSwap = async (
  fs: FileSystem,
  file: SharedFile,
  bytes: Uint8Array,
  expected: Revision | undefined,
): Promise<WriteOutcome> => {
  try {
    return expected === undefined ? await create(fs, file, bytes) : await replace(fs, file, bytes, expected);
  } catch (error) {
    return { _tag: 'Unknown', detail: describeFailure('write', file.path, error) };
  }
};
