import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { type Artifact, catalogueOf } from '../../src/domain/catalogue.ts';
import type { Hold } from '../../src/domain/hold.ts';
import { type EnvironmentName, nameFromLiteral, Slug, type StackName, type Version } from '../../src/domain/names.ts';
import { type Outcome, reasonLabel } from '../../src/domain/outcome.ts';
import { environmentPin, type Pins } from '../../src/domain/pins.ts';
import type { TrainStage } from '../../src/domain/release-plan.ts';
import { decideStage, type TickDecision, type TickView } from '../../src/domain/tick.ts';
import { DAY_MS, epochMs, HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { EMPTY_MEMORY, type Step, type TrainMemory } from '../../src/domain/train-memory.ts';
import { trainShape } from '../../src/domain/train-shape.ts';
import { environmentName, planOf, stackName, version } from '../support/slack.ts';
import {
  renderTrainTable,
  TRAIN_EVENTS,
  TRAIN_STATES,
  TRAIN_TABLE,
  type TrainEvent,
  type TrainState,
} from './train-table.ts';

const [OLD, NEW, NEWEST] = [version('1.0.1'), version('1.0.2'), version('1.0.3')];
const [BASALT, IRONSTONE] = [stackName('basalt'), stackName('ironstone')];
const STACKS = [BASALT, IRONSTONE];
const BOARDING = environmentName('prod-1');
const STOPS = ['prod-2', 'prod-3', 'prod-4'].map(environmentName);

const PLAN = planOf({
  name: 'table',
  stacks: STACKS,
  stages: [{ name: 'train', kind: 'train', environments: STOPS, boards: BOARDING, every: '1h', offset: '30m' }],
  by_hand: [BOARDING],
});
const TRAIN = PLAN.stages[0] as TrainStage;

/** Ten minutes, the grace, after a departure: the last instant at which it is due. */
const DEPARTURE = epochMs(Date.UTC(2025, 6, 28, 4, 30));
const NOW = plus(DEPARTURE, 10 * MINUTE_MS);

/** What a stop is on: on every stack the same, or one thing for each stack. */
type Pinned = Version | 'none' | 'unreadable' | readonly [Version | 'none', Version | 'none'];

const pinsOn = (pinned: Pinned): ReadonlyMap<StackName, O.Option<Version>> => {
  if (pinned === 'unreadable') return new Map();
  const [basalt, ironstone] = typeof pinned === 'string' ? [pinned, pinned] : pinned;
  const pin = (one: Version | 'none') => (one === 'none' ? O.none : O.some(one));
  return new Map([
    [BASALT, pin(basalt)],
    [IRONSTONE, pin(ironstone)],
  ]);
};

/** How a state is brought about: the pins of the stops, the stop concerned, and what would be promoted there. */
interface Scene {
  readonly pins: readonly [Pinned, Pinned, Pinned];
  readonly stop: 0 | 1 | 2;
  readonly moving: Version;
  /** What the boarding environment is on when there is nothing new. */
  readonly front: Pinned;
  /** And what when there is. */
  readonly boarding: Version;
  readonly step?: Step;
}

const SCENES: Record<TrainState, Scene> = {
  Empty: { pins: ['none', 'none', 'none'], stop: 0, moving: NEW, front: 'none', boarding: NEW },
  Joining: { pins: [NEW, OLD, 'none'], stop: 2, moving: OLD, front: NEW, boarding: NEWEST },
  Arrived: { pins: [OLD, OLD, OLD], stop: 0, moving: NEW, front: OLD, boarding: NEW },
  UnderWay: { pins: [NEW, OLD, OLD], stop: 1, moving: NEW, front: NEW, boarding: NEWEST },
  LastStop: { pins: [NEW, NEW, OLD], stop: 2, moving: NEW, front: NEW, boarding: NEWEST },
  StepOpen: {
    pins: [[NEW, OLD], OLD, OLD],
    stop: 0,
    moving: NEW,
    front: NEW,
    boarding: NEWEST,
    step: {
      version: NEW,
      from: pinsOn(OLD),
      splaySeconds: 60,
      stacks: STACKS,
      overtaken: [],
      openedAt: epochMs(0),
      requests: [],
    },
  },
  OutOfShape: { pins: [OLD, NEW, OLD], stop: 1, moving: NEW, front: OLD, boarding: NEWEST },
  Split: { pins: [OLD, [NEW, OLD], OLD], stop: 1, moving: NEW, front: OLD, boarding: NEWEST },
  Unreadable: { pins: [NEW, 'unreadable', OLD], stop: 1, moving: NEW, front: NEW, boarding: NEWEST },
};

const artifactsFor = (event: TrainEvent, moving: Version): readonly Artifact[] =>
  [OLD, NEW, NEWEST].map((one) => ({
    version: one,
    completeOn: event === 'ArtifactIncomplete' && one === moving ? [BASALT] : STACKS,
    rejected: event === 'Rejected' && one === moving,
  }));

const boardingFor = (event: TrainEvent, { front, boarding }: Scene): Pinned => {
  if (event === 'NothingNew') return front;
  return event === 'SourceUnsettled' ? [boarding, OLD] : boarding;
};

const holdOn = (environment: EnvironmentName): Hold => ({
  id: nameFromLiteral(Slug)('table'),
  scope: { _tag: 'environment', environment },
  reason: 'a test',
  owner: 'somebody',
  expiresAt: O.none,
});

const memoryFor = (event: TrainEvent, stop: EnvironmentName, step: Step | undefined): TrainMemory => {
  const lastActed = event === 'NotDue' ? DEPARTURE : plus(DEPARTURE, event === 'ClockWentBack' ? DAY_MS : -HOUR_MS);
  return {
    ...EMPTY_MEMORY,
    departed: new Map([[TRAIN.name, lastActed]]),
    steps: new Map(step === undefined ? [] : [[stop, step]]),
  };
};

const viewOf = (state: TrainState, event: TrainEvent): TickView => {
  const scene = SCENES[state];
  const stop = STOPS[scene.stop] ?? BOARDING;
  return {
    plan: PLAN,
    pins: new Map([
      [BOARDING, pinsOn(boardingFor(event, scene))],
      ...STOPS.map((name, i) => [name, pinsOn(scene.pins[i] ?? 'none')] as const),
    ]),
    catalogue: catalogueOf(STACKS, artifactsFor(event, scene.moving)),
    holds: event === 'Held' ? [holdOn(stop)] : [],
    memory: memoryFor(event, stop, scene.step),
    now: event === 'Missed' ? plus(NOW, 1) : NOW,
  };
};

/** The pins after the effects; where a stack fails it stays as it was. */
const pinsAfter = (event: TrainEvent, { pins }: TickView, { promotions }: TickDecision): Pins => {
  const after = new Map([...pins].map(([environment, read]) => [environment, new Map(read)]));
  for (const { environment, version: target, stacks } of promotions) {
    for (const stack of stacks) {
      if (event !== 'StackFails' || stack !== IRONSTONE) after.get(environment)?.set(stack, O.some(target));
    }
  }
  return after;
};

const stateOf = (pins: Pins, memory: TrainMemory): TrainState => {
  const stops = STOPS.map((stop) => environmentPin(STACKS, pins, stop, memory.steps.get(stop)));
  for (const { _tag } of stops) {
    if (_tag === 'Unreadable' || _tag === 'Split') return _tag;
    if (_tag === 'Incomplete') return 'StepOpen';
  }
  const shape = trainShape(
    stops.map((pin, i) => ({
      version: pin._tag === 'Agreed' ? O.some(pin.version) : O.none,
      joined: memory.joined.has(STOPS[i] ?? BOARDING),
    })),
  );
  return shape._tag === 'UnderWay' && shape.remaining === 1 ? 'LastStop' : shape._tag;
};

describe.each(TRAIN_STATES)('a train that is %s', (state) => {
  it('is brought about by its scene', () => {
    const { pins, memory } = viewOf(state, 'NewVersion');
    expect(stateOf(pins, memory)).toBe(state);
  });

  it.each(TRAIN_EVENTS)('T4, T8, T9, T10, T11, T12, T13, T14: at %s does what the table says', (event) => {
    const view = viewOf(state, event);
    const decision = decideStage(view, TRAIN);
    const outcome = decision.outcomes[SCENES[state].stop] as Outcome;
    expect({
      outcome: outcome._tag,
      reason: reasonLabel(outcome),
      promotes: decision.promotions.length > 0,
      next: stateOf(pinsAfter(event, view, decision), decision.memory),
    }).toEqual(TRAIN_TABLE[state][event]);
  });
});

describe('renderTrainTable', () => {
  it('has a row for every event and a column for every state', () => {
    const rows = renderTrainTable()
      .split('\n')
      .map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows[0]).toEqual(['', ...TRAIN_STATES]);
    expect(rows.slice(2).map(([event]) => event)).toEqual(TRAIN_EVENTS);
    expect(rows.every((row) => row.length === TRAIN_STATES.length + 1)).toBe(true);
    expect(rows[3]?.[1]).toBe('**Boarded** → Joining');
  });
});
