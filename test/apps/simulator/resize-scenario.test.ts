import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { READY_SCENARIOS } from '../../../src/apps/simulator/ready/ready-scenarios.ts';
import { nodesIn, resizeScenario } from '../../../src/apps/simulator/resize-scenario.ts';
import type { Scenario } from '../../../src/apps/simulator/scenario.ts';
import { HOUR_MS } from '../../../src/domain/time.ts';
import { property } from '../../support/property.ts';
import { environmentName, stackName } from '../../support/slack.ts';

const ready = (name: string): Scenario => {
  const scenario = READY_SCENARIOS.get(name);
  if (scenario === undefined) throw new TypeError(`no scenario ${name}`);
  return scenario;
};
const FREEZE = ready('freeze');

describe('a scenario of another size', () => {
  property(
    'has as many nodes as was asked, each group its share to within one',
    [
      fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 5_000_000 }),
    ],
    (sizes, nodes) => {
      const fleet = sizes.map((size, i) => ({
        stack: stackName('basalt'),
        environment: environmentName(`prod-${i}`),
        nodes: size,
      }));
      const resized = resizeScenario({ ...FREEZE, fleet }, { nodes }).fleet;
      expect(nodesIn(resized)).toBe(nodes);
      for (const group of fleet) {
        const got = resized.find(({ environment }) => environment === group.environment)?.nodes;
        expect(got).not.toBe(0);
        expect(Math.abs((got ?? 0) - (group.nodes * nodes) / nodesIn(fleet))).toBeLessThan(1);
      }
    },
  );

  it('gives what rounding leaves to the groups that lost most by it', () => {
    const fleet = [10, 15, 3].map((size, i) => ({
      stack: stackName('basalt'),
      environment: environmentName(`prod-${i}`),
      nodes: size,
    }));
    const sizes = (nodes: number) => resizeScenario({ ...FREEZE, fleet }, { nodes }).fleet.map((group) => group.nodes);
    expect(sizes(14)).toEqual([5, 8, 1]);
    expect(sizes(5)).toEqual([2, 3]);
    expect(sizes(280)).toEqual([100, 150, 30]);
  });

  it('of its own size is itself', () => {
    expect(resizeScenario(FREEZE, { nodes: nodesIn(FREEZE.fleet), lastsMs: FREEZE.lastsMs })).toEqual(FREEZE);
    expect(resizeScenario(FREEZE, {})).toEqual(FREEZE);
  });

  it('that is shorter leaves out what would come later', () => {
    const short = resizeScenario(FREEZE, { lastsMs: 18 * HOUR_MS });
    expect(short.lastsMs).toBe(18 * HOUR_MS);
    expect(short.artifacts.map(({ version }) => version)).toEqual(['1.1.0']);
    expect(short.operators).toEqual([]);
    const night = ready('stack-down');
    expect(resizeScenario(night, { lastsMs: 20 * HOUR_MS }).sharedFaults).toEqual([]);
    expect(resizeScenario(night, { lastsMs: 21 * HOUR_MS }).sharedFaults).toEqual(night.sharedFaults);
    const mixed = ready('default-faults');
    expect(resizeScenario(mixed, { lastsMs: HOUR_MS }).nodeFaults).toEqual(mixed.nodeFaults);
  });
});
