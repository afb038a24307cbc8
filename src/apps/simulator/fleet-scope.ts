/**
 * Whom a scenario means by a part of the fleet.
 *
 * @module
 */
import type { EnvironmentName, StackName } from '../../domain/names.ts';
import type { SignalKey } from '../../domain/signal.ts';
import { drawn, PURPOSE } from './draw.ts';
import type { FleetScope } from './scenario.ts';

/** Whether `scope` means nodes of this place. */
export const isPlaceMeant = (scope: FleetScope, { stack, environment }: SignalKey): boolean =>
  includes<StackName>(scope.stacks, stack) && includes<EnvironmentName>(scope.environments, environment);

const includes = <A>(list: readonly A[] | undefined, item: A): boolean => list === undefined || list.includes(item);

/**
 * Whether `scope` means this node.
 *
 * @param nth - tells scopes apart, so that the same share of two is not the same nodes.
 */
export const isMeant = (
  scope: FleetScope,
  node: { readonly index: number; readonly place: SignalKey },
  nth: number,
  seed: number,
): boolean =>
  isPlaceMeant(scope, node.place) &&
  (scope.share === undefined || drawn(seed, PURPOSE.scope, node.index, nth) < scope.share);
