/**
 * The faults of a scenario, as its document has them: one list, in which the kind says whether a fault strikes single
 * nodes or what they share.
 *
 * @module
 */
import * as t from 'io-ts';
import type { DocumentFault } from '../../../domain/decoding.ts';
import type { ReleasePlan } from '../../../domain/release-plan.ts';
import { defaultFaults, type FaultMix } from '../default-faults.ts';
import { FAULT_KINDS, isNodeFaultKind, NODE_FAULT_LASTS_MS, SHARED_FAULT_TRAITS } from '../fault-kinds.ts';
import {
  FAULTS_MAX,
  type NodeFault,
  type NodeFaultKind,
  type Occurrence,
  type SharedFault,
  type SharedFaultKind,
} from '../scenario.ts';
import { At, ClockStep, exactRecord, Lasting, type Path, Share } from './fields.ts';
import { FleetScopeField, type FleetScopeJson, placeFaults } from './scope.ts';

/** A fault as a document has it. */
export interface FaultJson {
  readonly kind: NodeFaultKind | SharedFaultKind;
  /** Either once, so long after the start … */
  readonly at?: string;
  /** … or on this share of all days, 0 … 1; for a node fault, of each node's days. */
  readonly per_day?: number;
  /** Default by kind; for kinds that last. */
  readonly for?: string;
  /** For `clock-stepped`, which needs it. */
  readonly step?: string;
  /** Default everywhere. */
  readonly on?: FleetScopeJson;
}

/** Faults as a document has them; `default` stands for the default fault mix. */
export type FaultsJson = 'default' | readonly (FaultJson | 'default')[];

const Kind = new t.Type<NodeFaultKind | SharedFaultKind, NodeFaultKind | SharedFaultKind>(
  'kind of fault',
  (u): u is NodeFaultKind | SharedFaultKind => FAULT_KINDS.some((kind) => kind === u),
  (u, context) => {
    const kind = FAULT_KINDS.find((known) => known === u);
    return kind === undefined ? t.failure(u, context, `one of ${FAULT_KINDS.join(', ')}`) : t.success(kind);
  },
  t.identity,
);

const FaultFields = exactRecord(
  'a fault',
  { kind: Kind },
  { at: At, per_day: Share, for: Lasting, step: ClockStep, on: FleetScopeField },
);
type FaultFields = t.TypeOf<typeof FaultFields>;

const Entry = new t.Type<FaultFields | 'default', FaultJson | 'default'>(
  'a fault',
  (u): u is FaultFields | 'default' => u === 'default' || FaultFields.is(u),
  (u, context): t.Validation<FaultFields | 'default'> => {
    if (u === 'default') return t.success(u);
    return typeof u === 'string' ? t.failure(u, context, '"default", or a fault') : FaultFields.validate(u, context);
  },
  (wire) => (wire === 'default' ? wire : FaultFields.encode(wire)),
);

/** {@link FaultsJson} with its fields read. */
export type FaultsWire = readonly (FaultFields | 'default')[];

const Entries = t.readonlyArray(Entry);

/** Reads and writes a {@link FaultsWire}. */
export const FaultsField: t.Type<FaultsWire, FaultsJson> = new t.Type<FaultsWire, FaultsJson>(
  'a list of faults',
  (u): u is FaultsWire => Entries.is(u),
  (u, context): t.Validation<FaultsWire> => {
    if (u === 'default') return t.success([u]);
    return Array.isArray(u) ? Entries.validate(u, context) : t.failure(u, context, '"default", or a list of faults');
  },
  (wire) => Entries.encode(wire),
);

/** The fields that make no sense for the fault's kind, or that it lacks. */
const kindFaults = (fault: FaultFields, path: Path): readonly DocumentFault[] => {
  const { kind, on = {} } = fault;
  const faults: DocumentFault[] = [];
  const nothing = (field: Path, value: unknown, why: string): void => {
    if (value !== undefined) faults.push({ path: [...path, ...field], value, expected: `nothing here, since ${why}` });
  };
  if (isNodeFaultKind(kind)) {
    if (NODE_FAULT_LASTS_MS[kind] === undefined) nothing(['for'], fault.for, `${kind} does not last`);
  } else {
    nothing(['on', 'share'], on.share, `nodes share what ${kind} strikes`);
    const { reach } = SHARED_FAULT_TRAITS[kind];
    if (reach === 'all') nothing(['on'], fault.on, `${kind} strikes everything`);
    if (reach === 'stack') nothing(['on', 'environments'], on.environments, `${kind} strikes whole stacks`);
  }
  if (kind !== 'clock-stepped') nothing(['step'], fault.step, 'only clock-stepped sets a clock');
  else if (fault.step === undefined) {
    faults.push({ path: [...path, 'step'], value: undefined, expected: 'by how much the clock is set' });
  }
  return faults;
};

