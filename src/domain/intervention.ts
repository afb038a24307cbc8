/**
 * Interventions: promotions that a person decides. They leave the same memory as a tick does, so a crash in the middle is
 * finished by the next tick.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { promotable } from './catalogue.ts';
import { holdsInForce } from './freeze.ts';
import { type Hold, holdOnEnvironment, holdOnStack } from './hold.ts';
import type { EnvironmentName, StackName, Version } from './names.ts';
import type { Pins } from './pins.ts';
import { environmentsOf, stageOf, STAGE_SPLAY_SECONDS_DEFAULT } from './release-plan.ts';
import { pinOf, type TickView } from './tick/view.ts';
import { type NewStep, openStep, type Step, type TrainMemory } from './train-memory.ts';

/** What an intervention wants done, as a tick's promotions. */
export interface HandPromotion {
  readonly environment: EnvironmentName;
  readonly version: Version;
  readonly stacks: readonly StackName[];
  readonly splaySeconds: number;
  readonly reason: 'ByHand' | 'RolledBack';
}

/** Why an intervention is refused. The tags are a closed set fit for a metric label. */
export type InterventionRefusal =
  | { readonly _tag: 'UnknownEnvironment'; readonly environment: string; readonly known: readonly EnvironmentName[] }
  | { readonly _tag: 'UnknownStack'; readonly stack: string; readonly known: readonly StackName[] }
  | { readonly _tag: 'ArtifactUnknown'; readonly version: Version }
  | { readonly _tag: 'VersionRejected'; readonly version: Version }
  | { readonly _tag: 'ArtifactIncomplete'; readonly version: Version; readonly missingOn: readonly StackName[] }
  | { readonly _tag: 'Held'; readonly hold: Hold }
  /** An open step to `version` is not complete on `stacks`, which the request does not name and so would forget. */
  | {
      readonly _tag: 'PromotionUnderWay';
      readonly environment: EnvironmentName;
      readonly version: Version;
      readonly stacks: readonly StackName[];
    }
  /** Nobody knows what the environment had before: the way out is to name a version. */
  | { readonly _tag: 'NothingToRollBackTo'; readonly environment: EnvironmentName }
  | { readonly _tag: 'NotPinned'; readonly environment: EnvironmentName }
  /** No stack says what it is pinned to, so nobody knows whether it carries the bad version. */
  | { readonly _tag: 'StackUnreadable'; readonly environment: EnvironmentName }
  /** Its stacks are on different versions, any of which may be the bad one: the way out is to name where to go. */
  | { readonly _tag: 'StacksDisagree'; readonly environment: EnvironmentName; readonly versions: readonly Version[] };

/** One line for people, with the way out. */
export const formatInterventionRefusal = (refusal: InterventionRefusal): string => {
  switch (refusal._tag) {
    case 'UnknownEnvironment':
      return `environment: expected one of ${refusal.known.join(', ')}, got ${refusal.environment}`;
    case 'UnknownStack':
      return `stack: expected one of ${refusal.known.join(', ')}, got ${refusal.stack}`;
    case 'ArtifactUnknown':
      return `version: no artifact ${refusal.version} is known; add it first`;
    case 'VersionRejected':
      return `version: ${refusal.version} is rejected; approve it first`;
    case 'ArtifactIncomplete':
      return `version: ${refusal.version} is not complete on ${refusal.missingOn.join(', ')}; wait for its upload`;
    case 'Held':
      return refusal.hold.isFreeze === true
        ? `frozen by the plan: ${refusal.hold.reason} (freeze ${refusal.hold.id}); wait for its end, or change the plan`
        : `held by ${refusal.hold.owner}: ${refusal.hold.reason} (hold ${refusal.hold.id}); lift it first`;
    case 'PromotionUnderWay':
      return `environment ${refusal.environment}: its promotion to ${refusal.version} is not complete on ${refusal.stacks.join(', ')}; promote on every stack, wait for the next tick to finish it, or roll it back`;
    case 'NothingToRollBackTo':
      return `environment ${refusal.environment}: no earlier version that is complete and not rejected is remembered; name one`;
    case 'NotPinned':
      return `environment ${refusal.environment}: nothing is pinned there, so there is nothing to roll back`;
    case 'StackUnreadable':
      return `environment ${refusal.environment}: no stack answers for it; try again, or name the environments that do answer`;
    case 'StacksDisagree':
      return `environment ${refusal.environment}: its stacks are on ${refusal.versions.join(' and ')}, and any may be the bad one; name the version to go back to`;
  }
};

