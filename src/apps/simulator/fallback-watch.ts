/**
 * The watch over one node's fallback: when it has to run at the latest, and how soon it may run again.
 *
 * @module
 */
import { type EpochMs, SECOND_MS } from '../../domain/time.ts';
import type { FallbackSettings } from './scenario.ts';

/** Calls out that a law was broken. */
export type Breaks = (law: string, at: EpochMs, what: string) => void;

/** Timers and whole seconds blur every deadline by so much. */
export const SLACK_MS = 5 * SECOND_MS;

/** A duration in a line for people. */
export const seconds = (durationMs: number): string => `${Math.round(durationMs / SECOND_MS)} s`;

/** The promises that the fallback makes to one node. */
export class FallbackWatch {
  /** It has run by then. */
  dueBy = Infinity;
  readonly #settings: FallbackSettings;
  readonly #breaks: Breaks;
  #lastAttemptAt = -Infinity;
  #isAtWork = false;

  constructor(settings: FallbackSettings, breaks: Breaks) {
    this.#settings = settings;
    this.#breaks = breaks;
  }

  /** It has found that a run is due, on a node where nobody else records anything. */
  isDue(at: EpochMs): void {
    const { splaySeconds, everyMs } = this.#settings;
    this.dueBy = Math.min(this.dueBy, at + splaySeconds * SECOND_MS + everyMs);
  }

  /**
   * It is about to run chef-client.
   *
   * @param recordedAt - the last success that somebody on the node could record; nothing where records are doubtful.
   * @param isAttemptKnown - whether it could know of its own last attempt.
   */
  starts(at: EpochMs, recordedAt: number | undefined, isAttemptKnown: boolean): void {
    const { thresholdSeconds, retryIntervalSeconds } = this.#settings;
    this.runsInTime(at);
    if (recordedAt !== undefined) {
      const sinceMs = at - recordedAt;
      if (sinceMs < thresholdSeconds * SECOND_MS - SLACK_MS) {
        this.#breaks('F2', at, `the fallback ran ${seconds(sinceMs)} after a success that is on record`);
      }
    }
    const betweenMs = at - this.#lastAttemptAt;
    if (isAttemptKnown && betweenMs < retryIntervalSeconds * SECOND_MS - SLACK_MS) {
      this.#breaks('F4', at, `the fallback ran again ${seconds(betweenMs)} after its last attempt`);
    }
    this.#lastAttemptAt = at;
    this.#isAtWork = true;
  }

  /** It has run chef-client. */
  ended(at: EpochMs, isSuccess: boolean): void {
    this.#lastAttemptAt = at;
    this.#isAtWork = false;
    if (!isSuccess) this.#retriesFrom(at);
  }

  /** Its run was cut short together with it: on record is its beginning. */
  cutShort(at: EpochMs): void {
    this.#isAtWork = false;
    this.#retriesFrom(at);
  }

  /** A success looks as though it had been at that instant. */
  succeeded(success: number): void {
    this.dueBy = this.#dueAfter(success);
  }

  /** A success may look as though it had been as late as that. */
  mayHaveSucceeded(success: number): void {
    this.dueBy = Math.max(this.dueBy, this.#dueAfter(success));
  }

  /** An attempt may look as though it had been so much later as its clock was set back, but no later than `latest`. */
  attemptLooksLater(byMs: number, latest: number): void {
    this.#retriesFrom(Math.min(this.dueBy + byMs, latest));
  }

  /** It cannot decide before `until`: then it looks, and waits its place in the splay. */
  postpone(until: number): void {
    const { splaySeconds, everyMs } = this.#settings;
    this.dueBy = Math.max(this.dueBy, until + splaySeconds * SECOND_MS + everyMs);
  }

  /** Whether it has run, where it had to have by now. */
  runsInTime(at: EpochMs): void {
    if (this.#isAtWork || at <= this.dueBy + SLACK_MS) return;
    this.#breaks('F1', at, `the fallback did not run for ${seconds(at - this.dueBy)} after it was due`);
    this.dueBy = at;
  }

  #retriesFrom(at: number): void {
    this.postpone(at + this.#settings.retryIntervalSeconds * SECOND_MS);
  }

  #dueAfter(success: number): number {
    const { thresholdSeconds, splaySeconds, everyMs } = this.#settings;
    return success + (thresholdSeconds + splaySeconds) * SECOND_MS + everyMs;
  }
}
