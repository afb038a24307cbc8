/**
 * Summoners that are broken on purpose, one law each: what proves that the tests of the laws can fail. Most are a
 * wrapper that spoils what goes into the real step or what comes out of it, as a careless change of its code would.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { hashFraction } from '../../src/domain/hash.ts';
import type { NodeState, PendingVersion, Running } from '../../src/domain/node-state.ts';
import { pollAfter, type Timetable } from '../../src/domain/polling.ts';
import { departureAfter } from '../../src/domain/schedule.ts';
import type { Signal } from '../../src/domain/signal.ts';
import {
  step,
  type SummonerDecision,
  type SummonerEvent,
  type SummonerPolicy,
  type SummonerState,
} from '../../src/domain/summoner.ts';
import { DAY_MS, earlier, type EpochMs, HOUR_MS, plus, SECOND_MS } from '../../src/domain/time.ts';
import type { Step } from './node-harness.ts';
import { nodeOf } from './node-signals.ts';

/** A broken step, and the law that has to notice. */
export interface BrokenSummoner {
  readonly name: string;
  readonly step: Step;
  /** How the name of the law begins that catches it; `model` for the model. */
  readonly caughtBy: readonly string[];
}

const withNode = (state: SummonerState, change: (node: NodeState) => NodeState): SummonerState => ({
  ...state,
  node: change(state.node),
});

/** The real step, told of another state when `when` holds. */
const onState =
  (
    when: (event: SummonerEvent, node: NodeState) => boolean,
    change: (node: NodeState, now: EpochMs) => NodeState,
  ): Step =>
  (policy, state, event, now) =>
    step(policy, when(event, state.node) ? withNode(state, (node) => change(node, now)) : state, event, now);

const withPolicy =
  (change: (policy: Parameters<Step>[0]) => Parameters<Step>[0]): Step =>
  (policy, ...rest) =>
    step(change(policy), ...rest);

const withSignal =
  (change: (signal: Signal, node: NodeState, now: EpochMs) => Signal): Step =>
  (policy, state, event, now) => {
    if (event._tag !== 'Observed' || event.observation._tag !== 'Fresh') return step(policy, state, event, now);
    const signal = change(event.observation.signal, state.node, now);
    return step(policy, state, { ...event, observation: { ...event.observation, signal } }, now);
  };

const isStarted = (event: SummonerEvent): boolean => event._tag === 'Started';
const isFresh = (event: SummonerEvent): boolean => event._tag === 'Observed' && event.observation._tag === 'Fresh';
const always = (): boolean => true;

/** The step decided to start; it waits for the next poll instead. */
const waiting = (decision: SummonerDecision, state: SummonerState): SummonerDecision => ({
  ...decision,
  action: { _tag: 'Wait' },
  reason: { _tag: 'BackingOff' },
  state: { node: state.node, bus: decision.state.bus },
  lookAgainAt: decision.state.bus.pollAt,
});

const redrawn = (pending: PendingVersion, startAt: EpochMs): O.Option<PendingVersion> =>
  O.some({ ...pending, startAt });

/** The real step, but for when it looks at its bus next where departures are known. */
const pollingAt =
  (pollAt: (policy: SummonerPolicy, timetable: Timetable, now: EpochMs) => EpochMs): Step =>
  (policy, state, event, now) => {
    const decision = step(policy, state, event, now);
    const { bus, node } = decision.state;
    if (event._tag !== 'Observed' || bus.timetable === undefined) return decision;
    const at = pollAt(policy, bus.timetable, now);
    const lookAgainAt = decision.lookAgainAt === bus.pollAt ? at : earlier(decision.lookAgainAt, at);
    return { ...decision, state: { node, bus: { ...bus, pollAt: at } }, lookAgainAt };
  };

