/**
 * Why an app could not do what it was asked. A closed set, so that the command line and the HTTP API can each say it in
 * their own way and nothing is lost between them.
 *
 * @module
 */
import type { EpochMs } from '../domain/time.ts';

/** A failure. `detail` is one line for people that names the thing and the way out. */
export type Failure =
  /** The input is not of the form it must have. */
  | { readonly _tag: 'BadData'; readonly detail: string }
  /** A law refuses it; `reason` is from that law's closed set. */
  | { readonly _tag: 'Refused'; readonly reason: string; readonly detail: string; readonly retryAt?: EpochMs }
  /** What was decided on has changed since it was looked at; nothing was done. */
  | { readonly _tag: 'Stale'; readonly detail: string }
  /** There is no such thing. */
  | { readonly _tag: 'NotFound'; readonly detail: string }
  /** A store, a bus or a Chef server does not answer. */
  | { readonly _tag: 'Unavailable'; readonly detail: string }
  /** Somebody else was faster, or a part of it failed: the same request again is right, and harmless. */
  | { readonly _tag: 'TryAgain'; readonly detail: string }
  /** A stored document is damaged. It is left as it is. */
  | { readonly _tag: 'Damaged'; readonly key: string; readonly detail: string };

/** The failure in one line. */
export const formatFailure = (failure: Failure): string =>
  failure._tag === 'Damaged'
    ? `${failure.key} is damaged and was left as it is: ${failure.detail}; mend or remove it by hand`
    : failure.detail;

/** A failure of some input's form. */
export const badData = (detail: string): Failure => ({ _tag: 'BadData', detail });
/** A failure of some part to answer. */
export const unavailable = (detail: string): Failure => ({ _tag: 'Unavailable', detail });
