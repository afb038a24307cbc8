import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import {
  afterAttempt,
  afterLook,
  afterSuccess,
  CLOCK_TOLERANCE_SECONDS,
  EMPTY_FALLBACK_RECORD,
  type FallbackRecord,
  fallbackRecordOf,
  fallbackSuccess,
  formatFallbackRecord,
  isBelieved,
  parseFallbackRecord,
  recordInForce,
} from '../../src/domain/fallback-record.ts';
import { epochMs, SECOND_MS } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';

const seconds = fc.integer({ min: 1, max: 4_000_000_000 });
const maybeSeconds = fc.option(seconds, { nil: undefined }).map(O.fromNullable);
const record: fc.Arbitrary<FallbackRecord> = fc.record(
  {
    lastAttemptEpochSeconds: maybeSeconds,
    lastSuccessEpochSeconds: maybeSeconds,
    disbelievedEpochSeconds: maybeSeconds,
  },
  { noNullPrototype: true },
);
const at = (epochSeconds: number) => epochMs(epochSeconds * SECOND_MS);

describe('F4: the fallback’s own record', () => {
  property('is read as it was written', [record], (written) => {
    expect(parseFallbackRecord(formatFallbackRecord(written))).toEqual(written);
  });

  property('fault 38: any text is read without a throw', [fc.string({ unit: 'binary' })], (text) => {
    expect(parseFallbackRecord(`${text}\n`)).toBeDefined();
  });

  property(
    'fault 46: a write that was cut short never makes an attempt or a success later than it was',
    [record, fc.nat(110)],
    (written, length) => {
      const cut = parseFallbackRecord(formatFallbackRecord(written).slice(0, length));
      for (const field of ['lastAttemptEpochSeconds', 'lastSuccessEpochSeconds', 'disbelievedEpochSeconds'] as const) {
        const [whole, part] = [written[field], cut[field]];
        expect(O.isNone(part) || (O.isSome(whole) && part.value <= whole.value)).toBe(true);
      }
    },
  );

  it('of two lines with one name the later counts', () => {
    expect(parseFallbackRecord('last_success_epoch=5\nlast_success_epoch=6\n').lastSuccessEpochSeconds).toEqual(
      O.some(6),
    );
    expect(parseFallbackRecord('last_success_epoch=5\nlast_success_epoch=x\n').lastSuccessEpochSeconds).toEqual(O.none);
  });

  it('a file that is missing or cannot be read remembers nothing', () => {
    expect(fallbackRecordOf({ _tag: 'Missing' })).toBe(EMPTY_FALLBACK_RECORD);
    expect(fallbackRecordOf({ _tag: 'Refused', detail: '' })).toBe(EMPTY_FALLBACK_RECORD);
    expect(fallbackRecordOf({ _tag: 'Unavailable', detail: '' })).toBe(EMPTY_FALLBACK_RECORD);
  });

  property(
    'an attempt keeps the success before it, unless that is from the future',
    [record, seconds],
    (before, now) => {
      const after = afterAttempt(before, at(now));
      expect(after.lastAttemptEpochSeconds).toEqual(O.some(now));
      expect(after.lastSuccessEpochSeconds).toEqual(
        O.filter((success: number) => success <= now + CLOCK_TOLERANCE_SECONDS)(before.lastSuccessEpochSeconds),
      );
    },
  );

  property('the Summoner hears of a success as it stands on record', [seconds], (when) => {
    expect(fallbackSuccess(afterSuccess(EMPTY_FALLBACK_RECORD, at(when)))).toEqual(O.some(at(when)));
  });

  it('a fallback that never succeeded counts for nothing', () => {
    expect(fallbackSuccess(EMPTY_FALLBACK_RECORD)).toEqual(O.none);
    expect(fallbackSuccess(afterAttempt(EMPTY_FALLBACK_RECORD, at(4)))).toEqual(O.none);
  });

  it('a record in the second place goes before the one in the first', () => {
    expect(recordInForce('first', undefined)).toBe('first');
    expect(recordInForce('first', 'second')).toBe('second');
  });
});

describe('F1: what lies ahead of the clock', () => {
  const THRESHOLD_SECONDS = 43_200;
  const look = (before: FallbackRecord, success: number, now: number) =>
    afterLook(before, { _tag: 'Succeeded', epochSeconds: success }, THRESHOLD_SECONDS, at(now));
  const ahead = fc.integer({ min: CLOCK_TOLERANCE_SECONDS + 1, max: THRESHOLD_SECONDS - 1 });

  property(
    'fault 32: a success of the Summoner’s that once did stays none when the clock has caught up with it',
    [record, fc.integer({ min: 100_000, max: 4_000_000_000 }), ahead, fc.nat(1_000_000)],
    (before, now, byHowMuch, later) => {
      const success = now + byHowMuch;
      const after = look(before, success, now);
      expect(isBelieved(after, success, at(success + later))).toBe(false);
      // The next one is another, and is believed.
      expect(isBelieved(after, success + later + 1, at(success + later + 1))).toBe(true);
    },
  );

  property(
    'an attempt and a success of its own that do are dropped, and nothing else is',
    [record, seconds],
    (before, now) => {
      const after = afterLook(before, { _tag: 'Never' }, THRESHOLD_SECONDS, at(now));
      const isKept = (when: O.Option<number>) => O.isNone(when) || when.value <= now + CLOCK_TOLERANCE_SECONDS;
      for (const field of ['lastAttemptEpochSeconds', 'lastSuccessEpochSeconds'] as const) {
        expect(after[field]).toEqual(isKept(before[field]) ? before[field] : O.none);
      }
      expect(after.disbelievedEpochSeconds).toEqual(before.disbelievedEpochSeconds);
      expect(after === before).toBe(isKept(before.lastAttemptEpochSeconds) && isKept(before.lastSuccessEpochSeconds));
    },
  );

  it('fault 35: by more than the threshold it is a clock that will be set right, and the success is good again', () => {
    expect(look(EMPTY_FALLBACK_RECORD, 1_753_668_151, 120)).toBe(EMPTY_FALLBACK_RECORD);
    expect(isBelieved(EMPTY_FALLBACK_RECORD, 1_753_668_151, at(120))).toBe(false);
    expect(isBelieved(EMPTY_FALLBACK_RECORD, 1_753_668_151, at(1_753_668_151))).toBe(true);
  });

  it('by less than a clock that is kept is ever set back it is believed, and nothing is written', () => {
    expect(look(EMPTY_FALLBACK_RECORD, 1_000 + CLOCK_TOLERANCE_SECONDS, 1_000)).toBe(EMPTY_FALLBACK_RECORD);
    expect(isBelieved(EMPTY_FALLBACK_RECORD, 1_000 + CLOCK_TOLERANCE_SECONDS, at(1_000))).toBe(true);
  });
});
