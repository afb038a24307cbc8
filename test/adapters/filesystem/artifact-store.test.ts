import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exampleArtifact, exampleManifest, streamed } from '../../../src/adapters/contracts/index.ts';
import { filesystemArtifactStore } from '../../../src/adapters/filesystem/index.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { PowerLoss, simulatedDisk } from '../../support/simulated-disk.ts';

const V1 = '20250728.1753666491.0';
const FIRST = exampleArtifact(exampleManifest(V1, { apt: '7.5.23' }));
const OTHER = exampleArtifact(exampleManifest(V1, { apt: '7.5.23' }), 'log "other bytes"');

test('an artifact is a directory of its tarball and its record, which any program may read', () =>
  inTemporaryDirectory(async (root) => {
    await filesystemArtifactStore(root).add(FIRST.record, streamed(FIRST.tarball));
    expect(await readdir(root)).toEqual([V1]);
    expect((await readdir(join(root, V1))).sort()).toEqual(['artifact.tar.gz', 'record.json']);
    expect(await readFile(join(root, V1, 'artifact.tar.gz'))).toEqual(FIRST.tarball);
    expect(JSON.parse(await readFile(join(root, V1, 'record.json'), 'utf8'))).toEqual({
      version: V1,
      sha256: FIRST.record.sha256,
      size_bytes: FIRST.tarball.length,
      added_at: '2025-07-28T02:02:31.054Z',
      manifest: {
        base_version: V1,
        latest_commit_hash: FIRST.record.manifest.latestCommitHash,
        author: 'An Example <example@example.com>',
        cookbook_versions: { apt: '7.5.23' },
        site_cookbook_versions: {},
      },
    });
  }));

test('fault 70: half a copy that somebody made is not there, and gives way to the whole', () =>
  inTemporaryDirectory(async (root) => {
    await mkdir(join(root, V1));
    await writeFile(join(root, V1, 'artifact.tar.gz'), FIRST.tarball.subarray(0, 100));
    const store = filesystemArtifactStore(root);
    expect(await store.list()).toEqual({ _tag: 'Listed', artifacts: [] });
    expect(await store.open(FIRST.record.version)).toEqual({ _tag: 'Missing' });
    expect(await store.add(FIRST.record, streamed(FIRST.tarball))).toEqual({ _tag: 'Added' });
    expect(await readFile(join(root, V1, 'artifact.tar.gz'))).toEqual(FIRST.tarball);
    expect(await readdir(root)).toEqual([V1]);
  }));

test('fault 41: an upload whose process ended is cleared by the next one', () =>
  inTemporaryDirectory(async (root) => {
    const left = join(root, `.${V1}.00000000-00000000-1-1.0123456789abcdef.tmp`);
    await mkdir(left);
    await writeFile(join(left, 'artifact.tar.gz'), 'half');
    await filesystemArtifactStore(root).add(FIRST.record, streamed(FIRST.tarball));
    expect(await readdir(root)).toEqual([V1]);
  }));

describe('fault 72: a record corrupted by hand is an answer that names it, and nothing is overwritten', () => {
  test.each([
    ['', /expected JSON, got nothing/],
    ['{"version": "1.0.0"', /expected JSON/],
    ['{"version": "../../etc", "sha256": "x"}', /version: expected a version name/],
    [JSON.stringify({ version: '1.0.0', sha256: 'x' }), /sha256: expected SHA-256/],
    ['\u00ff', /expected JSON/],
  ])('%j', (text, reason) =>
    inTemporaryDirectory(async (root) => {
      const store = filesystemArtifactStore(root);
      await store.add(FIRST.record, streamed(FIRST.tarball));
      const path = join(root, V1, 'record.json');
      await writeFile(path, text);
      const answers = [
        await store.list(),
        await store.open(FIRST.record.version),
        await store.add(FIRST.record, streamed(FIRST.tarball)),
      ];
      for (const answer of answers) {
        expect(answer).toMatchObject({ _tag: 'Unavailable', detail: expect.stringMatching(reason) as string });
        expect(answer).toMatchObject({ detail: expect.stringContaining(V1) as string });
      }
      expect(await readFile(path, 'utf8')).toBe(text);
    }),
  );

  test('the record of another version', () =>
    inTemporaryDirectory(async (root) => {
      const store = filesystemArtifactStore(root);
      await store.add(FIRST.record, streamed(FIRST.tarball));
      await mkdir(join(root, '1.0.0'));
      await writeFile(join(root, '1.0.0', 'record.json'), await readFile(join(root, V1, 'record.json')));
      expect(await store.list()).toMatchObject({
        _tag: 'Unavailable',
        detail: expect.stringMatching(/version: expected 1\.0\.0.*got 20250728/) as string,
      });
    }));

  test('a record whose tarball is gone', () =>
    inTemporaryDirectory(async (root) => {
      const store = filesystemArtifactStore(root);
      await store.add(FIRST.record, streamed(FIRST.tarball));
      await rm(join(root, V1, 'artifact.tar.gz'));
      expect(await store.open(FIRST.record.version)).toMatchObject({ _tag: 'Unavailable' });
    }));
});

test('names that are no versions are none of the store’s business', () =>
  inTemporaryDirectory(async (root) => {
    await mkdir(join(root, 'lost+found'));
    await mkdir(join(root, '.snapshots'));
    await writeFile(join(root, 'README'), 'by hand');
    expect(await filesystemArtifactStore(root).list()).toEqual({ _tag: 'Listed', artifacts: [] });
  }));

test('fault 46: power loss at any operation leaves the whole artifact or none, and what was said to be added is there', async () => {
  const add = (disk: ReturnType<typeof simulatedDisk>, powerLossAt?: number) =>
    filesystemArtifactStore('/disk/artifacts', disk.fileSystem(powerLossAt === undefined ? {} : { powerLossAt })).add(
      FIRST.record,
      streamed(FIRST.tarball),
    );
  const whole = simulatedDisk();
  expect(await add(whole)).toEqual({ _tag: 'Added' });
  for (let powerLossAt = 0; powerLossAt <= whole.operations.length; powerLossAt++) {
    const disk = simulatedDisk();
    const answer = await add(disk, powerLossAt).catch((error: unknown) => {
      if (error instanceof PowerLoss) return { _tag: 'Unavailable' };
      throw error;
    });
    for (const left of disk.afterPowerLoss()) {
      const store = filesystemArtifactStore('/disk/artifacts', left.fileSystem({ isGone: () => true }));
      const opened = await store.open(FIRST.record.version);
      expect(['Opened', 'Missing']).toContain(opened._tag);
      if (answer._tag === 'Added') expect(opened._tag).toBe('Opened');
      if (opened._tag === 'Opened') {
        expect(opened.record).toEqual(FIRST.record);
        const pieces: Uint8Array[] = [];
        for await (const piece of opened.tarball) pieces.push(piece);
        expect(Buffer.concat(pieces)).toEqual(FIRST.tarball);
      } else {
        expect((await store.add(OTHER.record, streamed(OTHER.tarball)))._tag).toBe('Added');
        expect(left.namesIn('/disk/artifacts')).toEqual([V1]);
      }
    }
  }
});
