import { describe, expect, it } from 'vitest';
import { defaultFaults } from '../../../src/apps/simulator/default-faults.ts';
import { FAULT_KINDS } from '../../../src/apps/simulator/fault-kinds.ts';
import { stackName } from '../../support/slack.ts';

const STACKS = [stackName('basalt'), stackName('ironstone')];

describe('the default fault mix', () => {
  const { nodeFaults, sharedFaults } = defaultFaults(STACKS);

  it('has every kind of fault but what people and releases do', () => {
    const inMix = new Set<string>([...nodeFaults, ...sharedFaults].map(({ kind }) => kind));
    expect(FAULT_KINDS.filter((kind) => !inMix.has(kind))).toEqual(['agent-restarted', 'agent-upgraded']);
  });

  it('strikes by chance, and seldom', () => {
    for (const { when } of [...nodeFaults, ...sharedFaults]) {
      expect(when._tag === 'Daily' && when.probability > 0 && when.probability <= 0.1).toBe(true);
    }
  });

  it('sets clocks forward as often as back', () => {
    const steps = nodeFaults.filter(({ kind }) => kind === 'clock-stepped');
    expect(steps.reduce((sum, { stepMs }) => sum + stepMs, 0)).toBe(0);
    expect(new Set(steps.map(({ when }) => JSON.stringify(when)))).toHaveLength(1);
    expect(steps.every(({ stepMs }) => stepMs !== 0)).toBe(true);
  });

  it('fault 63: each Chef server fails for itself', () => {
    const down = sharedFaults.filter(({ kind }) => kind === 'chef-server-down');
    expect(down.map(({ on }) => on)).toEqual(STACKS.map((stack) => ({ stacks: [stack] })));
  });
});
