/**
 * What can befall a {@link Fleet}, as fast-check commands over random plans. After each of them the oracle looks at
 * everything that was decided.
 */
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { HoldScope } from '../../src/domain/hold.ts';
import { promoteByHand, rollBack } from '../../src/domain/intervention.ts';
import { type EnvironmentName, nameFromLiteral, Slug, type StackName, type Version } from '../../src/domain/names.ts';
import { environmentsOf, type ReleasePlan, type ReleasePlanJson, type Stage } from '../../src/domain/release-plan.ts';
import { departureAfter } from '../../src/domain/schedule.ts';
import { HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { type Fleet, NO_TROUBLE, type TickTrouble } from './fleet.ts';
import { environmentName, planOf, version } from './slack.ts';
import type { TrainOracle } from './train-oracle.ts';

const slug = nameFromLiteral(Slug);

/** The version that arrives as the `n`th. From the tenth on it would sort wrongly as text. */
export const versionOf = (n: number): Version => version(`1.0.${n}`);

/** The version that everything is on to begin with, where it is on any. */
export const START_VERSION = versionOf(7);

const STACKS = ['basalt', 'ironstone', 'obsidian'];
const EVERY = ['30m', '1h', '2h'] as const;
const OFFSETS = ['0s', '10m', '20m'] as const;
const GRACES = ['0s', '5m', '10m', '30m'] as const;

const timing = fc.record({
  every: fc.constantFrom(...EVERY),
  offset: fc.constantFrom(...OFFSETS),
  grace: fc.constantFrom(...GRACES),
});

const stops = (prefix: string, min: number, max: number): fc.Arbitrary<readonly string[]> =>
  fc.integer({ min, max }).map((count) => Array.from({ length: count }, (_, i) => `${prefix}-${i + 1}`));

/** A plan with every kind of stage: up to three stacks, and two trains of up to five stops. */
export const releasePlan: fc.Arbitrary<ReleasePlan> = fc
  .record({
    stacks: fc.integer({ min: 1, max: 3 }),
    latest: timing,
    dev: stops('dev', 1, 2),
    canary: timing,
    canaries: stops('canary', 1, 2),
    train: timing,
    prod: stops('prod', 1, 5),
    second: timing,
    edge: stops('edge', 0, 4),
    edgeBoards: fc.constantFrom('dev-1', 'canary-1', 'prod-1', 'ami'),
  })
  .map(({ stacks, latest, dev, canary, canaries, train, prod, second, edge, edgeBoards }): ReleasePlan => {
    const json: ReleasePlanJson = {
      name: 'random',
      stacks: STACKS.slice(0, stacks),
      stages: [
        { name: 'latest', kind: 'latest', environments: dev, ...latest },
        { name: 'canary', kind: 'canary', environments: canaries, follows: 'dev-1', ...canary },
        { name: 'train', kind: 'train', environments: prod, boards: 'canary-1', ...train },
        ...(edge.length === 0
          ? []
          : [{ name: 'edge', kind: 'train' as const, environments: edge, boards: edgeBoards, ...second }]),
      ],
      by_hand: ['ami'],
    };
    return planOf(json);
  });

/** What everything is on when the fleet is first looked at: one version, or nothing at all. */
export const startOf = (plan: ReleasePlan, isNew: boolean): ReadonlyMap<EnvironmentName, Version> =>
  new Map(isNew ? [] : environmentsOf(plan).map((environment) => [environment, START_VERSION] as const));

/** One thing that befalls a fleet. */
export type FleetCommand = fc.Command<TrainOracle, Fleet>;

const command = (text: string, run: (oracle: TrainOracle, fleet: Fleet) => void): FleetCommand => ({
  check: () => true,
  run,
  toString: () => text,
});

const pick = <A>(list: readonly A[], n: number): A | undefined => list[n % list.length];

/** Which of three stacks, as a bit mask. */
const mask = fc.integer({ min: 0, max: 7 });
/** Mostly none. */
const rareMask = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: mask });
const any = fc.nat({ max: 59 });

const masked = (fleet: Fleet, bits: number): ReadonlySet<StackName> =>
  new Set(fleet.plan.stacks.filter((_, i) => (bits >> i) & 1));

