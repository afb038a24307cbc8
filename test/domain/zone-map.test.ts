import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { decodeWith, formatFieldErrors } from '../../src/domain/decoding.ts';
import { EnvironmentName, nameFromLiteral, NodeName, ZoneId } from '../../src/domain/names.ts';
import {
  environmentForZone,
  environmentShares,
  formatUnmappedZone,
  nextSlot,
  type SpreadZoneMap,
  ZoneMap,
  ZONES_MAX,
  zonesOf,
} from '../../src/domain/zone-map.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const zone = nameFromLiteral(ZoneId);
const environment = nameFromLiteral(EnvironmentName);
const node = nameFromLiteral(NodeName);
const nodes = (count: number) => Array.from({ length: count }, (_, i) => node(`web-${i}.example.com`));

/** Zones and environments with few names, so that they meet; and now and then names that every object answers to. */
const someZone = fc
  .oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 30 }).map((i) => `use1-az${i}`) },
    { weight: 1, arbitrary: fc.constantFrom('constructor', 'toString', 'valueOf', '1', '02') },
  )
  .map(zone);
const someEnvironment = fc
  .oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 6 }).map((i) => `prod-${i}`) },
    { weight: 1, arbitrary: fc.constantFrom('constructor', 'hasOwnProperty', '7') },
  )
  .map(environment);

const mapOf = <K, V>(
  key: fc.Arbitrary<K>,
  value: fc.Arbitrary<V>,
  maxLength: number,
): fc.Arbitrary<ReadonlyMap<K, V>> =>
  fc
    .uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, minLength: 1, maxLength })
    .map((entries) => new Map(entries));

const weights = mapOf(someEnvironment, fc.integer({ min: 1, max: 12 }), 4);
const table: fc.Arbitrary<ZoneMap> = mapOf(someZone, someEnvironment, 12).map((zones) => ({ _tag: 'Table', zones }));
const spread: fc.Arbitrary<SpreadZoneMap> = fc
  .record({
    environments: fc.uniqueArray(someEnvironment, { minLength: 1, maxLength: 6 }),
    zones: fc.uniqueArray(fc.tuple(someZone, fc.integer({ min: 0, max: 40 })), {
      comparator: ([zoneA, slotA], [zoneB, slotB]) => zoneA === zoneB || slotA === slotB,
      minLength: 1,
      maxLength: 12,
    }),
  })
  .map(({ environments, zones }) => ({ _tag: 'Spread', environments, slots: new Map(zones) }));
const split: fc.Arbitrary<ZoneMap> = mapOf(someZone, weights, 6).map((zones) => ({ _tag: 'Split', zones }));
const zoneMap: fc.Arbitrary<ZoneMap> = fc.oneof(table, spread, split);

/** `map` with a zone more, put first, so that what depends on the order of the document is found out. */
const withZone = (map: ZoneMap, added: ZoneId, chosen: EnvironmentName): ZoneMap => {
  switch (map._tag) {
    case 'Table':
      return { ...map, zones: new Map([[added, chosen], ...map.zones]) };
    case 'Spread':
      return { ...map, slots: new Map([[added, nextSlot(map.slots)], ...map.slots]) };
    case 'Split':
      return { ...map, zones: new Map([[added, new Map([[chosen, 1]])], ...map.zones]) };
  }
};

const reversed = (map: ZoneMap): ZoneMap => {
  switch (map._tag) {
    case 'Table':
      return { ...map, zones: new Map([...map.zones].toReversed()) };
    case 'Spread':
      return { ...map, slots: new Map([...map.slots].toReversed()) };
    case 'Split':
      return {
        ...map,
        zones: new Map([...map.zones].toReversed().map(([name, given]) => [name, new Map([...given].toReversed())])),
      };
  }
};

const decode = decodeWith(ZoneMap);
const errorOf = (document: unknown): string => {
  const decoded = decode(document);
  return E.isLeft(decoded) ? formatFieldErrors(decoded.left) : 'none';
};

