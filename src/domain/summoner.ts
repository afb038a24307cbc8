/**
 * The Summoner: what one node does next.
 *
 * Every wake-up of the agent is one {@link step}: something was seen, or time passed; out come the state to store, the
 * run to start (if any), the reason, and when to look again. The shell around it polls, stores, runs and sleeps, and
 * decides nothing.
 *
 * A run is started for the earliest of what the node owes: a signalled version after its splay, a run request after its
 * own, the compliance floor, a person on the node. Whatever is owed when a run starts is settled by that run, since one
 * converge applies all there is.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { type Backoff, BACKOFF_MS_MIN, backoffAtCapMs, backoffCeilingMs, backoffMs } from './backoff.ts';
import { type ComplianceFloor, floorDueAt, LEAD_MS_DEFAULT, WINDOW_MS_DEFAULT } from './compliance.ts';
import { isApplied, isSeen } from './dedup.ts';
import { type Disabling, isDisabled, isFloorDisabled } from './disabling.ts';
import { hashFraction } from './hash.ts';
import type { Version } from './names.ts';
import {
  type FloorAttempt,
  type HandledRequest,
  type NodeIdentity,
  type NodeState,
  type PendingRequest,
  type PendingVersion,
  type RunCause,
  type Running,
  wholeSecond,
} from './node-state.ts';
import { type RunEnd, type RunOutcome, runOutcomeOf } from './run-outcome.ts';
import { isAddressedTo, isExpired } from './run-request.ts';
import {
  admitSignal,
  RUN_REQUESTS_MAX,
  type Signal,
  type SignalRefusal,
  SPLAY_SECONDS_MAX,
  triggerOf,
} from './signal.ts';
import { splayMs } from './splay.ts';
import { type EpochMs, earlier, MINUTE_MS, plus, SECOND_MS } from './time.ts';

/** How a node behaves. {@link policyFor} fills in what a fleet has no opinion on. */
export interface SummonerPolicy extends ComplianceFloor {
  readonly identity: NodeIdentity;
  /** From one poll to the next while the bus is well, in milliseconds. */
  readonly pollEveryMs: number;
  /** How far ahead of this clock a signal's timestamp, or a recorded success, may lie, in milliseconds. */
  readonly clockToleranceMs: number;
  /** Over how many seconds first runs, and floors found overdue after a standstill, are spread. */
  readonly catchUpSplaySeconds: number;
  /** How many runs one version, or one request, may cost before it is given up (law N7). */
  readonly attemptsMax: number;
  readonly backoff: Backoff;
}

/** The defaults: the published window, a poll a minute, five attempts spread over about half an hour each at most. */
export const policyFor = (
  identity: NodeIdentity,
  chosen: Partial<Omit<SummonerPolicy, 'identity'>> = {},
): SummonerPolicy => ({
  identity,
  windowMs: WINDOW_MS_DEFAULT,
  leadMs: LEAD_MS_DEFAULT,
  pollEveryMs: MINUTE_MS,
  clockToleranceMs: 5 * MINUTE_MS,
  catchUpSplaySeconds: 300,
  attemptsMax: 5,
  backoff: { baseMs: MINUTE_MS, capMs: 30 * MINUTE_MS },
  ...chosen,
});

/** What the agent knows of its bus. Not stored: a new agent looks afresh. */
export interface BusHealth {
  /** Polls in a row that got no answer. */
  readonly failures: number;
  /** When to poll next. */
  readonly pollAt: EpochMs;
  /** The revision of the last body that was understood, so that the next poll may be conditional. */
  readonly known: string | undefined;
}

/** Everything the agent knows. `node` is what is stored, and is the very same value while nothing in it changed. */
export interface SummonerState {
  readonly node: NodeState;
  readonly bus: BusHealth;
}

