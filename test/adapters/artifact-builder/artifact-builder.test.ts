import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { geteuid } from 'node:process';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { artifactBuilder } from '../../../src/adapters/artifact-builder/index.ts';
import { type ArtifactLimits, buildArtifact, inspectArtifact } from '../../../src/adapters/artifact-format/index.ts';
import { exampleManifest, streamed } from '../../../src/adapters/contracts/index.ts';
import type { BuildFault } from '../../../src/ports/artifact-builder.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';

const FILES: Readonly<Record<string, string>> = {
  'cookbooks/README.md': 'no cookbook',
  'cookbooks/apt/metadata.rb': "name 'apt'\nversion '7.5.23'\n",
  'cookbooks/apt/recipes/default.rb': 'log "apt"\n',
  'cookbooks/aws/metadata.json': '{"name":"aws","version":"9.2.1"}',
  'cookbooks/aws/metadata.rb': 'version IO.read("VERSION")\n',
  'site-cookbooks/base/metadata.rb': "name 'base'\nversion '1.0.0' # bumped by hand\n",
  'site-cookbooks/base/files/run.sh': '#!/bin/sh\n',
  'README.md': 'not packed',
};

const layOut = async (root: string, files: Readonly<Record<string, string>> = FILES): Promise<void> => {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
};

const { survey, build } = artifactBuilder();

const MANIFEST = exampleManifest('1.4.0', { apt: '7.5.23', aws: '9.2.1' }, { base: '1.0.0' });

const inFolder = (act: (folder: string, out: string) => Promise<void>): Promise<void> =>
  inTemporaryDirectory(async (root) => {
    const folder = join(root, 'chef');
    await layOut(folder);
    await act(folder, join(root, 'artifact.tar.gz'));
  });

describe('a survey', () => {
  it('tells every cookbook with the version of the metadata that Chef would read', () =>
    inFolder(async (folder) => {
      expect(await survey(folder)).toEqual({
        _tag: 'Surveyed',
        cookbookVersions: { apt: '7.5.23', aws: '9.2.1' },
        siteCookbookVersions: { base: '1.0.0' },
      });
    }));

  it('does with one of the two folders', () =>
    inFolder(async (folder) => {
      await rm(join(folder, 'site-cookbooks'), { recursive: true });
      expect(await survey(folder)).toMatchObject({ siteCookbookVersions: {} });
    }));

  const BAD: Readonly<Record<string, readonly [(folder: string) => Promise<unknown>, RegExp]>> = {
    'no cookbooks at all': [
      async (folder) => {
        await rm(join(folder, 'cookbooks'), { recursive: true });
        await rm(join(folder, 'site-cookbooks'), { recursive: true });
      },
      /expected cookbooks in cookbooks\/<name> or site-cookbooks\/<name>, got none; name the folder/,
    ],
    'a cookbook in both folders': [
      (folder) => layOut(folder, { 'site-cookbooks/apt/metadata.json': '{"version":"1.0.0"}' }),
      /^cookbooks\/apt, site-cookbooks\/apt: .* once, got it twice; remove one/,
    ],
    'a name that is no slug': [
      (folder) => layOut(folder, { 'cookbooks/my cookbook/metadata.json': '{"version":"1.0.0"}' }),
      /^cookbooks\/"my cookbook": expected a cookbook name: .*; rename or remove it/,
    ],
    'a directory that is hidden': [
      (folder) => layOut(folder, { 'cookbooks/.git/config': '' }),
      /^cookbooks\/"\.git": expected a cookbook name/,
    ],
    'a link in the place of a cookbook': [
      (folder) => symlink('apt', join(folder, 'cookbooks/link')),
      /^cookbooks\/link: expected a directory, got a link or a device; put a copy in its place/,
    ],
    'a cookbook without metadata': [
      (folder) => layOut(folder, { 'cookbooks/empty/recipes/default.rb': '' }),
      /^cookbooks\/empty: expected a cookbook with metadata\.json or metadata\.rb, got neither; add its version/,
    ],
    'a cookbook with no version': [
      (folder) => layOut(folder, { 'cookbooks/apt/metadata.rb': "name 'apt'\n" }),
      /^cookbooks\/apt\/metadata\.rb: version: expected a line such as version '1\.2\.3', got 0/,
    ],
    'metadata of another name': [
      (folder) => layOut(folder, { 'cookbooks/apt/metadata.rb': "name 'yum'\nversion '1.0.0'\n" }),
      /^cookbooks\/apt\/metadata\.rb: name: expected apt, as the directory is called, got yum; rename one/,
    ],
    'metadata that are a directory': [
      (folder) => mkdir(join(folder, 'cookbooks/apt/metadata.json')),
      /^cookbooks\/apt\/metadata\.json: EISDIR/,
    ],
    'metadata that are no text': [
      (folder) => writeFile(join(folder, 'cookbooks/apt/metadata.json'), Buffer.from([0xff, 0xfe])),
      /^cookbooks\/apt\/metadata\.json: expected UTF-8 of at most 1048576 bytes/,
    ],
  };

  it.each(Object.entries(BAD))('of %s names it, and the way out', (_name, [spoil, reason]) =>
    inFolder(async (folder) => {
      await spoil(folder);
      expect(await survey(folder)).toMatchObject({
        _tag: 'BadFolder',
        detail: expect.stringMatching(reason) as unknown,
      });
    }),
  );
});

