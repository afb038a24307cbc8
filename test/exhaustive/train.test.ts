/**
 * The train against its laws in every state that it can reach within small bounds. Each row of the table is searched to
 * its end; together they cover plans of up to five stops, three versions, two stacks, holds, people, stops that join,
 * Librarians that die between any two steps or work side by side, ticks at any time and departures that are missed.
 */
import { describe, expect, test } from 'vitest';
import { promoteByHand } from '../../src/domain/intervention.ts';
import { CAREFUL, type Decider, type Discipline, GENUINE } from '../support/fleet.ts';
import { CONTROLS } from '../support/train-controls.ts';
import { explore, findConfusion } from './explore.ts';
import { expectBroken, expectComplete } from './report.ts';
import type { TrainBounds, TrainOptions } from './train-setting.ts';
import { trainSpace } from './train-space.ts';

/** More than any of the searches needs: beyond it one is not small any more. */
const STATES_MAX = 400_000;

const small = { versions: 2, stacks: 1, wholePlan: false, librarians: 1 };

/** What is searched, and how many states it has at least: one that has fewer looks at less than it says. */
const SEARCHES: readonly (TrainBounds & { readonly statesMin: number })[] = [
  {
    name: 'latest, canary and five stops, three versions, two stacks',
    ...{ ...small, stops: 5, versions: 3, stacks: 2, wholePlan: true, statesMin: 100_000 },
  },
  {
    name: 'latest, canary and two stops, two stacks, with uploads under way, stacks that are silent and effects that fail',
    ...{
      ...small,
      stops: 2,
      stacks: 2,
      wholePlan: true,
      uploads: true,
      outages: true,
      failures: true,
      statesMin: 20_000,
    },
  },
  {
    name: 'five stops, three versions, two stacks that fail and fall silent',
    ...{ ...small, stops: 5, versions: 3, stacks: 2, outages: true, failures: true, statesMin: 10_000 },
  },
  ...[1, 2, 3, 4].map((stops) => ({
    name: `${stops} ${stops === 1 ? 'stop' : 'stops'}, three versions, two stacks`,
    ...{ ...small, stops, versions: 3, stacks: 2, statesMin: 1_000 },
  })),
  {
    name: 'five new stops, three versions, two stacks',
    ...{ ...small, stops: 5, versions: 3, stacks: 2, isNew: true, statesMin: 10_000 },
  },
  {
    name: 'five stops, each of which may be the one that joins late, three versions',
    ...{ ...small, stops: 5, versions: 3, joins: [0, 1, 2, 3, 4], statesMin: 30_000 },
  },
  {
    name: 'two Librarians, two stops, two stacks',
    ...{ ...small, stops: 2, stacks: 2, librarians: 2, statesMin: 40_000 },
  },
  {
    name: 'two Librarians, latest, canary and two stops',
    ...{ ...small, stops: 2, wholePlan: true, librarians: 2, statesMin: 40_000 },
  },
  {
    name: 'holds, five stops, two stacks',
    ...{ ...small, stops: 5, stacks: 2, holds: true, statesMin: 60_000 },
  },
  {
    name: 'a rollback or an approval, five stops, three versions',
    ...{ ...small, stops: 5, versions: 3, rollbacks: true, interventions: 1, statesMin: 80_000 },
  },
  {
    name: 'two rollbacks or approvals, two stops, two stacks',
    ...{ ...small, stops: 2, stacks: 2, rollbacks: true, interventions: 2, statesMin: 50_000 },
  },
  {
    name: 'a rollback or an approval beside a Librarian, two stops',
    ...{ ...small, stops: 2, librarians: 2, rollbacks: true, interventions: 1, statesMin: 40_000 },
  },
  {
    name: 'a promotion by hand, three stops, three versions',
    ...{ ...small, stops: 3, versions: 3, promotions: true, interventions: 1, statesMin: 30_000 },
  },
  {
    name: 'a promotion by hand, two stops, two stacks',
    ...{ ...small, stops: 2, stacks: 2, promotions: true, interventions: 1, statesMin: 15_000 },
  },
  {
    name: 'two promotions by hand, one stop, two stacks',
    ...{ ...small, stops: 1, stacks: 2, promotions: true, interventions: 2, statesMin: 20_000 },
  },
  {
    name: 'two promotions by hand, rollbacks or approvals, one stop, two stacks',
    ...{ ...small, stops: 1, stacks: 2, promotions: true, rollbacks: true, interventions: 2, statesMin: 30_000 },
  },
  {
    name: 'two promotions by hand, rollbacks or approvals, two stops',
    ...{ ...small, stops: 2, promotions: true, rollbacks: true, interventions: 2, statesMin: 15_000 },
  },
];

