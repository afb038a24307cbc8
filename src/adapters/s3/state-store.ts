import type { StateReading, StateStore } from '../../ports/state-store.ts';
import { assertDocumentKey, bodyFault, readBody, STATE_BYTES_MAX } from '../text-body/index.ts';
import { type Bucket, bucketOf } from './bucket.ts';
import type { ObjectReading } from './read-object.ts';
import { readObjectPatiently } from './read-patiently.ts';
import type { S3Settings } from './settings.ts';
import { writeObject } from './write-object.ts';

const readingOf = (bucket: Bucket, key: string, reading: ObjectReading): StateReading => {
  const address = bucket.addressOf(key);
  switch (reading._tag) {
    case 'Body': {
      if (!reading.hasEtag) {
        const detail = `read ${address}: expected an entity tag in the answer, got none: look for a proxy on the way`;
        return { _tag: 'Unavailable', detail };
      }
      const body = readBody(reading.bytes, STATE_BYTES_MAX);
      if ('fault' in body) return { _tag: 'Refused', detail: `${address}: ${body.fault}` };
      return { _tag: 'Found', body: body.text, revision: reading.revision };
    }
    case 'TooLarge':
      return { _tag: 'Refused', detail: `${address}: body: expected at most ${STATE_BYTES_MAX} bytes, got more` };
    case 'NotModified':
      return { _tag: 'Unavailable', detail: `read ${address}: expected the object, got 304 without having asked` };
    case 'Missing':
      return { _tag: 'Missing' };
    case 'Denied':
    case 'Unavailable':
      return { _tag: 'Unavailable', detail: reading.detail };
  }
};

/**
 * A state store in an S3 bucket: the document under `a/b.json` is the object `<prefix>/a/b.json`, and its revision is its
 * entity tag. A document that is not UTF-8 or larger than {@link STATE_BYTES_MAX} is refused, and never overwritten: no
 * reader has been given its revision.
 *
 * A role needs `s3:ListBucket` limited to the prefix beside `s3:GetObject` and `s3:PutObject`: without it S3 says that a
 * missing document is forbidden, and a store without documents cannot be told from one that may not be read.
 *
 * @throws TypeError when the settings cannot be meant.
 */
export const s3StateStore = (settings: S3Settings): StateStore => {
  const bucket = bucketOf(settings);
  return {
    read: async (key) => {
      assertDocumentKey(key);
      const objectKey = bucket.keyOf(key);
      return readingOf(bucket, objectKey, await readObjectPatiently(bucket, objectKey, undefined, STATE_BYTES_MAX));
    },
    write: async (key, body, expected) => {
      assertDocumentKey(key);
      const objectKey = bucket.keyOf(key);
      const fault = bodyFault(body, STATE_BYTES_MAX);
      if (fault !== undefined) return { _tag: 'Unknown', detail: `${bucket.addressOf(objectKey)}: ${fault}` };
      return writeObject(bucket, objectKey, body, expected);
    },
  };
};
