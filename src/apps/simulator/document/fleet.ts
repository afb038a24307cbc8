/**
 * The fleet of a scenario, as its document has it: so many nodes in an environment or a zone of a stack, or so many
 * spread evenly.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedInteger, type DocumentFault } from '../../../domain/decoding.ts';
import { EnvironmentName, nameFromLiteral, NodeName, StackName, ZoneId } from '../../../domain/names.ts';
import { environmentsOf, type ReleasePlan } from '../../../domain/release-plan.ts';
import { environmentForZone, type ZoneMap, zonesOf } from '../../../domain/zone-map.ts';
import { type NodeGroup, NODES_MAX } from '../scenario.ts';
import { exactRecord, faultsOfRepeats, faultUnlessAmong } from './fields.ts';

/** Nodes of one stack, in an environment or in a zone. */
export interface FleetEntryJson {
  readonly stack: string;
  /** Either this … */
  readonly environment?: string;
  /** … or this, for whose environment the document's zone map is asked. */
  readonly zone?: string;
  readonly nodes: number;
}

/** A fleet as a document has it; a number is so many nodes over all stacks and stages, as evenly as it goes. */
export type FleetJson = number | readonly FleetEntryJson[];

const NodeCount = boundedInteger('number of nodes', 1, NODES_MAX);

const FleetEntry = exactRecord(
  'nodes of a stack',
  { stack: StackName, nodes: NodeCount },
  { environment: EnvironmentName, zone: ZoneId },
);
type FleetEntry = t.TypeOf<typeof FleetEntry>;

/** {@link FleetJson} with its names read. */
export type FleetWire = number | readonly FleetEntry[];

const Entries = t.readonlyArray(FleetEntry, 'a list of groups of nodes');

/** Reads and writes a {@link FleetWire}. */
export const FleetField: t.Type<FleetWire, FleetJson> = new t.Type<FleetWire, FleetJson>(
  'a fleet',
  (u): u is FleetWire => typeof u === 'number' || Entries.is(u),
  (u, context): t.Validation<FleetWire> => {
    if (typeof u === 'number') return NodeCount.validate(u, context);
    return Array.isArray(u) && u.length > 0
      ? Entries.validate(u, context)
      : t.failure(u, context, 'a number of nodes, or a list of at least one group of nodes');
  },
  (wire) => (typeof wire === 'number' ? wire : Entries.encode(wire)),
);

/** `nodes` over every stack and every environment of a stage, those named first one more where it does not come out. */
const evenly = (plan: ReleasePlan, nodes: number): readonly NodeGroup[] => {
  const places = plan.stages.flatMap(({ environments }) =>
    environments.flatMap((environment) => plan.stacks.map((stack) => ({ stack, environment }))),
  );
  const each = Math.floor(nodes / places.length);
  return places
    .map((place, i) => ({ ...place, nodes: each + (i < nodes % places.length ? 1 : 0) }))
    .filter((group) => group.nodes > 0);
};

/**
 * The environments of the nodes `<zone>-<stack>-1`, `-2` … of a zone, counted. Only a map that splits zones asks for the
 * names; the others answer for all nodes as for the first.
 */
const environmentsInZone = (
  map: ZoneMap,
  zone: ZoneId,
  stack: StackName,
  nodes: number,
): ReadonlyMap<EnvironmentName, number> => {
  const environmentOf = environmentForZone(map);
  const counts = new Map<EnvironmentName, number>();
  const [asked, each] = map._tag === 'Split' ? [nodes, 1] : [1, nodes];
  for (let number = 1; number <= asked; number++) {
    const environment = environmentOf(zone, nameFromLiteral(NodeName)(`${zone}-${stack}-${number}`));
    if (E.isRight(environment)) counts.set(environment.right, (counts.get(environment.right) ?? 0) + each);
  }
  return counts;
};

const entryFaults = (
  plan: ReleasePlan,
  zones: ZoneMap | undefined,
  entry: FleetEntry,
  index: number,
): readonly DocumentFault[] => {
  const at = (field: string) => ['fleet', index, field];
  const faults = faultUnlessAmong(at('stack'), entry.stack, plan.stacks);
  if ((entry.environment === undefined) === (entry.zone === undefined)) {
    return [...faults, { path: ['fleet', index], value: entry, expected: 'either an environment or a zone' }];
  }
  if (entry.environment !== undefined) {
    return [...faults, ...faultUnlessAmong(at('environment'), entry.environment, environmentsOf(plan))];
  }
  if (zones === undefined) {
    return [...faults, { path: ['zones'], value: undefined, expected: 'a zone map, since the fleet names a zone' }];
  }
  return [...faults, ...faultUnlessAmong(at('zone'), entry.zone ?? '', zonesOf(zones))];
};

const zonesFaults = (plan: ReleasePlan, zones: ZoneMap | undefined): readonly DocumentFault[] => {
  const known = environmentsOf(plan);
  switch (zones?._tag) {
    case undefined:
      return [];
    case 'Table':
      return [...zones.zones].flatMap(([zone, name]) => faultUnlessAmong(['zones', 'zones', zone], name, known));
    case 'Spread':
      return zones.environments.flatMap((name, i) => faultUnlessAmong(['zones', 'environments', i], name, known));
    case 'Split':
      return [...zones.zones].flatMap(([zone, weights]) =>
        [...weights.keys()].flatMap((name) => faultUnlessAmong(['zones', 'zones', zone, name], name, known)),
      );
  }
};

const listFaults = (
  plan: ReleasePlan,
  zones: ZoneMap | undefined,
  entries: readonly FleetEntry[],
): readonly DocumentFault[] => {
  const total = entries.reduce((sum, { nodes }) => sum + nodes, 0);
  return [
    ...entries.flatMap((entry, i) => entryFaults(plan, zones, entry, i)),
    ...faultsOfRepeats(
      entries.map(({ stack, environment, zone }, i) => ({
        path: ['fleet', i],
        name: `${stack}/${environment ?? `zone ${zone ?? ''}`}`,
      })),
      'each environment, and each zone, of a stack once',
    ),
    ...(total > NODES_MAX ? [{ path: ['fleet'], value: total, expected: `at most ${NODES_MAX} nodes` }] : []),
  ];
};

/** The groups that `wire` stands for, each stack and environment once, or what of it cannot be. */
export const fleetOfWire = (
  plan: ReleasePlan,
  zones: ZoneMap | undefined,
  wire: FleetWire,
): E.Either<readonly DocumentFault[], readonly NodeGroup[]> => {
  const faults = [...zonesFaults(plan, zones), ...(typeof wire === 'number' ? [] : listFaults(plan, zones, wire))];
  if (faults.length > 0) return E.left(faults);
  if (typeof wire === 'number') return E.right(evenly(plan, wire));
  const groups = new Map<string, NodeGroup>();
  const add = (stack: StackName, environment: EnvironmentName, nodes: number): void => {
    const key = `${stack}/${environment}`;
    groups.set(key, { stack, environment, nodes: (groups.get(key)?.nodes ?? 0) + nodes });
  };
  for (const { stack, environment, zone, nodes } of wire) {
    if (environment !== undefined) add(stack, environment, nodes);
    if (zone === undefined || zones === undefined) continue;
    for (const [found, count] of environmentsInZone(zones, zone, stack, nodes)) add(stack, found, count);
  }
  return E.right([...groups.values()]);
};