describe('B1: the same map, zone and node give the same environment', () => {
  property(
    'for ever, whatever was asked before, and however the document is ordered',
    [zoneMap, arb.nodeName],
    (map, name) => {
      for (const mapped of zonesOf(map)) {
        const answer = environmentForZone(map)(mapped, name);
        expect(E.isRight(answer)).toBe(true);
        expect(environmentForZone(map)(mapped, name)).toEqual(answer);
        expect(environmentForZone(reversed(map))(mapped, name)).toEqual(answer);
      }
    },
  );

  property('through a document as well', [zoneMap, arb.nodeName], (map, name) => {
    const read = decode(JSON.parse(JSON.stringify(ZoneMap.encode(map))));
    if (E.isLeft(read)) throw new Error(formatFieldErrors(read.left));
    expect(read.right).toEqual(map);
    for (const mapped of zonesOf(map)) {
      expect(environmentForZone(read.right)(mapped, name)).toEqual(environmentForZone(map)(mapped, name));
    }
  });

  property(
    'a new zone moves no existing one',
    [zoneMap, arb.zoneId, someEnvironment, arb.nodeName],
    (map, added, chosen, name) => {
      fc.pre(!zonesOf(map).includes(added));
      const larger = withZone(map, added, chosen);
      expect(E.isRight(environmentForZone(larger)(added, name))).toBe(true);
      for (const mapped of zonesOf(map)) {
        expect(environmentForZone(larger)(mapped, name)).toEqual(environmentForZone(map)(mapped, name));
      }
    },
  );

  it('control: a spread by the position in the document moves zones when one is put first', () => {
    const byPosition = (zones: readonly string[], wanted: string): number => zones.indexOf(wanted) % 3;
    expect(byPosition(['new', 'a', 'b'], 'a')).not.toBe(byPosition(['a', 'b'], 'a'));
  });

  it('these answers never change: machines were assigned by them', () => {
    const map: ZoneMap = {
      _tag: 'Split',
      zones: new Map([
        [
          zone('use1-az4'),
          new Map([
            [environment('prod-1'), 1],
            [environment('prod-2'), 4],
            [environment('prod-3'), 5],
          ]),
        ],
      ]),
    };
    const answers = nodes(16).map((name) => environmentForZone(map)(zone('use1-az4'), name));
    expect(answers.map((answer) => (E.isRight(answer) ? answer.right.slice(-1) : '-')).join('')).toBe(
      '2222223322233232',
    );
  });
});

describe('B2: an unmapped zone', () => {
  property(
    'is an error that names it, by every strategy',
    [zoneMap, arb.zoneId, arb.nodeName],
    (map, unknown, name) => {
      fc.pre(!zonesOf(map).includes(unknown));
      expect(environmentForZone(map)(unknown, name)).toEqual(
        E.left({ _tag: 'UnmappedZone', zone: unknown, known: zonesOf(map) }),
      );
    },
  );

  it('is told with what there is and the way out, in one line however many zones there are', () => {
    const known = Array.from({ length: 12 }, (_, i) => zone(`z${i}`));
    expect(formatUnmappedZone({ _tag: 'UnmappedZone', zone: zone('use1-az9'), known })).toBe(
      'zone: expected one of the zone map (z0, z1, z2, z3, z4, z5, z6, z7, z8, z9 and 2 more), got use1-az9; add use1-az9 to the map, then bootstrap again: nothing was assigned',
    );
  });
});

