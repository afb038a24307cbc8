import type { EpochMs } from '../domain/time.ts';

/** Time, as a value that is asked for. Only shells ask; decisions are told. */
export interface Clock {
  /** The wall clock. It may be wrong, and may step in either direction. */
  readonly now: () => EpochMs;
  /**
   * Milliseconds since some fixed instant, never going back, counting time spent suspended. A wall clock that moved by
   * more or less than this between two readings has been stepped.
   */
  readonly elapsedMs: () => number;
  /**
   * Resolves when the wall clock has reached `instant`, or as soon as `signal` is aborted; never rejects. It also resolves,
   * within a minute, once the wall clock is seen to have been set: `instant` was computed by another clock then, and who
   * waits for it looks again. Any instant
   * is allowed: timers longer than the platform's are taken in pieces.
   */
  readonly sleepUntil: (instant: EpochMs, signal?: AbortSignal) => Promise<void>;
}
