/**
 * The control state in its store: read, and changed by compare-and-swap. Any number of Librarians may do so at once; none
 * of them leads (law L4).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import {
  type ControlState,
  decodeControlState,
  EMPTY_CONTROL_STATE,
  encodeControlState,
} from '../../domain/control-state.ts';
import { formatFieldErrors } from '../../domain/decoding.ts';
import type { Revision } from '../../ports/conditional-write.ts';
import type { StateReading } from '../../ports/state-store.ts';
import { badData, type Failure, unavailable } from '../failure.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** The control state, with the revision that a change to it replaces. */
export interface VersionedControl {
  readonly control: ControlState;
  readonly revision: Revision | undefined;
}

/**
 * Names a state of the control document to whoever decides on it: text that a header can carry, whatever a store's
 * revisions look like.
 */
export const controlTag = ({ revision }: VersionedControl): string =>
  createHash('sha256')
    .update(revision ?? '')
    .digest('base64url');

type ControlPorts = Pick<LibrarianPorts, 'plan' | 'state'>;

/** Where the control state of a plan lies in its store. */
export const controlKey = ({ plan }: Pick<ControlPorts, 'plan'>): string => `librarian/${plan.name}.json`;

const controlOf = (key: string, reading: StateReading): E.Either<Failure, VersionedControl> => {
  switch (reading._tag) {
    case 'Missing':
      return E.right({ control: EMPTY_CONTROL_STATE, revision: undefined });
    case 'Refused':
      return E.left({ _tag: 'Damaged', key, detail: reading.detail });
    case 'Unavailable':
      return E.left(unavailable(`state ${key}: ${reading.detail}`));
    case 'Found': {
      const { body, revision } = reading;
      const decoded = decodeControlState(body);
      return E.isRight(decoded)
        ? E.right({ control: decoded.right, revision })
        : E.left({ _tag: 'Damaged', key, detail: formatFieldErrors(decoded.left) });
    }
  }
};

/** Reads the control state. One that is damaged is a failure, and stays as it is (fault 72). */
export const readControl = (ports: ControlPorts): TE.TaskEither<Failure, VersionedControl> => {
  const key = controlKey(ports);
  return async () => controlOf(key, await ports.state.read(key));
};

/** How a write of the control state ended: it landed, or somebody else's did. */
export type ControlWrite =
  { readonly _tag: 'Landed'; readonly stored: VersionedControl } | { readonly _tag: 'Conflict' };

/**
 * Replaces the control state that was read. A write of which nobody knows whether it landed is read back: the document
 * itself says whose it is (fault 29).
 */
export const writeControl =
  (ports: ControlPorts) =>
  (before: VersionedControl, control: ControlState): TE.TaskEither<Failure, ControlWrite> =>
  async () => {
    const key = controlKey(ports);
    const body = encodeControlState(control);
    // What could not be read again would stop every Librarian; better that this one request is refused.
    const readable = decodeControlState(body);
    if (E.isLeft(readable)) return E.left(badData(formatFieldErrors(readable.left)));
    const outcome = await ports.state.write(key, body, before.revision);
    switch (outcome._tag) {
      case 'Landed':
        return E.right({ _tag: 'Landed', stored: { control, revision: outcome.revision } });
      case 'Conflict':
        return E.right({ _tag: 'Conflict' });
      case 'Unknown': {
        const reading = await ports.state.read(key);
        if (reading._tag !== 'Found' && reading._tag !== 'Missing') {
          return E.left(unavailable(`state ${key}: ${outcome.detail}`));
        }
        if (reading._tag === 'Found' && reading.body === body) {
          return E.right({ _tag: 'Landed', stored: { control, revision: reading.revision } });
        }
        const unchanged = (reading._tag === 'Found' ? reading.revision : undefined) === before.revision;
        return unchanged ? E.left(unavailable(`state ${key}: ${outcome.detail}`)) : E.right({ _tag: 'Conflict' });
      }
    }
  };

/** Nobody loses so many races in a row unless something is wrong with the store. */
const RACES_MAX = 20;

/**
 * Changes the control state: `change` is asked again on every fresh reading until its answer lands. An answer with the
 * very same state writes nothing.
 *
 * @param seen - the tag of the state that the change was decided on: any other refuses it. None: whatever it is.
 */
export const changeControl =
  (ports: ControlPorts) =>
  <A>(
    change: (control: ControlState) => TE.TaskEither<Failure, { readonly control: ControlState; readonly result: A }>,
    seen: O.Option<string> = O.none,
  ): TE.TaskEither<Failure, A> =>
  async () => {
    for (let race = 0; race < RACES_MAX; race++) {
      const before = await readControl(ports)();
      if (E.isLeft(before)) return before;
      if (O.isSome(seen) && seen.value !== controlTag(before.right)) {
        return E.left({ _tag: 'Stale', detail: 'the control state has changed since it was looked at; look again' });
      }
      const changed = await change(before.right.control)();
      if (E.isLeft(changed)) return changed;
      const { control, result } = changed.right;
      if (control === before.right.control) return E.right(result);
      const written = await writeControl(ports)(before.right, control)();
      if (E.isLeft(written)) return written;
      if (written.right._tag === 'Landed') return E.right(result);
    }
    return E.left({ _tag: 'TryAgain', detail: `the control state changed ${RACES_MAX} times while this was decided` });
  };
