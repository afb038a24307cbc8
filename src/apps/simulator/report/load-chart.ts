/**
 * The third chart: how many runs each Chef server had at once, and how few it could have had.
 *
 * @module
 */
import type { LoadSeries, Timeline } from '../simulation-result.ts';
import type { Axis } from './axis.ts';
import { type Chart, path, type Row } from './chart.ts';
import { foldedTable } from './data-table.ts';
import { type Markup, markup } from './markup.ts';
import { countOf, countText } from './number-text.ts';
import { largest, roundCeiling, stepArea, stepLine } from './step-path.ts';

/** Above the highest value, so that its line is drawn whole. */
const HEADROOM = 1.04;

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

const row = ({ stack, runs, floor }: LoadSeries, backdrop: Markup): Row => {
  const peak = largest(runs);
  const top = roundCeiling(Math.max(peak, largest(floor)));
  return {
    label: stack,
    note: `peak ${countText(peak)}`,
    height: 'plot',
    summary: `${stack}: at most ${countOf(peak, 'run')} at once, the floor at most ${countText(largest(floor))}`,
    top: top * HEADROOM,
    backdrop,
    drawing: markup`${path('measure', stepArea(runs), markup` data-name="runs"`)}${path('reference', stepLine(floor), markup` data-name="floor"`)}`,
    end: markup`<span class="scale-top">${countText(top)}</span><span class="scale-zero">0</span>`,
  };
};

/** The chart: each server has a scale of its own, since stacks differ in size. */
export const loadChart = ({ load }: Timeline, axis: Axis, backdrop: Markup): Chart => ({
  id: 'load',
  title: 'Concurrent runs per Chef server',
  caption: markup`<span class="key"><i class="key-area"></i>the most runs at once within a step</span> <span class="key"><i class="key-line"></i>the floor: the runs that were owed, if they lay spread perfectly over their splay</span> Each server has its own scale.`,
  axis,
  unit: 'UTC',
  rows: load.map((series) => row(series, backdrop)),
  empty: 'There was no Chef server.',
  below:
    load.length === 0
      ? []
      : foldedTable({
          title: 'Load as a table',
          columns: [
            { head: 'Chef server' },
            { head: 'Peak', isNumeric: true },
            { head: 'Mean of the steps', isNumeric: true },
            { head: 'Peak of the floor', isNumeric: true },
          ],
          rows: load.map(({ stack, runs, floor }) => [
            stack,
            countText(largest(runs)),
            mean(runs).toFixed(1),
            countText(largest(floor)),
          ]),
        }),
});
