/**
 * Whom a run request is addressed to (law N11).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { NodeName } from './names.ts';
import type { RunRequest } from './signal.ts';
import { type EpochMs, SECOND_MS } from './time.ts';

/**
 * Whether `name` matches `pattern`, in which `*` stands for any run of characters and `?` for one. At worst it
 * takes as many steps as the product of the two lengths, so no pattern, however made, can hang a node.
 */
export const matchesGlob = (pattern: string, name: string): boolean => {
  let p = 0;
  let n = 0;
  let star = -1;
  let retry = 0;
  while (n < name.length) {
    if (p < pattern.length && (pattern[p] === '?' || (pattern[p] !== '*' && pattern[p] === name[n]))) {
      p++;
      n++;
    } else if (pattern[p] === '*') {
      star = p++;
      retry = n;
    } else if (star !== -1) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
};

/** Whether `request` means `node`. A request without patterns means every node of the environment. */
export const isAddressedTo = (request: RunRequest, node: NodeName): boolean =>
  O.isNone(request.nodes) || request.nodes.value.some((pattern) => matchesGlob(pattern, node));

/** Whether `request` has expired at `now`. */
export const isExpired = (request: Pick<RunRequest, 'expiresEpochSeconds'>, now: EpochMs): boolean =>
  now >= request.expiresEpochSeconds * SECOND_MS;
