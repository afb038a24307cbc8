/**
 * Artifacts to try a store or a Chef server with, good ones and hostile ones. The tarballs are made byte by byte, because
 * no archiver would write half of them.
 *
 * @module
 */
import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type CookbookVersions, Manifest } from '../../domain/manifest.ts';
import { CookbookName, nameFromLiteral, Version } from '../../domain/names.ts';
import { epochMs } from '../../domain/time.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';

/** An artifact: the record, and the bytes that it promises. */
export interface ExampleArtifact {
  readonly record: ArtifactRecord;
  readonly tarball: Buffer;
}

/** One entry of a tarball, written as it is given. */
export interface RawEntry {
  readonly path: string;
  readonly content?: string | Uint8Array;
  /** The type flag of tar: `0` a file, `1` a hard link, `2` a symbolic link, `3` and `4` devices, `5` a directory, `6` a pipe. */
  readonly type?: string;
  readonly linkTo?: string;
}

const BLOCK_BYTES = 512;

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

const header = ({ path, type = '0', linkTo = '' }: RawEntry, size: number): Buffer => {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(path, 0, 100);
  block.write(octal(type === '5' ? 0o755 : 0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write(linkTo, 157, 100);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};

const padded = (content: Uint8Array): Buffer =>
  Buffer.concat([content, Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES)]);

/** The uncompressed archive of `entries`, with its two empty blocks at the end. */
export const rawTar = (entries: readonly RawEntry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap((entry) => {
      const content = Buffer.from(entry.content ?? '');
      return [header(entry, content.length), padded(content)];
    }),
    Buffer.alloc(2 * BLOCK_BYTES),
  ]);

/** A record that promises exactly `tarball`. */
export const recordOf = (manifest: Manifest, tarball: Uint8Array): ArtifactRecord => ({
  version: manifest.baseVersion,
  sha256: hash('sha256', tarball),
  sizeBytes: tarball.length,
  addedAt: epochMs(1_753_668_151_054),
  manifest,
});

/** A manifest with these cookbooks, names to versions. */
export const exampleManifest = (
  version: string,
  cookbooks: Readonly<Record<string, string>>,
  siteCookbooks: Readonly<Record<string, string>> = {},
): Manifest => {
  const versions = (names: Readonly<Record<string, string>>): CookbookVersions =>
    Object.fromEntries(
      Object.entries(names).map(([name, text]) => [
        nameFromLiteral(CookbookName)(name),
        nameFromLiteral(Version)(text),
      ]),
    );
  return {
    baseVersion: nameFromLiteral(Version)(version),
    latestCommitHash: hash('sha1', version),
    author: 'An Example <example@example.com>',
    cookbookVersions: versions(cookbooks),
    siteCookbookVersions: versions(siteCookbooks),
  };
};

/** The entries that `manifest` promises: its own file, and a recipe and a metadata file for each cookbook. */
export const entriesOf = (manifest: Manifest, recipe = 'log "hello"'): readonly RawEntry[] => {
  const cookbook = (folder: string, [name, version]: readonly [string, string]): readonly RawEntry[] => [
    { path: `${folder}/${name}/`, type: '5' },
    { path: `${folder}/${name}/metadata.rb`, content: `name '${name}'\nversion '${version}'\n` },
    { path: `${folder}/${name}/recipes/default.rb`, content: `${recipe}\n` },
  ];
  return [
    { path: 'manifest.json', content: JSON.stringify(Manifest.encode(manifest)) },
    ...Object.entries(manifest.cookbookVersions).flatMap((entry) => cookbook('cookbooks', entry)),
    ...Object.entries(manifest.siteCookbookVersions).flatMap((entry) => cookbook('site-cookbooks', entry)),
  ];
};

/** The artifact with these entries, whether they are what `manifest` promises or not. */
export const artifactOf = (manifest: Manifest, entries: readonly RawEntry[]): ExampleArtifact => {
  const tarball = gzipSync(rawTar(entries));
  return { record: recordOf(manifest, tarball), tarball };
};

/** A whole artifact. */
export const exampleArtifact = (manifest: Manifest, recipe?: string): ExampleArtifact =>
  artifactOf(manifest, entriesOf(manifest, recipe));

