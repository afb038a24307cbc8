/** Ticks at instants that a person would have chosen. */
import * as E from 'fp-ts/lib/Either.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeTicks } from '../../../../src/apps/simulator/report/time-ticks.ts';
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS, parseInstant, plus } from '../../../../src/domain/time.ts';
import { property } from '../../../support/property.ts';

const at = (text: string): EpochMs => {
  const parsed = parseInstant(text);
  if (E.isLeft(parsed)) throw new TypeError(parsed.left);
  return parsed.right;
};

const labels = (from: string, lastsMs: number, countMax = 12): readonly string[] =>
  timeTicks(at(from), plus(at(from), lastsMs), countMax).map(({ label, isMajor }) => (isMajor ? `${label}!` : label));

describe('a time axis ticks', () => {
  it.each([
    [
      'minutes',
      '2026-08-03T10:58:30Z',
      10 * MINUTE_MS,
      ['10:59', '11:00', '11:01', '11:02', '11:03', '11:04', '11:05', '11:06', '11:07', '11:08'],
    ],
    [
      'hours, with the day at midnight',
      '2026-08-03T20:10:00Z',
      6 * HOUR_MS,
      ['20:30', '21:00', '21:30', '22:00', '22:30', '23:00', '23:30', '4 Aug!', '00:30', '01:00', '01:30', '02:00'],
    ],
    [
      'days, Mondays above all',
      '2026-08-03T00:00:00Z',
      7 * DAY_MS,
      ['Mon 3 Aug!', 'Tue 4 Aug', 'Wed 5 Aug', 'Thu 6 Aug', 'Fri 7 Aug', 'Sat 8 Aug', 'Sun 9 Aug', 'Mon 10 Aug!'],
    ],
    [
      'Mondays',
      '2026-08-04T00:00:00Z',
      60 * DAY_MS,
      ['10 Aug', '17 Aug', '24 Aug', '31 Aug', '7 Sep', '14 Sep', '21 Sep', '28 Sep'],
    ],
    [
      'months, with the year in January',
      '2026-08-15T00:00:00Z',
      300 * DAY_MS,
      ['Sep', 'Oct', 'Nov', 'Dec', '2027!', 'Feb', 'Mar', 'Apr', 'May', 'Jun'],
    ],
    [
      'years',
      '2026-08-15T00:00:00Z',
      3_650 * DAY_MS,
      ['2027!', '2028!', '2029!', '2030!', '2031!', '2032!', '2033!', '2034!', '2035!', '2036!'],
    ],
  ])('%s', (_, from, lastsMs, expected) => {
    expect(labels(from, lastsMs)).toEqual(expected);
  });

  it('less often where there is less room, with shorter labels', () => {
    const week = timeTicks(at('2026-08-03T00:00:00Z'), at('2026-08-10T00:00:00Z'), 4);
    expect(week.map(({ shortLabel }) => shortLabel)).toEqual(['3 Aug', '5 Aug', '7 Aug', '9 Aug']);
  });

  property(
    'a few times, in order and within the range, whatever the range is',
    [
      fc.integer({ min: 0, max: 4_102_444_800_000 }),
      fc.integer({ min: 0, max: 3_650 * DAY_MS }),
      fc.integer({ min: 2, max: 14 }),
    ],
    (start, lastsMs, countMax) => {
      const [from, to] = [epochMs(start), plus(epochMs(start), lastsMs)];
      const ticks = timeTicks(from, to, countMax).map((tick) => tick.at);
      expect(ticks.length).toBeLessThanOrEqual(countMax);
      expect(ticks).toEqual([...new Set(ticks)].toSorted((a, b) => a - b));
      for (const tick of ticks) {
        expect(tick).toBeGreaterThanOrEqual(from);
        expect(tick).toBeLessThanOrEqual(to);
        expect(tick % MINUTE_MS).toBe(0);
      }
    },
  );

  it('no further than there are years', () => {
    expect(labels('9998-06-01T00:00:00Z', 700 * DAY_MS, 2)).toEqual(['9999!']);
    expect(labels('9999-12-31T20:00:00Z', DAY_MS)).toHaveLength(8);
  });
});
