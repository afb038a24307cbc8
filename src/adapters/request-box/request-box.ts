import { randomBytes } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { chown, lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { geteuid } from 'node:process';
import {
  describeFailure,
  errnoOf,
  type FileSystem,
  makeDirectories,
  nodeFileSystem,
  replaceFile,
} from '../durable-files/index.ts';
import { readBody } from '../text-body/index.ts';

/** A document that was left, or why it is not to be read. */
export type BoxedRequest =
  | { readonly _tag: 'Found'; readonly name: string; readonly body: string }
  /** There, but not to be trusted: a link, too large, not UTF-8, or somebody else's than root's and the owner's. */
  | { readonly _tag: 'Refused'; readonly name: string; readonly detail: string };

/** What one look into the box showed. */
export type BoxReading =
  /** The oldest first, by their names. */
  | { readonly _tag: 'Read'; readonly requests: readonly BoxedRequest[] }
  /** The box cannot be read, or others may write into it. */
  | { readonly _tag: 'Unreadable'; readonly detail: string };

/** How leaving a document ended. */
export type RequestPut =
  | { readonly _tag: 'Left'; readonly name: string }
  /** Only root and who owns the directory of the box may ask. */
  | { readonly _tag: 'NotPermitted'; readonly detail: string }
  | { readonly _tag: 'Failed'; readonly detail: string };

/** A directory for requests. None of its functions rejects or throws. */
export interface RequestBox {
  /**
   * Leaves a document, whole and durable.
   *
   * @param atMs - when it was asked, in epoch milliseconds; it orders the documents.
   */
  readonly put: (body: string, atMs: number) => Promise<RequestPut>;
  /** Whether a document is still there. */
  readonly isThere: (name: string) => Promise<boolean>;
  /** Reads every document that lies there. */
  readonly look: () => Promise<BoxReading>;
  /** Removes a document; answers why that failed. One that is gone is no failure. */
  readonly remove: (name: string) => Promise<string | undefined>;
  /**
   * Calls `arrived` soon after a document was left, as far as the kernel tells: who has to know looks by itself, too.
   * Makes the box where it is missing. Answers how to stop.
   */
  readonly watch: (arrived: () => void) => Promise<() => void>;
}

const REQUEST_BYTES_MAX = 16_384;

/** So many are read at one look; the others wait for the next. */
const REQUESTS_MAX = 100;

const WRITABLE_BY_OTHERS = 0o022;

const ROOT = 0;

/** Sorts as the instants do, up to the year 9999. */
const nameAt = (atMs: number): string => `${String(atMs).padStart(15, '0')}-${randomBytes(4).toString('hex')}.json`;

const isRequest = (name: string): boolean => /^[\w-][\w.-]*\.json$/.test(name);

const fileAnswer = async (fs: FileSystem, path: string, name: string, owner: number): Promise<BoxedRequest> => {
  const look = await fs.look(path, REQUEST_BYTES_MAX, 'refuse');
  if ((look.mode & WRITABLE_BY_OTHERS) !== 0) {
    return {
      _tag: 'Refused',
      name,
      detail: `expected a file that only its owner may write, got mode ${look.mode.toString(8)}`,
    };
  }
  if (look.uid !== ROOT && look.uid !== owner) {
    return { _tag: 'Refused', name, detail: `expected a file of root or user ${owner}, got one of user ${look.uid}` };
  }
  const body = readBody(look.bytes, REQUEST_BYTES_MAX);
  return 'text' in body ? { _tag: 'Found', name, body: body.text } : { _tag: 'Refused', name, detail: body.fault };
};

/**
 * The box at `path`, whose parent is the daemon's own directory: only root and who owns that may leave anything. A box that
 * is a link, or that others may write into, is not read at all (fault 44).
 */
export const requestBox = (path: string, fs: FileSystem = nodeFileSystem): RequestBox => {
  const parent = dirname(path);

  /** Makes the box where it is missing, for the owner of its parent. */
  const make = async (): Promise<void> => {
    await makeDirectories(fs, parent);
    const { uid, gid } = await lstat(parent);
    try {
      await mkdir(path, 0o755);
      if (geteuid?.() !== uid) await chown(path, uid, gid);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  };

  const distrust = async (): Promise<string | undefined> => {
    const box = await lstat(path);
    if (!box.isDirectory()) return `${path}: expected a directory; remove what is there`;
    return (box.mode & WRITABLE_BY_OTHERS) === 0
      ? undefined
      : `${path}: expected a directory that only its owner may write, got mode ${(box.mode & 0o7777).toString(8)}; look who did that, then chmod 755`;
  };

  const notPermitted = async (): Promise<string | undefined> => {
    const self = geteuid?.() ?? ROOT;
    if (self === ROOT) return undefined;
    try {
      const { uid } = await lstat(parent);
      return uid === self
        ? undefined
        : `${parent}: expected root or user ${uid}, who owns it, got user ${self}; use sudo`;
    } catch {
      return undefined;
    }
  };

  const lookAt = async (name: string): Promise<BoxedRequest | undefined> => {
    try {
      return await fileAnswer(fs, join(path, name), name, (await lstat(path)).uid);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      return { _tag: 'Refused', name, detail: describeFailure('read', name, error) };
    }
  };

  const isThere = async (name: string): Promise<boolean> => {
    try {
      await lstat(join(path, name));
      return true;
    } catch (error) {
      return errnoOf(error) !== 'ENOENT';
    }
  };

  return {
    isThere,
    put: async (body, atMs) => {
      const refused = await notPermitted();
      if (refused !== undefined) return { _tag: 'NotPermitted', detail: refused };
      try {
        await make();
        const fault = await distrust();
        if (fault !== undefined) return { _tag: 'Failed', detail: fault };
      } catch (error) {
        const detail = describeFailure('write', path, error);
        return { _tag: errnoOf(error) === 'EACCES' ? 'NotPermitted' : 'Failed', detail };
      }
      const name = nameAt(atMs);
      const replaced = await replaceFile(join(path, name), Buffer.from(body), fs);
      return replaced._tag === 'Replaced' ? { _tag: 'Left', name } : replaced;
    },
    look: async () => {
      try {
        const fault = await distrust();
        if (fault !== undefined) return { _tag: 'Unreadable', detail: fault };
        const names = (await fs.list(path)).map(({ name }) => name).filter(isRequest);
        const looks = await Promise.all(names.toSorted().slice(0, REQUESTS_MAX).map(lookAt));
        return { _tag: 'Read', requests: looks.filter((look) => look !== undefined) };
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return { _tag: 'Read', requests: [] };
        return { _tag: 'Unreadable', detail: describeFailure('read', path, error) };
      }
    },
    remove: async (name) => {
      try {
        await fs.unlink(join(path, name));
        return undefined;
      } catch (error) {
        return errnoOf(error) === 'ENOENT' ? undefined : describeFailure('remove', join(path, name), error);
      }
    },
    watch: async (arrived) => {
      let watcher: FSWatcher | undefined;
      try {
        await make();
        watcher = watch(path, { persistent: false }, (_event, name) => {
          // What is removed is told like what arrives.
          if (name !== null && isRequest(name)) void isThere(name).then((is) => is && arrived());
        });
        watcher.on('error', () => watcher?.close());
      } catch {
        // No more watches to be had, or no directory: who waits looks by itself, only later.
      }
      return () => watcher?.close();
    },
  };
};
