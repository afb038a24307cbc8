import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Header, Pax } from 'tar';
import { withCookbookVersion } from '../../domain/cookbook-metadata.ts';
import { Manifest } from '../../domain/manifest.ts';
import type { Version } from '../../domain/names.ts';
import { artifactPath, type CookbookFolder, MANIFEST_FILE } from './artifact-path.ts';
import { BadFolder, messageOf, readCookbook } from './cookbook-folder.ts';
import { ARTIFACT_LIMITS, type ArtifactLimits } from './unpack-artifact.ts';

const BLOCK_BYTES = 512;

/** Every entry bears this time, so that the same cookbooks make the same bytes whenever they are packed. */
const MODIFIED = new Date(0);

interface SourceFile {
  /** The path in the tarball. */
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

const headerOf = ({ path, mode, size }: SourceFile): Buffer => {
  const fields = { path, mode, size, uid: 0, gid: 0, mtime: MODIFIED, type: 'File' as const };
  const header = new Header(fields);
  const block = Buffer.alloc(BLOCK_BYTES);
  if (!header.encode(block)) return block;
  return Buffer.concat([new Pax({ path, size, mtime: MODIFIED }).encode(), block]);
};

const paddingAfter = (size: number): number => (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;

const END = Buffer.alloc(2 * BLOCK_BYTES);

async function* tarOf(files: AsyncIterable<SourceFile>, limits: ArtifactLimits): AsyncGenerator<Uint8Array> {
  const { entriesMax, unpackedBytesMax } = limits;
  let [entries, bytes] = [0, END.length];
  for await (const file of files) {
    const header = headerOf(file);
    bytes += header.length + file.size + paddingAfter(file.size);
    // What nobody would take in is not built either (fault 70).
    if (++entries > entriesMax || bytes > unpackedBytesMax) {
      throw new BadFolder(
        `${file.path}: expected at most ${entriesMax} files and ${unpackedBytesMax} bytes of all together, got more; leave large files out of cookbooks`,
      );
    }
    yield header;
    let written = 0;
    for await (const piece of file.content) {
      written += piece.length;
      yield piece;
    }
    if (written !== file.size) {
      throw new BadFolder(
        `${file.path}: expected ${file.size} bytes, got ${written}; it changed while it was packed: build again`,
      );
    }
    yield Buffer.alloc(paddingAfter(written));
  }
  yield END;
}

/** Opened when the first piece is asked for. */
async function* contentOf(file: string, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new BadFolder(`${path}: expected a file that this user may read: ${messageOf(error)}`);
  }
}

const assertPackable = (path: string): void => {
  try {
    artifactPath(path);
  } catch (error) {
    throw new BadFolder(`${messageOf(error)}; rename it`);
  }
};

/** The files below `directory`, by the bytes of their names, wherever they are packed. */
async function* filesBelow(directory: string, path: string): AsyncGenerator<SourceFile> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw new BadFolder(`${path}: expected a directory that this user may read: ${messageOf(error)}`);
  });
  for (const name of names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    const [source, target] = [join(directory, name), `${path}/${name}`];
    assertPackable(target);
    const stats = await lstat(source).catch((error: unknown) => {
      throw new BadFolder(`${target}: it went away while it was packed: ${messageOf(error)}; build again`);
    });
    if (stats.isDirectory()) yield* filesBelow(source, target);
    else if (stats.isFile()) {
      const mode = (stats.mode & 0o111) === 0 ? 0o644 : 0o755;
      yield { path: target, mode, size: stats.size, content: contentOf(source, target) };
    } else {
      throw new BadFolder(
        `${target}: expected a file or a directory, got a link or a device; put a copy in its place, or remove it`,
      );
    }
  }
}

async function* piecesOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

const textFile = (path: string, text: string): SourceFile => {
  const bytes = Buffer.from(text);
  return { path, mode: 0o644, size: bytes.length, content: piecesOf(bytes) };
};

/** The files of one cookbook, its metadata with `version` where they state another. */
async function* cookbookFiles(
  directory: string,
  folder: CookbookFolder,
  name: string,
  version: Version,
): AsyncGenerator<SourceFile> {
  const path = `${folder}/${name}`;
  const { file, text, metadata } = await readCookbook(directory, folder, name);
  const stamped = metadata.version === version ? undefined : withCookbookVersion(file, text, version);
  for await (const one of filesBelow(join(directory, folder, name), path)) {
    yield stamped !== undefined && one.path === `${path}/${file}` ? textFile(one.path, stamped) : one;
  }
}

async function* sourceFiles(directory: string, manifest: Manifest): AsyncGenerator<SourceFile> {
  yield textFile(MANIFEST_FILE, `${JSON.stringify(Manifest.encode(manifest), null, 2)}\n`);
  const folders = [
    ['cookbooks', manifest.cookbookVersions],
    ['site-cookbooks', manifest.siteCookbookVersions],
  ] as const;
  for (const [folder, cookbooks] of folders) {
    for (const [name, version] of Object.entries(cookbooks).sort(([a], [b]) => (a < b ? -1 : 1))) {
      yield* cookbookFiles(directory, folder, name, version);
    }
  }
}

/** Where a gzip header names the operating system; 255 is "unknown", the same everywhere. */
const GZIP_SYSTEM_BYTE = 9;

/**
 * Packs an artifact: `manifest.json`, then the cookbooks that `manifest` lists, found in `directory` as
 * `cookbooks/<name>` and `site-cookbooks/<name>`. The same files and manifest make the same bytes, whenever and wherever
 * they are packed: sorted, without owners and times, modes reduced to 644 and 755. A cookbook that the manifest has at
 * another version than its own metadata is packed with metadata that agree.
 *
 * @throws BadFolder while it is read: a listed cookbook that is not there or states no version, a link or a device in one,
 * a name that nobody would unpack, a file that cannot be read or changes, more than `limits` allow.
 */
export async function* buildArtifact(
  directory: string,
  manifest: Manifest,
  limits: ArtifactLimits = ARTIFACT_LIMITS,
): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: 9 });
  const packed = pipeline(Readable.from(tarOf(sourceFiles(directory, manifest), limits), { objectMode: false }), gzip);
  // The same failure ends the loop below; this one is only kept from being called unhandled.
  packed.catch(() => undefined);
  let first = true;
  for await (const piece of gzip as AsyncIterable<Buffer>) {
    if (first) piece[GZIP_SYSTEM_BYTE] = 255;
    first = false;
    yield piece;
  }
  await packed;
}
