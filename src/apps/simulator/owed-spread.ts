/**
 * What a perfect spread of runs would have come to: the span in which a run could have been started, had all of its kind
 * been spread evenly.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { NodeState, Running } from '../../domain/node-state.ts';
import type { SummonerPolicy } from '../../domain/summoner.ts';
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../domain/time.ts';

/** From when to when. */
export type Spread = readonly [from: number, to: number];

/** What else is known when a run is started, in real time. */
export interface Circumstances {
  readonly at: EpochMs;
  /** By how much the node's clock is ahead. */
  readonly offsetMs: number;
  readonly lastSuccessAt: number;
  /** Since when the machine has been up, its agent alive, and its floor not disabled. */
  readonly freeSince: number;
}

const ofFloor = (
  { windowMs, leadMs, backoff, catchUpSplaySeconds }: SummonerPolicy,
  { floor }: NodeState,
  { at, lastSuccessAt, freeSince }: Circumstances,
): Spread => {
  const closesAt = lastSuccessAt + windowMs;
  const hasFailed = O.isSome(floor) && floor.value.attempts > 0;
  // What was to start in a standstill starts soon after it.
  const caughtUpBy = freeSince + catchUpSplaySeconds * SECOND_MS;
  if (!hasFailed && freeSince > closesAt - leadMs && at <= caughtUpBy) return [freeSince, caughtUpBy];
  const isRetry = at > closesAt || hasFailed;
  return isRetry ? [at, at + backoff.capMs / 2] : [closesAt - leadMs, closesAt - leadMs / 2];
};

/** What a run that is started comes to: a spread of its own, one that was owed when its version was seen, or none. */
export type OwedStart =
  | { readonly _tag: 'Spread'; readonly spread: Spread }
  | { readonly _tag: 'OwedBefore' }
  /** A retry, a start that was put off, or one that a person asked for: it lies where it lies. */
  | { readonly _tag: 'Unspread' };

const OWED_BEFORE: OwedStart = { _tag: 'OwedBefore' };
const UNSPREAD: OwedStart = { _tag: 'Unspread' };

/**
 * What a run that is started comes to.
 *
 * @param before - the state that it was started from.
 */
export const owedStart = (
  policy: SummonerPolicy,
  { cause }: Running,
  before: NodeState,
  circumstances: Circumstances,
): OwedStart => {
  const { at, offsetMs } = circumstances;
  switch (cause._tag) {
    case 'NewVersion': {
      if (O.isNone(before.pending)) return OWED_BEFORE;
      const { attempts, startAt } = before.pending.value;
      return attempts > 0 || at - (startAt - offsetMs) > MINUTE_MS ? UNSPREAD : OWED_BEFORE;
    }
    case 'Floor':
      return { _tag: 'Spread', spread: ofFloor(policy, before, circumstances) };
    case 'FirstRun':
      return { _tag: 'Spread', spread: [at, at + policy.catchUpSplaySeconds * SECOND_MS] };
    case 'Request':
    case 'RunNow':
    case 'Upgraded':
      return UNSPREAD;
  }
};
