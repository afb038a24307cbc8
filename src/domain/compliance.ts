/**
 * The compliance floor: whatever else fails, every node runs at least once in every window (law N6).
 *
 * @module
 */
import { hashFraction } from './hash.ts';
import type { NodeName } from './names.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, plus } from './time.ts';

/** The published compliance window: twelve hours. */
export const WINDOW_MS_DEFAULT = 12 * HOUR_MS;
/** How much earlier than the window's end the floor may act: half an hour. */
export const LEAD_MS_DEFAULT = 30 * MINUTE_MS;

/** How far apart two successes may lie. */
export interface ComplianceFloor {
  /** The window, in milliseconds. */
  readonly windowMs: number;
  /**
   * The floor acts up to so many milliseconds before the window closes, each node at its own moment of the first half of
   * that time, so that a fleet that ran together does not run together again. The second half is for the run itself: it
   * ends before the window closes, which is when the fallback looks, so the fallback is looser than the primary. 0 is
   * the published rule to the letter. More than half the window counts as half of it, or the floor would follow on the
   * very run that met it.
   */
  readonly leadMs: number;
}

/**
 * When the node's next run starts at the latest: at or after `lastSuccess + window − lead`, and before
 * `lastSuccess + window − lead / 2`, or where the lead is 0, at `lastSuccess + window`.
 */
export const floorDueAt = ({ windowMs, leadMs }: ComplianceFloor, node: NodeName, lastSuccess: EpochMs): EpochMs => {
  const lead = Math.min(leadMs, windowMs / 2);
  return plus(lastSuccess, windowMs - (lead === 0 ? 0 : Math.ceil(lead * (1 - hashFraction(node) / 2))));
};
