/**
 * How far apart the successes of single nodes lay, as a histogram.
 *
 * @module
 */
import { HOUR_MS } from '../../../domain/time.ts';
import type { Gaps } from '../simulation-result.ts';
import type { Axis, AxisTick } from './axis.ts';
import { type Chart, path, type Row } from './chart.ts';
import { foldedTable } from './data-table.ts';
import { type Markup, markup, NOTHING } from './markup.ts';
import { coordinate, countOf, countText, durationText } from './number-text.ts';
import { percentOf } from './time-scale.ts';

/** More bars than this are put together, several hours to one. */
const BARS_MAX = 120;

/** The share of the plot that is kept free above the bars for the labels of the window and of the longest gap. */
const HEADROOM = 1.5;

/** So many counts are named beside the plot. */
const NAMED_MAX = 7;

const TICK_HOURS = [1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720, 1440, 2880, 8760, 17_520, 43_800, 87_600] as const;

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

const barsOf = (byHour: readonly number[]): readonly Bar[] => {
  const hours = Math.max(Math.ceil(byHour.length / BARS_MAX), 1);
  return Array.from({ length: Math.ceil(byHour.length / hours) }, (_, i) => ({
    from: i * hours,
    to: (i + 1) * hours,
    count: sumOf(byHour.slice(i * hours, (i + 1) * hours)),
  }));
};

/** One gap has to be seen beside a million: the logarithm of the count, with 0 for none. */
const heightOf = (count: number): number => Math.log10(1 + count);

const barsPath = (bars: readonly Bar[]): string =>
  bars
    .filter(({ count }) => count > 0)
    .map(({ from, to, count }) => `M${from} 0V${coordinate(heightOf(count))}H${to}V0Z`)
    .join('');

const hourTicks = (width: number, countMax: number): readonly AxisTick[] => {
  const step = TICK_HOURS.find((hours) => width / hours < countMax) ?? width;
  return Array.from({ length: Math.floor(width / step) + 1 }, (_, i) => ({
    x: i * step,
    label: `${countText(i * step)} h`,
    isMajor: false,
  }));
};

const hoursAxis = (width: number): Axis => ({
  width,
  wide: hourTicks(width, 24),
  narrow: hourTicks(width, 6),
});

/** Left of its line where there is room, otherwise right of it. */
const flag = (x: number, width: number, line: 1 | 2, className: string, text: string): Markup =>
  x > width / 2
    ? markup`<em class="flag ${className} line-${line}" style="right:${percentOf(width - x, width)}">${text}</em>`
    : markup`<em class="flag ${className} line-${line}" style="left:${percentOf(x, width)}">${text}</em>`;

/** The counts that the scale names: powers of ten, so many that their labels do not touch. */
const namedCounts = (most: number): readonly number[] => {
  const powers = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, i) => 10 ** i);
  const every = Math.ceil(powers.length / NAMED_MAX);
  return powers.filter((_, i) => (powers.length - 1 - i) % every === 0);
};

/** Gaps that are longer than the window are set apart. */
const row = (
  { byHour, longestMs, longestOn, isLongestOpen, windowMs }: Gaps,
  bars: readonly Bar[],
  width: number,
): Row => {
  const windowHours = windowMs / HOUR_MS;
  const longestHours = longestMs / HOUR_MS;
  const firstBeyond = Math.ceil(windowHours);
  const isBeyond = ({ from, to }: Bar): boolean => sumOf(byHour.slice(Math.max(from, firstBeyond), to)) > 0;
  const most = bars.reduce((max, { count }) => Math.max(max, count), 1);
  const top = heightOf(most) * HEADROOM;
  const line = (x: number): string => `M${coordinate(x)} 0V${coordinate(top)}`;
  const hasLongest = longestOn !== undefined;
  return {
    label: 'Gaps',
    note: countText(sumOf(byHour)),
    height: 'plot',
    summary: `${countOf(sumOf(byHour), 'gap')}, ${countText(sumOf(byHour.slice(firstBeyond)))} of them longer than the window of ${durationText(windowMs)}`,
    top,
    drawing: markup`${[
      path('bar', barsPath(bars.filter((bar) => !isBeyond(bar)))),
      path('bar beyond', barsPath(bars.filter(isBeyond))),
      path('reference', line(windowHours)),
      hasLongest ? path('longest', line(longestHours)) : NOTHING,
    ]}`,
    over: markup`${[
      flag(windowHours, width, 1, 'window', `window ${durationText(windowMs)}`),
      hasLongest
        ? flag(
            longestHours,
            width,
            2,
            'longest',
            `longest ${durationText(longestMs)}${isLongestOpen ? ', still open' : ''}`,
          )
        : NOTHING,
    ]}`,
    end: namedCounts(most).map(
      (count) =>
        markup`<span class="scale-at" style="bottom:${percentOf(heightOf(count), top)}">${countText(count)}</span>`,
    ),
  };
};

const table = (bars: readonly Bar[]): Markup =>
  foldedTable({
    title: 'Gaps as a table',
    columns: [
      { head: 'At least', isNumeric: true },
      { head: 'Less than', isNumeric: true },
      { head: 'Gaps', isNumeric: true },
    ],
    rows: bars
      .filter(({ count }) => count > 0)
      .map(({ from, to, count }) => [`${countText(from)} h`, `${countText(to)} h`, countText(count)]),
  });

const longest = ({ longestMs, longestOn, isLongestOpen }: Gaps): string => {
  if (longestOn === undefined) return '';
  const open = isLongestOpen ? ', still open at the end and not counted' : '';
  return `, and the longest gap was ${durationText(longestMs)}, on ${longestOn}${open}`;
};

const caption = (gaps: Gaps): string =>
  [
    'How long nodes went from one success to the next, counted by hours; the counts on a logarithmic scale.',
    `The compliance window is ${durationText(gaps.windowMs)}${longest(gaps)}.`,
  ].join(' ');

/** The chart. */
export const gapsChart = (gaps: Gaps): Chart => {
  const bars = barsOf(gaps.byHour);
  // An hour is left free after the window and after the longest gap.
  const lastHour = Math.max(bars.at(-1)?.to ?? 0, Math.ceil(Math.max(gaps.windowMs, gaps.longestMs) / HOUR_MS) + 1);
  const isEmpty = sumOf(gaps.byHour) === 0;
  return {
    id: 'gaps',
    title: 'Gaps between successes',
    caption: caption(gaps),
    axis: hoursAxis(lastHour),
    unit: 'Hours',
    rows: isEmpty ? [] : [row(gaps, bars, lastHour)],
    empty: 'No node succeeded twice.',
    below: isEmpty ? NOTHING : table(bars),
  };
};
