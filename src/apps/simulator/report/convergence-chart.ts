/**
 * The second chart: the share of each environment's nodes that are on the version their stack pins it to.
 *
 * @module
 */
import type { ConvergenceSeries, Timeline } from '../simulation-result.ts';
import type { Axis } from './axis.ts';
import { type Chart, path, type Row } from './chart.ts';
import { foldedTable } from './data-table.ts';
import { type Markup, markup } from './markup.ts';
import { countOf, countText, percentText } from './number-text.ts';
import { stepArea } from './step-path.ts';

const lowest = ({ converged, nodes }: ConvergenceSeries): number =>
  converged.reduce((least, value) => Math.min(least, value), nodes);

const row = (series: ConvergenceSeries, backdrop: Markup): Row => {
  const { environment, nodes, converged } = series;
  const last = converged.at(-1) ?? 0;
  return {
    label: environment,
    note: countText(nodes),
    height: 'strip',
    summary: `${environment}: of ${countOf(nodes, 'node')} at least ${percentText(lowest(series), nodes)} converged, at the end ${percentText(last, nodes)}`,
    top: Math.max(nodes, 1),
    backdrop,
    drawing: path('measure', stepArea(converged), markup` data-name="converged" data-of="${nodes}"`),
    end: converged.length === 0 ? '–' : percentText(last, nodes),
  };
};

/** The chart, as small multiples: each row is full where every node has converged. */
export const convergenceChart = ({ convergence }: Timeline, axis: Axis, backdrop: Markup): Chart => ({
  id: 'convergence',
  title: 'Nodes converged',
  caption:
    'The share of an environment’s nodes that are on the version it is pinned to: a full row is 100 %. At the left how many nodes there are, at the right the share at the end.',
  axis,
  unit: 'UTC',
  rows: convergence.map((series) => row(series, backdrop)),
  empty: 'There was no environment with nodes.',
  below:
    convergence.length === 0
      ? []
      : foldedTable({
          title: 'Convergence as a table',
          columns: [
            { head: 'Environment' },
            { head: 'Nodes', isNumeric: true },
            { head: 'Lowest share', isNumeric: true },
            { head: 'At the end', isNumeric: true },
          ],
          rows: convergence.map((series) => [
            series.environment,
            countText(series.nodes),
            percentText(lowest(series), series.nodes),
            percentText(series.converged.at(-1) ?? 0, series.nodes),
          ]),
        }),
});
