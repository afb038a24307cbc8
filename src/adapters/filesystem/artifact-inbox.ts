import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactInbox, InboxTarball } from '../../ports/artifact-inbox.ts';
import type { Revision } from '../../ports/conditional-write.ts';
import { byName, isInboxName } from '../artifact-format/index.ts';
import { describeFailure, unlessErrno } from '../durable-files/index.ts';

const PIECE_BYTES = 65_536;

/** A file that is written on, or replaced, is another: it differs in one of these. */
const revisionOf = ({ ino, size, mtimeNs }: BigIntStats): Revision => `${ino}-${size}-${mtimeNs}`;

/** The bytes of a file as long as it is of that revision; opened when the first piece is asked for. */
async function* unchanged(path: string, revision: Revision): AsyncGenerator<Uint8Array> {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  const assertUnchanged = async (): Promise<void> => {
    if (revisionOf(await file.stat({ bigint: true })) === revision) return;
    throw new Error(`${path}: expected a file that nobody writes to, got other bytes than were there before`);
  };
  try {
    await assertUnchanged();
    yield* file.createReadStream({ highWaterMark: PIECE_BYTES, autoClose: false }) as AsyncIterable<Buffer>;
    await assertUnchanged();
  } finally {
    await file.close();
  }
}

/**
 * An inbox that is a directory. Whoever puts tarballs there should write them under another name and rename them; one
 * that is still being written is told by its size and time, which every item here may still change.
 *
 * `root` is not made: one that is missing is more often mistyped than empty.
 */
export const filesystemArtifactInbox = (root: string): ArtifactInbox => ({
  list: async () => {
    try {
      const tarballs: InboxTarball[] = [];
      for (const name of (await readdir(root)).filter(isInboxName)) {
        const stats = await unlessErrno(['ENOENT'], () => lstat(join(root, name), { bigint: true }));
        if (stats === undefined) continue;
        tarballs.push({ name, revision: revisionOf(stats), sizeBytes: Number(stats.size), mayGrow: true });
      }
      return { _tag: 'Listed', tarballs: tarballs.sort(byName) };
    } catch (error) {
      return { _tag: 'Unavailable', detail: describeFailure('list', root, error) };
    }
  },
  open: async (name, revision) => {
    const path = join(root, name);
    try {
      const stats = await unlessErrno(['ENOENT'], () => lstat(path, { bigint: true }));
      if (stats === undefined || revisionOf(stats) !== revision) return { _tag: 'Changed' };
      return stats.isFile()
        ? { _tag: 'Opened', tarball: unchanged(path, revision) }
        : {
            _tag: 'Refused',
            detail: `${name}: expected a file, got a directory, a link or a device; put a file there`,
          };
    } catch (error) {
      return { _tag: 'Unavailable', detail: describeFailure('open', path, error) };
    }
  },
});
