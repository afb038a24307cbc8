import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { chmod, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import {
  buildArtifact,
  decodeArtifactRecord,
  encodeArtifactRecord,
  inspectArtifact,
  unpackArtifact,
  type Unpacking,
} from '../../../src/adapters/artifact-format/index.ts';
import {
  exampleArtifact,
  exampleManifest,
  HOSTILE_ARTIFACTS,
  streamed,
} from '../../../src/adapters/contracts/index.ts';
import { Manifest } from '../../../src/domain/manifest.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';

const LONG = `${'deep/'.repeat(28)}${'n'.repeat(120)}.rb`;

const FILES: Readonly<Record<string, string>> = {
  'cookbooks/apt/metadata.rb': "name 'apt'\nversion '7.5.23'\n",
  'cookbooks/apt/recipes/default.rb': 'log "apt"\n',
  'cookbooks/apt/files/empty': '',
  'cookbooks/apt/files/block': 'x'.repeat(512),
  [`cookbooks/apt/${LONG}`]: 'long\n',
  'cookbooks/apt/files/ümläut 名前.txt': 'unicode\n',
  'cookbooks/unlisted/metadata.rb': 'left out\n',
  'site-cookbooks/base/metadata.rb': "name 'base'\nversion '20250728.1753666491.0'\n",
  'site-cookbooks/base/files/run.sh': '#!/bin/sh\n',
};

const MANIFEST = exampleManifest('20250728.1753666491.0', { apt: '7.5.23' }, { base: '20250728.1753666491.0' });

const layOut = async (root: string, modifiedAt: number): Promise<void> => {
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    await utimes(join(root, path), modifiedAt, modifiedAt);
  }
  await chmod(join(root, 'site-cookbooks/base/files/run.sh'), 0o750);
};

const built = async (root: string, manifest = MANIFEST): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of buildArtifact(root, manifest)) pieces.push(piece);
  return Buffer.concat(pieces);
};

const inspected = (tarball: Uint8Array): Promise<Unpacking> => inspectArtifact(streamed(tarball));

const assertBad = async (tarball: Uint8Array, reason: RegExp): Promise<void> => {
  expect(await inspected(tarball)).toMatchObject({
    _tag: 'BadArtifact',
    detail: expect.stringMatching(reason) as string,
  });
};

