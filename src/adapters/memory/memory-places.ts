import type { Revision, WriteOutcome } from '../../ports/conditional-write.ts';
import { bodyFault } from '../text-body/index.ts';

/** What one place holds. */
interface Held {
  readonly bytes: Uint8Array;
  readonly revision: Revision;
}

/** Bodies by key, each write naming the revision that it replaces. */
export interface MemoryPlaces {
  readonly held: (key: string) => Held | undefined;
  readonly write: (key: string, body: string, expected: Revision | undefined) => WriteOutcome;
  /** Puts bytes under a key whatever is there. */
  readonly plant: (key: string, bytes: Uint8Array) => void;
}

/** Places that are all empty. */
export const memoryPlaces = (bytesMax: number): MemoryPlaces => {
  const places = new Map<string, Held>();
  let writes = 0;
  const put = (key: string, bytes: Uint8Array): Revision => {
    writes += 1;
    const revision = String(writes);
    places.set(key, { bytes: Uint8Array.from(bytes), revision });
    return revision;
  };
  return {
    held: (key) => places.get(key),
    write: (key, body, expected) => {
      const fault = bodyFault(body, bytesMax);
      if (fault !== undefined) return { _tag: 'Unknown', detail: fault };
      if (places.get(key)?.revision !== expected) return { _tag: 'Conflict' };
      return { _tag: 'Landed', revision: put(key, Buffer.from(body)) };
    },
    plant: (key, bytes) => {
      put(key, bytes);
    },
  };
};
