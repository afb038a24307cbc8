/**
 * The charts that share one time line, below each other.
 *
 * @module
 */
import type { SimulationResult } from '../simulation-result.ts';
import { gridPath, timeAxis } from './axis.ts';
import { figure } from './chart.ts';
import { convergenceChart } from './convergence-chart.ts';
import { loadChart } from './load-chart.ts';
import { type Markup, markup, trusted } from './markup.ts';
import { intervalsPath, marksChart, stemsPath } from './marks-chart.ts';
import { strikesChart } from './strikes-chart.ts';
import { timeScale } from './time-scale.ts';
import type { TextWidths } from './style.ts';
import { versionChart } from './version-chart.ts';

/** The section, and what of it the style and the script have to know. */
export interface TimelineSection {
  readonly html: Markup;
  readonly widths: TextWidths;
}

/** Drawn once and used behind every plot: the grid, the shared faults, and where a law was broken. */
const BACKDROP = markup`<use href="#grid-wide" class="wide"/><use href="#grid-narrow" class="narrow"/><use href="#shade"/><use href="#broken"/>`;

/** A thousandth of a step is nothing that could be pointed at. */
const rounded = (x: number): number => Math.round(x * 1000) / 1000;

/** JSON in an element of HTML: without the one character that could end the element. */
const json = (value: unknown): Markup => trusted(JSON.stringify(value).replaceAll('<', '\\u003c'));

/** Draws the time line of `result`. */
export const timelineSection = ({ timeline }: SimulationResult): TimelineSection => {
  const scale = timeScale(timeline);
  const axis = timeAxis(scale);
  const versions = versionChart(timeline, scale, axis);
  const names = [...versions.names.values()];
  const placed = timeline.marks.map(({ at, until, kind, label }) => ({
    from: scale.x(at),
    to: scale.x(until ?? at),
    kind,
    label,
  }));
  const charts = [
    versions,
    convergenceChart(timeline, axis, BACKDROP),
    loadChart(timeline, axis, BACKDROP),
    strikesChart(timeline, axis, BACKDROP),
    marksChart(timeline, scale, axis),
  ];
  return {
    widths: {
      tag: names.reduce((longest, { tag }) => Math.max(longest, tag.length), 1),
      version: names.reduce((longest, { version }) => Math.max(longest, version.length), 1),
    },
    html: markup`<section aria-labelledby="over-time"><h2 id="over-time">Over time</h2>
<svg class="defs" aria-hidden="true"><defs>
<path id="grid-wide" class="grid" d="${gridPath(axis, 'wide')}"/><path id="grid-narrow" class="grid" d="${gridPath(axis, 'narrow')}"/>
<path id="shade" class="shade" d="${intervalsPath(placed.filter(({ kind }) => kind === 'fault'))}"/>
<path id="broken" class="broken" d="${stemsPath(placed.filter(({ kind }) => kind === 'violation'))}"/>
</defs></svg>
<div id="timeline" class="sheet">
${charts.map(figure)}</div>
<script type="application/json" id="data">${json({
      startsAt: timeline.startsAt,
      endsAt: timeline.endsAt,
      stepMs: scale.stepMs,
      width: scale.width,
      versions: names.map(({ tag, version }) => (tag === version ? version : `${tag}  ${version}`)),
      marks: placed.map(({ from, to, kind, label }) => [rounded(from), rounded(to), kind, label]),
    })}</script>
</section>
`,
  };
};
