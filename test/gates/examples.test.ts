/** An example that does not do what its document says is found, and named by document and line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkExamples,
  type Example,
  examplesOfDocument,
  examplesOfSource,
  type Failure,
  outputMatches,
} from './examples.ts';
import { ROOT } from './tool.ts';

const PROBES = 'test/probes/examples';
const read = (file: string): string => readFileSync(join(ROOT, PROBES, file), 'utf8');
const document = (file: string): readonly Example[] => examplesOfDocument(file, read(file));

describe('examples', () => {
  let failures: readonly Failure[] = [];
  beforeAll(async () => {
    failures = await checkExamples([
      ...['compiles-not', 'imports-nothing', 'throws', 'exits', 'prints-otherwise', 'works'].flatMap((name) =>
        document(`${name}.md`),
      ),
      ...examplesOfSource('commented.ts', read('commented.ts')),
    ]);
  }, 120_000);

  it.each([
    ['a block that does not compile', 'compiles-not.md', 4, /line 4: TS2322/],
    ['a block that imports what is not there', 'imports-nothing.md', 4, /line 4: TS2307/],
    ['a block whose assertion fails', 'throws.md', 6, /AssertionError/],
    ['a command that fails', 'exits.md', 5, /exit 1/],
    ['a command that prints something else', 'prints-otherwise.md', 5, /expected\nprod-2\ngot\nprod-1/],
    ['an @example in a source file', 'commented.ts', 6, /AssertionError/],
  ])('finds %s', (_, file, line, detail) => {
    const found = failures.filter(({ example }) => example.file === file);
    expect(found.map(({ example }) => example.line)).toEqual([line]);
    expect(found[0]?.detail).toMatch(detail);
  });

  it('finds nothing wrong with examples that work', () => {
    expect(document('works.md').map(({ language }) => language)).toEqual(['ts', 'sh']);
    expect(failures.filter(({ example }) => example.file === 'works.md')).toEqual([]);
    expect(failures).toHaveLength(6);
  });

  it('refuses an @example without a block', () => {
    expect(() => examplesOfSource('a.ts', '/**\n * @example one\n */')).toThrow('a.ts:2: expected a ```ts block');
  });

  it.each([
    ['a\nb', 'a  \nb\n', true],
    ['a … c', 'a b c', true],
    ['a\n…\nd', 'a\nb\nc\nd', true],
    ['a.c', 'abc', false],
    ['a', 'a\nb', false],
  ])('takes %j for %j: %s', (expected, actual, answer) => {
    expect(outputMatches(expected, actual)).toBe(answer);
  });
});
