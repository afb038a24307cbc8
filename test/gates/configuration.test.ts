/** docs/configuration.md has every field of the configuration, its bounds and its default, and every applier. */
import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeConfig } from '../../src/apps/config.ts';
import { formatFailure } from '../../src/apps/failure.ts';
import { type ApplierName, APPLIERS } from '../../src/domain/applier.ts';

const PAGE = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** The rows of the tables whose first column is headed so. */
const rowsUnder = (heading: string): readonly (readonly string[])[] =>
  PAGE.split('\n\n')
    .filter((block) => block.startsWith(`| ${heading} |`))
    .flatMap((block) => block.trim().split('\n').slice(2))
    .map((row) => row.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '')));

/** What stands in a cell, when it is nothing but that: `text` in backticks. */
const codeIn = (cell: string): string | undefined => /^`([^`]+)`$/.exec(cell)?.[1];

const decode = (document: Readonly<Record<string, unknown>>) => decodeConfig(document, {}, E.right);

const DEFAULTS = E.getOrElseW((failure: Parameters<typeof formatFailure>[0]) => {
  throw new Error(formatFailure(failure));
})(decode({}));

const FIELDS = rowsUnder('field').map(([field = '', , value = '', byDefault = '']) => ({
  field: codeIn(field) ?? field,
  value,
  byDefault,
}));

describe('docs/configuration.md', () => {
  it('has every field once, and no other', () => {
    expect(FIELDS.map(({ field }) => field).toSorted()).toEqual(Object.keys(DEFAULTS).toSorted());
  });

  it.each(FIELDS)('$field: its default is $byDefault', ({ field, byDefault }) => {
    const actual = Object.entries(DEFAULTS).find(([name]) => name === field)?.[1];
    const code = codeIn(byDefault);
    // What is not given literally is found out elsewhere, or is nothing.
    if (code === undefined) expect(actual).toEqual(O.none);
    else {
      expect(actual).not.toEqual(O.none);
      expect(decode({ [field]: parse(code) as unknown })).toEqual(E.right(DEFAULTS));
    }
  });

  it.each(FIELDS)('$field: its bounds, where it has any, are $value', ({ field, value }) => {
    // Longer than any duration may be, and no integer.
    const refused = decode({ [field]: '31d' });
    const said = E.isLeft(refused) ? formatFailure(refused.left) : '';
    const bounds = /expected (?:a duration|an integer) from (\S+ to \S+), got/.exec(said)?.[1];
    if (bounds === undefined) expect(value).not.toMatch(/^\d+[smhd]? to \d+[smhd]?$/);
    else expect(value).toBe(bounds);
  });

  it('has every applier: its command, the exit codes that are successes, and how it tells of another run', () => {
    const written = Object.fromEntries(
      rowsUnder('applier').map(([name = '', command = '', successes = '', conflict = '']) => [
        codeIn(name) ?? name,
        {
          command: codeIn(command),
          successes: /^[\d, ]+/.exec(successes)?.[0].split(', ').map(Number),
          upgraded: /; (\d+): upgraded/.exec(successes)?.[1],
          lock: {
            code: Number(/^\d+/.exec(conflict)?.[0]),
            says: Array.from(conflict.matchAll(/`([^`]+)`/g), (m) => m[1]),
          },
        },
      ]),
    );
    const names = Object.keys(APPLIERS) as ApplierName[];
    const actual = names.map((name) => {
      const { command, outcomes, lock } = APPLIERS[name];
      const codes = (tag: string): readonly number[] =>
        [...outcomes].flatMap(([code, outcome]) => (outcome._tag === tag ? [code] : []));
      const upgraded = codes('Upgraded')[0];
      return [
        name,
        { command: command?.join(' '), successes: codes('Succeeded'), upgraded: upgraded?.toString(), lock },
      ];
    });
    expect(written).toEqual(Object.fromEntries(actual));
  });

  it('has a command for Ansible that takes a lock as the preset hears of it', () => {
    const [, example = ''] = /```yaml\n(applier: ansible\n[^`]+)```/.exec(PAGE) ?? [];
    const config = decode(parse(example) as Readonly<Record<string, unknown>>);
    if (E.isLeft(config)) throw new Error(formatFailure(config.left));
    const command = O.toUndefined(config.right.command) ?? [];
    expect(command.slice(0, 4)).toEqual([
      'flock',
      '--nonblock',
      '--conflict-exit-code',
      String(APPLIERS.ansible.lock.code),
    ]);
  });
});
