/** The controls: every law of the Summoner notices a Summoner that breaks it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BROKEN_SUMMONERS } from '../support/broken-summoners.ts';
import { summonerModel } from '../support/summoner-model.ts';
import { SUMMONER_LAWS } from '../support/summoner-scenarios.ts';

const MODEL_RUNS = 300;
const SEED = 20_250_728;

describe.each(BROKEN_SUMMONERS)('a Summoner that $name', ({ step, caughtBy }) => {
  it.each(caughtBy)('is caught by %s', (law) => {
    if (law === 'model') {
      const { failed } = fc.check(summonerModel(new Map(), step), {
        numRuns: MODEL_RUNS,
        seed: SEED,
        endOnFailure: true,
      });
      expect(failed).toBe(true);
      return;
    }
    const meant = SUMMONER_LAWS.filter(({ name }) => name.startsWith(law));
    expect(meant).toHaveLength(1);
    expect(meant.every(({ isBrokenBy }) => isBrokenBy(step))).toBe(true);
  });
});

describe('the laws by which the controls are judged', () => {
  it('are all broken by one control at least', () => {
    const caughtBy = new Set(BROKEN_SUMMONERS.flatMap((broken) => broken.caughtBy));
    const unproven = SUMMONER_LAWS.filter(({ name }) => ![...caughtBy].some((law) => name.startsWith(law)));
    expect(unproven.map(({ name }) => name)).toEqual([]);
  });
});
