/** When a node looks at its bus: by the timetable where it knows one, at a fixed interval where it does not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  pollAfter,
  type Polling,
  pollingFor,
  pollsPerDeparture,
  type Timetable,
  timetableFor,
} from '../../src/domain/polling.ts';
import { departureAtOrBefore, type Departures } from '../../src/domain/schedule.ts';
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { nodeOf, START } from '../support/node-signals.ts';
import { property } from '../support/property.ts';
import { KOLMOGOROV_LIMIT, kolmogorovSmirnov } from '../support/statistics.ts';

const HOURLY: Departures = { everyMs: HOUR_MS, offsetMs: 30 * MINUTE_MS };
const SHIPPED = pollingFor();

const polling: fc.Arbitrary<Polling> = fc
  .uniqueArray(fc.integer({ min: SECOND_MS, max: HOUR_MS }), { minLength: 3, maxLength: 3 })
  .map((times) => times.toSorted((a, b) => a - b))
  .map(([pollSoonMs = 0, pollEveryMs = 0, pollIdleMs = 0]) => ({ pollSoonMs, pollEveryMs, pollIdleMs }));

/** A timetable that keeps to the budget of its {@link Polling}. */
const withTimetable = fc
  .tuple(fc.oneof(fc.constant(SHIPPED), polling), arb.departures)
  .chain(([chosen, departures]) => {
    const timetable = timetableFor(chosen, departures);
    return timetable === undefined ? fc.constant(undefined) : fc.constant({ polling: chosen, timetable });
  })
  .filter((made) => made !== undefined);

const instant = fc.integer({ min: 0, max: 4 * 365 * DAY_MS }).map((ms) => epochMs(START + ms));
const node = fc.nat(9_999).map((n) => nodeOf(`web-${n}`));

/** The polls after `from` and up to `to`. */
const pollsBetween = (
  name: ReturnType<typeof nodeOf>,
  chosen: Polling,
  timetable: Timetable | undefined,
  from: EpochMs,
  to: number,
): readonly EpochMs[] => {
  const polls: EpochMs[] = [];
  for (let at = pollAfter(name, chosen, timetable, from); at <= to; at = pollAfter(name, chosen, timetable, at)) {
    polls.push(at);
    if (polls.length > 50_000) throw new RangeError('polls without end');
  }
  return polls;
};

const shippedTimetable = (departures: Departures): Timetable => {
  const timetable = timetableFor(SHIPPED, departures);
  if (timetable === undefined) throw new TypeError('there is a timetable for these');
  return timetable;
};

describe('what is shipped', () => {
  it('N15: polls every 20 seconds for 2 minutes after an hourly departure, then half as often with each doubling', () => {
    const timetable = shippedTimetable(HOURLY);
    const departure = departureAtOrBefore(HOURLY, START);
    const polls = pollsBetween(nodeOf('web-17'), SHIPPED, timetable, plus(departure, -1), departure + HOUR_MS - 1);
    const gaps = polls.map((at, i) => Math.round((at - (polls[i - 1] ?? at)) / SECOND_MS)).slice(1);
    expect(gaps.filter((gap) => gap === 20)).toHaveLength(5);
    expect(gaps.filter((gap) => gap === 40)).toHaveLength(2);
    expect(gaps.filter((gap) => gap === 80)).toHaveLength(2);
    expect(gaps.filter((gap) => gap === 160)).toHaveLength(2);
    expect(gaps.filter((gap) => gap > 290)).toHaveLength(8);
    expect(polls).toHaveLength(24);
    expect(pollsPerDeparture(timetable)).toBe(24);
  });

  it.each([
    [5 * MINUTE_MS, undefined, undefined],
    [10 * MINUTE_MS, 40 * SECOND_MS, 10],
    [15 * MINUTE_MS, 20 * SECOND_MS, 15],
    [HOUR_MS, 20 * SECOND_MS, 24],
    [DAY_MS, 20 * SECOND_MS, 300],
  ])('N15: departures every %d ms are polled within the budget of a poll a minute', (everyMs, soonMs, polls) => {
    const timetable = timetableFor(SHIPPED, { everyMs, offsetMs: 0 });
    expect(timetable?.soonMs).toBe(soonMs);
    expect(timetable && pollsPerDeparture(timetable)).toBe(polls);
  });

  it('N15: who only chooses the fixed interval gets the others to suit', () => {
    expect(pollingFor({ pollEveryMs: 10 * SECOND_MS })).toEqual({
      pollEveryMs: 10 * SECOND_MS,
      pollSoonMs: 10 * SECOND_MS,
      pollIdleMs: 5 * MINUTE_MS,
    });
    expect(pollingFor({ pollEveryMs: HOUR_MS })).toEqual({
      pollEveryMs: HOUR_MS,
      pollSoonMs: 20 * SECOND_MS,
      pollIdleMs: HOUR_MS,
    });
  });
});

