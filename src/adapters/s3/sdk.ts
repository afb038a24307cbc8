/**
 * What is used of the SDK, by name: a bundler that sees the names leaves out the rest, which is most of it.
 *
 * @module
 */
export {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
