/**
 * What the demo watches while it runs: the Summoners' decisions, which of them are broken or healed, and what lay on each
 * machine's disk.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { NodeName } from '../../domain/names.ts';
import type { Assignment } from '../../domain/assignment.ts';
import type { SummonerDecision } from '../../domain/summoner.ts';

/** One machine, as it is watched. */
export interface Watched {
  readonly identity: Assignment;
  /** Where a run puts what it applies. */
  readonly applied: string;
  /** Every version that was ever seen there. */
  readonly everOnDisk: Set<string>;
}

/** The watch over all machines. */
export interface Watch {
  readonly onDecision: (node: NodeName, decision: SummonerDecision) => void;
  readonly onBroken: (node: NodeName) => void;
  readonly onHealed: (node: NodeName) => void;
  readonly broken: ReadonlySet<NodeName>;
  readonly healed: ReadonlySet<NodeName>;
  /** Whether every machine with a Summoner that works is on what it was told, and runs nothing. */
  readonly isQuiet: () => boolean;
}

/** Begins to watch. */
export const startWatch = (): Watch => {
  const latest = new Map<NodeName, SummonerDecision>();
  const broken = new Set<NodeName>();
  const healed = new Set<NodeName>();
  const isDown = (node: NodeName): boolean => broken.has(node) && !healed.has(node);
  return {
    broken,
    healed,
    onDecision: (node, decision) => {
      latest.set(node, decision);
    },
    onBroken: (node) => {
      broken.add(node);
    },
    onHealed: (node) => {
      healed.add(node);
    },
    isQuiet: () =>
      [...latest].every(
        ([name, { state }]) => isDown(name) || (O.isNone(state.node.pending) && O.isNone(state.node.running)),
      ),
  };
};
