import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { geteuid } from 'node:process';
import { describeFailure, errnoOf } from '../durable-files/index.ts';

/** How taking a lock ended. */
export type FileLock =
  | {
      readonly _tag: 'Held';
      /** Lets go of it; resolves when the next may take it. */
      readonly release: () => Promise<void>;
    }
  /** Somebody else holds it. */
  | { readonly _tag: 'Busy' }
  /** There is no lock to be had: no flock(1), no descriptors, or no file that nobody else could lock. */
  | { readonly _tag: 'Unavailable'; readonly detail: string };

type Unavailable = Extract<FileLock, { _tag: 'Unavailable' }>;

/** Who may open a file may lock it, and reading is enough for that: nobody but its owner may. */
const OWNER_ONLY = 0o600;
const BY_OTHERS = 0o077;

const ROOT = 0;

/** A link is not followed, and a pipe is not waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What flock(1) is told to exit with when somebody else holds the lock. */
const BUSY = 75;

/** Under this number flock(1) finds the file. */
const LOCKED_DESCRIPTOR = 3;

/** Opens the file at `path`, which is the directory's owner's where it has to be made. */
const openOrMake = (path: string, self: number, directory: Stats): number => {
  try {
    const made = openSync(path, FLAGS | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY);
    // What root leaves in another's directory must not keep that one from its own lock.
    if (self === ROOT && directory.uid !== ROOT) fchownSync(made, directory.uid, directory.gid);
    return made;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return openSync(path, FLAGS);
  }
};

/** Why `file` is none to be locked; nothing where it is one. */
const faultOf = (path: string, file: Stats, self: number, directory: Stats): string | undefined => {
  if (!file.isFile()) return `${path}: expected a regular file; remove what is there`;
  if (![ROOT, self, directory.uid].includes(file.uid)) {
    return `${path}: expected a file of root or user ${directory.uid}, who owns its directory, got one of user ${file.uid}, who could hold the lock for ever; remove it`;
  }
  return undefined;
};

/** Keeps others from opening the file from now on; one that has a second name may be something else, and stays as it is. */
const closeToOthers = (descriptor: number, file: Stats, self: number): void => {
  if (file.uid === self && file.nlink === 1 && (file.mode & BY_OTHERS) !== 0) fchmodSync(descriptor, OWNER_ONLY);
};

const openLockFile = (path: string): { readonly descriptor: number } | Unavailable => {
  let descriptor: number | undefined;
  try {
    const self = geteuid?.() ?? ROOT;
    const directory = statSync(dirname(path));
    descriptor = openOrMake(path, self, directory);
    const file = fstatSync(descriptor);
    const fault = faultOf(path, file, self, directory);
    if (fault === undefined) {
      closeToOthers(descriptor, file, self);
      return { descriptor };
    }
    closeSync(descriptor);
    return { _tag: 'Unavailable', detail: fault };
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    return { _tag: 'Unavailable', detail: describeFailure('lock', path, error) };
  }
};

/** Has flock(1) lock what `descriptor` has open; the lock stays when it has ended. */
const lock = (descriptor: number): Promise<'Locked' | 'Busy' | Unavailable> =>
  new Promise((resolve) => {
    const failed = (detail: string): void => {
      resolve({ _tag: 'Unavailable', detail: `flock: ${detail}` });
    };
    let locking: ChildProcess;
    try {
      locking = spawn('flock', ['--nonblock', '--conflict-exit-code', String(BUSY), String(LOCKED_DESCRIPTOR)], {
        stdio: ['ignore', 'ignore', 'ignore', descriptor],
      });
    } catch (error) {
      failed(String(error));
      return;
    }
    locking.once('error', (error) => {
      failed(error.message);
    });
    locking.once('exit', (code, signal) => {
      if (code === 0) resolve('Locked');
      else if (code === BUSY) resolve('Busy');
      else failed(`exit status ${code ?? signal ?? 'none'}`);
    });
  });

/**
 * Takes the kernel's lock on the file at `path`, without waiting for it. Node has no lock of its own, and a pid file
 * outlives its writer (fault 47); so flock(1) takes it on a descriptor of this process, and is done. The lock is that
 * descriptor's: it ends with its release or with this process, however that ends, and nobody takes it away by killing
 * another (law N13). Never rejects.
 *
 * The file is nobody's but its owner's to open, since whoever can read a file can lock it. One that was made by somebody
 * else than root, this user and the owner of the directory is no lock, nor is a link.
 */
export const takeFileLock = async (path: string): Promise<FileLock> => {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    return { _tag: 'Unavailable', detail: describeFailure('lock', path, error) };
  }
  // A number, and not a FileHandle: that would let go of the lock once nobody refers to it.
  const opened = openLockFile(path);
  if ('_tag' in opened) return opened;
  const { descriptor } = opened;
  const locked = await lock(descriptor);
  if (locked === 'Locked') {
    let isHeld = true;
    const release = (): Promise<void> => {
      if (isHeld) closeSync(descriptor);
      isHeld = false;
      return Promise.resolve();
    };
    return { _tag: 'Held', release };
  }
  closeSync(descriptor);
  return locked === 'Busy' ? { _tag: 'Busy' } : locked;
};
