/**
 * Instants and durations, without a clock and without `Date`.
 *
 * Two kinds of instant exist on purpose. {@link EpochMs} is what a clock reads and what schedules are computed with.
 * {@link Timestamp} is what a signal carries: its nanoseconds are the signal's order (law S6), and milliseconds would
 * make two signals one.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as Ord from 'fp-ts/lib/Ord.js';

/** A wall clock that moved by so much more or less than real time has been set, not slewed, in milliseconds. */
export const CLOCK_STEP_MS_MIN = 2_000;

declare const epochMsBrand: unique symbol;

/** Whole milliseconds since 1970-01-01T00:00:00Z, UTC, as a wall clock reads them. */
export type EpochMs = number & { readonly [epochMsBrand]: true };

/** Milliseconds in one second. */
export const SECOND_MS = 1_000;
/** Milliseconds in one minute. */
export const MINUTE_MS = 60 * SECOND_MS;
/** Milliseconds in one hour. */
export const HOUR_MS = 60 * MINUTE_MS;
/** Milliseconds in one day; every day has 24 hours because everything here is UTC. */
export const DAY_MS = 24 * HOUR_MS;

/** The last second that RFC 3339 can write, 9999-12-31T23:59:59Z. */
export const EPOCH_SECONDS_MAX = 253_402_300_799;

const EPOCH_MS_MAX = EPOCH_SECONDS_MAX * SECOND_MS + 999;

/**
 * Takes a clock reading as an instant. Fractions are cut off, since no decision here depends on less than a millisecond.
 *
 * @throws RangeError when `reading` is not a finite number of milliseconds between the years 1970 and 9999: a clock
 * that answers so is a programming error, not an operating one.
 */
export const epochMs = (reading: number): EpochMs => {
  if (!(reading >= 0 && reading <= EPOCH_MS_MAX)) {
    throw new RangeError(`epochMs: expected milliseconds from 0 to ${EPOCH_MS_MAX}, got ${reading}`);
  }
  return Math.trunc(reading) as EpochMs;
};

/** The instant `durationMs` after `instant`; a negative duration goes back. Clamped to the range of {@link EpochMs}. */
export const plus = (instant: EpochMs, durationMs: number): EpochMs =>
  Math.min(Math.max(Math.trunc(instant + durationMs), 0), EPOCH_MS_MAX) as EpochMs;

/** The earlier of two instants. */
export const earlier = (a: EpochMs, b: EpochMs): EpochMs => (b < a ? b : a);

/** The later of two instants. */
export const later = (a: EpochMs, b: EpochMs): EpochMs => (b > a ? b : a);

/**
 * An instant to the nanosecond: the order of signals under one key (law S6). Compared as a pair of integers, never as
 * text (`31.05Z` sorts after `31.0549Z`) and never through a float.
 */
export interface Timestamp {
  /** Whole seconds since 1970-01-01T00:00:00Z; 0 … {@link EPOCH_SECONDS_MAX}. */
  readonly epochSeconds: number;
  /** Nanoseconds within that second; 0 … 999 999 999. */
  readonly nanoseconds: number;
}

/** Negative when `a` is earlier than `b`, positive when it is later, 0 when they are the same nanosecond. */
export const compareTimestamps = (a: Timestamp, b: Timestamp): number =>
  a.epochSeconds - b.epochSeconds || a.nanoseconds - b.nanoseconds;

/** The order of timestamps as an fp-ts instance. */
export const ordTimestamp: Ord.Ord<Timestamp> = {
  equals: (a, b) => compareTimestamps(a, b) === 0,
  compare: (a, b) => Math.sign(compareTimestamps(a, b)) as -1 | 0 | 1,
};

/** The millisecond in which `timestamp` falls. */
export const epochMsOfTimestamp = (timestamp: Timestamp): EpochMs =>
  plus(0 as EpochMs, timestamp.epochSeconds * SECOND_MS + Math.floor(timestamp.nanoseconds / 1e6));

/** The first nanosecond of the millisecond `instant`. */
export const timestampOfEpochMs = (instant: EpochMs): Timestamp => ({
  epochSeconds: Math.floor(instant / SECOND_MS),
  nanoseconds: (instant % SECOND_MS) * 1e6,
});

/**
 * The next nanosecond after `timestamp`: how a producer keeps its order strict when its clock did not move. The last
 * nanosecond of {@link EPOCH_SECONDS_MAX} has no next one that RFC 3339 could write.
 */
export const nextTimestamp = (timestamp: Timestamp): Timestamp =>
  timestamp.nanoseconds === 999_999_999
    ? { epochSeconds: timestamp.epochSeconds + 1, nanoseconds: 0 }
    : { epochSeconds: timestamp.epochSeconds, nanoseconds: timestamp.nanoseconds + 1 };

/** A calendar date in the proleptic Gregorian calendar. */
interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const DAYS_PER_ERA = 146_097;
const DAYS_FROM_ERA_START_TO_1970 = 719_468;

/**
 * Days since 1970-01-01. The year is taken to begin in March, so that the leap day is its last and needs no case.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */
const daysFromCivil = ({ year, month, day }: CivilDate): number => {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - DAYS_FROM_ERA_START_TO_1970;
};

/** The inverse of {@link daysFromCivil}, from the same source. */
const civilFromDays = (days: number): CivilDate => {
  const shifted = days + DAYS_FROM_ERA_START_TO_1970;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
};

