import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeJsonWith, formatFieldErrors } from '../../domain/decoding.ts';
import { type EnvironmentName, type StackName, Version } from '../../domain/names.ts';
import { emptyChefEnvironment, isPinnedTo, pinTo, type ChefEnvironment } from '../../domain/pin.ts';
import type { Revision } from '../../ports/conditional-write.ts';
import type { ChefServer, UploadOutcome } from '../../ports/chef-server.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import {
  ARTIFACT_LIMITS,
  type ArtifactLimits,
  MANIFEST_FILE,
  Sha256,
  type UnpackedCookbook,
  unpackArtifact,
} from '../artifact-format/index.ts';
import { decodeEnvironmentJson, encodeEnvironmentJson } from '../chef-environment/index.ts';
import {
  describeFailure,
  type FileSystem,
  makeDirectories,
  nodeFileSystem,
  settleLeftovers,
  temporaryPath,
  unlessErrno,
} from '../durable-files/index.ts';
import { revisionOf, textOfBytes } from '../text-body/index.ts';
import { cookbookDirectoryName, digestOfDirectory, stageUpload, type Staging } from './chef-repo-upload.ts';
import { sharedFiles } from './shared-files.ts';

/** The largest environment or marker that is read, in bytes: 16 MiB. */
const DOCUMENT_BYTES_MAX = 16_777_216;

/** So many times a pin is tried again because another went first; each time, one of them was made. */
const PIN_ATTEMPTS_MAX = 1_000;

/** Says that an artifact is complete: written last, when all of its cookbooks are in place. */
interface Marker {
  readonly version: Version;
  readonly sha256: string;
  /** The names of its directories below `cookbooks`. */
  readonly cookbooks: readonly string[];
}

const decodeMarker = decodeJsonWith(
  t.type({ version: Version, sha256: Sha256, cookbooks: t.readonlyArray(t.string) }, 'marker'),
);

/** What may be chosen of a chef-repo. */
export interface ChefRepoOptions {
  readonly fileSystem?: FileSystem;
  readonly limits?: ArtifactLimits;
}

/**
 * A stack's Chef server that is a directory: a chef-repo as chef-client reads it in local mode with
 * `versioned_cookbooks`. Environments are `environments/<name>.json`, cookbooks `cookbooks/<name>-<version>/`, and
 * `artifacts/<version>.json` says that an artifact is complete.
 *
 * A cookbook appears whole, by one rename, and is never changed after that (law L7). Pins are serialised across all
 * processes of this machine (law L2). What is answered survives a power loss.
 *
 * `root` must lie on a local file system with hard and symbolic links. It is made when it is missing.
 */
