/** The few statistics that tell a spread from a crowd. All are deterministic: what they are given is drawn by hashes. */

/** The largest distance between the distribution of `fractions` and the uniform one over [0, 1): Kolmogorov and Smirnov. */
export const kolmogorovSmirnov = (fractions: readonly number[]): number => {
  const sorted = fractions.toSorted((a, b) => a - b);
  return sorted.reduce(
    (worst, x, i) => Math.max(worst, Math.abs(x - i / sorted.length), Math.abs((i + 1) / sorted.length - x)),
    0,
  );
};

/**
 * Divided by the root of the sample's size, the distance that a uniform sample exceeds once in ten million times: no
 * fluke, however many samples are drawn in the life of this project.
 */
export const KOLMOGOROV_LIMIT = 2.9;

const ranksOf = (values: readonly number[]): readonly number[] => {
  const ranks = new Array<number>(values.length).fill(0);
  const order = values.map((value, i) => [value, i] as const).toSorted(([a], [b]) => a - b);
  for (const [rank, [, i]] of order.entries()) ranks[i] = rank;
  return ranks;
};

/** Spearman's rank correlation of two samples without ties to speak of: 1 for the same order, 0 for none. */
export const rankCorrelation = (a: readonly number[], b: readonly number[]): number => {
  const [left, right] = [ranksOf(a), ranksOf(b)];
  const squares = left.reduce((sum, rank, i) => sum + (rank - (right[i] ?? 0)) ** 2, 0);
  return 1 - (6 * squares) / (a.length * (a.length ** 2 - 1));
};

/** Divided by the root of the sample's size, the correlation that independent samples exceed once in ten million times. */
export const CORRELATION_LIMIT = 5.3;