const isLeapYear = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeapYear(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Where the second of an RFC 3339 date-time ends; all before it has a fixed width. */
const SECOND_END = 19;
const OFFSET_LENGTH = '+00:00'.length;

const CODE_OF_ZERO = 48;

/** The whole number that the digits of `text` from `start` to before `end` write. */
const digits = (text: string, start: number, end: number): number => {
  let value = 0;
  for (let i = start; i < end; i++) value = value * 10 + text.charCodeAt(i) - CODE_OF_ZERO;
  return value;
};

/**
 * Reads an RFC 3339 date-time with up to nine fractional digits.
 *
 * A leap second (`23:59:60`) is read as the second that follows it, as POSIX clocks count it. More than nine fractional
 * digits are refused rather than cut: cutting could make two signals one.
 *
 * @returns the reason as text when `text` is not such a date-time, or lies outside 1970 … 9999.
 *
 * @example
 * ```ts
 * import * as E from 'fp-ts/lib/Either.js';
 * import { parseTimestamp } from 'signalbox';
 *
 * parseTimestamp('2025-07-28T02:02:31.054989714Z'); // Right({ epochSeconds: 1753668151, nanoseconds: 54989714 })
 * E.isLeft(parseTimestamp('2025-02-30T00:00:00Z')); // true: February has no 30th
 * ```
 */
export const parseTimestamp = (text: string): E.Either<string, Timestamp> => {
  if (!RFC_3339.test(text)) {
    return E.left('an RFC 3339 date-time with at most nine fractional digits, such as 2025-07-28T02:02:31.054989714Z');
  }
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10)];
  const [hour, minute, second] = [digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, SECOND_END)];
  const isUtc = text.endsWith('Z') || text.endsWith('z');
  const zone = text.length - (isUtc ? 1 : OFFSET_LENGTH);
  const [offsetHour, offsetMinute] = isUtc
    ? [0, 0]
    : [digits(text, zone + 1, zone + 3), digits(text, zone + 4, zone + 6)];
  const offsetSeconds = (text[zone] === '-' ? -1 : 1) * (offsetHour * 3600 + offsetMinute * 60);
  const epochSeconds =
    daysFromCivil({ year, month, day }) * 86_400 + hour * 3600 + minute * 60 + second - offsetSeconds;
  const validDate = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  // A leap second is inserted before midnight UTC, and midnight is what it is read as.
  const validSecond = second <= 59 || (second === 60 && epochSeconds % 86_400 === 0);
  if (!validDate || hour > 23 || minute > 59 || !validSecond || offsetHour > 23 || offsetMinute > 59) {
    return E.left('an RFC 3339 date-time that exists in the calendar');
  }
  if (epochSeconds < 0 || epochSeconds > EPOCH_SECONDS_MAX) {
    return E.left('an RFC 3339 date-time from 1970 to 9999');
  }
  const fractionDigits = Math.max(zone - SECOND_END - 1, 0);
  return E.right({ epochSeconds, nanoseconds: digits(text, SECOND_END + 1, zone) * 10 ** (9 - fractionDigits) });
};

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** Writes `timestamp` as RFC 3339 in UTC, with as many fractional digits as it needs: at least none, at most nine. */
export const formatTimestamp = ({ epochSeconds, nanoseconds }: Timestamp): string => {
  const days = Math.floor(epochSeconds / 86_400);
  const secondOfDay = epochSeconds - days * 86_400;
  const { year, month, day } = civilFromDays(days);
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  const time = `${pad(Math.floor(secondOfDay / 3600), 2)}:${pad(Math.floor(secondOfDay / 60) % 60, 2)}:${pad(secondOfDay % 60, 2)}`;
  const fraction = nanoseconds === 0 ? '' : `.${pad(nanoseconds, 9).replace(/0+$/, '')}`;
  return `${date}T${time}${fraction}Z`;
};

/** Writes `instant` as RFC 3339 in UTC, with milliseconds only where there are any. */
export const formatInstant = (instant: EpochMs): string => formatTimestamp(timestampOfEpochMs(instant));

/** Reads an RFC 3339 date-time as an instant; what is finer than a millisecond is cut off. */
export const parseInstant = (text: string): E.Either<string, EpochMs> =>
  E.map(epochMsOfTimestamp)(parseTimestamp(text));

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
};
const DURATION = /^(?:\d+(?:ms|s|m|h|d))+$/;

/** The longest duration that a document or a command line may name: ten years. */
export const DURATION_MS_MAX = 3_650 * DAY_MS;

/**
 * Reads a duration such as `90s`, `12h` or `1h30m`; units are `ms`, `s`, `m`, `h` and `d`, the result is milliseconds.
 *
 * @returns the reason as text when `text` is no such duration or is longer than {@link DURATION_MS_MAX}.
 */
export const parseDuration = (text: string): E.Either<string, number> => {
  if (text.length > 64 || !DURATION.test(text)) {
    return E.left('a duration such as 90s, 10m, 12h or 1h30m');
  }
  const durationMs = [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (DURATION_UNITS_MS[unit ?? ''] ?? Number.NaN),
    0,
  );
  return durationMs <= DURATION_MS_MAX ? E.right(durationMs) : E.left('a duration of at most ten years (3650d)');
};

const DURATION_UNITS_DESCENDING = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['m', MINUTE_MS],
  ['s', SECOND_MS],
  ['ms', 1],
] as const;

/** Writes a duration in the form that {@link parseDuration} reads: `1h30m`, `45s`, `0s`. */
export const formatDuration = (durationMs: number): string => {
  let rest = Math.max(Math.trunc(durationMs), 0);
  let text = '';
  for (const [unit, unitMs] of DURATION_UNITS_DESCENDING) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text === '' ? '0s' : text;
};
