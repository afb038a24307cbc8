import { join } from 'node:path';
import { claimOf, finishClaims, type SharedFile, stateOf } from './compare-and-swap.ts';
import { unlessErrno } from './failure.ts';
import type { FileSystem } from './file-system.ts';
import { discard } from './staged-file.ts';
import { authorOfTemporary, isAbandoned } from './temporary.ts';

/**
 * Clears a directory of the temporaries whose authors are gone (fault 41). For directories whose files have one writer;
 * where there may be several, use {@link settleLeftovers}.
 *
 * @throws what the file system threw; the directory is then as good as before.
 */
export const clearTemporaries = async (fs: FileSystem, directory: string): Promise<void> => {
  for (const { name: entry, kind } of (await unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.list(directory))) ?? []) {
    const author = authorOfTemporary(entry);
    if (author === undefined) continue;
    const path = join(directory, entry);
    const abandoned = await unlessErrno(['ENOENT'], () => isAbandoned(fs, path, author));
    if (abandoned !== true) continue;
    await (kind === 'directory' ? fs.removeTree(path) : discard(fs, path));
  }
};

/**
 * Clears a directory of what writers that died left in it (law N8, fault 41): finishes a write that only wanted its
 * rename, removes claims on states that are gone, and temporaries whose authors are. Harmless while others write.
 *
 * @param fileAt - how the files of this directory are read, as for `compareAndSwap`.
 * @throws what the file system threw; the directory is then as good as before.
 */
export const settleLeftovers = async (
  fs: FileSystem,
  directory: string,
  fileAt: (path: string) => SharedFile,
): Promise<void> => {
  const entries = (await unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.list(directory))) ?? [];
  for (const { name: entry } of entries) {
    const claim = claimOf(entry);
    if (claim === undefined) continue;
    const file = fileAt(join(directory, claim.name));
    if ((await stateOf(fs, file))?.identity === claim.identity) await finishClaims(fs, file, claim.identity);
    else await discard(fs, join(directory, entry));
  }
  await clearTemporaries(fs, directory);
};
