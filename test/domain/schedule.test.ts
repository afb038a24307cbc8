import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  departureAfter,
  departureAtOrAfter,
  departureAtOrBefore,
  departureState,
  type Schedule,
} from '../../src/domain/schedule.ts';
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS, parseInstant, plus } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';

const at = (text: string): EpochMs => {
  const parsed = parseInstant(text);
  if (parsed._tag === 'Left') throw new Error(parsed.left);
  return parsed.right;
};

const HALF_PAST: Schedule = { everyMs: HOUR_MS, offsetMs: 30 * MINUTE_MS, graceMs: 10 * MINUTE_MS };

const schedule: fc.Arbitrary<Schedule> = fc
  .record({ every: fc.integer({ min: 1, max: 7 * 24 * 60 }), offset: fc.nat(), grace: fc.nat({ max: 120 }) })
  .map(({ every, offset, grace }) => ({
    everyMs: every * MINUTE_MS,
    offsetMs: (offset % every) * MINUTE_MS,
    graceMs: grace * MINUTE_MS,
  }));

const instant = fc.integer({ min: 8 * DAY_MS, max: Date.UTC(2100, 0, 1) }).map(epochMs);

describe('T8: departures', () => {
  property(
    'T8: stand on multiples of the interval since 1970, moved by the offset',
    [schedule, instant],
    (one, now) => {
      const before = departureAtOrBefore(one, now);
      const after = departureAfter(one, now);
      expect((before - one.offsetMs) % one.everyMs).toBe(0);
      expect(after - before).toBe(one.everyMs);
      expect(before <= now && now < after).toBe(true);
      expect(departureAtOrAfter(one, now)).toBe(before === now ? now : after);
      expect(departureAtOrAfter(one, before)).toBe(before);
    },
  );

  it.each([
    ['2025-03-30T00:59:59Z', '2025-03-30T00:30:00Z', '2025-03-30T01:30:00Z', 'Central Europe skips an hour'],
    ['2025-03-30T01:00:00Z', '2025-03-30T00:30:00Z', '2025-03-30T01:30:00Z', 'Central Europe has skipped it'],
    ['2025-10-26T01:30:00Z', '2025-10-26T01:30:00Z', '2025-10-26T02:30:00Z', 'Central Europe repeats an hour'],
    ['2025-11-02T06:29:59Z', '2025-11-02T05:30:00Z', '2025-11-02T06:30:00Z', 'New York repeats an hour'],
    ['2024-02-29T23:45:00Z', '2024-02-29T23:30:00Z', '2024-03-01T00:30:00Z', 'a leap day ends'],
  ])('fault 36: at %s the last was %s and the next is %s, although %s', (now, before, after) => {
    expect(departureAtOrBefore(HALF_PAST, at(now))).toBe(at(before));
    expect(departureAfter(HALF_PAST, at(now))).toBe(at(after));
  });

  it('fault 35: on a clock at 1970 the first departure is the offset', () => {
    const boot = epochMs(0);
    expect(departureAtOrBefore(HALF_PAST, boot)).toBe(0);
    expect(departureAfter(HALF_PAST, boot)).toBe(30 * MINUTE_MS);
    expect(departureAtOrAfter(HALF_PAST, boot)).toBe(30 * MINUTE_MS);
    expect(departureState(HALF_PAST, O.none, boot)).toEqual({
      _tag: 'Missed',
      departure: 0,
      next: 30 * MINUTE_MS,
    });
  });
});

describe('departureState', () => {
  const DEPARTURE = at('2025-07-28T04:30:00Z');
  const NEXT = plus(DEPARTURE, HOUR_MS);
  const after = (minutes: number, lastActed: O.Option<EpochMs> = O.none) =>
    departureState(HALF_PAST, lastActed, plus(DEPARTURE, minutes * MINUTE_MS));

  it('T8: is due from the departure to the end of its grace', () => {
    const due = { _tag: 'Due', departure: DEPARTURE, next: NEXT };
    expect([after(0), after(10)]).toEqual([due, due]);
    expect(departureState(HALF_PAST, O.none, plus(DEPARTURE, 10 * MINUTE_MS + 1))).toEqual({ ...due, _tag: 'Missed' });
  });

  it('T7: has acted once it is remembered', () => {
    expect(after(5, O.some(DEPARTURE))).toEqual({ _tag: 'NotDue', next: NEXT });
    expect(after(5, O.some(plus(DEPARTURE, -HOUR_MS)))._tag).toBe('Due');
  });

  it('T8: waits a whole interval after the last one that acted, on whatever schedule that was', () => {
    const quarterPast = O.some(plus(DEPARTURE, -15 * MINUTE_MS));
    expect(after(0, quarterPast)).toEqual({ _tag: 'NotDue', next: NEXT });
    const weekly = { ...HALF_PAST, everyMs: 7 * DAY_MS };
    const state = departureState(weekly, O.some(DEPARTURE), plus(DEPARTURE, DAY_MS));
    expect(state._tag).toBe('NotDue');
    expect(state.next).toBeGreaterThanOrEqual(DEPARTURE + 7 * DAY_MS);
  });

  it('T8: lets one departure go when the last one that acted lies in the future', () => {
    expect(after(5, O.some(plus(NEXT, 1)))).toEqual({
      _tag: 'ClockWentBack',
      departure: NEXT,
      next: plus(NEXT, HOUR_MS),
    });
    expect(after(5, O.some(NEXT))).toEqual({ _tag: 'NotDue', next: plus(NEXT, HOUR_MS) });
  });

  property(
    'T8: whatever is remembered, what is due is within its grace and an interval after it, and the next lies ahead',
    [schedule, instant, fc.option(fc.integer({ min: -20_000, max: 20_000 }))],
    (one, now, minutes) => {
      const lastActed = minutes === null ? O.none : O.some(plus(now, minutes * MINUTE_MS));
      const state = departureState(one, lastActed, now);
      expect(state.next).toBeGreaterThan(now);
      expect((state.next - one.offsetMs) % one.everyMs).toBe(0);
      if (state._tag !== 'Due') return;
      expect(now - state.departure).toBeLessThanOrEqual(one.graceMs);
      if (O.isSome(lastActed)) expect(state.departure - lastActed.value).toBeGreaterThanOrEqual(one.everyMs);
    },
  );

  property('T8: asked again at the instant it names, it is due', [schedule, instant, instant], (one, now, last) => {
    const state = departureState(one, O.some(last), now);
    const remembered = state._tag === 'ClockWentBack' ? state.departure : last;
    if (state._tag === 'Due') return;
    expect(departureState(one, O.some(remembered), state.next)._tag).toBe('Due');
    expect(departureState(one, O.some(remembered), plus(state.next, -1))._tag).not.toBe('Due');
  });
});
