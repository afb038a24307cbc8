import { randomBytes } from 'node:crypto';
import { constants, type FSWatcher, watch } from 'node:fs';
import { lstat, mkdir, open, stat } from 'node:fs/promises';
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
  /** There, but not to be trusted: a link, too large, not UTF-8, or of somebody who may not ask. */
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
  /**
   * Reads the documents that lie there, the oldest first: but 500 at once at most, so that what is read stays small. Who
   * wants all of them looks on until none is left.
   *
   * @param known - the names of those to leave out.
   */
  readonly look: (known?: ReadonlySet<string>) => Promise<BoxReading>;
  /** Removes a document; answers why that failed. One that is gone is no failure. */
  readonly remove: (name: string) => Promise<string | undefined>;
  /**
   * Calls `arrived` soon after a document was left, as far as the kernel tells: who has to know looks by itself, too.
   * Makes the box where it is missing. Answers how to stop.
   */
  readonly watch: (arrived: () => void) => Promise<() => void>;
}

const REQUEST_BYTES_MAX = 16_384;

/** So many are read at one look, which is 8 MB of text at most. */
const REQUESTS_MAX = 500;

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** Says nothing of the document: it can be read when there are some again (fault 45). */
const OUT_OF_RESOURCES: readonly (string | undefined)[] = ['EMFILE', 'ENFILE', 'ENOMEM'];

const ROOT = 0;

/** Sorts as the instants do, up to the year 9999. */
const nameAt = (atMs: number): string => `${String(atMs).padStart(15, '0')}-${randomBytes(4).toString('hex')}.json`;

const isRequest = (name: string): boolean => /^[\w-][\w.-]*\.json$/.test(name);

const octal = (mode: number): string => (mode & 0o7777).toString(8);

/** Who may ask, as the directory of the box says. */
interface Trust {
  readonly isTrusted: (uid: number) => boolean;
  /** Who that is, for an error. */
  readonly expected: string;
}

const fileAnswer = async (
  fs: FileSystem,
  path: string,
  name: string,
  { isTrusted, expected }: Trust,
): Promise<BoxedRequest> => {
  const look = await fs.look(path, REQUEST_BYTES_MAX, 'refuse');
  if ((look.mode & WRITABLE_BY_OTHERS) !== 0) {
    return {
      _tag: 'Refused',
      name,
      detail: `expected a file that only its owner may write, got mode ${octal(look.mode)}`,
    };
  }
  if (!isTrusted(look.uid)) {
    return { _tag: 'Refused', name, detail: `expected a file of ${expected}, got one of user ${look.uid}` };
  }
  const body = readBody(look.bytes, REQUEST_BYTES_MAX);
  return 'text' in body ? { _tag: 'Found', name, body: body.text } : { _tag: 'Refused', name, detail: body.fault };
};

/** Gives a directory away, and nothing else that may have taken its place meanwhile. */
const giveTo = async (path: string, uid: number, gid: number): Promise<void> => {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await directory.chown(uid, gid);
  } finally {
    await directory.close();
  }
};

/**
 * The box at `path`, whose parent is the daemon's own directory: only root and who owns that may leave anything. A box that
 * is a link, that somebody else has made, or that others may write into or replace, is not read at all (fault 44).
 */
export const requestBox = (path: string, fs: FileSystem = nodeFileSystem): RequestBox => {
  const parent = dirname(path);

  /** Makes the box where it is missing, for the owner of its parent. */
  const make = async (): Promise<void> => {
    await makeDirectories(fs, parent);
    const { uid, gid } = await stat(parent);
    try {
      await mkdir(path, 0o755);
      if (geteuid?.() !== uid) await giveTo(path, uid, gid);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  };

  const trust = async (): Promise<Trust | { readonly fault: string }> => {
    const [box, { uid: owner, mode }] = [await lstat(path), await stat(parent)];
    if (!box.isDirectory()) return { fault: `${path}: expected a directory; remove what is there` };
    if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0) {
      return {
        fault: `${parent}: expected a directory in which others can replace nothing, got mode ${octal(mode)}; look who did that, then chmod 755`,
      };
    }
    const trusted = new Set([ROOT, owner, geteuid?.() ?? ROOT]);
    const isTrusted = (uid: number): boolean => trusted.has(uid);
    const expected = `root or user ${owner}, who owns ${parent}`;
    if (!isTrusted(box.uid)) {
      return {
        fault: `${path}: expected a directory of ${expected}, got one of user ${box.uid}; look who did that, then remove it`,
      };
    }
    return (box.mode & WRITABLE_BY_OTHERS) === 0
      ? { isTrusted, expected }
      : {
          fault: `${path}: expected a directory that only its owner may write, got mode ${octal(box.mode)}; look who did that, then chmod 755`,
        };
  };

  const notPermitted = async (): Promise<string | undefined> => {
    const self = geteuid?.() ?? ROOT;
    if (self === ROOT) return undefined;
    try {
      const { uid } = await stat(parent);
      return uid === self
        ? undefined
        : `${parent}: expected root or user ${uid}, who owns it, got user ${self}; use sudo`;
    } catch {
      return undefined;
    }
  };

  const lookAt = async (name: string, trusted: Trust): Promise<BoxedRequest | undefined> => {
    try {
      return await fileAnswer(fs, join(path, name), name, trusted);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      if (OUT_OF_RESOURCES.includes(errnoOf(error))) throw error;
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
        const trusted = await trust();
        if ('fault' in trusted) return { _tag: 'Failed', detail: trusted.fault };
      } catch (error) {
        const detail = describeFailure('write', path, error);
        return { _tag: errnoOf(error) === 'EACCES' ? 'NotPermitted' : 'Failed', detail };
      }
      const name = nameAt(atMs);
      const replaced = await replaceFile(join(path, name), Buffer.from(body), fs);
      return replaced._tag === 'Replaced' ? { _tag: 'Left', name } : replaced;
    },
    look: async (known = new Set()) => {
      try {
        const trusted = await trust();
        if ('fault' in trusted) return { _tag: 'Unreadable', detail: trusted.fault };
        const names = (await fs.list(path))
          .map(({ name }) => name)
          .filter((name) => isRequest(name) && !known.has(name));
        const requests: BoxedRequest[] = [];
        // One after the other, which takes one descriptor and not as many as there are requests.
        for (const name of names.toSorted()) {
          const request = await lookAt(name, trusted);
          if (request !== undefined) requests.push(request);
          if (requests.length === REQUESTS_MAX) break;
        }
        return { _tag: 'Read', requests };
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
