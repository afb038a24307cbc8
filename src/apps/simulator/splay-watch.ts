/**
 * The watch over the splay of one place: whether the positions that its nodes draw within a splay are spread evenly, and
 * whether each version draws a fresh order of them (law N3).
 *
 * Positions are fixed by the names of nodes and versions, so what is found here does not come and go with the seed.
 *
 * @module
 */
import type { Version } from '../../domain/names.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Place } from './place.ts';
import type { Violations } from './violations.ts';

/** Fewer nodes than these say nothing about a spread. */
const NODES_MIN = 20;

/**
 * How far the distribution of positions may be from an even one, times the root of their number (Kolmogorov and Smirnov):
 * exceeded by chance once in ten million times.
 */
const UNEVEN_MAX = 2.9;

/** The same for the correlation of two versions' positions, and once in a thousand million times: there are many pairs. */
const ALIKE_MAX = 6;

interface Round {
  readonly version: Version;
  /** By node of the place: its position, 0 … 1; NaN where it drew none. */
  readonly positions: Float64Array;
  lastAt: EpochMs;
}

/** The positions that the nodes of one place drew for the last two versions. */
export class SplayWatch {
  readonly #place: Place;
  readonly #violations: Violations;
  /** The older first. */
  #rounds: readonly Round[] = [];

  constructor(place: Place, violations: Violations) {
    this.#place = place;
    this.#violations = violations;
  }

  /** A node, by its number in the fleet, drew `position` for `version`: 0 is at once, 1 the end of the splay. */
  drew(at: EpochMs, node: number, version: Version, position: number): void {
    const [from, to] = this.#place.nodes;
    let round = this.#rounds.find((known) => known.version === version);
    if (round === undefined) {
      round = { version, positions: new Float64Array(to - from).fill(NaN), lastAt: at };
      if (this.#rounds.length > 1) this.#judge();
      this.#rounds = [...this.#rounds.slice(-1), round];
    }
    round.positions[node - from] = position;
    if (at > round.lastAt) round.lastAt = at;
  }

  /** The scenario is over. */
  over(): void {
    this.#judge();
    this.#rounds = this.#rounds.slice(-1);
    this.#judge();
  }

  /** Judges the older round, and the newer one against it. */
  #judge(): void {
    const [older, newer] = this.#rounds;
    if (older === undefined) return;
    const drawn = older.positions.filter((position) => !Number.isNaN(position));
    if (drawn.length >= NODES_MIN && unevenness(drawn) * Math.sqrt(drawn.length) > UNEVEN_MAX) {
      this.#breaks(older.lastAt, `the ${drawn.length} starts for ${older.version} were not spread over the splay`);
    }
    if (newer === undefined) return;
    const both = [...older.positions.keys()].filter(
      (node) => !Number.isNaN(older.positions[node]) && !Number.isNaN(newer.positions[node]),
    );
    if (both.length < NODES_MIN) return;
    if (correlation(both, older.positions, newer.positions) * Math.sqrt(both.length) > ALIKE_MAX) {
      this.#breaks(newer.lastAt, `the same nodes were first for ${older.version} and for ${newer.version}`);
    }
  }

  #breaks(at: EpochMs, what: string): void {
    this.#violations.add('N3', at, `${this.#place.stack}/${this.#place.environment}`, what);
  }
}

/** The largest distance between the distribution of `positions` and the even one. */
const unevenness = (positions: Float64Array): number =>
  positions
    .toSorted()
    .reduce(
      (worst, position, i) =>
        Math.max(worst, Math.abs(position - i / positions.length), Math.abs((i + 1) / positions.length - position)),
      0,
    );

/** Pearson's, of what two rounds hold for `nodes`: 1 for the same order, 0 for none, NaN where one of them is all alike. */
const correlation = (nodes: readonly number[], one: Float64Array, other: Float64Array): number => {
  const mean = (of: Float64Array): number => nodes.reduce((sum, node) => sum + (of[node] ?? 0), 0) / nodes.length;
  const [meanOne, meanOther] = [mean(one), mean(other)];
  let [both, ofOne, ofOther] = [0, 0, 0];
  for (const node of nodes) {
    const a = (one[node] ?? 0) - meanOne;
    const b = (other[node] ?? 0) - meanOther;
    both += a * b;
    ofOne += a * a;
    ofOther += b * b;
  }
  return both / Math.sqrt(ofOne * ofOther);
};
