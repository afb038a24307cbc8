import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it, test } from 'vitest';
import {
  compareTimestamps,
  DAY_MS,
  DURATION_MS_MAX,
  earlier,
  EPOCH_SECONDS_MAX,
  type EpochMs,
  epochMs,
  epochMsOfTimestamp,
  formatDuration,
  formatInstant,
  formatTimestamp,
  later,
  nextTimestamp,
  ordTimestamp,
  parseDuration,
  parseInstant,
  parseTimestamp,
  plus,
  type Timestamp,
  timestampOfEpochMs,
} from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const EPOCH_MS_MAX = EPOCH_SECONDS_MAX * 1_000 + 999;

/** Nanoseconds since 1970 as one big integer: an order that cannot lose anything. */
const nanosecondsOf = ({ epochSeconds, nanoseconds }: Timestamp): bigint =>
  BigInt(epochSeconds) * 1_000_000_000n + BigInt(nanoseconds);

const parsed = (text: string): Timestamp => {
  const result = parseTimestamp(text);
  if (E.isLeft(result)) throw new Error(`${text}: expected ${result.left}`);
  return result.right;
};

describe('instants', () => {
  property(
    'a clock reading is cut to whole milliseconds',
    [fc.double({ min: 0, max: EPOCH_MS_MAX, noNaN: true })],
    (ms) => {
      expect(epochMs(ms) - Math.floor(ms)).toBe(0);
    },
  );

  it.each([Number.NaN, Infinity, -Infinity, -1, -0.5, EPOCH_MS_MAX + 1, 2 ** 53])(
    'a clock that reads %s is a programming error',
    (reading) => {
      expect(() => epochMs(reading)).toThrow(RangeError);
      expect(() => epochMs(reading)).toThrow(`got ${reading}`);
    },
  );

  const shift = fc.oneof(
    fc.integer({ min: -400 * DAY_MS, max: 400 * DAY_MS }),
    fc.double({ noNaN: true }),
    fc.constantFrom(Infinity, -Infinity, Number.MAX_SAFE_INTEGER),
  );
  property(
    'adding a duration stays in the range of instants and in whole milliseconds',
    [arb.instant, shift],
    (at, ms) => {
      const sum = plus(at, ms);
      expect(Number.isInteger(sum)).toBe(true);
      expect(sum).toBeGreaterThanOrEqual(0);
      expect(sum).toBeLessThanOrEqual(EPOCH_MS_MAX);
      const exact = at + ms;
      if (exact >= 0 && exact <= EPOCH_MS_MAX) expect(Math.abs(sum - exact)).toBeLessThan(1);
    },
  );

  property('of two instants one is the earlier and the other the later', [arb.instant, arb.instant], (a, b) => {
    expect(earlier(a, b)).toBe(Math.min(a, b));
    expect(later(a, b)).toBe(Math.max(a, b));
  });

  property('an instant is the same as a timestamp and back', [arb.instant], (at) => {
    expect(epochMsOfTimestamp(timestampOfEpochMs(at))).toBe(at);
  });

  property('a timestamp falls into the millisecond that big integers say', [arb.timestamp], (timestamp) => {
    expect(BigInt(epochMsOfTimestamp(timestamp))).toBe(nanosecondsOf(timestamp) / 1_000_000n);
  });

  property('an instant is written as Date writes it, and read back', [arb.instant], (at) => {
    const text = formatInstant(at);
    expect(text).toBe(new Date(at).toISOString().replace(/\.?0+Z$/, 'Z'));
    expect(parseInstant(text)).toStrictEqual(E.right(at));
  });
});

