import { uptime } from 'node:os';
import { CLOCK_STEP_MS_MIN, epochMs, SECOND_MS } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * The longest piece that a sleep is taken in: after so long, at the latest, a wall clock that was stepped meanwhile, or a
 * machine that was suspended, is noticed. It also keeps every timer far below the 2³¹ ms at which Node's fire at once
 * (fault 15).
 */
const SLEEP_PIECE_MS_MAX = 60 * SECOND_MS;

/**
 * The machine's clock.
 *
 * `now` is the wall clock, clamped to the years 1970 … 9999. `elapsedMs` is the time since the machine was started, time
 * spent suspended included, in steps of 10 ms.
 *
 * @param uptimeSeconds - the time since the machine was started, for who has a better source than the operating system.
 */
export const systemClock = (uptimeSeconds: () => number = uptime): Clock => {
  const now: Clock['now'] = () => epochMs(Math.max(Date.now(), 0));
  const elapsedMs: Clock['elapsedMs'] = () => uptimeSeconds() * SECOND_MS;
  return {
    now,
    elapsedMs,
    sleepUntil: (instant, signal) =>
      new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const startedAhead = now() - elapsedMs();
        const wasSet = (): boolean => Math.abs(now() - elapsedMs() - startedAhead) >= CLOCK_STEP_MS_MIN;
        const wake = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleepOn = (): void => {
          const remainingMs = instant - now();
          if (remainingMs <= 0 || signal?.aborted === true || wasSet()) wake();
          else timer = setTimeout(sleepOn, Math.min(remainingMs, SLEEP_PIECE_MS_MAX));
        };
        signal?.addEventListener('abort', wake, { once: true });
        sleepOn();
      }),
  };
};
