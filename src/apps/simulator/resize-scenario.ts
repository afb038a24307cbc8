/**
 * A scenario with more or fewer nodes, or of another length.
 *
 * @module
 */
import type { NodeGroup, Scenario } from './scenario.ts';

/** What is to be changed of a scenario; what is absent stays. */
export interface Resizing {
  /** How many nodes it has in all, at least 1. */
  readonly nodes?: number;
  readonly lastsMs?: number;
}

/** How many nodes `fleet` has. */
export const nodesIn = (fleet: readonly NodeGroup[]): number => fleet.reduce((sum, group) => sum + group.nodes, 0);

/**
 * `nodes` in the proportions of `fleet`: what is left after rounding down goes to the groups that lost most by it, the
 * first of equals first. A group that comes out empty is left out.
 */
const scaled = (fleet: readonly NodeGroup[], nodes: number): readonly NodeGroup[] => {
  const total = nodesIn(fleet);
  const shares = fleet.map((group, i) => ({ i, exact: (group.nodes * nodes) / total }));
  const rest = nodes - shares.reduce((sum, { exact }) => sum + Math.floor(exact), 0);
  const lucky = new Set(
    shares
      .toSorted((a, b) => (b.exact % 1) - (a.exact % 1) || a.i - b.i)
      .slice(0, rest)
      .map(({ i }) => i),
  );
  return fleet
    .map((group, i) => ({ ...group, nodes: Math.floor((group.nodes * nodes) / total) + (lucky.has(i) ? 1 : 0) }))
    .filter((group) => group.nodes > 0);
};

/** `scenario` as `resizing` says. What would happen after its new end does not. */
export const resizeScenario = (scenario: Scenario, { nodes, lastsMs = scenario.lastsMs }: Resizing): Scenario => {
  const isBeforeEnd = ({ atMs }: { readonly atMs: number }): boolean => atMs < lastsMs;
  const strikes = ({ when }: Scenario['nodeFaults'][number] | Scenario['sharedFaults'][number]): boolean =>
    when._tag === 'Daily' || isBeforeEnd(when);
  return {
    ...scenario,
    lastsMs,
    fleet: nodes === undefined ? scenario.fleet : scaled(scenario.fleet, nodes),
    artifacts: scenario.artifacts.filter(isBeforeEnd),
    nodeFaults: scenario.nodeFaults.filter(strikes),
    sharedFaults: scenario.sharedFaults.filter(strikes),
    operators: scenario.operators.filter(isBeforeEnd),
  };
};
