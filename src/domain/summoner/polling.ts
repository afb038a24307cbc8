/**
 * When the node looks at its bus.
 *
 * @module
 */
import { type Backoff, backoffMs } from '../backoff.ts';
import { hashFractionFor } from '../hash.ts';
import { type EpochMs, plus, SECOND_MS } from '../time.ts';
import type { BusHealth, Observation, SummonerPolicy } from './model.ts';

/** The bus of an agent that has just started: its first poll is at the node's own phase (fault 37). */
export const startingBus = (policy: SummonerPolicy, now: EpochMs): BusHealth => ({
  failures: 0,
  pollAt: pollAfter(policy, now),
  known: undefined,
});

/**
 * The next poll of a node whose bus is well: the first instant after `now` in the node's own phase of the poll interval,
 * so that a fleet's polls stay spread.
 */
export const pollAfter = ({ identity, pollEveryMs }: SummonerPolicy, now: EpochMs): EpochMs => {
  const phase = Math.floor(hashFractionFor(identity.node, 'poll') * pollEveryMs);
  const polls = Math.floor((now - phase) / pollEveryMs);
  return plus(phase as EpochMs, (polls + 1) * pollEveryMs);
};

export const busAfter = (policy: SummonerPolicy, bus: BusHealth, observation: Observation, now: EpochMs): BusHealth => {
  if (observation._tag !== 'Unavailable') {
    return { failures: 0, pollAt: pollAfter(policy, now), known: bus.known };
  }
  const failures = bus.failures + 1;
  const backoff: Backoff = { baseMs: policy.pollEveryMs, capMs: policy.backoff.capMs };
  const waitMs = backoffMs(backoff, `${policy.identity.node}\npoll`, failures);
  return { failures, pollAt: plus(now, Math.max(waitMs, SECOND_MS)), known: bus.known };
};

/** Brings back a poll that another clock computed: none lies further ahead than the longest wait between two. */
export const withPollMended = (policy: SummonerPolicy, bus: BusHealth, now: EpochMs): BusHealth =>
  bus.pollAt - now <= Math.max(policy.pollEveryMs, policy.backoff.capMs, SECOND_MS)
    ? bus
    : { ...bus, pollAt: pollAfter(policy, now) };
