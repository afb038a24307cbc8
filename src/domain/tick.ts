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
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { type Catalogue, promotable } from './catalogue.ts';
import { type Hold, holdOnPromotion, holdOnStack } from './hold.ts';
import type { EnvironmentName, Slug, StackName, Version } from './names.ts';
import type { Outcome, PromotedReason, WaitingReason } from './outcome.ts';
import { type EnvironmentPin, environmentPin, isStepComplete, type Pins, withPromotion } from './pins.ts';
import type { CanaryStage, LatestStage, ReleasePlan, Stage, TrainStage } from './release-plan.ts';
import { type DepartureState, departureAfter, departureAtOrBefore, departureState } from './schedule.ts';
import { earlier, type EpochMs, plus } from './time.ts';
import {
  closeStep,
  forgetJoined,
  openStep,
  rememberDeparture,
  rememberJoined,
  type Step,
  type TrainMemory,
} from './train-memory.ts';
import { type Stop, type TrainShape, trainShape } from './train-shape.ts';

/** Everything a tick is decided from. */
export interface TickView {
  readonly plan: ReleasePlan;
  readonly pins: Pins;
  readonly catalogue: Catalogue;
  readonly holds: readonly Hold[];
  readonly memory: TrainMemory;
  readonly now: EpochMs;
}

/** What a tick wants done: move these pins, and tell the nodes. The only kind of effect there is. */
export interface Promotion {
  readonly environment: EnvironmentName;
  readonly version: Version;
  /** The stacks that do not have it. */
  readonly stacks: readonly StackName[];
  /** For the signals, in seconds. */
  readonly splaySeconds: number;
  readonly reason: PromotedReason;
}

/** What was decided. `memory` is the very same value where nothing is to be remembered. */
export interface TickDecision {
  /** One for each environment asked about, in the plan's order. */
  readonly outcomes: readonly Outcome[];
  readonly promotions: readonly Promotion[];
  /** To be stored before the first promotion is carried out. */
  readonly memory: TrainMemory;
}

/** The outcome of one environment, with the effect that comes of it. */
interface Decided {
  readonly outcome: Outcome;
  readonly promotion?: Promotion;
  readonly step?: Omit<Step, 'overtaken'>;
  /** For what a hold stopped that waits for a departure as well: when the hold ends. */
  readonly heldUntil?: EpochMs;
}

/** What is asked about again and again while one stage is decided. */
interface StageContext {
  readonly view: TickView;
  readonly stage: Stage;
  readonly departure: DepartureState;
}

const NOT_DUE: WaitingReason = { _tag: 'NotDue' };
const CLOCK_WENT_BACK: WaitingReason = { _tag: 'ClockWentBack' };
const NO_ARTIFACT: WaitingReason = { _tag: 'NoArtifact' };
const BY_HAND: WaitingReason = { _tag: 'ByHand' };

const waiting = (environment: EnvironmentName, reason: WaitingReason, retryAt: O.Option<EpochMs>): Decided => ({
  outcome: { _tag: 'Waiting', environment, reason, retryAt },
});

const upToDate = (environment: EnvironmentName, version: Version, retryAt: O.Option<EpochMs>): Decided => ({
  outcome: { _tag: 'UpToDate', environment, version, retryAt },
});

/** The first instant at or after `instant` at which the stage may act: at a departure, or within its grace. */
const mayActAt = (stage: Stage, departure: DepartureState, instant: EpochMs): EpochMs => {
  const { schedule } = stage;
  if (departure._tag === 'Due' && instant <= plus(departure.departure, schedule.graceMs)) return instant;
  if (instant <= departure.next) return departure.next;
  const last = departureAtOrBefore(schedule, instant);
  return instant <= plus(last, schedule.graceMs) ? instant : departureAfter(schedule, instant);
};

const atNextDeparture = (context: StageContext): O.Option<EpochMs> => O.some(context.departure.next);

/** A refusal that only a person, a stack or an upload can end: asked again by the next tick, so no instant is known. */
const UNKNOWN_WHEN: O.Option<EpochMs> = O.none;

const earliest = (a: O.Option<EpochMs>, b: O.Option<EpochMs>): O.Option<EpochMs> =>
  O.isNone(a) ? b : O.isNone(b) ? a : O.some(earlier(a.value, b.value));

