/**
 * What a node owes: each run that is to start, and when.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { NodeState, RunCause } from '../node-state.ts';
import { isExpired } from '../run-request.ts';
import type { EpochMs } from '../time.ts';
import { type Anchored, hasSuccess } from './floor.ts';
import type { SummonerPolicy } from './model.ts';

/** Something the node owes, and when it is to start. */
export interface Owed {
  readonly cause: RunCause;
  readonly startAt: EpochMs;
  readonly attempts: number;
}

const FLOOR: RunCause = { _tag: 'Floor' };
const FIRST_RUN: RunCause = { _tag: 'FirstRun' };
const RUN_NOW: RunCause = { _tag: 'RunNow' };
/** The one run that an upgrade of the client is answered with. */
export const UPGRADED: RunCause = { _tag: 'Upgraded' };

export const sooner = (a: Owed | undefined, b: Owed): Owed => (a === undefined || b.startAt < a.startAt ? b : a);

/** The earliest of what the node owes beside the floor. */
export const owedOnDemand = (node: NodeState, now: EpochMs): Owed | undefined => {
  let first: Owed | undefined;
  if (node.upgraded) first = { cause: UPGRADED, startAt: now, attempts: 0 };
  if (node.runNow) first = sooner(first, { cause: RUN_NOW, startAt: now, attempts: 0 });
  if (O.isSome(node.pending) && !node.pending.value.gaveUp) {
    const { version, startAt, attempts } = node.pending.value;
    first = sooner(first, { cause: { _tag: 'NewVersion', version }, startAt, attempts });
  }
  for (const request of node.requests) {
    if (isExpired(request, now)) continue;
    const { id, startAt, attempts } = request;
    first = sooner(first, { cause: { _tag: 'Request', id }, startAt, attempts });
  }
  return first;
};

export const owedByFloor = (policy: SummonerPolicy, { node, startAt }: Anchored, now: EpochMs): Owed => {
  const cause = hasSuccess(policy, node, now) ? FLOOR : FIRST_RUN;
  return { cause, startAt, attempts: O.isSome(node.floor) ? node.floor.value.attempts : 0 };
};
