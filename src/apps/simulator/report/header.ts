/**
 * The head of the report: what was simulated, whether every law held, how to see it again, and the key figures.
 *
 * @module
 */
import { formatInstant, HOUR_MS } from '../../../domain/time.ts';
import type { SimulationMode, SimulationResult } from '../simulation-result.ts';
import { type Markup, markup, NOTHING, type Part } from './markup.ts';
import { countOf, countText, durationText, percentText } from './number-text.ts';
import { largest } from './step-path.ts';

const MODES: Readonly<Record<SimulationMode, string>> = { poll: 'every poll', skip: 'skipping to events' };

/** `every law held`, or how often one did not. */
const verdictText = ({ violationCount }: Pick<SimulationResult, 'violationCount'>): string =>
  violationCount === 0 ? 'every law held' : countOf(violationCount, 'violation');

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const fact = (name: string, value: Part): Markup => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`;

const figure = (name: string, value: string, note: string, isBad = false): Markup =>
  markup`<div${isBad ? markup` class="bad"` : NOTHING}><dt>${name}</dt><dd><strong>${value}</strong> <span>${note}</span></dd></div>\n`;

const keyFigures = ({ counts, gaps, timeline, nodes }: SimulationResult): Markup => {
  const { succeeded, failed, promotions, signals, fallbackRuns, healed } = counts;
  const peaks = timeline.load.map(({ stack, runs, floor }) => ({ stack, peak: largest(runs), floor: largest(floor) }));
  const busiest = peaks.toSorted((a, b) => b.peak - a.peak)[0];
  const faults = total(counts.faults);
  const nodeHours = (nodes * (timeline.endsAt - timeline.startsAt)) / HOUR_MS;
  return markup`<dl class="figures">
${figure('Promotions', countText(promotions), `${countOf(signals, 'signal')} written`)}${figure(
    'Runs succeeded',
    percentText(succeeded, succeeded + failed),
    `of ${countText(succeeded + failed)} that ended`,
  )}${figure(
    'Longest gap',
    gaps.longestOn === undefined ? '–' : durationText(gaps.longestMs),
    `${gaps.isLongestOpen ? 'still open at the end' : 'between successes'}; window ${durationText(gaps.windowMs)}`,
    gaps.longestMs > gaps.windowMs,
  )}${figure(
    'Peak load',
    busiest === undefined ? '–' : countText(busiest.peak),
    busiest === undefined ? 'no Chef server' : `runs at once on ${busiest.stack}; floor ${countText(busiest.floor)}`,
  )}${figure('Fallback runs', countText(fallbackRuns), `${countOf(healed, 'Summoner')} healed`)}${figure(
    'Faults struck',
    countText(faults),
    `in ${countOf(Math.round(nodeHours), 'node-hour')}`,
  )}</dl>`;
};

/**
 * The head.
 *
 * @param replay - how to go through the same history again.
 */
export const header = (result: SimulationResult, replay: string): Markup => {
  const { scenario, about, seed, mode, nodes, traceHash, timeline, violationCount } = result;
  const [starts, ends] = [formatInstant(timeline.startsAt), formatInstant(timeline.endsAt)];
  return markup`<header>
<p class="product">Signalbox simulation</p>
<div class="title"><h1>${scenario}</h1><p class="verdict ${violationCount === 0 ? 'good' : 'bad'}"><span aria-hidden="true">${
    violationCount === 0 ? '✓' : '✗'
  }</span> ${verdictText(result)}</p></div>
<p class="about">${about}</p>
<dl class="facts">
${fact('Seed', markup`<code>${seed}</code>`)}
${fact('Nodes', countText(nodes))}
${fact('Length', durationText(timeline.endsAt - timeline.startsAt))}
${fact('From', markup`<time datetime="${starts}">${starts}</time>`)}
${fact('Until', markup`<time datetime="${ends}">${ends}</time>`)}
${fact('Mode', MODES[mode])}
${fact('Trace', markup`<code>${traceHash}</code>`)}
</dl>
<p class="replay"><span>Replay</span> <code>${replay}</code></p>
${keyFigures(result)}
</header>
`;
};
