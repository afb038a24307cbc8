/** Every cell of the Summoner's transition table, run. */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { floorDueAt } from '../../src/domain/compliance.ts';
import { type EMPTY_NODE_STATE } from '../../src/domain/node-state.ts';
import type { RunEnd } from '../../src/domain/run-outcome.ts';
import { decodeSignal, type Signal } from '../../src/domain/signal.ts';
import {
  type Observation,
  policyFor,
  startingBus,
  step,
  type SummonerDecision,
  type SummonerEvent,
} from '../../src/domain/summoner.ts';
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../src/domain/time.ts';
import { healthyState } from '../support/node-harness.ts';
import {
  identityOf,
  OTHER_STACK,
  requestOf,
  type SignalSketch,
  signalOf,
  START,
  timestampAt,
  versionOf,
} from '../support/node-signals.ts';
import {
  EVENT_KINDS,
  type EventKind,
  PHASES,
  type Phase,
  phaseOf,
  renderSummonerTable,
  SUMMONER_TABLE,
  verdictText,
} from './summoner-table.ts';

const POLICY = policyFor(identityOf('web-17'), {
  attemptsMax: 2,
  backoff: { baseMs: MINUTE_MS, capMs: 30 * MINUTE_MS },
});
const SPLAY_SECONDS = 900;

const EXIT_1: RunEnd = { _tag: 'Exited', code: 1 };

/** A node in one phase, at the moment at which the event comes. */
interface Scene {
  readonly decision: SummonerDecision;
  readonly now: EpochMs;
  /** The version that was signalled last. */
  readonly newest: string;
}

let revision = 0;
const fresh = (signal: Signal): SummonerEvent => ({
  _tag: 'Observed',
  observation: { _tag: 'Fresh', signal, revision: `r${(revision += 1)}` },
});

const shown = (sketch: Partial<SignalSketch> & { readonly version: string }, offsetMs: number): SummonerEvent =>
  fresh(signalOf({ splaySeconds: SPLAY_SECONDS, timestamp: timestampAt(START, offsetMs), ...sketch }));

const next = ({ decision, now, newest }: Scene, event: SummonerEvent, at: EpochMs = plus(now, 1)): Scene => ({
  decision: step(POLICY, decision.state, event, at),
  now: at,
  newest,
});

const booted = (node: typeof EMPTY_NODE_STATE, now: EpochMs): Scene => ({
  decision: step(POLICY, { node, bus: startingBus(POLICY, now) }, { _tag: 'Started' }, now),
  now,
  newest: '1.0.0',
});

const WOKE: SummonerEvent = { _tag: 'Woke' };

const atNextStart = (scene: Scene): Scene => {
  const { nextStartAt } = scene.decision;
  if (O.isNone(nextStartAt)) throw new Error('nothing is scheduled');
  return next(scene, WOKE, nextStartAt.value);
};

const failing = (scene: Scene): Scene => next(atNextStart(scene), { _tag: 'RunEnded', end: EXIT_1 });

const idle = (): Scene =>
  next(booted(healthyState(O.some(versionOf('1.0.0')), START), START), shown({ version: '1.0.0' }, 0));

const splaying = (): Scene => ({ ...next(idle(), shown({ version: '2.0.0' }, 1)), newest: '2.0.0' });

/** Each phase as a node really comes to it. */
const SCENES: Readonly<Record<Phase, () => Scene>> = {
  Idle: idle,
  Splaying: splaying,
  Running: () => atNextStart(splaying()),
  BackingOff: () => failing(splaying()),
  GaveUp: () => failing(failing(splaying())),
  FirstRunWaiting: () => {
    const ahead = {
      ...healthyState(O.some(versionOf('1.0.0')), plus(START, DAY_MS)),
      accepted: O.some(timestampAt(START)),
    };
    return booted(ahead, START);
  },
  DisabledIdle: () => next(idle(), disabledUntil(plus(START, 20 * HOUR_MS))),
};

const disabledUntil = (until: EpochMs): SummonerEvent => ({
  _tag: 'Disabled',
  disabling: { reason: 'maintenance', owner: 'ops', until, floorToo: false },
});

const observed = (observation: Observation): SummonerEvent => ({ _tag: 'Observed', observation });

const malformed = (): SummonerEvent => {
  const refused = decodeSignal('');
  if (E.isRight(refused)) throw new Error('nothing was read as a signal');
  return observed({ _tag: 'Malformed', refusal: refused.left });
};

/** The same node, its last success so long ago that the floor falls due now. */
const withFloorDue = (scene: Scene): Scene => {
  const { decision, now } = scene;
  const dueAfterMs = floorDueAt(POLICY, POLICY.identity.node, epochMs(0));
  const node = { ...decision.state.node, lastSuccess: O.some(plus(now, 1 - dueAfterMs)) };
  return { ...scene, decision: { ...decision, state: { ...decision.state, node } } };
};

const request = (nodes: readonly string[]) =>
  requestOf({ id: 'r-1', expiresAt: plus(START, 3 * DAY_MS), splaySeconds: SPLAY_SECONDS, nodes });

const NEWER = 5;