/** How many faults there are, with those that each `default` stands for. */
const countOf = (plan: ReleasePlan, wire: FaultsWire): number => {
  const { nodeFaults, sharedFaults } = defaultFaults(plan.stacks);
  const inMix = nodeFaults.length + sharedFaults.length;
  return wire.reduce((sum, fault) => sum + (fault === 'default' ? inMix : 1), 0);
};

/** What of the faults is too much, or contradicts itself or the plan. */
export const faultListFaults = (plan: ReleasePlan, wire: FaultsWire): readonly DocumentFault[] => {
  const count = countOf(plan, wire);
  if (count > FAULTS_MAX) {
    return [{ path: ['faults'], value: count, expected: `at most ${FAULTS_MAX} faults, those of "default" counted` }];
  }
  return wire.flatMap((fault, i): readonly DocumentFault[] => {
    if (fault === 'default') return [];
    const path = ['faults', i];
    const isOnce = fault.at !== undefined;
    const isDaily = fault.per_day !== undefined;
    return [
      ...(isOnce === isDaily ? [{ path, value: fault, expected: 'either at or per_day' }] : []),
      ...kindFaults(fault, path),
      ...placeFaults(plan, fault.on ?? {}, [...path, 'on']),
    ];
  });
};

const mixOf = (fault: FaultFields): FaultMix => {
  const when: Occurrence =
    fault.at === undefined ? { _tag: 'Daily', probability: fault.per_day ?? 0 } : { _tag: 'At', atMs: fault.at };
  const { kind, on = {} } = fault;
  if (isNodeFaultKind(kind)) {
    const forMs = fault.for ?? NODE_FAULT_LASTS_MS[kind] ?? 0;
    return { nodeFaults: [{ kind, when, on, forMs, stepMs: fault.step ?? 0 }], sharedFaults: [] };
  }
  const forMs = fault.for ?? SHARED_FAULT_TRAITS[kind].lastsMs;
  return { nodeFaults: [], sharedFaults: [{ kind, when, on, forMs }] };
};

/** The faults that `wire` stands for, sorted by what they strike. */
export const faultsOfWire = (plan: ReleasePlan, wire: FaultsWire): FaultMix => {
  const mixes = wire.map((fault) => (fault === 'default' ? defaultFaults(plan.stacks) : mixOf(fault)));
  return {
    nodeFaults: mixes.flatMap(({ nodeFaults }) => nodeFaults),
    sharedFaults: mixes.flatMap(({ sharedFaults }) => sharedFaults),
  };
};

const wireOfOccurrence = (when: Occurrence): Pick<FaultFields, 'at' | 'per_day'> =>
  when._tag === 'At' ? { at: when.atMs } : { per_day: when.probability };

const isEverywhere = (on: object): boolean => Object.keys(on).length === 0;

const wireOfNodeFault = ({ kind, when, on, forMs, stepMs }: NodeFault): FaultFields => ({
  kind,
  ...wireOfOccurrence(when),
  ...(NODE_FAULT_LASTS_MS[kind] === undefined ? {} : { for: forMs }),
  ...(kind === 'clock-stepped' ? { step: stepMs } : {}),
  ...(isEverywhere(on) ? {} : { on }),
});

const wireOfSharedFault = ({ kind, when, on, forMs }: SharedFault): FaultFields => ({
  kind,
  ...wireOfOccurrence(when),
  for: forMs,
  ...(isEverywhere(on) ? {} : { on }),
});

/** The faults as a document has them. */
export const wireOfFaults = ({ nodeFaults, sharedFaults }: FaultMix): FaultsWire => [
  ...nodeFaults.map(wireOfNodeFault),
  ...sharedFaults.map(wireOfSharedFault),
];
