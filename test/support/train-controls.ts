/**
 * Controls: the decision of a tick, each time with one safety taken out. A test of a law that passes on these as well
 * shows nothing; so each names the law by which the oracle must find it.
 */
import * as O from 'fp-ts/lib/Option.js';
import { type Artifact, catalogueOf } from '../../src/domain/catalogue.ts';
import type { EnvironmentName, StackName, Version } from '../../src/domain/names.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Pins } from '../../src/domain/pins.ts';
import type { Stage } from '../../src/domain/release-plan.ts';
import {
  afterPromotions,
  decideStage,
  type Promotion,
  type TickDecision,
  type TickView,
} from '../../src/domain/tick.ts';
import { HOUR_MS, plus } from '../../src/domain/time.ts';
import { openStep } from '../../src/domain/train-memory.ts';
import { CAREFUL, type Decider, type Discipline, GENUINE } from './fleet.ts';

/** A decision, or a Librarian that acts on it, without one safety. */
export interface Control {
  /** What it does wrong. */
  readonly fault: string;
  /** The law that finds it. */
  readonly law: string;
  readonly decider: Decider;
  readonly discipline: Discipline;
}

const careless = (law: string, fault: string, discipline: Partial<Discipline>): Control => ({
  law,
  fault,
  decider: GENUINE,
  discipline: { ...CAREFUL, ...discipline },
});

const control = (law: string, fault: string, broken: Decider['decideStage']): Control => ({
  law,
  fault,
  decider: { ...GENUINE, decideStage: broken },
  discipline: CAREFUL,
});

const withSchedule = (stage: Stage, change: (schedule: Stage['schedule']) => Partial<Stage['schedule']>): Stage => ({
  ...stage,
  schedule: { ...stage.schedule, ...change(stage.schedule) },
});

const withArtifacts = (view: TickView, change: (artifact: Artifact) => Artifact): TickView => ({
  ...view,
  catalogue: catalogueOf(view.plan.stacks, [...view.catalogue.byVersion.values()].map(change)),
});

const mapPins = (
  view: TickView,
  environments: readonly EnvironmentName[],
  change: (pins: ReadonlyMap<StackName, O.Option<Version>>) => ReadonlyMap<StackName, O.Option<Version>>,
): TickView => {
  const pins: Pins = new Map(
    [...view.pins].map(([name, read]) => [name, environments.includes(name) ? change(read) : read]),
  );
  return { ...view, pins };
};

const withoutDepartures = (view: TickView): TickView => ({
  ...view,
  memory: { ...view.memory, departed: new Map() },
});

/** The decision with its promotions changed one by one; none: it is dropped, as are its traces in the memory. */
const withPromotions = (
  view: TickView,
  decision: TickDecision,
  change: (promotion: Promotion) => Promotion | undefined,
): TickDecision => {
  let memory = decision.memory;
  const promotions: Promotion[] = [];
  const outcomes = decision.outcomes.map((outcome): Outcome => {
    const before = decision.promotions.find(({ environment }) => environment === outcome.environment);
    if (before === undefined || outcome._tag !== 'Promoted') return outcome;
    const changed = change(before);
    if (changed === before) {
      promotions.push(before);
      return outcome;
    }
    if (changed === undefined) {
      memory = { ...memory, steps: view.memory.steps };
      return { _tag: 'Waiting', environment: outcome.environment, reason: { _tag: 'ByHand' }, retryAt: O.none };
    }
    promotions.push(changed);
    const { environment, version, stacks, splaySeconds, reason } = changed;
    const from = view.pins.get(environment) ?? new Map<StackName, O.Option<Version>>();
    memory = openStep({ ...memory, steps: view.memory.steps }, environment, {
      version,
      from,
      splaySeconds,
      stacks,
      openedAt: view.now,
    });
    return { _tag: 'Promoted', environment, version, stacks, reason };
  });
  return { outcomes, promotions, memory };
};

const firstVersion = (pins: ReadonlyMap<StackName, O.Option<Version>> | undefined): O.Option<Version> =>
  [...(pins?.values() ?? [])].find(O.isSome) ?? O.none;

const laterBy = (decision: TickDecision, durationMs: number): TickDecision => ({
  ...decision,
  outcomes: decision.outcomes.map((outcome) =>
    outcome._tag === 'Promoted' || O.isNone(outcome.retryAt)
      ? outcome
      : { ...outcome, retryAt: O.some(plus(outcome.retryAt.value, durationMs)) },
  ),
});

