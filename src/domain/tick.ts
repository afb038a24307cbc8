/**
 * The tick: what every environment of a plan does now.
 *
 * {@link decideStage} decides one stage from the pins as they are. Stages due at one instant act in the plan's order,
 * each seeing the pins that the earlier ones really left; so a shell decides a stage, writes down the memory, carries
 * out the effects, reads the pins again and goes on to the next stage. {@link decide} does the same in one go, assuming
 * that every effect succeeds: what a dry run, a forecast and a table of departures are made from.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName } from './names.ts';
import type { Outcome } from './outcome.ts';
import { isStepComplete, withPromotion } from './pins.ts';
import type { ReleasePlan, Stage } from './release-plan.ts';
import { type DepartureState, departureAfter, departureState } from './schedule.ts';
import type { EpochMs } from './time.ts';
import {
  closeStep,
  forgetJoined,
  openStep,
  rememberDeparture,
  rememberJoined,
  type TrainMemory,
} from './train-memory.ts';
import {
  type Decided,
  type StageContext,
  waiting,
  UNKNOWN_WHEN,
  earliest,
  promoteThrough,
  mayActAt,
  BY_HAND,
} from './tick/step.ts';
import { decideTakers } from './tick/taker.ts';
import { decideTrain } from './tick/train.ts';
import { pinOf, type Promotion, type TickDecision, type TickView } from './tick/view.ts';

export type { Promotion, TickDecision, TickView } from './tick/view.ts';

const decideEach = (context: StageContext, stage: Stage): readonly Decided[] =>
  stage._tag === 'train' ? decideTrain(context, stage) : decideTakers(context, stage);

/** Whether a step that is open in `environment` has nothing left to do: it is complete, or all agree on something else. */
const isOver = (view: TickView, environment: EnvironmentName): boolean => {
  const step = view.memory.steps.get(environment);
  if (step === undefined) return false;
  return isStepComplete(view.pins, environment, step) || pinOf(view, environment)._tag === 'Agreed';
};

/** Forgets steps that are over. */
const closeCompleted = (view: TickView, stage: Stage): TrainMemory =>
  stage.environments.reduce(
    (memory, environment) => (isOver(view, environment) ? closeStep(memory, environment) : memory),
    view.memory,
  );

/** Forgets who joined late, once a train's stops are all on one version. */
const forgetArrived = (view: TickView, memory: TrainMemory, stage: Stage): TrainMemory => {
  if (stage._tag !== 'train' || memory.joined.size === 0) return memory;
  const versions = new Set(
    stage.environments.map((environment) => {
      const pin = pinOf(view, environment);
      return pin._tag === 'Agreed' ? pin.version : undefined;
    }),
  );
  return versions.size === 1 && !versions.has(undefined) ? forgetJoined(memory, stage.environments) : memory;
};

/** What was not begun because of a hold waits for a departure as well, of those that are `left`. */
const withRetryAt = ({ outcome, heldUntil }: Decided, stage: Stage, left: DepartureState): Outcome =>
  heldUntil === undefined || outcome._tag !== 'Waiting'
    ? outcome
    : { ...outcome, retryAt: earliest(outcome.retryAt, O.some(mayActAt(stage, left, heldUntil))) };

/**
 * Decides one stage of `view.plan`.
 *
 * A departure has acted once the stage promoted anything at it, or found nothing to promote; while every environment
 * merely waits (a hold, a stack that is down) it may still act until its grace is over. Finishing an open step of a
 * train counts too: one stop to a departure, also after a crash or an outage (laws T5 and T8). The other stages have no
 * order of stops to keep.
 */
export const decideStage = (view: TickView, stage: Stage): TickDecision => {
  const departure = departureState(stage.schedule, O.fromNullable(view.memory.departed.get(stage.name)), view.now);
  const context: StageContext = { view, stage, departure };
  const decided = decideEach(context, stage);

  let memory = forgetArrived(view, closeCompleted(view, stage), stage);
  let acted = decided.every(({ outcome }) => outcome._tag === 'UpToDate');
  for (const { outcome, promotion, step } of decided) {
    acted ||= promotion !== undefined && (step !== undefined || stage._tag === 'train');
    if (outcome._tag === 'UpToDate') memory = closeStep(memory, outcome.environment);
    if (step === undefined) continue;
    memory = openStep(memory, outcome.environment, step);
    if (outcome._tag === 'Promoted' && outcome.reason === 'Joined')
      memory = rememberJoined(memory, outcome.environment);
  }
  const hasLeft = departure._tag === 'Due' && acted;
  if (departure._tag === 'ClockWentBack' || hasLeft) {
    memory = rememberDeparture(memory, stage.name, departure.departure);
  }
  const left: DepartureState = hasLeft ? { _tag: 'NotDue', next: departure.next } : departure;
  return {
    outcomes: decided.map((one) => withRetryAt(one, stage, left)),
    promotions: decided.flatMap(({ promotion }) => (promotion === undefined ? [] : [promotion])),
    memory,
  };
};

/**
 * Decides the environments that only people promote: nothing is begun there, but a promotion that a person began and
 * that is not complete on every stack is finished like any other step (law T13).
 */
export const resumeByHand = (view: TickView): TickDecision => {
  let { memory } = view;
  const decided = view.plan.byHand.map((environment): Decided => {
    const step = view.memory.steps.get(environment);
    const pin = step === undefined ? undefined : pinOf(view, environment);
    if (isOver(view, environment)) memory = closeStep(memory, environment);
    return step !== undefined && pin?._tag === 'Incomplete'
      ? promoteThrough(view, undefined, environment, pin.version, pin.pending, step.splaySeconds, 'Resumed')
      : waiting(environment, BY_HAND, UNKNOWN_WHEN);
  });
  return {
    outcomes: decided.map(({ outcome }) => outcome),
    promotions: decided.flatMap(({ promotion }) => (promotion === undefined ? [] : [promotion])),
    memory,
  };
};

/** The view after `promotions` have all succeeded. */
export const afterPromotions = (view: TickView, promotions: readonly Promotion[]): TickView =>
  promotions.length === 0
    ? view
    : {
        ...view,
        pins: promotions.reduce(
          (pins, { environment, stacks, version }) => withPromotion(pins, environment, stacks, version),
          view.pins,
        ),
      };

/**
 * Decides every stage, each seeing the pins that the earlier ones left as if all their promotions succeeded.
 *
 * @returns exactly one outcome for every environment of the plan (law T9).
 */
export const decide = (view: TickView): TickDecision => {
  const outcomes: Outcome[] = [];
  const promotions: Promotion[] = [];
  let current = view;
  for (const stage of view.plan.stages) {
    const decision = decideStage(current, stage);
    outcomes.push(...decision.outcomes);
    promotions.push(...decision.promotions);
    current = { ...afterPromotions(current, decision.promotions), memory: decision.memory };
  }
  const byHand = resumeByHand(current);
  return {
    outcomes: [...outcomes, ...byHand.outcomes],
    promotions: [...promotions, ...byHand.promotions],
    memory: byHand.memory,
  };
};

/** The next instant at which any stage of `plan` departs. */
export const nextDepartureOf = (plan: ReleasePlan, now: EpochMs): EpochMs =>
  plan.stages
    .map((stage) => departureAfter(stage.schedule, now))
    .reduce((first, departure) => (departure < first ? departure : first));
