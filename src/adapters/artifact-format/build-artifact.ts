import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Header, Pax } from 'tar';
import { Manifest } from '../../domain/manifest.ts';
import { MANIFEST_FILE } from './artifact-path.ts';

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

async function* tarOf(files: AsyncIterable<SourceFile>): AsyncGenerator<Uint8Array> {
  for await (const file of files) {
    yield headerOf(file);
    let written = 0;
    for await (const piece of file.content) {
      written += piece.length;
      yield piece;
    }
    if (written !== file.size) {
      throw new Error(`${file.path}: expected ${file.size} bytes, got ${written}; it changed while it was packed`);
    }
    yield Buffer.alloc((BLOCK_BYTES - (written % BLOCK_BYTES)) % BLOCK_BYTES);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

/** Opened when the first piece is asked for. */
async function* contentOf(file: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(file) as AsyncIterable<Buffer>;
}

/** The files below `directory`, by the bytes of their names, wherever they are packed. */
async function* filesBelow(directory: string, path: string): AsyncGenerator<SourceFile> {
  const names = (await readdir(directory)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    const [source, target] = [join(directory, name), `${path}/${name}`];
    const stats = await lstat(source);
    if (stats.isDirectory()) yield* filesBelow(source, target);
    else if (stats.isFile()) {
      const mode = (stats.mode & 0o111) === 0 ? 0o644 : 0o755;
      yield { path: target, mode, size: stats.size, content: contentOf(source) };
    } else throw new Error(`${target}: expected a file or a directory, got a link or a device`);
  }
}

async function* piecesOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function* sourceFiles(directory: string, manifest: Manifest): AsyncGenerator<SourceFile> {
  const text = Buffer.from(`${JSON.stringify(Manifest.encode(manifest), null, 2)}\n`);
  yield { path: MANIFEST_FILE, mode: 0o644, size: text.length, content: piecesOf(text) };
  const folders = [
    ['cookbooks', manifest.cookbookVersions],
    ['site-cookbooks', manifest.siteCookbookVersions],
  ] as const;
  for (const [folder, cookbooks] of folders) {
    for (const name of Object.keys(cookbooks).sort()) {
      yield* filesBelow(join(directory, folder, name), `${folder}/${name}`);
    }
  }
}

/** Where a gzip header names the operating system; 255 is "unknown", the same everywhere. */
const GZIP_SYSTEM_BYTE = 9;

/**
 * Packs an artifact: `manifest.json`, then the cookbooks that `manifest` lists, found in `directory` as
 * `cookbooks/<name>` and `site-cookbooks/<name>`. The same files and manifest make the same bytes, whenever and wherever
 * they are packed: sorted, without owners and times, modes reduced to 644 and 755.
 *
 * @throws while it is read: a listed cookbook that is not there, a link or a device in one, a file that changes.
 */
export async function* buildArtifact(directory: string, manifest: Manifest): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: 9 });
  const packed = pipeline(Readable.from(tarOf(sourceFiles(directory, manifest)), { objectMode: false }), gzip);
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
