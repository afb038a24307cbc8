/**
 * Which run requests a node has open, and which it is done with (law N11).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { HandledRequest, NodeState, PendingRequest } from '../node-state.ts';
import { isAddressedTo, isExpired } from '../run-request.ts';
import { RUN_REQUESTS_MAX, type Signal } from '../signal.ts';
import { splayMs } from '../splay.ts';
import { type EpochMs, plus } from '../time.ts';
import type { SummonerPolicy } from './model.ts';

/**
 * The requests that are open for this node after `signal`: one that it no longer carries was withdrawn. One that looks
 * expired is kept: the clock may be wrong now and right when the run would start, which is when that is asked again.
 */
export const requestsAfter = (
  policy: SummonerPolicy,
  node: NodeState,
  signal: Signal,
  now: EpochMs,
): readonly PendingRequest[] =>
  signal.runRequests
    .filter((request) => isAddressedTo(request, policy.identity.node))
    .filter(({ id }) => !node.handled.some((handled) => handled.id === id))
    .map(({ id, splaySeconds, expiresEpochSeconds }): PendingRequest => {
      const open = node.requests.find((request) => request.id === id);
      const startAt = open?.startAt ?? plus(now, splayMs(policy.identity.node, id, splaySeconds));
      return { id, startAt, expiresEpochSeconds, attempts: open?.attempts ?? 0 };
    });

/** So many handled requests are remembered: ten times as many as a signal can carry. */
const HANDLED_MAX = 10 * RUN_REQUESTS_MAX;

export const withHandled = (
  handled: readonly HandledRequest[],
  requests: readonly HandledRequest[],
): readonly HandledRequest[] =>
  [...handled, ...requests.map(({ id, expiresEpochSeconds }) => ({ id, expiresEpochSeconds }))].slice(-HANDLED_MAX);

/**
 * What `requests` no longer holds although a run was started for it: its turn has been taken (law N11), so that it is
 * not run for anew when a later signal carries it again.
 */
const withdrawnAfterRun = (node: NodeState, requests: readonly PendingRequest[]): readonly PendingRequest[] =>
  node.requests.filter(
    ({ id, attempts }) =>
      (attempts > 0 || (O.isSome(node.running) && node.running.value.requests.includes(id))) &&
      !requests.some((open) => open.id === id),
  );

/**
 * The requests whose turn has been taken, after `signal`. One is forgotten when it has expired; a signal that carries it
 * with a later end does not make another of it.
 */
export const handledAfter = (
  node: NodeState,
  signal: Signal,
  requests: readonly PendingRequest[],
  now: EpochMs,
): readonly HandledRequest[] => {
  const known = node.handled.map((handled) => {
    const carried = signal.runRequests.find(({ id }) => id === handled.id)?.expiresEpochSeconds ?? 0;
    return carried > handled.expiresEpochSeconds ? { ...handled, expiresEpochSeconds: carried } : handled;
  });
  return withHandled(
    known.filter((handled) => !isExpired(handled, now)),
    withdrawnAfterRun(node, requests),
  );
};
