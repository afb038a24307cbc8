import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const repository = new URL('../../', import.meta.url);

interface Law {
  readonly id: string;
  readonly heldBy: string;
}

/** The laws of a SPEC.md: rows of tables whose first cell is an id such as `T5`. */
const lawsOf = (spec: string): readonly Law[] =>
  [...spec.matchAll(/^\| ([A-Z]\d+) \|(.*)\|$/gm)].map(([, id = '', cells = '']) => ({
    id,
    heldBy: cells.split('|').at(-1)?.trim() ?? '',
  }));

/** Why a test does not hold the law of that id, or nothing. */
const faultOfTest = (id: string, test: string): string | undefined => {
  if (!/^test\/\S+\.test\.ts$/.test(test)) return `${id} names no test`;
  const file = new URL(test, repository);
  if (!existsSync(file)) return `${id} names ${test}, which is not there`;
  const titles = new RegExp(`\\(\\s*['"\`]${id}(?:[,:]|(?: and|, ) ?[A-Z]\\d)`);
  return titles.test(readFileSync(file, 'utf8')) ? undefined : `${id}: no title in ${test} begins with it`;
};

/** Why a law is not held by each of the tests that it names, or nothing. */
const faultOf = ({ id, heldBy }: Law): string | undefined =>
  heldBy
    .split(', ')
    .map((test) => faultOfTest(id, test))
    .find((fault) => fault !== undefined);

const spec = readFileSync(new URL('SPEC.md', repository), 'utf8');

/** How many laws each chapter of the reference has. */
const LAWS = [
  ['S', 7],
  ['T', 15],
  ['L', 8],
  ['N', 15],
  ['F', 7],
  ['B', 5],
] as const;

describe('SPEC.md', () => {
  const laws = lawsOf(spec);

  it.each(LAWS)('states every law %s', (letter, count) => {
    expect(new Set(laws.filter(({ id }) => id.startsWith(letter)).map(({ id }) => id)).size).toBe(count);
  });

  it.each(laws)('names the test that holds $id', (law) => {
    expect(faultOf(law)).toBeUndefined();
  });

  it('is caught when a law names no test, no file, or a file that does not test it', () => {
    const faults = lawsOf(
      '| T1 | a law | |\n| T2 | a law | test/domain/no-such.test.ts |\n| T3 | a law | test/gates/spec.test.ts |\n',
    ).map(faultOf);
    expect(faults).toEqual([
      'T1 names no test',
      'T2 names test/domain/no-such.test.ts, which is not there',
      'T3: no title in test/gates/spec.test.ts begins with it',
    ]);
  });
});

/** What may go wrong, each of which a named test shows: what must happen then. */
const FAULTS = Array.from({ length: 73 }, (_, index) => index + 1);

describe('faults', () => {
  const titles = globSync('test/**/*.test.ts', { cwd: repository })
    .filter((file) => !file.startsWith('test/gates/'))
    .map((file) => readFileSync(new URL(file, repository), 'utf8'))
    .join('\n');

  it.each(FAULTS)('a test is named after fault %i', (fault) => {
    expect(titles).toMatch(new RegExp(`faults? (?:\\d+(?:, | and ))*${fault}\\b`));
  });
});
