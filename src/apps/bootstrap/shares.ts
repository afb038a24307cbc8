import type { ZoneId } from '../../domain/names.ts';
import { environmentShares, type UnmappedZone, type ZoneMap, zonesOf } from '../../domain/zone-map.ts';
import { table } from '../cli/table.ts';

/** What one environment gets of the fleet, for machines. */
export interface ShareJson {
  readonly environment: string;
  /** Its expected part of all nodes, 0 … 1. */
  readonly share: number;
  /** Its expected nodes; null while nobody has said how many stand in each zone. */
  readonly nodes: number | null;
  readonly zones: readonly string[];
}

const totalOf = (nodesByZone: ReadonlyMap<ZoneId, number> | undefined): number | undefined =>
  nodesByZone === undefined ? undefined : [...nodesByZone.values()].reduce((sum, nodes) => sum + nodes, 0);

/** The first zone that nodes were counted in and that `map` does not name: their environment nobody knows (law B2). */
export const unmappedZone = (map: ZoneMap, nodesByZone: ReadonlyMap<ZoneId, number>): UnmappedZone | undefined => {
  const known = zonesOf(map);
  const zone = [...nodesByZone.keys()].find((counted) => !known.includes(counted));
  return zone === undefined ? undefined : { _tag: 'UnmappedZone', zone, known };
};

/**
 * What each environment gets of the fleet (law B5).
 *
 * @param nodesByZone - of zones of the map alone, which {@link unmappedZone} checks; without it, all zones count alike.
 */
export const sharesToJson = (map: ZoneMap, nodesByZone?: ReadonlyMap<ZoneId, number>): readonly ShareJson[] => {
  const total = totalOf(nodesByZone);
  return environmentShares(map, nodesByZone).map(({ environment, zones, fraction }) => ({
    environment,
    share: fraction,
    nodes: total === undefined ? null : fraction * total,
    zones,
  }));
};

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The same for people, one line for each environment. */
export const describeShares = (map: ZoneMap, nodesByZone?: ReadonlyMap<ZoneId, number>): readonly string[] => [
  ...table([
    ['environment', 'share', ...(nodesByZone === undefined ? [] : ['nodes']), 'zones'],
    ...sharesToJson(map, nodesByZone).map(({ environment, share, nodes, zones }) => [
      environment,
      percent(share),
      ...(nodes === null ? [] : [String(Math.round(nodes))]),
      zones.length === 0 ? 'none' : zones.join(' '),
    ]),
  ]),
  ...(nodesByZone === undefined ? ['every zone counts alike; --nodes ZONE=COUNT counts them by their nodes'] : []),
];