/** What one poll showed, decoded. */
export type Observation =
  | { readonly _tag: 'Fresh'; readonly signal: Signal; readonly revision: string }
  | { readonly _tag: 'Unchanged' }
  | { readonly _tag: 'Missing' }
  | { readonly _tag: 'Denied' }
  | { readonly _tag: 'Unavailable' }
  /** A body that is no signal. */
  | { readonly _tag: 'Malformed'; readonly refusal: SignalRefusal };

/** What can happen to the agent. */
export type SummonerEvent =
  /** It started: a run that was under way when it ended was interrupted (law N8). */
  | { readonly _tag: 'Started' }
  | { readonly _tag: 'Observed'; readonly observation: Observation }
  | { readonly _tag: 'RunEnded'; readonly end: RunEnd }
  /** Time passed. */
  | { readonly _tag: 'Woke' }
  | { readonly _tag: 'Disabled'; readonly disabling: Disabling }
  | { readonly _tag: 'Enabled' }
  | { readonly _tag: 'RunNowAsked' }
  /** The fallback ran with success: that counts for the floor (law F4). */
  | { readonly _tag: 'FallbackSucceeded'; readonly at: EpochMs }
  /** The wall clock was stepped by so many milliseconds while the agent watched. */
  | { readonly _tag: 'ClockStepped'; readonly byMs: number };

/** What became of a signal that was seen. */
export type SignalVerdict =
  | { readonly _tag: 'Accepted' }
  /** Believed, but its version is on the node already. */
  | { readonly _tag: 'AlreadyApplied' }
  /** The very signal that was accepted before. */
  | { readonly _tag: 'AlreadySeen' }
  | { readonly _tag: 'UploadIncomplete' }
  | { readonly _tag: 'Expired' }
  | { readonly _tag: 'Refused'; readonly refusal: SignalRefusal };

/** Why the agent does what it does now. The tags are a closed set fit for a metric label. */
export type SummonerReason =
  | RunCause
  /** It starts nothing: a run is under way. */
  | { readonly _tag: 'AlreadyRunning' }
  /** It waits for the splay of what it owes. */
  | { readonly _tag: 'Splay' }
  /** It waits after a failure. */
  | { readonly _tag: 'BackingOff' }
  /** A person disabled it. */
  | { readonly _tag: 'Disabled'; readonly disabling: Disabling }
  /** It used up its attempts; the floor is next. */
  | { readonly _tag: 'GaveUp' }
  /** It owes nothing before the floor. */
  | { readonly _tag: 'UpToDate' };

/** The next action. */
export type SummonerAction = { readonly _tag: 'Start'; readonly running: Running } | { readonly _tag: 'Wait' };

/** What a step decided. */
export interface SummonerDecision {
  readonly action: SummonerAction;
  readonly reason: SummonerReason;
  readonly state: SummonerState;
  /** When to look again: the next poll, or the next start if that is sooner. */
  readonly lookAgainAt: EpochMs;
  /** When the next run starts as things stand; none while one is under way or while disabling keeps even the floor. */
  readonly nextStartAt: O.Option<EpochMs>;
  /** What became of the signal, when one was seen. */
  readonly verdict: O.Option<SignalVerdict>;
}

const WAIT: SummonerAction = { _tag: 'Wait' };
const ALREADY_RUNNING: SummonerReason = { _tag: 'AlreadyRunning' };
const SPLAY: SummonerReason = { _tag: 'Splay' };
const BACKING_OFF: SummonerReason = { _tag: 'BackingOff' };
const GAVE_UP: SummonerReason = { _tag: 'GaveUp' };
const UP_TO_DATE: SummonerReason = { _tag: 'UpToDate' };

/** A floor found overdue by more than this was not missed by a timer: the node stood still, and so did its neighbours. */
const STANDSTILL_MS = MINUTE_MS;

/** No start is ever computed further ahead than the longest splay. */
const START_AHEAD_MS_MAX = SPLAY_SECONDS_MAX * SECOND_MS;

/** The bus of an agent that has just started: its first poll is at the node's own phase (fault 37). */
export const startingBus = (policy: SummonerPolicy, now: EpochMs): BusHealth => ({
  failures: 0,
  pollAt: nextPollAt(policy, now),
  known: undefined,
});

