import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How taking a lock ended. */
export type FileLock =
  | {
      readonly _tag: 'Held';
      /** Lets go of it; resolves when the next may take it. */
      readonly release: () => Promise<void>;
    }
  /** Somebody else holds it. */
  | { readonly _tag: 'Busy' }
  /** There is no lock to be had: no flock(1), or no directory to keep the file in. */
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** What flock(1) is told to exit with when somebody else holds the lock. */
const BUSY = 75;

/** What the holder says once the lock is its own. */
const HELD = 'held\n';

const exited = (holder: ChildProcess): Promise<void> =>
  holder.exitCode !== null || holder.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => {
        holder.once('exit', () => {
          resolve();
        });
      });

const hold = (path: string): Promise<FileLock> =>
  new Promise((resolve) => {
    // The holder reads until its input ends: when it is let go, or when this process dies, however that happens.
    const holder = spawn(
      'flock',
      ['--nonblock', '--conflict-exit-code', String(BUSY), path, 'sh', '-c', "trap '' INT TERM; echo held; read -r _"],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        // What asks this process to end may ask its whole group; the lock is held until the last run has ended.
        detached: true,
      },
    );
    const release = async (): Promise<void> => {
      holder.stdin.end();
      await exited(holder);
    };
    holder.stdin.on('error', () => undefined);
    holder.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text === HELD) resolve({ _tag: 'Held', release });
    });
    holder.once('error', (error) => {
      resolve({ _tag: 'Unavailable', detail: `flock: ${error.message}` });
    });
    holder.once('exit', (code) => {
      resolve(
        code === BUSY ? { _tag: 'Busy' } : { _tag: 'Unavailable', detail: `flock: exit status ${code ?? 'none'}` },
      );
    });
  });

/**
 * Takes the kernel's lock on the file at `path`, without waiting for it. Node has no lock of its own, and a pid file
 * outlives its writer (fault 47); so flock(1) holds it, for as long as this process lives and does not release it.
 * Never rejects.
 */
export const takeFileLock = async (path: string): Promise<FileLock> => {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    return { _tag: 'Unavailable', detail: String(error) };
  }
  return hold(path);
};
