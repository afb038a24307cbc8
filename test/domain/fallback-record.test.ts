import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import {
  afterAttempt,
  afterSuccess,
  EMPTY_FALLBACK_RECORD,
  type FallbackRecord,
  fallbackRecordOf,
  fallbackSuccess,
  formatFallbackRecord,
  parseFallbackRecord,
} from '../../src/domain/fallback-record.ts';
import { epochMs, SECOND_MS } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';

const seconds = fc.integer({ min: 1, max: 4_000_000_000 });
const maybeSeconds = fc.option(seconds, { nil: undefined }).map(O.fromNullable);
const record: fc.Arbitrary<FallbackRecord> = fc.record(
  { lastAttemptEpochSeconds: maybeSeconds, lastSuccessEpochSeconds: maybeSeconds },
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
    [record, fc.nat(70)],
    (written, length) => {
      const cut = parseFallbackRecord(formatFallbackRecord(written).slice(0, length));
      for (const field of ['lastAttemptEpochSeconds', 'lastSuccessEpochSeconds'] as const) {
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
        O.filter((success: number) => success <= now)(before.lastSuccessEpochSeconds),
      );
    },
  );

  property('the Summoner hears of a success as it stands on record', [seconds], (when) => {
    expect(fallbackSuccess(afterSuccess(at(when)))).toEqual(O.some(at(when)));
  });

  it('a fallback that never succeeded counts for nothing', () => {
    expect(fallbackSuccess(EMPTY_FALLBACK_RECORD)).toEqual(O.none);
    expect(fallbackSuccess(afterAttempt(EMPTY_FALLBACK_RECORD, at(4)))).toEqual(O.none);
  });
});
