import { SIGNAL_BYTES_MAX, signalPath } from '../../domain/signal.ts';
import type { SignalBus, SignalReading } from '../../ports/signal-bus.ts';
import { bodyFault, readBody } from '../text-body/index.ts';
import { type Bucket, bucketOf } from './bucket.ts';
import { type ObjectReading, readObject } from './read-object.ts';
import type { S3Settings } from './settings.ts';
import { writeObject } from './write-object.ts';

const readingOf = (bucket: Bucket, key: string, reading: ObjectReading): SignalReading => {
  switch (reading._tag) {
    case 'Body': {
      const { bytes, revision } = reading;
      const body = readBody(bytes, SIGNAL_BYTES_MAX);
      if ('fault' in body) return { _tag: 'Malformed', detail: `${bucket.addressOf(key)}: ${body.fault}`, revision };
      return { _tag: 'Fresh', body: body.text, revision };
    }
    case 'TooLarge': {
      const detail = `${bucket.addressOf(key)}: body: expected at most ${SIGNAL_BYTES_MAX} bytes, got more`;
      return { _tag: 'Malformed', detail, revision: reading.revision };
    }
    case 'NotModified':
      return { _tag: 'Unchanged' };
    case 'Missing':
      return { _tag: 'Missing' };
    case 'Denied':
      return { _tag: 'Denied', detail: reading.detail };
    case 'Unavailable':
      return { _tag: 'Unavailable', detail: reading.detail };
  }
};

/**
 * A signal bus in an S3 bucket: the signal of an environment is the object `<prefix>/chef-run-triggers/<stack>/<environment>`,
 * and its revision is its entity tag. A look is one conditional GET; a node needs `s3:GetObject` on its own key, and
 * `s3:ListBucket` limited to its prefix where a missing key shall be `Missing` and not `Denied`. A failed look is not
 * repeated here: who polls backs off by itself, and its next poll is the repetition.
 *
 * @throws TypeError when the settings cannot be meant.
 *
 * @example
 * ```ts
 * import { s3SignalBus } from 'signalbox/adapters/s3';
 *
 * const bus = s3SignalBus({ bucket: 'signals.example.com', prefix: 'fleet-1', region: 'eu-west-1' });
 * ```
 */
export const s3SignalBus = (settings: S3Settings): SignalBus => {
  const bucket = bucketOf(settings);
  return {
    read: async (key, known) => {
      const objectKey = bucket.keyOf(signalPath(key));
      const reading = await readObject(bucket, objectKey, known, SIGNAL_BYTES_MAX);
      // A server without entity tags cannot say that nothing changed; the digest of what it sends can.
      if (reading._tag === 'Body' && reading.revision === known) return { _tag: 'Unchanged' };
      return readingOf(bucket, objectKey, reading);
    },
    write: async (key, body, expected) => {
      const objectKey = bucket.keyOf(signalPath(key));
      const fault = bodyFault(body, SIGNAL_BYTES_MAX);
      if (fault !== undefined) return { _tag: 'Unknown', detail: `${bucket.addressOf(objectKey)}: ${fault}` };
      return writeObject(bucket, objectKey, body, expected);
    },
  };
};
