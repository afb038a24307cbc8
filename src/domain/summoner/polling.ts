/**
 * What the node makes of its bus: when to look next, and what it has learnt from the last look.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type Backoff, backoffMs } from '../backoff.ts';
import { pollAfter, timetableFor } from '../polling.ts';
import type { Signal } from '../signal.ts';
import { type EpochMs, plus, SECOND_MS } from '../time.ts';
import type { BusHealth, SummonerPolicy } from './model.ts';

/** The bus of an agent that has just started: its first poll is at the node's own phase (fault 37). */
export const startingBus = (policy: SummonerPolicy, now: EpochMs): BusHealth => ({
  failures: 0,
  pollAt: pollAfter(policy.identity.node, policy, undefined, now),
  known: undefined,
  timetable: undefined,
});

/** After an answer that told nothing new. */
export const busAnswered = (policy: SummonerPolicy, bus: BusHealth, now: EpochMs): BusHealth => ({
  failures: 0,
  pollAt: pollAfter(policy.identity.node, policy, bus.timetable, now),
  known: bus.known,
  timetable: bus.timetable,
});

/** After a signal that was understood, under `revision`: it tells when to look for the next. */
export const busTold = (policy: SummonerPolicy, signal: Signal, revision: string, now: EpochMs): BusHealth => {
  const timetable = O.isSome(signal.departures) ? timetableFor(policy, signal.departures.value) : undefined;
  return {
    failures: 0,
    pollAt: pollAfter(policy.identity.node, policy, timetable, now),
    known: revision,
    timetable,
  };
};

/** After a signal that has to be looked at again (laws S3 … S6): it is no news that could be relied on. */
export const busToldNothing = (policy: SummonerPolicy, now: EpochMs): BusHealth => startingBus(policy, now);

/** After no answer. */
export const busFailed = (policy: SummonerPolicy, bus: BusHealth, now: EpochMs): BusHealth => {
  const failures = bus.failures + 1;
  const backoff: Backoff = { baseMs: policy.pollEveryMs, capMs: policy.backoff.capMs };
  const waitMs = backoffMs(backoff, `${policy.identity.node}\npoll`, failures);
  return { ...bus, failures, pollAt: plus(now, Math.max(waitMs, SECOND_MS)) };
};

/** Brings back a poll that another clock computed: none lies further ahead than the longest wait between two. */
export const withPollMended = (policy: SummonerPolicy, bus: BusHealth, now: EpochMs): BusHealth =>
  bus.pollAt - now <= Math.max(policy.pollIdleMs, policy.backoff.capMs, SECOND_MS)
    ? bus
    : { ...bus, pollAt: pollAfter(policy.identity.node, policy, bus.timetable, now) };
