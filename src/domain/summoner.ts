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
import * as O from 'fp-ts/lib/Option.js';
import { isVersion } from './dedup.ts';
import { type Disabling, isFloorDisabled } from './disabling.ts';
import type { Version } from './names.ts';
import type { Asked } from './node-request.ts';
import { type NodeState, type PendingVersion, type RunCause, type Running, wholeSecond } from './node-state.ts';
import type { RunEnd } from './run-outcome.ts';
import { isExpired } from './run-request.ts';
import { type EpochMs, earlier } from './time.ts';
import { withDisabled, withEnabled, withRunNow, withSwitched } from './summoner/asked.ts';
import { withClockStepped, withStartsMended } from './summoner/clock-set.ts';
import { hasSuccess, withFloorAnchored, floorStartAt, withDisablingEnded } from './summoner/floor.ts';
import type {
  Observation,
  SignalVerdict,
  SummonerAction,
  SummonerDecision,
  SummonerEvent,
  SummonerPolicy,
  SummonerReason,
  SummonerState,
} from './summoner/model.ts';
import { type Owed, owedByFloor, owedOnDemand, sooner, UPGRADED } from './summoner/owed.ts';
import { busAnswered, busFailed, busTold, busToldNothing, withPollMended } from './summoner/polling.ts';
import { afterRun } from './summoner/run-ended.ts';
import { judgeSignal } from './summoner/signal-seen.ts';

export * from './summoner/model.ts';
export { withClockStepped } from './summoner/clock-set.ts';
export { startingBus } from './summoner/polling.ts';

const WAIT: SummonerAction = { _tag: 'Wait' };
const ALREADY_RUNNING: SummonerReason = { _tag: 'AlreadyRunning' };
const SPLAY: SummonerReason = { _tag: 'Splay' };
const BACKING_OFF: SummonerReason = { _tag: 'BackingOff' };
const GAVE_UP: SummonerReason = { _tag: 'GaveUp' };
const UP_TO_DATE: SummonerReason = { _tag: 'UpToDate' };

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
      nextCause: O.none,
      verdict,
    };
  }
  const mended = withDisablingEnded(policy, withStartsMended(policy, state.node, now), now);
  const anchored = withFloorAnchored(policy, mended, now);
  const { node } = anchored;
  const disabling = O.toUndefined(node.disabled);
  const onDemand = disabling === undefined ? owedOnDemand(node, now) : undefined;
  const floor =
    disabling !== undefined && isFloorDisabled(disabling, now) ? undefined : owedByFloor(policy, anchored, now);
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
      nextCause: O.none,
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
    nextCause: owed === undefined ? O.none : O.some(owed.cause),
    verdict,
  };
};

const withNode = (state: SummonerState, node: NodeState): SummonerState =>
  node === state.node ? state : { node, bus: state.bus };

const afterObservation = (
  policy: SummonerPolicy,
  { node, bus }: SummonerState,
  observation: Observation,
  now: EpochMs,
): SummonerDecision => {
  switch (observation._tag) {
    case 'Fresh': {
      const { signal, revision } = observation;
      const judged = judgeSignal(policy, node, signal, now);
      const told = judged.understood ? busTold(policy, signal, revision, now) : busToldNothing(policy, now);
      return conclude(policy, { node: judged.node, bus: told }, now, O.some(judged.verdict));
    }
    case 'Malformed': {
      const verdict: SignalVerdict = { _tag: 'Refused', refusal: observation.refusal };
      return conclude(policy, { node, bus: busAnswered(policy, bus, now) }, now, O.some(verdict));
    }
    case 'Unavailable':
      return conclude(policy, { node, bus: busFailed(policy, bus, now) }, now);
    case 'Unchanged':
    case 'Missing':
    case 'Denied':
      return conclude(policy, { node, bus: busAnswered(policy, bus, now) }, now);
  }
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
      return conclude(policy, withNode(state, withDisabled(node, event.disabling, now)), now);
    case 'Enabled':
      return conclude(policy, withNode(state, withEnabled(policy, node, now)), now);
    case 'RunNowAsked':
      return conclude(policy, withNode(state, withRunNow(node)), now);
    case 'FallbackSucceeded':
      return conclude(policy, withNode(state, withFallbackSuccess(policy, node, event.at, now)), now);
    case 'ClockStepped':
      return conclude(policy, withClockStepped(state, event.byMs), now);
  }
};

/**
 * The state after a run of an agent that is to stop: how it ended is taken in, and nothing follows from it yet. The next
 * agent decides what does (fault 57).
 */
export const afterLastRun = (policy: SummonerPolicy, state: SummonerState, end: RunEnd, now: EpochMs): SummonerState =>
  withNode(state, afterRun(policy, state.node, end, now));

/**
 * The state with what people on the node have asked for since somebody looked. Nothing is concluded from it yet: what they
 * asked counts before anything starts that was noticed together with it (law N10).
 */
export const withAsked = (
  policy: SummonerPolicy,
  state: SummonerState,
  { switched, runNow }: Asked,
  now: EpochMs,
): SummonerState => {
  const node = O.isSome(switched) ? withSwitched(policy, state.node, switched.value, now) : state.node;
  return withNode(state, runNow ? withRunNow(node) : node);
};

const withFallbackSuccess = (policy: SummonerPolicy, node: NodeState, at: EpochMs, now: EpochMs): NodeState => {
  const isHeard = O.isSome(node.heardFallback) && node.heardFallback.value === at;
  if (isHeard) return node;
  const success = wholeSecond(at);
  const heard: NodeState = { ...node, heardFallback: O.some(at) };
  // One from the future is none (law N12), also when the clock has caught up with it.
  if (at > now) return heard;
  const isLater = O.isNone(node.lastSuccess) || !hasSuccess(policy, node, now) || node.lastSuccess.value < success;
  if (!isLater) return heard;
  const running = O.map((run: Running) => ({ ...run, floorDue: false }))(node.running);
  return { ...heard, lastSuccess: O.some(success), floor: O.none, running };
};
