import { setTimeout as sleep } from 'node:timers/promises';
import type { Revision } from '../../ports/conditional-write.ts';
import type { Bucket } from './bucket.ts';
import { type ObjectReading, readObject } from './read-object.ts';

const ATTEMPTS_MAX = 3;

/** The ceiling of the first wait, in milliseconds; it doubles for the second. */
const WAIT_MS = 200;

/**
 * {@link readObject}, up to three times while the failure is one that passes, with full jitter between them. For readers
 * that have asked once and want an answer; who polls needs none of this.
 */
export const readObjectPatiently = async (
  bucket: Bucket,
  key: string,
  known: Revision | undefined,
  bytesMax: number,
): Promise<ObjectReading> => {
  for (let attempt = 1; ; attempt++) {
    const reading = await readObject(bucket, key, known, bytesMax);
    if (reading._tag !== 'Unavailable' || !reading.passing || attempt >= ATTEMPTS_MAX) return reading;
    await sleep(Math.random() * WAIT_MS * 2 ** (attempt - 1));
  }
};
