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
import { textOfBytes } from '../text-body/index.ts';
import { describeFailure } from './answers.ts';
import { gcsObjects } from './gcs-objects.ts';
import type { GcsSettings } from './settings.ts';

const RECORD = 'record.json';

/** The largest record that is read, in bytes: 16 MiB, twice what the largest manifest takes. */
const RECORD_BYTES_MAX = 16_777_216;

/** So many records are read at a time when all of them are. */
const RECORDS_AT_ONCE = 8;

const recordName = (version: Version): string => `${version}/${RECORD}`;

/** Named by its bytes: of two that are added under one version at once, neither stands in the place of the other. */
const tarballName = ({ version, sha256 }: ArtifactRecord): string => `${version}/${sha256}.tar.gz`;

const versionOf = (name: string): Version | undefined => {
  const version = name.endsWith(`/${RECORD}`) ? name.slice(0, -RECORD.length - 1) : undefined;
  return Version.is(version) ? version : undefined;
};

/** What `act` makes of each item, in no particular order, with so many under way at once. */
const eachOf = async <A>(items: readonly A[], atOnce: number, act: (item: A) => Promise<void>): Promise<void> => {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

/**
 * An artifact store of objects in Google Cloud Storage: `gs://<bucket>/<prefix>/<version>/<sha256>.tar.gz`, and
 * `record.json` beside it, which is written last and only where there is none. Of several who add other bytes under one
 * version one succeeds (law L7), and a version without a record is not there.
 *
 * Tarballs go up and down in one request each, as streams. What a killed upload of other bytes has left under a version
 * harms nothing; no record names it.
 *
 * @throws TypeError naming the field when `settings` cannot be meant.
 */
export const gcsArtifactStore = (settings: GcsSettings): ArtifactStore => {
  const objects = gcsObjects(settings);

  /** The record of a version, nothing when it has none. Throws when it cannot tell, or when what is there is no record. */
  const recordOf = async (version: Version): Promise<ArtifactRecord | undefined> => {
    const found = await objects.look(recordName(version), undefined, RECORD_BYTES_MAX);
    if (found._tag === 'Missing') return undefined;
    if (found._tag !== 'Found') throw new Error('detail' in found ? found.detail : 'got status 304');
    const text = textOfBytes(found.bytes);
    const decoded = text === undefined ? E.left('expected UTF-8') : decodeArtifactRecord(text);
    const record = E.filterOrElse(
      (read: ArtifactRecord) => read.version === version,
      (read) => `version: expected ${version}, as the object is called, got ${read.version}`,
    )(decoded);
    if (E.isRight(record)) return record.right;
    throw new Error(
      `${record.left}; restore ${objects.uriOf(recordName(version))}, or remove it and add the artifact again`,
    );
  };

  const alreadyThere = async ({ version, sha256 }: ArtifactRecord): Promise<ArtifactAddition | undefined> => {
    const there = await recordOf(version);
    if (there === undefined) return undefined;
    return there.sha256 === sha256
      ? { _tag: 'AlreadyThere' }
      : { _tag: 'DifferentBytes', existingSha256: there.sha256 };
  };

  const failed = (operation: string, version: Version, error: unknown): { _tag: 'Unavailable'; detail: string } => ({
    _tag: 'Unavailable',
    detail: `${operation} ${objects.uriOf(version)}: ${describeFailure(error)}`,
  });

  const add = async (record: ArtifactRecord, tarball: AsyncIterable<Uint8Array>): Promise<ArtifactAddition> => {
    const early = await alreadyThere(record);
    if (early !== undefined) return early;
    let corrupt: CorruptTarball | undefined;
    const checked = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* promisedTarball(record, tarball);
      } catch (error) {
        if (error instanceof CorruptTarball) corrupt = error;
        throw error;
      }
    };
    const sent = await objects.create(tarballName(record), checked(), record.sizeBytes);
    if (corrupt !== undefined) return { _tag: 'Corrupt', detail: corrupt.message };
    if (sent._tag === 'Unknown') return { _tag: 'Unavailable', detail: sent.detail };
    const recorded = await objects.put(
      recordName(record.version),
      Buffer.from(encodeArtifactRecord(record)),
      undefined,
    );
    if (recorded._tag === 'Landed') return { _tag: 'Added' };
    const there = await alreadyThere(record);
    if (there?._tag === 'DifferentBytes' && sent._tag === 'Landed') {
      await objects.remove(tarballName(record), sent.revision);
    }
    if (there !== undefined) return there;
    const detail = recorded._tag === 'Unknown' ? recorded.detail : 'the record was there, and then it was not';
    return { _tag: 'Unavailable', detail };
  };

  return {
    keyOf: (record) => objects.keyOf(tarballName(record)),
    add: async (record, tarball) => {
      try {
        return await add(record, tarball);
      } catch (error) {
        return failed('add', record.version, error);
      }
    },
    list: async () => {
      const artifacts: ArtifactRecord[] = [];
      try {
        const versions = (await objects.list())
          .map(({ name }) => versionOf(name))
          .filter((version) => version !== undefined);
        await eachOf(versions, RECORDS_AT_ONCE, async (version) => {
          const record = await recordOf(version);
          if (record !== undefined) artifacts.push(record);
        });
        return { _tag: 'Listed', artifacts };
      } catch (error) {
        return { _tag: 'Unavailable', detail: `list ${objects.uriOf('')}: ${describeFailure(error)}` };
      }
    },
    open: async (version) => {
      try {
        const record = await recordOf(version);
        if (record === undefined) return { _tag: 'Missing' };
        const tarball = await objects.open(tarballName(record));
        if (tarball === undefined) throw new Error('its record is there, but its tarball is not');
        if (tarball.sizeBytes !== record.sizeBytes) {
          throw new Error(`tarball: expected ${record.sizeBytes} bytes, got ${tarball.sizeBytes}`);
        }
        return { _tag: 'Opened', record, tarball: verifiedTarball(record, tarball.bytes()) };
      } catch (error) {
        return failed('open', version, error);
      }
    },
  };
};
