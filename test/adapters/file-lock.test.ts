import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { geteuid, kill, pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeFileLock } from '../../src/adapters/file-lock/index.ts';
import { whichExecutable } from '../support/which-executable.ts';

const isRoot = geteuid?.() === 0;
const NOBODY = 65_534;
const MODULE = fileURLToPath(new URL('../../src/adapters/file-lock/index.ts', import.meta.url));

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-lock-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const held = async (path: string): Promise<() => Promise<void>> => {
  const taken = await takeFileLock(path);
  if (taken._tag !== 'Held') throw new Error(JSON.stringify(taken));
  return taken.release;
};

const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** The exit status of flock(1) that another user calls on `path`: 75 where the lock is taken, 66 where there is no access. */
const lockedBySomebody = (path: string): number | null =>
  spawnSync('setpriv', [
    ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
    ...['flock', '--nonblock', '--conflict-exit-code', '75', path, 'true'],
  ]).status;

/** Kills every process but this one that has `path` open. */
const killOthersAt = (path: string): void => {
  for (const other of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== pid)) {
    try {
      const open = readdirSync(`/proc/${other}/fd`).map((descriptor) =>
        readlinkSync(`/proc/${other}/fd/${descriptor}`),
      );
      if (open.includes(path)) kill(Number(other), 'SIGKILL');
    } catch {
      // It ended meanwhile, or is somebody else's.
    }
  }
};

describe.skipIf(whichExecutable('flock') === undefined)('the file lock (skipped without flock)', () => {
  it('is held by one at a time, and free again when it is released', async () => {
    const path = join(directory, 'below', 'lock');
    const release = await held(path);
    expect((await takeFileLock(path))._tag).toBe('Busy');
    await release();
    const again = await held(path);
    // A second time, it must not let go of the next one's.
    await release();
    expect((await takeFileLock(path))._tag).toBe('Busy');
    await again();
  });

  it('fault 47: a file that was left behind is no lock', async () => {
    const path = join(directory, 'lock');
    writeFileSync(path, '1');
    await (
      await held(path)
    )();
  });

  it('N13: is held by this process alone, and cannot be lost by the death of another', async () => {
    const path = join(directory, 'lock');
    const release = await held(path);
    killOthersAt(path);
    expect((await takeFileLock(path))._tag).toBe('Busy');
    await release();
  });

  it('can be opened by its owner only, also where the file was left behind by one who let others', async () => {
    const fresh = join(directory, 'fresh');
    await (
      await held(fresh)
    )();
    expect(modeOf(fresh)).toBe(0o600);
    const old = join(directory, 'old');
    writeFileSync(old, '');
    chmodSync(old, 0o644);
    await (
      await held(old)
    )();
    expect(modeOf(old)).toBe(0o600);
  });

  it.skipIf(!isRoot || whichExecutable('setpriv') === undefined)(
    'cannot be taken by another user (skipped unless root, with setpriv)',
    async () => {
      chmodSync(directory, 0o755);
      const path = join(directory, 'lock');
      writeFileSync(path, '');
      chmodSync(path, 0o644);
      expect(lockedBySomebody(path)).toBe(0);
      await (
        await held(path)
      )();
      expect(lockedBySomebody(path)).toBe(66);
    },
  );

  it.skipIf(!isRoot)('of another user is none, unless it is his directory (skipped unless root)', async () => {
    const path = join(directory, 'lock');
    writeFileSync(path, '');
    chownSync(path, NOBODY, NOBODY);
    const taken = await takeFileLock(path);
    expect(taken._tag === 'Unavailable' && taken.detail).toMatch(/expected a file of root or user 0.*user 65534/);
    chownSync(directory, NOBODY, NOBODY);
    await (
      await held(path)
    )();
  });

  it.skipIf(!isRoot || whichExecutable('setpriv') === undefined)(
    'that root has made in the directory of another is that one’s (skipped unless root, with setpriv)',
    async () => {
      chownSync(directory, NOBODY, NOBODY);
      const path = join(directory, 'lock');
      const release = await held(path);
      expect([statSync(path).uid, modeOf(path)]).toEqual([NOBODY, 0o600]);
      expect(lockedBySomebody(path)).toBe(75);
      await release();
      expect(lockedBySomebody(path)).toBe(0);
    },
  );

  it('leaves alone what is behind a link, or has a second name', async () => {
    const victim = join(directory, 'victim');
    writeFileSync(victim, '');
    chmodSync(victim, 0o644);
    symlinkSync(victim, join(directory, 'link'));
    const linked = await takeFileLock(join(directory, 'link'));
    expect(linked._tag === 'Unavailable' && linked.detail).toMatch(/ELOOP/);
    linkSync(victim, join(directory, 'second'));
    await (
      await held(join(directory, 'second'))
    )();
    expect(modeOf(victim)).toBe(0o644);
  });

  it.each([
    ['a directory', (path: string) => mkdirSync(path)],
    ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
  ])('is none where %s is in the place of the file', async (_what, plant) => {
    const path = join(directory, 'lock');
    plant(path);
    const taken = await takeFileLock(path);
    expect(taken._tag === 'Unavailable' && taken.detail).toMatch(/expected a regular file/);
  });

  it('says so where no lock can be had', async () => {
    writeFileSync(join(directory, 'file'), '');
    const taken = await takeFileLock(join(directory, 'file', 'lock'));
    expect(taken._tag === 'Unavailable' && taken.detail).toMatch(/lock .*ENOTDIR|EEXIST/);
  });

  it.skipIf(whichExecutable('prlimit') === undefined)(
    'fault 45: with few descriptors left or none it answers all the same, and keeps none (skipped without prlimit)',
    () => {
      const script = `
        import { closeSync, openSync } from 'node:fs';
        import { takeFileLock } from ${JSON.stringify(MODULE)};
        const open = [];
        const exhaust = () => { try { for (;;) open.push(openSync('/dev/null')); } catch {} };
        exhaust();
        const answers = [];
        for (let free = 0; free < 16; free++) {
          for (const descriptor of open.splice(0, free)) closeSync(descriptor);
          const taken = await takeFileLock(${JSON.stringify(join(directory, 'lock'))});
          answers.push(taken._tag);
          await taken.release?.();
          exhaust();
        }
        process.stdout.write(JSON.stringify([answers, open.length]), () => process.exit());
      `;
      const { stdout, stderr } = spawnSync(
        'prlimit',
        ['--nofile=64', process.execPath, '--input-type=module', '--eval', script],
        { encoding: 'utf8' },
      );
      expect(stderr).toBe('');
      const [answers, kept] = JSON.parse(stdout) as readonly [readonly string[], number];
      expect([answers[0], answers.at(-1)]).toEqual(['Unavailable', 'Held']);
      expect(answers).toHaveLength(16);
      expect(kept).toBeGreaterThan(0);
    },
  );

  it('fault 45: without flock(1) there is none, and the file is closed again', async () => {
    const path = process.env['PATH'];
    const openFiles = (): number => readdirSync('/proc/self/fd').length;
    const before = openFiles();
    process.env['PATH'] = directory;
    try {
      const taken = await takeFileLock(join(directory, 'lock'));
      expect(taken._tag === 'Unavailable' && taken.detail).toMatch(/^flock: .*ENOENT/);
    } finally {
      process.env['PATH'] = path;
    }
    expect(openFiles()).toBe(before);
  });
});
