/**
 * The zone map: which environment a new machine belongs to, by the availability zone it stands in.
 *
 * Nothing but the document, the zone and the node's name decides (law B1), so that it can be worked out anywhere,
 * beforehand, and again after a reinstallation. There are three strategies (law B5), and none has a default: a zone that
 * the map does not name is an error (law B2).
 *
 * Why the even spread numbers its zones. A spread that is even needs to know which zones came before, and a spread that
 * depends only on the set of zones cannot know: if adding a zone moves none, then by induction each zone's environment
 * depends on that zone alone, which is a hash, and six zones over three environments come out 4, 1, 1 as easily as 2, 2,
 * 2. So the order is part of the document. Written as the position in a list it would be lost by whoever sorts or
 * inserts; written as a number beside each zone, no edit that only adds a zone can move another.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedInteger, describeValue, isRecord } from './decoding.ts';
import { hash32 } from './hash.ts';
import { EnvironmentName, type NodeName, ZoneId } from './names.ts';

/** Each zone has the environment that stands beside it. */
export interface TableZoneMap {
  readonly _tag: 'Table';
  readonly zones: ReadonlyMap<ZoneId, EnvironmentName>;
}

/**
 * The zones go round the environments: the zone with slot `n` has environment `n mod environments.length`. While the
 * slots are 0, 1, 2 … without a gap, no environment has more than one zone more than another.
 *
 * Another list of environments is another spread, and moves zones; machines that are assigned already stay (law B3).
 */
export interface SpreadZoneMap {
  readonly _tag: 'Spread';
  /** In order, each once, at least one. */
  readonly environments: readonly EnvironmentName[];
  /** Zone → slot; no slot twice. A new zone takes {@link nextSlot}. */
  readonly slots: ReadonlyMap<ZoneId, number>;
}

/**
 * The nodes of a zone are split over several environments in the proportion of their weights, by the node's name.
 *
 * To raise or lower one weight moves only nodes to or from that environment; the rest stay with each other.
 */
export interface SplitZoneMap {
  readonly _tag: 'Split';
  /** Zone → environment → weight, 1 … {@link ZONE_WEIGHT_MAX}. */
  readonly zones: ReadonlyMap<ZoneId, ReadonlyMap<EnvironmentName, number>>;
}

/** How zones become environments. */
export type ZoneMap = TableZoneMap | SpreadZoneMap | SplitZoneMap;

/** {@link ZoneMap} as a document has it. */
export type ZoneMapJson =
  | { readonly strategy: 'table'; readonly zones: Readonly<Record<string, string>> }
  | {
      readonly strategy: 'spread';
      readonly environments: readonly string[];
      readonly zones: Readonly<Record<string, number>>;
    }
  | { readonly strategy: 'split'; readonly zones: Readonly<Record<string, Readonly<Record<string, number>>>> };

/** A map has at most so many zones. */
export const ZONES_MAX = 1_000;
/** A zone is split over at most so many environments, and a spread has at most so many. */
export const ZONE_ENVIRONMENTS_MAX = 100;
/** The largest weight of an environment within a zone: weights may be read as percentages. */
export const ZONE_WEIGHT_MAX = 100;
/** The largest slot; more than there can be zones, since zones that are gone leave theirs behind. */
export const ZONE_SLOT_MAX = 9_999;

/** The zone is not in the map (law B2). */
export interface UnmappedZone {
  readonly _tag: 'UnmappedZone';
  readonly zone: ZoneId;
  /** The zones that are. */
  readonly known: readonly ZoneId[];
}

const KNOWN_SHOWN_MAX = 10;

/** What is wrong, whatever the zone was wanted for. */
export const describeUnmappedZone = ({ zone, known }: UnmappedZone): string => {
  const shown = known.slice(0, KNOWN_SHOWN_MAX).join(', ');
  const more = known.length > KNOWN_SHOWN_MAX ? ` and ${known.length - KNOWN_SHOWN_MAX} more` : '';
  return `zone: expected one of the zone map (${shown === '' ? 'which is empty' : `${shown}${more}`}), got ${zone}`;
};

