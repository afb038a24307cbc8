/**
 * Dedup: whether a version that a signal names is news to this node (law N1).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Version } from './names.ts';
import type { NodeState } from './node-state.ts';
import { compareTimestamps, type Timestamp } from './time.ts';

/**
 * Whether the node is on `version`: it was the last success, and no run for another version has begun since. A node
 * that tried another and failed may be on neither, so going back takes a run.
 */
export const isApplied = (state: NodeState, version: Version): boolean =>
  O.isSome(state.applied) &&
  state.applied.value === version &&
  (O.isNone(state.tried) || state.tried.value === version);

/** Whether the signal of this `timestamp` has been believed already: seen again, it says nothing new (fault 25). */
export const isSeen = (state: NodeState, timestamp: Timestamp): boolean =>
  O.isSome(state.accepted) && compareTimestamps(state.accepted.value, timestamp) === 0;

/** Whether `option` is this version. */
export const isVersion = (option: O.Option<Version>, version: Version): boolean =>
  O.isSome(option) && option.value === version;