describe('packing', () => {
  test('the same files make the same bytes, whenever, wherever and by whomever they are packed', () =>
    inTemporaryDirectory(async (root) => {
      const [here, there] = [join(root, 'here'), join(root, 'there')];
      await layOut(here, 1_000_000_000);
      const first = await built(here);
      await layOut(there, 1_700_000_000);
      await chmod(join(there, 'cookbooks/apt/metadata.rb'), 0o600);
      expect((await built(there)).equals(first)).toBe(true);
      await writeFile(join(there, 'cookbooks/apt/metadata.rb'), "name 'apt' \nversion '7.5.23'\n");
      expect((await built(there)).equals(first)).toBe(false);
    }));

  test('what was packed is unpacked: the listed cookbooks, names of any length, whether they may be executed', () =>
    inTemporaryDirectory(async (root) => {
      await layOut(root, 1_000_000_000);
      const tarball = await built(root);
      const unpacked = new Map<string, string>();
      const executables: string[] = [];
      const record = {
        ...exampleArtifact(MANIFEST).record,
        sizeBytes: tarball.length,
        sha256: hash('sha256', tarball),
      };
      const answer = await unpackArtifact(
        streamed(tarball),
        record,
        async ({ folder, cookbook, file, executable, content }) => {
          const pieces: Buffer[] = [];
          for await (const piece of content) pieces.push(Buffer.from(piece));
          unpacked.set(`${folder}/${cookbook}/${file}`, Buffer.concat(pieces).toString());
          if (executable) executables.push(file);
        },
      );
      expect(answer).toMatchObject({ _tag: 'Unpacked', manifest: MANIFEST });
      const listed = Object.entries(FILES).filter(([path]) => !path.startsWith('cookbooks/unlisted/'));
      expect(Object.fromEntries(unpacked)).toEqual(Object.fromEntries(listed));
      expect(executables).toEqual(['files/run.sh']);
    }));

  test('the tar of the system reads it', () =>
    inTemporaryDirectory(async (root) => {
      await layOut(root, 1_000_000_000);
      await writeFile(join(root, 'artifact.tar.gz'), await built(root));
      const out = join(root, 'out');
      await mkdir(out);
      execFileSync('tar', ['-xzf', join(root, 'artifact.tar.gz'), '-C', out]);
      expect(await readFile(join(out, 'cookbooks/apt', LONG), 'utf8')).toBe('long\n');
      expect(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'))).toEqual(Manifest.encode(MANIFEST));
    }));

  test('a cookbook that is not there, and a link in one, are errors that name it', () =>
    inTemporaryDirectory(async (root) => {
      await layOut(root, 1_000_000_000);
      await expect(built(root, exampleManifest('1.0.0', { missing: '1.0.0' }))).rejects.toThrow('cookbooks/missing');
      await symlink('/etc/passwd', join(root, 'cookbooks/apt/files/link'));
      await expect(built(root)).rejects.toThrow(/cookbooks\/apt\/files\/link: expected a file or a directory/);
    }));
});

describe('tarballs that others made', () => {
  const packedWith = (format: string): Promise<void> =>
    inTemporaryDirectory(async (root) => {
      await layOut(root, 1_000_000_000);
      await rm(join(root, 'cookbooks/unlisted'), { recursive: true });
      await writeFile(join(root, 'manifest.json'), JSON.stringify(Manifest.encode(MANIFEST)));
      const file = join(root, 'artifact.tar.gz');
      const parts = ['./cookbooks', './site-cookbooks', './manifest.json'];
      execFileSync('tar', ['-C', root, `--format=${format}`, '-czf', file, ...parts]);
      const answer = await inspected(await readFile(file));
      expect(answer).toMatchObject({ _tag: 'Unpacked', manifest: MANIFEST });
    });

  test.each(['gnu', 'pax'])('the tar of the system, format %s, the manifest last', packedWith);
});

describe('fault 70: hostile tarballs are refused by name', () => {
  test.each(Object.entries(HOSTILE_ARTIFACTS))('%s', async (_name, { tarball }) => {
    await assertBad(tarball, /expected .*/);
  });
});

describe('fault 70: bytes that are no artifact', () => {
  const { tarball } = exampleArtifact(MANIFEST);

  test.each([
    ['nothing', Buffer.alloc(0), /expected/],
    ['HTML', Buffer.from('<html>please log in</html>'), /expected gzip/],
    ['an empty gzip stream', gzipSync(Buffer.alloc(0)), /expected the end of the archive/],
    ['gzip of something else', gzipSync(Buffer.alloc(2_000, 'x')), /expected a tar header/],
    ['gzip of gzip', gzipSync(tarball), /expected/],
    ['an empty archive', gzipSync(Buffer.alloc(1_024)), /expected a manifest\.json, got none/],
    ['bytes after the end', Buffer.concat([tarball, Buffer.from('more')]), /expected/],
    ['another artifact after the end', Buffer.concat([tarball, tarball]), /nothing after the end of the archive/],
  ])('%s', async (_name, bytes, reason) => assertBad(bytes, reason));

  test('cut off anywhere', async () => {
    for (let length = 0; length < tarball.length; length += 7) await assertBad(tarball.subarray(0, length), /expected/);
  });

  test('with any one byte flipped: refused, or at least other bytes than were promised', async () => {
    const { record } = exampleArtifact(MANIFEST);
    for (let at = 0; at < tarball.length; at += 3) {
      const flipped = Buffer.from(tarball);
      flipped[at] = (flipped[at] ?? 0) ^ 0xff;
      expect((await unpackArtifact(streamed(flipped), record, async () => undefined))._tag).toBe('BadArtifact');
    }
  });

  test('with more entries than the limit', async () => {
    const answer = await inspectArtifact(streamed(tarball), { entriesMax: 3, unpackedBytesMax: 1_000_000 });
    expect(answer).toMatchObject({ detail: expect.stringContaining('at most 3 entries') as string });
  });

  test('what the receiver of a file throws is thrown on, not taken for a fault of the artifact', async () => {
    const full = new Error('ENOSPC');
    const answer = unpackArtifact(streamed(tarball), undefined, () => Promise.reject(full));
    await expect(answer).rejects.toBe(full);
  });
});

test('fault 70: a large artifact is checked in bounded memory', async () => {
  const block = Buffer.alloc(65_536);
  const size = 512 * 1024 * 1024;
  const header = Buffer.alloc(512);
  header.write('cookbooks/apt/files/large', 0);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  // Many gzip members make one stream: the whole is never in memory here either.
  const [first, middle, last] = [header, Buffer.alloc(block.length * 16), Buffer.alloc(1_024)].map((piece) =>
    gzipSync(piece),
  );
  const tarball = async function* (): AsyncGenerator<Uint8Array> {
    if (first !== undefined) yield first;
    for (let sent = 0; sent < size; sent += block.length * 16) if (middle !== undefined) yield middle;
    if (last !== undefined) yield last;
  };
  let peak = 0;
  const start = process.memoryUsage().arrayBuffers;
  const answer = await unpackArtifact(tarball(), undefined, async ({ content }) => {
    for await (const piece of content) if (piece.length > 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers);
  });
  expect(answer).toMatchObject({ detail: expect.stringContaining('expected a manifest.json, got none') as string });
  expect(peak - start).toBeLessThan(64 * 1024 * 1024);
});

describe('the record', () => {
  const { record } = exampleArtifact(MANIFEST);

  test('is read as it was written', () => {
    expect(decodeArtifactRecord(encodeArtifactRecord(record))).toEqual(E.right(record));
  });

  test.each([
    ['sha256', 'ABC', /sha256: expected SHA-256/],
    ['size_bytes', -1, /size_bytes: expected an integer/],
    ['added_at', 'yesterday', /added_at: expected an RFC 3339/],
    ['version', '../x', /version: expected/],
    ['manifest', {}, /manifest/],
  ])('names the field that is wrong: %s', (field, value, reason) => {
    const json = { ...(JSON.parse(encodeArtifactRecord(record)) as object), [field]: value };
    const decoded = decodeArtifactRecord(JSON.stringify(json));
    expect(E.isLeft(decoded) ? decoded.left : '').toMatch(reason);
  });
});