/** What is wrong with a machine's zone and the way out, in one line (fault 65). */
export const formatUnmappedZone = (unmapped: UnmappedZone): string =>
  `${describeUnmappedZone(unmapped)}; add ${unmapped.zone} to the map, then bootstrap again: nothing was assigned`;

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The environment whose lot is highest, each having as many lots as its weight. Lots are drawn by zone, node and
 * environment alone, so that other weights and other environments leave them as they are. Ties go by name, never by the
 * order of the document.
 */
const highestLot = (
  weights: ReadonlyMap<EnvironmentName, number>,
  zone: ZoneId,
  node: NodeName,
): EnvironmentName | undefined => {
  let winner: EnvironmentName | undefined;
  let highest = -1;
  for (const [environment, weight] of weights) {
    for (let lot = 0; lot < weight; lot++) {
      const drawn = hash32(`${zone}\n${node}\n${environment}\n${lot}`);
      if (drawn > highest || (drawn === highest && winner !== undefined && environment < winner)) {
        winner = environment;
        highest = drawn;
      }
    }
  }
  return winner;
};

/** The zone's environment, where it has one and no more. */
const onlyEnvironment = (map: TableZoneMap | SpreadZoneMap, zone: ZoneId): EnvironmentName | undefined => {
  if (map._tag === 'Table') return map.zones.get(zone);
  const slot = map.slots.get(zone);
  return slot === undefined ? undefined : map.environments[slot % map.environments.length];
};

const environmentIn = (map: ZoneMap, zone: ZoneId, node: NodeName): EnvironmentName | undefined => {
  switch (map._tag) {
    case 'Table':
    case 'Spread':
      return onlyEnvironment(map, zone);
    case 'Split': {
      const weights = map.zones.get(zone);
      return weights === undefined ? undefined : highestLot(weights, zone, node);
    }
  }
};

/** The zones that `map` names, sorted. */
export const zonesOf = (map: ZoneMap): readonly ZoneId[] =>
  [...(map._tag === 'Spread' ? map.slots : map.zones).keys()].sort(compareText);

/**
 * The environment of a node in a zone: always the same for the same map, zone and node (law B1).
 *
 * @returns the zone that is missing, when the map does not name it (law B2).
 *
 * @example
 * ```ts
 * import * as E from 'fp-ts/lib/Either.js';
 * import { environmentForZone, nameFromLiteral, NodeName, ZoneId, ZoneMap } from 'signalbox';
 *
 * const map = ZoneMap.decode({ strategy: 'table', zones: { 'use1-az4': 'prod-1' } });
 * if (E.isRight(map)) {
 *   const environmentOf = environmentForZone(map.right);
 *   const node = nameFromLiteral(NodeName)('web-17');
 *   console.log(environmentOf(nameFromLiteral(ZoneId)('use1-az4'), node)); // { _tag: 'Right', right: 'prod-1' }
 *   console.log(E.isLeft(environmentOf(nameFromLiteral(ZoneId)('use1-az9'), node))); // true
 * }
 * ```
 */
export const environmentForZone =
  (map: ZoneMap) =>
  (zone: ZoneId, node: NodeName): E.Either<UnmappedZone, EnvironmentName> =>
    E.fromNullable<UnmappedZone>({ _tag: 'UnmappedZone', zone, known: zonesOf(map) })(environmentIn(map, zone, node));

/** The slot for the next zone of an even spread: the lowest that is free, so that the spread stays even. */
export const nextSlot = (slots: ReadonlyMap<ZoneId, number>): number => {
  const taken = new Set(slots.values());
  let slot = 0;
  while (taken.has(slot)) slot++;
  return slot;
};

/** What an environment gets of the fleet. */
export interface EnvironmentShare {
  readonly environment: EnvironmentName;
  /** The zones that it has a part of, sorted. */
  readonly zones: readonly ZoneId[];
  /** Its expected part of all nodes, 0 … 1. */
  readonly fraction: number;
}

/** Environment → its part of the zone, the parts of a zone adding up to 1. */
const partsOfZone = (map: ZoneMap, zone: ZoneId): readonly (readonly [EnvironmentName, number])[] => {
  switch (map._tag) {
    case 'Table':
    case 'Spread': {
      const environment = onlyEnvironment(map, zone);
      return environment === undefined ? [] : [[environment, 1]];
    }
    case 'Split': {
      const weights = [...(map.zones.get(zone) ?? [])];
      const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
      return weights.map(([environment, weight]) => [environment, weight / total]);
    }
  }
};