/** The first instant after `now` in the node's own phase of the poll interval, so that a fleet's polls stay spread. */
const nextPollAt = ({ identity, pollEveryMs }: SummonerPolicy, now: EpochMs): EpochMs => {
  const phase = Math.floor(hashFraction(`${identity.node}\npoll`) * pollEveryMs);
  const since = (((now - phase) % pollEveryMs) + pollEveryMs) % pollEveryMs;
  return plus(now, pollEveryMs - since);
};

const busAfter = (policy: SummonerPolicy, bus: BusHealth, observation: Observation, now: EpochMs): BusHealth => {
  if (observation._tag !== 'Unavailable') {
    return { failures: 0, pollAt: nextPollAt(policy, now), known: bus.known };
  }
  const failures = bus.failures + 1;
  const backoff: Backoff = { baseMs: policy.pollEveryMs, capMs: policy.backoff.capMs };
  const waitMs = backoffMs(backoff, `${policy.identity.node}\npoll`, failures);
  return { failures, pollAt: plus(now, Math.max(waitMs, SECOND_MS)), known: bus.known };
};

/** Brings back a poll that another clock computed: none lies further ahead than the longest wait between two. */
const withPollMended = (policy: SummonerPolicy, bus: BusHealth, now: EpochMs): BusHealth =>
  bus.pollAt - now <= Math.max(policy.pollEveryMs, policy.backoff.capMs, SECOND_MS)
    ? bus
    : { ...bus, pollAt: nextPollAt(policy, now) };

const isVersion = (option: O.Option<Version>, version: Version): boolean =>
  O.isSome(option) && option.value === version;

/** Whether the run under way is for `version`. */
const isRunFor = (node: NodeState, version: Version): boolean =>
  O.isSome(node.running) && isVersion(node.running.value.version, version);

/**
 * A version to apply: a newer signal replaces the version and keeps the earlier start (law N4). One that only names the
 * version again gives it neither new attempts nor an earlier retry (law N7). Once the attempts are used up, such a
 * signal starts another series, unless it carries run requests: then those are what it was written for, and whom they
 * mean they start by themselves.
 */
const pendingFor = (policy: SummonerPolicy, node: NodeState, signal: Signal, now: EpochMs): PendingVersion => {
  const { version } = signal.manifestRecord;
  const startAt = plus(now, splayMs(policy.identity.node, version, signal.splaySeconds));
  const fresh: PendingVersion = { version, seenAt: now, startAt, attempts: 0, gaveUp: false };
  const known = O.toUndefined(node.pending);
  if (known === undefined) return fresh;
  if (known.gaveUp) return known.version === version && signal.runRequests.length > 0 ? known : fresh;
  const isWaiting = known.attempts === 0 && !isRunFor(node, known.version);
  if (!isWaiting) return known.version === version ? known : fresh;
  return known.startAt <= fresh.startAt ? { ...known, version } : fresh;
};

/**
 * The requests that are open for this node after `signal`: one that it no longer carries was withdrawn. One that looks
 * expired is kept: the clock may be wrong now and right when the run would start, which is when that is asked again.
 */
const requestsAfter = (
  policy: SummonerPolicy,
  node: NodeState,
  signal: Signal,
  now: EpochMs,
): readonly PendingRequest[] =>
  signal.runRequests
    .filter((request) => isAddressedTo(request, policy.identity.node))
    .filter(({ id }) => !node.handled.some((handled) => handled.id === id))
    .map(({ id, splaySeconds, expiresEpochSeconds }): PendingRequest => {
      const open = node.requests.find((request) => request.id === id);
      const startAt = open?.startAt ?? plus(now, splayMs(policy.identity.node, id, splaySeconds));
      return { id, startAt, expiresEpochSeconds, attempts: open?.attempts ?? 0 };
    });

/** So many handled requests are remembered: ten times as many as a signal can carry. */
const HANDLED_MAX = 10 * RUN_REQUESTS_MAX;

