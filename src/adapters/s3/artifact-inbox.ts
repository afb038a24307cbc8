import type { ArtifactInbox } from '../../ports/artifact-inbox.ts';
import { byName, isInboxName } from '../artifact-format/index.ts';
import { withDeadline } from '../deadline/index.ts';
import { bucketOf } from './bucket.ts';
import { isEtag, revisionOfEtag } from './etag.ts';
import { describeS3Failure, statusOf } from './failure.ts';
import { listObjects } from './list-objects.ts';
import { objectStream } from './object-stream.ts';
import type { S3Settings } from './settings.ts';

/**
 * An inbox that is a prefix of an S3 bucket. An object appears whole or not at all, and its entity tag is its revision.
 *
 * A role needs `s3:GetObject` on the keys, and `s3:ListBucket` limited to the prefix.
 *
 * @throws TypeError when the settings cannot be meant.
 */
export const s3ArtifactInbox = (settings: S3Settings): ArtifactInbox => {
  const bucket = bucketOf(settings);
  return {
    list: async () => {
      try {
        const tarballs = (await listObjects(bucket, '/'))
          .filter(({ path }) => isInboxName(path))
          .map(({ path: name, revision = '', sizeBytes }) => ({ name, revision, sizeBytes, mayGrow: false }));
        return { _tag: 'Listed', tarballs: tarballs.sort(byName) };
      } catch (error) {
        return { _tag: 'Unavailable', detail: describeS3Failure('list', bucket.addressOf(bucket.keyOf('')), error) };
      }
    },
    open: async (name, revision) => {
      const key = bucket.keyOf(name);
      if (!isEtag(revision)) return { _tag: 'Changed' };
      try {
        return await withDeadline(bucket.deadlineMs, async (abort) => {
          const { sdk, client } = await bucket.reach();
          const order = new sdk.HeadObjectCommand({ Bucket: bucket.name, Key: key });
          const { ETag: etag, ContentLength: sizeBytes = 0 } = await client.send(order, { abortSignal: abort });
          return revisionOfEtag(etag) === revision
            ? { _tag: 'Opened', tarball: objectStream(bucket, key, sizeBytes, revision) }
            : { _tag: 'Changed' };
        });
      } catch (error) {
        if (statusOf(error) === 404) return { _tag: 'Changed' };
        return { _tag: 'Unavailable', detail: describeS3Failure('open', bucket.addressOf(key), error) };
      }
    },
  };
};
