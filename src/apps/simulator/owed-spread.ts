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
}

const ofFloor = (
  { windowMs, leadMs, backoff }: SummonerPolicy,
  { floor }: NodeState,
  { at, lastSuccessAt }: Circumstances,
): Spread => {
  const closesAt = lastSuccessAt + windowMs;
  const isRetry = at > closesAt || (O.isSome(floor) && floor.value.attempts > 0);
  return isRetry ? [at, at + backoff.capMs / 2] : [closesAt - leadMs, closesAt - leadMs / 2];
};

/**
 * The spread of a run that is started; nothing for one that was owed already when its version was seen.
 *
 * @param before - the state that it was started from.
 */
export const spreadOfStart = (
  policy: SummonerPolicy,
  { cause }: Running,
  before: NodeState,
  circumstances: Circumstances,
): Spread | undefined => {
  const { at, offsetMs } = circumstances;
  switch (cause._tag) {
    case 'NewVersion': {
      if (O.isNone(before.pending)) return undefined;
      const { attempts, startAt } = before.pending.value;
      // A retry, or a start that a run or a standstill put off, lies where it lies.
      return attempts > 0 || at - (startAt - offsetMs) > MINUTE_MS ? [at, at] : undefined;
    }
    case 'Floor':
      return ofFloor(policy, before, circumstances);
    case 'FirstRun':
      return [at, at + policy.catchUpSplaySeconds * SECOND_MS];
    case 'Request':
    case 'RunNow':
    case 'Upgraded':
      return [at, at];
  }
};