const crashes = fc.option(fc.record({ stage: fc.nat({ max: 4 }), effects: fc.nat({ max: 3 }) }), {
  freq: 5,
  nil: undefined,
});

const troubleOf = (fleet: Fleet, failing: number, crash: TickTrouble['crash']): TickTrouble => ({
  failing: masked(fleet, failing),
  crash,
});

const tickNow = fc
  .record({ minutes: fc.nat({ max: 50 }), failing: rareMask, crash: crashes })
  .map(({ minutes, failing, crash }) =>
    command(`tick(after ${minutes} min, failing ${failing}, ${JSON.stringify(crash)})`, (oracle, fleet) => {
      fleet.advance(minutes * MINUTE_MS);
      oracle.ticked(fleet.tick(troubleOf(fleet, failing, crash)));
    }),
  );

/** How a tick can meet a departure: just before, on time, within the grace, at its last instant, past it. */
const lateness = fc.constantFrom('early', 'on time', 'late', 'last', 'missed');

const lateMs = (stage: Stage, how: 'early' | 'on time' | 'late' | 'last' | 'missed'): number => {
  const { graceMs } = stage.schedule;
  switch (how) {
    case 'early':
      return -1;
    case 'on time':
      return 0;
    case 'late':
      return Math.floor(graceMs / 2);
    case 'last':
      return graceMs;
    case 'missed':
      return graceMs + 1;
  }
};

const departure = fc
  .record({ which: any, how: lateness, times: fc.integer({ min: 1, max: 3 }), failing: rareMask, crash: crashes })
  .map(({ which, how, times, failing, crash }) =>
    command(
      `departure(of stage ${which}, ${how}, ${times} times, failing ${failing}, ${JSON.stringify(crash)})`,
      (oracle, fleet) => {
        const stage = pick(fleet.plan.stages, which);
        if (stage === undefined) return;
        const next = departureAfter(stage.schedule, plus(fleet.now, 1));
        fleet.advance(next + lateMs(stage, how) - fleet.now);
        oracle.ticked(fleet.tick(troubleOf(fleet, failing, crash)));
        for (let again = 1; again < times; again++) oracle.ticked(fleet.tick());
      },
    ),
  );

/** A whole round of departures on which nothing goes wrong. */
const calmHours = fc.integer({ min: 1, max: 6 }).map((hours) =>
  command(`calm(${hours} h)`, (oracle, fleet) => {
    for (let quarter = 0; quarter < hours * 6; quarter++) {
      fleet.advance(10 * MINUTE_MS);
      oracle.ticked(fleet.tick());
    }
  }),
);

const outage = fc
  .integer({ min: 1, max: 40 })
  .map((hours) => command(`outage(${hours} h)`, (_, fleet) => fleet.advance(hours * HOUR_MS)));

/** Two Librarians read the same; one ticks, and the other goes on with what it read before. */
const rivals = fc.record({ failing: rareMask, crash: crashes }).map(({ failing, crash }) =>
  command(`rivals(failing ${failing}, ${JSON.stringify(crash)})`, (oracle, fleet) => {
    const stale = fleet.snapshot();
    oracle.ticked(fleet.tick(troubleOf(fleet, failing, crash)));
    oracle.ticked(fleet.tick(NO_TROUBLE, stale));
  }),
);

const arrive = fc
  .record({ completeOn: fc.oneof({ weight: 4, arbitrary: fc.constant(7) }, { weight: 1, arbitrary: mask }) })
  .map(({ completeOn }) =>
    command(`arrive(on ${completeOn})`, (_, fleet) => {
      const arrived = versionOf(8 + fleet.artifacts.size);
      const artifact = { version: arrived, completeOn: [...masked(fleet, completeOn)], rejected: false };
      fleet.artifacts.set(arrived, artifact);
    }),
  );

const complete = any.map((which) =>
  command(`complete(${which})`, (_, fleet) => {
    const artifact = pick([...fleet.artifacts.values()], which);
    if (artifact !== undefined) {
      fleet.artifacts.set(artifact.version, { ...artifact, completeOn: fleet.plan.stacks });
    }
  }),
);

