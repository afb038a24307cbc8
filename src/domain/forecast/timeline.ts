/**
 * What a forecast says of one environment: what reaches it, when, and what it waits for in between.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName, StackName, Version } from '../names.ts';
import type { Outcome, PromotedReason } from '../outcome.ts';
import type { Pins } from '../pins.ts';
import type { EpochMs } from '../time.ts';

/** A version reaches an environment, or a part of its stacks. */
export interface Arrival {
  readonly environment: EnvironmentName;
  readonly version: Version;
  readonly at: EpochMs;
  readonly reason: PromotedReason;
  /** The stacks that it reaches now. */
  readonly stacks: readonly StackName[];
  /** With these every stack of the plan has it; else a hold keeps some back, and the step stays open (law T13). */
  readonly isWhole: boolean;
}

/** What a tick that promotes nothing says. */
export type StillOutcome = Exclude<Outcome, { readonly _tag: 'Promoted' }>;

/** An environment stands still for a while, and why. */
export interface Span {
  readonly environment: EnvironmentName;
  readonly from: EpochMs;
  /** When it is promoted, or waits for something else. None: the forecast ends before, and its `end` says why. */
  readonly to: O.Option<EpochMs>;
  /** As it was at `from`: its `retryAt` is the first instant at which it could have changed. */
  readonly outcome: StillOutcome;
}

/** What a forecast says of one environment. */
export interface Timeline {
  readonly environment: EnvironmentName;
  /** What it is pinned to when the forecast begins, before anything is promoted. */
  readonly pins: ReadonlyMap<StackName, O.Option<Version>>;
  /** In the order of time. */
  readonly arrivals: readonly Arrival[];
  /** In the order of time, without a gap from the beginning of the forecast to its end. */
  readonly spans: readonly Span[];
}

/**
 * Whether two outcomes of one environment say the same but for when to ask again: a departure at which nothing happens
 * moves that on, and tells nobody anything. Reasons are plain data, so equal ones are written alike.
 */
export const isSameStanding = (a: StillOutcome, b: StillOutcome): boolean =>
  a._tag === 'UpToDate'
    ? b._tag === 'UpToDate' && a.version === b.version
    : b._tag === 'Waiting' && JSON.stringify(a.reason) === JSON.stringify(b.reason);

/** The version that every one of `stacks` is pinned to, if there is one. */
export const wholeVersion = (
  stacks: readonly StackName[],
  pins: Pins,
  environment: EnvironmentName,
): Version | undefined => {
  const versions = new Set(stacks.map((stack) => O.toUndefined(pins.get(environment)?.get(stack) ?? O.none)));
  const [version] = versions;
  return versions.size === 1 ? version : undefined;
};
