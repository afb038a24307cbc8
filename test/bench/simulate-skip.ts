import { asyncAgentsMs, promotionsOf } from './async-agents.ts';
import { compareTimes } from './compare.ts';
import type { Section } from './section.ts';
import { scenarioOf, simulatorMs } from './simulated-fleet.ts';

/** A week for the simulator, a day of a fiftieth of the fleet for the asynchronous agents: what either can bear. */
const HOURS = 168;
const ASYNC_HOURS = 24;
const ASYNC_SHARE = 1 / 50;

/** One node-hour of a week of the fleet in which only the instants at which a decision can change are gone through. */
export const simulateSkip: Section = {
  name: 'simulate-skip',
  what: 'node-hour simulated skipping from event to event, an artifact every 6 h',
  alternative: 'the same agents as async code under a fake clock',
  goal: {
    _tag: 'All',
    goals: [
      { _tag: 'PerSecondAtLeast', perSecond: 3_000_000 },
      { _tag: 'RatioAtMost', ratio: 1 / 50 },
    ],
  },
  measure: async ({ nodes, simulations }) => {
    const scenario = scenarioOf({ nodes, hours: HOURS });
    const few = scenarioOf({ nodes: Math.ceil(nodes * ASYNC_SHARE), hours: ASYNC_HOURS });
    const promotions = await promotionsOf(few);
    return compareTimes(
      { ours: () => simulatorMs(scenario, 'skip'), alternative: () => asyncAgentsMs(few, promotions) },
      simulations,
    );
  },
};

/** What it costs that everything goes wrong as often as in a large fleet. */
export const simulateSkipFaults: Section = {
  name: 'simulate-skip-faults',
  what: 'node-hour simulated skipping from event to event, with the default fault mix',
  alternative: 'the same fleet without faults',
  measure: ({ nodes, simulations }) => {
    const hours = HOURS;
    const faulty = scenarioOf({ nodes, hours, hasFaults: true });
    const healthy = scenarioOf({ nodes, hours });
    return compareTimes(
      { ours: () => simulatorMs(faulty, 'skip'), alternative: () => simulatorMs(healthy, 'skip') },
      simulations,
    );
  },
};
