import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { boundedInteger, decodeWith, formatFieldErrors } from '../../src/domain/decoding.ts';
import {
  defaultedField,
  InstantField,
  listField,
  mapField,
  optionField,
  presentField,
  TimestampField,
} from '../../src/domain/json-fields.ts';
import { Slug } from '../../src/domain/names.ts';
import { epochMs } from '../../src/domain/time.ts';

const Count = boundedInteger('a count', 0, 9);
const Counts = mapField(Slug, Count);

const read = <A, J>(codec: t.Type<A, J>, value: unknown): unknown => {
  const decoded = decodeWith(codec)(value);
  return E.isLeft(decoded) ? formatFieldErrors(decoded.left) : decoded.right;
};

describe('fields of documents', () => {
  it('an instant is RFC 3339, and nothing else', () => {
    expect(read(InstantField, '2025-07-28T02:30:00.5Z')).toBe(Date.UTC(2025, 6, 28, 2, 30, 0, 500));
    expect(InstantField.encode(epochMs(0))).toBe('1970-01-01T00:00:00Z');
    expect(read(InstantField, 0)).toBe('document: expected instant as text, got 0');
    expect([InstantField.is(0), InstantField.is('0')]).toEqual([true, false]);
  });

  it('a timestamp keeps its nanoseconds (fault 17)', () => {
    const stamp = { epochSeconds: 1_753_668_151, nanoseconds: 54_989_714 };
    expect(read(TimestampField, '2025-07-28T02:02:31.054989714Z')).toEqual(stamp);
    expect(TimestampField.encode(stamp)).toBe('2025-07-28T02:02:31.054989714Z');
    expect([TimestampField.is(stamp), TimestampField.is(null), TimestampField.is({})]).toEqual([true, false, false]);
  });

  it('an option is null where there is nothing', () => {
    const field = optionField(Count);
    expect([read(field, null), read(field, undefined), read(field, 3)]).toEqual([O.none, O.none, O.some(3)]);
    expect([field.encode(O.none), field.encode(O.some(3))]).toEqual([null, 3]);
    expect(read(field, 'x')).toBe('document: expected an integer from 0 to 9, got "x"');
    expect([field.is(O.none), field.is(null), field.is(3)]).toEqual([true, false, false]);
  });

  it('what is absent stands for its default', () => {
    const field = defaultedField(Count, 7);
    expect([read(field, undefined), read(field, null), read(field, 3)]).toEqual([7, 7, 3]);
    expect([read(listField(Count), undefined), read(listField(Count), [1])]).toEqual([[], [1]]);
  });

  it('fault 72: what has to be there is not taken for empty', () => {
    const field = presentField(Counts);
    expect(read(Counts, undefined)).toEqual(new Map());
    expect(read(field, undefined)).toBe('document: expected object of a count by slug, got nothing');
    expect(read(field, { a: 1 })).toEqual(new Map([['a', 1]]));
  });

  it('a map names the entry that is wrong, its key included', () => {
    const Document = t.type({ counts: Counts });
    expect(read(Document, { counts: { a: 1, b: 99 } })).toBe('counts.b: expected an integer from 0 to 9, got 99');
    expect(read(Document, { counts: { '../b': 1 } })).toMatch(/^counts\."\.\.\/b": expected a slug name/);
    expect(read(Document, { counts: [] })).toBe('counts: expected an object, got a list of 0');
    expect(read(Document, JSON.parse('{"counts":{"__proto__":1}}'))).toMatch(
      /^counts\.__proto__: expected a slug name/,
    );
    expect([Counts.is(new Map()), Counts.is({})]).toEqual([true, false]);
  });
});
