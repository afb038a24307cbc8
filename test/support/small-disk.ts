/** Real disks that a test may fill or make read-only: small file systems in memory, which only root can mount. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether this machine lets the tests mount. */
export const canMount = ((): boolean => {
  if (process.geteuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** A file system of 1 MiB. */
export interface SmallDisk {
  /** Leaves room for nothing more; answers how to make room again. */
  readonly fill: () => () => void;
  readonly remount: (mode: 'ro' | 'rw') => void;
  readonly unmount: () => void;
}

/** Mounts one at `path`, which it makes. */
export const smallDisk = (path: string): SmallDisk => {
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0755', 'tmpfs', path]);
  return {
    fill: () => {
      const fillers: string[] = [];
      for (const size of [400_000, 4_096, 512]) {
        for (let n = 0; ; n++) {
          const filler = join(path, `filler-${size}-${n}`);
          fillers.push(filler);
          try {
            writeFileSync(filler, Buffer.alloc(size));
          } catch {
            break;
          }
        }
      }
      return () => {
        for (const filler of fillers) rmSync(filler, { force: true });
      };
    },
    remount: (mode) => {
      execFileSync('mount', ['-o', `remount,${mode}`, path]);
    },
    unmount: () => {
      execFileSync('umount', ['--lazy', path]);
    },
  };
};