const judge = fc.record({ which: any, rejected: fc.boolean() }).map(({ which, rejected }) =>
  command(`${rejected ? 'reject' : 'approve'}(${which})`, (_, fleet) => {
    const artifact = pick([...fleet.artifacts.values()].toReversed(), which);
    if (artifact === undefined) return;
    fleet.change(() => fleet.artifacts.set(artifact.version, { ...artifact, rejected }));
  }),
);

const scopeOf = (fleet: Fleet, kind: HoldScope['_tag'], which: number): HoldScope | undefined => {
  switch (kind) {
    case 'plan':
      return { _tag: 'plan' };
    case 'stage': {
      const stage = pick(fleet.plan.stages, which);
      return stage === undefined ? undefined : { _tag: 'stage', stage: stage.name };
    }
    case 'environment': {
      const environment = pick(environmentsOf(fleet.plan), which);
      return environment === undefined ? undefined : { _tag: 'environment', environment };
    }
    case 'stack': {
      const stack = pick(fleet.plan.stacks, which);
      return stack === undefined ? undefined : { _tag: 'stack', stack };
    }
  }
};

const hold = fc
  .record({
    kind: fc.constantFrom<HoldScope['_tag']>('plan', 'stage', 'environment', 'stack'),
    which: any,
    minutes: fc.option(fc.integer({ min: 1, max: 400 }), { freq: 4 }),
  })
  .map(({ kind, which, minutes }) =>
    command(`hold(${kind} ${which}, ${String(minutes)} min)`, (_, fleet) => {
      const scope = scopeOf(fleet, kind, which);
      if (scope === undefined) return;
      const expiresAt = minutes === null ? O.none : O.some(plus(fleet.now, minutes * MINUTE_MS));
      const id = slug(`hold-${fleet.revision}`);
      fleet.change(() => {
        fleet.holds = [...fleet.holds, { id, scope, reason: 'a test', owner: 'somebody', expiresAt }];
      });
    }),
  );

const lift = any.map((which) =>
  command(`lift(${which})`, (_, fleet) => {
    const lifted = pick(fleet.holds, which);
    if (lifted === undefined) return;
    fleet.change(() => {
      fleet.holds = fleet.holds.filter((one) => one !== lifted);
    });
  }),
);

const stacksDown = rareMask.map((bits) =>
  command(`down(${bits})`, (_, fleet) => {
    fleet.down = masked(fleet, bits);
  }),
);

const blind = fc.record({ which: any, stack: fc.option(fc.nat({ max: 2 }), { freq: 2 }) }).map(({ which, stack }) =>
  command(`blind(${which}, ${String(stack)})`, (_, fleet) => {
    const environment = pick(environmentsOf(fleet.plan), which);
    const name = stack === null ? undefined : pick(fleet.plan.stacks, stack);
    fleet.blind = new Set(environment === undefined || name === undefined ? [] : [`${environment} ${name}`]);
  }),
);

const join = fc.record({ which: any, at: fc.nat({ max: 5 }) }).map(({ which, at }) =>
  command(`join(stage ${which}, at ${at})`, (_, fleet) => {
    const stage = pick(fleet.plan.stages, which);
    if (stage === undefined || stage.environments.length >= 6) return;
    const joining = environmentName(`new-${environmentsOf(fleet.plan).length}`);
    const joined: Stage = { ...stage, environments: stage.environments.toSpliced(at, 0, joining) };
    fleet.plan = { ...fleet.plan, stages: fleet.plan.stages.map((one) => (one === stage ? joined : one)) };
    fleet.addEnvironment(joining, undefined);
  }),
);

const reschedule = fc
  .record({ which: any, minutes: fc.constantFrom(30, 60, 90, 240), offset: fc.nat({ max: 25 }) })
  .map(({ which, minutes, offset }) =>
    command(`reschedule(stage ${which}, every ${minutes} min, offset ${offset} min)`, (_, fleet) => {
      const stage = pick(fleet.plan.stages, which);
      if (stage === undefined) return;
      const schedule = { ...stage.schedule, everyMs: minutes * MINUTE_MS, offsetMs: offset * MINUTE_MS };
      const changed: Stage = { ...stage, schedule };
      fleet.plan = { ...fleet.plan, stages: fleet.plan.stages.map((one) => (one === stage ? changed : one)) };
    }),
  );

