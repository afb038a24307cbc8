/**
 * Doubles a number, says its example, wrongly.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 *
 * assert.equal(2 * 2, 5);
 * ```
 * @returns twice `value`
 */
export const double = (value: number): number => 2 * value;
