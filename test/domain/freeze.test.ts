/** Freezes: times in which the plan itself holds promotions. */
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { decodeWith, formatFieldErrors } from '../../src/domain/decoding.ts';
import { type Freeze, FreezeField, freezeEndsAt, type FreezeJson, holdsInForce } from '../../src/domain/freeze.ts';
import { ReleasePlan } from '../../src/domain/release-plan.ts';
import {
  DAY_MS,
  type EpochMs,
  epochMs,
  formatInstant,
  HOUR_MS,
  MINUTE_MS,
  parseInstant,
  plus,
} from '../../src/domain/time.ts';
import { property } from '../support/property.ts';
import { SLACK_PLAN_JSON } from '../support/slack.ts';

const instant = (text: string): EpochMs => {
  const parsed = parseInstant(text);
  if (E.isLeft(parsed)) throw new TypeError(parsed.left);
  return parsed.right;
};

const decodeFreeze = decodeWith(FreezeField);

const freezeOf = (json: Partial<FreezeJson>): Freeze => {
  const decoded = decodeFreeze({
    name: 'weekend',
    reason: 'nobody is there',
    from: 'Fri 16:00',
    to: 'Mon 06:00',
    ...json,
  });
  if (E.isLeft(decoded)) throw new TypeError(formatFieldErrors(decoded.left));
  return decoded.right;
};

const endsAt = (freeze: Freeze, at: string): string | undefined => {
  const end = freezeEndsAt(freeze.times, instant(at));
  return O.isSome(end) ? formatInstant(end.value) : undefined;
};

describe('a freeze', () => {
  it('T10: of every week lasts from its first instant to just before its last', () => {
    const weekend = freezeOf({});
    // 2026-01-02 was a Friday.
    expect(endsAt(weekend, '2026-01-02T15:59:59.999Z')).toBeUndefined();
    expect(endsAt(weekend, '2026-01-02T16:00:00Z')).toBe('2026-01-05T06:00:00Z');
    expect(endsAt(weekend, '2026-01-05T05:59:59.999Z')).toBe('2026-01-05T06:00:00Z');
    expect(endsAt(weekend, '2026-01-05T06:00:00Z')).toBeUndefined();
  });

  it('T10: of every week may pass over midnight, and over the end of the week', () => {
    expect(endsAt(freezeOf({ from: 'Tue 22:00', to: 'Wed 05:30' }), '2026-01-07T01:00:00Z')).toBe(
      '2026-01-07T05:30:00Z',
    );
    expect(endsAt(freezeOf({ from: 'Sun 23:30', to: 'Mon 00:30' }), '2026-01-05T00:00:00Z')).toBe(
      '2026-01-05T00:30:00Z',
    );
  });

  it('T10: of a date lasts once', () => {
    const year = freezeOf({ from: '2026-12-20T00:00:00Z', to: '2027-01-04T06:00:00Z' });
    expect(endsAt(year, '2026-12-19T23:59:59Z')).toBeUndefined();
    expect(endsAt(year, '2026-12-24T18:00:00Z')).toBe('2027-01-04T06:00:00Z');
    expect(endsAt(year, '2027-01-04T06:00:00Z')).toBeUndefined();
    expect(endsAt(year, '2027-12-24T18:00:00Z')).toBeUndefined();
  });

  const time = fc.tuple(fc.nat(6), fc.nat(23), fc.nat(59)).map(([day, hour, minute]) => {
    const name = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][day] ?? '';
    const ms = day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;
    return { ms, text: `${name} ${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}` };
  });
  const now = fc.integer({ min: 0, max: 100 * 365 * DAY_MS }).map(epochMs);

  property(
    'T10: of every week holds for just that part of each, and its end is where it ends',
    [time, time.filter(({ ms }) => ms > 0), now],
    (from, to, at) => {
      fc.pre(from.text !== to.text);
      const freeze = freezeOf({ from: from.text, to: to.text });
      const end = freezeEndsAt(freeze.times, at);
      // 1970-01-05 was a Monday.
      const ofWeek = (at - 4 * DAY_MS + 7 * DAY_MS) % (7 * DAY_MS);
      const isIn = from.ms < to.ms ? ofWeek >= from.ms && ofWeek < to.ms : ofWeek >= from.ms || ofWeek < to.ms;
      expect(O.isSome(end)).toBe(isIn);
      if (O.isNone(end)) return;
      expect(end.value).toBeGreaterThan(at);
      expect(freezeEndsAt(freeze.times, plus(end.value, -1))).toEqual(end);
      expect(freezeEndsAt(freeze.times, end.value)).toEqual(O.none);
      expect(FreezeField.encode(freeze)).toMatchObject({ from: from.text, to: to.text });
    },
  );

  it.each<[Partial<FreezeJson>, string]>([
    [
      { from: 'Friday' },
      'from: expected an instant such as 2026-12-20T00:00:00Z, or a time of the week such as Fri 16:00 (UTC), got "Friday"',
    ],
    [
      { from: 'Fri 24:00' },
      'from: expected an instant such as 2026-12-20T00:00:00Z, or a time of the week such as Fri 16:00 (UTC), got "Fri 24:00"',
    ],
    [{ to: '2026-01-05T06:00:00Z' }, 'to: expected a time of the week, as from is one, got "2026-01-05T06:00:00Z"'],
    [{ to: 'Fri 16:00' }, 'to: expected another time of the week than from, got "Fri 16:00"'],
    [{ from: '2026-01-05T06:00:00Z' }, 'to: expected an instant, as from is one, got "Mon 06:00"'],
    [
      { from: '2026-01-05T06:00:00Z', to: '2026-01-05T06:00:00Z' },
      'to: expected an instant after from, got "2026-01-05T06:00:00Z"',
    ],
    [{ scope: 'everything' }, 'scope: expected plan, stage:NAME, environment:NAME or stack:NAME, got "everything"'],
    [{ reason: 'a\nb' }, 'reason: expected'],
  ])('%j is refused: %s', (json, error) => {
    const decoded = decodeFreeze({
      name: 'weekend',
      reason: 'nobody is there',
      from: 'Fri 16:00',
      to: 'Mon 06:00',
      ...json,
    });
    expect(E.isLeft(decoded) ? formatFieldErrors(decoded.left) : 'not refused').toContain(error);
  });
});

