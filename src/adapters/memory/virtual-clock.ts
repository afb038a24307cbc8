import { CLOCK_STEP_MS_MIN, type EpochMs, later, plus } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';

/** A clock that stands still until it is told to move. */
export interface VirtualClock extends Clock {
  /**
   * Moves time on to `instant`, waking every sleeper on the way at its own instant, in order; those of one instant in the
   * order in which they went to sleep. Each has run until it waits again before the next is woken, so a sleeper that
   * sleeps on wakes again within the same call. An instant in the past moves nothing.
   */
  readonly advanceTo: (instant: EpochMs) => Promise<void>;
  /** The instant at which the next sleeper is due; nothing when nobody sleeps. */
  readonly nextWake: () => EpochMs | undefined;
  /**
   * Sets the wall clock, forwards or back, while no time passes (faults 32, 33). Sleepers that are due then, wake; where it
   * moved by more than slewing does, all of them.
   */
  readonly stepTo: (instant: EpochMs) => Promise<void>;
}

interface Sleeper {
  readonly instant: EpochMs;
  readonly wake: () => void;
}

/** Lets everything that waits for nothing but other code run on. */
const untilNothingRuns = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/**
 * A {@link VirtualClock} that reads `start`.
 *
 * @param settled - resolves when what a woken sleeper set going has come to rest; where sleepers touch files or
 * processes, give one that waits for those.
 */
export const virtualClock = (start: EpochMs, settled: () => Promise<void> = untilNothingRuns): VirtualClock => {
  let now = start;
  let elapsedMs = 0;
  /** The next to wake first; a simulation has thousands, and asks for the next one all the time. */
  const sleepers: Sleeper[] = [];

  const next = (): Sleeper | undefined => sleepers[0];

  /** After all that are due no later: who went to sleep first, wakes first. */
  const enqueue = (sleeper: Sleeper): void => {
    let [from, to] = [0, sleepers.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((sleepers[middle]?.instant ?? sleeper.instant) <= sleeper.instant) from = middle + 1;
      else to = middle;
    }
    sleepers.splice(from, 0, sleeper);
  };

  const wakeDue = async (until: EpochMs, reach: (instant: EpochMs) => void): Promise<void> => {
    await settled();
    for (let due = next(); due !== undefined && due.instant <= until; due = next()) {
      reach(due.instant);
      due.wake();
      await settled();
    }
  };

  return {
    now: () => now,
    elapsedMs: () => elapsedMs,
    sleepUntil: (instant, signal) =>
      new Promise((resolve) => {
        if (instant <= now || signal?.aborted === true) {
          resolve();
          return;
        }
        const wake = (): void => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { instant, wake };
        enqueue(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    nextWake: () => next()?.instant,
    advanceTo: async (instant) => {
      const target = later(now, instant);
      const reach = (reached: EpochMs): void => {
        const passed = Math.max(reached - now, 0);
        elapsedMs += passed;
        now = plus(now, passed);
      };
      await wakeDue(target, reach);
      reach(target);
    },
    stepTo: async (instant) => {
      const wasSet = Math.abs(instant - now) >= CLOCK_STEP_MS_MIN;
      now = instant;
      if (wasSet) for (const sleeper of [...sleepers]) sleeper.wake();
      await wakeDue(instant, () => undefined);
    },
  };
};
