/**
 * The steps that a tick can take for one environment: begin a promotion at a departure, resume one that is open, or wait,
 * and the gates that every promotion passes.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { type Catalogue, promotable } from '../catalogue.ts';
import { holdsInForce } from '../freeze.ts';
import { holdOnPromotion, holdOnStack } from '../hold.ts';
import type { EnvironmentName, Slug, StackName, Version } from '../names.ts';
import type { Outcome, PromotedReason, WaitingReason } from '../outcome.ts';
import { isStepComplete } from '../pins.ts';
import type { Stage } from '../release-plan.ts';
import { type DepartureState, departureAfter, departureAtOrBefore } from '../schedule.ts';
import { earlier, type EpochMs, plus } from '../time.ts';
import type { NewStep } from '../train-memory.ts';
import { pinOf, type Promotion, type TickView } from './view.ts';

/** The outcome of one environment, with the effect that comes of it. */
export interface Decided {
  readonly outcome: Outcome;
  readonly promotion?: Promotion;
  readonly step?: NewStep;
  /** For what a hold stopped that waits for a departure as well: when the hold ends. */
  readonly heldUntil?: EpochMs;
}

/** What is asked about again and again while one stage is decided. */
export interface StageContext {
  readonly view: TickView;
  readonly stage: Stage;
  readonly departure: DepartureState;
}

const NOT_DUE: WaitingReason = { _tag: 'NotDue' };
const CLOCK_WENT_BACK: WaitingReason = { _tag: 'ClockWentBack' };
export const NO_ARTIFACT: WaitingReason = { _tag: 'NoArtifact' };
export const BY_HAND: WaitingReason = { _tag: 'ByHand' };

export const waiting = (environment: EnvironmentName, reason: WaitingReason, retryAt: O.Option<EpochMs>): Decided => ({
  outcome: { _tag: 'Waiting', environment, reason, retryAt },
});

export const upToDate = (environment: EnvironmentName, version: Version, retryAt: O.Option<EpochMs>): Decided => ({
  outcome: { _tag: 'UpToDate', environment, version, retryAt },
});

/** The first instant at or after `instant` at which the stage may act: at a departure, or within its grace. */
export const mayActAt = (stage: Stage, departure: DepartureState, instant: EpochMs): EpochMs => {
  const { schedule } = stage;
  if (departure._tag === 'Due' && instant <= plus(departure.departure, schedule.graceMs)) return instant;
  if (instant <= departure.next) return departure.next;
  const last = departureAtOrBefore(schedule, instant);
  return instant <= plus(last, schedule.graceMs) ? instant : departureAfter(schedule, instant);
};

export const atNextDeparture = (context: StageContext): O.Option<EpochMs> => O.some(context.departure.next);

/** A refusal that only a person, a stack or an upload can end: asked again by the next tick, so no instant is known. */
export const UNKNOWN_WHEN: O.Option<EpochMs> = O.none;

export const earliest = (a: O.Option<EpochMs>, b: O.Option<EpochMs>): O.Option<EpochMs> =>
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
export const promoteThrough = (
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
  const holds = holdsInForce(view.plan, view.holds, view.now);
  const hold = holdOnPromotion(holds, stage, environment, stacks, view.now);
  if (hold !== undefined) return waiting(environment, { _tag: 'Held', hold }, hold.expiresAt);
  const free =
    holds.length === 0 ? stacks : stacks.filter((stack) => holdOnStack(holds, stack, view.now) === undefined);
  return {
    outcome: { _tag: 'Promoted', environment, version, stacks: free, reason },
    promotion: { environment, version, stacks: free, splaySeconds, reason },
  };
};

/** Tries an open step again. It waits for no departure: it is the rest of one that acted (law T13). */
export const resume = (
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

/** Whether a step to another version may be under way in somebody's hands. */
const isContested = ({ memory, pins }: TickView, environment: EnvironmentName, version: Version): boolean => {
  const open = memory.steps.get(environment);
  return open !== undefined && open.version !== version && !isStepComplete(pins, environment, open);
};

/**
 * Begins a step at a departure that is due, on every stack without the version; where all have it there is none. In the
 * place of a step to another version it goes through every stack, whatever that says: one may have been pinned and not
 * told, or be pinned otherwise yet (laws L1 and T12).
 */
export const begin = (
  context: StageContext,
  environment: EnvironmentName,
  version: Version,
  reason: PromotedReason,
): Decided => {
  const { view, stage, departure } = context;
  const pins = view.pins.get(environment) ?? new Map<StackName, O.Option<Version>>();
  const isEverywhere = isContested(view, environment, version);
  const lacking = view.plan.stacks.filter((stack) => {
    const pin = pins.get(stack);
    return isEverywhere || pin === undefined || O.isNone(pin) || pin.value !== version;
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
  return {
    ...decided,
    step: { version, from: pins, splaySeconds: stage.splaySeconds, stacks: view.plan.stacks, openedAt: view.now },
  };
};

/** The version of an environment that others take from: only once every stack has it (law T13). */
export const sourceVersion = (view: TickView, source: EnvironmentName): E.Either<WaitingReason, Version> => {
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