describe('a build', () => {
  it('is an artifact of what was surveyed, whose checksum and size are told', () =>
    inFolder(async (directory, file) => {
      const built = await build({ directory, manifest: MANIFEST, file });
      const tarball = await readFile(file);
      expect(built).toEqual({ _tag: 'Built', sha256: hash('sha256', tarball), sizeBytes: tarball.length });
      expect(await inspectArtifact(streamed(tarball))).toMatchObject({ _tag: 'Unpacked', manifest: MANIFEST });
      expect(await readdir(dirname(file))).toEqual(['artifact.tar.gz', 'chef']);
    }));

  it('makes the same bytes of the same folder, whenever and wherever it lies', () =>
    inFolder(async (directory, file) => {
      const first = await build({ directory, manifest: MANIFEST, file });
      await utimes(join(directory, 'cookbooks/apt/metadata.rb'), 1_000_000_000, 1_000_000_000);
      await chmod(join(directory, 'cookbooks/apt/metadata.rb'), 0o600);
      const copy = `${directory}-copy`;
      await layOut(copy, Object.fromEntries(Object.entries(FILES).reverse()));
      expect(await build({ directory, manifest: MANIFEST, file })).toEqual(first);
      expect(await build({ directory: copy, manifest: MANIFEST, file })).toEqual(first);
    }));

  it('gives cookbooks metadata that agree with the manifest', () =>
    inFolder(async (directory, file) => {
      const manifest = exampleManifest('2.0.0', { aws: '9.3.0' }, { base: '2.0.0' });
      await build({ directory, manifest, file });
      const out = join(dirname(file), 'again');
      await mkdir(out);
      execFileSync('tar', ['-xzf', file, '-C', out]);
      expect(await readFile(join(out, 'site-cookbooks/base/metadata.rb'), 'utf8')).toBe(
        "name 'base'\nversion '2.0.0' # bumped by hand\n",
      );
      expect(await survey(out)).toMatchObject({
        cookbookVersions: { aws: '9.3.0' },
        siteCookbookVersions: { base: '2.0.0' },
      });
    }));

  const fault = (detail: RegExp): Partial<BuildFault> => ({
    _tag: 'BadFolder',
    detail: expect.stringMatching(detail) as string,
  });

  it('fault 70: of a link says what to put there, and leaves nothing', () =>
    inFolder(async (directory, file) => {
      await symlink('/etc/passwd', join(directory, 'cookbooks/apt/recipes/link.rb'));
      expect(await build({ directory, manifest: MANIFEST, file })).toMatchObject(
        fault(/^cookbooks\/apt\/recipes\/link\.rb: expected a file or a directory, got a link .*; put a copy/),
      );
      expect(await readdir(dirname(file))).toEqual(['chef']);
    }));

  it.each(['back\\slash', 'new\nline', 'x'.repeat(200) + '/' + `${'deep/'.repeat(31)}x`])(
    'of a file that nobody would unpack says so: %j',
    (name) =>
      inFolder(async (directory, file) => {
        await layOut(directory, { [`cookbooks/apt/${name}`]: '' });
        expect(await build({ directory, manifest: MANIFEST, file })).toMatchObject(fault(/expected .*; rename it$/));
      }),
  );

  it('of a file that this user may not read names it', async (context) => {
    if (geteuid?.() === 0) context.skip('root may read everything');
    await inFolder(async (directory, file) => {
      await chmod(join(directory, 'cookbooks/apt/recipes/default.rb'), 0o000);
      expect(await build({ directory, manifest: MANIFEST, file })).toMatchObject(
        fault(/^cookbooks\/apt\/recipes\/default\.rb: expected a file that this user may read: EACCES/),
      );
    });
  });

  it('that cannot be written is no fault of the folder', () =>
    inFolder(async (directory) => {
      const built = await build({ directory, manifest: MANIFEST, file: '/dev/null/artifact.tar.gz' });
      expect(built).toMatchObject({ _tag: 'Unavailable', detail: expect.stringContaining('/dev/null') as unknown });
    }));
});

test('fault 70: exactly what would be unpacked is packed, and no more', () =>
  inFolder(async (directory) => {
    const packed = async (limits?: ArtifactLimits): Promise<Buffer> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of buildArtifact(directory, MANIFEST, limits)) pieces.push(piece);
      return Buffer.concat(pieces);
    };
    const tarball = await packed();
    const limits: ArtifactLimits = { entriesMax: 7, unpackedBytesMax: gunzipSync(tarball).length };
    expect(await packed(limits)).toEqual(tarball);
    expect(await inspectArtifact(streamed(tarball), limits)).toMatchObject({ _tag: 'Unpacked' });
    for (const less of [
      { ...limits, entriesMax: 6 },
      { ...limits, unpackedBytesMax: limits.unpackedBytesMax - 1 },
    ]) {
      await expect(packed(less)).rejects.toThrow(/expected at most \d files and \d+ bytes of all together, got more/);
      expect(await inspectArtifact(streamed(tarball), less)).toMatchObject({ _tag: 'BadArtifact' });
    }
  }));
