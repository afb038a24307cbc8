import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  exampleArtifact,
  exampleManifest,
  HOSTILE_ARTIFACTS,
  streamed,
} from '../../../src/adapters/contracts/index.ts';
import { chefRepoServer } from '../../../src/adapters/filesystem/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import { isPinnedTo } from '../../../src/domain/pin.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { PowerLoss, simulatedDisk } from '../../support/simulated-disk.ts';

const STACK = nameFromLiteral(StackName)('basalt');
const PROD_1 = nameFromLiteral(EnvironmentName)('prod-1');
const V1 = exampleManifest('20250728.1753666491.0', { apt: '7.5.23', ntp: '3.2' }, { base: '20250728.1753666491.0' });
const FIRST = exampleArtifact(V1);

const filesBelow = async (root: string): Promise<readonly string[]> =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();

test('it is a chef-repo as chef-client reads it with versioned cookbooks', () =>
  inTemporaryDirectory(async (root) => {
    const server = chefRepoServer(STACK, root);
    expect(server.stack).toBe('basalt');
    await server.upload(FIRST.record, streamed(FIRST.tarball));
    await server.pin(PROD_1, V1);
    // chef-client knows directories of three numbers only; 3.2 is 3.2.0 to it.
    expect(await filesBelow(root)).toEqual([
      'artifacts/20250728.1753666491.0.json',
      'cookbooks/apt-7.5.23/metadata.rb',
      'cookbooks/apt-7.5.23/recipes/default.rb',
      'cookbooks/base-20250728.1753666491.0/metadata.rb',
      'cookbooks/base-20250728.1753666491.0/recipes/default.rb',
      'cookbooks/ntp-3.2.0/metadata.rb',
      'cookbooks/ntp-3.2.0/recipes/default.rb',
      'environments/prod-1.json',
    ]);
    expect(await readFile(join(root, 'cookbooks/apt-7.5.23/metadata.rb'), 'utf8')).toBe(
      "name 'apt'\nversion '7.5.23'\n",
    );
    expect(JSON.parse(await readFile(join(root, 'environments/prod-1.json'), 'utf8'))).toEqual({
      name: 'prod-1',
      description: '',
      json_class: 'Chef::Environment',
      chef_type: 'environment',
      default_attributes: { signalbox: { artifact_version: '20250728.1753666491.0' } },
      override_attributes: {},
      cookbook_versions: { apt: '= 7.5.23', ntp: '= 3.2', base: '= 20250728.1753666491.0' },
    });
  }));

test('files keep whether they may be executed, and nothing else of their mode', () =>
  inTemporaryDirectory(async (root) => {
    await chefRepoServer(STACK, root).upload(FIRST.record, streamed(FIRST.tarball));
    expect((await stat(join(root, 'cookbooks/apt-7.5.23/metadata.rb'))).mode & 0o777).toBe(0o644);
  }));

describe('fault 70: nothing of a hostile tarball gets out of its staging directory, nor stays in it', () => {
  test.each(Object.entries(HOSTILE_ARTIFACTS))('%s', (_name, { record, tarball }) =>
    inTemporaryDirectory(async (directory) => {
      const root = join(directory, 'deep', 'in', 'the', 'chef-repo');
      await mkdir(root, { recursive: true });
      const outcome = await chefRepoServer(STACK, root).upload(record, streamed(tarball));
      expect(outcome).toMatchObject({ _tag: 'BadArtifact', detail: expect.stringMatching(/expected .+/) as string });
      expect(await filesBelow(directory)).toEqual([]);
      expect(await readdir(root)).toEqual(['cookbooks']);
    }),
  );

  test('a bomb is cut off at the limit', () =>
    inTemporaryDirectory(async (root) => {
      const bomb = exampleArtifact(V1, '0'.repeat(20_000_000));
      expect(bomb.tarball.length).toBeLessThan(200_000);
      const limits = { entriesMax: 100, unpackedBytesMax: 1_000_000 };
      const server = chefRepoServer(STACK, root, { limits });
      expect(await server.upload(bomb.record, streamed(bomb.tarball))).toMatchObject({
        _tag: 'BadArtifact',
        detail: expect.stringContaining('at most 1000000 bytes') as string,
      });
      expect(await filesBelow(root)).toEqual([]);
    }));
});

