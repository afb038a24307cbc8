/**
 * The state tables in SPEC.md are the ones that the tests run, cell by cell. `SIGNALBOX_UPDATE_SPEC=1` writes them anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderSummonerTable } from '../domain/summoner-table.ts';
import { renderTrainTable } from '../domain/train-table.ts';

const SPEC = new URL('../../SPEC.md', import.meta.url);

const between = (name: string): RegExp => new RegExp(`(<!-- begin: ${name} -->\\n)([\\s\\S]*?)(<!-- end: ${name} -->)`);

describe('SPEC.md', () => {
  it.each([
    ['train table', renderTrainTable],
    ['summoner table', renderSummonerTable],
  ])('holds the %s that the tests run', (name, render) => {
    const spec = readFileSync(SPEC, 'utf8');
    const expected = `\n${render().trim()}\n\n`;
    if (process.env['SIGNALBOX_UPDATE_SPEC'] === '1') {
      writeFileSync(
        SPEC,
        spec.replace(between(name), (_all, begin: string, _old, end: string) => begin + expected + end),
      );
    } else {
      expect(between(name).exec(spec)?.[2]).toBe(expected);
    }
  });
});
