import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { type Programs, SHIPPED } from '../../../src/apps/simulator/programs.ts';
import { READY_SCENARIOS } from '../../../src/apps/simulator/ready/ready-scenarios.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import { asyncProperty } from '../../support/property.ts';
import { expectLawful, scenarioOf, smallScenario } from '../../support/small-scenarios.ts';

const seed = fc.nat({ max: 0xffff_ffff });

/** Forgets what it has applied whenever it sees a signal: nothing is deduplicated. */
const FORGETFUL: Programs = {
  ...SHIPPED,
  step: (policy, state, event, now) => {
    const isSignal = event._tag === 'Observed' && event.observation._tag === 'Fresh';
    const forgotten = { ...state, node: { ...state.node, applied: O.none } };
    return SHIPPED.step(policy, isSignal ? forgotten : state, event, now);
  },
};

describe('a simulation', () => {
  asyncProperty(
    'every law holds, whatever goes wrong, and to skip what changes nothing changes nothing',
    [smallScenario, seed],
    async (document, s) => {
      const scenario = scenarioOf(document);
      const skipped = await simulate(scenario, { seed: s, mode: 'skip' });
      expectLawful(document, skipped);
      const polled = await simulate(scenario, { seed: s, mode: 'poll' });
      expect({ ...skipped, mode: 'poll', counts: { ...skipped.counts, ticks: polled.counts.ticks } }).toEqual(polled);
    },
    { numRuns: 120 },
  );

  asyncProperty(
    'one seed, one history',
    [smallScenario, seed],
    async (document, s) => {
      const scenario = scenarioOf(document);
      expect(await simulate(scenario, { seed: s })).toEqual(await simulate(scenario, { seed: s }));
    },
    { numRuns: 20 },
  );

  it('another seed, another history', async () => {
    const scenario = READY_SCENARIOS.get('default-faults');
    expect.assert(scenario !== undefined);
    const hashes = await Promise.all([1, 2, 3].map((s) => simulate(scenario, { seed: s })));
    expect(new Set(hashes.map(({ traceHash }) => traceHash)).size).toBe(3);
  });

  it('a broken law shrinks to a small scenario, told with the command that replays it', async () => {
    const failure = await fc.check(
      fc.asyncProperty(smallScenario, seed, async (document, s) => {
        expectLawful(document, await simulate(scenarioOf(document), { seed: s, programs: FORGETFUL }));
      }),
      { numRuns: 200, seed: 1 },
    );
    expect.assert(failure.failed && failure.counterexample !== null);
    const [document, s] = failure.counterexample;
    expect(document).toMatchObject({ operators: [] });
    expect(document.faults?.length).toBeLessThanOrEqual(1);
    expect(document.plan).toMatchObject({ stacks: ['basalt'] });
    const told = String(failure.errorInstance);
    expect(told).toContain(`signalbox simulate scenario.json --seed ${s}`);
    expect(told).toContain(JSON.stringify(document));
    const replayed = await simulate(scenarioOf(document), { seed: s, programs: FORGETFUL });
    expect(told).toContain(`${replayed.violations[0]?.law} at `);
  });
});
