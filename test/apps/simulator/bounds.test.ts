/** As much of everything as a scenario may have: draws of different things stay different draws. */
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { BADNESSES_MAX, FAULTS_MAX } from '../../../src/apps/simulator/scenario.ts';
import { decodeScenario, type ScenarioJson } from '../../../src/apps/simulator/scenario-json.ts';
import { faultSpans } from '../../../src/apps/simulator/shared-faults.ts';
import { STACKS_MAX } from '../../../src/domain/release-plan.ts';
import { scenarioOf } from '../../support/small-scenarios.ts';

const STACKS = Array.from({ length: STACKS_MAX }, (_, i) => `stack-${i}`);

const LARGEST: ScenarioJson = {
  name: 'largest',
  plan: { name: 'p', stacks: STACKS, stages: [{ name: 'l', kind: 'latest', environments: ['dev'], every: '1h' }] },
  lasts: '1d',
  fleet: STACKS_MAX,
  artifacts: [{ version: '1', at: '0s', bad: Array.from({ length: BADNESSES_MAX }, () => ({})) }],
  faults: Array.from({ length: FAULTS_MAX }, () => ({ kind: 'chef-server-down', per_day: 1, for: '1m' })),
};

describe('a scenario with as much of everything as it may have', () => {
  it('is read', () => {
    expect(E.isRight(decodeScenario(LARGEST))).toBe(true);
  });

  it('draws for each fault on each stack a moment of its own', () => {
    const spans = faultSpans(scenarioOf(LARGEST), 1);
    expect(spans).toHaveLength(FAULTS_MAX * STACKS_MAX);
    // A day has 86.4 million milliseconds: by chance some 61 of the 102400 share one; a collision of draws is a hundred.
    expect(new Set(spans.map(({ from }) => from)).size).toBeGreaterThan(FAULTS_MAX * STACKS_MAX - 95);
  });
});
