import { randomUUID } from 'node:crypto';
import type { Revision, WriteOutcome } from '../../ports/conditional-write.ts';
import type { Bucket } from './bucket.ts';
import { withDeadline } from '../deadline/index.ts';
import { isEtag, revisionOfEtag } from './etag.ts';
import { describeS3Failure, isInterference, isMissingKey, isRefusedCondition, statusOf } from './failure.ts';

/** The name of the metadata that says whose write it was; S3 stores it as `x-amz-meta-signalbox-write`. */
const WRITE_ID = 'signalbox-write';

type Condition = { readonly IfMatch: string } | { readonly IfNoneMatch: '*' };

interface Write {
  readonly key: string;
  readonly body: string;
  readonly id: string;
}

/** A PUT whose condition did not hold, as far as its answer tells. */
interface Refused {
  readonly _tag: 'Refused';
}

/** Of a key that is not there S3 says so, where others say that the condition failed. */
const isRefusal = (error: unknown): boolean =>
  isRefusedCondition(error) || isInterference(error) || isMissingKey(error);

const unknown = (bucket: Bucket, key: string, error: unknown): WriteOutcome => ({
  _tag: 'Unknown',
  detail: describeS3Failure('write', bucket.addressOf(key), error),
});

const put = async (
  bucket: Bucket,
  { key, body, id }: Write,
  condition: Condition,
  abort: AbortSignal,
): Promise<WriteOutcome | Refused> => {
  const { sdk, client } = await bucket.reach();
  const order = new sdk.PutObjectCommand({
    Bucket: bucket.name,
    Key: key,
    Body: Buffer.from(body),
    ContentType: 'application/json',
    // A cache on the way has to ask before it serves a signal again.
    CacheControl: 'no-cache',
    Metadata: { [WRITE_ID]: id },
    ...condition,
  });
  try {
    const { ETag: etag } = await client.send(order, { abortSignal: abort });
    const revision = revisionOfEtag(etag);
    if (revision !== undefined) return { _tag: 'Landed', revision };
    return unknown(
      bucket,
      key,
      new Error('expected an entity tag in the answer, got none: look for a proxy on the way'),
    );
  } catch (error) {
    return isRefusal(error) ? { _tag: 'Refused' } : unknown(bucket, key, error);
  }
};

/**
 * What a refusal means. Something on the way may have sent the request twice: the first landed, and only the second's
 * refusal came back. The object itself says whose it is.
 */
const settle = async (bucket: Bucket, { key, id }: Write, abort: AbortSignal): Promise<WriteOutcome> => {
  const { sdk, client } = await bucket.reach();
  try {
    const order = new sdk.HeadObjectCommand({ Bucket: bucket.name, Key: key });
    const { ETag: etag, Metadata: metadata } = await client.send(order, { abortSignal: abort });
    const revision = revisionOfEtag(etag);
    return metadata?.[WRITE_ID] === id && revision !== undefined ? { _tag: 'Landed', revision } : { _tag: 'Conflict' };
  } catch (error) {
    // The answer to a HEAD has no body, so there is no telling a missing key from a missing bucket; either is no success.
    return statusOf(error) === 404 ? { _tag: 'Conflict' } : unknown(bucket, key, error);
  }
};

const writeOnce = async (
  bucket: Bucket,
  write: Write,
  expected: Revision | undefined,
  abort: AbortSignal,
): Promise<WriteOutcome> => {
  if (expected === undefined) {
    const outcome = await put(bucket, write, { IfNoneMatch: '*' }, abort);
    return outcome._tag === 'Refused' ? settle(bucket, write, abort) : outcome;
  }
  for (const spell of bucket.spelling.candidates()) {
    const outcome = await put(bucket, write, { IfMatch: spell(expected) }, abort);
    if (outcome._tag === 'Landed') bucket.spelling.proven(spell);
    if (outcome._tag !== 'Refused') return outcome;
  }
  return settle(bucket, write, abort);
};

/**
 * Replaces the object under `key` where it still has the revision `expected`, or creates it where that is nothing. All of
 * it has the bucket's deadline.
 *
 * - 412 is a conflict, and so is 409 for a request that interfered: S3 has written nothing then and asks the caller to
 *   read again, which is what a conflict means. Both are believed only once the object is seen not to be this write's.
 * - Everything else that is no success is unknown: a time-out, a lost connection, a 5xx, and also a refusal by policy or a
 *   missing bucket, whose detail says what it was.
 * - A success without an entity tag is some other server's, and unknown.
 */
export const writeObject = async (
  bucket: Bucket,
  key: string,
  body: string,
  expected: Revision | undefined,
): Promise<WriteOutcome> => {
  if (expected !== undefined && !isEtag(expected)) return { _tag: 'Conflict' };
  const write = { key, body, id: randomUUID() };
  try {
    return await withDeadline(bucket.deadlineMs, (abort) => writeOnce(bucket, write, expected, abort));
  } catch (error) {
    return unknown(bucket, key, error);
  }
};
