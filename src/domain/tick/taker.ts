/**
 * The stages whose environments each take a version at every departure: `latest` and `canary` (laws T2 and T3).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type { EnvironmentName, Version } from '../names.ts';
import type { PromotedReason, WaitingReason } from '../outcome.ts';
import type { CanaryStage, LatestStage } from '../release-plan.ts';
import {
  type Decided,
  type StageContext,
  waiting,
  upToDate,
  atNextDeparture,
  UNKNOWN_WHEN,
  earliest,
  resume,
  begin,
  NO_ARTIFACT,
  sourceVersion,
} from './step.ts';
import { pinOf, type TickView } from './view.ts';

/** What an environment of a `latest` or `canary` stage takes, or why there is nothing to take. */
const targetOf = (view: TickView, stage: LatestStage | CanaryStage): E.Either<WaitingReason, Version> => {
  if (stage._tag === 'latest') return E.fromOption(() => NO_ARTIFACT)(view.catalogue.newest);
  return sourceVersion(view, stage.follows);
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

/** Decides every environment of a stage that takes. */
export const decideTakers = (context: StageContext, stage: LatestStage | CanaryStage): readonly Decided[] => {
  const target = targetOf(context.view, stage);
  const reason: PromotedReason = stage._tag === 'latest' ? 'TookNewest' : 'Followed';
  return stage.environments.map((environment) => decideTaker(context, environment, target, reason));
};
