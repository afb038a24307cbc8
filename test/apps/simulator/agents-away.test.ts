/**
 * What becomes of runs, and of what people ask, while a node's agent is away: in simulation, and without any bug.
 */
import { describe, expect, it } from 'vitest';
import type { ScenarioJson } from '../../../src/apps/simulator/scenario-json.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import { expectLawful, scenarioOf } from '../../support/small-scenarios.ts';

const NODES = 16;

/** A release at the hour, with runs of ten to twelve minutes. */
const RELEASE: ScenarioJson = {
  name: 'agents-away',
  about: 'a release, and agents that are away for a while',
  plan: {
    name: 'one-stage',
    stacks: ['basalt'],
    stages: [{ name: 'latest', kind: 'latest', environments: ['prod'], every: '1h', splay: 300 }],
  },
  lasts: '5h',
  fleet: NODES,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  runs: { shortest: '10m', longest: '12m', flaky_share: 0 },
  fallback: 'none',
};

const countsOf = async (document: ScenarioJson) => {
  const result = await simulate(scenarioOf(document), { seed: 1 });
  expectLawful(document, result);
  return result.counts;
};

const UPGRADED = { kind: 'agent-upgraded', at: '45m' } as const;

describe('a run that replaces its agent', () => {
  it.each(['10s', '30m'])(
    'fault 58: goes on in a unit, and is taken up by an agent that is back after %s',
    async (restart) => {
      const counts = await countsOf({ ...RELEASE, node: { run_in: 'unit', restart }, faults: [UPGRADED] });
      expect(counts).toMatchObject({ runsByCause: { NewVersion: NODES }, succeeded: NODES, failed: 0 });
    },
  );

  it('fault 58: stops with its agent where it is its child, and is run again', async () => {
    const counts = await countsOf({ ...RELEASE, node: { run_in: 'child' }, faults: [UPGRADED] });
    expect(counts).toMatchObject({ runsByCause: { NewVersion: 2 * NODES }, succeeded: NODES, failed: 0 });
  });

  it('fault 58: is left alone where the server did not answer, since it then brings nothing', async () => {
    const faults = [
      { kind: 'agent-upgraded', at: '2h' },
      { kind: 'chef-server-down', at: '2h10m', for: '1h' },
    ] as const;
    const operators = [
      { at: '2h30m', does: 'run-now' },
      { at: '3h30m', does: 'run-now' },
    ] as const;
    const counts = await countsOf({ ...RELEASE, faults, operators });
    expect(counts).toMatchObject({ runsByCause: { RunNow: 2 * NODES }, succeeded: 2 * NODES, failed: NODES });
  });

  it('fault 58: is not taken up by a machine that was rebooted, on which it cannot go on', async () => {
    const faults = [{ kind: 'rebooted', at: '1h8m', for: '1m' }] as const;
    const counts = await countsOf({ ...RELEASE, node: { run_in: 'unit' }, faults });
    expect(counts).toMatchObject({ runsByCause: { NewVersion: 2 * NODES }, succeeded: NODES });
  });
});

describe('an agent that restarts in a run', () => {
  it('fault 57: is told to stop, and the run goes on in a unit only', async () => {
    const faults = [{ kind: 'agent-restarted', at: '1h8m' }] as const;
    const inUnit = await countsOf({ ...RELEASE, node: { run_in: 'unit' }, faults });
    expect(inUnit).toMatchObject({ runsByCause: { NewVersion: NODES }, succeeded: NODES });
    const asChild = await countsOf({ ...RELEASE, node: { run_in: 'child' }, faults });
    expect(asChild).toMatchObject({ runsByCause: { NewVersion: 2 * NODES }, succeeded: NODES });
  });

  it('N8: is killed, and the run goes on in a unit too; without one nobody hears of it', async () => {
    const faults = [{ kind: 'agent-killed', at: '1h8m' }] as const;
    const inUnit = await countsOf({ ...RELEASE, node: { run_in: 'unit' }, faults });
    expect(inUnit).toMatchObject({ runsByCause: { NewVersion: NODES }, succeeded: NODES });
    const unheard = await countsOf({ ...RELEASE, node: { run_in: 'child' }, faults });
    expect(unheard.runsByCause['NewVersion']).toBeGreaterThanOrEqual(2 * NODES);
  });
});

describe('a person on a node whose agent is away', () => {
  const away: ScenarioJson = {
    ...RELEASE,
    artifacts: [],
    node: { restart: '20m' },
    faults: [{ kind: 'agent-killed', at: '1h' }],
  };

  it('N8: is heard when it is back', async () => {
    const counts = await countsOf({ ...away, operators: [{ at: '1h10m', does: 'run-now' }] });
    expect(counts).toMatchObject({ runsByCause: { RunNow: NODES }, succeeded: NODES });
  });

  it('N10: disables the node before it does anything', async () => {
    const operators = [
      { at: '1h10m', does: 'run-now' },
      { at: '1h11m', does: 'disable', for: '3h' },
      { at: '1h12m', does: 'enable' },
      { at: '1h13m', does: 'disable', for: '1h' },
    ] as const;
    const { runsByCause } = await countsOf({ ...away, lasts: '2h10m', operators });
    expect(runsByCause).toEqual({});
    expect((await countsOf({ ...away, operators })).runsByCause).toEqual({ RunNow: NODES });
  });

  it('N8: is not heard on a machine that is off, or has a full disk', async () => {
    const faults = [
      { kind: 'rebooted', at: '1h', for: '20m', on: { share: 0.5 } },
      { kind: 'disk-full', at: '1h', for: '20m' },
    ] as const;
    const counts = await countsOf({ ...away, faults, operators: [{ at: '1h10m', does: 'run-now' }] });
    expect(counts.runsByCause).toEqual({});
  });
});