/** What was decided: the effects, and the memory to be stored before the first of them. */
export interface Intervention {
  readonly promotions: readonly HandPromotion[];
  readonly memory: TrainMemory;
  /** Versions to be rejected with it, so that no departure undoes it (law T12). */
  readonly rejected: readonly Version[];
}

const refuse = (refusal: InterventionRefusal): E.Either<InterventionRefusal, never> => E.left(refusal);

const checkVersion = (view: TickView, version: Version): E.Either<InterventionRefusal, Version> => {
  const answer = promotable(view.catalogue, version, view.plan.stacks);
  switch (answer._tag) {
    case 'Promotable':
      return E.right(version);
    case 'Unknown':
      return refuse({ _tag: 'ArtifactUnknown', version });
    case 'Rejected':
      return refuse({ _tag: 'VersionRejected', version });
    case 'Incomplete':
      return refuse({ _tag: 'ArtifactIncomplete', version, missingOn: answer.missingOn });
  }
};

const checkEnvironment = (
  view: TickView,
  environment: EnvironmentName,
): E.Either<InterventionRefusal, EnvironmentName> => {
  const known = environmentsOf(view.plan);
  return known.includes(environment)
    ? E.right(environment)
    : refuse({ _tag: 'UnknownEnvironment', environment, known });
};

const lackingStacks = (
  pins: Pins,
  environment: EnvironmentName,
  stacks: readonly StackName[],
  version: Version,
): readonly StackName[] =>
  stacks.filter((stack) => {
    const pin = pins.get(environment)?.get(stack);
    return pin === undefined || O.isNone(pin) || pin.value !== version;
  });

/**
 * The step that a promotion leaves. To the version of an open step it is that step, grown by the stacks that are new to
 * it: a narrower one in its place would forget the pins whose signal is not out (laws L1 and L3). The splay is that of the
 * latest request.
 */
const stepOf = (
  { plan, pins, now }: TickView,
  { environment, version, stacks, splaySeconds }: HandPromotion,
  open: Step | undefined,
): NewStep => {
  const read = pins.get(environment) ?? new Map<StackName, O.Option<Version>>();
  if (open?.version !== version) return { version, from: read, splaySeconds, stacks, openedAt: now };
  // What somebody did since to a stack that nobody asks about now is not for this request to take back.
  const news = [...read].filter(([stack]) => stacks.includes(stack) || !open.stacks.includes(stack));
  return {
    version,
    from: new Map([...open.from, ...news]),
    splaySeconds,
    stacks: plan.stacks.filter((stack) => open.stacks.includes(stack) || stacks.includes(stack)),
    openedAt: open.openedAt,
  };
};

const promoteTo = (
  view: TickView,
  memory: TrainMemory,
  promotion: HandPromotion,
): { readonly promotions: readonly HandPromotion[]; readonly memory: TrainMemory } => {
  const { environment, version } = promotion;
  const open = memory.steps.get(environment);
  // A step to another version may be under way in somebody's hands: then every stack is gone through, whatever it says.
  const stacks =
    open !== undefined && open.version !== version
      ? promotion.stacks
      : lackingStacks(view.pins, environment, promotion.stacks, version);
  if (stacks.length === 0) return { promotions: [], memory };
  // Somebody may have moved the pins elsewhere since the step was opened: as it stands, nobody would finish it any more.
  const pin = pinOf(view, environment);
  const isOnItsWay =
    pin._tag === 'Incomplete' &&
    open?.version === version &&
    promotion.stacks.every((stack) => open.stacks.includes(stack));
  return {
    promotions: [{ ...promotion, stacks }],
    memory: isOnItsWay ? memory : openStep(memory, environment, stepOf(view, promotion, open)),
  };
};

