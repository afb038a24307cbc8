/**
 * The watch over Chef servers: how many runs are under way at once, against how many there would be if what is owed lay
 * spread perfectly.
 *
 * @module
 */
import { plus } from '../../domain/time.ts';
import type { Scenario } from './scenario.ts';
import type { Tally } from './tally.ts';
import type { Violations } from './violations.ts';

/**
 * How many runs may be under way where a perfect spread has `floor`: starts drawn uniformly scatter about it by the root
 * of their number, and six such deviations do not come by chance. The few that nobody can spread, such as those after a
 * reboot, come on top.
 */
const loadMax = (floor: number, nodes: number): number => 1.5 * floor + 6 * Math.sqrt(floor) + Math.max(5, nodes / 50);

/** Finds the first moment on each Chef server at which more runs were under way than chance explains. */
export const checkLoad = (scenario: Scenario, tally: Tally, violations: Violations): void => {
  scenario.plan.stacks.forEach((stack, index) => {
    const nodes = scenario.fleet.filter((group) => group.stack === stack).reduce((sum, group) => sum + group.nodes, 0);
    let isOver = false;
    tally.eachLoadStep(index, (atMs, runs, floor) => {
      const isHigh = runs > loadMax(floor, nodes);
      if (isHigh && !isOver) {
        const what = `${runs} runs under way at once, ${Math.round(floor)} if they lay spread perfectly`;
        violations.add('load', plus(scenario.startsAt, atMs), stack, what);
      }
      isOver = isHigh;
    });
  });
};
