/** Colours that everybody can tell apart and read, by computation. */
import { describe, expect, it } from 'vitest';
import { DARK, fillOf, type Ink, LIGHT } from '../../../../src/apps/simulator/report/palette.ts';

type Rgb = readonly [number, number, number];

/** The channels of `#rrggbb` as light, 0 … 1. */
const linear = (colour: string): Rgb => {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
};

const luminance = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** The contrast of WCAG 2.2, 1 … 21. */
const contrast = (a: string, b: string): number => {
  const [x, y] = [luminance(linear(a)), luminance(linear(b))];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
};

type Matrix = readonly [Rgb, Rgb, Rgb];

/** How eyes see. Source: Machado, Oliveira and Fernandes 2009, severity 1. */
const EYES: Readonly<Record<string, Matrix>> = {
  'of most people': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'without red cones': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'without green cones': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'without blue cones': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const times = (rows: Matrix, [x, y, z]: Rgb): Rgb => {
  const row = ([a, b, c]: Rgb): number => a * x + b * y + c * z;
  return [row(rows[0]), row(rows[1]), row(rows[2])];
};

/** Björn Ottosson's OKLab, in which equal distances look equally far. */
const okLab = (rgb: Rgb): Rgb => {
  const [l, m, s] = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  );
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    [Math.cbrt(l), Math.cbrt(m), Math.cbrt(s)],
  );
};

const distance = (a: string, b: string, eyes: Matrix): number => {
  const [x, y] = [okLab(times(eyes, linear(a))), okLab(times(eyes, linear(b)))];
  return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
};

/** A difference of 0.02 can be seen by who looks for it. */
const DISTANCE_MIN = 0.06;

/** Which texts stand on what. */
const STANDS_ON: readonly (readonly [Ink, readonly Ink[]])[] = [
  ['text', ['page', 'surface', 'fault-area', 'operator-area', 'bad-area']],
  ['muted', ['page', 'surface']],
  ['good', ['good-area']],
  ['bad', ['bad-area', 'surface']],
  ['reference', ['page']],
];

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('the colours in %s', (_, { inks, versions }) => {
  it.each(STANDS_ON.flatMap(([ink, grounds]) => grounds.map((ground) => [ink, ground] as const)))(
    '%s can be read on %s',
    (ink, ground) => {
      expect(contrast(inks[ink], inks[ground])).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(['measure', 'reference', 'fault', 'operator', 'bad', 'measure-area'] as const)(
    '%s stands out from the plot',
    (ink) => {
      // Areas are large; lines need the contrast that WCAG 2.2 asks of graphics.
      expect(contrast(inks[ink], inks.page)).toBeGreaterThanOrEqual(ink === 'measure-area' ? 1.5 : 3);
    },
  );

  it('labels can be read in the fill of every version', () => {
    for (const fill of versions) expect(contrast(inks['version-text'], fill), fill).toBeGreaterThanOrEqual(4.5);
  });

  it.each(Object.entries(EYES))('versions that follow each other differ to eyes %s', (_eyes, matrix) => {
    for (let nth = 0; nth < 3 * versions.length; nth++) {
      const [fill, next, afterNext] = [nth, nth + 1, nth + 2].map((each) => versions[fillOf(each)] ?? '');
      expect(distance(fill ?? '', next ?? '', matrix), `${fill} ${next}`).toBeGreaterThan(DISTANCE_MIN);
      expect(distance(fill ?? '', afterNext ?? '', matrix), `${fill} ${afterNext}`).toBeGreaterThan(DISTANCE_MIN / 2);
    }
  });
});

it('the first version has its own fill, and the others take turns', () => {
  const fills = Array.from({ length: 300 }, (_, nth) => fillOf(nth));
  expect(fills.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 1]);
  expect(Math.min(...fills.slice(1))).toBe(1);
  expect(Math.max(...fills)).toBe(LIGHT.versions.length - 1);
  expect(DARK.versions).toHaveLength(LIGHT.versions.length);
});
