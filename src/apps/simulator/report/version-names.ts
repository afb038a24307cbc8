/**
 * The versions of a simulation in the order in which they came, each with a short name and a fill.
 *
 * @module
 */
import { compareVersions, type Version } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/time.ts';
import type { PinChange } from '../simulation-result.ts';
import { fillOf } from './palette.ts';

/** A version as the report draws it. */
export interface NamedVersion {
  readonly version: Version;
  /** Where it stands in order of arrival, from 0. */
  readonly nth: number;
  /** A, B … Z, AA, AB …; the version itself where all versions are short. */
  readonly tag: string;
  readonly fill: number;
  /** When an environment was pinned to it for the first time. */
  readonly since: EpochMs;
}

/** Versions of at most so many characters are their own tags. */
const TAG_LENGTH_MAX = 6;

const LETTERS = 26;

/** The nth of A, B … Z, AA, AB …, counted from 0. */
export const letterTag = (nth: number): string =>
  (nth < LETTERS ? '' : letterTag(Math.floor(nth / LETTERS) - 1)) + String.fromCharCode(65 + (nth % LETTERS));

/** The versions of `pins`. */
export const namedVersions = (pins: readonly PinChange[]): ReadonlyMap<Version, NamedVersion> => {
  const since = new Map<Version, EpochMs>();
  for (const { version, at } of pins) {
    const known = since.get(version);
    if (known === undefined || at < known) since.set(version, at);
  }
  const ordered = [...since].toSorted(([a, x], [b, y]) => x - y || compareVersions(a, b));
  const areShort = ordered.every(([version]) => version.length <= TAG_LENGTH_MAX);
  return new Map(
    ordered.map(([version, at], nth) => [
      version,
      { version, nth, tag: areShort ? version : letterTag(nth), fill: fillOf(nth), since: at },
    ]),
  );
};