/** Refuses what would take the place of a step to another version that is not finished on a stack beside `stacks`. */
const checkUnderWay = (
  { plan, pins, memory }: TickView,
  environment: EnvironmentName,
  version: Version,
  stacks: readonly StackName[],
): E.Either<InterventionRefusal, void> => {
  const open = memory.steps.get(environment);
  if (open === undefined || open.version === version) return E.right(undefined);
  const beside = plan.stacks.filter((stack) => open.stacks.includes(stack) && !stacks.includes(stack));
  const unfinished = lackingStacks(pins, environment, beside, open.version);
  return unfinished.length === 0
    ? E.right(undefined)
    : refuse({ _tag: 'PromotionUnderWay', environment, version: open.version, stacks: unfinished });
};

/** A promotion that a person asks for. */
export interface PromoteRequest {
  readonly environment: EnvironmentName;
  readonly version: Version;
  /** None: every stack of the plan. */
  readonly stack: O.Option<StackName>;
  /** Seconds; none: what the environment's stage says. */
  readonly splaySeconds: O.Option<number>;
}

const splayOf = (view: TickView, environment: EnvironmentName, asked: O.Option<number>): number =>
  O.isSome(asked) ? asked.value : (stageOf(view.plan, environment)?.splaySeconds ?? STAGE_SPLAY_SECONDS_DEFAULT);

/**
 * Promotes by hand. Holds stop it as they stop a tick. What is pinned already comes back without a promotion (law L8).
 * On a train it may leave pins that no train could have left; the train then says so and stops (law T11).
 *
 * While a step is open, a request for one stack widens it where it is to the same version, and is refused where it is to
 * another that has yet to be finished on other stacks: nobody would finish it there any more (law L3).
 */
export const promoteByHand = (view: TickView, request: PromoteRequest): E.Either<InterventionRefusal, Intervention> => {
  const { environment, version, stack } = request;
  const known = checkEnvironment(view, environment);
  if (E.isLeft(known)) return known;
  if (O.isSome(stack) && !view.plan.stacks.includes(stack.value)) {
    return refuse({ _tag: 'UnknownStack', stack: stack.value, known: view.plan.stacks });
  }
  const allowed = checkVersion(view, version);
  if (E.isLeft(allowed)) return allowed;
  const stacks = O.isSome(stack) ? [stack.value] : view.plan.stacks;
  const holds = holdsInForce(view.plan, view.holds, view.now);
  const hold =
    holdOnEnvironment(holds, stageOf(view.plan, environment)?.name, environment, view.now) ??
    stacks.map((name) => holdOnStack(holds, name, view.now)).find((found) => found !== undefined);
  if (hold !== undefined) return refuse({ _tag: 'Held', hold });
  const free = checkUnderWay(view, environment, version, stacks);
  if (E.isLeft(free)) return free;
  const splaySeconds = splayOf(view, environment, request.splaySeconds);
  const done = promoteTo(view, view.memory, { environment, version, stacks, splaySeconds, reason: 'ByHand' });
  return E.right({ ...done, rejected: [] });
};

/** A rollback that a person asks for. */
export interface RollbackRequest {
  /** The environments to take back: one, a train's stops, or all that carry the bad version. */
  readonly environments: readonly EnvironmentName[];
  /** Where to; none: the last version each had before that is complete and not rejected. */
  readonly to: O.Option<Version>;
}

/** What `environment` carries on any stack, or is on its way to. */
const carriedVersions = (view: TickView, environment: EnvironmentName): readonly Version[] => {
  const pin = pinOf(view, environment);
  const read = [...(view.pins.get(environment)?.values() ?? [])].filter(O.isSome).map(({ value }) => value);
  return [...new Set(pin._tag === 'Incomplete' ? [pin.version, ...read] : read)];
};

