/**
 * Tables, which scroll by themselves where they are too wide.
 *
 * @module
 */
import { type Markup, markup, NOTHING, type Part } from './markup.ts';
import { countText } from './number-text.ts';

/** A column: its head, and whether its cells are numbers, which stand at the right. */
export interface Column {
  readonly head: string;
  readonly isNumeric?: boolean;
}

/** What a table shows. */
export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Part[])[];
  /** How many rows there are in all, where that is more than {@link rows}. */
  readonly total?: number;
}

/** A table has at most so many rows: a report is for reading, and its file has to stay small. */
const ROWS_MAX = 400;

/** A table with a name for who does not see where it stands. */
export const dataTable = ({ title, columns, rows, total = rows.length }: Table): Markup => {
  const numeric = columns.map(({ isNumeric }) => (isNumeric === true ? markup` class="number"` : NOTHING));
  const missing = total - Math.min(rows.length, ROWS_MAX);
  return markup`<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table${columns.length > 3 ? markup` class="many"` : NOTHING}><thead><tr>${columns.map(
    ({ head }, i) => markup`<th scope="col"${numeric[i] ?? NOTHING}>${head}</th>`,
  )}</tr></thead><tbody>
${rows
  .slice(0, ROWS_MAX)
  .map((cells) => markup`<tr>${cells.map((cell, i) => markup`<td${numeric[i] ?? NOTHING}>${cell}</td>`)}</tr>\n`)}${
    missing > 0
      ? markup`<tr><td colspan="${columns.length}" class="more">and ${countText(missing)} more</td></tr>\n`
      : NOTHING
  }</tbody></table></div>`;
};

/** The same below a line that unfolds it. */
export const foldedTable = (table: Table): Markup =>
  markup`<details><summary>${table.title}</summary>${dataTable(table)}</details>`;
