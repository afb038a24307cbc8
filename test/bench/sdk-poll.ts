/**
 * What one would write with the SDK at hand: the client as it comes, and one conditional GET. Stands by itself, since it is
 * also run as a program.
 *
 * @module
 */
import { GetObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';

/** What is polled, as whom. */
export interface SdkTarget {
  readonly endpoint: string;
  /** Of the bucket and the key. */
  readonly path: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A poll: the first fetches, and every later one has to find that nothing changed. */
export const sdkPoll = ({ path, ...settings }: SdkTarget): (() => Promise<void>) => {
  const [, bucket, ...key] = path.split('/');
  const client = new S3Client({ ...settings, forcePathStyle: true });
  let known: string | undefined;
  return async () => {
    try {
      const order = new GetObjectCommand({ Bucket: bucket, Key: key.join('/'), IfNoneMatch: known });
      const { ETag: etag, Body: body } = await client.send(order);
      if (known !== undefined) throw new Error('expected 304, got a body');
      known = etag;
      await body?.transformToString();
    } catch (error) {
      if (!(error instanceof S3ServiceException && error.$metadata.httpStatusCode === 304)) throw error;
    }
  };
};
