import { asyncAgentsMs, promotionsOf } from './async-agents.ts';
import { compareTimes } from './compare.ts';
import type { Effort, Measurement, Section } from './section.ts';
import { scenarioOf, simulatorMs } from './simulated-fleet.ts';

const HOURS = 24;

/** Fifty times fewer: a node-hour of theirs costs the same, or more the more of them there are. */
const ASYNC_SHARE = 1 / 50;

/** Node-hours against node-hours, each fleet of a size that it can be expected to bear. */
const comparePolls = async (pollEvery: string, { nodes, simulations }: Effort): Promise<Measurement> => {
  const scenario = scenarioOf({ nodes, hours: HOURS, pollEvery });
  const few = scenarioOf({ nodes: Math.ceil(nodes * ASYNC_SHARE), hours: HOURS, pollEvery });
  const promotions = await promotionsOf(few);
  return compareTimes(
    { ours: () => simulatorMs(scenario, 'poll'), alternative: () => asyncAgentsMs(few, promotions) },
    simulations,
  );
};

/** One node-hour of a day of the fleet in which every poll of every node is made. */
export const simulatePoll: Section = {
  name: 'simulate-poll',
  what: 'node-hour simulated poll by poll, a poll a minute, an artifact every 6 h',
  alternative: 'the same agents as async code under a fake clock',
  goal: {
    _tag: 'All',
    goals: [
      { _tag: 'PerSecondAtLeast', perSecond: 150_000 },
      { _tag: 'RatioAtMost', ratio: 1 / 50 },
    ],
  },
  measure: (effort) => comparePolls('1m', effort),
};

/** The same where nodes poll every five minutes. */
export const simulatePollSeldom: Section = {
  name: 'simulate-poll-5m',
  what: 'node-hour simulated poll by poll, a poll every 5 minutes, an artifact every 6 h',
  alternative: 'the same agents as async code under a fake clock',
  measure: (effort) => comparePolls('5m', effort),
};