test('L7: an uploaded cookbook stays as it is, also when it was changed by hand', () =>
  inTemporaryDirectory(async (root) => {
    const server = chefRepoServer(STACK, root);
    await server.upload(FIRST.record, streamed(FIRST.tarball));
    await writeFile(join(root, 'cookbooks/apt-7.5.23/recipes/default.rb'), 'by hand');
    const next = exampleArtifact(exampleManifest('2.0.0', { apt: '7.5.23' }));
    expect(await server.upload(next.record, streamed(next.tarball))).toEqual({
      _tag: 'DifferentBytes',
      cookbook: 'apt',
    });
    expect(await readFile(join(root, 'cookbooks/apt-7.5.23/recipes/default.rb'), 'utf8')).toBe('by hand');
  }));

test('L1: an artifact whose cookbook was removed is complete no more, and uploaded again', () =>
  inTemporaryDirectory(async (root) => {
    const server = chefRepoServer(STACK, root);
    await server.upload(FIRST.record, streamed(FIRST.tarball));
    await rm(join(root, 'cookbooks/apt-7.5.23'), { recursive: true });
    expect(await server.completeArtifacts()).toEqual({ _tag: 'Listed', sha256ByVersion: new Map() });
    expect(await server.upload(FIRST.record, streamed(FIRST.tarball))).toEqual({ _tag: 'Complete' });
    expect(await server.completeArtifacts()).toEqual({
      _tag: 'Listed',
      sha256ByVersion: new Map([[FIRST.record.version, FIRST.record.sha256]]),
    });
  }));

test('the cookbook of the fleet takes the place of one from elsewhere that has its name and version', () =>
  inTemporaryDirectory(async (root) => {
    const manifest = exampleManifest('1.0.0', { apt: '1.0.0' }, { apt: '1.0.0' });
    const { record, tarball } = exampleArtifact(manifest);
    expect(await chefRepoServer(STACK, root).upload(record, streamed(tarball))).toEqual({ _tag: 'Complete' });
    expect(await readdir(join(root, 'cookbooks'))).toEqual(['apt-1.0.0']);
  }));

test('fault 41: an upload whose process ended is cleared by the next one', () =>
  inTemporaryDirectory(async (root) => {
    const left = join(root, '.upload.00000000-00000000-1-1.0123456789abcdef.tmp', 'cookbooks', 'apt');
    await mkdir(left, { recursive: true });
    await writeFile(join(left, 'metadata.rb'), 'half');
    await chefRepoServer(STACK, root).upload(FIRST.record, streamed(FIRST.tarball));
    expect((await readdir(root)).sort()).toEqual(['artifacts', 'cookbooks']);
  }));

test('L2: pins through several servers of one directory are serialised, and none is lost', () =>
  inTemporaryDirectory(async (root) => {
    const manifests = [...Array(24).keys()].map((n) => exampleManifest(`1.0.${n}`, { [`cookbook-${n}`]: `2.0.${n}` }));
    const servers = [...Array(4).keys()].map(() => chefRepoServer(STACK, root));
    const answers = await Promise.all(
      manifests.map(async (manifest, n) => (await servers[n % 4]?.pin(PROD_1, manifest))?._tag),
    );
    expect(new Set(answers)).toEqual(new Set(['Pinned']));
    const found = await chefRepoServer(STACK, root).environment(PROD_1);
    expect(found).toMatchObject({ _tag: 'Found' });
    if (found._tag !== 'Found') return;
    expect(Object.keys(found.environment.cookbook_versions)).toHaveLength(manifests.length);
    expect(manifests.filter((manifest) => isPinnedTo(found.environment, manifest))).toHaveLength(1);
    expect(await readdir(join(root, 'environments'))).toEqual(['prod-1.json']);
  }));

