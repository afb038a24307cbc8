import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { createGunzip } from 'node:zlib';
import * as E from 'fp-ts/lib/Either.js';
import { isCookbookVersion } from '../../domain/cookbook-metadata.ts';
import { decodeJsonWith, formatFieldErrors } from '../../domain/decoding.ts';
import { type CookbookVersions, Manifest } from '../../domain/manifest.ts';
import type { CookbookName, Version } from '../../domain/names.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import { textOfBytes } from '../text-body/index.ts';
import { type ArtifactPath, artifactPath, type CookbookFolder, MANIFEST_FILE } from './artifact-path.ts';
import { cookbookDigest } from './cookbook-digest.ts';
import { BadTarball, readToEnd, type TarEntry, tarEntries } from './tar-entries.ts';
import { tarballFault } from './verified-tarball.ts';

/** How much an artifact may unpack to: what is more is a bomb (fault 70). */
export interface ArtifactLimits {
  /** Files and directories together. */
  readonly entriesMax: number;
  /** All content and headers together, in bytes, uncompressed. */
  readonly unpackedBytesMax: number;
}

/** Room for some thousand cookbooks: a hundred thousand entries, 2 GiB. */
export const ARTIFACT_LIMITS: ArtifactLimits = { entriesMax: 100_000, unpackedBytesMax: 2_147_483_648 };

/** The largest `manifest.json` that is read, in bytes: 8 MiB, room for as many cookbooks as a manifest may list. */
const MANIFEST_BYTES_MAX = 8_388_608;

/** One cookbook of an artifact. */
export interface UnpackedCookbook {
  readonly folder: CookbookFolder;
  readonly name: CookbookName;
  /** `x.y` or `x.y.z`: a Chef Infra Server knows no others. */
  readonly version: Version;
  /** See `cookbookDigest`. */
  readonly digest: string;
}

/** One file of a cookbook, on its way out of the tarball. */
export interface UnpackedFile {
  readonly folder: CookbookFolder;
  readonly cookbook: CookbookName;
  /** The path inside the cookbook, checked: relative, without `..`. */
  readonly file: string;
  readonly executable: boolean;
  /** To be read whole or not at all, before the next file comes. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** How unpacking ended. */
export type Unpacking =
  | {
      readonly _tag: 'Unpacked';
      /** SHA-256 of the tarball, hexadecimal. */
      readonly sha256: string;
      readonly sizeBytes: number;
      readonly manifest: Manifest;
      /** Every cookbook that the manifest lists. */
      readonly cookbooks: readonly UnpackedCookbook[];
    }
  /** The tarball is not what it says it is, or hostile. Files of it may have been handed out before that was seen. */
  | { readonly _tag: 'BadArtifact'; readonly detail: string };

const decodeManifest = decodeJsonWith(Manifest);

const readManifest = async (entry: TarEntry): Promise<Manifest> => {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of entry.content) {
    length += piece.length;
    if (length > MANIFEST_BYTES_MAX) {
      throw new BadTarball(`${MANIFEST_FILE}: expected at most ${MANIFEST_BYTES_MAX} bytes, got more`);
    }
    // A piece is only lent: the next one may lie in the same memory.
    pieces.push(Uint8Array.from(piece));
  }
  const text = textOfBytes(Buffer.concat(pieces));
  if (text === undefined) throw new BadTarball(`${MANIFEST_FILE}: expected UTF-8, got other bytes`);
  const decoded = decodeManifest(text);
  if (E.isLeft(decoded)) throw new BadTarball(`${MANIFEST_FILE}: ${formatFieldErrors(decoded.left)}`);
  return decoded.right;
};

/** Every path once, and none a file and a directory at the same time: two readers would keep different ones. */
const pathRegister = (): ((path: string, kind: TarEntry['kind']) => void) => {
  const kinds = new Map<string, TarEntry['kind']>();
  const claim = (path: string, kind: TarEntry['kind']): void => {
    const known = kinds.get(path);
    if (known !== undefined && (known === 'file' || kind === 'file')) {
      throw new BadTarball(`${JSON.stringify(path)}: expected every path once, got it twice`);
    }
    kinds.set(path, kind);
  };
  return (path, kind) => {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      claim(path.slice(0, end), 'directory');
    }
    claim(path, kind);
  };
};

async function* hashed(content: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    hash.update(piece);
    yield piece;
  }
}

async function* atMost(bytes: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > bytesMax) {
      throw new BadTarball(`tarball: expected to unpack to at most ${bytesMax} bytes, got more`);
    }
    yield piece;
  }
}

/** What has been seen of an artifact's cookbooks: the SHA-256 of every file, by folder, name and file. */
type Seen = Readonly<Record<CookbookFolder, Map<CookbookName, Map<string, string>>>>;

const takeEntry = async (
  entry: TarEntry,
  path: Extract<ArtifactPath, { _tag: 'Cookbook' }>,
  seen: Seen,
  onFile: (file: UnpackedFile) => Promise<void>,
): Promise<void> => {
  const { folder, cookbook, file } = path;
  const files = seen[folder].get(cookbook) ?? new Map<string, string>();
  seen[folder].set(cookbook, files);
  if (entry.kind === 'directory') return;
  if (file === '') throw new BadTarball(`${JSON.stringify(entry.path)}: expected a directory, got a file`);
  const sha256 = createHash('sha256');
  const content = hashed(entry.content, sha256);
  await onFile({ folder, cookbook, file, executable: entry.executable, content });
  await readToEnd(content);
  files.set(file, sha256.digest('hex'));
};