/**
 * What each environment gets of the fleet (law B5): the canary's share is to be seen before a map is used. An
 * environment of an even spread that has no zone yet is listed too, with nothing.
 *
 * @param nodesByZone - how many nodes stand in each zone, 0 where it does not say; without it, all zones count alike.
 * @returns in the order of the spread, else by name. The fractions add up to 1, unless there are no nodes at all.
 */
export const environmentShares = (
  map: ZoneMap,
  nodesByZone?: ReadonlyMap<ZoneId, number>,
): readonly EnvironmentShare[] => {
  const zones = zonesOf(map);
  const nodesIn = (zone: ZoneId): number => (nodesByZone === undefined ? 1 : (nodesByZone.get(zone) ?? 0));
  const total = zones.reduce((sum, zone) => sum + nodesIn(zone), 0);
  const shares = new Map<EnvironmentName, { readonly zones: ZoneId[]; nodes: number }>(
    map._tag === 'Spread' ? map.environments.map((environment) => [environment, { zones: [], nodes: 0 }]) : [],
  );
  for (const zone of zones) {
    for (const [environment, part] of partsOfZone(map, zone)) {
      const share = shares.get(environment) ?? { zones: [], nodes: 0 };
      share.zones.push(zone);
      share.nodes += part * nodesIn(zone);
      shares.set(environment, share);
    }
  }
  const listed = [...shares].map(([environment, share]) => ({
    environment,
    zones: share.zones,
    fraction: total === 0 ? 0 : share.nodes / total,
  }));
  return map._tag === 'Spread' ? listed : listed.sort((a, b) => compareText(a.environment, b.environment));
};

const STRATEGY_EXPECTED = '"table", "spread" or "split"';

const ZONE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  table: ['strategy', 'zones'],
  spread: ['strategy', 'environments', 'zones'],
  split: ['strategy', 'zones'],
};

/** An object as a map of at least `sizeMin` and at most `sizeMax` entries; every fault in it is told, not the first alone. */
const sizedMap = <K extends string, V, J>(
  key: t.Type<K, string>,
  value: t.Type<V, J>,
  sizeMin: number,
  sizeMax: number,
): t.Type<ReadonlyMap<K, V>, Readonly<Record<string, J>>> =>
  new t.Type<ReadonlyMap<K, V>, Readonly<Record<string, J>>>(
    `object of ${value.name} by ${key.name}`,
    (u): u is ReadonlyMap<K, V> => u instanceof Map,
    (u, context) => {
      if (!isRecord(u)) return t.failure(u, context, `an object of ${value.name} by ${key.name}`);
      const given = Object.entries(u);
      if (given.length < sizeMin || given.length > sizeMax) {
        return t.failure(`${given.length} of them`, context, `${sizeMin} to ${sizeMax} entries`);
      }
      const entries = new Map<K, V>();
      const errors: t.ValidationError[] = [];
      for (const [name, entry] of given) {
        const inner = t.appendContext(context, name, value, entry);
        const [validKey, validValue] = [key.validate(name, inner), value.validate(entry, inner)];
        if (E.isRight(validKey) && E.isRight(validValue)) entries.set(validKey.right, validValue.right);
        if (E.isLeft(validKey)) errors.push(...validKey.left);
        else if (E.isLeft(validValue)) errors.push(...validValue.left);
      }
      return errors.length > 0 ? t.failures(errors) : t.success(entries);
    },
    (map) => Object.fromEntries([...map].map(([name, entry]) => [name, value.encode(entry)])),
  );

const TableZones = sizedMap(ZoneId, EnvironmentName, 1, ZONES_MAX);
const Slots = sizedMap(ZoneId, boundedInteger('slot', 0, ZONE_SLOT_MAX), 1, ZONES_MAX);
const Weights = sizedMap(EnvironmentName, boundedInteger('weight', 1, ZONE_WEIGHT_MAX), 1, ZONE_ENVIRONMENTS_MAX);
const SplitZones = sizedMap(ZoneId, Weights, 1, ZONES_MAX);

