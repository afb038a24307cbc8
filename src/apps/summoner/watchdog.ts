/**
 * The watchdog of the service manager, which restarts an agent that no longer polls (fault 59).
 *
 * It is fed when a poll has been taken in, answered or failed, and by nothing else: an event loop that stalls, a poll that
 * never ends and a disk that hangs all starve it. Polls are far apart where nothing happens, and further while the bus
 * fails; so each time it is told when the next poll is due, it waits for that twice over, or as long as its unit says
 * where that is longer.
 *
 * @module
 */
import { MINUTE_MS } from '../../domain/time.ts';

/** For a poll itself, in milliseconds: the deadlines of buses are shorter, and a disk may be slow. */
const POLL_MS_MAX = 2 * MINUTE_MS;

/** So long a watchdog has to wait where polls are `gapMs` apart, in milliseconds. */
export const patienceMs = (gapMs: number): number => 2 * Math.max(gapMs, 0) + POLL_MS_MAX;

/**
 * What the watchdog is told when a poll has been taken in.
 *
 * @param unitMs - how long it waits as its unit says, in milliseconds.
 * @param gapMs - until the next poll, in milliseconds.
 */
export const fedWith = (unitMs: number, gapMs: number): Readonly<Record<'WATCHDOG' | 'WATCHDOG_USEC', string>> => ({
  WATCHDOG: '1',
  WATCHDOG_USEC: String(Math.max(unitMs, Math.ceil(patienceMs(gapMs) / MINUTE_MS) * MINUTE_MS) * 1_000),
});
