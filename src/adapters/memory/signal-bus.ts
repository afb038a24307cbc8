import { SIGNAL_BYTES_MAX, type SignalKey, signalPath } from '../../domain/signal.ts';
import type { SignalBus } from '../../ports/signal-bus.ts';
import { readBody } from '../text-body/index.ts';
import { memoryPlaces } from './memory-places.ts';

/** A signal bus in memory, and a way to put on it what no adapter would write. */
export interface MemorySignalBus extends SignalBus {
  /** Puts bytes under a key, whatever is there. */
  readonly plant: (key: SignalKey, bytes: Uint8Array) => void;
}

/** An empty signal bus that lasts as long as the process: the twin of the real ones for tests and simulation. */
export const memorySignalBus = (): MemorySignalBus => {
  const places = memoryPlaces(SIGNAL_BYTES_MAX);
  return {
    read: async (key, known) => {
      const held = places.held(signalPath(key));
      if (held === undefined) return { _tag: 'Missing' };
      if (held.revision === known) return { _tag: 'Unchanged' };
      const body = readBody(held.bytes, SIGNAL_BYTES_MAX);
      if ('fault' in body)
        return { _tag: 'Malformed', detail: `${signalPath(key)}: ${body.fault}`, revision: held.revision };
      return { _tag: 'Fresh', body: body.text, revision: held.revision };
    },
    write: async (key, body, expected) => places.write(signalPath(key), body, expected),
    plant: (key, bytes) => {
      places.plant(signalPath(key), bytes);
    },
  };
};
