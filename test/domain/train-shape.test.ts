import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Stop, trainShape } from '../../src/domain/train-shape.ts';
import { property } from '../support/property.ts';
import { version } from '../support/slack.ts';

/** A stop as a letter: its version, in lower case where it joined late; `-` where it is new. */
const stop = (letter: string): Stop => ({
  version: letter === '-' ? O.none : O.some(version(letter.toUpperCase())),
  joined: letter !== letter.toUpperCase(),
});
const shapeOf = (letters: string) => trainShape(Array.from(letters, stop));

describe('trainShape', () => {
  it.each<[string, object]>([
    ['-----', { _tag: 'Empty' }],
    ['AAAAA', { _tag: 'Arrived', version: 'A' }],
    ['A', { _tag: 'Arrived', version: 'A' }],
    ['BAAAA', { _tag: 'UnderWay', next: 1, remaining: 4, newer: 'B', older: 'A' }],
    ['BBBBA', { _tag: 'UnderWay', next: 4, remaining: 1, newer: 'B', older: 'A' }],
    ['ABBBB', { _tag: 'UnderWay', next: 1, remaining: 4, newer: 'A', older: 'B' }],
    ['A----', { _tag: 'Joining', next: 1, version: 'A' }],
    ['BBA-A', { _tag: 'Joining', next: 3, version: 'A' }],
    ['-BAAA', { _tag: 'Joining', next: 0, version: 'A' }],
    ['BBBB-', { _tag: 'Joining', next: 4, version: 'B' }],
    ['BaBAA', { _tag: 'UnderWay', next: 1, remaining: 3, newer: 'B', older: 'A' }],
    ['aBBAA', { _tag: 'UnderWay', next: 0, remaining: 3, newer: 'B', older: 'A' }],
    ['aaaaa', { _tag: 'Arrived', version: 'A' }],
    ['BABAA', { _tag: 'OutOfShape', versions: ['B', 'A'] }],
    ['ABA', { _tag: 'OutOfShape', versions: ['A', 'B'] }],
    ['CBAAA', { _tag: 'OutOfShape', versions: ['C', 'B', 'A'] }],
    ['CB-AA', { _tag: 'OutOfShape', versions: ['C', 'B', 'A'] }],
    ['BcAAA', { _tag: 'OutOfShape', versions: ['B', 'C', 'A'] }],
  ])('T6, T11, T14: of %s', (letters, expected) => {
    expect(shapeOf(letters)).toEqual(expected);
  });

  property(
    'T6: of stops that all are pinned and none joined, is out of shape just where the version changes twice',
    [fc.array(fc.constantFrom('A', 'B', 'C'), { minLength: 1, maxLength: 6 })],
    (letters) => {
      const changes = letters.filter((letter, i) => i > 0 && letter !== letters[i - 1]).length;
      const expected = changes === 0 ? 'Arrived' : changes === 1 ? 'UnderWay' : 'OutOfShape';
      expect(shapeOf(letters.join(''))._tag).toBe(expected);
    },
  );

  property(
    'T15: promoting the next stop leaves one fewer',
    [fc.integer({ min: 2, max: 8 }), fc.nat()],
    (stops, boarded) => {
      const done = 1 + (boarded % (stops - 1));
      const letters = 'B'.repeat(done) + 'A'.repeat(stops - done);
      const shape = shapeOf(letters);
      expect(shape).toMatchObject({ _tag: 'UnderWay', next: done, remaining: stops - done });
      const moved = shapeOf(letters.slice(0, done) + 'B' + letters.slice(done + 1));
      expect(moved._tag === 'UnderWay' ? moved.remaining : 0).toBe(stops - done - 1);
    },
  );
});
