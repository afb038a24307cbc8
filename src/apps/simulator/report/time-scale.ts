/**
 * The horizontal scale that all charts of the time line share: one unit is one step of the series.
 *
 * @module
 */
import type { EpochMs } from '../../../domain/time.ts';
import type { Timeline } from '../simulation-result.ts';
import { coordinate } from './number-text.ts';

/** Where an instant lies. */
export interface TimeScale {
  readonly startsAt: EpochMs;
  readonly endsAt: EpochMs;
  readonly stepMs: number;
  /** The whole time line, in steps; above 0. */
  readonly width: number;
  /** Steps since the start; what lies outside the time line is drawn at its edge. */
  readonly x: (at: EpochMs) => number;
}

/** The scale of a time line. */
export const timeScale = ({ startsAt, endsAt, stepMs }: Timeline): TimeScale => {
  const unitMs = Math.max(stepMs, 1);
  const width = Math.max(endsAt - startsAt, 1) / unitMs;
  return {
    startsAt,
    endsAt,
    stepMs: unitMs,
    width,
    x: (at) => Math.min(Math.max((at - startsAt) / unitMs, 0), width),
  };
};

/** A share of the scale as a CSS percentage. */
export const percentOf = (x: number, width: number): string => `${coordinate((100 * x) / width)}%`;
