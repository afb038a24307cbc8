/**
 * Answers that are the same for everybody, read once for all who ask within a second. The board is read from every Chef
 * server: a wall of dashboards must not become a load on those.
 *
 * @module
 */
import { SECOND_MS } from '../../../domain/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Answer } from './answer.ts';
import type { Route } from './route.ts';

/** A shared answer is at most so old, in milliseconds. */
export const SHARED_MS_MAX = SECOND_MS;

/** Answers that are shared. */
export interface SharedAnswers {
  /** The answer of `route`: the one that is there, or what `read` answers. */
  readonly answer: (route: Route, read: () => Promise<Answer>) => Promise<Answer>;
  /**
   * Forgets every answer: something has changed. Whoever asks after that sees it; a reading that is under way goes to those
   * alone who asked before.
   */
  readonly forget: () => void;
}

interface Reading {
  readonly begunAtMs: number;
  readonly answer: Promise<Answer>;
}

/** Shared answers, none yet. */
export const sharedAnswers = ({ elapsedMs }: Pick<Clock, 'elapsedMs'>): SharedAnswers => {
  const readings = new Map<Route, Reading>();
  return {
    answer: (route, read) => {
      const now = elapsedMs();
      const known = readings.get(route);
      if (known !== undefined && now - known.begunAtMs < SHARED_MS_MAX) return known.answer;
      const begun = { begunAtMs: now, answer: read() };
      readings.set(route, begun);
      begun.answer.catch(() => {
        if (readings.get(route) === begun) readings.delete(route);
      });
      return begun.answer;
    },
    forget: () => {
      readings.clear();
    },
  };
};