const notPromotable = (
  catalogue: Catalogue,
  version: Version,
  stacks: readonly StackName[],
): WaitingReason | undefined => {
  const answer = promotable(catalogue, version, stacks);
  switch (answer._tag) {
    case 'Promotable':
      return undefined;
    case 'Unknown':
      return { _tag: 'ArtifactUnknown', version };
    case 'Rejected':
      return { _tag: 'VersionRejected', version };
    case 'Incomplete':
      return { _tag: 'ArtifactIncomplete', version, missingOn: answer.missingOn };
  }
};

/** The gates that every promotion passes, in the order in which a person would want to hear of them. */
const promoteThrough = (
  view: TickView,
  stage: Slug | undefined,
  environment: EnvironmentName,
  version: Version,
  stacks: readonly StackName[],
  splaySeconds: number,
  reason: PromotedReason,
): Decided => {
  const refusal = notPromotable(view.catalogue, version, view.plan.stacks);
  if (refusal !== undefined) return waiting(environment, refusal, UNKNOWN_WHEN);
  const hold = holdOnPromotion(view.holds, stage, environment, stacks, view.now);
  if (hold !== undefined) return waiting(environment, { _tag: 'Held', hold }, hold.expiresAt);
  const free =
    view.holds.length === 0 ? stacks : stacks.filter((stack) => holdOnStack(view.holds, stack, view.now) === undefined);
  return {
    outcome: { _tag: 'Promoted', environment, version, stacks: free, reason },
    promotion: { environment, version, stacks: free, splaySeconds, reason },
  };
};

const pinOf = ({ plan, pins, memory }: TickView, environment: EnvironmentName): EnvironmentPin =>
  environmentPin(plan.stacks, pins, environment, memory.steps.get(environment));

/** Tries an open step again. It waits for no departure: it is the rest of one that acted (law T13). */
const resume = (
  { view, stage }: StageContext,
  environment: EnvironmentName,
  version: Version,
  pending: readonly StackName[],
): Decided => {
  const splaySeconds = view.memory.steps.get(environment)?.splaySeconds ?? stage.splaySeconds;
  return promoteThrough(view, stage.name, environment, version, pending, splaySeconds, 'Resumed');
};

const whenNotDue = (context: StageContext, environment: EnvironmentName): Decided => {
  const { departure } = context;
  switch (departure._tag) {
    case 'Due':
    case 'NotDue':
      return waiting(environment, NOT_DUE, O.some(departure.next));
    case 'Missed':
      return waiting(environment, { _tag: 'DepartureMissed', departure: departure.departure }, O.some(departure.next));
    case 'ClockWentBack':
      return waiting(environment, CLOCK_WENT_BACK, O.some(departure.next));
  }
};

/** Begins a step at a departure that is due, on every stack without the version; where all have it there is none. */
const begin = (
  context: StageContext,
  environment: EnvironmentName,
  version: Version,
  reason: PromotedReason,
): Decided => {
  const { view, stage, departure } = context;
  const pins = view.pins.get(environment) ?? new Map<StackName, O.Option<Version>>();
  const lacking = view.plan.stacks.filter((stack) => {
    const pin = pins.get(stack);
    return pin === undefined || O.isNone(pin) || pin.value !== version;
  });
  if (lacking.length === 0 && departure._tag === 'Due') {
    return upToDate(environment, version, atNextDeparture(context));
  }
  const decided = promoteThrough(view, stage.name, environment, version, lacking, stage.splaySeconds, reason);
  const { outcome } = decided;
  if (outcome._tag === 'Waiting') {
    return O.isSome(outcome.retryAt)
      ? { outcome: { ...outcome, retryAt: UNKNOWN_WHEN }, heldUntil: outcome.retryAt.value }
      : decided;
  }
  if (departure._tag !== 'Due') return whenNotDue(context, environment);
  return { ...decided, step: { version, from: pins, splaySeconds: stage.splaySeconds, stacks: view.plan.stacks } };
};

/** What an environment of a `latest` or `canary` stage takes, or why there is nothing to take. */
const targetOf = (view: TickView, stage: LatestStage | CanaryStage): E.Either<WaitingReason, Version> => {
  if (stage._tag === 'latest') return E.fromOption(() => NO_ARTIFACT)(view.catalogue.newest);
  return sourceVersion(view, stage.follows);
};