const cookbooksIn = (folder: CookbookFolder, listed: CookbookVersions, seen: Seen): readonly UnpackedCookbook[] => {
  for (const name of seen[folder].keys()) {
    if (!Object.hasOwn(listed, name)) {
      throw new BadTarball(`${folder}/${name}: expected only cookbooks that ${MANIFEST_FILE} lists, got one more`);
    }
  }
  return Object.entries(listed).map(([name, version]) => {
    if (!isCookbookVersion(version)) {
      throw new BadTarball(
        `${folder}/${name}: expected a cookbook version x.y or x.y.z, each a whole number, got ${version}`,
      );
    }
    const files = seen[folder].get(name as CookbookName);
    if (files === undefined || files.size === 0) {
      throw new BadTarball(`${folder}/${name}: expected the files of a cookbook that ${MANIFEST_FILE} lists, got none`);
    }
    return { folder, name: name as CookbookName, version, digest: cookbookDigest(files) };
  });
};

const readEntries = async (
  archive: AsyncIterable<Uint8Array>,
  onFile: (file: UnpackedFile) => Promise<void>,
  { entriesMax, unpackedBytesMax }: ArtifactLimits,
): Promise<{ readonly manifest: Manifest; readonly cookbooks: readonly UnpackedCookbook[] }> => {
  const register = pathRegister();
  const seen: Seen = { cookbooks: new Map(), 'site-cookbooks': new Map() };
  let manifest: Manifest | undefined;
  let entries = 0;
  for await (const entry of tarEntries(atMost(archive, unpackedBytesMax))) {
    if (++entries > entriesMax) throw new BadTarball(`tarball: expected at most ${entriesMax} entries, got more`);
    const path = artifactPath(entry.path);
    register(entry.path.replace(/^(\.\/)+/, '').replace(/\/$/, ''), entry.kind);
    if (path._tag === 'Manifest' && entry.kind === 'file') manifest = await readManifest(entry);
    else if (path._tag === 'Cookbook') await takeEntry(entry, path, seen, onFile);
    else if (entry.kind === 'file') {
      throw new BadTarball(`${JSON.stringify(entry.path)}: expected a directory, got a file`);
    }
  }
  if (manifest === undefined) throw new BadTarball(`tarball: expected a ${MANIFEST_FILE}, got none`);
  return {
    manifest,
    cookbooks: [
      ...cookbooksIn('cookbooks', manifest.cookbookVersions, seen),
      ...cookbooksIn('site-cookbooks', manifest.siteCookbookVersions, seen),
    ],
  };
};

const sameManifest = (a: Manifest, b: Manifest): boolean => isDeepStrictEqual(Manifest.encode(a), Manifest.encode(b));

const isZlibError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');

/**
 * Unpacks an artifact's tarball, checking everything that can be wrong with it, in memory that does not grow with it
 * but for one digest to each file (fault 70): paths that lead elsewhere, links and devices, bombs, torn or trailing
 * bytes, a manifest that promises other cookbooks than are there, cookbook versions that Chef does not know.
 *
 * @param expected - the record that the tarball must be the bytes of; without one, any artifact that is whole will do.
 * @param onFile - is given each file of each cookbook. What it is given counts for nothing until the answer is `Unpacked`.
 * @throws only what `onFile` throws.
 */
export const unpackArtifact = async (
  tarball: AsyncIterable<Uint8Array>,
  expected: ArtifactRecord | undefined,
  onFile: (file: UnpackedFile) => Promise<void>,
  limits: ArtifactLimits = ARTIFACT_LIMITS,
): Promise<Unpacking> => {
  const hash = createHash('sha256');
  const sizeMax = expected?.sizeBytes ?? Number.POSITIVE_INFINITY;
  let [sizeBytes, ended] = [0, false];
  let fault: BadTarball | undefined;
  const compressed = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of tarball) {
        sizeBytes += piece.length;
        if (sizeBytes > sizeMax) throw new BadTarball(`tarball: expected ${sizeMax} bytes, got more`);
        hash.update(piece);
        yield piece;
      }
      ended = true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      fault = error instanceof BadTarball ? error : new BadTarball(`tarball: broke off: ${reason}`);
      throw fault;
    }
  };
  let read: Awaited<ReturnType<typeof readEntries>> | undefined;
  try {
    await pipeline(
      Readable.from(compressed(), { objectMode: false }),
      createGunzip(),
      async (archive: AsyncIterable<Buffer>) => {
        read = await readEntries(archive, onFile, limits);
      },
    );
  } catch (error) {
    if (fault !== undefined) return { _tag: 'BadArtifact', detail: fault.message };
    if (error instanceof BadTarball) return { _tag: 'BadArtifact', detail: error.message };
    if (isZlibError(error)) {
      const reason = error instanceof Error ? error.message : '';
      return { _tag: 'BadArtifact', detail: `tarball: expected gzip, got other bytes (${reason})` };
    }
    throw error;
  }
  if (read === undefined || !ended) {
    return {
      _tag: 'BadArtifact',
      detail: 'tarball: expected nothing after the end of the gzip stream, got more bytes',
    };
  }
  const sha256 = hash.digest('hex');
  const mismatch = expected === undefined ? undefined : tarballFault(expected, sizeBytes, sha256);
  if (mismatch !== undefined) return { _tag: 'BadArtifact', detail: mismatch };
  if (expected !== undefined && !sameManifest(expected.manifest, read.manifest)) {
    return {
      _tag: 'BadArtifact',
      detail: `${MANIFEST_FILE}: expected the manifest of the artifact's record, got another`,
    };
  }
  return { _tag: 'Unpacked', sha256, sizeBytes, ...read };
};

/** Checks a tarball without keeping anything of it: what an artifact must pass before anyone makes a record of it. */
export const inspectArtifact = (tarball: AsyncIterable<Uint8Array>, limits?: ArtifactLimits): Promise<Unpacking> =>
  unpackArtifact(tarball, undefined, async () => undefined, limits);
