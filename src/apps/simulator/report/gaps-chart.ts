/**
 * How far apart the successes of single nodes lay, as a histogram.
 *
 * @module
 */
import { HOUR_MS } from '../../../domain/time.ts';
import type { Gaps } from '../simulation-result.ts';
import { type Axis, type AxisTick, TICKS_MAX } from './axis.ts';
import { type Chart, path } from './chart.ts';
import { foldedTable } from './data-table.ts';
import { type Markup, markup, NOTHING } from './markup.ts';
import { coordinate, countOf, countText, durationText } from './number-text.ts';
import { percentOf } from './time-scale.ts';

/** More bars than this are put together, several hours to one. */
const BARS_MAX = 120;

/** The share of the plot that is kept free above the bars for the labels of the window and of the longest gap. */
const HEADROOM = 1.5;

const TICK_HOURS = [1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720, 1440, 2880, 8760, 17_520, 43_800, 87_600] as const;

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const barsOf = (byHour: readonly number[]): readonly Bar[] => {
  const hours = Math.max(Math.ceil(byHour.length / BARS_MAX), 1);
  return Array.from({ length: Math.ceil(byHour.length / hours) }, (_, i) => ({
    from: i * hours,
    to: (i + 1) * hours,
    count: byHour.slice(i * hours, (i + 1) * hours).reduce((sum, count) => sum + count, 0),
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
  wide: hourTicks(width, TICKS_MAX.wide * 2),
  narrow: hourTicks(width, TICKS_MAX.narrow * 2),
});

/** Left of its line where there is room, otherwise right of it. */
const flag = (x: number, width: number, line: 1 | 2, className: string, text: string): Markup =>
  x > width / 2
    ? markup`<em class="flag ${className} line-${line} before" style="right:${percentOf(width - x, width)}">${text}</em>`
    : markup`<em class="flag ${className} line-${line}" style="left:${percentOf(x, width)}">${text}</em>`;

/** The chart. Gaps that are longer than the window are set apart. */
export const gapsChart = ({ byHour, longestMs, longestOn, windowMs }: Gaps): Chart => {
  const windowHours = windowMs / HOUR_MS;
  const longestHours = longestMs / HOUR_MS;
  const bars = barsOf(byHour);
  const width = Math.max(bars.at(-1)?.to ?? 0, Math.ceil(windowHours) + 1, Math.ceil(longestHours) + 1);
  const most = bars.reduce((max, { count }) => Math.max(max, count), 1);
  const top = heightOf(most) * HEADROOM;
  const isKnown = longestOn !== undefined;
  const within = bars.filter(({ from }) => from < windowHours);
  const beyond = bars.filter(({ from }) => from >= windowHours);
  const powers = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, i) => 10 ** i);
  // The labels stand 15 pixels apart at least.
  const shownPowers = powers.filter((_, i) => (powers.length - 1 - i) % Math.ceil(powers.length / 7) === 0);
  return {
    id: 'gaps',
    title: 'Gaps between successes',
    caption: `How long nodes went from one success to the next, counted by hours; the counts on a logarithmic scale. The compliance window is ${durationText(windowMs)}${isKnown ? `, and the longest gap was ${durationText(longestMs)}, on ${longestOn}` : ''}.`,
    axis: hoursAxis(width),
    unit: 'Hours',
    rows: bars.every(({ count }) => count === 0)
      ? []
      : [
          {
            label: 'Gaps',
            note: countText(bars.reduce((sum, { count }) => sum + count, 0)),
            height: 'plot',
            summary: `${countOf(
              within.reduce((sum, { count }) => sum + count, 0),
              'gap',
            )} began no later than the window ends; ${countText(
              beyond.reduce((sum, { count }) => sum + count, 0),
            )} were longer than the window of ${durationText(windowMs)}`,
            top,
            drawing: markup`${path('bar', barsPath(within))}${path('bar beyond', barsPath(beyond))}${path('reference', `M${coordinate(windowHours)} 0V${coordinate(top)}`)}${isKnown ? path('longest', `M${coordinate(longestHours)} 0V${coordinate(top)}`) : NOTHING}`,
            over: markup`${flag(windowHours, width, 1, 'window', `window ${durationText(windowMs)}`)}${isKnown ? flag(longestHours, width, 2, 'longest', `longest ${durationText(longestMs)}`) : NOTHING}`,
            end: shownPowers.map(
              (power) =>
                markup`<span class="scale-at" style="bottom:${percentOf(heightOf(power), top)}">${countText(power)}</span>`,
            ),
          },
        ],
    empty: 'No node succeeded twice.',
    below: bars.every(({ count }) => count === 0)
      ? NOTHING
      : foldedTable({
          title: 'Gaps as a table',
          columns: [
            { head: 'At least', isNumeric: true },
            { head: 'Less than', isNumeric: true },
            { head: 'Gaps', isNumeric: true },
          ],
          rows: bars
            .filter(({ count }) => count > 0)
            .map(({ from, to, count }) => [`${countText(from)} h`, `${countText(to)} h`, countText(count)]),
        }),
  };
};