describe('B5: even spread', () => {
  property(
    'zones that took the next slot each are as even as can be, whichever of them are gone by now',
    [
      fc.uniqueArray(someEnvironment, { minLength: 1, maxLength: 6 }),
      fc.array(fc.oneof(someZone, fc.nat(30)), { maxLength: 60 }),
    ],
    (environments, edits) => {
      const slots = new Map<ZoneId, number>();
      for (const edit of edits) {
        if (typeof edit !== 'number') {
          if (!slots.has(edit)) slots.set(edit, nextSlot(slots));
        } else {
          const gone = [...slots.keys()][edit];
          if (gone !== undefined) slots.delete(gone);
        }
      }
      const free = nextSlot(slots);
      // Every gap is below the next slot that a spread without gaps would have; filling them makes it even again.
      for (let i = 0; slots.size < [...slots.values()].reduce((max, slot) => Math.max(max, slot + 1), 0); i++) {
        slots.set(zone(`filler-${i}`), nextSlot(slots));
      }
      expect(free).toBeLessThanOrEqual(slots.size);
      const counts = environmentShares({ _tag: 'Spread', environments, slots }).map(({ zones }) => zones.length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    },
  );

  it('goes round the environments in their order', () => {
    const slots = new Map(['a', 'b', 'c', 'd'].map((name, i) => [zone(name), i]));
    const map: ZoneMap = { _tag: 'Spread', environments: ['prod-1', 'prod-2', 'prod-3'].map(environment), slots };
    expect(environmentShares(map)).toEqual([
      { environment: 'prod-1', zones: ['a', 'd'], fraction: 0.5 },
      { environment: 'prod-2', zones: ['b'], fraction: 0.25 },
      { environment: 'prod-3', zones: ['c'], fraction: 0.25 },
    ]);
  });
});

describe('B5: several environments for one zone', () => {
  const shared = zone('use1-az4');
  const splitOf = (given: Readonly<Record<string, number>>): ZoneMap => ({
    _tag: 'Split',
    zones: new Map([[shared, new Map(Object.entries(given).map(([name, weight]) => [environment(name), weight]))]]),
  });
  const fleet = nodes(20_000);
  const assign = (map: ZoneMap): readonly string[] =>
    fleet.map((name) => {
      const answer = environmentForZone(map)(shared, name);
      return E.isRight(answer) ? answer.right : 'none';
    });

  it.each([
    [{ 'prod-1': 1, 'prod-2': 1 }],
    [{ 'prod-1': 1, 'prod-2': 9 }],
    [{ 'prod-1': 1, 'prod-2': 99 }],
    [{ 'prod-1': 5, 'prod-2': 20, 'prod-3': 30, 'prod-4': 45 }],
  ])('%j: the nodes follow the weights, and so the share that is shown is the share there is', (given) => {
    const map = splitOf(given);
    const assigned = assign(map);
    for (const { environment: name, fraction } of environmentShares(map)) {
      const expected = fraction * fleet.length;
      const got = assigned.filter((other) => other === name).length;
      // Four standard deviations of a fair draw.
      expect(Math.abs(got - expected)).toBeLessThan(4 * Math.sqrt(expected * (1 - fraction)));
    }
  });

  it('a larger canary takes nodes from the others and moves none among them', () => {
    const before = assign(splitOf({ 'prod-1': 1, 'prod-2': 10, 'prod-3': 10 }));
    const after = assign(splitOf({ 'prod-1': 2, 'prod-2': 10, 'prod-3': 10 }));
    const moved = before.flatMap((from, i) => (from === after[i] ? [] : [`${from} to ${after[i]}`]));
    expect(new Set(moved)).toEqual(new Set(['prod-2 to prod-1', 'prod-3 to prod-1']));
    expect(moved.length / fleet.length).toBeLessThan(0.06);
  });

  it('two zones split alike are split differently: the same node names are no canary everywhere', () => {
    const other = zone('use1-az5');
    const given = new Map([
      [environment('prod-1'), 1],
      [environment('prod-2'), 1],
    ]);
    const map: ZoneMap = {
      _tag: 'Split',
      zones: new Map([
        [shared, given],
        [other, given],
      ]),
    };
    const same = fleet.filter(
      (name) =>
        JSON.stringify(environmentForZone(map)(shared, name)) === JSON.stringify(environmentForZone(map)(other, name)),
    );
    expect(Math.abs(same.length / fleet.length - 0.5)).toBeLessThan(0.02);
  });
});

describe('B5: the canary’s share is visible', () => {
  property(
    'the shares add up to the fleet, and name every zone where it belongs',
    [zoneMap, arb.nodeName],
    (map, name) => {
      const shares = environmentShares(map);
      expect(shares.reduce((sum, { fraction }) => sum + fraction, 0)).toBeCloseTo(1);
      for (const mapped of zonesOf(map)) {
        const answer = environmentForZone(map)(mapped, name);
        const owners = shares.filter(({ zones }) => zones.includes(mapped)).map((share) => share.environment);
        expect(owners).toContain(E.isRight(answer) ? answer.right : 'none');
        if (map._tag !== 'Split') expect(owners).toHaveLength(1);
      }
    },
  );

  it('by nodes, where it is known how many stand in each zone', () => {
    const map: ZoneMap = {
      _tag: 'Split',
      zones: new Map([
        [
          zone('a'),
          new Map([
            [environment('prod-1'), 1],
            [environment('prod-2'), 3],
          ]),
        ],
        [zone('b'), new Map([[environment('prod-2'), 1]])],
      ]),
    };
    const nodesByZone = new Map([
      [zone('a'), 100],
      [zone('b'), 300],
      [zone('elsewhere'), 999],
    ]);
    expect(environmentShares(map, nodesByZone)).toEqual([
      { environment: 'prod-1', zones: ['a'], fraction: 25 / 400 },
      { environment: 'prod-2', zones: ['a', 'b'], fraction: 375 / 400 },
    ]);
  });

  it('an environment without a zone is listed with nothing, and no nodes at all are no shares', () => {
    const map: ZoneMap = {
      _tag: 'Spread',
      environments: [environment('prod-1'), environment('prod-2')],
      slots: new Map([[zone('a'), 0]]),
    };
    expect(environmentShares(map)[1]).toEqual({ environment: 'prod-2', zones: [], fraction: 0 });
    expect(environmentShares(map, new Map()).map(({ fraction }) => fraction)).toEqual([0, 0]);
  });
});

/** What a codec of names expects, in its own words. */
const expectedOf = <A extends string>(codec: t.Type<A, string>): string => {
  const decoded = decodeWith(codec)('/');
  return E.isLeft(decoded) ? (decoded.left[0]?.expected ?? '') : '';
};

describe('the map as a document', () => {
  it.each<readonly [string, unknown, string]>([
    ['nothing', undefined, 'document: expected an object with a strategy and zones, got nothing'],
    ['a list', [], 'document: expected an object with a strategy and zones, got a list of 0'],
    ['no strategy', { zones: {} }, 'strategy: expected "table", "spread" or "split", got nothing'],
    [
      'an unknown strategy',
      { strategy: 'toString' },
      'strategy: expected "table", "spread" or "split", got "toString"',
    ],
    [
      'a default',
      { strategy: 'table', zones: { a: 'prod-1' }, default: 'prod-1' },
      'default: expected nothing: the fields of "table" are strategy, zones, got "prod-1"',
    ],
    ['no zones', { strategy: 'table' }, 'zones: expected an object of environment by zone, got nothing'],
    ['an empty map', { strategy: 'table', zones: {} }, `zones: expected 1 to ${ZONES_MAX} entries, got "0 of them"`],
    [
      'a number for an environment',
      { strategy: 'table', zones: { a: 1 } },
      `zones.a: expected ${expectedOf(EnvironmentName)}, got 1`,
    ],
    [
      'fault 68: a path for an environment',
      { strategy: 'table', zones: { a: '../etc' } },
      `zones.a: expected ${expectedOf(EnvironmentName)}, got "../etc"`,
    ],
    [
      'fault 68: a path for a zone',
      { strategy: 'table', zones: { '../a': 'prod-1' } },
      `zones."../a": expected ${expectedOf(ZoneId)}, got "../a"`,
    ],
    [
      'fault 19: a prototype for a zone',
      JSON.parse('{"strategy":"table","zones":{"__proto__":"prod-1"}}'),
      `zones.__proto__: expected ${expectedOf(ZoneId)}, got "__proto__"`,
    ],
    [
      'a spread without environments',
      { strategy: 'spread', environments: [], zones: { a: 0 } },
      'environments: expected a list of 1 to 100 environments, got a list of 0',
    ],
    [
      'an environment twice',
      { strategy: 'spread', environments: ['p', 'q', 'p'], zones: { a: 0 } },
      'environments.2: expected each environment once, got "p"',
    ],
    [
      'a slot twice',
      { strategy: 'spread', environments: ['p'], zones: { a: 0, b: 1, c: 1 } },
      "zones.c: expected a slot of its own, since 1 is b's; the next free one is 2, got 1",
    ],
    [
      'a negative slot',
      { strategy: 'spread', environments: ['p'], zones: { a: -1 } },
      'zones.a: expected an integer from 0 to 9999, got -1',
    ],
    [
      'fault 14: half a slot',
      { strategy: 'spread', environments: ['p'], zones: { a: 0.5 } },
      'zones.a: expected an integer from 0 to 9999, got 0.5',
    ],
    [
      'a list of zones',
      { strategy: 'spread', environments: ['p'], zones: ['a', 'b'] },
      'zones: expected an object of slot by zone, got a list of 2',
    ],
    [
      'a weight of nothing',
      { strategy: 'split', zones: { a: { p: 0 } } },
      'zones.a.p: expected an integer from 1 to 100, got 0',
    ],
    [
      'fault 13: an infinite weight',
      { strategy: 'split', zones: { a: { p: Number.POSITIVE_INFINITY } } },
      'zones.a.p: expected an integer from 1 to 100, got Infinity',
    ],
    [
      'a zone split over nothing',
      { strategy: 'split', zones: { a: {} } },
      'zones.a: expected 1 to 100 entries, got "0 of them"',
    ],
    [
      'several faults at once',
      { strategy: 'split', zones: { a: { p: 0 }, b: { q: 101 } } },
      'zones.a.p: expected an integer from 1 to 100, got 0; zones.b.q: expected an integer from 1 to 100, got 101',
    ],
  ])('%s is refused by name', (_, document, expected) => {
    expect(errorOf(document)).toBe(expected);
  });

  property(
    'any JSON is read without a throw',
    [arb.jsonValue, fc.constantFrom('table', 'spread', 'split')],
    (value, strategy) => {
      for (const document of [
        value,
        { strategy, zones: value },
        { strategy, environments: value, zones: { a: value } },
      ]) {
        expect(['Left', 'Right']).toContain(decode(document)._tag);
      }
    },
  );

  it('a map of a thousand zones is read, one of more is not', () => {
    const zones = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`z${i}`, 'prod-1']));
    expect(errorOf({ strategy: 'table', zones: zones(ZONES_MAX) })).toBe('none');
    expect(errorOf({ strategy: 'table', zones: zones(ZONES_MAX + 1) })).toContain(`expected 1 to ${ZONES_MAX} entries`);
  });
});
