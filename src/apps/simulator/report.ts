/**
 * What a simulation answers, as one HTML file to look at: without a network, in light and in dark, on paper, and for
 * who reads it without seeing it or without scripts.
 *
 * @module
 */
import { countsSection } from './report/counts.ts';
import { figure } from './report/chart.ts';
import { gapsChart } from './report/gaps-chart.ts';
import { header } from './report/header.ts';
import { markup } from './report/markup.ts';
import { page } from './report/page.ts';
import { timelineSection } from './report/time-line.ts';
import { violationsSection } from './report/violations.ts';
import { MODE_DEFAULT } from './replay-command.ts';
import type { SimulationResult } from './simulation-result.ts';

/** How a program goes through the same history again, which has the scenario at hand. */
const replayCall = ({ seed, mode }: SimulationResult): string =>
  `simulate(scenario, { seed: ${seed}${mode === MODE_DEFAULT ? '' : `, mode: '${mode}'`} })`;

/**
 * Writes the report of a simulation. The same result is the same file, byte for byte.
 *
 * Names and labels come from whoever wrote the scenario: they are text and nothing else.
 *
 * @param replay - how to go through the same history again, one line for people; the call of `simulate` unless given.
 */
export const renderReport = (result: SimulationResult, replay: string = replayCall(result)): string => {
  const timeline = timelineSection(result);
  return page({
    title: `${result.scenario} · seed ${result.seed} · Signalbox simulation`,
    widths: timeline.widths,
    body: markup`${header(result, replay)}${violationsSection(result)}${timeline.html}<section aria-labelledby="successes"><h2 id="successes">Compliance</h2>
<div class="sheet">
${figure(gapsChart(result.gaps))}</div>
</section>
${countsSection(result.counts)}`,
  });
};
