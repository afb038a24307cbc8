/**
 * Holds: a person stops promotions in a scope, says why, and may say until when (law T10).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName, Slug, StackName } from './names.ts';
import type { EpochMs } from './time.ts';

/** What a hold stops. */
export type HoldScope =
  | { readonly _tag: 'plan' }
  | { readonly _tag: 'stage'; readonly stage: Slug }
  | { readonly _tag: 'environment'; readonly environment: EnvironmentName }
  | { readonly _tag: 'stack'; readonly stack: StackName };

/** One hold. */
export interface Hold {
  readonly id: Slug;
  readonly scope: HoldScope;
  readonly reason: string;
  /** Who to ask. */
  readonly owner: string;
  /** From this instant on it holds nothing any more; none: until it is lifted. */
  readonly expiresAt: O.Option<EpochMs>;
  /** It is a freeze of the plan, which nobody lifts. */
  readonly isFreeze?: true;
}

/** Whether `hold` holds anything at `now`. */
export const isActive = (hold: Hold, now: EpochMs): boolean => O.isNone(hold.expiresAt) || now < hold.expiresAt.value;

const outlasts = (a: Hold, b: Hold): boolean =>
  O.isSome(b.expiresAt) && (O.isNone(a.expiresAt) || a.expiresAt.value > b.expiresAt.value);

/** Of the holds that `applies` to, the one that lasts longest: nothing changes before that one ends (law T9). */
const longest = (holds: readonly Hold[], now: EpochMs, applies: (scope: HoldScope) => boolean): Hold | undefined => {
  let found: Hold | undefined;
  for (const hold of holds) {
    if (isActive(hold, now) && applies(hold.scope) && (found === undefined || outlasts(hold, found))) found = hold;
  }
  return found;
};

/** The hold that stops every promotion to `environment`, whatever the stack; of several, the one that lasts longest. */
export const holdOnEnvironment = (
  holds: readonly Hold[],
  stage: Slug | undefined,
  environment: EnvironmentName,
  now: EpochMs,
): Hold | undefined =>
  longest(
    holds,
    now,
    (scope) =>
      scope._tag === 'plan' ||
      (scope._tag === 'stage' && scope.stage === stage) ||
      (scope._tag === 'environment' && scope.environment === environment),
  );

/** The hold that stops promotions on `stack`, whatever the environment; of several, the one that lasts longest. */
export const holdOnStack = (holds: readonly Hold[], stack: StackName, now: EpochMs): Hold | undefined =>
  longest(holds, now, (scope) => scope._tag === 'stack' && scope.stack === stack);

/**
 * The hold that leaves nothing to be done of a promotion to `environment` on `stacks`: one on the environment, or one
 * on each of the stacks. With its end the promotion may begin, if only on one stack.
 */
export const holdOnPromotion = (
  holds: readonly Hold[],
  stage: Slug | undefined,
  environment: EnvironmentName,
  stacks: readonly StackName[],
  now: EpochMs,
): Hold | undefined => {
  if (holds.length === 0) return undefined;
  const onEnvironment = holdOnEnvironment(holds, stage, environment, now);
  let onStacks: Hold | undefined;
  for (const stack of stacks) {
    const hold = holdOnStack(holds, stack, now);
    if (hold === undefined) return onEnvironment;
    if (onStacks === undefined || outlasts(onStacks, hold)) onStacks = hold;
  }
  if (onEnvironment === undefined || onStacks === undefined) return onEnvironment ?? onStacks;
  return outlasts(onStacks, onEnvironment) ? onStacks : onEnvironment;
};
