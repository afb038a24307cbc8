/**
 * What a clock that was set changes (law N12).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { BACKOFF_MS_MIN } from '../backoff.ts';
import type { Disabling } from '../disabling.ts';
import { type FloorAttempt, type NodeState, type PendingVersion, type Running, wholeSecond } from '../node-state.ts';
import { SPLAY_SECONDS_MAX } from '../signal.ts';
import { splayMs } from '../splay.ts';
import { type EpochMs, plus, SECOND_MS } from '../time.ts';
import type { SummonerPolicy, SummonerState } from './model.ts';

/** No start is ever computed further ahead than the longest splay. */
const START_AHEAD_MS_MAX = SPLAY_SECONDS_MAX * SECOND_MS;

const shifted = (byMs: number) => (instant: EpochMs) => plus(instant, byMs);

/** Moves every instant along with the clock, so that no duration changes by its being set. */
export const withClockStepped = (state: SummonerState, byMs: number): SummonerState => {
  const { node, bus } = state;
  const shift = shifted(byMs);
  const startLater = <A extends { readonly startAt: EpochMs }>(a: A): A => ({ ...a, startAt: shift(a.startAt) });
  return {
    bus: { ...bus, pollAt: shift(bus.pollAt) },
    node: {
      ...node,
      // A success from before 1970 cannot be told from a later one, so it counts as none: one extra run, never a gap.
      lastSuccess: O.filter((at: EpochMs) => at > 0)(O.map((at: EpochMs) => wholeSecond(shift(at)))(node.lastSuccess)),
      lastAttempt: O.map(shift)(node.lastAttempt),
      pending: O.map((pending: PendingVersion) => startLater({ ...pending, seenAt: shift(pending.seenAt) }))(
        node.pending,
      ),
      requests: node.requests.map(startLater),
      floor: O.map(startLater<FloorAttempt>)(node.floor),
      running: O.map((running: Running) => ({ ...running, startedAt: shift(running.startedAt) }))(node.running),
      disabled: O.map((disabling: Disabling) => ({ ...disabling, until: shift(disabling.until) }))(node.disabled),
      disabledSince: O.map(shift)(node.disabledSince),
    },
  };
};

/**
 * Brings back what another clock computed (law N12): nothing that is owed lies further ahead than its splay or the cap of
 * its backoff, seen from when it was learnt, nothing was learnt in the future, and a disabling lasts no longer than it
 * was meant to.
 */
export const withStartsMended = (policy: SummonerPolicy, node: NodeState, now: EpochMs): NodeState => {
  const owesNothing = O.isNone(node.pending) && O.isNone(node.floor) && node.requests.length === 0;
  if (owesNothing && O.isNone(node.disabled)) return node;
  const retryMsMax = Math.max(policy.backoff.capMs, policy.catchUpSplaySeconds * SECOND_MS);
  const isAhead = (instant: EpochMs, byMs: number) => instant > now + byMs + policy.clockToleranceMs;
  const isLost = ({ startAt, attempts }: { readonly startAt: EpochMs; readonly attempts: number }) =>
    isAhead(startAt, attempts > 0 ? retryMsMax : START_AHEAD_MS_MAX);
  const pending = O.toUndefined(node.pending);
  const floor = O.toUndefined(node.floor);
  const lostPending =
    pending !== undefined && (isLost(pending) || (pending.attempts === 0 && isAhead(pending.seenAt, 0)));
  const lostRequest = node.requests.some(isLost);
  const lostFloor = floor !== undefined && isAhead(floor.startAt, retryMsMax);
  const disabled = O.toUndefined(node.disabled);
  const disabledSince = O.toUndefined(node.disabledSince);
  const lostDisabling = disabled !== undefined && disabledSince !== undefined && isAhead(disabledSince, 0);
  if (!lostPending && !lostRequest && !lostFloor && !lostDisabling) return node;
  const soonMs = splayMs(policy.identity.node, 'catch-up', policy.catchUpSplaySeconds);
  const soon = plus(now, Math.max(soonMs, BACKOFF_MS_MIN));
  return {
    ...node,
    pending: lostPending ? O.some({ ...pending, seenAt: now, startAt: soon }) : node.pending,
    requests: node.requests.map((request) => (isLost(request) ? { ...request, startAt: soon } : request)),
    floor: lostFloor ? O.some({ ...floor, startAt: soon }) : node.floor,
    ...(lostDisabling
      ? {
          disabled: O.some({ ...disabled, until: plus(now, disabled.until - disabledSince) }),
          disabledSince: O.some(now),
        }
      : {}),
  };
};