describe('for every polling and all departures', () => {
  property('N15: no two polls are further apart than poll_idle', [withTimetable, node, instant], (made, name, from) => {
    const to = from + Math.min(3 * made.timetable.everyMs, 2_000 * made.polling.pollIdleMs);
    const polls = pollsBetween(name, made.polling, made.timetable, from, to);
    let before: EpochMs = from;
    for (const at of polls) {
      expect(at - before).toBeGreaterThan(0);
      // A poll lies on a whole millisecond.
      expect(at - before).toBeLessThanOrEqual(made.polling.pollIdleMs + 1);
      before = at;
    }
  });

  property(
    'N15: no more polls lie between two departures than the fixed interval makes',
    [withTimetable, node, instant],
    (made, name, at) => {
      fc.pre(made.timetable.everyMs / made.polling.pollEveryMs < 20_000);
      const departure = departureAtOrBefore(made.timetable, at);
      const end = departure + made.timetable.everyMs - 1;
      const polls = pollsBetween(name, made.polling, made.timetable, plus(departure, -1), end);
      expect(polls).toHaveLength(pollsPerDeparture(made.timetable));
      expect(polls.length).toBeLessThanOrEqual(made.timetable.everyMs / made.polling.pollEveryMs);
    },
  );

  property(
    'N15: what comes late by so much is seen late by two thirds of that, or by two of the shortest gaps',
    [withTimetable, node, instant],
    (made, name, at) => {
      const lateMs = at - departureAtOrBefore(made.timetable, at);
      const seen = pollAfter(name, made.polling, made.timetable, at);
      expect(seen - at).toBeLessThanOrEqual(Math.max(2 * made.timetable.soonMs, (2 / 3) * lateMs) + 1);
      const isSoon = lateMs < 5 * made.timetable.soonMs && 6 * made.timetable.soonMs < made.timetable.everyMs;
      if (isSoon) expect(seen - at).toBeLessThanOrEqual(made.timetable.soonMs + 1);
    },
  );

  property(
    'N15: a node polls at the same instants, from wherever it goes on',
    [withTimetable, node, instant, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })],
    (made, name, from, share) => {
      const next = pollAfter(name, made.polling, made.timetable, from);
      const between = epochMs(from + Math.floor((next - from) * share));
      expect(pollAfter(name, made.polling, made.timetable, between)).toBe(next);
    },
  );

  property('N15: without a timetable polls are evenly apart', [polling, node, instant], (chosen, name, from) => {
    const first = pollAfter(name, chosen, undefined, from);
    expect(first - from).toBeLessThanOrEqual(chosen.pollEveryMs);
    expect(pollAfter(name, chosen, undefined, first) - first).toBe(chosen.pollEveryMs);
  });
});

describe('for a fleet', () => {
  const FLEET = Array.from({ length: 2_000 }, (_, n) => nodeOf(`web-${n}`));
  const timetable = shippedTimetable(HOURLY);
  const departure = departureAtOrBefore(HOURLY, START);

  it.each([
    ['just after a departure', 0, 20 * SECOND_MS],
    ['some minutes after it', 4 * MINUTE_MS, 80 * SECOND_MS],
    ['between departures', 16 * MINUTE_MS, (44 / 9) * MINUTE_MS],
  ])('N15: the polls of a fleet are spread evenly %s', (_, sinceMs, gapMs) => {
    const from = plus(departure, sinceMs);
    const shares = FLEET.map((name) => (pollAfter(name, SHIPPED, timetable, plus(from, -1)) - from) / gapMs);
    expect(kolmogorovSmirnov(shares)).toBeLessThan(KOLMOGOROV_LIMIT / Math.sqrt(FLEET.length));
  });
});