describe('environments that people wrote', () => {
  const withEnvironment = (text: string, act: (root: string, path: string) => Promise<void>): Promise<void> =>
    inTemporaryDirectory(async (root) => {
      const path = join(root, 'environments', 'prod-1.json');
      await mkdir(join(root, 'environments'));
      await writeFile(path, text);
      await act(root, path);
    });

  test('what is left out is filled in as Chef does', () =>
    withEnvironment('{"name": "prod-1"}', async (root) => {
      expect(await chefRepoServer(STACK, root).environment(PROD_1)).toMatchObject({
        _tag: 'Found',
        environment: { name: 'prod-1', cookbook_versions: {} },
      });
      expect(await chefRepoServer(STACK, root).pin(PROD_1, V1)).toEqual({ _tag: 'Pinned' });
    }));

  test.each([
    ['', /expected JSON/],
    ['{"name": "prod-1", ', /expected JSON/],
    ['[]', /expected/],
    ['{"name": "prod-2"}', /name: expected prod-1, as it was asked for, got prod-2/],
    ['{"name": "prod-1", "cookbook_versions": {"apt": 1}}', /cookbook_versions\.apt: expected/],
    ['{"name": "prod-1", "default_attributes": []}', /default_attributes: expected/],
  ])('fault 72: %j is an answer that names the fault, and is not overwritten', (text, reason) =>
    withEnvironment(text, async (root, path) => {
      const server = chefRepoServer(STACK, root);
      for (const answer of [await server.environment(PROD_1), await server.pin(PROD_1, V1)]) {
        expect(answer).toMatchObject({ _tag: 'Unavailable', detail: expect.stringMatching(reason) as string });
        expect(answer).toMatchObject({ detail: expect.stringContaining(path) as string });
      }
      expect(await readFile(path, 'utf8')).toBe(text);
    }),
  );

  test('L8: a pin that is there already is not written again', () =>
    withEnvironment('{"name": "prod-1"}', async (root, path) => {
      const server = chefRepoServer(STACK, root);
      await server.pin(PROD_1, V1);
      const before = await stat(path);
      await server.pin(PROD_1, V1);
      expect((await stat(path)).mtimeMs).toBe(before.mtimeMs);
    }));
});

describe('fault 72: a marker corrupted by hand is an answer that names it', () => {
  test.each([
    '',
    '{',
    '{"version": "1.0.0"}',
    JSON.stringify({ version: '1.0.0', sha256: '0'.repeat(64), cookbooks: [] }),
  ])('%j', (text) =>
    inTemporaryDirectory(async (root) => {
      const server = chefRepoServer(STACK, root);
      await server.upload(FIRST.record, streamed(FIRST.tarball));
      const path = join(root, 'artifacts', `${V1.baseVersion}.json`);
      await writeFile(path, text);
      for (const answer of [
        await server.completeArtifacts(),
        await server.upload(FIRST.record, streamed(FIRST.tarball)),
      ]) {
        expect(answer).toMatchObject({ _tag: 'Unavailable', detail: expect.stringMatching(/expected/) as string });
      }
      expect(await readFile(path, 'utf8')).toBe(text);
    }),
  );
});

test('fault 46: power loss at any operation of an upload leaves it incomplete, or complete with all its files', async () => {
  const small = exampleArtifact(exampleManifest('1.0.0', { apt: '7.5.23' }));
  const upload = (disk: ReturnType<typeof simulatedDisk>, powerLossAt?: number) =>
    chefRepoServer(STACK, '/disk/chef', {
      fileSystem: disk.fileSystem(powerLossAt === undefined ? {} : { powerLossAt }),
    }).upload(small.record, streamed(small.tarball));
  const whole = simulatedDisk();
  expect(await upload(whole)).toEqual({ _tag: 'Complete' });
  for (let powerLossAt = 0; powerLossAt <= whole.operations.length; powerLossAt++) {
    const disk = simulatedDisk();
    const answer = await upload(disk, powerLossAt).catch((error: unknown) => {
      if (error instanceof PowerLoss) return { _tag: 'Unavailable' };
      throw error;
    });
    for (const left of disk.afterPowerLoss()) {
      const server = chefRepoServer(STACK, '/disk/chef', { fileSystem: left.fileSystem({ isGone: () => true }) });
      const complete = await server.completeArtifacts();
      if (complete._tag !== 'Listed') throw new Error(complete.detail);
      if (answer._tag === 'Complete') expect(complete.sha256ByVersion.size).toBe(1);
      if (complete.sha256ByVersion.size === 1) {
        const recipe = left.contentAt('/disk/chef/cookbooks/apt-7.5.23/recipes/default.rb');
        expect(recipe).toBe('log "hello"\n');
      }
      // Whatever was lost, the next upload makes it whole: a torn cookbook would be other bytes for ever.
      expect(await server.upload(small.record, streamed(small.tarball))).toEqual({ _tag: 'Complete' });
    }
  }
});
