/**
 * What a fault of each kind is told beside when and where it strikes.
 *
 * @module
 */
import { HOUR_MS, MINUTE_MS } from '../../domain/time.ts';
import type { NodeFaultKind, SharedFaultKind } from './scenario.ts';

/** How long a node fault lasts unless a scenario says otherwise; undefined: it is over as soon as it has struck. */
export const NODE_FAULT_LASTS_MS: Readonly<Record<NodeFaultKind, number | undefined>> = {
  'agent-killed': undefined,
  rebooted: 2 * MINUTE_MS,
  suspended: 20 * MINUTE_MS,
  'clock-stepped': undefined,
  'disk-full': 3 * HOUR_MS,
  'state-torn': undefined,
  cloned: 5 * MINUTE_MS,
  'summoner-broken': undefined,
  'run-hangs': undefined,
  'client-upgraded': undefined,
  'agent-restarted': undefined,
  'agent-upgraded': undefined,
};

/** What a shared fault can be confined to: `key` to stacks and environments, `stack` to stacks, `all` to nothing. */
export type SharedFaultReach = 'key' | 'stack' | 'all';

/** A kind of shared fault: how long it lasts unless a scenario says otherwise, and what it can be confined to. */
export interface SharedFaultTraits {
  readonly lastsMs: number;
  readonly reach: SharedFaultReach;
}

/** The traits of every kind of shared fault. */
export const SHARED_FAULT_TRAITS: Readonly<Record<SharedFaultKind, SharedFaultTraits>> = {
  'bus-down': { lastsMs: 20 * MINUTE_MS, reach: 'key' },
  'bus-denied': { lastsMs: 10 * MINUTE_MS, reach: 'key' },
  'bus-garbled': { lastsMs: 5 * MINUTE_MS, reach: 'key' },
  'bus-replaying': { lastsMs: 10 * MINUTE_MS, reach: 'key' },
  'bus-answers-lost': { lastsMs: 30 * MINUTE_MS, reach: 'key' },
  'chef-server-down': { lastsMs: 40 * MINUTE_MS, reach: 'stack' },
  'pins-refused': { lastsMs: 30 * MINUTE_MS, reach: 'stack' },
  'librarian-down': { lastsMs: 25 * MINUTE_MS, reach: 'all' },
  'librarian-killed': { lastsMs: 15 * MINUTE_MS, reach: 'all' },
  'store-down': { lastsMs: 15 * MINUTE_MS, reach: 'all' },
  'audit-unwritable': { lastsMs: 10 * MINUTE_MS, reach: 'all' },
};

/** Whether `kind` is one of a node fault. */
export const isNodeFaultKind = (kind: string): kind is NodeFaultKind => Object.hasOwn(NODE_FAULT_LASTS_MS, kind);

/** Whether `kind` is one of a shared fault. */
export const isSharedFaultKind = (kind: string): kind is SharedFaultKind => Object.hasOwn(SHARED_FAULT_TRAITS, kind);

/** Every kind, those of nodes first. */
export const FAULT_KINDS: readonly (NodeFaultKind | SharedFaultKind)[] = [
  ...Object.keys(NODE_FAULT_LASTS_MS).filter(isNodeFaultKind),
  ...Object.keys(SHARED_FAULT_TRAITS).filter(isSharedFaultKind),
];