const SpreadEnvironments = new t.Type<readonly EnvironmentName[], readonly string[]>(
  'environments',
  (u): u is readonly EnvironmentName[] => Array.isArray(u) && u.every(EnvironmentName.is),
  (u, context) => {
    if (!Array.isArray(u) || u.length < 1 || u.length > ZONE_ENVIRONMENTS_MAX) {
      return t.failure(u, context, `a list of 1 to ${ZONE_ENVIRONMENTS_MAX} environments`);
    }
    const list: readonly unknown[] = u;
    const twice = list.findIndex((name, i) => list.indexOf(name) !== i);
    if (twice === -1) return t.readonlyArray(EnvironmentName).validate(u, context);
    const inner = t.appendContext(context, String(twice), EnvironmentName, list[twice]);
    return t.failure(list[twice], inner, 'each environment once');
  },
  (environments) => environments,
);

/** Slots that no other zone has. */
const OwnSlots = new t.Type<ReadonlyMap<ZoneId, number>, Readonly<Record<string, number>>>(
  'slots',
  Slots.is,
  (u, context) =>
    E.chain((slots: ReadonlyMap<ZoneId, number>): t.Validation<ReadonlyMap<ZoneId, number>> => {
      const zoneAt = new Map<number, ZoneId>();
      for (const [zone, slot] of slots) {
        const other = zoneAt.get(slot);
        if (other !== undefined) {
          const inner = t.appendContext(context, zone, t.number, slot);
          return t.failure(
            slot,
            inner,
            `a slot of its own, since ${slot} is ${other}'s; the next free one is ${nextSlot(slots)}`,
          );
        }
        zoneAt.set(slot, zone);
      }
      return t.success(slots);
    })(Slots.validate(u, context)),
  Slots.encode,
);

const TableWire = t.type({ zones: TableZones });
const SpreadWire = t.type({ environments: SpreadEnvironments, zones: OwnSlots });
const SplitWire = t.type({ zones: SplitZones });

/**
 * Reads and writes a {@link ZoneMap}. An unknown field is an error: it is most likely one that was meant to do something.
 */
export const ZoneMap: t.Type<ZoneMap, ZoneMapJson> = new t.Type<ZoneMap, ZoneMapJson>(
  'ZoneMap',
  (u): u is ZoneMap => isRecord(u) && (u['_tag'] === 'Table' || u['_tag'] === 'Spread' || u['_tag'] === 'Split'),
  (u, context) => {
    if (!isRecord(u)) return t.failure(u, context, 'an object with a strategy and zones');
    const strategy = u['strategy'];
    const known =
      typeof strategy === 'string' && Object.hasOwn(ZONE_FIELDS, strategy) ? ZONE_FIELDS[strategy] : undefined;
    if (known === undefined) {
      return t.failure(strategy, t.appendContext(context, 'strategy', t.string, strategy), STRATEGY_EXPECTED);
    }
    const unknown = Object.keys(u).find((field) => !known.includes(field));
    if (unknown !== undefined) {
      const inner = t.appendContext(context, unknown, t.undefined, u[unknown]);
      return t.failure(u[unknown], inner, `nothing: the fields of ${describeValue(strategy)} are ${known.join(', ')}`);
    }
    switch (strategy) {
      case 'spread':
        return E.map(({ environments, zones }: t.TypeOf<typeof SpreadWire>): ZoneMap => ({
          _tag: 'Spread',
          environments,
          slots: zones,
        }))(SpreadWire.validate(u, context));
      case 'split':
        return E.map(({ zones }: t.TypeOf<typeof SplitWire>): ZoneMap => ({ _tag: 'Split', zones }))(
          SplitWire.validate(u, context),
        );
      default:
        return E.map(({ zones }: t.TypeOf<typeof TableWire>): ZoneMap => ({ _tag: 'Table', zones }))(
          TableWire.validate(u, context),
        );
    }
  },
  (map): ZoneMapJson => {
    switch (map._tag) {
      case 'Table':
        return { strategy: 'table', zones: TableZones.encode(map.zones) };
      case 'Spread':
        return { strategy: 'spread', environments: map.environments, zones: Slots.encode(map.slots) };
      case 'Split':
        return { strategy: 'split', zones: SplitZones.encode(map.zones) };
    }
  },
);
