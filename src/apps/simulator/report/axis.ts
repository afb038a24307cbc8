/**
 * An axis below a chart, once for wide screens and once, with fewer ticks, for narrow ones.
 *
 * @module
 */
import { type Markup, markup, NOTHING } from './markup.ts';
import { coordinate } from './number-text.ts';
import { percentOf, type TimeScale } from './time-scale.ts';
import { timeTicks } from './time-ticks.ts';

/** Where the axis has something to say. */
export interface AxisTick {
  readonly x: number;
  readonly label: string;
  readonly isMajor: boolean;
}

/** An axis of `width` units. */
export interface Axis {
  readonly width: number;
  readonly wide: readonly AxisTick[];
  readonly narrow: readonly AxisTick[];
}

/** So many labels have room on a screen of 1000 and of 400 pixels. */
const TICKS_MAX = { wide: 12, narrow: 4 } as const;

/** A label stands to the right of its tick, so one that is further right than this share of the axis has no room. */
const LABEL_UNTIL = { wide: 0.955, narrow: 0.8 } as const;

/** The axis of the time line, in UTC. */
export const timeAxis = (scale: TimeScale): Axis => {
  const ticks = (size: 'wide' | 'narrow'): readonly AxisTick[] =>
    timeTicks(scale.startsAt, scale.endsAt, TICKS_MAX[size]).map(({ at, label, shortLabel, isMajor }) => ({
      x: scale.x(at),
      label: size === 'wide' ? label : shortLabel,
      isMajor,
    }));
  return { width: scale.width, wide: ticks('wide'), narrow: ticks('narrow') };
};

const labels = (axis: Axis, size: 'wide' | 'narrow'): Markup =>
  markup`<div class="${size}">${axis[size]
    .filter(({ x }) => x <= axis.width * LABEL_UNTIL[size])
    .map(
      ({ x, label, isMajor }) =>
        markup`<span${isMajor ? markup` class="major"` : NOTHING} style="left:${percentOf(x, axis.width)}">${label}</span>`,
    )}</div>`;

/** The labels, below the rows of a chart. */
export const axisLabels = (axis: Axis, unit: string): Markup =>
  markup`<div class="row axis" aria-hidden="true"><div class="label">${unit}</div><div class="ticks">${labels(axis, 'wide')}${labels(axis, 'narrow')}</div></div>`;

/** The ticks as the lines of a grid, 0 to 1 high. */
export const gridPath = (axis: Axis, size: 'wide' | 'narrow'): string =>
  axis[size].map(({ x }) => `M${coordinate(x)} 0V1`).join('');
