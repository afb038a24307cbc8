/**
 * What people on the node change (law N10).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Disabling } from '../disabling.ts';
import type { NodeAsk } from '../node-request.ts';
import type { NodeState } from '../node-state.ts';
import { earlier, type EpochMs } from '../time.ts';
import { withDisablingEnded } from './floor.ts';
import type { SummonerPolicy } from './model.ts';

export const withDisabled = (node: NodeState, disabling: Disabling, now: EpochMs): NodeState => ({
  ...node,
  disabled: O.some(disabling),
  disabledSince: O.some(now),
});

/** Ends a disabling at once, also during a run: left to its end, a clock that is set back would bring it back. */
export const withEnabled = (policy: SummonerPolicy, node: NodeState, now: EpochMs): NodeState => {
  if (O.isNone(node.disabled)) return node;
  const { value } = node.disabled;
  return withDisablingEnded(policy, { ...node, disabled: O.some({ ...value, until: earlier(value.until, now) }) }, now);
};

/** Whichever of the two was asked for. */
export const withSwitched = (
  policy: SummonerPolicy,
  node: NodeState,
  ask: Exclude<NodeAsk, { _tag: 'RunNow' }>,
  now: EpochMs,
): NodeState => (ask._tag === 'Disable' ? withDisabled(node, ask.disabling, now) : withEnabled(policy, node, now));

export const withRunNow = (node: NodeState): NodeState => (node.runNow ? node : { ...node, runNow: true });
