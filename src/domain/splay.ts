/**
 * The splay: how long a node waits before a run, so that a fleet which learns of a version in one minute does not ask
 * its Chef servers in one second.
 *
 * @module
 */
import { hashFractionFor } from './hash.ts';
import type { NodeName } from './names.ts';
import { SECOND_MS } from './time.ts';

/**
 * The node's wait for one cause, in milliseconds: at least 0 and less than `splaySeconds` (law N2).
 *
 * A hash of node and cause (law N3): the same after every restart, uniform over the nodes, and in a fresh order for each
 * cause, so that no node is always first. `cause` is a version, or the id of a run request.
 *
 * @param splaySeconds - 0 … 86 400; 0 answers 0.
 *
 * @example
 * ```ts
 * import { nameFromLiteral, NodeName, splayMs } from 'signalbox';
 *
 * const node = nameFromLiteral(NodeName)('web-17');
 * const waitMs = splayMs(node, '20250728.1753666491.0', 900);
 * console.log(waitMs >= 0 && waitMs < 900_000); // true
 * console.log(waitMs === splayMs(node, '20250728.1753666491.0', 900)); // true
 * ```
 */
export const splayMs = (node: NodeName, cause: string, splaySeconds: number): number =>
  Math.floor(hashFractionFor(node, cause) * splaySeconds * SECOND_MS);