/** The version of an environment that others take from: only once every stack has it (law T13). */
const sourceVersion = (view: TickView, source: EnvironmentName): E.Either<WaitingReason, Version> => {
  const pin = pinOf(view, source);
  switch (pin._tag) {
    case 'Agreed':
      return E.right(pin.version);
    case 'Unset':
      return E.left({ _tag: 'SourceUnset', source });
    case 'Incomplete':
    case 'Split':
      return E.left({ _tag: 'SourceUnsettled', source });
    case 'Unreadable':
      return E.left({ _tag: 'StackUnreadable', environment: source });
  }
};

/** A step that cannot go on, and a target that could overtake it: whichever may go on first ends the wait. */
const whicheverFirst = (resumed: Decided, overtaking: Decided): Decided =>
  resumed.outcome._tag === 'Waiting' && overtaking.outcome._tag === 'Waiting'
    ? {
        ...overtaking,
        outcome: { ...resumed.outcome, retryAt: earliest(resumed.outcome.retryAt, overtaking.outcome.retryAt) },
      }
    : resumed;

/** Whether the step of `environment` moves every stack; one that a person began may move a single one. */
const coversPlan = ({ plan, memory }: TickView, environment: EnvironmentName): boolean => {
  const step = memory.steps.get(environment);
  return step === undefined || plan.stacks.every((stack) => step.stacks.includes(stack));
};

const decideTaker = (
  context: StageContext,
  environment: EnvironmentName,
  target: E.Either<WaitingReason, Version>,
  reason: PromotedReason,
): Decided => {
  const pin = pinOf(context.view, environment);
  if (pin._tag === 'Unreadable') {
    return waiting(environment, { _tag: 'StackUnreadable', environment }, UNKNOWN_WHEN);
  }
  if (pin._tag === 'Incomplete') {
    if (E.isLeft(target) || (target.right === pin.version && coversPlan(context.view, environment))) {
      return resume(context, environment, pin.version, pin.pending);
    }
    // At a departure the newer target overtakes the open step; until then, or while the target may not be taken, the
    // step is tried again like any other (law T13).
    const overtaking = begin(context, environment, target.right, reason);
    if (overtaking.outcome._tag !== 'Waiting') return overtaking;
    const resumed = resume(context, environment, pin.version, pin.pending);
    return resumed.promotion === undefined ? whicheverFirst(resumed, overtaking) : resumed;
  }
  if (E.isLeft(target)) return waiting(environment, target.left, UNKNOWN_WHEN);
  if (pin._tag === 'Agreed' && pin.version === target.right) {
    return upToDate(environment, pin.version, atNextDeparture(context));
  }
  return begin(context, environment, target.right, reason);
};

/**
 * What stops a whole train before its shape is even looked at: a stop of which nobody knows what it is on, or else one
 * whose step is open.
 */
const obstructionOf = (
  { plan, pins: read }: TickView,
  stage: TrainStage,
  pins: readonly EnvironmentPin[],
): WaitingReason | undefined => {
  let incomplete: WaitingReason | undefined;
  for (const [i, environment] of stage.environments.entries()) {
    const pin = pins[i];
    if (pin === undefined) continue;
    switch (pin._tag) {
      case 'Agreed':
        break;
      case 'Unset':
        // A stack that does not answer may well have a version here; only one that has none anywhere is new (law T14).
        if (plan.stacks.every((stack) => read.get(environment)?.has(stack))) break;
        return { _tag: 'StackUnreadable', environment };
      case 'Unreadable':
        return { _tag: 'StackUnreadable', environment };
      case 'Split':
        return { _tag: 'StacksDisagree', environment, versions: pin.versions };
      case 'Incomplete':
        incomplete ??= { _tag: 'StepIncomplete', environment, stacks: pin.pending };
    }
  }
  return incomplete;
};

/** Finishes the steps that are open on a train, whatever else is wrong with it; the other stops wait (law T13). */
const resumeTrain = (
  context: StageContext,
  stage: TrainStage,
  pins: readonly EnvironmentPin[],
  reason: WaitingReason,
): readonly Decided[] =>
  stage.environments.map((environment, i) => {
    const pin = pins[i];
    return pin?._tag === 'Incomplete'
      ? resume(context, environment, pin.version, pin.pending)
      : waiting(environment, reason, UNKNOWN_WHEN);
  });

/** The one thing that a train would do at its next departure (law T5). */
type Move =
  | { readonly _tag: 'Promote'; readonly stop: number; readonly version: Version; readonly reason: PromotedReason }
  /** The first stop has nothing to take, and this is why. */
  | { readonly _tag: 'CannotBoard'; readonly reason: WaitingReason }
  | { readonly _tag: 'Nothing' };