const withHandled = (
  handled: readonly HandledRequest[],
  requests: readonly HandledRequest[],
): readonly HandledRequest[] =>
  [...handled, ...requests.map(({ id, expiresEpochSeconds }) => ({ id, expiresEpochSeconds }))].slice(-HANDLED_MAX);

/**
 * What `requests` no longer holds although a run was started for it: its turn has been taken (law N11), so that it is
 * not run for anew when a later signal carries it again.
 */
const withdrawnAfterRun = (node: NodeState, requests: readonly PendingRequest[]): readonly PendingRequest[] =>
  node.requests.filter(
    ({ id, attempts }) =>
      (attempts > 0 || (O.isSome(node.running) && node.running.value.requests.includes(id))) &&
      !requests.some((open) => open.id === id),
  );

/**
 * The requests whose turn has been taken, after `signal`. One is forgotten when it has expired; a signal that carries it
 * with a later end does not make another of it.
 */
const handledAfter = (
  node: NodeState,
  signal: Signal,
  requests: readonly PendingRequest[],
  now: EpochMs,
): readonly HandledRequest[] => {
  const known = node.handled.map((handled) => {
    const carried = signal.runRequests.find(({ id }) => id === handled.id)?.expiresEpochSeconds ?? 0;
    return carried > handled.expiresEpochSeconds ? { ...handled, expiresEpochSeconds: carried } : handled;
  });
  return withHandled(
    known.filter((handled) => !isExpired(handled, now)),
    withdrawnAfterRun(node, requests),
  );
};

interface Judged {
  readonly node: NodeState;
  readonly verdict: SignalVerdict;
  /** Whether the body need not be looked at again until it changes. */
  readonly understood: boolean;
}

const judgeSignal = (policy: SummonerPolicy, node: NodeState, signal: Signal, now: EpochMs): Judged => {
  const admitted = admitSignal(policy.identity, signal, node.accepted, now, policy.clockToleranceMs);
  if (E.isLeft(admitted)) {
    return { node, verdict: { _tag: 'Refused', refusal: admitted.left }, understood: false };
  }
  if (isSeen(node, signal.timestamp)) return { node, verdict: { _tag: 'AlreadySeen' }, understood: true };
  const trigger = triggerOf(signal, now);
  if (trigger._tag === 'UploadIncomplete') {
    return { node, verdict: { _tag: 'UploadIncomplete' }, understood: false };
  }
  // Looked at again, since it is the clock that says so, and the clock may be set right.
  if (trigger._tag === 'Expired') return { node, verdict: { _tag: 'Expired' }, understood: false };

  const requests = requestsAfter(policy, node, signal, now);
  const accepted: NodeState = {
    ...node,
    accepted: O.some(signal.timestamp),
    requests,
    handled: handledAfter(node, signal, requests, now),
  };
  const { version } = signal.manifestRecord;
  // While a run is under way nobody knows yet what will be applied: its end decides.
  if (O.isNone(node.running) && isApplied(node, version)) {
    return { node: { ...accepted, pending: O.none }, verdict: { _tag: 'AlreadyApplied' }, understood: true };
  }
  const pending = pendingFor(policy, node, signal, now);
  return { node: { ...accepted, pending: O.some(pending) }, verdict: { _tag: 'Accepted' }, understood: true };
};

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

const afterRun = (policy: SummonerPolicy, state: NodeState, end: RunEnd, now: EpochMs): NodeState => {
  if (O.isNone(state.running)) return state;
  const running = state.running.value;
  if (end._tag === 'Interrupted') return afterInterruption(policy, state, running, now);
  const node = state.interruptions === 0 ? state : { ...state, interruptions: 0 };
  const outcome: RunOutcome = runOutcomeOf(end, running.cause._tag === 'Upgraded');
  switch (outcome._tag) {
    case 'Succeeded':
      return afterSuccess(node, running, outcome.rebootPending, now);
    case 'Upgraded':
      return withoutApplied({ ...node, running: O.none, upgraded: true });
    case 'Failed':
      return afterFailure(policy, node, running, now);
  }
};

