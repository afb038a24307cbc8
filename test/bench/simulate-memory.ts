import { HOUR_MS, plus } from '../../src/domain/time.ts';
import { startAsyncAgents } from './async-agents.ts';
import { liveBytes } from './heap.ts';
import type { Section } from './section.ts';
import { scenarioOf, simulated } from './simulated-fleet.ts';

/** Every node has a run behind it halfway through, and what is left of that is part of what it keeps. */
const HOURS = 24;

/** Of fewer nodes what the garbage collector happens to free meanwhile would be the larger part. */
const SIMULATED_MIN = 4_000;
const ASYNC_MIN = 600;

const simulatorBytes = async (nodes: number): Promise<number> => {
  const scenario = scenarioOf({ nodes, hours: HOURS });
  const before = liveBytes() ?? NaN;
  let bytes = NaN;
  await simulated(scenario, 'skip', (share) => {
    if (share === 0.5) bytes = (liveBytes() ?? NaN) - before;
  });
  return bytes / nodes;
};

const asyncAgentBytes = async (nodes: number): Promise<number> => {
  const scenario = scenarioOf({ nodes, hours: HOURS });
  const before = liveBytes() ?? NaN;
  const { clock, stop } = startAsyncAgents(scenario);
  await clock.advanceTo(plus(scenario.startsAt, HOUR_MS / 2));
  const bytes = (liveBytes() ?? NaN) - before;
  await stop();
  return bytes / nodes;
};

/** What a node of a simulation keeps in memory; what is kept for all of them is shared out. */
export const simulateMemory: Section = {
  name: 'simulate-memory',
  what: 'memory of one simulated node',
  alternative: 'the same agent as async code with a store of its own',
  measure: async ({ nodes }) => {
    if (globalThis.gc === undefined) return { _tag: 'Skipped', reason: 'node was started without --expose-gc' };
    const bytes = await simulatorBytes(Math.max(2 * nodes, SIMULATED_MIN));
    return { _tag: 'Weighed', bytes, alternativeBytes: await asyncAgentBytes(Math.max(nodes / 5, ASYNC_MIN)) };
  },
};
