/**
 * Freezes: times in which the plan itself holds promotions, once or every week. While one lasts it is a hold like any other
 * (law T10), but one that ends with its time and that nobody lifts.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { boundedText, fields } from './decoding.ts';
import type { Hold, HoldScope } from './hold.ts';
import { HoldScopeText } from './hold-text.ts';
import { Slug } from './names.ts';
import { DAY_MS, type EpochMs, formatInstant, HOUR_MS, MINUTE_MS, parseInstant, plus } from './time.ts';

/** When promotions are frozen. */
export type FreezeTimes =
  | { readonly _tag: 'Once'; readonly from: EpochMs; readonly to: EpochMs }
  /** `fromMs` since Monday, 00:00 UTC; it lasts less than a week. */
  | { readonly _tag: 'Weekly'; readonly fromMs: number; readonly lastsMs: number };

/** Times in which the plan holds promotions in a scope. */
export interface Freeze {
  readonly name: Slug;
  readonly scope: HoldScope;
  readonly reason: string;
  readonly times: FreezeTimes;
}

/** {@link Freeze} as a document has it: `from` and `to` both RFC 3339, or both such as `Fri 16:00` (UTC, every week). */
export interface FreezeJson {
  readonly name: string;
  /** `plan`, `stage:NAME`, `environment:NAME` or `stack:NAME`; default `plan`. */
  readonly scope?: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const WEEK_MS = 7 * DAY_MS;
/** 1970 began on a Thursday; its first Monday was the fifth of January. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

const EXPECTED = 'an instant such as 2026-12-20T00:00:00Z, or a time of the week such as Fri 16:00 (UTC)';

/** Milliseconds since Monday, 00:00, of a text such as `Fri 16:00`. */
const parseTimeOfWeek = (text: string): number | undefined => {
  const [, day = '', hours = '', minutes = ''] = /^([A-Z][a-z]{2}) ([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  const weekday = WEEKDAYS.indexOf(day);
  return weekday === -1 ? undefined : weekday * DAY_MS + Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
};

const formatTimeOfWeek = (ms: number): string => {
  const since = ms % WEEK_MS;
  const twoDigits = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  const day = WEEKDAYS[Math.floor(since / DAY_MS)] ?? '';
  return `${day} ${twoDigits((since % DAY_MS) / HOUR_MS)}:${twoDigits((since % HOUR_MS) / MINUTE_MS)}`;
};

/** The times that two texts of one kind stand for; the error is that of the second where the first is right. */
const parseTimes = (
  from: string,
  to: string,
): E.Either<{ readonly at: 'from' | 'to'; readonly expected: string }, FreezeTimes> => {
  const weekly = parseTimeOfWeek(from);
  if (weekly !== undefined) {
    const end = parseTimeOfWeek(to);
    if (end === undefined) return E.left({ at: 'to', expected: 'a time of the week, as from is one' });
    if (end === weekly) return E.left({ at: 'to', expected: 'another time of the week than from' });
    return E.right({ _tag: 'Weekly', fromMs: weekly, lastsMs: (end - weekly + WEEK_MS) % WEEK_MS });
  }
  const start = parseInstant(from);
  if (E.isLeft(start)) return E.left({ at: 'from', expected: EXPECTED });
  const end = parseInstant(to);
  if (E.isLeft(end)) return E.left({ at: 'to', expected: 'an instant, as from is one' });
  if (end.right <= start.right) return E.left({ at: 'to', expected: 'an instant after from' });
  return E.right({ _tag: 'Once', from: start.right, to: end.right });
};

const TimeText = boundedText('time', 64);

const FREEZE_REQUIRED = { name: Slug, from: TimeText, to: TimeText, reason: boundedText('reason', 1024) };
const FREEZE_OPTIONAL = { scope: HoldScopeText };
/** The fields that a freeze may have. */
export const FREEZE_FIELDS: readonly string[] = Object.keys({ ...FREEZE_REQUIRED, ...FREEZE_OPTIONAL });

const FreezeWire = fields('a freeze', FREEZE_REQUIRED, FREEZE_OPTIONAL);

/** Reads and writes a {@link Freeze}. */
export const FreezeField: t.Type<Freeze, FreezeJson> = new t.Type<Freeze, FreezeJson>(
  'a freeze',
  (u): u is Freeze => typeof u === 'object' && u !== null && 'times' in u,
  (u, context) => {
    const wire = FreezeWire.validate(u, context);
    if (E.isLeft(wire)) return wire;
    const { name, reason, scope = { _tag: 'plan' }, from, to } = wire.right;
    const times = parseTimes(from, to);
    return E.isRight(times)
      ? t.success({ name, reason, scope, times: times.right })
      : t.failure(wire.right[times.left.at], t.appendContext(context, times.left.at, TimeText), times.left.expected);
  },
  ({ name, reason, scope, times }) => ({
    name,
    scope: HoldScopeText.encode(scope),
    from: times._tag === 'Once' ? formatInstant(times.from) : formatTimeOfWeek(times.fromMs),
    to: times._tag === 'Once' ? formatInstant(times.to) : formatTimeOfWeek(times.fromMs + times.lastsMs),
    reason,
  }),
);

/** When the freeze that lasts at `now` ends; none while it does not last. */
export const freezeEndsAt = (times: FreezeTimes, now: EpochMs): O.Option<EpochMs> => {
  if (times._tag === 'Once') return now >= times.from && now < times.to ? O.some(times.to) : O.none;
  const sinceMs = (((now - FIRST_MONDAY_MS - times.fromMs) % WEEK_MS) + WEEK_MS) % WEEK_MS;
  return sinceMs < times.lastsMs ? O.some(plus(now, times.lastsMs - sinceMs)) : O.none;
};

const holdOf = ({ name, scope, reason, times }: Freeze, now: EpochMs): readonly Hold[] => {
  const expiresAt = freezeEndsAt(times, now);
  return O.isSome(expiresAt) ? [{ id: name, scope, reason, owner: 'the plan', expiresAt, isFreeze: true }] : [];
};

/** What holds promotions at `now`: the holds that people set, and the freezes that last. */
export const holdsInForce = (
  { freezes }: { readonly freezes: readonly Freeze[] },
  holds: readonly Hold[],
  now: EpochMs,
): readonly Hold[] => (freezes.length === 0 ? holds : [...holds, ...freezes.flatMap((freeze) => holdOf(freeze, now))]);
