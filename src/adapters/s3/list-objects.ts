import type { Revision } from '../../ports/conditional-write.ts';
import { withDeadline } from '../deadline/index.ts';
import type { Bucket } from './bucket.ts';
import { revisionOfEtag } from './etag.ts';

/** At most so many pages of a thousand objects are listed. */
const PAGES_MAX = 1_000;

/** One object of a list. */
export interface ListedObject {
  /** Its key without the bucket's prefix. */
  readonly path: string;
  readonly revision: Revision | undefined;
  readonly sizeBytes: number;
}

/**
 * The objects below the bucket's prefix, all pages of them.
 *
 * @param delimiter - leaves out what has this behind the prefix.
 * @throws whatever kept it from telling.
 */
export const listObjects = async (bucket: Bucket, delimiter?: '/'): Promise<readonly ListedObject[]> => {
  const prefix = bucket.keyOf('');
  const listed: ListedObject[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await withDeadline(bucket.deadlineMs, async (abort) => {
      const { sdk, client } = await bucket.reach();
      const next = token === undefined ? {} : { ContinuationToken: token };
      const only = delimiter === undefined ? {} : { Delimiter: delimiter };
      const order = new sdk.ListObjectsV2Command({ Bucket: bucket.name, Prefix: prefix, ...only, ...next });
      return client.send(order, { abortSignal: abort });
    });
    for (const { Key: key = '', ETag: etag, Size: sizeBytes = 0 } of answer.Contents ?? []) {
      listed.push({ path: key.slice(prefix.length), revision: revisionOfEtag(etag), sizeBytes });
    }
    token = answer.NextContinuationToken;
    if (token === undefined) return listed;
  }
  throw new Error(`expected at most ${PAGES_MAX} pages, got more`);
};
