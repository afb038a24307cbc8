/**
 * Chance, as a function of the seed: every draw names what it is for, so that no draw depends on how many came before it,
 * and a simulation that skips what does not matter draws the same.
 *
 * Whole numbers throughout: the same on every machine and in every engine.
 *
 * @module
 */

const TWO_TO_THE_32 = 4_294_967_296;

/** What a draw is for. Two draws of one purpose and one subject are the same draw. */
export const PURPOSE = {
  scope: 1,
  faultStrikes: 2,
  faultMoment: 3,
  runLength: 4,
  runFlakes: 5,
  badHere: 6,
  arrivalMoment: 7,
  arrivalBad: 8,
  kill: 9,
  turns: 10,
} as const;

/** The name of one purpose, as a number. */
export type Purpose = (typeof PURPOSE)[keyof typeof PURPOSE];

/** Takes `value` into a hash under way: one round of MurmurHash3 (32 bit, Austin Appleby). */
export const mixed = (hash: number, value: number): number => {
  let k = Math.imul(value, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
};

const finished = (hash: number): number => {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** A uniform fraction, 0 ≤ fraction < 1, of `seed` and three numbers that say what is drawn. */
export const drawn = (seed: number, purpose: Purpose, subject: number, nth: number): number =>
  finished(mixed(mixed(mixed(mixed(0x5eed, seed), purpose), subject), nth)) / TWO_TO_THE_32;

/** A whole number, 0 … `count` − 1. */
export const drawnInteger = (seed: number, purpose: Purpose, subject: number, nth: number, count: number): number =>
  Math.floor(drawn(seed, purpose, subject, nth) * count);
