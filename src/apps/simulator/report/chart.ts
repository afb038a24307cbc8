/**
 * What all charts are made of: figures of rows. A row is a label, a plot and what the plot comes to; all plots of the
 * time line have the same left and right edge.
 *
 * Drawings are stretched to the width there is; texts are laid over them, so that they stay as large as they are.
 *
 * @module
 */
import { type Axis, axisLabels } from './axis.ts';
import { type Markup, markup, NOTHING, type Part, trusted } from './markup.ts';
import { coordinate } from './number-text.ts';

/** How high a row is: a line of text, two of them, or a plot with a scale of its own. */
export type RowHeight = 'thin' | 'band' | 'strip' | 'plot';

/** One row of a chart. */
export interface Row {
  readonly label: string;
  /** It goes on with what the row above it is about, so the label is not repeated. */
  readonly isContinued?: boolean;
  /** Beside or below the label, in less weight. */
  readonly note?: string;
  readonly height: RowHeight;
  /** The plot in words, for who does not see it. */
  readonly summary: string;
  /** The largest value that has room. */
  readonly top: number;
  /** Drawn behind everything: shared things of the time line; absent: nothing. */
  readonly backdrop?: Markup;
  /** Paths in the units of their series: x from the left in steps, y from the bottom in values. */
  readonly drawing: Markup;
  /** Attributes of the drawing that the script reads. */
  readonly attributes?: Markup;
  /** Texts over the drawing. */
  readonly over?: Markup;
  /** At the right of the plot. */
  readonly end?: Part;
}

/** A chart: rows of one width over one axis. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly caption: Part;
  readonly axis: Axis;
  readonly unit: string;
  readonly rows: readonly Row[];
  /** Said in place of rows where there are none. */
  readonly empty: string;
  /** Below the chart: a legend, a table. */
  readonly below?: Part;
}

/** A chart of more rows than this has its axis above them as well. */
const ROWS_IN_SIGHT = 24;

const row = (
  { label, isContinued = false, note, height, summary, top, backdrop, drawing, attributes, over, end }: Row,
  width: number,
) => {
  const size = `${coordinate(width)} ${coordinate(top)}`;
  return markup`<div class="row ${height === 'plot' ? 'plot-row' : height}${isContinued ? ' continued' : ''}"><div class="label" title="${label}"><span>${isContinued ? '' : label}</span>${
    note === undefined ? NOTHING : markup` <small title="${note}">${note}</small>`
  }</div><div class="plot"><svg viewBox="0 0 ${size}" preserveAspectRatio="none" role="img" aria-label="${summary}"${attributes ?? NOTHING}>${
    backdrop === undefined ? NOTHING : markup`<g transform="scale(1 ${coordinate(top)})">${backdrop}</g>`
  }<g transform="matrix(1 0 0 -1 0 ${coordinate(top)})">${drawing}</g></svg>${
    over === undefined ? NOTHING : markup`<div class="over" aria-hidden="true">${over}</div>`
  }</div><div class="end">${end ?? NOTHING}</div></div>
`;
};

/** A path of a class; nothing where there is nothing to draw. */
export const path = (className: string, d: string, attributes: Markup = NOTHING): Markup =>
  d === '' ? NOTHING : markup`<path class="${className}" d="${trusted(d)}"${attributes}/>`;

/** A chart as a figure. */
export const figure = (chart: Chart): Markup =>
  markup`<figure id="${chart.id}"><figcaption><h3>${chart.title}</h3><p>${chart.caption}</p></figcaption>
${
  chart.rows.length === 0
    ? markup`<p class="empty">${chart.empty}</p>`
    : markup`<div class="rows" role="group" aria-label="${chart.title}">
${chart.rows.length > ROWS_IN_SIGHT ? axisLabels(chart.axis, chart.unit) : NOTHING}${chart.rows.map((each) => row(each, chart.axis.width))}${axisLabels(chart.axis, chart.unit)}
</div>`
}${chart.below ?? NOTHING}
</figure>
`;
