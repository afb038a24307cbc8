/**
 * What a simulation answers, in a few lines for people.
 *
 * @module
 */
import { formatDuration, formatInstant, HOUR_MS, SECOND_MS } from '../../domain/time.ts';
import { table } from '../cli/table.ts';
import type { LoadSeries, SimulationResult, Violation } from './simulation-result.ts';

/** `Floor 12, Signal 3`, or that there is none. */
const counted = (counts: Readonly<Record<string, number>>): string => {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? 'none' : some.map(([name, count]) => `${name} ${count}`).join(', ');
};

const wholeSeconds = (durationMs: number): string => formatDuration(Math.floor(durationMs / SECOND_MS) * SECOND_MS);

const peak = (series: readonly number[]): number => Math.ceil(series.reduce((most, one) => Math.max(most, one), 0));

const loadLine = ({ stack, runs, floor }: LoadSeries): readonly [string, string] => [
  `load on ${stack}`,
  `at most ${peak(runs)} runs at once; all that was owed, spread perfectly, at most ${peak(floor)}`,
];

const gapsLine = ({ byHour, longestMs, longestOn, isLongestOpen, windowMs }: SimulationResult['gaps']): string => {
  const window = formatDuration(windowMs);
  const none = byHour.some((count) => count > 0) ? '' : 'no node succeeded twice; ';
  if (longestOn === undefined) return `${none}the window is ${window}`;
  const open = isLongestOpen ? ', still open at the end,' : '';
  return `${none}the longest ${wholeSeconds(longestMs)}${open} on ${longestOn}, with a window of ${window}`;
};

const figures = (result: SimulationResult): readonly (readonly [string, string])[] => {
  const { counts, timeline } = result;
  const lastsMs = timeline.endsAt - timeline.startsAt;
  const nodeHours = Math.round((result.nodes * lastsMs) / HOUR_MS);
  return [
    ['scenario', result.about === '' ? result.scenario : `${result.scenario}: ${result.about}`],
    ['nodes', `${result.nodes}`],
    ['time', `${formatDuration(lastsMs)} from ${formatInstant(timeline.startsAt)}, ${nodeHours} node-hours`],
    ['Librarian', `ticks ${counts.ticks}, promotions ${counts.promotions}, signals ${counts.signals}`],
    ['runs', counted(counts.runsByCause)],
    ['', `succeeded ${counts.succeeded}, failed ${counts.failed}`],
    ['gaps', gapsLine(result.gaps)],
    ['fallback', `fired ${counts.fallbackRuns}; Summoners healed ${counts.healed}`],
    ...timeline.load.map(loadLine),
    ['faults', counted(counts.faults)],
    ['trace', `${result.traceHash} (seed ${result.seed}, mode ${result.mode})`],
  ];
};

const violationRow = ({ law, at, where, what }: Violation): readonly string[] => [law, formatInstant(at), where, what];

const broken = ({ violations, violationCount }: SimulationResult, replay: string): readonly string[] => {
  const more = violationCount - violations.length;
  return [
    `${violationCount} ${violationCount === 1 ? 'violation' : 'violations'}:`,
    ...table([['law', 'at', 'where', 'what'], ...violations.map(violationRow)]).map((line) => `  ${line}`),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    `replay: ${replay}`,
  ];
};

/**
 * The summary, line by line: the figures, then that every law held, or which did not.
 *
 * @param replay - the command that goes through the same history again.
 * @param notes - what a reader has to know of the settings to judge the rest.
 */
export const summaryOf = (
  result: SimulationResult,
  replay: string,
  notes: readonly string[] = [],
): readonly string[] => [
  ...table([...figures(result), ...notes.map((note, nth) => [nth === 0 ? 'notes' : '', note])]),
  '',
  ...(result.violationCount === 0 ? ['every law held'] : broken(result, replay)),
];
