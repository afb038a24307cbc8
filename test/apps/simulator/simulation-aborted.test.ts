import { describe, expect, it } from 'vitest';
import { READY_SCENARIOS } from '../../../src/apps/simulator/ready/ready-scenarios.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import { SimulationAborted } from '../../../src/apps/simulator/simulation-aborted.ts';

const scenario = READY_SCENARIOS.get('default-faults');
if (scenario === undefined) throw new TypeError('the default faults are gone');

describe('a simulation that is told to end', () => {
  it('goes no further', async () => {
    const abort = new AbortController();
    const shares: number[] = [];
    const onProgress = (share: number): void => {
      shares.push(share);
      if (share >= 0.25) abort.abort();
    };
    const simulation = simulate(scenario, { seed: 1, abort: abort.signal, onProgress });
    await expect(simulation).rejects.toThrow(SimulationAborted);
    expect(shares.at(-1)).toBe(0.25);
  });

  it('hears it from whatever else the process does', async () => {
    const abort = new AbortController();
    setImmediate(() => {
      abort.abort();
    });
    await expect(simulate(scenario, { seed: 1, abort: abort.signal })).rejects.toThrow(SimulationAborted);
  });
});
