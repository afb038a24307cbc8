import { Readable } from 'node:stream';
import * as E from 'fp-ts/lib/Either.js';
import { Version } from '../../domain/names.ts';
import type { ArtifactAddition, ArtifactRecord, ArtifactStore } from '../../ports/artifact-store.ts';
import type { Revision } from '../../ports/conditional-write.ts';
import {
  decodeArtifactRecord,
  encodeArtifactRecord,
  promisedTarball,
  verifiedTarball,
} from '../artifact-format/index.ts';
import { textOfBytes } from '../text-body/index.ts';
import { type Bucket, bucketOf } from './bucket.ts';
import { withDeadline } from '../deadline/index.ts';
import { describeS3Failure, isInterference, isRefusedCondition, statusOf } from './failure.ts';
import { listObjects } from './list-objects.ts';
import { objectStream, transferMs } from './object-stream.ts';
import { readObjectPatiently } from './read-patiently.ts';
import type { S3Settings } from './settings.ts';
import { writeObject } from './write-object.ts';

/** The largest record that is read, in bytes: 16 MiB, twice what the largest manifest takes. */
const RECORD_BYTES_MAX = 16_777_216;

/** The largest object that S3 takes in one request, in bytes: 5 GiB. */
const TARBALL_BYTES_MAX = 5_368_709_120;

/** So many records are read at once. */
const READERS = 16;

/** What was asked of the store cannot be answered now; the message says why, for people. */
class Unavailable extends Error {}

const RECORD = '/record.json';
const recordPath = (version: Version): string => `${version}${RECORD}`;
const tarballPath = ({ version, sha256 }: ArtifactRecord): string => `${version}/${sha256}.tar.gz`;

/** The record of a version, and the revision of its object; nothing when there is none. */
const readRecord = async (
  bucket: Bucket,
  version: Version,
): Promise<{ readonly record: ArtifactRecord; readonly revision: Revision } | undefined> => {
  const key = bucket.keyOf(recordPath(version));
  const reading = await readObjectPatiently(bucket, key, undefined, RECORD_BYTES_MAX);
  if (reading._tag === 'Missing') return undefined;
  if (reading._tag === 'Denied' || reading._tag === 'Unavailable') throw new Unavailable(reading.detail);
  const text = reading._tag === 'Body' ? textOfBytes(reading.bytes) : undefined;
  const decoded = text === undefined ? E.left('expected UTF-8 of at most 16 MiB') : decodeArtifactRecord(text);
  const record = E.filterOrElse(
    (read: ArtifactRecord) => read.version === version,
    (read) => `version: expected ${version}, as the object is called, got ${read.version}`,
  )(decoded);
  if (E.isLeft(record) || reading._tag !== 'Body') {
    const fault = E.isLeft(record) ? record.left : 'expected a record';
    throw new Unavailable(`${bucket.addressOf(key)}: ${fault}; restore it, or remove it and add the artifact again`);
  }
  return { record: record.right, revision: reading.revision };
};

/** Whether the tarball of `record` lies there, going by its name, which has its checksum in it, and its length. */
const tarballIsThere = async (bucket: Bucket, record: ArtifactRecord): Promise<boolean> => {
  const key = bucket.keyOf(tarballPath(record));
  try {
    return await withDeadline(bucket.deadlineMs, async (abort) => {
      const { sdk, client } = await bucket.reach();
      const order = new sdk.HeadObjectCommand({ Bucket: bucket.name, Key: key });
      const { ContentLength: sizeBytes } = await client.send(order, { abortSignal: abort });
      return sizeBytes === record.sizeBytes;
    });
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw new Unavailable(describeS3Failure('look at', bucket.addressOf(key), error));
  }
};

/**
 * The bytes of `tarball` while they may be those of `record`. The last of them is held back until all are known to be
 * right, so that a wrong tarball is always a request that was broken off, of which S3 keeps nothing.
 */
async function* checkedTarball(record: ArtifactRecord, tarball: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const piece of promisedTarball(record, tarball)) {
    if (held !== undefined) yield held;
    held = Uint8Array.from(piece);
  }
  if (held !== undefined) yield held;
}

/** Stores the tarball under its checksum, unless it is there; the answer is what is wrong with what arrived. */
const putTarball = async (
  bucket: Bucket,
  record: ArtifactRecord,
  tarball: AsyncIterable<Uint8Array>,
): Promise<string | undefined> => {
  const key = bucket.keyOf(tarballPath(record));
  const body = Readable.from(checkedTarball(record, tarball));
  const broken = new AbortController();
  let fault: string | undefined;
  // The SDK does not notice when the body of its request fails, and would wait for the rest of it.
  body.on('error', (error) => {
    fault ??= error.message;
    broken.abort(error);
  });
  try {
    await withDeadline(transferMs(bucket, record.sizeBytes), async (abort) => {
      const { sdk, client } = await bucket.reach();
      const order = new sdk.PutObjectCommand({
        Bucket: bucket.name,
        Key: key,
        Body: body,
        ContentLength: record.sizeBytes,
        ContentType: 'application/gzip',
        ChecksumSHA256: Buffer.from(record.sha256, 'hex').toString('base64'),
        IfNoneMatch: '*',
      });
      await client.send(order, {
        abortSignal: AbortSignal.any([abort, broken.signal]),
        requestTimeout: transferMs(bucket, record.sizeBytes),
      });
    });
    return undefined;
  } catch (error) {
    if (fault !== undefined) return fault;
    const another = isRefusedCondition(error) || isInterference(error);
    if (another && (await tarballIsThere(bucket, record))) return undefined;
    throw new Unavailable(describeS3Failure('add', bucket.addressOf(key), error));
  } finally {
    body.destroy();
  }
};