/** A safety for every law of the train, taken out. */
export const CONTROLS: readonly Control[] = [
  control('T2', 'takes the oldest artifact instead of the newest', (view, stage) => {
    const [oldest] = view.catalogue.byVersion.keys();
    return decideStage({ ...view, catalogue: { ...view.catalogue, newest: O.fromNullable(oldest) } }, stage);
  }),
  control('L1', 'takes an artifact that some stack does not have', (view, stage) =>
    decideStage(
      withArtifacts(view, (artifact) => ({ ...artifact, completeOn: view.plan.stacks })),
      stage,
    ),
  ),
  control('T3', 'makes the canary wait for a train under way', (view, stage) => {
    const decision = decideStage(view, stage);
    if (stage._tag !== 'canary') return decision;
    const isTravelling = view.plan.stages.some(
      ({ _tag, environments }) =>
        _tag === 'train' &&
        new Set(environments.map((stop) => JSON.stringify(firstVersion(view.pins.get(stop))))).size > 1,
    );
    return withPromotions(view, decision, (promotion) => (isTravelling ? undefined : promotion));
  }),
  control('T4', 'boards a train under way', (view, stage) => {
    const decision = decideStage(view, stage);
    if (stage._tag !== 'train') return decision;
    const [first] = stage.environments;
    const boarding = firstVersion(view.pins.get(stage.boards));
    return withPromotions(view, decision, (promotion) =>
      promotion.reason === 'Travelled' && first !== undefined && O.isSome(boarding)
        ? { ...promotion, version: boarding.value }
        : promotion,
    );
  }),
  control('T5', 'promotes two stops of a train at one departure', (view, stage) => {
    const one = decideStage(view, stage);
    if (stage._tag !== 'train' || one.promotions.length === 0) return one;
    const moved = afterPromotions({ ...view, memory: { ...one.memory, steps: new Map() } }, one.promotions);
    const two = decideStage(withoutDepartures(moved), stage);
    const isFirst = (environment: EnvironmentName) => one.promotions.some((done) => done.environment === environment);
    if (two.promotions.some(({ environment }) => isFirst(environment))) return one;
    return {
      outcomes: stage.environments.flatMap((stop, i) => (isFirst(stop) ? one : two).outcomes[i] ?? []),
      promotions: stage.environments.flatMap((stop) =>
        [...one.promotions, ...two.promotions].filter(({ environment }) => environment === stop),
      ),
      memory: { ...two.memory, steps: new Map([...one.memory.steps, ...two.memory.steps]) },
    };
  }),
  control('T5', 'does not count a retry as what its departure did', (view, stage) => {
    const decision = decideStage(view, stage);
    const wasRetry = decision.promotions.length > 0 && decision.promotions.every(({ reason }) => reason === 'Resumed');
    return wasRetry ? { ...decision, memory: { ...decision.memory, departed: view.memory.departed } } : decision;
  }),
  control('T6', 'lets a version pass over a stop', (view, stage) => {
    const decision = decideStage(view, stage);
    const last = stage.environments.at(-1);
    if (stage._tag !== 'train' || last === undefined) return decision;
    const [step] = decision.promotions;
    if (step?.reason !== 'Travelled' || step.environment === last) return decision;
    const promotion = { ...step, environment: last, stacks: view.plan.stacks };
    const { version, stacks, reason, splaySeconds } = promotion;
    const from = view.pins.get(last) ?? new Map<StackName, O.Option<Version>>();
    return {
      outcomes: decision.outcomes.map((outcome): Outcome =>
        outcome.environment === last
          ? { _tag: 'Promoted', environment: last, version, stacks, reason }
          : { _tag: 'UpToDate', environment: outcome.environment, version, retryAt: O.none },
      ),
      promotions: [promotion],
      memory: openStep({ ...decision.memory, steps: view.memory.steps }, last, {
        version,
        from,
        splaySeconds,
        stacks,
        openedAt: view.now,
      }),
    };
  }),
  control('T7', 'forgets which departure acted', (view, stage) => decideStage(withoutDepartures(view), stage)),
  careless('T7', 'is written over whatever another Librarian has written', { compares: 'never' }),
  careless('T5', 'is remembered only after its effects', { memory: 'after the effects' }),
  careless('T12', 'retries without looking whether somebody has decided otherwise', {
    compares: 'when the memory changes',
  }),
  control('T8', 'knows no grace', (view, stage) =>
    decideStage(
      view,
      withSchedule(stage, ({ everyMs }) => ({ graceMs: everyMs })),
    ),
  ),
  control('T8', 'counts the millisecond after the grace as within it', (view, stage) =>
    decideStage(
      view,
      withSchedule(stage, ({ graceMs }) => ({ graceMs: graceMs + 1 })),
    ),
  ),
  control('T8', 'acts at once when the clock was set back', (view, stage) => {
    const last = view.memory.departed.get(stage.name);
    return decideStage(last !== undefined && last > view.now ? withoutDepartures(view) : view, stage);
  }),
  control('T8', 'makes up for the departures that were missed', (view, stage) => {
    const last = view.memory.departed.get(stage.name);
    const { everyMs } = stage.schedule;
    if (last === undefined || view.now < last + 2 * everyMs) return decideStage(view, stage);
    const catchingUp = decideStage(withoutDepartures({ ...view, now: plus(last, everyMs) }), stage);
    const departed = new Map(view.memory.departed).set(stage.name, plus(last, everyMs));
    return { ...catchingUp, memory: { ...catchingUp.memory, departed } };
  }),
  control('T9', 'leaves an environment without an outcome', (view, stage) => {
    const decision = decideStage(view, stage);
    return { ...decision, outcomes: decision.outcomes.slice(0, 4) };
  }),
  control('T9', 'says to ask again later than need be', (view, stage) => laterBy(decideStage(view, stage), HOUR_MS)),
  control('T9', 'says to ask again before anything can change', (view, stage) => laterBy(decideStage(view, stage), -1)),
  control('T10', 'does not look at holds', (view, stage) => decideStage({ ...view, holds: [] }, stage)),
  control('T10', 'takes every hold for one of the whole plan', (view, stage) =>
    decideStage({ ...view, holds: view.holds.map((hold) => ({ ...hold, scope: { _tag: 'plan' } })) }, stage),
  ),
  control('T11', 'takes what cannot be read for new', (view, stage) =>
    decideStage(
      mapPins(
        view,
        stage.environments,
        (read) => new Map(view.plan.stacks.map((stack) => [stack, read.get(stack) ?? O.none])),
      ),
      stage,
    ),
  ),
  control('T11', 'guesses that all stacks are where the first one is', (view, stage) =>
    stage._tag === 'train'
      ? decideStage(
          mapPins(view, stage.environments, (read) => {
            const guess = firstVersion(read);
            return new Map([...read.keys()].map((stack) => [stack, guess]));
          }),
          stage,
        )
      : decideStage(view, stage),
  ),
  control('T11', 'carries on with a train that is out of shape', (view, stage) => {
    const decision = decideStage(view, stage);
    if (!decision.outcomes.some((outcome) => outcome._tag === 'Waiting' && outcome.reason._tag === 'OutOfShape')) {
      return decision;
    }
    const [first] = stage.environments;
    const guess = first === undefined ? O.none : firstVersion(view.pins.get(first));
    const rest = stage.environments.slice(1, -1);
    return decideStage(
      mapPins(view, rest, (read) => new Map([...read.keys()].map((stack) => [stack, guess]))),
      stage,
    );
  }),
  control('T12', 'does not look at rejections', (view, stage) =>
    decideStage(
      withArtifacts(view, (artifact) => ({ ...artifact, rejected: false })),
      stage,
    ),
  ),
  control('T13', 'does not try again what failed', (view, stage) =>
    withPromotions(view, decideStage(view, stage), (promotion) =>
      promotion.reason === 'Resumed' ? undefined : promotion,
    ),
  ),
  control('T13', 'takes a step for done when one stack has it', (view, stage) => {
    const halfDone = stage.environments.filter((stop) => {
      const step = view.memory.steps.get(stop);
      return [...(view.pins.get(stop)?.values() ?? [])].some((pin) => O.isSome(pin) && pin.value === step?.version);
    });
    const steps = new Map([...view.memory.steps].filter(([stop]) => !halfDone.includes(stop)));
    const versionAt = (stop: EnvironmentName) => O.fromNullable(view.memory.steps.get(stop)?.version);
    const pins = new Map(
      [...view.pins].map(([stop, read]) => [
        stop,
        halfDone.includes(stop) ? new Map([...read.keys()].map((stack) => [stack, versionAt(stop)])) : read,
      ]),
    );
    return decideStage({ ...view, pins, memory: { ...view.memory, steps } }, stage);
  }),
  control('T14', 'lets a new stop join with what is newest on the train', (view, stage) => {
    const [first] = stage.environments;
    const newest = first === undefined ? O.none : firstVersion(view.pins.get(first));
    return withPromotions(view, decideStage(view, stage), (promotion) =>
      promotion.reason === 'Joined' && O.isSome(newest) && newest.value !== promotion.version
        ? { ...promotion, version: newest.value }
        : promotion,
    );
  }),
  control('T15', 'never takes a version to the last stop', (view, stage) =>
    withPromotions(view, decideStage(view, stage), (promotion) =>
      stage._tag === 'train' && promotion.reason === 'Travelled' && promotion.environment === stage.environments.at(-1)
        ? undefined
        : promotion,
    ),
  ),
  control('L8', 'promotes on stacks that have the version already', (view, stage) =>
    withPromotions(view, decideStage(view, stage), (promotion) => ({ ...promotion, stacks: view.plan.stacks })),
  ),
];
