import type { StateReading, StateStore } from '../../ports/state-store.ts';
import { assertDocumentKey, readBody, STATE_BYTES_MAX } from '../text-body/index.ts';
import { memoryPlaces } from './memory-places.ts';

/** A state store in memory, and a way to put into it what no adapter would write. */
export interface MemoryStateStore extends StateStore {
  /** Puts bytes under a key, whatever is there. */
  readonly plant: (key: string, bytes: Uint8Array) => void;
}

/** An empty state store that lasts as long as the process. */
export const memoryStateStore = (): MemoryStateStore => {
  const places = memoryPlaces(STATE_BYTES_MAX);
  const reading = (key: string): StateReading => {
    const held = places.held(key);
    if (held === undefined) return { _tag: 'Missing' };
    const body = readBody(held.bytes, STATE_BYTES_MAX);
    if ('fault' in body) return { _tag: 'Refused', detail: `${key}: ${body.fault}` };
    return { _tag: 'Found', body: body.text, revision: held.revision };
  };
  return {
    read: async (key) => {
      assertDocumentKey(key);
      return reading(key);
    },
    write: async (key, body, expected) => {
      assertDocumentKey(key);
      return reading(key)._tag === 'Refused' ? { _tag: 'Conflict' } : places.write(key, body, expected);
    },
    plant: (key, bytes) => {
      assertDocumentKey(key);
      places.plant(key, bytes);
    },
  };
};
