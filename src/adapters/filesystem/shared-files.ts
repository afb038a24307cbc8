import { dirname } from 'node:path';
import type { Revision, WriteOutcome } from '../../ports/conditional-write.ts';
import {
  compareAndSwap,
  describeFailure,
  type FileSystem,
  makeDirectories,
  settleLeftovers,
  type SharedFile,
} from '../durable-files/index.ts';

/** Files below one root that several processes write, each write naming the revision that it replaces. */
export interface SharedFiles {
  /** Clears `directory` of what writers that died left in it (fault 41), once; that it cannot be cleared harms nothing. */
  readonly settle: (directory: string) => Promise<void>;
  readonly write: (path: string, bytes: Uint8Array, expected: Revision | undefined) => Promise<WriteOutcome>;
}

/** {@link SharedFiles} that are read with `limits`. */
export const sharedFiles = (fs: FileSystem, limits: Omit<SharedFile, 'path'>): SharedFiles => {
  const settled = new Map<string, Promise<void>>();
  const prepared = new Map<string, Promise<void>>();
  const fileAt = (path: string): SharedFile => ({ path, ...limits });

  const settle = (directory: string): Promise<void> => {
    const known = settled.get(directory);
    if (known !== undefined) return known;
    const settling = settleLeftovers(fs, directory, fileAt).catch(() => undefined);
    settled.set(directory, settling);
    return settling;
  };

  /** What failed once is tried again by the next write. */
  const prepare = (directory: string): Promise<void> => {
    const known = prepared.get(directory);
    if (known !== undefined) return known;
    const preparing = makeDirectories(fs, directory).then(
      () => settle(directory),
      (error: unknown) => {
        prepared.delete(directory);
        throw error;
      },
    );
    prepared.set(directory, preparing);
    return preparing;
  };

  return {
    settle,
    write: async (path, bytes, expected) => {
      try {
        await prepare(dirname(path));
      } catch (error) {
        return { _tag: 'Unknown', detail: describeFailure('write', path, error) };
      }
      return compareAndSwap(fs, fileAt(path), bytes, expected);
    },
  };
};
