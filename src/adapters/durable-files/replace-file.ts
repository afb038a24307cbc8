import { dirname } from 'node:path';
import { describeFailure } from './failure.ts';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { discard, stageFile } from './staged-file.ts';

/** How replacing a file ended. */
export type Replacement =
  | { readonly _tag: 'Replaced' }
  /** The old file or the new one is there, whole; usually the old one. */
  | { readonly _tag: 'Failed'; readonly detail: string };

/**
 * Replaces the file at `path`, or makes it: whatever happens in between, a power loss included, the old or the new file
 * is there, whole (fault 46). For files that have one writer; where there may be two, use `compareAndSwap`.
 *
 * Never rejects. A symbolic link at `path` is replaced by a file, and what it points to stays as it was.
 */
export const replaceFile = async (
  path: string,
  bytes: Uint8Array,
  fs: FileSystem = nodeFileSystem,
): Promise<Replacement> => {
  let temporary: string | undefined;
  try {
    temporary = await stageFile(fs, path, bytes);
    await fs.rename(temporary, path);
    temporary = undefined;
    await fs.syncDirectory(dirname(path));
    return { _tag: 'Replaced' };
  } catch (error) {
    if (temporary !== undefined) await discard(fs, temporary);
    return { _tag: 'Failed', detail: describeFailure('replace', path, error) };
  }
};