/** What is done to a node for each event. */
const EVENTS: Readonly<Record<EventKind, (scene: Scene) => Scene>> = {
  'new version': (scene) => next(scene, shown({ version: '3.0.0' }, NEWER)),
  'same version, newer timestamp': (scene) => next(scene, shown({ version: scene.newest }, NEWER)),
  'same signal again': (scene) => {
    const { accepted } = scene.decision.state.node;
    if (O.isNone(accepted)) throw new Error('no signal was believed');
    return next(scene, shown({ version: scene.newest, timestamp: accepted.value }, 0));
  },
  'older signal': (scene) => next(scene, shown({ version: '9.0.0' }, -1)),
  'applied version': (scene) => next(scene, shown({ version: '1.0.0' }, NEWER)),
  'wrong stack': (scene) => next(scene, shown({ version: '3.0.0', stack: OTHER_STACK }, NEWER)),
  'upload incomplete': (scene) => next(scene, shown({ version: '3.0.0', uploadComplete: false }, NEWER)),
  expired: (scene) => next(scene, shown({ version: '3.0.0', ttlEpochSeconds: START / SECOND_MS }, NEWER)),
  malformed: (scene) => next(scene, malformed()),
  unchanged: (scene) => next(scene, observed({ _tag: 'Unchanged' })),
  unavailable: (scene) => next(scene, observed({ _tag: 'Unavailable' })),
  'request for me': (scene) => next(scene, shown({ version: scene.newest, runRequests: [request(['web-*'])] }, NEWER)),
  'request for others': (scene) =>
    next(scene, shown({ version: scene.newest, runRequests: [request(['db-*'])] }, NEWER)),
  'time of start came': (scene) =>
    O.isSome(scene.decision.nextStartAt) ? atNextStart(scene) : next(scene, WOKE, plus(scene.now, HOUR_MS)),
  'floor came': (scene) =>
    phaseOf(scene.decision) === 'FirstRunWaiting' ? atNextStart(scene) : next(withFloorDue(scene), WOKE),
  'run succeeded': (scene) => next(scene, { _tag: 'RunEnded', end: { _tag: 'Exited', code: 0 } }),
  'run failed': (scene) => next(scene, { _tag: 'RunEnded', end: EXIT_1 }),
  'run failed for the last time': (scene) => {
    const failedOnce = next(scene, { _tag: 'RunEnded', end: EXIT_1 });
    return phaseOf(failedOnce.decision) === 'BackingOff' && phaseOf(scene.decision) === 'Running'
      ? failing(failedOnce)
      : failedOnce;
  },
  upgraded: (scene) => next(scene, { _tag: 'RunEnded', end: { _tag: 'Exited', code: 213 } }),
  disabled: (scene) => next(scene, disabledUntil(plus(scene.now, HOUR_MS))),
  enabled: (scene) => next(scene, { _tag: 'Enabled' }),
  'run-now': (scene) => next(scene, { _tag: 'RunNowAsked' }),
  restart: ({ decision, now, newest }) => {
    const bus = startingBus(POLICY, now);
    return { decision: step(POLICY, { node: decision.state.node, bus }, { _tag: 'Started' }, now), now, newest };
  },
  'clock stepped': (scene) => next(scene, { _tag: 'ClockStepped', byMs: 7 * HOUR_MS }, plus(scene.now, 7 * HOUR_MS)),
  'fallback succeeded': (scene) => next(scene, { _tag: 'FallbackSucceeded', at: scene.now }),
};

/** In these, time has to reach what is not there. */
const ONLY_FLOOR_AHEAD: EventKind = 'time of start came';

describe.each(PHASES)('the table, %s', (phase) => {
  it('is a phase that a node comes to', () => {
    expect(phaseOf(SCENES[phase]().decision)).toBe(phase);
  });

  it.each(EVENT_KINDS)('%s', (event) => {
    const expected = SUMMONER_TABLE[phase][event];
    const scene = SCENES[phase]();
    if (expected._tag === 'Impossible' && event === ONLY_FLOOR_AHEAD) {
      const { lastSuccess } = scene.decision.state.node;
      const floorAt = O.map((at: EpochMs) => floorDueAt(POLICY, POLICY.identity.node, at))(lastSuccess);
      expect(scene.decision.nextStartAt).toEqual(floorAt);
      return;
    }
    const { decision } = EVENTS[event](scene);
    switch (expected._tag) {
      case 'Impossible':
        expect(decision.action._tag).toBe('Wait');
        expect(decision.state.node).toBe(scene.decision.state.node);
        return;
      case 'Starts':
        expect({ action: decision.action._tag, reason: decision.reason._tag, next: phaseOf(decision) }).toEqual({
          action: 'Start',
          reason: expected.cause,
          next: 'Running',
        });
        return;
      case 'Waits':
        expect({
          action: decision.action._tag,
          reason: decision.reason._tag,
          next: phaseOf(decision),
          verdict: verdictText(decision.verdict),
        }).toEqual({ action: 'Wait', reason: expected.reason, next: expected.next, verdict: expected.verdict });
        return;
    }
  });
});

describe('the table as Markdown', () => {
  it('has a line for every event and a column for every phase', () => {
    const lines = renderSummonerTable().trimEnd().split('\n');
    expect(lines).toHaveLength(EVENT_KINDS.length + 2);
    for (const line of lines) expect(line.split(' | ')).toHaveLength(PHASES.length + 1);
  });

  it('names every event of the type', () => {
    expect(EVENT_KINDS.toSorted()).toEqual(Object.keys(SUMMONER_TABLE.Idle).toSorted());
  });
});
