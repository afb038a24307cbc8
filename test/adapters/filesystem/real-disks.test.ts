import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
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
import { canMount, type SmallDisk, smallDisk } from '../../support/small-disk.ts';

/** Gives `act` a file system of 1 MiB, and takes it away after that. */
const onSmallDisk = (act: (path: string, disk: SmallDisk) => Promise<void>): Promise<void> =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, 'disk');
    const disk = smallDisk(path);
    try {
      await act(path, disk);
    } finally {
      disk.unmount();
    }
  });

const revisionAfter = async (
  write: Promise<{ readonly _tag: string; readonly revision?: string }>,
): Promise<string> => {
  const { revision } = await write;
  if (revision === undefined) throw new Error('expected the write to land');
  return revision;
};

describe.skipIf(!canMount)('on real disks (skipped unless root, who may mount)', () => {
  test('fault 39: a full disk makes a write unknown, and leaves the old document whole', () =>
    onSmallDisk(async (path, disk) => {
      const store = filesystemStateStore(join(path, 'state'));
      const revision = await revisionAfter(store.write('state.json', '{"old": true}', undefined));
      disk.fill();
      expect(await store.write('state.json', 'x'.repeat(50_000), revision)).toMatchObject({
        _tag: 'Unknown',
        detail: expect.stringMatching(/ENOSPC.*free space/) as string,
      });
      expect(await store.read('state.json')).toMatchObject({ _tag: 'Found', body: '{"old": true}', revision });
      expect(await readdir(join(path, 'state'))).toEqual(['state.json']);
    }));

  test('fault 39: a disk that became read-only makes a write unknown, and is still read', () =>
    onSmallDisk(async (path, disk) => {
      const store = filesystemStateStore(join(path, 'state'));
      const revision = await revisionAfter(store.write('state.json', '{"old": true}', undefined));
      disk.remount('ro');
      expect(await store.write('state.json', '{"new": true}', revision)).toMatchObject({
        _tag: 'Unknown',
        detail: expect.stringMatching(/EROFS.*remount/) as string,
      });
      expect(await filesystemStateStore(join(path, 'state')).read('state.json')).toMatchObject({
        body: '{"old": true}',
      });
      disk.remount('rw');
      expect((await store.write('state.json', '{"new": true}', revision))._tag).toBe('Landed');
    }));

  test('fault 39: an artifact that does not fit is not there, nor is any of it', () =>
    onSmallDisk(async (path) => {
      const store = filesystemArtifactStore(join(path, 'artifacts'));
      const { record, tarball } = exampleArtifact(exampleManifest('1.0.0', { apt: '7.5.23' }));
      expect((await store.add(record, streamed(tarball)))._tag).toBe('Added');
      const large = Buffer.alloc(3_000_000);
      const promised = { ...record, version: exampleManifest('2.0.0', {}).baseVersion, sizeBytes: large.length };
      expect(await store.add(promised, streamed(large, 65_536))).toMatchObject({
        _tag: 'Unavailable',
        detail: expect.stringContaining('ENOSPC') as string,
      });
      expect(await readdir(join(path, 'artifacts'))).toEqual(['1.0.0']);
      expect(await store.list()).toMatchObject({ _tag: 'Listed', artifacts: [{ version: '1.0.0' }] });
    }));

  test('fault 39: an artifact that does not fit on a Chef server is not complete, nor is any of it there', () =>
    onSmallDisk(async (path) => {
      const root = join(path, 'chef');
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
    onSmallDisk(async (root, disk) => {
      const path = join(root, 'state.json');
      await writeFile(path, '{"old": true}');
      disk.fill();
      await expect(writeFile(path, 'x'.repeat(50_000))).rejects.toThrow('ENOSPC');
      expect(await readFile(path, 'utf8')).not.toBe('{"old": true}');
      expect((await stat(path)).size).toBeLessThan(50_000);
    }));
});
