import { makeDirectories } from './directories.ts';
import { errnoOf } from './failure.ts';
import type { FileSystem } from './file-system.ts';
import { temporaryPath } from './temporary.ts';
import { dirname } from 'node:path';

/** A disk that loses one temporary may keep the next; one that loses two is to be reported. */
const ATTEMPTS_MAX = 2;

/** Removes a temporary of ours; that it cannot be removed is no reason for another answer: the next start clears it. */
export const discard = async (fs: FileSystem, path: string): Promise<void> => {
  try {
    await fs.unlink(path);
  } catch {
    // Nothing depends on it.
  }
};

/**
 * A modification time in this second whose fraction is random: with the inode it names the file for good, although the
 * kernel's own clock ticks slowly enough to give two files the same time and inodes are used again.
 */
const uniqueModificationTime = (): number => Math.floor(Date.now() / 1000) + Math.random();

const writeTemporary = async (fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> => {
  const file = await fs.create(path);
  try {
    await file.write(bytes);
    await file.stampModified(uniqueModificationTime());
    await file.sync();
  } finally {
    await file.close();
  }
};

/**
 * Writes `bytes` to a new temporary beside `path` and makes its content durable, making the directory when it is missing.
 * When that fails, the temporary is thrown away and a new one is tried once: after a failed fsync the kernel may call
 * pages clean that never reached the disk, so the same file is never synced again (fault 40).
 *
 * @returns the path of the temporary.
 * @throws what the file system threw.
 */
export const stageFile = async (fs: FileSystem, path: string, bytes: Uint8Array): Promise<string> => {
  for (let attempt = 1; ; attempt++) {
    const temporary = await temporaryPath(fs, path);
    try {
      await writeTemporary(fs, temporary, bytes);
      return temporary;
    } catch (error) {
      await discard(fs, temporary);
      if (attempt >= ATTEMPTS_MAX) throw error;
      if (errnoOf(error) === 'ENOENT') await makeDirectories(fs, dirname(path));
    }
  }
};