const moveOf = (view: TickView, stage: TrainStage, shape: Exclude<TrainShape, { _tag: 'OutOfShape' }>): Move => {
  switch (shape._tag) {
    case 'Joining':
      return { _tag: 'Promote', stop: shape.next, version: shape.version, reason: 'Joined' };
    case 'UnderWay':
      return { _tag: 'Promote', stop: shape.next, version: shape.newer, reason: 'Travelled' };
    case 'Empty':
    case 'Arrived': {
      const boarding = sourceVersion(view, stage.boards);
      if (E.isLeft(boarding)) return { _tag: 'CannotBoard', reason: boarding.left };
      return shape._tag === 'Arrived' && shape.version === boarding.right
        ? { _tag: 'Nothing' }
        : { _tag: 'Promote', stop: 0, version: boarding.right, reason: 'Boarded' };
    }
  }
};

/** When the next version may board a train under way: each remaining stop takes a departure, and then one more. */
const boardsAt = ({ stage, departure }: StageContext, remaining: number): EpochMs =>
  plus(departure._tag === 'Due' ? departure.departure : departure.next, remaining * stage.schedule.everyMs);

/** A stop that this departure is not for: up to date with its predecessor, or waiting for its turn. */
const passive = (
  context: StageContext,
  stage: TrainStage,
  shape: TrainShape,
  next: EnvironmentName | undefined,
  pins: readonly EnvironmentPin[],
  i: number,
  environment: EnvironmentName,
): Decided => {
  const pin = pins[i];
  if (pin?._tag !== 'Agreed') {
    const first = next ?? stage.environments[0] ?? environment;
    return waiting(environment, { _tag: 'NotItsTurn', next: first }, atNextDeparture(context));
  }
  if (i === 0 && shape._tag === 'UnderWay' && pin.version === shape.newer) {
    const boarding = sourceVersion(context.view, stage.boards);
    if (E.isRight(boarding) && boarding.right !== pin.version) {
      const reason: WaitingReason = { _tag: 'TrainUnderWay', version: boarding.right };
      return waiting(environment, reason, O.some(boardsAt(context, shape.remaining)));
    }
  }
  const older = shape._tag === 'UnderWay' ? shape.older : shape._tag === 'Joining' ? shape.version : undefined;
  const predecessor = pins[i - 1];
  if (next !== undefined && pin.version === older && predecessor?._tag === 'Agreed' && predecessor.version !== older) {
    return waiting(environment, { _tag: 'NotItsTurn', next }, atNextDeparture(context));
  }
  return upToDate(environment, pin.version, atNextDeparture(context));
};

const decideTrain = (context: StageContext, stage: TrainStage): readonly Decided[] => {
  const { view } = context;
  const pins = stage.environments.map((environment) => pinOf(view, environment));
  const obstruction = obstructionOf(view, stage, pins);
  if (obstruction !== undefined) return resumeTrain(context, stage, pins, obstruction);

  const stops = stage.environments.map((environment, i): Stop => {
    const pin = pins[i];
    return {
      version: pin?._tag === 'Agreed' ? O.some(pin.version) : O.none,
      joined: view.memory.joined.has(environment),
    };
  });
  const shape = trainShape(stops);
  if (shape._tag === 'OutOfShape') {
    const reason: WaitingReason = { _tag: 'OutOfShape', versions: shape.versions };
    return stage.environments.map((environment) => waiting(environment, reason, UNKNOWN_WHEN));
  }
  const move = moveOf(view, stage, shape);
  const next = move._tag === 'Promote' ? stage.environments[move.stop] : undefined;
  return stage.environments.map((environment, i) => {
    if (move._tag === 'Promote' && move.stop === i) return begin(context, environment, move.version, move.reason);
    if (move._tag === 'CannotBoard' && i === 0) return waiting(environment, move.reason, UNKNOWN_WHEN);
    return passive(context, stage, shape, next, pins, i, environment);
  });
};

const decideEach = (context: StageContext, stage: Stage): readonly Decided[] => {
  if (stage._tag === 'train') return decideTrain(context, stage);
  const target = targetOf(context.view, stage);
  const reason: PromotedReason = stage._tag === 'latest' ? 'TookNewest' : 'Followed';
  return stage.environments.map((environment) => decideTaker(context, environment, target, reason));
};

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
