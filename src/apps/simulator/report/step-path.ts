/**
 * Series as paths. A path is written in the units of its series, upright and without curves, so that it can be read
 * back, as the script does: `M0 0V5H3V7H10V0Z` says 5 until step 3 and 7 until step 10. Equal neighbours are one stretch.
 *
 * @module
 */
import { coordinate } from './number-text.ts';

const stretches = (values: readonly number[]): string => {
  let text = '';
  values.forEach((value, i) => {
    if (i === 0 || value !== values[i - 1]) text += `V${coordinate(value)}`;
    if (value !== values[i + 1]) text += `H${i + 1}`;
  });
  return text;
};

/** The series as an area that stands on zero; empty for an empty series. */
export const stepArea = (values: readonly number[]): string =>
  values.length === 0 ? '' : `M0 0${stretches(values)}V0Z`;

/** The series as a line; empty for an empty series. */
export const stepLine = (values: readonly number[]): string =>
  values.length === 0 ? '' : `M0 ${coordinate(values[0] ?? 0)}${stretches(values)}`;

/** The largest number of a series, 0 for an empty one. Series can be too long for the arguments of `Math.max`. */
export const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);

/** The smallest round number that is not below `value`: 1, 1.5, 2, 3, 4, 5, 6, 8 and 10 times a power of ten */
export const roundCeiling = (value: number): number => {
  // Counts are whole, and so is the top of their scale.
  if (value <= 2) return value <= 1 ? 1 : 2;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8].find((factor) => factor * power >= value) ?? 10) * power;
};
