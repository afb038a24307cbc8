/**
 * Where a time axis has its ticks: at minutes, hours, days, Mondays, months or years of UTC, whichever are few enough.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import {
  DAY_MS,
  type EpochMs,
  epochMs,
  formatInstant,
  HOUR_MS,
  MINUTE_MS,
  parseInstant,
  plus,
} from '../../../domain/time.ts';

/** One tick of an axis. */
export interface Tick {
  readonly at: EpochMs;
  readonly label: string;
  /** The same for where there is little room. */
  readonly shortLabel: string;
  /** It begins something larger: a day among hours, a year among months. */
  readonly isMajor: boolean;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const WEEKDAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'] as const;

/** The first Monday of the epoch, 1970-01-05, in milliseconds. */
const FIRST_MONDAY_MS = 4 * DAY_MS;
const WEEK_MS = 7 * DAY_MS;

const dayText = (at: EpochMs): string => {
  const text = formatInstant(at);
  return `${Number(text.slice(8, 10))} ${MONTHS[Number(text.slice(5, 7)) - 1] ?? ''}`;
};
const weekdayText = (at: EpochMs): string => `${WEEKDAYS[Math.floor(at / DAY_MS) % 7] ?? ''} ${dayText(at)}`;
const isMidnight = (at: EpochMs): boolean => at % DAY_MS === 0;
const isNewYear = (at: EpochMs): boolean => formatInstant(at).startsWith('01-01T00:00', 5);
const yearText = (at: EpochMs): string => formatInstant(at).slice(0, 4);

/** A way to tick. */
interface Unit {
  /** The first of its instants that is not before `at`, in milliseconds; undefined after the last one. */
  readonly next: (at: EpochMs) => number | undefined;
  readonly tick: (at: EpochMs) => Tick;
}

const every = (unitMs: number, anchorMs: number, tickAt: (at: EpochMs) => Tick): Unit => ({
  next: (at) => Math.max(Math.ceil((at - anchorMs) / unitMs), 0) * unitMs + anchorMs,
  tick: tickAt,
});

const tick = (at: EpochMs, label: string, isMajor: boolean, shortLabel = label): Tick => ({
  at,
  label,
  shortLabel,
  isMajor,
});

const clockTick = (at: EpochMs): Tick =>
  tick(at, isMidnight(at) ? dayText(at) : formatInstant(at).slice(11, 16), isMidnight(at));
const dayTick = (at: EpochMs): Tick => tick(at, weekdayText(at), (at - FIRST_MONDAY_MS) % WEEK_MS === 0, dayText(at));
const weekTick = (at: EpochMs): Tick => tick(at, dayText(at), false);
const monthTick = (at: EpochMs): Tick =>
  tick(at, isNewYear(at) ? yearText(at) : (MONTHS[Number(formatInstant(at).slice(5, 7)) - 1] ?? ''), isNewYear(at));

const everyMonths = (months: number): Unit => ({
  next: (at) => {
    const text = formatInstant(at);
    const reached = Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7)) - 1;
    const first = Math.ceil(reached / months) * months;
    for (const month of [first, first + months]) {
      const year = String(Math.floor(month / 12)).padStart(4, '0');
      const parsed = parseInstant(`${year}-${String((month % 12) + 1).padStart(2, '0')}-01T00:00:00Z`);
      // After the year 9999 there is no month to tick.
      if (E.isLeft(parsed)) return undefined;
      if (parsed.right >= at) return parsed.right;
    }
    return undefined;
  },
  tick: monthTick,
});

/** From fine to coarse. */
const UNITS: readonly Unit[] = [
  ...[1, 5, 15, 30].map((minutes) => every(minutes * MINUTE_MS, 0, clockTick)),
  ...[1, 2, 3, 6, 12].map((hours) => every(hours * HOUR_MS, 0, clockTick)),
  every(DAY_MS, 0, dayTick),
  every(2 * DAY_MS, 0, dayTick),
  every(WEEK_MS, FIRST_MONDAY_MS, weekTick),
  every(2 * WEEK_MS, FIRST_MONDAY_MS, weekTick),
  ...[1, 2, 3, 6, 12, 24, 60, 120, 600, 1200].map(everyMonths),
];

const ticksOf = (unit: Unit, from: EpochMs, to: EpochMs, countMax: number): readonly Tick[] | undefined => {
  const ticks: Tick[] = [];
  let at = unit.next(from);
  while (at !== undefined && at <= to) {
    if (ticks.length === countMax) return undefined;
    const reached = epochMs(at);
    ticks.push(unit.tick(reached));
    at = unit.next(plus(reached, 1));
  }
  return ticks;
};

/** The finest ticks from `from` to `to`, both included, of which there are at most `countMax`. */
export const timeTicks = (from: EpochMs, to: EpochMs, countMax: number): readonly Tick[] => {
  for (const unit of UNITS) {
    const ticks = ticksOf(unit, from, to, countMax);
    if (ticks !== undefined) return ticks;
  }
  return [];
};