const setBack = fc.integer({ min: 1, max: 400 }).map((minutes) =>
  command(`setBack(${minutes} min)`, (oracle, fleet) => {
    fleet.setBack(minutes * MINUTE_MS);
    oracle.clockSetBack();
  }),
);

const byHand = fc
  .record({ which: any, what: any, stack: fc.option(fc.nat({ max: 2 }), { freq: 3 }), failing: rareMask })
  .map(({ which, what, stack, failing }) =>
    command(`promote(${which}, ${what}, ${String(stack)}, failing ${failing})`, (oracle, fleet) => {
      const environment = pick(environmentsOf(fleet.plan), which);
      const artifact = pick([...fleet.artifacts.values()].toReversed(), what);
      if (environment === undefined || artifact === undefined) return;
      const name = stack === null ? undefined : pick(fleet.plan.stacks, stack);
      const request = { environment, version: artifact.version, stack: O.fromNullable(name), splaySeconds: O.none };
      const stale = fleet.snapshot();
      const done = fleet.intervene((view) => promoteByHand(view, request), masked(fleet, failing));
      const whole = name === undefined || fleet.plan.stacks.length === 1;
      if (E.isRight(done)) oracle.promotedByHand(environment, artifact.version, whole, done.right);
      // A tick that had begun before it goes on with what it has read.
      oracle.ticked(fleet.tick(NO_TROUBLE, stale));
    }),
  );

const rollback = fc
  .record({
    kind: fc.constantFrom('environment', 'stage', 'carriers'),
    which: any,
    to: fc.option(any),
    failing: rareMask,
  })
  .map(({ kind, which, to, failing }) =>
    command(`rollback(${kind} ${which}, ${String(to)}, failing ${failing})`, (oracle, fleet) => {
      const one = pick(environmentsOf(fleet.plan), which);
      const stage = pick(fleet.plan.stages, which);
      if (one === undefined || stage === undefined) return;
      const carries = (environment: EnvironmentName) =>
        fleet.plan.stacks.some((stack) => {
          const [pin, bad] = [fleet.pin(environment, stack), fleet.pin(one, stack)];
          return O.isSome(pin) && O.isSome(bad) && pin.value === bad.value;
        });
      const environments =
        kind === 'environment'
          ? [one]
          : kind === 'stage'
            ? stage.environments
            : environmentsOf(fleet.plan).filter(carries);
      const target = to === null ? undefined : pick([...fleet.artifacts.keys()], to);
      const request = { environments, to: O.fromNullable(target) };
      const stale = fleet.snapshot();
      const done = fleet.intervene((view) => rollBack(view, request), masked(fleet, failing));
      if (E.isRight(done)) oracle.rolledBack(done.right);
      oracle.ticked(fleet.tick(NO_TROUBLE, stale));
    }),
  );

const knife = fc.record({ which: any, stack: fc.nat({ max: 2 }), what: any }).map(({ which, stack, what }) =>
  command(`knife(${which}, ${stack}, ${what})`, (oracle, fleet) => {
    const environment = pick(environmentsOf(fleet.plan), which);
    const name = pick(fleet.plan.stacks, stack);
    const found = pick([...fleet.artifacts.keys()], what);
    if (environment === undefined || name === undefined || found === undefined) return;
    fleet.setPin(environment, name, found);
    oracle.pinMovedElsewhere(environment);
  }),
);

const often = <A>(times: number, arbitrary: A): readonly A[] => Array.from({ length: times }, () => arbitrary);

/** What befalls a fleet at which nobody lays hand. */
const UNTOUCHED: readonly fc.Arbitrary<FleetCommand>[] = [
  ...often(4, departure),
  ...often(2, tickNow),
  ...often(2, calmHours),
  ...often(4, arrive),
  ...often(2, join),
  ...[outage, rivals, complete, judge, hold, lift, stacksDown, blind, reschedule, setBack],
];

/** What befalls a fleet, people included. */
const TOUCHED: readonly fc.Arbitrary<FleetCommand>[] = [...UNTOUCHED, byHand, byHand, rollback, rollback, knife];

/** Commands for a fleet, by whether people intervene. */
export const fleetCommands = (people: boolean, maxCommands = 40): fc.Arbitrary<Iterable<FleetCommand>> =>
  fc.commands([...(people ? TOUCHED : UNTOUCHED)], { maxCommands, size: '+1' });
