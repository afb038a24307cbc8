import { SHIPPED } from '../../src/apps/simulator/programs.ts';
import type { Scenario } from '../../src/apps/simulator/scenario.ts';
import { simulate } from '../../src/apps/simulator/simulate.ts';
import { epochMsOfTimestamp, HOUR_MS } from '../../src/domain/time.ts';
import type { Polls, Section } from './section.ts';
import { scenarioOf } from './simulated-fleet.ts';

const HOURS = 72;

/** From so long after the hour or half hour at which the plan departs, a signal is one that a person brought about. */
const BY_HAND_FROM_MS = 5 * 60_000;

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? NaN;

/** How often the nodes of `scenario` poll, and how long each signal lies under its key before a node sees it. */
const pollsOf = async (scenario: Scenario): Promise<Polls> => {
  let polls = 0;
  const delays: number[] = [];
  const byHand: number[] = [];
  await simulate(scenario, {
    seed: 1,
    mode: 'poll',
    programs: {
      ...SHIPPED,
      step: (policy, state, event, now) => {
        const decision = SHIPPED.step(policy, state, event, now);
        if (event._tag !== 'Observed') return decision;
        polls += 1;
        if (event.observation._tag === 'Fresh' && decision.state.node.accepted !== state.node.accepted) {
          const writtenAt = epochMsOfTimestamp(event.observation.signal.timestamp);
          (writtenAt % (HOUR_MS / 2) < BY_HAND_FROM_MS ? delays : byHand).push(now - writtenAt);
        }
        return decision;
      },
    },
  });
  const sorted = delays.toSorted((a, b) => a - b);
  const nodes = scenario.fleet.reduce((sum, group) => sum + group.nodes, 0);
  return {
    perNodeDay: (polls / nodes) * (24 / HOURS),
    medianMs: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    byHandMaxMs: Math.max(...byHand),
  };
};

/** Requests and delays of a fleet that polls by the timetable. */
export const pollTimetable: Section = {
  name: 'poll-timetable',
  what: 'requests of a node, and the time from a signal to its being seen, by the timetable',
  alternative: 'a fixed poll every 60 s',
  goal: { _tag: 'PollsAtMost', ratio: 0.5 },
  measure: async ({ nodes }) => {
    const fleet = { nodes: Math.ceil(nodes / 10), hours: HOURS, hasOperators: true };
    const ours = await pollsOf(scenarioOf(fleet));
    const alternative = await pollsOf(scenarioOf({ ...fleet, pollSoon: '1m', pollIdle: '1m' }));
    return { _tag: 'Polled', ours, alternative };
  },
};
