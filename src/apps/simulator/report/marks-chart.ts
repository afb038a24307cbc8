/**
 * The last chart of the time line: shared faults, operators' deeds and violations, as marks and intervals.
 *
 * @module
 */
import type { Mark, Timeline } from '../simulation-result.ts';
import type { Axis } from './axis.ts';
import { type Chart, path, type Row } from './chart.ts';
import { foldedTable } from './data-table.ts';
import { markLanes, type PlacedMark } from './mark-lanes.ts';
import { type Markup, markup, NOTHING } from './markup.ts';
import { coordinate, countOf, durationText, instantMarkup } from './number-text.ts';
import { percentOf, type TimeScale } from './time-scale.ts';

type MarkKind = Mark['kind'];

/** What the kinds are called, in the order in which they stand. */
const KINDS: Readonly<Record<MarkKind, string>> = {
  fault: 'Faults',
  operator: 'Operators',
  violation: 'Violations',
};
const KINDS_IN_ORDER = ['fault', 'operator', 'violation'] as const;

/** A label with less of the width than this is not readable on any screen. */
const LABEL_SHARE_MIN = 0.035;

/** The marks of `kind` as intervals, 0 to 1 high. */
export const intervalsPath = (marks: readonly { readonly from: number; readonly to: number }[]): string =>
  marks
    .filter(({ from, to }) => from < to)
    .map(({ from, to }) => `M${coordinate(from)} 0H${coordinate(to)}V1H${coordinate(from)}Z`)
    .join('');

/** The instants at which the marks begin, as lines 0 to 1 high: however short, a mark can be seen. */
export const stemsPath = (marks: readonly { readonly from: number }[]): string =>
  marks.map(({ from }) => `M${coordinate(from)} 0V1`).join('');

const label = ({ from, labelUntil, label: text }: PlacedMark, width: number): Markup =>
  (labelUntil - from) / width < LABEL_SHARE_MIN
    ? NOTHING
    : markup`<b style="left:${percentOf(from, width)};width:${percentOf(labelUntil - from, width)}"><span>${text}</span></b>`;

const lanesOf = (kind: MarkKind, marks: readonly Mark[], scale: TimeScale): readonly Row[] => {
  const ofKind = marks.filter((mark) => mark.kind === kind);
  return markLanes(ofKind, scale).map((lane, i) => ({
    label: KINDS[kind],
    isContinued: i > 0,
    height: 'thin',
    summary: `${KINDS[kind]}: ${lane.map((mark) => mark.label).join('; ')}`,
    top: 1,
    drawing: markup`${path(`${kind}-area`, intervalsPath(lane))}${path(`${kind}-stem`, stemsPath(lane))}`,
    over: markup`${lane.map((mark) => label(mark, scale.width))}`,
    end: i === 0 ? String(ofKind.length) : NOTHING,
  }));
};

/** The chart. */
export const marksChart = ({ marks }: Timeline, scale: TimeScale, axis: Axis): Chart => ({
  id: 'marks',
  title: 'Shared faults, operators and violations',
  caption: 'When something struck what the nodes share, what people did, and where a law was broken.',
  axis,
  unit: 'UTC',
  rows: KINDS_IN_ORDER.flatMap((kind) => lanesOf(kind, marks, scale)),
  empty: 'No shared fault struck, nobody did anything, and no law was broken.',
  below:
    marks.length === 0
      ? NOTHING
      : foldedTable({
          title: `All ${countOf(marks.length, 'mark')} as a table`,
          columns: [{ head: 'At (UTC)' }, { head: 'For' }, { head: 'Kind' }, { head: 'What' }],
          rows: marks
            .toSorted((a, b) => a.at - b.at)
            .map(({ at, until, kind, label: text }) => [
              instantMarkup(at),
              until === undefined ? '' : durationText(until - at),
              KINDS[kind],
              text,
            ]),
        }),
});