/** The versions to be rejected: what `environment` is on or is being moved to, unless that is where it shall go. */
const badVersions = (
  view: TickView,
  environment: EnvironmentName,
  to: O.Option<Version>,
): E.Either<InterventionRefusal, readonly Version[]> => {
  const pin = pinOf(view, environment);
  const unwanted = (versions: readonly Version[]) => versions.filter((version) => O.isNone(to) || version !== to.value);
  switch (pin._tag) {
    case 'Agreed':
      return E.right(unwanted([pin.version]));
    case 'Incomplete': {
      const [target] = unwanted([pin.version]);
      return E.right(target === undefined ? unwanted(carriedVersions(view, environment)) : [target]);
    }
    case 'Split':
      return O.isNone(to)
        ? refuse({ _tag: 'StacksDisagree', environment, versions: pin.versions })
        : E.right(unwanted(pin.versions));
    case 'Unset':
      return refuse({ _tag: 'NotPinned', environment });
    case 'Unreadable':
      return refuse({ _tag: 'StackUnreadable', environment });
  }
};

const rejectedVersions = (
  view: TickView,
  environments: readonly EnvironmentName[],
  to: O.Option<Version>,
): readonly Version[] =>
  [...new Set(environments.flatMap((environment) => carriedVersions(view, environment)))].filter(
    (version) => view.catalogue.byVersion.get(version)?.rejected === true && (O.isNone(to) || version !== to.value),
  );

const earlierVersion = (view: TickView, environment: EnvironmentName, bad: readonly Version[]): O.Option<Version> =>
  O.fromNullable(
    (view.memory.history.get(environment) ?? []).find(
      (version) =>
        !bad.includes(version) && promotable(view.catalogue, version, view.plan.stacks)._tag === 'Promotable',
    ),
  );

/**
 * Rolls back: re-promotes the earlier version and rejects the bad one, so that no departure brings it back (law T12).
 *
 * The bad version is what the first of the environments carries or is being moved to, stops aside that are new or
 * joined their train late behind the others; environments that do not carry it are left alone, so that rolling back a
 * train takes back just those stops that it had reached. An environment of which nobody can say what it carries is
 * refused, never passed over in silence. Holds do not stop a rollback: whoever holds a fleet while something burns wants
 * exactly this.
 *
 * Where the first is on `to` already, only what has been rejected before is taken back from the others; where none
 * carries that either, nothing is done (law L8).
 */
export const rollBack = (
  view: TickView,
  { environments, to }: RollbackRequest,
): E.Either<InterventionRefusal, Intervention> => {
  const named = [...new Set(environments)];
  for (const environment of named) {
    const known = checkEnvironment(view, environment);
    if (E.isLeft(known)) return known;
  }
  if (O.isSome(to)) {
    const allowed = checkVersion(view, to.value);
    if (E.isLeft(allowed)) return allowed;
  }
  const isFront = (environment: EnvironmentName) =>
    !view.memory.joined.has(environment) && pinOf(view, environment)._tag !== 'Unset';
  const first = named.find(isFront) ?? named[0];
  const found = first === undefined ? E.right([]) : badVersions(view, first, to);
  if (E.isLeft(found)) return found;
  const bad = found.right.length > 0 ? found.right : rejectedVersions(view, named, to);

  let memory = view.memory;
  const promotions: HandPromotion[] = [];
  for (const environment of named) {
    const carried = carriedVersions(view, environment);
    if (bad.length > 0 && carried.length === 0 && (view.pins.get(environment)?.size ?? 0) === 0) {
      return refuse({ _tag: 'StackUnreadable', environment });
    }
    if (!carried.some((version) => bad.includes(version))) continue;
    const target = O.isSome(to) ? to : earlierVersion(view, environment, bad);
    if (O.isNone(target)) return refuse({ _tag: 'NothingToRollBackTo', environment });
    const done = promoteTo(view, memory, {
      environment,
      version: target.value,
      stacks: view.plan.stacks,
      splaySeconds: splayOf(view, environment, O.none),
      reason: 'RolledBack',
    });
    promotions.push(...done.promotions);
    memory = done.memory;
  }
  return E.right({ promotions, memory, rejected: bad });
};
