/**
 * Marks laid out in lanes, so that those which overlap stand below each other.
 *
 * @module
 */
import type { Mark } from '../simulation-result.ts';
import type { TimeScale } from './time-scale.ts';

/** A mark where it is drawn, in steps of the time line. */
export interface PlacedMark {
  readonly from: number;
  /** Where it ends; `from` for what does not last. */
  readonly to: number;
  readonly label: string;
  /** Where its label has to end: at the next mark of the lane. */
  readonly labelUntil: number;
}

/** More lanes of one kind than this do not help; marks then overlap, and the table tells them apart. */
const LANES_MAX = 5;

/** So much of the time line a label of so many characters takes on a wide screen. */
const WIDTH_OF_CHARACTER = 0.0072;

/** The lanes of the marks of one kind; none where there are no marks. */
export const markLanes = (marks: readonly Mark[], scale: TimeScale): readonly (readonly PlacedMark[])[] => {
  const lanes: { until: number; readonly marks: Omit<PlacedMark, 'labelUntil'>[] }[] = [];
  for (const { at, until, label } of marks.toSorted((a, b) => a.at - b.at)) {
    const from = scale.x(at);
    const to = until === undefined ? from : Math.max(scale.x(until), from);
    const needed = Math.max(to, from + (label.length + 2) * WIDTH_OF_CHARACTER * scale.width);
    let lane = lanes.find((each) => each.until <= from);
    if (lane === undefined && lanes.length < LANES_MAX) {
      lane = { until: 0, marks: [] };
      lanes.push(lane);
    }
    // All are taken: where there is room the soonest.
    lane ??= lanes.reduce((soonest, each) => (each.until < soonest.until ? each : soonest));
    lane.marks.push({ from, to, label });
    lane.until = Math.max(lane.until, needed);
  }
  return lanes.map((lane) =>
    lane.marks.map((mark, i) => ({ ...mark, labelUntil: lane.marks[i + 1]?.from ?? scale.width })),
  );
};
