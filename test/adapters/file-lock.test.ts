import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeFileLock } from '../../src/adapters/file-lock/index.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-lock-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(spawnSync('flock', ['--version']).error !== undefined)('the file lock (flock(1))', () => {
  it('is held by one at a time, and free again when it is released', async () => {
    const path = join(directory, 'below', 'lock');
    const first = await takeFileLock(path);
    if (first._tag !== 'Held') throw new Error(first._tag);
    expect((await takeFileLock(path))._tag).toBe('Busy');
    await first.release();
    const second = await takeFileLock(path);
    expect(second._tag).toBe('Held');
    if (second._tag === 'Held') await second.release();
  });

  it('fault 47: a file that was left behind is no lock', async () => {
    const path = join(directory, 'lock');
    writeFileSync(path, '1');
    const taken = await takeFileLock(path);
    expect(taken._tag).toBe('Held');
    if (taken._tag === 'Held') await taken.release();
  });

  it('says so where no lock can be had', async () => {
    writeFileSync(join(directory, 'file'), '');
    expect((await takeFileLock(join(directory, 'file', 'lock')))._tag).toBe('Unavailable');
  });
});
