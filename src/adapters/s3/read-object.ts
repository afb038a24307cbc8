import { Readable } from 'node:stream';
import type { Revision } from '../../ports/conditional-write.ts';
import { revisionOf } from '../text-body/index.ts';
import type { Bucket } from './bucket.ts';
import { withDeadline } from '../deadline/index.ts';
import { isEtag, quoted, revisionOfEtag } from './etag.ts';
import { describeS3Failure, isDenial, isMissingKey, isPassing, statusOf } from './failure.ts';

/** What one conditional GET showed. */
export type ObjectReading =
  | { readonly _tag: 'Body'; readonly bytes: Uint8Array; readonly revision: Revision; readonly hasEtag: boolean }
  /** More bytes than the reader takes; no more of them were read. */
  | { readonly _tag: 'TooLarge'; readonly revision: Revision | undefined }
  | { readonly _tag: 'NotModified' }
  | { readonly _tag: 'Missing' }
  | { readonly _tag: 'Denied'; readonly detail: string }
  | {
      readonly _tag: 'Unavailable';
      readonly detail: string;
      /** Whether asking again in a moment may help. */
      readonly passing: boolean;
    };

/** The bytes of `body`, or nothing when they are more than `bytesMax`: the rest is left unread, the connection closed. */
const collect = async (body: Readable, bytesMax: number): Promise<Buffer | undefined> => {
  const stream: AsyncIterable<Uint8Array> = body;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > bytesMax) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
};

const get = async (
  bucket: Bucket,
  key: string,
  known: Revision | undefined,
  bytesMax: number,
  abort: AbortSignal,
): Promise<ObjectReading> => {
  const { sdk, client } = await bucket.reach();
  const condition = known === undefined ? {} : { IfNoneMatch: quoted(known) };
  const order = new sdk.GetObjectCommand({ Bucket: bucket.name, Key: key, ...condition });
  const answer = await client.send(order, { abortSignal: abort });
  const { Body: body, ETag: etag } = answer;
  const revision = revisionOfEtag(etag);
  const { httpStatusCode: status } = answer.$metadata;
  if (status !== 200 || (body !== undefined && !(body instanceof Readable))) {
    const detail = `read ${bucket.addressOf(key)}: expected status 200 and the object, got ${status ?? 'none'}`;
    return { _tag: 'Unavailable', detail, passing: false };
  }
  const bytes = body === undefined ? Buffer.alloc(0) : await collect(body, bytesMax);
  if (bytes === undefined) return { _tag: 'TooLarge', revision };
  return { _tag: 'Body', bytes, revision: revision ?? revisionOf(bytes), hasEtag: revision !== undefined };
};

const failedReading = (bucket: Bucket, key: string, known: Revision | undefined, error: unknown): ObjectReading => {
  // The SDK throws what is no 2xx, and 304 is no failure (fault 3). One that nobody asked for is a lie.
  if (statusOf(error) === 304 && known !== undefined) return { _tag: 'NotModified' };
  if (isMissingKey(error)) return { _tag: 'Missing' };
  const detail = describeS3Failure('read', bucket.addressOf(key), error);
  if (isDenial(error)) return { _tag: 'Denied', detail };
  return { _tag: 'Unavailable', detail, passing: isPassing(error) };
};

/**
 * Reads the object under `key` with one conditional GET, which is all that is ever sent: no HEAD, no LIST, no second
 * attempt. It has the bucket's deadline for all of it, a body that drips included (faults 6 and 7), and reads at most
 * `bytesMax` bytes (fault 8).
 *
 * A missing key is told from everything else that answers 404 by S3's own word for it: a missing bucket, or a proxy's
 * page, says nothing about the key. An answer without an entity tag is no answer of S3; its body is named by its digest,
 * so that it is seen to stay the same and no write ever replaces it.
 */
export const readObject = async (
  bucket: Bucket,
  key: string,
  known: Revision | undefined,
  bytesMax: number,
): Promise<ObjectReading> => {
  const asked = known !== undefined && isEtag(known) ? known : undefined;
  try {
    return await withDeadline(bucket.deadlineMs, (abort) => get(bucket, key, asked, bytesMax, abort));
  } catch (error) {
    return failedReading(bucket, key, asked, error);
  }
};
