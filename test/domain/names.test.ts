import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { describe, expect, it, test } from 'vitest';
import {
  compareVersions,
  CookbookName,
  EnvironmentName,
  nameFromLiteral,
  NodeName,
  ordVersion,
  parseName,
  Slug,
  StackName,
  Version,
  ZoneId,
} from '../../src/domain/names.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const version = nameFromLiteral(Version);

/** Text that is nearly a name: of the right characters and a few wrong ones, around the longest length. */
const nearlyName = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'Z', '0', '_', '-', '.', '+', '/', '%', ' '), maxLength: 8 }),
  fc
    .tuple(fc.constantFrom(63, 64, 65, 127, 128, 129, 252, 253, 254), fc.constantFrom('a', '.', '-'))
    .map(([length, last]) => 'a'.repeat(length - 1) + last),
  fc.string({ unit: 'binary' }),
);

/** Holds one kind of name to `law`: what S7 says of it, in a regular expression of its own. */
const describeKind = <A extends string>(
  kind: string,
  codec: t.Type<A, string>,
  valid: fc.Arbitrary<A>,
  law: RegExp,
): unknown =>
  describe(`a ${kind} name`, () => {
    property('S7: is accepted as it stands', [valid], (name) => {
      expect(codec.decode(name)).toStrictEqual(E.right(name));
      expect(parseName(codec)(name)).toStrictEqual(E.right(name));
      expect(nameFromLiteral(codec)(name)).toBe(name);
      expect(name).toMatch(law);
    });

    property(
      'S7: is exactly what the law says, and anything else is refused in one line that says what a name is',
      [nearlyName],
      (text) => {
        expect(codec.is(text)).toBe(law.test(text));
        const result = parseName(codec)(text);
        expect(E.isRight(result)).toBe(law.test(text));
        if (E.isLeft(result)) {
          expect(result.left).toContain(`expected ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind} name: 1 to `);
          expect(result.left).not.toMatch(/\p{Cc}/u);
          expect(result.left.length).toBeLessThan(500);
        }
      },
      { numRuns: 1_000 },
    );

    it.each([
      ['nothing', ''],
      ['a separator', 'a/b'],
      ['a backslash', 'a\\b'],
      ['a way out', '../etc'],
      ['two dots', 'a..b'],
      ['only dots', '..'],
      ['a leading dot', '.a'],
      ['a leading dash, which a command would take for an option', '-rf'],
      ['a percent-escape', 'a%2fb'],
      ['NUL', 'a\u0000b'],
      ['a line break at the end', 'a\n'],
      ['a space', 'a b'],
      ['a colon', 'a:b'],
      ['a letter that only looks like one', 'рrod-1'],
      ['an invisible character', 'prod\u200b-1'],
      ['a full-width digit', 'prod-１'],
      ['half a surrogate pair', 'a\ud800'],
      ['10 kB', 'a'.repeat(10_240)],
      ['__proto__', '__proto__'],
    ])('S7, fault 68: %s is refused', (_what, text) => {
      const result = parseName(codec)(text);
      expect(result).toMatchObject({ left: expect.stringContaining(`${kind} name: 1 to `) as string });
      expect(E.isLeft(result) && result.left.length).toBeLessThan(500);
    });

    it.each([undefined, null, 1, true, [], {}, ['a'], new String('a')])('S2: %j is no name', (value) => {
      expect(codec.is(value)).toBe(false);
      expect(E.isLeft(codec.decode(value))).toBe(true);
    });

    test('a literal that is none is a programming error', () => {
      expect(() => nameFromLiteral(codec)('../x')).toThrow(TypeError);
    });
  });

