import { dirname } from 'node:path';
import { errnoOf, unlessErrno } from './failure.ts';
import type { FileSystem } from './file-system.ts';

/**
 * Makes the directory `path` and those above it where they are missing, and makes its name durable. The name of one that
 * was there already is synced too: whoever made it may have died before that.
 */
export const makeDirectories = async (fs: FileSystem, path: string): Promise<void> => {
  const parent = dirname(path);
  try {
    await fs.makeDirectory(path);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      // A parent that this user may pass but not open belongs to someone who set it up before us.
      await unlessErrno(['EACCES', 'EPERM'], () => fs.syncDirectory(parent));
      return;
    }
    if (errnoOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectories(fs, parent);
    await makeDirectories(fs, path);
    return;
  }
  await fs.syncDirectory(parent);
};
