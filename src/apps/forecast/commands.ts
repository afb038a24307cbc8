/**
 * `signalbox forecast`: what is to come, printed for people or as JSON.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Forecast, ForecastEnd, Journey, Passage, Timeline } from '../../domain/forecast.ts';
import {
  forecastOf,
  type ForecastRequest,
  requestedAnnouncements,
  requestedUntil,
  requestedView,
} from '../../domain/forecast-request.ts';
import type { Hold } from '../../domain/hold.ts';
import { DURATION_MS_MAX, type EpochMs, formatDuration, formatInstant, plus } from '../../domain/time.ts';
import { fail } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { table } from '../cli/table.ts';
import type { Terminal } from '../cli/terminal.ts';
import { badData } from '../failure.ts';
import { bitesOf, explainPassage, explainStanding } from './explain.ts';
import { forecastJson } from './report-json.ts';

/** How far to look: an instant, a duration in milliseconds from the beginning, or what the file says. */
export interface ForecastOptions {
  readonly until: O.Option<EpochMs>;
  readonly forMs: O.Option<number>;
  readonly isJson: boolean;
}

type Row = readonly string[];

const NEVER = ['-', '-'] as const;

/** An instant as it is, and how long after the beginning. */
const when = ({ from }: Forecast, at: EpochMs): readonly [string, string] => [
  formatInstant(at),
  at === from ? 'now' : formatDuration(at - from),
];

const howLong = (from: EpochMs, to: O.Option<EpochMs>): string =>
  O.isSome(to) ? formatDuration(to.value - from) : 'open';

/** Whether a version is on its way: one that is behind everything would only fill the screen. */
const isUnderWay = ({ passages }: Journey): boolean =>
  [...passages.values()].some(({ _tag }) => _tag !== 'There' && _tag !== 'Overtaken' && _tag !== 'ByHand');

const passageRow = (forecast: Forecast, journey: Journey, environment: string, passage: Passage): Row => [
  journey.version,
  environment,
  ...(passage._tag === 'Arrives' ? when(forecast, passage.at) : NEVER),
  explainPassage(environment, passage),
];

const journeyRows = (forecast: Forecast, journey: Journey): readonly Row[] => [
  ...[...journey.passages].map(([environment, passage]) => passageRow(forecast, journey, environment, passage)),
  ...(O.isSome(journey.everywhereAt)
    ? [[journey.version, 'everywhere', ...when(forecast, journey.everywhereAt.value), '']]
    : []),
];

/** What happens to an environment, in the order of time; that it is up to date goes without saying once it was promoted. */
const timelineRows = (forecast: Forecast, { environment, arrivals, spans }: Timeline): readonly Row[] => {
  const moves = arrivals.map(({ at, version, stacks, isWhole, reason }) => ({
    at,
    row: ['', `promoted to ${version}${isWhole ? '' : ` on ${stacks.join(', ')} only`} (${reason})`],
  }));
  const waits = spans
    .filter(({ from, outcome }) => outcome._tag === 'Waiting' || !arrivals.some(({ at }) => at === from))
    .map(({ from, to, outcome }) => ({ at: from, row: [howLong(from, to), explainStanding(outcome)] }));
  return [...moves, ...waits]
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, row }) => [environment, ...when(forecast, at), ...row]);
};

const holdRows = (forecast: Forecast, hold: Hold): readonly Row[] => {
  const bites = bitesOf(forecast, hold);
  return bites.length === 0
    ? [[hold.id, '-', ...NEVER, 'nothing waits for it']]
    : bites.map(({ environment, from, to }) => [hold.id, environment, ...when(forecast, from), howLong(from, to)]);
};

const explainEnd = (end: ForecastEnd): string => {
  switch (end) {
    case 'Settled':
      return 'then nothing changes any more, as far as the file says';
    case 'Horizon':
      return 'there is more to come after that';
    case 'LooksMax':
      return 'there is more to come after that, too much to look at; ask for less with --until';
  }
};

const print = (terminal: Terminal, forecast: Forecast, holds: readonly Hold[]): void => {
  const journeys = forecast.journeys.filter(isUnderWay);
  const sections: readonly (readonly Row[])[] = [
    [['version', 'environment', 'at', 'in', ''], ...journeys.flatMap((journey) => journeyRows(forecast, journey))],
    [
      ['environment', 'from', 'in', 'for', ''],
      ...forecast.timelines.flatMap((timeline) => timelineRows(forecast, timeline)),
    ],
    [['hold', 'environment', 'from', 'in', 'for'], ...holds.flatMap((hold) => holdRows(forecast, hold))],
  ];
  for (const rows of sections.filter(({ length }) => length > 1)) {
    for (const line of table(rows)) terminal.out(line);
    terminal.out('');
  }
  terminal.out(`from ${formatInstant(forecast.from)} to ${formatInstant(forecast.until)}: ${explainEnd(forecast.end)}`);
};

/** `signalbox forecast` */
export const forecastCommand = (
  request: ForecastRequest,
  terminal: Terminal,
  { until, forMs, isJson }: ForecastOptions,
): ExitCode => {
  if (O.isSome(until) && O.isSome(forMs)) {
    return fail(terminal, badData('forecast: expected either --until or --for'), EXIT.usage);
  }
  const { at } = request;
  const end = O.isSome(until) ? until.value : O.isSome(forMs) ? plus(at, forMs.value) : requestedUntil(request);
  if (end <= at || end > plus(at, DURATION_MS_MAX)) {
    const expected = `an instant after at (${formatInstant(at)}), by at most ten years`;
    return fail(terminal, badData(`--until: expected ${expected}, got ${formatInstant(end)}`), EXIT.usage);
  }
  const forecast = forecastOf(request, end);
  const holds = [...requestedView(request).holds, ...requestedAnnouncements(request).holds.map(({ hold }) => hold)];
  if (isJson) terminal.out(JSON.stringify(forecastJson(forecast, holds)));
  else print(terminal, forecast, holds);
  return EXIT.done;
};