const alreadyThere = async (
  bucket: Bucket,
  { version, sha256 }: ArtifactRecord,
): Promise<ArtifactAddition | undefined> => {
  const there = await readRecord(bucket, version);
  if (there === undefined) return undefined;
  return there.record.sha256 === sha256
    ? { _tag: 'AlreadyThere' }
    : { _tag: 'DifferentBytes', existingSha256: there.record.sha256 };
};

/** Writes the record, which makes the artifact one; of several who come this far one is first. */
const writeRecord = async (bucket: Bucket, record: ArtifactRecord): Promise<ArtifactAddition> => {
  const key = bucket.keyOf(recordPath(record.version));
  const outcome = await writeObject(bucket, key, encodeArtifactRecord(record), undefined);
  if (outcome._tag === 'Landed') return { _tag: 'Added' };
  const there = await alreadyThere(bucket, record);
  if (there !== undefined) return there;
  const detail = outcome._tag === 'Unknown' ? outcome.detail : `write ${bucket.addressOf(key)}: it came and went`;
  throw new Unavailable(`${detail}; add the artifact again`);
};

interface Listed {
  readonly version: Version;
  readonly revision: Revision | undefined;
}

const listRecords = async (bucket: Bucket): Promise<readonly Listed[]> =>
  (await listObjects(bucket)).flatMap(({ path, revision }) => {
    const version = path.endsWith(RECORD) ? path.slice(0, -RECORD.length) : '';
    return Version.is(version) ? [{ version, revision }] : [];
  });

/** Does `act` to every item, to `atOnce` of them at a time. */
const forEachOf = async <A>(items: readonly A[], atOnce: number, act: (item: A) => Promise<void>): Promise<void> => {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

const detailOf = (operation: string, address: string, error: unknown): string =>
  error instanceof Unavailable ? error.message : describeS3Failure(operation, address, error);

/**
 * An artifact store in an S3 bucket: the record of a version is the object `<prefix>/<version>/record.json`, its tarball
 * `<prefix>/<version>/<sha256>.tar.gz`. The tarball is stored first, under its checksum, so that several who add
 * other bytes under one version never touch each other's; the record, which is created once and never replaced, says
 * whose were first (law L7). A tarball without a record is no artifact: a rule of the bucket may remove those it keeps
 * from interrupted additions.
 *
 * A role needs `s3:GetObject` and `s3:PutObject` on the keys, and `s3:ListBucket` limited to the prefix.
 *
 * @throws TypeError when the settings cannot be meant.
 */
export const s3ArtifactStore = (settings: S3Settings): ArtifactStore => {
  const bucket = bucketOf(settings);
  /** Records by version, as long as they are the listed ones: they never change unless somebody repairs one by hand. */
  const known = new Map<Version, { readonly record: ArtifactRecord; readonly revision: Revision }>();

  return {
    keyOf: (record) => bucket.keyOf(tarballPath(record)),
    add: async (record, tarball) => {
      const address = bucket.addressOf(bucket.keyOf(recordPath(record.version)));
      try {
        if (record.sizeBytes > TARBALL_BYTES_MAX) {
          throw new Unavailable(
            `add ${address}: expected at most ${TARBALL_BYTES_MAX} bytes, which is what S3 takes, got ${record.sizeBytes}`,
          );
        }
        const there = await alreadyThere(bucket, record);
        if (there !== undefined) return there;
        const fault = await putTarball(bucket, record, tarball);
        return fault === undefined ? await writeRecord(bucket, record) : { _tag: 'Corrupt', detail: fault };
      } catch (error) {
        return { _tag: 'Unavailable', detail: detailOf('add', address, error) };
      }
    },
    list: async () => {
      try {
        const listed = await listRecords(bucket);
        const artifacts: ArtifactRecord[] = [];
        await forEachOf(listed, READERS, async ({ version, revision }) => {
          const held = known.get(version);
          const found = held !== undefined && held.revision === revision ? held : await readRecord(bucket, version);
          if (found === undefined) return;
          known.set(version, found);
          artifacts.push(found.record);
        });
        return { _tag: 'Listed', artifacts };
      } catch (error) {
        return { _tag: 'Unavailable', detail: detailOf('list', bucket.addressOf(bucket.keyOf('')), error) };
      }
    },
    open: async (version) => {
      const address = bucket.addressOf(bucket.keyOf(recordPath(version)));
      try {
        const found = await readRecord(bucket, version);
        if (found === undefined) return { _tag: 'Missing' };
        const { record } = found;
        if (await tarballIsThere(bucket, record)) {
          return {
            _tag: 'Opened',
            record,
            tarball: verifiedTarball(record, objectStream(bucket, bucket.keyOf(tarballPath(record)), record.sizeBytes)),
          };
        }
        const tarball = bucket.addressOf(bucket.keyOf(tarballPath(record)));
        return {
          _tag: 'Unavailable',
          detail: `open ${tarball}: expected ${record.sizeBytes} bytes, got another object or none; restore it`,
        };
      } catch (error) {
        return { _tag: 'Unavailable', detail: detailOf('open', address, error) };
      }
    },
  };
};