describeKind('stack', StackName, arb.stackName, /^[a-z0-9][a-z0-9_-]{0,63}$/i);
describeKind('environment', EnvironmentName, arb.environmentName, /^[a-z0-9][a-z0-9_-]{0,63}$/i);
describeKind('node', NodeName, arb.nodeName, /^(?!.*\.\.)[a-z0-9][a-z0-9_.-]{0,252}$/i);
describeKind('version', Version, arb.version, /^(?!.*\.\.)[a-z0-9][a-z0-9_.+-]{0,127}$/i);
describeKind('cookbook', CookbookName, arb.cookbookName, /^(?!.*\.\.)[a-z0-9][a-z0-9_.-]{0,127}$/i);
describeKind('slug', Slug, arb.slug, /^(?!.*\.\.)[a-z0-9][a-z0-9_.-]{0,63}$/i);
describeKind('zone', ZoneId, arb.zoneId, /^[a-z0-9][a-z0-9_-]{0,63}$/i);

describe('the order of versions', () => {
  property('fault 18: it is reflexive, and equal only to itself', [arb.version, arb.version], (a, b) => {
    expect(compareVersions(a, a)).toBe(0);
    expect(compareVersions(a, b) === 0).toBe(a === b);
    expect(ordVersion.equals(a, b)).toBe(a === b);
  });

  property('fault 18: it is antisymmetric', [arb.version, arb.version], (a, b) => {
    expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
    expect(ordVersion.compare(a, b)).toBe(compareVersions(a, b));
  });

  const versionsTwice = fc
    .array(arb.version, { minLength: 3, maxLength: 6 })
    .chain((versions) =>
      fc.tuple(fc.constant(versions), fc.shuffledSubarray(versions, { minLength: versions.length })),
    );
  property(
    'fault 18: it is transitive, so that a list has one order however it lay',
    [versionsTwice],
    ([versions, shuffled]) => {
      for (const a of versions) {
        for (const b of versions) {
          for (const c of versions) {
            if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
              expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
            }
          }
        }
      }
      expect(shuffled.toSorted(compareVersions)).toEqual(versions.toSorted(compareVersions));
    },
    { numRuns: 500 },
  );

  const numbers = fc.array(
    fc.oneof(
      fc.bigInt({ min: 0n, max: 20n }),
      fc.bigInt({ min: 0n, max: 10n ** 20n }),
      fc.bigInt({ min: 2n ** 53n - 1n, max: 2n ** 53n + 2n }),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  property(
    'fault 18: versions of numbers are ordered number by number, a missing one first',
    [numbers, numbers],
    (left, right) => {
      const expected = (): number => {
        for (let i = 0; ; i++) {
          const [a, b] = [left[i], right[i]];
          if (a === undefined || b === undefined) return Math.sign(left.length - right.length);
          if (a !== b) return a < b ? -1 : 1;
        }
      };
      expect(compareVersions(version(left.join('.')), version(right.join('.')))).toBe(expected());
    },
    { numRuns: 500 },
  );

  it.each([
    ['1.9.0', '1.10.0', 'not as text'],
    ['20250728.1753666491.9', '20250728.1753666491.10', 'not as a float, to which both are one number'],
    ['20250728.9007199254740992.5', '20250728.9007199254740993.0', 'beyond the integers of a double'],
    ['20250727.1753666491.0', '20250728.1.0', 'the first number that differs decides'],
    ['1.2', '1.2.0', 'a missing number is older than any'],
    ['1.0', '1.00', 'the same numbers written otherwise are two versions'],
    ['1.2.3', '1.2.rc1', 'a number is older than text'],
    ['1.09.0', '1.10.0', 'a leading zero means nothing'],
    ['1.0.0', '1.0.0-rc1', 'a further part makes it newer'],
  ])('fault 18: %s is older than %s: %s', (older, newer) => {
    expect(compareVersions(version(older), version(newer))).toBe(-1);
    expect(compareVersions(version(newer), version(older))).toBe(1);
  });

  test('fault 18: artifact versions of one day sort by their time', () => {
    const inOrder = ['20250728.999.0', '20250728.1753666491.0', '20250728.1753666491.1', '20250729.1.0'].map(version);
    expect(inOrder.toReversed().toSorted(ordVersion.compare)).toEqual(inOrder);
  });
});