describe('a plan with freezes', () => {
  const decodePlan = decodeWith(ReleasePlan);
  const weekend: FreezeJson = { name: 'weekend', reason: 'nobody is there', from: 'Fri 16:00', to: 'Mon 06:00' };
  const planWith = (...freezes: readonly object[]) => decodePlan({ ...SLACK_PLAN_JSON, freezes });

  it('T10: is held while one lasts, beside the holds that people set', () => {
    const plan = planWith(weekend, {
      ...weekend,
      name: 'train',
      scope: 'stage:train',
      from: 'Sat 00:00',
      to: 'Sun 00:00',
    });
    if (E.isLeft(plan)) throw new TypeError(formatFieldErrors(plan.left));
    const held = (at: string) => holdsInForce(plan.right, [], instant(at)).map(({ id, scope }) => [id, scope._tag]);
    expect(held('2026-01-02T15:00:00Z')).toEqual([]);
    expect(held('2026-01-02T17:00:00Z')).toEqual([['weekend', 'plan']]);
    expect(held('2026-01-03T17:00:00Z')).toEqual([
      ['weekend', 'plan'],
      ['train', 'stage'],
    ]);
  });

  it.each<[readonly object[], string]>([
    [[weekend, weekend], 'freezes.1.name: expected a name that no other freeze has, got "weekend"'],
    [
      [{ ...weekend, scope: 'stage:trian' }],
      'freezes.0.scope: expected stage:NAME with one of latest, canary, train, got "stage:trian"',
    ],
    [
      [{ ...weekend, until: 'Mon 06:00' }],
      'freezes.0.until: expected no such field; known are name, from, to, reason, scope',
    ],
  ])('%j is refused', (freezes, error) => {
    const decoded = planWith(...freezes);
    expect(E.isLeft(decoded) ? formatFieldErrors(decoded.left) : 'not refused').toContain(error);
  });
});
