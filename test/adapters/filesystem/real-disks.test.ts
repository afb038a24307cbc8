import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exampleArtifact, exampleManifest, streamed } from '../../../src/adapters/contracts/index.ts';
import {
  chefRepoServer,
  filesystemArtifactStore,
  filesystemStateStore,
} from '../../../src/adapters/filesystem/index.ts';
import { nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';

const canMount = ((): boolean => {
  if (process.geteuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Gives `act` a file system of 1 MiB, and takes it away after that. */
const onSmallDisk = (act: (disk: string) => Promise<void>): Promise<void> =>
  inTemporaryDirectory(async (path) => {
    const disk = join(path, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0755', 'tmpfs', disk]);
    try {
      await act(disk);
    } finally {
      execFileSync('umount', ['--lazy', disk]);
    }
  });

const fill = async (disk: string): Promise<void> => {
  for (const size of [400_000, 4_096, 512]) {
    for (let n = 0; ; n++) {
      try {
        await writeFile(join(disk, `filler-${size}-${n}`), Buffer.alloc(size));
      } catch {
        break;
      }
    }
  }
};

const revisionAfter = async (
  write: Promise<{ readonly _tag: string; readonly revision?: string }>,
): Promise<string> => {
  const { revision } = await write;
  if (revision === undefined) throw new Error('expected the write to land');
  return revision;
};

describe.skipIf(!canMount)('on real disks (skipped unless root, who may mount)', () => {
  test('fault 39: a full disk makes a write unknown, and leaves the old document whole', () =>
    onSmallDisk(async (disk) => {
      const store = filesystemStateStore(join(disk, 'state'));
      const revision = await revisionAfter(store.write('state.json', '{"old": true}', undefined));
      await fill(disk);
      expect(await store.write('state.json', 'x'.repeat(50_000), revision)).toMatchObject({
        _tag: 'Unknown',
        detail: expect.stringMatching(/ENOSPC.*free space/) as string,
      });
      expect(await store.read('state.json')).toMatchObject({ _tag: 'Found', body: '{"old": true}', revision });
      expect(await readdir(join(disk, 'state'))).toEqual(['state.json']);
    }));

  test('fault 39: a disk that became read-only makes a write unknown, and is still read', () =>
    onSmallDisk(async (disk) => {
      const store = filesystemStateStore(join(disk, 'state'));
      const revision = await revisionAfter(store.write('state.json', '{"old": true}', undefined));
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      expect(await store.write('state.json', '{"new": true}', revision)).toMatchObject({
        _tag: 'Unknown',
        detail: expect.stringMatching(/EROFS.*remount/) as string,
      });
      expect(await filesystemStateStore(join(disk, 'state')).read('state.json')).toMatchObject({
        body: '{"old": true}',
      });
      execFileSync('mount', ['-o', 'remount,rw', disk]);
      expect((await store.write('state.json', '{"new": true}', revision))._tag).toBe('Landed');
    }));

  test('fault 39: an artifact that does not fit is not there, nor is any of it', () =>
    onSmallDisk(async (disk) => {
      const store = filesystemArtifactStore(join(disk, 'artifacts'));
      const { record, tarball } = exampleArtifact(exampleManifest('1.0.0', { apt: '7.5.23' }));
      expect((await store.add(record, streamed(tarball)))._tag).toBe('Added');
      const large = Buffer.alloc(3_000_000);
      const promised = { ...record, version: exampleManifest('2.0.0', {}).baseVersion, sizeBytes: large.length };
      expect(await store.add(promised, streamed(large, 65_536))).toMatchObject({
        _tag: 'Unavailable',
        detail: expect.stringContaining('ENOSPC') as string,
      });
      expect(await readdir(join(disk, 'artifacts'))).toEqual(['1.0.0']);
      expect(await store.list()).toMatchObject({ _tag: 'Listed', artifacts: [{ version: '1.0.0' }] });
    }));

  test('fault 39: an artifact that does not fit on a Chef server is not complete, nor is any of it there', () =>
    onSmallDisk(async (disk) => {
      const root = join(disk, 'chef');
      const server = chefRepoServer(nameFromLiteral(StackName)('basalt'), root);
      const { record, tarball } = exampleArtifact(exampleManifest('1.0.0', { apt: '7.5.23' }), 'x'.repeat(3_000_000));
      expect(await server.upload(record, streamed(tarball))).toMatchObject({
        _tag: 'Unavailable',
        detail: expect.stringContaining('ENOSPC') as string,
      });
      expect(await readdir(root)).toEqual(['cookbooks']);
      expect(await readdir(join(root, 'cookbooks'))).toEqual([]);
      expect(await server.completeArtifacts()).toEqual({ _tag: 'Listed', sha256ByVersion: new Map() });
    }));

  test('control: the same disk is full for a naive writer, who loses the document', () =>
    onSmallDisk(async (disk) => {
      const path = join(disk, 'state.json');
      await writeFile(path, '{"old": true}');
      await fill(disk);
      await expect(writeFile(path, 'x'.repeat(50_000))).rejects.toThrow('ENOSPC');
      expect(await readFile(path, 'utf8')).not.toBe('{"old": true}');
      expect((await stat(path)).size).toBeLessThan(50_000);
    }));
});
