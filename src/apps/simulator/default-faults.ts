/**
 * The default fault mix: every fault that the simulator knows and that comes by chance, as often as a large fleet on rented
 * machines meets it.
 *
 * @module
 */
import type { StackName } from '../../domain/names.ts';
import { HOUR_MS, MINUTE_MS } from '../../domain/time.ts';
import {
  FAULT_KINDS,
  isNodeFaultKind,
  isSharedFaultKind,
  NODE_FAULT_LASTS_MS,
  SHARED_FAULT_TRAITS,
} from './fault-kinds.ts';
import type { NodeFault, NodeFaultKind, SharedFault, SharedFaultKind } from './scenario.ts';

/** Faults, sorted by what they strike. */
export interface FaultMix {
  readonly nodeFaults: readonly NodeFault[];
  readonly sharedFaults: readonly SharedFault[];
}

/** What people and releases do to an agent: a scenario names it, chance does not bring it. */
export type DeliberateFaultKind = 'agent-restarted' | 'agent-upgraded';

/** On so large a share of its days a fault of this kind strikes a node. */
const ON_NODE_DAYS: Readonly<Record<Exclude<NodeFaultKind, DeliberateFaultKind>, number>> = {
  'agent-killed': 0.02,
  rebooted: 0.03,
  suspended: 0.005,
  'clock-stepped': 0.002,
  'disk-full': 0.002,
  'state-torn': 0.001,
  cloned: 0.0002,
  'summoner-broken': 0.0005,
  'run-hangs': 0.002,
  'client-upgraded': 0.005,
};

/** The same for what nodes share; for a fault of a Chef server, of each stack's days. */
const ON_DAYS: Readonly<Record<SharedFaultKind, number>> = {
  'bus-down': 0.1,
  'bus-denied': 0.03,
  'bus-garbled': 0.02,
  'bus-replaying': 0.02,
  'bus-answers-lost': 0.1,
  'chef-server-down': 0.05,
  'pins-refused': 0.03,
  'librarian-down': 0.1,
  'librarian-killed': 0.1,
  'store-down': 0.05,
  'audit-unwritable': 0.02,
};

/** Machines stand still for a short or a long while, and clocks are set forward as often as back. */
const VARIANTS: Partial<Readonly<Record<NodeFaultKind, readonly Partial<NodeFault>[]>>> = {
  suspended: [{ forMs: 20 * MINUTE_MS }, { forMs: 2 * HOUR_MS }],
  'clock-stepped': [{ stepMs: 30 * MINUTE_MS }, { stepMs: -30 * MINUTE_MS }],
};

const comesByChance = (kind: NodeFaultKind): kind is keyof typeof ON_NODE_DAYS => Object.hasOwn(ON_NODE_DAYS, kind);

const nodeFaultsOf = (kind: keyof typeof ON_NODE_DAYS): readonly NodeFault[] => {
  const variants = VARIANTS[kind] ?? [{}];
  return variants.map((variant) => ({
    kind,
    when: { _tag: 'Daily', probability: ON_NODE_DAYS[kind] / variants.length },
    on: {},
    forMs: NODE_FAULT_LASTS_MS[kind] ?? 0,
    stepMs: 0,
    ...variant,
  }));
};

const sharedFaultsOf = (kind: SharedFaultKind, stacks: readonly StackName[]): readonly SharedFault[] => {
  const { lastsMs, reach } = SHARED_FAULT_TRAITS[kind];
  const places = reach === 'stack' ? stacks.map((stack) => ({ stacks: [stack] })) : [{}];
  return places.map((on) => ({
    kind,
    when: { _tag: 'Daily', probability: ON_DAYS[kind] },
    on,
    forMs: lastsMs,
  }));
};

/** The default fault mix for a plan with these stacks: each Chef server fails for itself. */
export const defaultFaults = (stacks: readonly StackName[]): FaultMix => ({
  nodeFaults: FAULT_KINDS.filter(isNodeFaultKind).filter(comesByChance).flatMap(nodeFaultsOf),
  sharedFaults: FAULT_KINDS.filter(isSharedFaultKind).flatMap((kind) => sharedFaultsOf(kind, stacks)),
});