export const chefRepoServer = (
  stack: StackName,
  root: string,
  { fileSystem: fs = nodeFileSystem, limits = ARTIFACT_LIMITS }: ChefRepoOptions = {},
): ChefServer => {
  const documents = { bytesMax: DOCUMENT_BYTES_MAX, links: 'follow' } as const;
  const files = sharedFiles(fs, documents);
  const cookbooksPath = join(root, 'cookbooks');
  const markersPath = join(root, 'artifacts');
  const environmentPath = (name: EnvironmentName): string => join(root, 'environments', `${name}.json`);
  const markerPath = (version: Version): string => join(markersPath, `${version}.json`);
  let prepared: Promise<void> | undefined;

  const prepare = async (): Promise<void> => {
    await makeDirectories(fs, cookbooksPath);
    await settleLeftovers(fs, root, (path) => ({ path, ...documents }));
  };

  const textAt = async (path: string): Promise<{ readonly text: string; readonly revision: Revision } | undefined> => {
    const look = await unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.look(path, documents.bytesMax, documents.links));
    if (look === undefined) return undefined;
    const text = look.bytes.length > documents.bytesMax ? undefined : textOfBytes(look.bytes);
    if (text === undefined)
      throw new Error(`expected UTF-8 of at most ${documents.bytesMax} bytes, got something else`);
    return { text, revision: revisionOf(look.bytes) };
  };

  const markerOf = async (version: Version): Promise<Marker | undefined> => {
    const found = await textAt(markerPath(version));
    if (found === undefined) return undefined;
    const decoded = decodeMarker(found.text);
    if (E.isLeft(decoded)) {
      throw new Error(`${formatFieldErrors(decoded.left)}; remove the file, and the artifact is uploaded again`);
    }
    if (decoded.right.version !== version) {
      throw new Error(`version: expected ${version}, as the file is called, got ${decoded.right.version}`);
    }
    return decoded.right;
  };

  const environmentAt = async (
    name: EnvironmentName,
  ): Promise<{ readonly environment: ChefEnvironment; readonly revision: Revision } | undefined> => {
    const found = await textAt(environmentPath(name));
    if (found === undefined) return undefined;
    const decoded = decodeEnvironmentJson(name, found.text);
    if (E.isLeft(decoded)) throw new Error(decoded.left);
    return { environment: decoded.right, revision: found.revision };
  };

  const cookbookNames = async (): Promise<ReadonlySet<string>> =>
    new Set(((await unlessErrno(['ENOENT'], () => fs.list(cookbooksPath))) ?? []).map(({ name }) => name));

  /** By directory name; the fleet's own cookbook takes the place of one from elsewhere that has its name and version. */
  const directoriesOf = (cookbooks: readonly UnpackedCookbook[]): ReadonlyMap<string, UnpackedCookbook> =>
    new Map(cookbooks.map((cookbook) => [cookbookDirectoryName(cookbook), cookbook]));

  /** Moves the cookbooks that are missing into place; the name of the first that is there with other bytes, if any is. */
  const placeCookbooks = async (
    staging: Staging,
    cookbooks: ReadonlyMap<string, UnpackedCookbook>,
  ): Promise<string | undefined> => {
    const missing = new Map(cookbooks);
    for (const [directory, cookbook] of cookbooks) {
      const digest = await digestOfDirectory(fs, join(cookbooksPath, directory));
      if (digest === undefined) continue;
      if (digest !== cookbook.digest) return cookbook.name;
      missing.delete(directory);
    }
    for (const [directory, cookbook] of missing) {
      const target = join(cookbooksPath, directory);
      const moved = await unlessErrno(['ENOTEMPTY', 'EEXIST'], async () => {
        await fs.rename(staging.pathOf(cookbook), target);
        return true;
      });
      // Another upload was faster; it may have brought other bytes.
      if (moved === undefined && (await digestOfDirectory(fs, target)) !== cookbook.digest) return cookbook.name;
    }
    await fs.syncDirectory(cookbooksPath);
    return undefined;
  };

  const mark = async ({ version, sha256 }: ArtifactRecord, cookbooks: Iterable<string>): Promise<UploadOutcome> => {
    const marker: Marker = { version, sha256, cookbooks: [...cookbooks].sort() };
    const written = await files.write(
      markerPath(version),
      Buffer.from(`${JSON.stringify(marker, null, 2)}\n`),
      undefined,
    );
    switch (written._tag) {
      case 'Landed':
        return { _tag: 'Complete' };
      case 'Unknown':
        return { _tag: 'Unavailable', detail: written.detail };
      case 'Conflict':
        return (await markerOf(version))?.sha256 === sha256
          ? { _tag: 'Complete' }
          : { _tag: 'DifferentBytes', cookbook: MANIFEST_FILE };
    }
  };

  const unpackInto = async (
    staging: Staging,
    record: ArtifactRecord,
    tarball: AsyncIterable<Uint8Array>,
  ): Promise<UploadOutcome> => {
    const unpacked = await unpackArtifact(tarball, record, staging.write, limits);
    if (unpacked._tag === 'BadArtifact') return unpacked;
    await staging.sync();
    const cookbooks = directoriesOf(unpacked.cookbooks);
    const differing = await placeCookbooks(staging, cookbooks);
    if (differing !== undefined) return { _tag: 'DifferentBytes', cookbook: differing };
    return mark(record, cookbooks.keys());
  };

  return {
    stack,
    upload: async (record, tarball) => {
      let staging: Staging | undefined;
      try {
        const marker = await markerOf(record.version);
        if (marker !== undefined && marker.sha256 !== record.sha256) {
          return { _tag: 'DifferentBytes', cookbook: MANIFEST_FILE };
        }
        const there = await cookbookNames();
        if (marker?.cookbooks.every((directory) => there.has(directory)) === true) return { _tag: 'Complete' };
        await (prepared ??= prepare());
        staging = await stageUpload(fs, await temporaryPath(fs, join(root, 'upload')));
        return await unpackInto(staging, record, tarball);
      } catch (error) {
        prepared = undefined;
        return { _tag: 'Unavailable', detail: describeFailure(`upload ${record.version} to`, root, error) };
      } finally {
        // What cannot be removed now is cleared at the next start.
        await staging?.remove().catch(() => undefined);
      }
    },
    completeArtifacts: async () => {
      let reading = markersPath;
      try {
        const there = await cookbookNames();
        const sha256ByVersion = new Map<Version, string>();
        for (const { name } of (await unlessErrno(['ENOENT'], () => fs.list(markersPath))) ?? []) {
          const version = name.replace(/\.json$/, '');
          if (version === name || !Version.is(version)) continue;
          reading = markerPath(version);
          const marker = await markerOf(version);
          // A cookbook that somebody removed is uploaded again, because its artifact is complete no more.
          if (marker?.cookbooks.every((directory) => there.has(directory)) === true) {
            sha256ByVersion.set(version, marker.sha256);
          }
        }
        return { _tag: 'Listed', sha256ByVersion };
      } catch (error) {
        return { _tag: 'Unavailable', detail: describeFailure('read', reading, error) };
      }
    },
    environment: async (name) => {
      try {
        const found = await environmentAt(name);
        return found === undefined ? { _tag: 'Missing' } : { _tag: 'Found', environment: found.environment };
      } catch (error) {
        return { _tag: 'Unavailable', detail: describeFailure('read', environmentPath(name), error) };
      }
    },
    pin: async (name, manifest) => {
      const path = environmentPath(name);
      try {
        for (let attempt = 0; attempt < PIN_ATTEMPTS_MAX; attempt++) {
          const found = await environmentAt(name);
          if (found !== undefined && isPinnedTo(found.environment, manifest)) return { _tag: 'Pinned' };
          const pinned = pinTo(found?.environment ?? emptyChefEnvironment(name), manifest);
          const written = await files.write(path, Buffer.from(encodeEnvironmentJson(pinned)), found?.revision);
          if (written._tag === 'Landed') return { _tag: 'Pinned' };
          // The next attempt reads back what became of it, and finds the disk as it is.
          if (written._tag === 'Unknown' && attempt > 0) return { _tag: 'Unavailable', detail: written.detail };
        }
        return { _tag: 'Unavailable', detail: `pin ${path}: ${PIN_ATTEMPTS_MAX} others went first; try again` };
      } catch (error) {
        return { _tag: 'Unavailable', detail: describeFailure('pin', path, error) };
      }
    },
  };
};
