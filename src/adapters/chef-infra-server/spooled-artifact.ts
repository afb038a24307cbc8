/**
 * An artifact unpacked to a directory of its own: one file for each content, called by its MD5, whatever paths it has in
 * the tarball. Memory does not grow with the artifact but for the checksums.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import { type ArtifactLimits, type UnpackedFile, unpackArtifact, versionOfThree } from '../artifact-format/index.ts';
import {
  type FileSystem,
  makeDirectories,
  nodeFileSystem,
  settleLeftovers,
  temporaryPath,
} from '../durable-files/index.ts';
import { textOfBytes } from '../text-body/index.ts';
import type { CookbookId } from './cookbook-document.ts';
import { type Metadata, readMetadata } from './cookbook-metadata.ts';

/** One cookbook of an artifact that was unpacked. */
export interface SpooledCookbook extends CookbookId {
  /** MD5 in hexadecimal by path inside the cookbook. */
  readonly checksums: ReadonlyMap<string, string>;
  /** Read anew each time: all of them together may be large. */
  readonly metadata: () => Promise<Metadata>;
}

/** An artifact that was unpacked, and found to be what its record promises. */
export interface SpooledArtifact {
  /** Each name and version once. */
  readonly cookbooks: readonly SpooledCookbook[];
  /** The size in bytes of each content, by MD5. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly content: (md5: string) => AsyncIterable<Uint8Array>;
}

/** A tarball that no server should have. */
export class BadArtifact extends Error {}

/** The largest metadata that is read, in bytes: 1 MiB, which is also more than a server takes. */
const METADATA_BYTES_MAX = 1_048_576;

/** Chef reads the first that is there. */
const METADATA_FILES = ['metadata.json', 'metadata.rb'] as const;

const fs: FileSystem = nodeFileSystem;

/** Makes the directory in which artifacts are unpacked, and clears it of what processes that died left there (fault 41). */
export const prepareSpool = async (directory: string): Promise<void> => {
  await makeDirectories(fs, directory);
  await settleLeftovers(fs, directory, (path) => ({ path, bytesMax: 0, links: 'refuse' }));
};

/** Writes what it is given below `root`, each content once; `sizes` grows with it. */
const contentStore = (root: string, sizes: Map<string, number>) => {
  let written = 0;
  return async (content: AsyncIterable<Uint8Array>): Promise<string> => {
    const path = join(root, `${++written}.part`);
    const hash = createHash('md5');
    let sizeBytes = 0;
    const file = await fs.create(path);
    try {
      for await (const piece of content) {
        hash.update(piece);
        sizeBytes += piece.length;
        await file.write(piece);
      }
    } finally {
      await file.close();
    }
    const md5 = hash.digest('hex');
    if (sizes.has(md5)) await fs.unlink(path);
    else await fs.rename(path, join(root, md5));
    sizes.set(md5, sizeBytes);
    return md5;
  };
};

const metadataReader =
  (root: string, id: CookbookId, where: string, checksums: ReadonlyMap<string, string>) =>
  async (): Promise<Metadata> => {
    const file = METADATA_FILES.find((name) => checksums.has(name));
    if (file === undefined) throw new BadArtifact(`${where}: expected a metadata.json or a metadata.rb, got neither`);
    const { bytes } = await fs.look(join(root, checksums.get(file) ?? ''), METADATA_BYTES_MAX, 'refuse');
    const text = bytes.length > METADATA_BYTES_MAX ? undefined : textOfBytes(bytes);
    const read =
      text === undefined
        ? E.left(`expected UTF-8 of at most ${METADATA_BYTES_MAX} bytes, got something else`)
        : readMetadata(file, id, text);
    if (E.isLeft(read)) throw new BadArtifact(`${where}/${file}: ${read.left}`);
    return read.right;
  };

const spoolInto = async (
  root: string,
  record: ArtifactRecord,
  tarball: AsyncIterable<Uint8Array>,
  limits: ArtifactLimits | undefined,
): Promise<SpooledArtifact> => {
  const sizes = new Map<string, number>();
  const store = contentStore(root, sizes);
  const files = new Map<string, Map<string, string>>();
  const take = async ({ folder, cookbook, file, content }: UnpackedFile): Promise<void> => {
    const where = `${folder}/${cookbook}`;
    const checksums = files.get(where) ?? new Map<string, string>();
    files.set(where, checksums.set(file, await store(content)));
  };
  const unpacked = await unpackArtifact(tarball, record, take, limits);
  if (unpacked._tag === 'BadArtifact') throw new BadArtifact(unpacked.detail);
  // The fleet's own cookbook takes the place of one from elsewhere that has its name and version.
  const cookbooks = new Map<string, SpooledCookbook>();
  for (const { folder, name, version } of unpacked.cookbooks) {
    const id = { name, version: versionOfThree(version) };
    const where = `${folder}/${name}`;
    const checksums = files.get(where) ?? new Map<string, string>();
    cookbooks.set(`${name}-${id.version}`, { ...id, checksums, metadata: metadataReader(root, id, where, checksums) });
  }
  for (const { metadata } of cookbooks.values()) await metadata();
  return { cookbooks: [...cookbooks.values()], sizes, content: (md5) => fs.stream(join(root, md5)) };
};

/**
 * Unpacks `tarball` below `directory`, gives `act` what was in it, and removes it after that.
 *
 * @throws BadArtifact when it is not what `record` promises, is hostile (fault 70), or holds a cookbook whose metadata
 * cannot be read; what the file system or `act` throws.
 */
export const withSpooledArtifact = async <A>(
  directory: string,
  record: ArtifactRecord,
  tarball: AsyncIterable<Uint8Array>,
  limits: ArtifactLimits | undefined,
  act: (artifact: SpooledArtifact) => Promise<A>,
): Promise<A> => {
  const root = await temporaryPath(fs, join(directory, 'upload'));
  await fs.makeDirectory(root);
  try {
    return await act(await spoolInto(root, record, tarball, limits));
  } finally {
    // What cannot be removed now is cleared at the next start.
    await fs.removeTree(root).catch(() => undefined);
  }
};