/** `bytes` as they might come over a network: in pieces of `pieceBytes`, an empty one among them. */
export async function* streamed(bytes: Uint8Array, pieceBytes = 1_000): AsyncGenerator<Uint8Array> {
  yield new Uint8Array();
  for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes);
}

/** `bytes`, and then a failure of whatever they come from. */
export async function* brokenOff(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* streamed(bytes);
  throw new Error('the connection was reset');
}

/** All that a stream holds. */
export const collected = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
};

const HOSTILE_MANIFEST = exampleManifest('20250728.1753666491.0', { apt: '7.5.23' });

const added = (...entries: readonly RawEntry[]): ExampleArtifact =>
  artifactOf(HOSTILE_MANIFEST, [...entriesOf(HOSTILE_MANIFEST), ...entries]);

const FILE = { content: 'escaped' };

const pax = (path: string): RawEntry => {
  const field = ` path=${path}\n`;
  const length = field.length + String(field.length + 2).length;
  return { path: 'PaxHeader/x', type: 'x', content: `${length}${field}` };
};

/**
 * Artifacts that must not be unpacked (fault 70), each with a record that promises exactly its bytes. All would be the
 * artifact `20250728.1753666491.0` with the cookbook `apt` 7.5.23.
 */
export const HOSTILE_ARTIFACTS: Readonly<Record<string, ExampleArtifact>> = {
  'a path with ".."': added({ path: '../escaped', ...FILE }),
  'a path with ".." inside a cookbook': added({ path: 'cookbooks/apt/../../../escaped', ...FILE }),
  'an absolute path': added({ path: '/tmp/escaped', ...FILE }),
  'a path with ".." in an extended header': added(pax('cookbooks/apt/../../../escaped'), {
    path: 'cookbooks/apt/harmless',
    ...FILE,
  }),
  'a path with ".." in a GNU long name': added(
    { path: '././@LongLink', type: 'L', content: 'cookbooks/apt/../../../escaped\0' },
    { path: 'cookbooks/apt/harmless', ...FILE },
  ),
  'a path with a backslash': added({ path: 'cookbooks\\..\\..\\escaped', ...FILE }),
  'a path with a control character': added({ path: 'cookbooks/apt/\u001b[31m', ...FILE }),
  'a path that is not UTF-8': added({ path: 'cookbooks/apt/\ufffd', ...FILE }),
  'a cookbook called __proto__': added({ path: 'cookbooks/__proto__/recipes/default.rb', ...FILE }),
  'a symbolic link': added({ path: 'cookbooks/apt/link', type: '2', linkTo: '/etc/passwd' }),
  'a symbolic link and a file through it': added(
    { path: 'cookbooks/apt/link', type: '2', linkTo: '/tmp' },
    { path: 'cookbooks/apt/link/escaped', ...FILE },
  ),
  'a hard link': added({ path: 'cookbooks/apt/link', type: '1', linkTo: '/etc/passwd' }),
  'a character device': added({ path: 'cookbooks/apt/zero', type: '3' }),
  'a block device': added({ path: 'cookbooks/apt/disk', type: '4' }),
  'a pipe': added({ path: 'cookbooks/apt/pipe', type: '6' }),
  'the same file twice': added({ path: 'cookbooks/apt/recipes/default.rb', content: 'another' }),
  'a file that is a directory, too': added({ path: 'cookbooks/apt/recipes', ...FILE }),
  'a file below a file': added({ path: 'cookbooks/apt/metadata.rb/below', ...FILE }),
  'a second manifest': added({ path: './manifest.json', content: '{}' }),
  'a file beside the cookbooks': added({ path: 'escaped', ...FILE }),
  'a cookbook that the manifest does not list': added({ path: 'cookbooks/extra/metadata.rb', ...FILE }),
  'the site cookbook of a name that is listed elsewhere': added({ path: 'site-cookbooks/apt/metadata.rb', ...FILE }),
};

/** The artifact that {@link HOSTILE_ARTIFACTS} pretend to be. */
export const HONEST_ARTIFACT: ExampleArtifact = exampleArtifact(HOSTILE_MANIFEST);
