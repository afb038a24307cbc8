import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { Version } from '../../domain/names.ts';
import type { ArtifactAddition, ArtifactRecord, ArtifactStore } from '../../ports/artifact-store.ts';
import {
  CorruptTarball,
  decodeArtifactRecord,
  encodeArtifactRecord,
  promisedTarball,
  verifiedTarball,
} from '../artifact-format/index.ts';
import {
  describeFailure,
  type FileSystem,
  makeDirectories,
  nodeFileSystem,
  settleLeftovers,
  temporaryPath,
  unlessErrno,
} from '../durable-files/index.ts';
import { textOfBytes } from '../text-body/index.ts';

const TARBALL = 'artifact.tar.gz';
const RECORD = 'record.json';

/** The largest record that is read, in bytes: 16 MiB, twice what the largest manifest takes. */
const RECORD_BYTES_MAX = 16_777_216;

const receive = async (
  fs: FileSystem,
  path: string,
  record: ArtifactRecord,
  tarball: AsyncIterable<Uint8Array>,
): Promise<void> => {
  const file = await fs.create(path);
  try {
    for await (const piece of promisedTarball(record, tarball)) await file.write(piece);
    await file.sync();
  } finally {
    await file.close();
  }
};

const writeRecord = async (fs: FileSystem, path: string, record: ArtifactRecord): Promise<void> => {
  const file = await fs.create(path);
  try {
    await file.write(Buffer.from(encodeArtifactRecord(record)));
    await file.sync();
  } finally {
    await file.close();
  }
};

/** The record in a directory; nothing when it has none. */
const recordIn = async (fs: FileSystem, directory: string, version: Version): Promise<ArtifactRecord | undefined> => {
  const path = join(directory, RECORD);
  const look = await unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.look(path, RECORD_BYTES_MAX, 'follow'));
  if (look === undefined) return undefined;
  const text = look.bytes.length > RECORD_BYTES_MAX ? undefined : textOfBytes(look.bytes);
  const decoded = text === undefined ? E.left('expected UTF-8 of at most 16 MiB') : decodeArtifactRecord(text);
  const record = E.filterOrElse(
    (read: ArtifactRecord) => read.version === version,
    (read) => `version: expected ${version}, as the directory is called, got ${read.version}`,
  )(decoded);
  if (E.isRight(record)) return record.right;
  throw new Error(`${record.left}; restore the file, or move ${directory} away and add the artifact again`);
};

/**
 * Moves a directory without a record out of the way: half a copy that somebody made, since what this adapter writes
 * appears whole. Should another have put a whole one there meanwhile, it goes back.
 */
const moveAside = async (fs: FileSystem, directory: string): Promise<void> => {
  const aside = await temporaryPath(fs, directory);
  const moved = await unlessErrno(['ENOENT'], async () => {
    await fs.rename(directory, aside);
    return true;
  });
  if (moved === undefined) return;
  const recorded = await unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.look(join(aside, RECORD), 0, 'follow'));
  if (recorded === undefined) await fs.removeTree(aside);
  else await fs.rename(aside, directory);
};

/** How often a directory in the way is moved before somebody keeps putting one there is the better explanation. */
const PLACING_ATTEMPTS_MAX = 3;

/**
 * An artifact store of directories: `<root>/<version>/artifact.tar.gz` and `record.json` beside it. Both are written and
 * synced under another name, and appear together by one rename: there is never a half one, after a crash or a power loss
 * neither, and of several who add other bytes under one version one succeeds (law L7).
 *
 * `root` is made when it is missing.
 */
export const filesystemArtifactStore = (root: string, fileSystem: FileSystem = nodeFileSystem): ArtifactStore => {
  const fs = fileSystem;
  const directoryOf = (version: Version): string => join(root, version);
  let prepared: Promise<void> | undefined;

  const prepare = async (): Promise<void> => {
    await makeDirectories(fs, root);
    await settleLeftovers(fs, root, (path) => ({ path, bytesMax: 0, links: 'refuse' }));
  };

  const alreadyThere = async ({ version, sha256 }: ArtifactRecord): Promise<ArtifactAddition | undefined> => {
    const there = await recordIn(fs, directoryOf(version), version);
    if (there === undefined) return undefined;
    return there.sha256 === sha256
      ? { _tag: 'AlreadyThere' }
      : { _tag: 'DifferentBytes', existingSha256: there.sha256 };
  };

  const place = async (staged: string, record: ArtifactRecord): Promise<ArtifactAddition> => {
    const directory = directoryOf(record.version);
    for (let attempt = 1; ; attempt++) {
      const moved = await unlessErrno(['ENOTEMPTY', 'EEXIST'], async () => {
        await fs.rename(staged, directory);
        return true;
      });
      if (moved === true) break;
      const there = await alreadyThere(record);
      if (there !== undefined) return there;
      if (attempt >= PLACING_ATTEMPTS_MAX) throw new Error('a directory without a record keeps appearing there');
      await moveAside(fs, directory);
    }
    await fs.syncDirectory(root);
    return { _tag: 'Added' };
  };

  const stage = async (
    staged: string,
    record: ArtifactRecord,
    tarball: AsyncIterable<Uint8Array>,
  ): Promise<ArtifactAddition | undefined> => {
    await fs.makeDirectory(staged);
    try {
      await receive(fs, join(staged, TARBALL), record, tarball);
    } catch (error) {
      if (error instanceof CorruptTarball) return { _tag: 'Corrupt', detail: error.message };
      throw error;
    }
    await writeRecord(fs, join(staged, RECORD), record);
    await fs.syncDirectory(staged);
    return undefined;
  };

  return {
    keyOf: ({ version }) => `${version}/${TARBALL}`,
    add: async (record, tarball) => {
      let staged: string | undefined;
      try {
        const there = await alreadyThere(record);
        if (there !== undefined) return there;
        await (prepared ??= prepare());
        staged = await temporaryPath(fs, directoryOf(record.version));
        return (await stage(staged, record, tarball)) ?? (await place(staged, record));
      } catch (error) {
        prepared = undefined;
        return { _tag: 'Unavailable', detail: describeFailure('add', directoryOf(record.version), error) };
      } finally {
        // After it was moved there is nothing here, and what cannot be removed now is cleared at the next start.
        if (staged !== undefined) await fs.removeTree(staged).catch(() => undefined);
      }
    },
    list: async () => {
      let reading = root;
      try {
        const entries = (await unlessErrno(['ENOENT'], () => fs.list(root))) ?? [];
        const artifacts: ArtifactRecord[] = [];
        for (const { name } of entries) {
          if (!Version.is(name)) continue;
          reading = join(directoryOf(name), RECORD);
          const record = await recordIn(fs, directoryOf(name), name);
          if (record !== undefined) artifacts.push(record);
        }
        return { _tag: 'Listed', artifacts };
      } catch (error) {
        return { _tag: 'Unavailable', detail: describeFailure('list', reading, error) };
      }
    },
    open: async (version) => {
      const path = join(directoryOf(version), TARBALL);
      try {
        const record = await recordIn(fs, directoryOf(version), version);
        if (record === undefined) return { _tag: 'Missing' };
        await fs.look(path, 0, 'follow');
        return { _tag: 'Opened', record, tarball: verifiedTarball(record, fs.stream(path)) };
      } catch (error) {
        return { _tag: 'Unavailable', detail: describeFailure('open', path, error) };
      }
    },
  };
};
