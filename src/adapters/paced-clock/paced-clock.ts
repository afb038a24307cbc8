import { type EpochMs, plus } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';

/** A clock that runs faster than real time, and waits at a gate. */
export interface PacedClock extends Clock {
  /**
   * Moves the gate: the instant that the clock reaches but does not pass. Whoever conducts opens it again when what is
   * to happen at that instant has happened, so that a slow machine makes time slow and never makes it jump.
   */
  readonly gateAt: (instant: EpochMs) => void;
  /**
   * Lets `work` take `durationMs` of the clock's time, however long it really takes: the clock waits for it at the end of
   * that time. Resolves then, with what `work` resolves with.
   */
  readonly taking: <A>(durationMs: number, work: Promise<A>) => Promise<A>;
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
  let conductedMs: number = start;
  /** Where the clock waits for work that is under way. */
  const waits = new Set<{ readonly instant: number }>();
  const gateMs = (): number => Math.min(conductedMs, ...[...waits].map(({ instant }) => instant));
  let realMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const sleepers = new Set<Sleeper>();
  let isStopped = false;

  const advance = (): void => {
    const real = performance.now();
    nowMs = Math.max(nowMs, Math.min(gateMs(), nowMs + Math.min(real - realMs, STALL_MS_MAX) * factor));
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
    const gate = gateMs();
    if (first > gate && nowMs >= gate) return;
    const waitMs = Math.max((Math.min(first, gate) - nowMs) / factor, 0);
    timer = setTimeout(wakeDue, Math.min(Math.ceil(waitMs), STALL_MS_MAX));
  };

  const wakeDue = (): void => {
    const reached = now();
    for (const sleeper of [...sleepers].filter(({ instant }) => instant <= reached)) sleeper.wake();
    arm();
  };

  const sleepUntil: Clock['sleepUntil'] = (instant, signal) =>
    new Promise((resolve) => {
      if (isStopped || signal?.aborted === true || instant <= now()) {
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
    });

  return {
    now,
    elapsedMs: () => now() - start,
    gateAt: (instant) => {
      advance();
      conductedMs = Math.max(instant, nowMs);
      arm();
    },
    stop: () => {
      isStopped = true;
      for (const sleeper of [...sleepers]) sleeper.wake();
      clearTimeout(timer);
    },
    taking: async (durationMs, work) => {
      const wait = { instant: now() + durationMs };
      waits.add(wait);
      try {
        return await work;
      } finally {
        waits.delete(wait);
        advance();
        await sleepUntil(plus(0 as EpochMs, wait.instant));
      }
    },
    sleepUntil,
  };
};
