/**
 * What lies under a signal's key just now, and what takes its place.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import {
  decodeSignal,
  encodeSignal,
  formatSignalRefusal,
  type Signal,
  SIGNAL_BYTES_MAX,
  type SignalKey,
  signalPath,
} from '../../domain/signal.ts';
import type { Revision, WriteOutcome } from '../../ports/conditional-write.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** What stood in the way: one line for people. */
export type Trouble = string;

/** What lies under a key, and what a write replaces. */
export interface CurrentSignal {
  /** None where nothing lies there, or nothing that is a signal. */
  readonly signal: O.Option<Signal>;
  /** None where nothing lies there. */
  readonly revision: Revision | undefined;
}

/** What lies under `key` now. A body that is no signal carries no order and no requests, and is replaced. */
export const readCurrent = async (
  ports: Pick<LibrarianPorts, 'bus' | 'log'>,
  key: SignalKey,
): Promise<E.Either<Trouble, CurrentSignal>> => {
  const path = signalPath(key);
  const damaged = (detail: string, revision: Revision): CurrentSignal => {
    ports.log('warn', 'a damaged signal is replaced', { key: path, detail });
    return { signal: O.none, revision };
  };
  const reading = await ports.bus.read(key, undefined);
  switch (reading._tag) {
    case 'Missing':
      return E.right({ signal: O.none, revision: undefined });
    case 'Fresh': {
      const { body, revision } = reading;
      const decoded = decodeSignal(body);
      return E.right(
        E.isRight(decoded)
          ? { signal: O.some(decoded.right), revision }
          : damaged(formatSignalRefusal(decoded.left), revision),
      );
    }
    case 'Malformed':
      return reading.revision === undefined
        ? E.left(`signal bus: ${path}: ${reading.detail}; remove it by hand`)
        : E.right(damaged(reading.detail, reading.revision));
    case 'Unchanged':
      return E.left(`signal bus: ${path} answered Unchanged to a look without a revision`);
    case 'Denied':
    case 'Unavailable':
      return E.left(`signal bus: ${path}: ${reading.detail}`);
  }
};

/** What is read, or refused because no node would read it (law S2). */
export const bodyOf = (key: SignalKey, signal: Signal): E.Either<Trouble, string> => {
  const body = encodeSignal(signal);
  const bytes = Buffer.byteLength(body);
  return bytes <= SIGNAL_BYTES_MAX
    ? E.right(body)
    : E.left(
        `signal ${signalPath(key)}: ${bytes} bytes, and nodes read at most ${SIGNAL_BYTES_MAX}; fewer cookbooks, or fewer run requests`,
      );
};

/** Puts `signal` in the place of what was read under `revision`. An answer that was lost is for the next look to find out. */
export const writeAfter = async (
  ports: Pick<LibrarianPorts, 'bus' | 'log'>,
  key: SignalKey,
  signal: Signal,
  revision: Revision | undefined,
): Promise<E.Either<Trouble, WriteOutcome>> => {
  const body = bodyOf(key, signal);
  if (E.isLeft(body)) return body;
  const written = await ports.bus.write(key, body.right, revision);
  if (written._tag === 'Unknown') {
    ports.log('warn', 'a signal may not have landed', { key: signalPath(key), detail: written.detail });
  }
  return E.right(written);
};
