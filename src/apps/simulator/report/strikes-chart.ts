/**
 * The fourth chart: what struck single nodes, and how often the fallback had to fire.
 *
 * @module
 */
import type { Timeline } from '../simulation-result.ts';
import type { Axis } from './axis.ts';
import { type Chart, path, type Row } from './chart.ts';
import { type Markup, markup } from './markup.ts';
import { countOf, countText } from './number-text.ts';
import { largest, roundCeiling, stepArea } from './step-path.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const row = (label: string, name: string, className: string, values: readonly number[], backdrop: Markup): Row => {
  const top = roundCeiling(largest(values));
  return {
    label,
    note: `${countText(sum(values))} in all`,
    height: 'plot',
    summary: `${label}: ${countText(sum(values))} in all, at most ${countText(largest(values))} in ${countOf(1, 'step')}`,
    top,
    backdrop,
    drawing: path(className, stepArea(values), markup` data-name="${name}"`),
    end: markup`<span class="scale-top">${countText(top)}</span><span class="scale-zero">0</span>`,
  };
};

/** The chart. */
export const strikesChart = ({ firings, nodeFaults }: Timeline, axis: Axis, backdrop: Markup): Chart => ({
  id: 'strikes',
  title: 'Faults of single nodes, and firings of the fallback',
  caption: 'How many in each step. The fallback fires where no run has succeeded within its threshold.',
  axis,
  unit: 'UTC',
  rows:
    firings.length === 0 && nodeFaults.length === 0
      ? []
      : [
          row('Node faults', 'node faults', 'fault', nodeFaults, backdrop),
          row('Fallback', 'firings', 'measure', firings, backdrop),
        ],
  empty: 'Nothing was recorded.',
});
