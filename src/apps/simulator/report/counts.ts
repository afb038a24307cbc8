/**
 * Everything that was counted.
 *
 * @module
 */
import type { Counts } from '../simulation-result.ts';
import { dataTable } from './data-table.ts';
import { type Markup, markup } from './markup.ts';
import { countText } from './number-text.ts';

const table = (title: string, head: string, counts: readonly (readonly [string, number])[], none: string): Markup =>
  markup`<div><h3>${title}</h3>
${
  counts.length === 0
    ? markup`<p class="empty">${none}</p>`
    : dataTable({
        title,
        columns: [{ head }, { head: 'Count', isNumeric: true }],
        rows: counts.map(([name, count]) => [name, countText(count)]),
      })
}</div>
`;

/** The most frequent first; names decide among equals, so that the order is the same everywhere. */
const byCount = (counts: Readonly<Record<string, number>>): readonly (readonly [string, number])[] =>
  Object.entries(counts).toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));

/** The tables of the counts. */
export const countsSection = (counts: Counts): Markup =>
  markup`<section aria-labelledby="counts"><h2 id="counts">Counts</h2>
<div class="tables">
${table(
  'What happened',
  'What',
  [
    ['Ticks of the Librarian', counts.ticks],
    ['Promotions', counts.promotions],
    ['Signals written', counts.signals],
    ['Runs succeeded', counts.succeeded],
    ['Runs failed', counts.failed],
    ['Runs of the fallback', counts.fallbackRuns],
    ['Summoners healed', counts.healed],
  ],
  '',
)}${table('Runs of the Summoner', 'Cause', byCount(counts.runsByCause), 'No Summoner started a run.')}${table(
    'Faults',
    'Kind',
    byCount(counts.faults),
    'No fault struck.',
  )}</div>
</section>
`;
