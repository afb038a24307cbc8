/**
 * When the compliance floor acts, where that does not follow from the last success alone (law N6).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { floorDueAt } from '../compliance.ts';
import { isDisabled } from '../disabling.ts';
import type { NodeState, PendingVersion } from '../node-state.ts';
import { splayMs } from '../splay.ts';
import { type EpochMs, MINUTE_MS, plus } from '../time.ts';
import type { SummonerPolicy } from './model.ts';

/** A floor found overdue by more than this was not missed by a timer: the node stood still, and so did its neighbours. */
const STANDSTILL_MS = MINUTE_MS;

/** Whether the last success can be believed: one in the future is none (law N12). */
export const hasSuccess = (policy: SummonerPolicy, node: NodeState, now: EpochMs): boolean =>
  O.isSome(node.lastSuccess) && node.lastSuccess.value <= now + policy.clockToleranceMs;

/** When the floor is due by the last success alone; nothing for a node that never ran. */
const dueByLastSuccess = (policy: SummonerPolicy, { lastSuccess }: NodeState): EpochMs | undefined =>
  O.isSome(lastSuccess) ? floorDueAt(policy, policy.identity.node, lastSuccess.value) : undefined;

/** When the floor's run starts; nothing for a node that never ran and has not been looked at yet. */
export const floorStartAt = (policy: SummonerPolicy, node: NodeState): EpochMs | undefined =>
  O.isSome(node.floor) ? node.floor.value.startAt : dueByLastSuccess(policy, node);

/** A node whose floor has a start. */
export interface Anchored {
  readonly node: NodeState;
  readonly startAt: EpochMs;
}

/**
 * Fixes the floor's start where it does not follow from the last success: for a node that never ran, and for one that
 * stood still past it. Both are splayed from first sight, since whole fleets boot and resume together (fault 34).
 */
export const withFloorAnchored = (policy: SummonerPolicy, node: NodeState, now: EpochMs): Anchored => {
  if (O.isSome(node.floor)) return { node, startAt: node.floor.value.startAt };
  const dueAt = dueByLastSuccess(policy, node);
  const isDueToCome = dueAt !== undefined && now - dueAt <= STANDSTILL_MS;
  if (isDueToCome && hasSuccess(policy, node, now)) return { node, startAt: dueAt };
  const startAt = plus(now, splayMs(policy.identity.node, 'catch-up', policy.catchUpSplaySeconds));
  return { node: { ...node, floor: O.some({ startAt, attempts: 0 }) }, startAt };
};

/**
 * Ends a disabling whose time has come. What it held back starts after it, each node at its own moment and a version
 * after its own splay: the end is one instant for all the nodes that were disabled together.
 */
export const withDisablingEnded = (policy: SummonerPolicy, node: NodeState, now: EpochMs): NodeState => {
  if (O.isNone(node.disabled) || isDisabled(node.disabled.value, now)) return node;
  const { until, floorToo } = node.disabled.value;
  const isHeld = (startAt: EpochMs) => startAt < until;
  const soon = (cause: string) => plus(until, splayMs(policy.identity.node, cause, policy.catchUpSplaySeconds));
  const released = (pending: PendingVersion): PendingVersion => {
    const { version, seenAt, startAt, attempts } = pending;
    if (attempts > 0) return isHeld(startAt) ? { ...pending, startAt: soon(version) } : pending;
    return seenAt < until ? { ...pending, seenAt: until, startAt: plus(until, startAt - seenAt) } : pending;
  };
  const floorAt = floorStartAt(policy, node);
  const isFloorHeld = floorToo && floorAt !== undefined && isHeld(floorAt);
  const attempts = O.isSome(node.floor) ? node.floor.value.attempts : 0;
  return {
    ...node,
    disabled: O.none,
    disabledSince: O.none,
    pending: O.map(released)(node.pending),
    requests: node.requests.map((request) =>
      isHeld(request.startAt) ? { ...request, startAt: soon(request.id) } : request,
    ),
    floor: isFloorHeld ? O.some({ startAt: soon('catch-up'), attempts }) : node.floor,
  };
};
