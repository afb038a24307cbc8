import type { SignalKey } from '../domain/signal.ts';
import type { Revision, WriteOutcome } from './conditional-write.ts';

/** What one look at a key showed. Every way in which a bus can answer, fail or lie ends in one of these. */
export type SignalReading =
  /** A body that the reader has not seen; not yet known to be a signal. */
  | { readonly _tag: 'Fresh'; readonly body: string; readonly revision: Revision }
  /** Still the revision that the reader named. */
  | { readonly _tag: 'Unchanged' }
  /** No such key. */
  | { readonly _tag: 'Missing' }
  /** The bus refused; where the reader may not list, a missing key looks like this too. */
  | { readonly _tag: 'Denied'; readonly detail: string }
  /** The bus did not answer in time, or answered that it cannot. */
  | { readonly _tag: 'Unavailable'; readonly detail: string }
  /**
   * Bytes that can be no signal: not UTF-8, or more than 1 MiB of them. With their revision a writer can replace them;
   * there is none where what lies there is no object at all.
   */
  | { readonly _tag: 'Malformed'; readonly detail: string; readonly revision: Revision | undefined };

/**
 * Where signals lie: one small object for each environment of each stack, under the same key on every bus.
 *
 * Neither function ever rejects: what goes wrong is an answer.
 */
export interface SignalBus {
  /**
   * Looks at `key` with one conditional request.
   *
   * @param known - the revision that the reader holds; the bus answers `Unchanged` while it is still there. The
   * reader names none when it wants the body whatever it is.
   */
  readonly read: (key: SignalKey, known: Revision | undefined) => Promise<SignalReading>;
  /**
   * Replaces the body under `key`.
   *
   * @param expected - the revision that is replaced; `undefined` creates the key and conflicts when it exists.
   */
  readonly write: (key: SignalKey, body: string, expected: Revision | undefined) => Promise<WriteOutcome>;
}
