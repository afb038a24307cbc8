/**
 * The stage that carries one version at a time from stop to stop (laws T4 … T6, T11, T13 and T14).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName, Version } from '../names.ts';
import type { PromotedReason, WaitingReason } from '../outcome.ts';
import type { EnvironmentPin } from '../pins.ts';
import type { TrainStage } from '../release-plan.ts';
import { type EpochMs, plus } from '../time.ts';
import { type Stop, type TrainShape, trainShape } from '../train-shape.ts';
import {
  type Decided,
  type StageContext,
  waiting,
  upToDate,
  atNextDeparture,
  UNKNOWN_WHEN,
  resume,
  begin,
  sourceVersion,
} from './step.ts';
import { pinOf, type TickView } from './view.ts';

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

export const decideTrain = (context: StageContext, stage: TrainStage): readonly Decided[] => {
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
