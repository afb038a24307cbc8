/**
 * Backoff: how long to wait after a failure. Deterministic, so that a decision needs no randomness and a restart does
 * not draw again; spread by a hash, so that a fleet which failed together does not retry together.
 *
 * @module
 */
import { hashFractionFor } from './hash.ts';
import { SECOND_MS } from './time.ts';

/** How retries are spaced. */
export interface Backoff {
  /** The ceiling of the first wait, in milliseconds; it doubles with every failure. */
  readonly baseMs: number;
  /** No ceiling is higher than this, in milliseconds. */
  readonly capMs: number;
}

/** No two attempts are closer than this, whatever the jitter says. */
export const BACKOFF_MS_MIN = SECOND_MS;

/** The longest wait after `failures` failures in a row, in milliseconds. */
export const backoffCeilingMs = ({ baseMs, capMs }: Backoff, failures: number): number =>
  Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));

/**
 * The wait after `failures` (1 or more) failures in a row: full jitter, uniform between {@link BACKOFF_MS_MIN} and the
 * ceiling, drawn by `salt`.
 */
export const backoffMs = (backoff: Backoff, salt: string, failures: number): number => {
  const ceiling = Math.max(backoffCeilingMs(backoff, failures), BACKOFF_MS_MIN);
  return Math.round(BACKOFF_MS_MIN + hashFractionFor(salt, String(failures)) * (ceiling - BACKOFF_MS_MIN));
};

/** The wait of something that never gives up: in the upper half of the cap, drawn by `salt` (law N7). */
export const backoffAtCapMs = ({ capMs }: Backoff, salt: string, failures: number): number =>
  Math.max(Math.round((capMs / 2) * (1 + hashFractionFor(salt, String(failures)))), BACKOFF_MS_MIN);