const shifted = (byMs: number) => (instant: EpochMs) => plus(instant, byMs);

/** Moves every instant along with the clock, so that no duration changes by its being set. */
const withClockStepped = (state: SummonerState, byMs: number): SummonerState => {
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
const withStartsMended = (policy: SummonerPolicy, node: NodeState, now: EpochMs): NodeState => {
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

/** Whether the last success can be believed: one in the future is none (law N12). */
const hasSuccess = (policy: SummonerPolicy, node: NodeState, now: EpochMs): boolean =>
  O.isSome(node.lastSuccess) && node.lastSuccess.value <= now + policy.clockToleranceMs;

/**
 * Fixes the floor's start where it does not follow from the last success: for a node that never ran, and for one that
 * stood still past it. Both are splayed from first sight, since whole fleets boot and resume together (fault 34).
 */
const withFloorAnchored = (policy: SummonerPolicy, node: NodeState, now: EpochMs): NodeState => {
  if (O.isSome(node.floor) || O.isSome(node.running)) return node;
  const stoodStill =
    O.isSome(node.lastSuccess) &&
    now - floorDueAt(policy, policy.identity.node, node.lastSuccess.value) > STANDSTILL_MS;
  if (hasSuccess(policy, node, now) && !stoodStill) return node;
  const startAt = plus(now, splayMs(policy.identity.node, 'catch-up', policy.catchUpSplaySeconds));
  return { ...node, floor: O.some({ startAt, attempts: 0 }) };
};

const floorStartAt = (policy: SummonerPolicy, node: NodeState): EpochMs | undefined => {
  if (O.isSome(node.floor)) return node.floor.value.startAt;
  return O.isSome(node.lastSuccess) ? floorDueAt(policy, policy.identity.node, node.lastSuccess.value) : undefined;
};

/**
 * Ends a disabling whose time has come. What it held back starts after it, each node at its own moment and a version
 * after its own splay: the end is one instant for all the nodes that were disabled together.
 */
const withDisablingEnded = (policy: SummonerPolicy, node: NodeState, now: EpochMs): NodeState => {
  if (O.isNone(node.disabled) || isDisabled(node.disabled.value, now)) return node;
  const { until, floorToo } = node.disabled.value;
  const isHeld = (startAt: EpochMs) => startAt < until;
  const soon = (cause: string) => plus(until, splayMs(policy.identity.node, cause, policy.catchUpSplaySeconds));
  const released = (pending: PendingVersion): PendingVersion => {
    const { version, seenAt, startAt, attempts } = pending;
    if (attempts > 0) return isHeld(startAt) ? { ...pending, startAt: soon(version) } : pending;
    return seenAt < until ? { ...pending, seenAt: until, startAt: plus(until, startAt - seenAt) } : pending;
  };
  const floorAt = floorStartAt(policy, node);
  const isFloorHeld = floorToo && floorAt !== undefined && isHeld(floorAt);
  const attempts = O.isSome(node.floor) ? node.floor.value.attempts : 0;
  return {
    ...node,
    disabled: O.none,
    disabledSince: O.none,
    pending: O.map(released)(node.pending),
    requests: node.requests.map((request) =>
      isHeld(request.startAt) ? { ...request, startAt: soon(request.id) } : request,
    ),
    floor: isFloorHeld ? O.some({ startAt: soon('catch-up'), attempts }) : node.floor,
  };
};

/** Something the node owes, and when it is to start. */
interface Owed {
  readonly cause: RunCause;
  readonly startAt: EpochMs;
  readonly attempts: number;
}

const FLOOR: RunCause = { _tag: 'Floor' };
const FIRST_RUN: RunCause = { _tag: 'FirstRun' };
const RUN_NOW: RunCause = { _tag: 'RunNow' };
const UPGRADED: RunCause = { _tag: 'Upgraded' };

const sooner = (a: Owed | undefined, b: Owed): Owed => (a === undefined || b.startAt < a.startAt ? b : a);

/** The earliest of what the node owes beside the floor. */
const owedOnDemand = (node: NodeState, now: EpochMs): Owed | undefined => {
  let first: Owed | undefined;
  if (node.upgraded) first = { cause: UPGRADED, startAt: now, attempts: 0 };
  if (node.runNow) first = sooner(first, { cause: RUN_NOW, startAt: now, attempts: 0 });
  if (O.isSome(node.pending) && !node.pending.value.gaveUp) {
    const { version, startAt, attempts } = node.pending.value;
    first = sooner(first, { cause: { _tag: 'NewVersion', version }, startAt, attempts });
  }
  for (const request of node.requests) {
    if (isExpired(request, now)) continue;
    const { id, startAt, attempts } = request;
    first = sooner(first, { cause: { _tag: 'Request', id }, startAt, attempts });
  }
  return first;
};

const owedByFloor = (policy: SummonerPolicy, node: NodeState, now: EpochMs): Owed | undefined => {
  const startAt = floorStartAt(policy, node);
  if (startAt === undefined) return undefined;
  const cause = hasSuccess(policy, node, now) ? FLOOR : FIRST_RUN;
  return { cause, startAt, attempts: O.isSome(node.floor) ? node.floor.value.attempts : 0 };
};

const versionOf = ({ version }: PendingVersion): Version => version;

const runFor = (policy: SummonerPolicy, node: NodeState, cause: RunCause, now: EpochMs): Running => {
  const floorAt = floorStartAt(policy, node);
  return {
    cause,
    version: O.map(versionOf)(node.pending),
    requests: node.requests.filter((request) => !isExpired(request, now)).map(({ id }) => id),
    startedAt: now,
    floorDue: floorAt !== undefined && floorAt <= now,
  };
};

const withRunStarted = (node: NodeState, running: Running): NodeState => ({
  ...node,
  running: O.some(running),
  lastAttempt: O.some(running.startedAt),
  tried: O.isSome(running.version) && !isVersion(node.applied, running.version.value) ? running.version : node.tried,
  runNow: false,
  upgraded: false,
});

const reasonToWait = (
  node: NodeState,
  onDemand: Owed | undefined,
  disabling: Disabling | undefined,
): SummonerReason => {
  if (disabling !== undefined) return { _tag: 'Disabled', disabling };
  if (onDemand !== undefined) return onDemand.attempts > 0 ? BACKING_OFF : SPLAY;
  if (O.isSome(node.pending) && node.pending.value.gaveUp) return GAVE_UP;
  if (O.isSome(node.floor)) return node.floor.value.attempts > 0 ? BACKING_OFF : SPLAY;
  return UP_TO_DATE;
};

/** Decides from a state that has taken in all there is: start a run, or wait for when. */
const conclude = (
  policy: SummonerPolicy,
  state: SummonerState,
  now: EpochMs,
  verdict: O.Option<SignalVerdict> = O.none,
): SummonerDecision => {
  const bus = withPollMended(policy, state.bus, now);
  if (O.isSome(state.node.running)) {
    const running = bus === state.bus ? state : { node: state.node, bus };
    return {
      action: WAIT,
      reason: ALREADY_RUNNING,
      state: running,
      lookAgainAt: bus.pollAt,
      nextStartAt: O.none,
      verdict,
    };
  }
  const mended = withDisablingEnded(policy, withStartsMended(policy, state.node, now), now);
  const node = withFloorAnchored(policy, mended, now);
  const disabling = O.toUndefined(node.disabled);
  const onDemand = disabling === undefined ? owedOnDemand(node, now) : undefined;
  const floor = disabling !== undefined && isFloorDisabled(disabling, now) ? undefined : owedByFloor(policy, node, now);
  const owed = floor === undefined ? onDemand : sooner(onDemand, floor);
  if (owed !== undefined && owed.startAt <= now) {
    // Whatever falls due beside it: what starts after an upgrade is the one run that an upgrade is answered with.
    const running = runFor(policy, node, node.upgraded ? UPGRADED : owed.cause, now);
    return {
      action: { _tag: 'Start', running },
      reason: running.cause,
      state: { node: withRunStarted(node, running), bus },
      lookAgainAt: bus.pollAt,
      nextStartAt: O.none,
      verdict,
    };
  }
  const until = disabling === undefined ? bus.pollAt : earlier(bus.pollAt, disabling.until);
  return {
    action: WAIT,
    reason: reasonToWait(node, onDemand, disabling),
    state: node === state.node && bus === state.bus ? state : { node, bus },
    lookAgainAt: owed === undefined ? until : earlier(until, owed.startAt),
    nextStartAt: owed === undefined ? O.none : O.some(owed.startAt),
    verdict,
  };
};

const withNode = (state: SummonerState, node: NodeState): SummonerState =>
  node === state.node ? state : { node, bus: state.bus };

const afterObservation = (
  policy: SummonerPolicy,
  state: SummonerState,
  observation: Observation,
  now: EpochMs,
): SummonerDecision => {
  const bus = busAfter(policy, state.bus, observation, now);
  if (observation._tag === 'Malformed') {
    return conclude(policy, { node: state.node, bus }, now, O.some({ _tag: 'Refused', refusal: observation.refusal }));
  }
  if (observation._tag !== 'Fresh') return conclude(policy, { node: state.node, bus }, now);
  const { node, verdict, understood } = judgeSignal(policy, state.node, observation.signal, now);
  const known = understood ? observation.revision : undefined;
  return conclude(policy, { node, bus: { ...bus, known } }, now, O.some(verdict));
};

/**
 * One step of the agent. Total: whatever the state, the event and the clock, it answers.
 *
 * @param now - the wall clock. It may be wrong (law N12): a success from the future is none, a start that another clock
 * computed is computed again.
 */
export const step = (
  policy: SummonerPolicy,
  state: SummonerState,
  event: SummonerEvent,
  now: EpochMs,
): SummonerDecision => {
  const { node } = state;
  switch (event._tag) {
    case 'Observed':
      return afterObservation(policy, state, event.observation, now);
    case 'Woke':
      return conclude(policy, state, now);
    case 'Started':
      return conclude(policy, withNode(state, afterRun(policy, node, { _tag: 'Interrupted' }, now)), now);
    case 'RunEnded':
      return conclude(policy, withNode(state, afterRun(policy, node, event.end, now)), now);
    case 'Disabled':
      return conclude(
        policy,
        withNode(state, { ...node, disabled: O.some(event.disabling), disabledSince: O.some(now) }),
        now,
      );
    case 'Enabled':
      return conclude(policy, withNode(state, withEnabled(node, now)), now);
    case 'RunNowAsked':
      return conclude(policy, withNode(state, { ...node, runNow: true }), now);
    case 'FallbackSucceeded':
      return conclude(policy, withNode(state, withFallbackSuccess(policy, node, event.at, now)), now);
    case 'ClockStepped':
      return conclude(policy, withClockStepped(state, event.byMs), now);
  }
};

/** Ends a disabling now. */
const withEnabled = (node: NodeState, now: EpochMs): NodeState =>
  O.isSome(node.disabled) && isDisabled(node.disabled.value, now)
    ? { ...node, disabled: O.some({ ...node.disabled.value, until: now }) }
    : node;

const withFallbackSuccess = (policy: SummonerPolicy, node: NodeState, at: EpochMs, now: EpochMs): NodeState => {
  const success = wholeSecond(at);
  const isNews =
    at <= now && (O.isNone(node.lastSuccess) || !hasSuccess(policy, node, now) || node.lastSuccess.value < success);
  if (!isNews) return node;
  const running = O.map((run: Running) => ({ ...run, floorDue: false }))(node.running);
  return { ...node, lastSuccess: O.some(success), floor: O.none, running };
};
