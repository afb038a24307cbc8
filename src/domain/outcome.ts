/**
 * What a tick says about each environment: exactly one outcome, with a reason from a closed set and, where one is known,
 * the next instant at which it can change (law T9).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Hold } from './hold.ts';
import type { EnvironmentName, StackName, Version } from './names.ts';
import { type EpochMs, formatInstant } from './time.ts';

/** Why an environment was promoted. Each is fit for a metric label. */
export type PromotedReason =
  /** The newest artifact. */
  | 'TookNewest'
  /** What it follows moved. */
  | 'Followed'
  /** A new version boarded the train here. */
  | 'Boarded'
  /** The version on the train came one stop further. */
  | 'Travelled'
  /** A new environment got the older version on the train. */
  | 'Joined'
  /** A step that was begun earlier is tried again on the stacks that lack it. */
  | 'Resumed';

/** Why an environment waits. Each `_tag` is fit for a metric label. */
export type WaitingReason =
  /** There is something to take, at the next departure. */
  | { readonly _tag: 'NotDue' }
  /** The departure went by without a tick within its grace. */
  | { readonly _tag: 'DepartureMissed'; readonly departure: EpochMs }
  /** The clock was set back; the first departure ahead may have acted already and is let go. */
  | { readonly _tag: 'ClockWentBack' }
  | { readonly _tag: 'Held'; readonly hold: Hold }
  /** No artifact is complete on every stack and not rejected. */
  | { readonly _tag: 'NoArtifact' }
  /** The environment that this one takes from has no pin. */
  | { readonly _tag: 'SourceUnset'; readonly source: EnvironmentName }
  /** The environment that this one takes from is not on one version on every stack. */
  | { readonly _tag: 'SourceUnsettled'; readonly source: EnvironmentName }
  /** A newer version boards when the one on the train has arrived. */
  | { readonly _tag: 'TrainUnderWay'; readonly version: Version }
  /** Another stop of the train goes first. */
  | { readonly _tag: 'NotItsTurn'; readonly next: EnvironmentName }
  /** A step of the train is not complete on these stacks; it is tried again by every tick. */
  | { readonly _tag: 'StepIncomplete'; readonly environment: EnvironmentName; readonly stacks: readonly StackName[] }
  | { readonly _tag: 'StackUnreadable'; readonly environment: EnvironmentName }
  /** The stacks are on different versions, and no step explains it. */
  | { readonly _tag: 'StacksDisagree'; readonly environment: EnvironmentName; readonly versions: readonly Version[] }
  /** The train's pins are such as no train could have left (law T11). */
  | { readonly _tag: 'OutOfShape'; readonly versions: readonly Version[] }
  | { readonly _tag: 'VersionRejected'; readonly version: Version }
  | { readonly _tag: 'ArtifactUnknown'; readonly version: Version }
  | { readonly _tag: 'ArtifactIncomplete'; readonly version: Version; readonly missingOn: readonly StackName[] }
  /** Only people promote it. */
  | { readonly _tag: 'ByHand' };

/** What a tick says about one environment. */
export type Outcome =
  | {
      readonly _tag: 'Promoted';
      readonly environment: EnvironmentName;
      readonly version: Version;
      readonly stacks: readonly StackName[];
      readonly reason: PromotedReason;
    }
  | {
      readonly _tag: 'UpToDate';
      readonly environment: EnvironmentName;
      readonly version: Version;
      /** The next departure, at which this can change. */
      readonly retryAt: O.Option<EpochMs>;
    }
  | {
      readonly _tag: 'Waiting';
      readonly environment: EnvironmentName;
      readonly reason: WaitingReason;
      /** When this can change, where that is known: nobody knows when a person will act. */
      readonly retryAt: O.Option<EpochMs>;
    };

/** The outcome's reason as one word of a closed set, for metrics and machines. */
export const reasonLabel = (outcome: Outcome): string => {
  switch (outcome._tag) {
    case 'Promoted':
      return outcome.reason;
    case 'UpToDate':
      return 'UpToDate';
    case 'Waiting':
      return outcome.reason._tag;
  }
};

const formatWaitingReason = (reason: WaitingReason): string => {
  switch (reason._tag) {
    case 'NotDue':
      return 'its next departure has not come';
    case 'DepartureMissed':
      return `the departure of ${formatInstant(reason.departure)} was missed; the next one makes one step`;
    case 'ClockWentBack':
      return 'the clock was set back past a departure that acted; one departure is let go, the next acts again';
    case 'Held': {
      const { id, owner, reason: why, isFreeze } = reason.hold;
      if (isFreeze === true) return `frozen by the plan: ${why} (freeze ${id})`;
      return `held by ${owner}: ${why} (hold ${id}; lift it to go on)`;
    }
    case 'NoArtifact':
      return 'no artifact is complete on every stack and not rejected';
    case 'SourceUnset':
      return `${reason.source}, which it takes from, has no pin; promote a version there first`;
    case 'SourceUnsettled':
      return `${reason.source}, which it takes from, is not on one version on every stack`;
    case 'TrainUnderWay':
      return `${reason.version} boards when the version on the train has arrived`;
    case 'NotItsTurn':
      return `${reason.next} goes first`;
    case 'StepIncomplete':
      return `${reason.environment} is not complete on ${reason.stacks.join(', ')}; every tick tries again`;
    case 'StackUnreadable':
      return `not every stack answers for ${reason.environment}, and nobody knows what it is on`;
    case 'StacksDisagree':
      return reason.versions.length > 1
        ? `${reason.environment} is on ${reason.versions.join(' and ')} on different stacks; promote one of them there by hand`
        : `${reason.environment} is on ${reason.versions.join()} on some stacks only; promote a version there by hand`;
    case 'OutOfShape':
      return `no train leaves its stops on ${reason.versions.join(', ')}; promote or roll back by hand until at most two versions remain, the newer in front without a gap`;
    case 'VersionRejected':
      return `${reason.version} is rejected; approve it or roll back`;
    case 'ArtifactUnknown':
      return `no artifact ${reason.version} is known; add it`;
    case 'ArtifactIncomplete':
      return `${reason.version} is not complete on ${reason.missingOn.join(', ')}`;
    case 'ByHand':
      return 'only people promote it';
  }
};

/** One line for people: what the environment does, why, and when that can change. */
export const explainOutcome = (outcome: Outcome): string => {
  switch (outcome._tag) {
    case 'Promoted':
      return `promoted to ${outcome.version} on ${outcome.stacks.join(', ')} (${outcome.reason})`;
    case 'UpToDate':
      return `up to date on ${outcome.version}`;
    case 'Waiting': {
      const until = O.isSome(outcome.retryAt) ? `; try again at ${formatInstant(outcome.retryAt.value)}` : '';
      return `waiting: ${formatWaitingReason(outcome.reason)}${until}`;
    }
  }
};
