/**
 * Disabling: a person keeps a node from running, says why, and until when (law N10).
 *
 * @module
 */
import type { EpochMs } from './time.ts';

/** A node is disabled. */
export interface Disabling {
  readonly reason: string;
  /** Who to ask. */
  readonly owner: string;
  /** From this instant on it disables nothing any more. There is always one: a node forgotten is a node that drifts. */
  readonly until: EpochMs;
  /** Whether the compliance floor is disabled as well. */
  readonly floorToo: boolean;
}

/** Whether `disabling` keeps signals and requests from starting a run at `now`. */
export const isDisabled = (disabling: Disabling, now: EpochMs): boolean => now < disabling.until;

/** Whether `disabling` keeps the compliance floor from starting a run at `now`. */
export const isFloorDisabled = (disabling: Disabling, now: EpochMs): boolean =>
  disabling.floorToo && isDisabled(disabling, now);
