/**
 * The laws that were broken.
 *
 * @module
 */
import type { SimulationResult } from '../simulation-result.ts';
import { dataTable } from './data-table.ts';
import { type Markup, markup, NOTHING } from './markup.ts';
import { instantMarkup } from './number-text.ts';

/** A table of the first violations; nothing where every law held, which the head says already. */
export const violationsSection = ({ violations, violationCount }: SimulationResult): Markup =>
  violationCount === 0
    ? NOTHING
    : markup`<section aria-labelledby="violations"><h2 id="violations">Violations</h2>
${dataTable({
  title: 'Violations',
  columns: [{ head: 'Law' }, { head: 'At (UTC)' }, { head: 'Where' }, { head: 'What' }],
  rows: violations.map(({ law, at, where, what }) => [markup`<strong>${law}</strong>`, instantMarkup(at), where, what]),
  total: violationCount,
})}
</section>
`;
