import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { isAddressedTo, isExpired, matchesGlob } from '../../src/domain/run-request.ts';
import { epochMs } from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { nodeOf, requestOf, START } from '../support/node-signals.ts';
import { property } from '../support/property.ts';

/** The meaning of a glob, straight from its definition, in as many steps as it takes. */
const meansGlob = (pattern: string, name: string): boolean => {
  if (pattern === '') return name === '';
  const [head, rest] = [pattern[0], pattern.slice(1)];
  if (head === '*') return meansGlob(rest, name) || (name !== '' && meansGlob(pattern, name.slice(1)));
  return name !== '' && (head === '?' || head === name[0]) && meansGlob(rest, name.slice(1));
};

const fewLetters = (extra: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from(`ab.${extra}`)), maxLength });

describe('N11: globs', () => {
  property(
    'N11: a glob matches what its definition says',
    [fewLetters('**?', 8), fewLetters('', 10)],
    (pattern, name) => {
      expect(matchesGlob(pattern, name)).toBe(meansGlob(pattern, name));
    },
    { numRuns: 2_000 },
  );

  property(
    'N11: a name matches itself, and so does every glob made from it',
    [arb.nodeName, fc.nat(), fc.nat()],
    (name, at, length) => {
      const [from, to] = [at % (name.length + 1), (at % (name.length + 1)) + (length % 5)];
      expect(matchesGlob(name, name)).toBe(true);
      expect(matchesGlob(`${name.slice(0, from)}*${name.slice(to)}`, name)).toBe(true);
      expect(matchesGlob(name.replaceAll(/./g, '?'), name)).toBe(true);
      expect(matchesGlob(`${name}?`, name)).toBe(false);
    },
  );

  it.each([
    ['web-*', 'web-17', true],
    ['web-*', 'web-', true],
    ['web-*', 'my-web-17', false],
    ['web-?', 'web-17', false],
    ['*', 'anything.example.com', true],
    ['', 'web-1', false],
    ['WEB-1', 'web-1', false],
    // A dot is a dot, and a bracket has no meaning.
    ['web.1', 'web-1', false],
    ['web-[12]', 'web-1', false],
  ])('N11: %j and %j: %s', (pattern, name, matches) => {
    expect(matchesGlob(pattern, name)).toBe(matches);
  });

  it('N11: the worst patterns are answered at once', () => {
    // A matcher that goes back over every star would still be at it when the test is given up.
    const name = `${'a'.repeat(252)}b`;
    for (const pattern of ['*a'.repeat(126), `${'a*'.repeat(126)}c`, `${'*'.repeat(252)}c`, `${'*?'.repeat(126)}c`]) {
      expect(matchesGlob(pattern, name)).toBe(false);
      expect(matchesGlob(`${pattern}*`, `${name}c`)).toBe(true);
    }
  });
});

describe('N11: whom a request means, and until when', () => {
  const expiresAt = epochMs(START + 60_000);
  const request = (nodes?: readonly string[]) =>
    requestOf({ id: 'r-1', expiresAt, ...(nodes === undefined ? {} : { nodes }) });

  it('N11: no list means every node, an empty list none', () => {
    expect(isAddressedTo(request(), nodeOf('web-1'))).toBe(true);
    expect(isAddressedTo(request([]), nodeOf('web-1'))).toBe(false);
    expect(isAddressedTo({ ...request(), nodes: O.some(['db-*', 'web-?']) }, nodeOf('web-1'))).toBe(true);
  });

  it('N11: it expires in the very second that it names', () => {
    expect(isExpired(request(), epochMs(expiresAt - 1))).toBe(false);
    expect(isExpired(request(), expiresAt)).toBe(true);
  });
});
