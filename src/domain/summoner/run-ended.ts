/**
 * What the end of a run changes (laws N7 and N14).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { backoffAtCapMs, backoffCeilingMs, backoffMs } from '../backoff.ts';
import { isApplied, isVersion } from '../dedup.ts';
import { type FloorAttempt, type NodeState, type PendingVersion, type Running, wholeSecond } from '../node-state.ts';
import { type RunEnd, type RunOutcome, runOutcomeOf } from '../run-outcome.ts';
import { type EpochMs, plus } from '../time.ts';
import type { SummonerPolicy } from './model.ts';
import { withHandled } from './requests.ts';

const afterSuccess = (node: NodeState, running: Running, rebootPending: boolean, now: EpochMs): NodeState => {
  const applied = O.isSome(running.version) ? running.version : node.applied;
  const settled: NodeState = {
    ...node,
    applied,
    tried: O.none,
    lastSuccess: O.some(wholeSecond(now)),
    running: O.none,
    requests: node.requests.filter(({ id }) => !running.requests.includes(id)),
    handled: withHandled(
      node.handled,
      node.requests.filter(({ id }) => running.requests.includes(id)),
    ),
    floor: O.none,
    upgraded: false,
    rebootPending,
    failures: 0,
  };
  return withoutApplied(settled);
};

/**
 * Once no run is under way, a pending version that is on the node already is not owed (law N1). While one was, nobody
 * could know.
 */
const withoutApplied = (node: NodeState): NodeState =>
  O.isSome(node.pending) && isApplied(node, node.pending.value.version) ? { ...node, pending: O.none } : node;

const failedVersion = (policy: SummonerPolicy, pending: PendingVersion, startAt: EpochMs): PendingVersion => ({
  ...pending,
  attempts: pending.attempts + 1,
  gaveUp: pending.attempts + 1 >= policy.attemptsMax,
  startAt,
});

/**
 * After a failure every cause of the run waits for the same moment, so that they retry together. The wait grows with the
 * attempts of the cause that has had most; each cause gives up on its own.
 */
const afterFailure = (policy: SummonerPolicy, state: NodeState, running: Running, now: EpochMs): NodeState => {
  const node: NodeState = { ...state, running: O.none, upgraded: false, failures: state.failures + 1 };
  const pending = O.toUndefined(node.pending);
  const wasForPending = pending !== undefined && isVersion(running.version, pending.version);
  const attempted = node.requests.filter(({ id }) => running.requests.includes(id));
  const attempts = Math.max(wasForPending ? pending.attempts : 0, ...attempted.map((request) => request.attempts)) + 1;
  const startAt = plus(now, backoffMs(policy.backoff, policy.identity.node, attempts));
  const again = attempted.map((request) => ({ ...request, attempts: request.attempts + 1, startAt }));
  return withoutApplied({
    ...node,
    pending: wasForPending ? O.some(failedVersion(policy, pending, startAt)) : node.pending,
    requests: [
      ...node.requests.filter(({ id }) => !running.requests.includes(id)),
      ...again.filter((request) => request.attempts < policy.attemptsMax),
    ],
    handled: withHandled(
      node.handled,
      again.filter((request) => request.attempts >= policy.attemptsMax),
    ),
    floor: running.floorDue ? O.some(floorAfterFailure(policy, node, now)) : node.floor,
  });
};

/** The floor's waits grow like any other's up to the cap, and then stay there: it never gives up (law N7). */
const floorAfterFailure = (policy: SummonerPolicy, node: NodeState, now: EpochMs): FloorAttempt => {
  const attempts = (O.isSome(node.floor) ? node.floor.value.attempts : 0) + 1;
  const salt = `${policy.identity.node}\nfloor`;
  const isAtCap = backoffCeilingMs(policy.backoff, attempts) >= policy.backoff.capMs;
  const waitMs = isAtCap ? backoffAtCapMs(policy.backoff, salt, attempts) : backoffMs(policy.backoff, salt, attempts);
  return { attempts, startAt: plus(now, waitMs) };
};

/**
 * A run that was cut short together with the agent. What the run was for is owed as before where the state says so by
 * itself; what a person on the node asked for, and a client's upgrade, are put down again, or a kill would lose them
 * (law N8). Not for ever: a run that takes the agent down with it every time ends too (fault 58).
 */
const afterInterruption = (policy: SummonerPolicy, state: NodeState, running: Running, now: EpochMs): NodeState => {
  const node = { ...afterFailure(policy, state, running, now), interruptions: state.interruptions + 1 };
  if (node.interruptions > policy.attemptsMax) return node;
  const { _tag } = running.cause;
  return { ...node, runNow: node.runNow || _tag === 'RunNow', upgraded: _tag === 'Upgraded' };
};

export const afterRun = (policy: SummonerPolicy, state: NodeState, end: RunEnd, now: EpochMs): NodeState => {
  if (O.isNone(state.running)) return state;
  const running = state.running.value;
  if (end._tag === 'Interrupted') return afterInterruption(policy, state, running, now);
  const node = state.interruptions === 0 ? state : { ...state, interruptions: 0 };
  const outcome: RunOutcome = runOutcomeOf(end, running.cause._tag === 'Upgraded', policy.outcomes);
  switch (outcome._tag) {
    case 'Succeeded':
      return afterSuccess(node, running, outcome.rebootPending, now);
    case 'Upgraded':
      return { ...node, running: O.none, upgraded: true };
    case 'Failed':
      return afterFailure(policy, node, running, now);
  }
};
