import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { describe, expect, it, test, vi } from 'vitest';
import {
  boundedInteger,
  boundedText,
  decodeJsonWith,
  decodeWith,
  describeValue,
  type FieldError,
  fields,
  formatFieldError,
  formatFieldErrors,
  guardFirst,
  isRecord,
  refinedText,
} from '../../src/domain/decoding.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const errorsOf = <A>(result: E.Either<readonly FieldError[], A>): readonly FieldError[] => {
  if (E.isRight(result)) throw new Error('expected errors, got a value');
  return result.left;
};

/** What ends a line or steers a terminal. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

describe('what a value is called', () => {
  property('S2: any value is told in one short line', [fc.anything()], (value) => {
    const text = describeValue(value);
    expect(text).not.toMatch(CONTROLS);
    expect(text.length).toBeLessThan(500);
  });

  property('S2: any text is told in one short line', [fc.string({ unit: 'binary' })], (value) => {
    expect(describeValue(value)).not.toMatch(CONTROLS);
  });

  it.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-0, '-0'],
    [1.5, '1.5'],
    [true, 'true'],
    [[1, 2], 'a list of 2'],
    [{ a: 1 }, 'an object'],
    ['a "b"', '"a \\"b\\""'],
    ['two\nlines', '"two\\nlines"'],
    ['\u009b31mred\u2028\u202e', '"\\u009b31mred\\u2028\\u202e"'],
    ['x'.repeat(1_000), `"${'x'.repeat(60)}…"`],
    [Symbol('s'), 'a symbol'],
    [() => 1, 'a function'],
  ])('%j is told as %s', (value, text) => {
    expect(describeValue(value)).toBe(text);
  });
});

describe('field errors', () => {
  const codec = fields(
    'person',
    { name: boundedText('name', 5), address: fields('address', { zip: boundedInteger('zip', 1, 99) }, {}) },
    { tags: t.readonlyArray(boundedText('tag', 3)) },
  );

  it.each([
    [{ name: 'Ada', address: { zip: 100 } }, 'address.zip: expected an integer from 1 to 99, got 100'],
    [{ name: 'Ada', address: {} }, 'address.zip: expected an integer from 1 to 99, got nothing'],
    [{ name: 'Ada', address: null }, 'address: expected an object, got null'],
    [{ name: 'Ada', address: [] }, 'address: expected an object, got a list of 0'],
    [
      { name: 'Ada', address: { zip: 1 }, tags: ['a', 'long'] },
      'tags.1: expected text of at most 3 characters without control characters, got "long"',
    ],
    [[], 'document: expected an object, got a list of 0'],
    [undefined, 'document: expected an object, got nothing'],
  ])('S2: %j names the field, what was expected and what came', (value, message) => {
    expect(formatFieldErrors(errorsOf(decodeWith(codec)(value)))).toBe(message);
  });

  test('S2: every faulty field is named, up to twenty', () => {
    const list = t.readonlyArray(boundedInteger('n', 0, 1));
    expect(errorsOf(decodeWith(list)([2, 0, 3])).map(({ field }) => field)).toEqual(['0', '2']);
    const errors = errorsOf(decodeWith(list)(Array.from({ length: 200_000 }, () => 7)));
    expect(errors.map(({ field }) => field)).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });

  test('S2: members of an intersection or a union are not told as fields', () => {
    const wrapped = new t.Type<unknown>(
      'wrapped',
      (u): u is unknown => u !== undefined,
      (u, context) =>
        t
          .intersection([t.type({ a: t.number }), t.type({ b: t.union([t.number, t.type({ c: t.number })]) })])
          .validate(u, context),
      (a) => a,
    );
    const errors = errorsOf(decodeWith(wrapped)({ a: 'x', b: { c: 'y' } }));
    expect([...new Set(errors.map(({ field }) => field))]).toEqual(['a', 'b', 'b.c']);
  });

  property('S2: a hostile key cannot break the line', [fc.string({ unit: 'binary', maxLength: 300 })], (key) => {
    const [error] = errorsOf(decodeWith(t.record(t.string, t.number))(Object.fromEntries([[key, 'x']])));
    expect(error && formatFieldError(error)).not.toMatch(CONTROLS);
    expect(error?.field.length).toBeGreaterThan(0);
    expect(error?.field.length).toBeLessThan(500);
  });
});

describe('JSON', () => {
  const decode = decodeJsonWith(fields('document', { n: boundedInteger('n', 0, 10) }, {}));

  test('a good document is read', () => {
    expect(decode('{"n": 3, "further": true}')).toStrictEqual(E.right({ n: 3 }));
  });

  it.each([
    ['fault 9, empty', '', 'document: expected JSON, got nothing'],
    ['fault 9, cut off', '{"n": 3', 'document: expected JSON, got "{\\"n\\": 3"'],
    [
      'fault 10, a byte order mark',
      '\ufeff{"n": 3}',
      'document: expected JSON without a byte order mark, got a byte order mark',
    ],
    ['fault 10, HTML', '<html>\n', 'document: expected JSON, got "<html>\\n"'],
    ['fault 13', '{"n": 1e999}', 'n: expected an integer from 0 to 10, got Infinity'],
  ])('%s: refused', (_fault, text, message) => {
    expect(formatFieldErrors(errorsOf(decode(text)))).toBe(message);
  });

  property('S2: any text is a document or has errors', [fc.oneof(fc.string(), fc.json())], (text) => {
    const result = decode(text);
    if (E.isLeft(result)) expect(result.left.length).toBeGreaterThan(0);
  });

  it.each([arb.nestedLists(100_000), arb.nestedObjects(100_000), `{"n":${arb.nestedLists(100_000)}}`])(
    'fault 10: deep nesting is refused without a stack that overflows',
    (text) => {
      expect(errorsOf(decode(text))[0]?.expected).toMatch(/^an /);
    },
  );
});

describe('integers', () => {
  const integer = boundedInteger('n', -5, 86_400);

  property(
    'faults 13 and 14: exactly the integers of the range are accepted',
    [fc.oneof(fc.double(), fc.integer(), fc.integer({ min: -9, max: 9 }))],
    (n) => {
      const allowed = Number.isInteger(n) && n >= -5 && n <= 86_400 && !Object.is(n, -0);
      expect(integer.is(n)).toBe(allowed);
      expect(E.isRight(integer.decode(n))).toBe(allowed);
    },
  );

  it.each([Number.NaN, Infinity, -Infinity, -0, 0.5, -6, 86_401, 2 ** 53, '1', null, true, 1n, new Number(1)])(
    'faults 13 and 14: %s is refused',
    (value) => {
      expect(errorsOf(decodeWith(integer)(value))).toEqual([
        { field: '', expected: 'an integer from -5 to 86400', got: describeValue(value) },
      ]);
    },
  );
});

describe('text', () => {
  const text = boundedText('note', 10);

  property(
    'S2: text is bounded and without control characters',
    [fc.string({ unit: 'binary', maxLength: 12 })],
    (value) => {
      const allowed = value.length <= 10 && !/\p{Cc}/u.test(value);
      expect(text.is(value)).toBe(allowed);
      expect(E.isRight(text.decode(value))).toBe(allowed);
    },
  );

  it.each(['\u0000', '\n', '\u001b[31m', '\u007f', '\u0085', '\u009b31m'])('S2: %j is refused', (value) => {
    expect(text.is(value)).toBe(false);
  });

  test('a refinement is named with its error', () => {
    const even = refinedText('even', 'text of even length', (value) => value.length % 2 === 0);
    expect(decodeWith(even)('ab')).toStrictEqual(E.right('ab'));
    expect(errorsOf(decodeWith(even)('abc'))).toEqual([{ field: '', expected: 'text of even length', got: '"abc"' }]);
  });
});

describe('objects', () => {
  const Doubled = new t.Type<number, string>(
    'doubled',
    (u): u is number => typeof u === 'number',
    (u, context) => (typeof u === 'string' ? t.success(Number(u) * 2) : t.failure(u, context)),
    (n) => String(n / 2),
  );
  const codec = fields('pair', { n: Doubled }, { tag: boundedText('tag', 5) });

  it.each([null, undefined, 1, 'text', [], [1], () => 1])('%j has no fields', (value) => {
    expect(isRecord(value)).toBe(false);
    expect(codec.is(value)).toBe(false);
    expect(E.isLeft(codec.decode(value))).toBe(true);
  });

  property(
    'known fields are converted there and back',
    [fc.integer(), fc.option(fc.constantFrom('a', ''), { nil: undefined })],
    (n, tag) => {
      const value = { n: n * 2, ...(tag === undefined ? {} : { tag }) };
      expect(codec.decode(codec.encode(value))).toStrictEqual(E.right(value));
      expect(codec.is(value)).toBe(true);
    },
  );

  property(
    'fault 11: other fields are neither looked at nor kept',
    [fc.array(fc.tuple(arb.dangerousKey, arb.jsonValue))],
    (entries) => {
      const json: unknown = JSON.parse(JSON.stringify({ ...Object.fromEntries(entries), n: '2' }));
      expect(codec.decode(json)).toStrictEqual(E.right({ n: 4 }));
    },
  );

  test('fault 19: what hides behind __proto__ is not taken for a field', () => {
    const json: unknown = JSON.parse('{"n":"2","__proto__":{"tag":"\\u001b[31m far too long"}}');
    const decoded = codec.decode(json);
    expect(decoded).toStrictEqual(E.right({ n: 4 }));
    expect(E.isRight(decoded) && decoded.right.tag).toBeUndefined();
    const missing: unknown = JSON.parse('{"__proto__":{"n":"2"}}');
    expect(E.isLeft(codec.decode(missing))).toBe(true);
  });

  test('fault 12: an optional field may be absent, but not null', () => {
    expect(E.isRight(codec.decode({ n: '1' }))).toBe(true);
    expect(errorsOf(decodeWith(codec)({ n: '1', tag: null })).map(({ field }) => field)).toEqual(['tag']);
    expect(codec.is({ n: 1, tag: null })).toBe(false);
    expect(codec.is({ n: 1, tag: undefined })).toBe(true);
  });
});

describe('a codec asked by its guard first', () => {
  const plain = fields('point', { x: boundedInteger('x', 0, 9) }, { y: boundedInteger('y', 0, 9) });
  const coordinate = fc.oneof(fc.integer({ min: -1, max: 10 }), fc.constant(undefined), fc.constant(null));

  property('answers what the codec answers', [fc.record({ x: coordinate, y: coordinate })], (value) => {
    expect(E.isRight(guardFirst(plain).decode(value))).toBe(E.isRight(plain.decode(value)));
    expect(decodeWith(guardFirst(plain))(value)).toEqual(decodeWith(plain)(value));
  });

  test('does not validate what its guard accepts, and returns it as it stands', () => {
    const validate = vi.fn(plain.validate);
    const spied = guardFirst(new t.Type(plain.name, plain.is, validate, plain.encode));
    const value = { x: 1, further: 2 };
    const decoded = spied.decode(value);
    expect(E.isRight(decoded) && decoded.right).toBe(value);
    expect(validate).not.toHaveBeenCalled();
    expect(E.isLeft(spied.decode({ x: -1 }))).toBe(true);
    expect(validate).toHaveBeenCalledOnce();
  });
});
