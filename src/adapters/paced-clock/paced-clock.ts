import { type EpochMs, plus } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';

/** A clock that runs faster than real time, and waits at a gate. */
export interface PacedClock extends Clock {
  /**
   * Moves the gate: the instant that the clock reaches but does not pass. Whoever conducts opens it again when what is
   * to happen at that instant has happened, so that a slow machine makes time slow and never makes it jump.
   */
  readonly gateAt: (instant: EpochMs) => void;
  /** Releases every sleeper and keeps no timer. */
  readonly stop: () => void;
}

/** How a paced clock runs. */
export interface Pace {
  readonly start: EpochMs;
  /** Clock milliseconds for each real one. */
  readonly factor: number;
}

interface Sleeper {
  readonly instant: EpochMs;
  readonly wake: () => void;
}

/** However long the process stood still, the clock moves on by no more than so many real milliseconds at once. */
const STALL_MS_MAX = 50;

/** A {@link PacedClock} that begins at `start`, its gate there too. */
export const pacedClock = ({ start, factor }: Pace): PacedClock => {
  let nowMs: number = start;
  let gateMs: number = start;
  let realMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const sleepers = new Set<Sleeper>();

  const advance = (): void => {
    const real = performance.now();
    nowMs = Math.max(nowMs, Math.min(gateMs, nowMs + Math.min(real - realMs, STALL_MS_MAX) * factor));
    realMs = real;
  };

  const now = (): EpochMs => {
    advance();
    return plus(0 as EpochMs, nowMs);
  };

  const arm = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (sleepers.size === 0) return;
    const first = Math.min(...[...sleepers].map(({ instant }) => instant));
    if (first > gateMs && nowMs >= gateMs) return;
    const waitMs = Math.max((Math.min(first, gateMs) - nowMs) / factor, 0);
    timer = setTimeout(wakeDue, Math.min(Math.ceil(waitMs), STALL_MS_MAX));
  };

  const wakeDue = (): void => {
    const reached = now();
    for (const sleeper of [...sleepers].filter(({ instant }) => instant <= reached)) sleeper.wake();
    arm();
  };

  return {
    now,
    elapsedMs: () => now() - start,
    gateAt: (instant) => {
      advance();
      gateMs = Math.max(instant, nowMs);
      arm();
    },
    stop: () => {
      for (const sleeper of [...sleepers]) sleeper.wake();
      clearTimeout(timer);
    },
    sleepUntil: (instant, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true || instant <= now()) {
          resolve();
          return;
        }
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { instant, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
        arm();
      }),
  };
};