/** All of them. */
export const BROKEN_SUMMONERS: readonly BrokenSummoner[] = [
  {
    name: 'looks only after departures',
    caughtBy: ['N15: what'],
    step: pollingAt((_, timetable, now) => plus(departureAfter(timetable, now), SECOND_MS)),
  },
  {
    name: 'does not look sooner after a departure',
    caughtBy: ['N15: what'],
    step: pollingAt(({ identity, ...policy }, { idleMs }, now) =>
      pollAfter(identity.node, { ...policy, pollEveryMs: idleMs }, undefined, now),
    ),
  },
  {
    name: 'looks as often at any time as after a departure',
    caughtBy: ['N15: what'],
    step: pollingAt(({ identity, ...policy }, { soonMs }, now) =>
      pollAfter(identity.node, { ...policy, pollEveryMs: soonMs }, undefined, now),
    ),
  },
  {
    name: 'looks together with the whole fleet',
    caughtBy: ['N15: a fleet'],
    step: pollingAt(({ identity: _, ...policy }, timetable, now) =>
      pollAfter(nodeOf('web-17'), policy, timetable, now),
    ),
  },
  {
    name: 'draws the splay anew when it restarts',
    caughtBy: ['N3, fault 55'],
    step: onState(isStarted, (node, now) => {
      const { pending } = node;
      if (O.isNone(pending) || pending.value.attempts > 0) return node;
      const splay = 2 * Math.max(pending.value.startAt - pending.value.seenAt, 1_000);
      return { ...node, pending: redrawn(pending.value, plus(now, hashFraction(`${now}`) * splay)) };
    }),
  },
  {
    name: 'draws the splay from the node alone, so that the same nodes are always first',
    caughtBy: ['N3: each version draws a fresh order'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      const { pending } = decision.state.node;
      if (!isFresh(event) || O.isNone(pending) || event._tag !== 'Observed') return decision;
      const { observation } = event;
      const seconds = observation._tag === 'Fresh' ? observation.signal.splaySeconds : 0;
      const startAt = plus(now, hashFraction(policy.identity.node) * seconds * 1_000);
      const node = { ...decision.state.node, pending: redrawn(pending.value, startAt) };
      return { ...decision, nextStartAt: O.some(startAt), state: { ...decision.state, node } };
    },
  },
  {
    name: 'crowds the fleet into the first third of the splay',
    caughtBy: ['N3: the starts of a fleet are uniform'],
    step: withSignal((signal) => ({ ...signal, splaySeconds: Math.floor(signal.splaySeconds / 3) })),
  },
  {
    name: 'takes up to twice the splay',
    caughtBy: ['N2:', 'model'],
    step: withSignal((signal) => ({ ...signal, splaySeconds: 2 * signal.splaySeconds })),
  },
  {
    name: 'begins the splay anew with every newer signal',
    caughtBy: ['N4,'],
    step: onState(
      (event, { running }) => isFresh(event) && O.isNone(running),
      (node) => ({ ...node, pending: O.none }),
    ),
  },
  {
    name: 'forgets what was applied',
    caughtBy: ['N1:', 'model'],
    step: onState(isFresh, (node) => ({ ...node, applied: O.none })),
  },
  {
    name: 'believes replays',
    caughtBy: ['N1:', 'model'],
    step: onState(isFresh, (node) => ({ ...node, accepted: O.none })),
  },
  {
    name: "believes another stack's signal",
    caughtBy: ['model'],
    step: (policy, state, event, now) => {
      if (event._tag !== 'Observed' || event.observation._tag !== 'Fresh') return step(policy, state, event, now);
      const { stack } = event.observation.signal.manifestRecord;
      return step({ ...policy, identity: { ...policy.identity, stack } }, state, event, now);
    },
  },
  {
    name: 'does not wait for the upload',
    caughtBy: ['model'],
    step: withSignal((signal) => ({
      ...signal,
      manifestRecord: { ...signal.manifestRecord, uploadComplete: true },
    })),
  },
  {
    name: 'acts on expired signals',
    caughtBy: ['model'],
    step: withSignal((signal) => ({
      ...signal,
      manifestRecord: { ...signal.manifestRecord, ttlEpochSeconds: 9_999_999_999 },
    })),
  },
  {
    name: 'trusts the future, of signals and of its own success',
    caughtBy: ['N12, fault 31', 'model'],
    step: withPolicy((policy) => ({ ...policy, clockToleranceMs: 100 * 365 * DAY_MS })),
  },
  {
    name: 'retries without bound',
    caughtBy: ['N7, fault 56', 'model'],
    step: withPolicy((policy) => ({ ...policy, attemptsMax: Infinity })),
  },
  {
    name: 'retries at once',
    caughtBy: ['N7, fault 56', 'model'],
    step: (policy, state, event, now) => {
      const isFailed = event._tag === 'RunEnded' && event.end._tag !== 'Exited';
      const decision = step(policy, state, event, now);
      const { pending } = decision.state.node;
      if (!isFailed || O.isNone(pending) || pending.value.gaveUp) return decision;
      return step(
        policy,
        withNode(decision.state, (node) => ({ ...node, pending: redrawn(pending.value, now) })),
        { _tag: 'Woke' },
        now,
      );
    },
  },
  {
    name: 'grants new attempts whenever the version is named again',
    caughtBy: ['N7: a failing version that is signalled again'],
    step: onState(
      (event, { pending }) => isFresh(event) && O.isSome(pending) && pending.value.attempts > 0,
      (node) => ({ ...node, pending: O.none }),
    ),
  },
  {
    name: 'lets the backoff of a version keep the floor from running',
    caughtBy: ['N7, fault 56'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      const { pending } = state.node;
      const isBackingOff = O.isSome(pending) && pending.value.attempts > 0;
      return isBackingOff && decision.reason._tag === 'Floor' ? waiting(decision, state) : decision;
    },
  },
  {
    name: 'gives the floor up after some failures',
    caughtBy: ['N7, fault 56'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      const hasFailed = state.node.failures > policy.attemptsMax + 2;
      return hasFailed && decision.reason._tag === 'Floor' ? waiting(decision, state) : decision;
    },
  },
  {
    name: 'comes too late with the floor',
    caughtBy: ['N6, N9', 'N6: with signals', 'model'],
    step: withPolicy((policy) => ({ ...policy, leadMs: 0, windowMs: policy.windowMs + 2_000 })),
  },
  {
    name: 'comes too early with the floor',
    caughtBy: ['N6, N9', 'model'],
    step: withPolicy((policy) => ({ ...policy, windowMs: policy.windowMs - policy.leadMs - HOUR_MS / 2 })),
  },
  {
    name: 'takes a failure for a success',
    caughtBy: ['N7, fault 56', 'N14:', 'model'],
    step: (policy, state, event, now) =>
      step(policy, state, event._tag === 'RunEnded' ? { ...event, end: { _tag: 'Exited', code: 0 } } : event, now),
  },
  {
    name: 'takes a pending reboot for a failure',
    caughtBy: ['N14:', 'model'],
    step: (policy, state, event, now) => {
      const isReboot = event._tag === 'RunEnded' && event.end._tag === 'Exited' && [35, 37].includes(event.end.code);
      return step(policy, state, isReboot ? { ...event, end: { _tag: 'Exited', code: 1 } } : event, now);
    },
  },
  {
    name: 'runs an upgraded client again and again',
    caughtBy: ['N7, N14', 'model'],
    step: onState(
      (event, { running }) => event._tag === 'RunEnded' && O.isSome(running),
      (node) => ({
        ...node,
        running: O.map((running: Running): Running => ({ ...running, cause: { _tag: 'Floor' } }))(node.running),
      }),
    ),
  },
  {
    name: 'applies the version when the run starts',
    caughtBy: ['N7, fault 56', 'model'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      const { action } = decision;
      if (action._tag === 'Wait' || O.isNone(action.running.version)) return decision;
      const { version } = action.running;
      return { ...decision, state: withNode(decision.state, (node) => ({ ...node, applied: version, tried: O.none })) };
    },
  },
  {
    name: 'drops what is pending when it restarts',
    caughtBy: ['N8, fault 54', 'N3, fault 55', 'model'],
    step: onState(isStarted, (node) => ({ ...node, pending: O.none })),
  },
  {
    name: 'drops run requests when it restarts',
    caughtBy: ['N8: a run that is cut short'],
    step: onState(isStarted, (node) => ({ ...node, requests: [] })),
  },
  {
    name: 'loses what a person asked for when it is killed in that run',
    caughtBy: ['N8: a run that is cut short'],
    step: onState(isStarted, (node) => ({
      ...node,
      running: O.map((running: Running): Running => ({ ...running, cause: { _tag: 'Floor' } }))(node.running),
    })),
  },
  {
    name: 'takes a run for done that was cut short with the agent',
    caughtBy: ['N8, fault 54', 'model'],
    step: (policy, state, event, now) =>
      isStarted(event)
        ? step(policy, state, { _tag: 'RunEnded', end: { _tag: 'Exited', code: 0 } }, now)
        : step(policy, state, event, now),
  },
  {
    name: 'forgets a signal that arrived during a run',
    caughtBy: ['N5,', 'model'],
    step: (policy, state, event, now) => {
      const { running } = state.node;
      if (event._tag !== 'RunEnded' || O.isNone(running)) return step(policy, state, event, now);
      return step(
        policy,
        withNode(state, (node) => ({ ...node, pending: O.none })),
        event,
        now,
      );
    },
  },
  {
    name: 'follows every run up with another for the same version, when that was signalled again meanwhile',
    caughtBy: ['N5,'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      const { pending, running } = state.node;
      const isAgain =
        event._tag === 'RunEnded' &&
        O.isSome(running) &&
        O.isSome(pending) &&
        pending.value.seenAt > running.value.startedAt;
      return isAgain && O.isNone(decision.state.node.pending)
        ? { ...decision, state: withNode(decision.state, (node) => ({ ...node, pending })), lookAgainAt: plus(now, 1) }
        : decision;
    },
  },
  {
    name: 'runs although it is disabled',
    caughtBy: ['N10:', 'model'],
    step: onState(always, (node) => ({ ...node, disabled: O.none })),
  },
  {
    name: 'takes every disabling for one of the floor too',
    caughtBy: ['N10:'],
    step: (policy, state, event, now) =>
      step(
        policy,
        state,
        event._tag === 'Disabled' ? { ...event, disabling: { ...event.disabling, floorToo: true } } : event,
        now,
      ),
  },
  {
    name: 'forgets what came while it was disabled',
    caughtBy: ['N10:'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      return decision.reason._tag === 'Disabled'
        ? { ...decision, state: withNode(decision.state, (node) => ({ ...node, pending: O.none, requests: [] })) }
        : decision;
    },
  },
  {
    name: 'runs for expired requests',
    caughtBy: ['N11: a run request runs once', 'model'],
    step: withSignal((signal) => ({
      ...signal,
      runRequests: signal.runRequests.map((request) => ({ ...request, expiresEpochSeconds: 9_999_999_999 })),
    })),
  },
  {
    name: 'runs for requests to others',
    caughtBy: ['N11: a run request runs once', 'model'],
    step: withSignal((signal) => ({
      ...signal,
      runRequests: signal.runRequests.map((request) => ({ ...request, nodes: O.none })),
    })),
  },
  {
    name: 'forgets the requests that it has run for',
    caughtBy: ['N11: a run request runs once', 'N11: a request that a signal drops', 'model'],
    step: onState(always, (node) => (node.handled.length === 0 ? node : { ...node, handled: [] })),
  },
  {
    name: 'ignores requests for a version that is applied',
    caughtBy: ['N11: a run request runs once'],
    step: withSignal((signal, node) =>
      O.isSome(node.applied) && node.applied.value === signal.manifestRecord.version
        ? { ...signal, runRequests: [] }
        : signal,
    ),
  },
  {
    name: 'stops polling when it is denied',
    caughtBy: ['N9,'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      const isDenied = event._tag === 'Observed' && event.observation._tag === 'Denied';
      if (!isDenied) return decision;
      const bus = { ...decision.state.bus, pollAt: plus(now, policy.backoff.capMs + DAY_MS / 8) };
      const lookAgainAt = O.isSome(decision.nextStartAt) ? earlier(decision.nextStartAt.value, bus.pollAt) : bus.pollAt;
      return { ...decision, state: { ...decision.state, bus }, lookAgainAt };
    },
  },
  {
    name: 'takes a bus that is gone for a reason not to run the floor',
    caughtBy: ['N6, N9'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      const isGone = decision.state.bus.failures > 0;
      return isGone && decision.reason._tag === 'Floor' ? waiting(decision, state) : decision;
    },
  },
  {
    name: 'starts a second run beside the first',
    caughtBy: ['model'],
    step: onState(
      (event) => event._tag === 'RunNowAsked',
      (node) => ({ ...node, running: O.none }),
    ),
  },
  {
    name: 'waits for ever for starts that another clock computed',
    caughtBy: ['N12, faults 32'],
    step: (policy, state, event, now) => {
      const { lastSuccess, pending } = state.node;
      const isAhead = O.isSome(lastSuccess) && lastSuccess.value > now + policy.clockToleranceMs;
      const decision = step(policy, state, event, now);
      if (!isAhead || O.isSome(state.node.running) || event._tag === 'ClockStepped') return decision;
      return waiting(
        decision,
        withNode(state, (node) => ({ ...node, pending })),
      );
    },
  },
  {
    name: 'never takes its last success back, not even when that lies in the future',
    caughtBy: ['N12, faults 32'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      const [before, after] = [state.node.lastSuccess, decision.state.node.lastSuccess];
      if (event._tag !== 'RunEnded' || O.isNone(before) || O.isNone(after) || after.value > before.value)
        return decision;
      return { ...decision, state: withNode(decision.state, (node) => ({ ...node, lastSuccess: before })) };
    },
  },
  {
    name: 'does not look twice at a signal that it refused',
    caughtBy: ['fault 35', 'N12, S5'],
    step: (policy, state, event, now) => {
      const decision = step(policy, state, event, now);
      if (event._tag !== 'Observed' || event.observation._tag !== 'Fresh') return decision;
      const bus = { ...decision.state.bus, known: event.observation.revision };
      return { ...decision, state: { ...decision.state, bus } };
    },
  },
  {
    name: 'takes a long sleep for a success',
    caughtBy: ['fault 34:'],
    step: onState(
      (_event, { running }) => O.isNone(running),
      (node, now) => {
        const { lastSuccess } = node;
        const hasSlept = O.isSome(lastSuccess) && now - lastSuccess.value > 12.5 * HOUR_MS;
        return hasSlept ? { ...node, lastSuccess: O.some(now) } : node;
      },
    ),
  },
  {
    name: 'runs in the very second of the resume',
    caughtBy: ['faults 34 and 37'],
    step: withPolicy((policy) => ({ ...policy, catchUpSplaySeconds: 0 })),
  },
  {
    name: "does not count the fallback's success",
    caughtBy: ['F4:'],
    step: (policy, state, event, now) =>
      step(policy, state, event._tag === 'FallbackSucceeded' ? { _tag: 'Woke' } : event, now),
  },
];
