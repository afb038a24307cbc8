/**
 * That the simulation finds bugs: each of many deliberate ones breaks a law within a hundred seeds, and the product as it
 * is shipped holds every law in the same scenarios.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { SHIPPED } from '../../../src/apps/simulator/programs.ts';
import type { Scenario } from '../../../src/apps/simulator/scenario.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import type { Violation } from '../../../src/apps/simulator/simulation-result.ts';
import { DELIBERATE_BUGS, type DeliberateBug, slowSecondLibrarian } from '../../support/broken-programs.ts';

const SEEDS_MAX = 100;
const SHIPPED_SEEDS = [1, 2, 3, 4, 5];

interface Catch {
  readonly seed: number;
  readonly violation: Violation;
}

/** The first seed at which one of the laws catches the bug that has to. */
const catchOf = async ({ programs, scenario, mode, laws }: DeliberateBug): Promise<Catch | undefined> => {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { violations } = await simulate(scenario, { seed, programs: programs(), ...(mode && { mode }) });
    const violation = violations.find(({ law }) => laws.includes(law));
    if (violation !== undefined) return { seed, violation };
  }
  return undefined;
};

const caught: (Catch & { readonly name: string })[] = [];

describe('a deliberate bug is caught', () => {
  test('there are at least twenty, each with a name of its own', () => {
    expect(DELIBERATE_BUGS.length).toBeGreaterThanOrEqual(20);
    expect(new Set(DELIBERATE_BUGS.map(({ name }) => name)).size).toBe(DELIBERATE_BUGS.length);
  });

  test.each(DELIBERATE_BUGS.map((bug) => [bug.laws.join(' or '), bug.name, bug] as const))(
    '%s: %s',
    async (_laws, name, bug) => {
      const found = await catchOf(bug);
      expect(found, `not caught with the seeds 1 … ${SEEDS_MAX} of ${bug.scenario.name}`).toBeDefined();
      if (found !== undefined) caught.push({ name, ...found });
    },
  );

  afterAll(() => {
    for (const { name, seed, violation } of caught)
      console.log(`${name}: seed ${seed}, ${violation.law}: ${violation.what}`);
  });
});

describe('without a bug every law holds', () => {
  const scenarios = [...new Set(DELIBERATE_BUGS.map(({ scenario }) => scenario))];
  const holds = async (scenario: Scenario, programs: () => typeof SHIPPED): Promise<void> => {
    for (const seed of SHIPPED_SEEDS) {
      const { violations } = await simulate(scenario, { seed, programs: programs() });
      expect(violations, `${scenario.name}, seed ${seed}`).toEqual([]);
    }
  };

  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_name, scenario) =>
    holds(scenario, () => SHIPPED),
  );

  test('a bug that shows itself from poll to poll only is looked for from poll to poll', async () => {
    for (const { scenario, mode } of DELIBERATE_BUGS) {
      if (mode !== 'poll') continue;
      const { violations } = await simulate(scenario, { seed: 1, mode });
      expect(violations, scenario.name).toEqual([]);
    }
  });

  test('L4: two Librarians, one of them slow', async () => {
    const racing = scenarios.find(({ librarian }) => librarian.replicas > 1);
    expect(racing).toBeDefined();
    if (racing !== undefined) await holds(racing, slowSecondLibrarian);
  });
});
