/**
 * Departures: the instants at which a stage may promote, and whether one is due. Plain UTC arithmetic: multiples of an
 * interval since 1970, moved by an offset; no calendar, no daylight saving (fault 36).
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { DAY_MS, type EpochMs, later, MINUTE_MS, plus } from './time.ts';

/** The instants at which something departs. */
export interface Departures {
  /** From one departure to the next, in milliseconds: one minute … seven days. */
  readonly everyMs: number;
  /** From a multiple of `everyMs` since 1970 to the departure, in milliseconds: 0 ≤ offset < every. */
  readonly offsetMs: number;
}

/** The shortest time from one departure to the next, in milliseconds. */
export const DEPARTURE_EVERY_MS_MIN = MINUTE_MS;
/** The longest time from one departure to the next, in milliseconds. */
export const DEPARTURE_EVERY_MS_MAX = 7 * DAY_MS;

/** When a stage may promote. */
export interface Schedule extends Departures {
  /** How late a departure may still act, in milliseconds; later than that it is missed (law T8). */
  readonly graceMs: number;
}

/** How long ago the last departure was: 0 … every − 1. */
const sinceDepartureMs = ({ everyMs, offsetMs }: Departures, now: EpochMs): number =>
  (((now - offsetMs) % everyMs) + everyMs) % everyMs;

/** The last departure at or before `now`; 1970 itself where that would lie before 1970. */
export const departureAtOrBefore = (schedule: Departures, now: EpochMs): EpochMs =>
  plus(now, -sinceDepartureMs(schedule, now));

/** The first departure after `now`. */
export const departureAfter = (schedule: Departures, now: EpochMs): EpochMs =>
  plus(now, schedule.everyMs - sinceDepartureMs(schedule, now));

/** The first departure at or after `instant`. */
export const departureAtOrAfter = (schedule: Departures, instant: EpochMs): EpochMs =>
  sinceDepartureMs(schedule, instant) === 0 ? instant : departureAfter(schedule, instant);

/** Whether a stage may promote now, and if not, from when. */
export type DepartureState =
  | { readonly _tag: 'Due'; readonly departure: EpochMs; readonly next: EpochMs }
  /** This departure has acted already, or none has come since one did. */
  | { readonly _tag: 'NotDue'; readonly next: EpochMs }
  /** It was never looked at within its grace. It does not pile up: the next one makes one step (law T8). */
  | { readonly _tag: 'Missed'; readonly departure: EpochMs; readonly next: EpochMs }
  /**
   * Memory holds a departure further ahead than any clock that is right could have seen. `departure`, the first one ahead,
   * is let go and counts as one that acted: nobody knows how long ago the last step really was, and this way it was at
   * least `everyMs` ago when `next` comes (law T8).
   */
  | { readonly _tag: 'ClockWentBack'; readonly departure: EpochMs; readonly next: EpochMs };

/**
 * Which of these holds at `now`, given the last departure that acted.
 *
 * Two departures that act are never closer than `everyMs`, also when the schedule was changed in between (law T8).
 */
export const departureState = (schedule: Schedule, lastActed: O.Option<EpochMs>, now: EpochMs): DepartureState => {
  const lateMs = sinceDepartureMs(schedule, now);
  const departure = plus(now, -lateMs);
  const next = plus(now, schedule.everyMs - lateMs);
  if (O.isSome(lastActed)) {
    if (lastActed.value > next) {
      return { _tag: 'ClockWentBack', departure: next, next: plus(next, schedule.everyMs) };
    }
    const earliest = plus(lastActed.value, schedule.everyMs);
    if (departure < earliest) return { _tag: 'NotDue', next: later(next, departureAtOrAfter(schedule, earliest)) };
  }
  return lateMs > schedule.graceMs ? { _tag: 'Missed', departure, next } : { _tag: 'Due', departure, next };
};