describe('every state of the train', () => {
  test.each(SEARCHES)('T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15, L1, L3, L8: $name', (search) => {
    const { statesMin, ...bounds } = search;
    expectComplete(bounds.name, explore(trainSpace({ bounds }, STATES_MAX)), statesMin);
  });
});

/** Small bounds in which a control can go wrong. */
const FIELDS = {
  train: { ...small, name: 'train', stops: 3, versions: 3, stacks: 2, failures: true },
  plan: { ...small, name: 'plan', stops: 2, versions: 3, stacks: 2, wholePlan: true, uploads: true },
  rivals: { ...small, name: 'rivals', stops: 2, librarians: 2 },
  held: { ...small, name: 'held', stops: 2, stacks: 2, holds: true },
  rolledBack: { ...small, name: 'rolled back', stops: 3, rollbacks: true, interventions: 1 },
  race: { ...small, name: 'race', stops: 2, librarians: 2, rollbacks: true, interventions: 1 },
  touched: { ...small, name: 'touched', stops: 3, versions: 3, promotions: true, interventions: 1 },
  oneStack: { ...small, name: 'one stack', stops: 1, stacks: 2, promotions: true, interventions: 2 },
  joining: { ...small, name: 'joining', stops: 3, joins: [0, 1, 2] },
} satisfies Readonly<Record<string, TrainBounds>>;

/** Where the controls of the train's other tests go wrong, by what they do. */
const CAUGHT_IN: readonly (readonly [fault: string, field: keyof typeof FIELDS])[] = [
  ['takes the oldest artifact instead of the newest', 'plan'],
  ['takes an artifact that some stack does not have', 'plan'],
  ['makes the canary wait for a train under way', 'plan'],
  ['boards a train under way', 'train'],
  ['promotes two stops of a train at one departure', 'train'],
  ['does not count a retry as what its departure did', 'train'],
  ['lets a version pass over a stop', 'train'],
  ['forgets which departure acted', 'train'],
  ['is written over whatever another Librarian has written', 'rivals'],
  ['is remembered only after its effects', 'train'],
  ['retries without looking whether somebody has decided otherwise', 'race'],
  ['knows no grace', 'train'],
  ['counts the millisecond after the grace as within it', 'train'],
  ['does not look at holds', 'held'],
  ['takes every hold for one of the whole plan', 'held'],
  ['carries on with a train that is out of shape', 'touched'],
  ['does not look at rejections', 'rolledBack'],
  ['does not try again what failed', 'train'],
  ['takes a step for done when one stack has it', 'train'],
  ['lets a new stop join with what is newest on the train', 'joining'],
  ['never takes a version to the last stop', 'train'],
  ['promotes on stacks that have the version already', 'train'],
];

interface Caught {
  readonly law: string;
  readonly fault: string;
  readonly field: keyof typeof FIELDS;
  readonly decider: Decider;
  readonly discipline: Discipline;
  readonly order?: TrainOptions['order'];
  readonly promoteByHand?: TrainOptions['promoteByHand'];
}

/** Looks at no step that is open: the stacks of one that it takes the place of are nobody's any more. */
const forgetful: typeof promoteByHand = (view, request) => {
  const steps = new Map(view.memory.steps);
  steps.delete(request.environment);
  return promoteByHand({ ...view, memory: { ...view.memory, steps } }, request);
};

const CAUGHT: readonly Caught[] = [
  {
    law: 'L1',
    fault: 'signals before it pins',
    field: 'train',
    decider: GENUINE,
    discipline: CAREFUL,
    order: 'signal first',
  },
  ...['L1', 'L3'].map((law) => ({
    law,
    fault: 'forgets the stacks of a step when people promote another',
    field: 'oneStack' as const,
    decider: GENUINE,
    discipline: CAREFUL,
    promoteByHand: forgetful,
  })),
  ...CAUGHT_IN.flatMap(([fault, field]) =>
    CONTROLS.filter((control) => control.fault === fault).map((control) => ({ ...control, field })),
  ),
];

describe('the states of the train', () => {
  const fields = [FIELDS.train, FIELDS.rivals, FIELDS.joining, { ...FIELDS.touched, versions: 2 }];
  test.each(fields)('have the same future where they are taken for one: $name', (bounds) => {
    expect(findConfusion(trainSpace({ bounds }, STATES_MAX))).toBeUndefined();
  });
});

describe('controls', () => {
  test('each is there', () => {
    expect(CAUGHT).toHaveLength(CAUGHT_IN.length + 3);
  });

  test.each(CAUGHT)('$law finds a train that $fault', ({ law, fault, field, ...broken }) => {
    const options: TrainOptions = { ...broken, bounds: FIELDS[field], only: law };
    expectBroken(fault, explore(trainSpace(options, STATES_MAX)), law);
  });
});