describe('the order of timestamps', () => {
  property('S6: it is the order of their nanoseconds', [arb.timestamp, arb.timestamp], (a, b) => {
    const [x, y] = [nanosecondsOf(a), nanosecondsOf(b)];
    expect(Math.sign(compareTimestamps(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
    expect(ordTimestamp.compare(a, b)).toBe(x < y ? -1 : x > y ? 1 : 0);
    expect(ordTimestamp.equals(a, b)).toBe(x === y);
  });

  property('S6: the next timestamp is one nanosecond later', [arb.timestamp], (timestamp) => {
    expect(nanosecondsOf(nextTimestamp(timestamp))).toBe(nanosecondsOf(timestamp) + 1n);
    expect(nextTimestamp(timestamp).nanoseconds).toBeLessThan(1_000_000_000);
  });

  test('fault 16: 31.05Z is later than 31.0549Z is wrong as text and right as time', () => {
    const [shorter, longer] = ['2025-07-28T02:02:31.05Z', '2025-07-28T02:02:31.0549Z'];
    expect(shorter > longer).toBe(true);
    expect(compareTimestamps(parsed(shorter), parsed(longer))).toBeLessThan(0);
    expect(compareTimestamps(parsed(longer), parsed(shorter))).toBeGreaterThan(0);
  });

  test('fault 16: the same instant written in two ways is one timestamp', () => {
    for (const text of [
      '2025-07-28T02:02:31.050000000Z',
      '2025-07-28t02:02:31.05z',
      '2025-07-28T04:32:31.05+02:30',
      '2025-07-27T23:02:31.05-03:00',
      '2025-07-28T02:02:31.05-00:00',
    ]) {
      expect(parsed(text)).toStrictEqual({ epochSeconds: 1753668151, nanoseconds: 50_000_000 });
    }
  });

  test('fault 17: one nanosecond apart is two timestamps', () => {
    const [a, b] = [parsed('2025-07-28T02:02:31.054989714Z'), parsed('2025-07-28T02:02:31.054989715Z')];
    expect(epochMsOfTimestamp(a)).toBe(epochMsOfTimestamp(b));
    expect(compareTimestamps(a, b)).toBe(-1);
  });
});

describe('RFC 3339', () => {
  property('S1: what is written is read back to the nanosecond', [arb.timestamp], (timestamp) => {
    expect(parseTimestamp(formatTimestamp(timestamp))).toStrictEqual(E.right(timestamp));
  });

  property(
    'it is written as Date writes the second, and as many digits as are needed',
    [arb.timestamp],
    (timestamp) => {
      const text = formatTimestamp(timestamp);
      expect(text.slice(0, 19)).toBe(new Date(timestamp.epochSeconds * 1_000).toISOString().slice(0, 19));
      expect(text.slice(19)).toMatch(/^(?:\.\d{0,8}[1-9])?Z$/);
    },
  );

  test('every day of 400 years is the day that Date says', () => {
    const mismatches: string[] = [];
    for (let day = 0; day < 146_097; day++) {
      const expected = new Date(day * DAY_MS).toISOString().slice(0, 10);
      const text = formatTimestamp({ epochSeconds: day * 86_400, nanoseconds: 0 });
      const back = parseTimestamp(`${expected}T00:00:00Z`);
      if (text !== `${expected}T00:00:00Z` || E.isLeft(back) || back.right.epochSeconds !== day * 86_400) {
        mismatches.push(expected);
      }
    }
    expect(mismatches).toEqual([]);
  });

  const two = (value: number) => String(value).padStart(2, '0');
  const offset = fc.oneof(
    fc.constantFrom('Z', 'z', '+00:00', '-00:00', '+14:00', '-12:00', '+24:00', '-00:60'),
    fc
      .tuple(fc.constantFrom('+', '-'), fc.nat(23), fc.nat(59))
      .map(([sign, hours, minutes]) => `${sign}${two(hours)}:${two(minutes)}`),
  );
  const civil = fc.record({
    year: fc.oneof(fc.integer({ min: 1969, max: 2100 }), fc.integer({ min: 0, max: 9999 })),
    month: fc.integer({ min: 0, max: 13 }),
    day: fc.integer({ min: 0, max: 32 }),
    hour: fc.integer({ min: 0, max: 25 }),
    minute: fc.integer({ min: 0, max: 61 }),
    // 60 is a case of its own, below.
    second: fc.oneof(fc.integer({ min: 0, max: 59 }), fc.constant(61)),
    fraction: fc.oneof(
      fc.constant(''),
      fc
        .string({ unit: fc.constantFrom('0', '1', '5', '9'), minLength: 1, maxLength: 10 })
        .map((digits) => `.${digits}`),
    ),
    offset,
  });

  /** The same question to `Date`: it reads the second and the offset; a date that it moves does not exist. */
  const oracle = (date: string, time: string, fraction: string, zone: string): bigint | undefined => {
    const exists = Date.parse(`${date}T00:00:00Z`);
    if (Number.isNaN(exists) || new Date(exists).toISOString().slice(0, 10) !== date) return undefined;
    if (time.startsWith('24') || fraction.length > 10) return undefined;
    const ms = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
    if (Number.isNaN(ms) || ms < 0 || ms > EPOCH_MS_MAX) return undefined;
    return BigInt(ms) * 1_000_000n + BigInt(fraction.slice(1).padEnd(9, '0'));
  };

  property(
    'S2: it is read exactly when Date can read it, as the same instant',
    [civil],
    ({ year, month, day, hour, minute, second, fraction, offset: zone }) => {
      const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
      const time = `${two(hour)}:${two(minute)}:${two(second)}`;
      const result = parseTimestamp(`${date}T${time}${fraction}${zone}`);
      expect(E.isRight(result) ? nanosecondsOf(result.right) : undefined).toBe(oracle(date, time, fraction, zone));
    },
    { numRuns: 2_000 },
  );

  property('S2: any text is a timestamp or the reason why it is none', [fc.string({ unit: 'binary' })], (text) => {
    const result = parseTimestamp(text);
    if (E.isLeft(result)) expect(result.left).toMatch(/^an RFC 3339 date-time /);
    else expect(parseTimestamp(formatTimestamp(result.right))).toStrictEqual(result);
  });

  it.each([
    '',
    '2025-07-28',
    '2025-07-28T02:02:31',
    '2025-07-28 02:02:31Z',
    ' 2025-07-28T02:02:31Z',
    '2025-07-28T02:02:31Z ',
    '2025-07-28T02:02:31Z\n',
    '2025-07-28T02:02:31.Z',
    '2025-07-28T02:02:31,5Z',
    '2025-07-28T02:02Z',
    '2025-7-28T02:02:31Z',
    '25-07-28T02:02:31Z',
    '+002025-07-28T02:02:31Z',
    '10000-01-01T00:00:00Z',
    '2025-07-28T02:02:31+0200',
    '2025-07-28T02:02:31+02',
    '٢٠٢٥-07-28T02:02:31Z',
    '1753668151',
    'NaN',
  ])('S2: %j is no RFC 3339 date-time', (text) => {
    expect(parseTimestamp(text)).toStrictEqual(
      E.left('an RFC 3339 date-time with at most nine fractional digits, such as 2025-07-28T02:02:31.054989714Z'),
    );
  });

  test('fault 17: a tenth fractional digit is refused, not cut off', () => {
    expect(parseTimestamp('2025-07-28T02:02:31.0549897140Z')).toMatchObject({
      left: expect.stringContaining('at most nine fractional digits') as string,
    });
  });

  it.each(['2025-02-29', '2100-02-29', '2025-04-31', '2025-00-10', '2025-13-01', '2025-01-00', '2025-01-32'])(
    'S2: %s is no day',
    (date) => {
      expect(parseTimestamp(`${date}T00:00:00Z`)).toStrictEqual(
        E.left('an RFC 3339 date-time that exists in the calendar'),
      );
    },
  );

  it.each([
    ['1969-12-31T23:59:59Z', 'before 1970'],
    ['1970-01-01T00:00:00+00:01', 'before 1970, by its offset'],
    ['9999-12-31T23:59:59-00:01', 'after 9999, by its offset'],
    ['9999-12-31T23:59:60Z', 'after 9999, by its leap second'],
  ])('S2: %s lies %s and is refused', (text) => {
    expect(parseTimestamp(text)).toStrictEqual(E.left('an RFC 3339 date-time from 1970 to 9999'));
  });

  it.each([
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z'],
    ['2016-12-31T23:59:60.5Z', '2017-01-01T00:00:00.5Z'],
    ['2016-12-31T15:59:60-08:00', '2017-01-01T00:00:00Z'],
  ])('a leap second, %s, is read as the second after it', (leap, after) => {
    expect(parsed(leap)).toStrictEqual(parsed(after));
  });

  it.each(['2016-12-31T22:59:60Z', '2016-12-31T23:58:60Z', '2016-12-31T23:59:60+01:00', '2016-12-31T23:59:61Z'])(
    '%s is no leap second: those come before midnight UTC',
    (text) => {
      expect(parseTimestamp(text)).toStrictEqual(E.left('an RFC 3339 date-time that exists in the calendar'));
    },
  );

  test('the ends of time are read and written', () => {
    expect(parsed('1970-01-01T00:00:00Z')).toStrictEqual({ epochSeconds: 0, nanoseconds: 0 });
    const last = { epochSeconds: EPOCH_SECONDS_MAX, nanoseconds: 999_999_999 };
    expect(parsed('9999-12-31T23:59:59.999999999Z')).toStrictEqual(last);
    expect(formatTimestamp(last)).toBe('9999-12-31T23:59:59.999999999Z');
  });

  test('an instant is read from a finer timestamp by cutting it', () => {
    expect(parseInstant('2025-07-28T02:02:31.054989714Z')).toStrictEqual(E.right(1753668151054 as EpochMs));
  });
});

describe('durations', () => {
  property('what is written is read back', [fc.integer({ min: 0, max: DURATION_MS_MAX })], (durationMs) => {
    expect(parseDuration(formatDuration(durationMs))).toStrictEqual(E.right(durationMs));
  });

  const UNITS = [
    ['ms', 1n],
    ['s', 1_000n],
    ['m', 60_000n],
    ['h', 3_600_000n],
    ['d', 86_400_000n],
  ] as const;
  const part = fc.tuple(fc.oneof(fc.nat(99), fc.nat()), fc.constantFrom(...UNITS));
  property(
    'parts add up, in any order and of any unit, up to ten years',
    [fc.array(part, { minLength: 1, maxLength: 4 })],
    (parts) => {
      const sum = parts.reduce((total, [count, [, unitMs]]) => total + BigInt(count) * unitMs, 0n);
      const text = parts.map(([count, [unit]]) => `${count}${unit}`).join('');
      expect(parseDuration(text)).toStrictEqual(
        sum <= BigInt(DURATION_MS_MAX) ? E.right(Number(sum)) : E.left('a duration of at most ten years (3650d)'),
      );
    },
  );

  it.each([
    '',
    ' ',
    '12',
    'h',
    '-1h',
    '+1h',
    '1.5h',
    '1h ',
    ' 1h',
    '1H',
    '1w',
    '1e3s',
    '1 h',
    '٣h',
    `${'1'.repeat(64)}s`,
  ])('%j is no duration', (text) => {
    expect(parseDuration(text)).toStrictEqual(E.left('a duration such as 90s, 10m, 12h or 1h30m'));
  });

  it.each([
    [0, '0s'],
    [999, '999ms'],
    [5_400_000, '1h30m'],
    [43_200_000, '12h'],
    [90_061_001, '1d1h1m1s1ms'],
    [-5, '0s'],
  ])('%d ms is written %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});
