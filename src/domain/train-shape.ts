/**
 * The shape of a train: what the pins of its stops say about where it is.
 *
 * A train that nobody touched carries at most two versions, the newer at the front, without a gap (law T6). So the pins
 * alone tell how far it has come; nothing else needs to be remembered, and a crash cannot make memory and fleet differ.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Version } from './names.ts';

/** One stop, as the shape sees it. */
export interface Stop {
  /** What the stop is pinned to; none: it is new. */
  readonly version: O.Option<Version>;
  /** It joined behind the front while a version was under way, and may be out of line until that has come through. */
  readonly joined: boolean;
}

/** Where a train is. Stops are counted from 0, the first to be promoted. */
export type TrainShape =
  /** Every stop is new. */
  | { readonly _tag: 'Empty' }
  /** Stops are new: the first of them, `next`, joins with the older version on the train (law T14). */
  | { readonly _tag: 'Joining'; readonly next: number; readonly version: Version }
  /** All stops are on one version: another may board (law T4). */
  | { readonly _tag: 'Arrived'; readonly version: Version }
  /** The newer version goes to stop `next`; `remaining` stops do not have it. */
  | {
      readonly _tag: 'UnderWay';
      readonly next: number;
      readonly remaining: number;
      readonly newer: Version;
      readonly older: Version;
    }
  /** No train could have left these pins (law T11). */
  | { readonly _tag: 'OutOfShape'; readonly versions: readonly Version[] };

const EMPTY: TrainShape = { _tag: 'Empty' };

const versionsOf = (stops: readonly Stop[]): readonly Version[] => [
  ...new Set(
    stops
      .map(({ version }) => version)
      .filter(O.isSome)
      .map(({ value }) => value),
  ),
];

/**
 * Reads the shape off the stops, in their order.
 *
 * The version of the last pinned stop is the older one, that of the first stop which did not join late the newer; they
 * are told apart by place, not by number, since a rollback makes an older number board. In between, the newer must
 * stand in one run from the front.
 */
export const trainShape = (stops: readonly Stop[]): TrainShape => {
  let newer: Version | undefined;
  let older: Version | undefined;
  let firstUnset = -1;
  for (const [i, { version, joined }] of stops.entries()) {
    if (O.isNone(version)) {
      if (firstUnset === -1) firstUnset = i;
      continue;
    }
    if (newer === undefined && !joined) newer = version.value;
    older = version.value;
  }
  if (older === undefined) return EMPTY;
  newer ??= older;

  let next = -1;
  let remaining = 0;
  let behindFront = false;
  for (const [i, { version, joined }] of stops.entries()) {
    if (O.isNone(version)) continue;
    const onNewer = version.value === newer;
    if ((!onNewer && version.value !== older) || (onNewer && newer !== older && behindFront)) {
      return { _tag: 'OutOfShape', versions: versionsOf(stops) };
    }
    if (onNewer) continue;
    if (!joined) behindFront = true;
    remaining++;
    if (next === -1) next = i;
  }

  if (firstUnset !== -1) return { _tag: 'Joining', next: firstUnset, version: older };
  return remaining === 0 ? { _tag: 'Arrived', version: newer } : { _tag: 'UnderWay', next, remaining, newer, older };
};
