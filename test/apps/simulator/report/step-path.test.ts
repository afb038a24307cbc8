/** Series as paths: small, and as they are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundCeiling, stepArea, stepLine } from '../../../../src/apps/simulator/report/step-path.ts';
import { property } from '../../../support/property.ts';

/** Reads a path back, a number for each step. */
const valuesOf = (path: string): readonly number[] => {
  const values: number[] = [];
  let y = 0;
  for (const [, command, text] of path.matchAll(/([VH])([\d.]+)/g)) {
    if (command === 'V') y = Number(text);
    else while (values.length < Number(text)) values.push(y);
  }
  return values;
};

describe('a path', () => {
  property('says what the series says', [fc.array(fc.integer({ min: 0, max: 3 }))], (values) => {
    expect(valuesOf(stepArea(values))).toEqual(values);
    expect(valuesOf(stepLine(values))).toEqual(values);
  });

  it('has one stretch for equal neighbours', () => {
    expect(stepArea(new Array<number>(1_500).fill(42))).toBe('M0 0V42H1500V0Z');
  });

  it('of nothing is nothing', () => {
    expect([stepArea([]), stepLine([])]).toEqual(['', '']);
  });
});

property('the top of a scale is round and has room', [fc.integer({ min: 0, max: 10_000_000 })], (value) => {
  const top = roundCeiling(value);
  expect(top).toBeGreaterThanOrEqual(value);
  expect(top).toBeLessThanOrEqual(Math.max(value * 1.5, 1));
  expect(Number.isInteger(top)).toBe(true);
});
