import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { BadnessJson } from '../../../src/apps/simulator/document/artifacts.ts';
import type { FaultJson } from '../../../src/apps/simulator/document/faults.ts';
import { isNodeFaultKind } from '../../../src/apps/simulator/fault-kinds.ts';
import {
  FALLBACK_SETTINGS,
  LIBRARIAN_SETTINGS,
  NODE_SETTINGS,
  NODES_MAX,
  RUN_SETTINGS,
  type Scenario,
} from '../../../src/apps/simulator/scenario.ts';
import { decodeScenario, ScenarioDocument, type ScenarioJson } from '../../../src/apps/simulator/scenario-json.ts';
import { slackPlan } from '../../../src/apps/simulator/slack-plan.ts';
import { formatFieldErrors } from '../../../src/domain/decoding.ts';
import { NodeName, nameFromLiteral, ZoneId } from '../../../src/domain/names.ts';
import { DAY_MS, epochMs, formatInstant, HOUR_MS, MINUTE_MS } from '../../../src/domain/time.ts';
import { environmentForZone, ZoneMap } from '../../../src/domain/zone-map.ts';
import * as arb from '../../support/arbitraries.ts';
import { property } from '../../support/property.ts';
import { scenarioDocument } from '../../support/scenario-documents.ts';
import { SLACK_PLAN, SLACK_PLAN_JSON } from '../../support/slack.ts';

const SMALL: ScenarioJson = {
  name: 'small',
  plan: 'slack',
  lasts: '1d',
  fleet: [{ stack: 'basalt', environment: 'dev', nodes: 3 }],
};

const errorOf = (document: unknown): string => {
  const decoded = decodeScenario(document);
  return E.isLeft(decoded) ? formatFieldErrors(decoded.left) : 'none';
};

const read = (document: unknown): Scenario => {
  const decoded = decodeScenario(document);
  if (E.isLeft(decoded)) throw new Error(formatFieldErrors(decoded.left));
  return decoded.right;
};

/** Where something is bad, without the words for it. */
const spelledOut = (bad: BadnessJson): BadnessJson => ({
  ...bad,
  ...(bad.on === 'canary' ? { on: { environments: ['prod-1'] } } : {}),
  ...(bad.on === 'late-stops' ? { on: { environments: ['prod-4', 'prod-5', 'prod-6'] } } : {}),
});

/** An empty scope means as much as none, and is not written. */
const withoutEverywhere = ({ on, ...fault }: FaultJson): FaultJson => ({
  ...fault,
  ...(on === undefined || Object.keys(on).length === 0 ? {} : { on }),
});

describe('a scenario document', () => {
  property('what was read and written is read as the same', [scenarioDocument], (document) => {
    const scenario = read(document);
    const written = ScenarioDocument.encode(scenario);
    expect(read(JSON.parse(JSON.stringify(written)))).toEqual(scenario);
  });

  property('every field that was given is written as it was given', [scenarioDocument], (document) => {
    const { faults = [], artifacts = [], fallback, fleet, plan: _plan, ...others } = document;
    const written = ScenarioDocument.encode(read(document));
    expect(written).toMatchObject(others);
    expect(written.plan).toMatchObject(SLACK_PLAN_JSON);
    if (fallback !== undefined) expect(written).toMatchObject({ fallback: fallback ?? 'none' });
    if (typeof fleet !== 'number') expect(written.fleet).toEqual(fleet);
    expect(written.artifacts).toMatchObject(
      artifacts.map((artifact) => ({ ...artifact, bad: artifact.bad?.map(spelledOut) ?? [] })),
    );
    if (faults === 'default' || faults.includes('default')) return;
    const kept = faults.flatMap((fault) => (fault === 'default' ? [] : [withoutEverywhere(fault)]));
    expect(written.faults).toMatchObject([
      ...kept.filter(({ kind }) => isNodeFaultKind(kind)),
      ...kept.filter(({ kind }) => !isNodeFaultKind(kind)),
    ]);
  });

  it('needs a name, a plan, a length and a fleet; the rest is as it is shipped', () => {
    expect(read(SMALL)).toEqual({
      name: 'small',
      about: '',
      plan: SLACK_PLAN,
      startsAt: epochMs(Date.UTC(2026, 0, 5)),
      lastsMs: DAY_MS,
      fleet: [{ stack: 'basalt', environment: 'dev', nodes: 3 }],
      artifacts: [],
      runs: RUN_SETTINGS,
      node: NODE_SETTINGS,
      fallback: FALLBACK_SETTINGS,
      librarian: LIBRARIAN_SETTINGS,
      nodeFaults: [],
      sharedFaults: [],
      operators: [],
    });
    expect(errorOf({})).toBe(
      [
        'name: expected a slug name: 1 to 64 of A-Z a-z 0-9 _ - ., starting with a letter or digit, without "..", got nothing',
        'plan: expected a release plan, or "slack", got nothing',
        'lasts: expected a duration such as 90s, 10m, 12h or 1h30m, got nothing',
        'fleet: expected a number of nodes, or a list of at least one group of nodes, got nothing',
      ].join('; '),
    );
  });

  it('knows the published plan by its name', () => {
    expect(slackPlan()).toEqual(SLACK_PLAN);
  });

  it.each(['none', null])('%j as the fallback: the image has none', (fallback) => {
    expect(read({ ...SMALL, fallback })).not.toHaveProperty('fallback');
  });

  it('reads the example of its documentation', () => {
    const page = readFileSync(new URL('../../../docs/simulation.md', import.meta.url), 'utf8');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const scenario = read(parse(example));
    expect(scenario.fleet.reduce((sum, { nodes }) => sum + nodes, 0)).toBe(250);
    expect(scenario.artifacts.map(({ bad }) => bad)).toEqual([
      [{ on: { environments: ['prod-4', 'prod-5', 'prod-6'], share: 0.2 }, afterMs: HOUR_MS, how: 'fails' }],
      [],
    ]);
    expect(scenario.operators.map(({ deed }) => deed.does)).toEqual(['hold', 'rollback', 'approve']);
  });
});

describe('a fleet', () => {
  property(
    'a number is so many nodes, in no place more than one more than in another',
    [fc.integer({ min: 1, max: NODES_MAX })],
    (nodes) => {
      const { fleet } = read({ ...SMALL, fleet: nodes });
      const counts = fleet.map((group) => group.nodes);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(nodes);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(fleet).toHaveLength(Math.min(nodes, 16));
    },
  );

  it('B1: the nodes of a zone that is split are counted as they would be assigned', () => {
    const zones = { strategy: 'split', zones: { 'use1-az4': { 'prod-1': 1, 'prod-2': 3 } } };
    const { fleet } = read({ ...SMALL, zones, fleet: [{ stack: 'basalt', zone: 'use1-az4', nodes: 400 }] });
    const map = ZoneMap.decode(zones);
    if (E.isLeft(map)) throw new Error('the map is valid');
    const inCanary = Array.from({ length: 400 }, (_, i) =>
      environmentForZone(map.right)(
        nameFromLiteral(ZoneId)('use1-az4'),
        nameFromLiteral(NodeName)(`use1-az4-basalt-${i + 1}`),
      ),
    ).filter((environment) => E.isRight(environment) && environment.right === 'prod-1').length;
    expect(inCanary).toBeGreaterThan(50);
    expect(new Map(fleet.map(({ environment, nodes }) => [environment as string, nodes]))).toEqual(
      new Map([
        ['prod-1', inCanary],
        ['prod-2', 400 - inCanary],
      ]),
    );
  });

  it('zones and environments that come to the same place are one group', () => {
    const zones = { strategy: 'table', zones: { a: 'prod-1', b: 'prod-1' } };
    const fleet = [
      { stack: 'basalt', zone: 'a', nodes: 5 },
      { stack: 'basalt', zone: 'b', nodes: 7 },
      { stack: 'basalt', environment: 'prod-1', nodes: 1 },
    ];
    expect(read({ ...SMALL, zones, fleet }).fleet).toEqual([{ stack: 'basalt', environment: 'prod-1', nodes: 13 }]);
  });

  it.each([
    ['a zone that is not mapped (B2)', 'b', 'fleet.0.zone: expected one of a, got "b"'],
    [
      'neither a zone nor an environment',
      undefined,
      'fleet.0: expected either an environment or a zone, got an object',
    ],
  ])('%s is refused by name', (_what, zone, expected) => {
    const zones = { strategy: 'table', zones: { a: 'prod-1' } };
    const entry = { stack: 'basalt', nodes: 5, ...(zone === undefined ? {} : { zone }) };
    expect(errorOf({ ...SMALL, zones, fleet: [entry] })).toBe(expected);
  });
});

describe('what is wrong is refused by its field', () => {
  it.each<readonly [string, object, string]>([
    ['an unknown field', { fleeet: 3 }, 'fleeet: expected no field of this name; the fields are name, plan, lasts, fl'],
    ['a word that is no plan', { plan: 'slak' }, 'plan: expected a release plan, or "slack", got "slak"'],
    ['no duration', { lasts: 3 }, 'lasts: expected a duration such as 90s, 10m, 12h or 1h30m, got 3'],
    ['no time at all', { lasts: '0s' }, 'lasts: expected a duration from 1m to 3650d, got "0s"'],
    ['a start in 1970', { starts_at: '1970-01-01T00:00:00Z' }, 'starts_at: expected an instant from 2000-01-01T00:'],
    ['no nodes', { fleet: 0 }, 'fleet: expected an integer from 1 to 5000000, got 0'],
    ['a fleet of none', { fleet: [] }, 'fleet: expected a number of nodes, or a list of at least one group of nodes'],
    [
      'too many nodes in all',
      {
        fleet: [
          { stack: 'basalt', environment: 'dev', nodes: NODES_MAX },
          { stack: 'basalt', environment: 'prod-1', nodes: 1 },
        ],
      },
      'fleet: expected at most 5000000 nodes, got 5000001',
    ],
    [
      'an unknown stack',
      { fleet: [{ stack: 'baslt', environment: 'dev', nodes: 1 }] },
      'fleet.0.stack: expected one of basalt, ironstone, got "baslt"',
    ],
    [
      'an unknown environment',
      { fleet: [{ stack: 'basalt', environment: 'prd-1', nodes: 1 }] },
      'fleet.0.environment: expected one of sandbox, dev, prod-1, prod-2, prod-3, prod-4, prod-5, prod-6, ami-dev,',
    ],
    [
      'an environment twice',
      {
        fleet: [
          { stack: 'basalt', environment: 'dev', nodes: 1 },
          { stack: 'basalt', environment: 'dev', nodes: 2 },
        ],
      },
      'fleet.1: expected each environment, and each zone, of a stack once, got "basalt/dev"',
    ],
    [
      'a zone without a map',
      { fleet: [{ stack: 'basalt', zone: 'a', nodes: 1 }] },
      'zones: expected a zone map, since the fleet names a zone, got nothing',
    ],
    [
      'a map to an environment that the plan does not have',
      { zones: { strategy: 'table', zones: { a: 'prod-9' } } },
      'zones.zones.a: expected one of sandbox,',
    ],
    [
      'a version twice',
      {
        artifacts: [
          { version: '1', at: '0s' },
          { version: '1', at: '1h' },
        ],
      },
      'artifacts.1.version: expected a version of its own, neither installed nor another artifact, got "1"',
    ],
    [
      'a version that is installed already',
      { installed: '1', artifacts: [{ version: '1', at: '0s' }] },
      'artifacts.0.version: expected a version of its own',
    ],
    [
      'an artifact after the end',
      { artifacts: [{ version: '1', at: '1d' }] },
      'artifacts.0.at: expected less than the scenario lasts, 1d, got "1d"',
    ],
    [
      'a place that is none',
      { artifacts: [{ version: '1', at: '0s', bad: [{ on: 'canaries' }] }] },
      'artifacts.0.bad.0.on: expected "canary", "late-stops", or stacks and environments, got "canaries"',
    ],
    [
      'a canary of a plan without one',
      {
        plan: {
          name: 'p',
          stacks: ['basalt'],
          stages: [{ name: 'l', kind: 'latest', environments: ['dev'], every: '1h' }],
        },
        artifacts: [{ version: '1', at: '0s', bad: [{ on: 'canary' }] }],
      },
      'artifacts.0.bad.0.on: expected a plan with a canary, or environments, got "canary"',
    ],
    [
      'a list of no environments',
      { artifacts: [{ version: '1', at: '0s', bad: [{ on: { environments: [] } }] }] },
      'artifacts.0.bad.0.on.environments: expected a list of at least one environment, got a list of 0',
    ],
    ['more than all of them', { stream: { every: '1h', bad_share: 1.5 } }, 'stream.bad_share: expected a share from 0'],
    ['infinitely many', { stream: { every: '1h', bad_share: Infinity } }, 'stream.bad_share: expected a share from 0'],
    [
      'an artifact that is bad in more than 16 ways',
      { artifacts: [{ version: '1', at: '0s', bad: Array.from({ length: 17 }, () => ({})) }] },
      'artifacts.0.bad: expected at most 16 ways to be bad, got a list of 17',
    ],
    [
      'more than 1024 faults',
      { faults: Array.from({ length: 1_025 }, () => ({ kind: 'rebooted', at: '1h' })) },
      'faults: expected at most 1024 faults, those of "default" counted, got 1025',
    ],
    [
      'more than 1024 faults in mixes',
      { faults: Array.from({ length: 1_024 }, () => 'default') },
      'faults: expected at most 1024 faults, those of "default" counted, got',
    ],
    [
      'more than 100 stacks',
      {
        plan: {
          name: 'p',
          stacks: Array.from({ length: 101 }, (_, i) => `stack-${i}`),
          stages: [{ name: 'l', kind: 'latest', environments: ['dev'], every: '1h' }],
        },
      },
      'plan.stacks: expected ',
    ],
    [
      'a Chef server that fails twice as often',
      { faults: [{ kind: 'chef-server-down', per_day: 0.1, on: { stacks: ['basalt', 'ironstone', 'basalt'] } }] },
      'faults.0.on.stacks.2: expected each name once, got "basalt"',
    ],
    [
      'an environment twice of a place',
      { artifacts: [{ version: '1', at: '0s', bad: [{ on: { environments: ['dev', 'dev'] } }] }] },
      'artifacts.0.bad.0.on.environments.1: expected each name once, got "dev"',
    ],
    ['a stream without a pause', { stream: { every: '0s' } }, 'stream.every: expected a duration from 1m to 3650d'],
    [
      'runs that end before they began',
      { runs: { shortest: '7m' } },
      'runs.longest: expected at least shortest, got "6m"',
    ],
    ['a limit that ends good runs', { runs: { time_limit: '5m' } }, 'runs.time_limit: expected at least longest'],
    ['a lead as long as the window', { node: { lead: '12h' } }, 'node.lead: expected less than window, got "12h"'],
    ['a back-off above its cap', { node: { backoff_base: '1h' } }, 'node.backoff_base: expected at most backoff_cap'],
    [
      'half a second',
      { fallback: { threshold: '1500ms' } },
      'fallback.threshold: expected a duration of whole seconds',
    ],
    [
      'a fallback by a word',
      { fallback: 'off' },
      'fallback: expected "none", or how the fallback is configured, got "of',
    ],
    ['no Librarian', { librarian: { replicas: 0 } }, 'librarian.replicas: expected an integer from 1 to 10, got 0'],
    [
      'an unknown word for faults',
      { faults: 'defaults' },
      'faults: expected "default", or a list of faults, got "defau',
    ],
    [
      'an unknown kind',
      { faults: [{ kind: 'flood', at: '1h' }] },
      'faults.0.kind: expected one of agent-killed, reboot',
    ],
    ['no moment', { faults: [{ kind: 'rebooted' }] }, 'faults.0: expected either at or per_day, got an object'],
    [
      'two moments',
      { faults: ['default', { kind: 'rebooted', at: '1h', per_day: 0.1 }] },
      'faults.1: expected either at or per_day, got an object',
    ],
    [
      'a fault after the end',
      { faults: [{ kind: 'rebooted', at: '2d' }] },
      'faults.0.at: expected less than the scenario',
    ],
    [
      'a clock set by nothing',
      { faults: [{ kind: 'clock-stepped', at: '1h' }] },
      'faults.0.step: expected by how much the',
    ],
    [
      'a step of nothing',
      { faults: [{ kind: 'clock-stepped', at: '1h', step: '-0s' }] },
      'faults.0.step: expected a step of at most 365d forward or back, such as 30m or -30m, got "-0s"',
    ],
    [
      'a step of what has no clock',
      { faults: [{ kind: 'rebooted', at: '1h', step: '30m' }] },
      'faults.0.step: expected nothing here, since only clock-stepped sets a clock, got 1800000',
    ],
    [
      'a length of what has none',
      { faults: [{ kind: 'agent-killed', at: '1h', for: '1h' }] },
      'faults.0.for: expected nothing here, since agent-killed does not last',
    ],
    [
      'a share of what is shared',
      { faults: [{ kind: 'bus-down', at: '1h', on: { share: 0.5 } }] },
      'faults.0.on.share: expected nothing here, since nodes share what bus-down strikes, got 0.5',
    ],
    [
      'an environment of a Chef server',
      { faults: [{ kind: 'chef-server-down', at: '1h', on: { environments: ['dev'] } }] },
      'faults.0.on.environments: expected nothing here, since chef-server-down strikes whole stacks',
    ],
    [
      'a stack of the Librarian',
      { faults: [{ kind: 'librarian-down', at: '1h', on: { stacks: ['basalt'] } }] },
      'faults.0.on: expected nothing here, since librarian-down strikes everything',
    ],
    [
      'a fault where the plan has nothing',
      { faults: [{ kind: 'bus-down', at: '1h', on: { stacks: ['granite'] } }] },
      'faults.0.on.stacks.0: expected one of basalt, ironstone, got "granite"',
    ],
    [
      'an unknown deed',
      { operators: [{ at: '1h', does: 'pray' }] },
      'operators.0.does: expected one of hold, lift, promo',
    ],
    [
      'a deed with a field of another',
      { operators: [{ at: '1h', does: 'lift', id: 'a', version: '1' }] },
      'operators.0.version: expected no field of this name; the fields are at, does, id',
    ],
    [
      'a hold on a stage that is none',
      { operators: [{ at: '1h', does: 'hold', id: 'a', scope: 'stage:tran' }] },
      'operators.0.scope: expected stage:NAME with one of latest, canary, train, got "stage:tran"',
    ],
    [
      'a hold on what is no scope',
      { operators: [{ at: '1h', does: 'hold', id: 'a', scope: 'all' }] },
      'operators.0.scope: expected plan, stage:NAME, environment:NAME or stack:NAME, got "all"',
    ],
    [
      'two holds of one id',
      {
        operators: [
          { at: '1h', does: 'hold', id: 'a', scope: 'plan' },
          { at: '2h', does: 'hold', id: 'a', scope: 'plan' },
        ],
      },
      'operators.1.id: expected an id that no other hold has, got "a"',
    ],
    [
      'a lift before its hold',
      {
        operators: [
          { at: '2h', does: 'hold', id: 'a', scope: 'plan' },
          { at: '1h', does: 'lift', id: 'a' },
        ],
      },
      'operators.1.id: expected the id of a hold that was set before, got "a"',
    ],
    [
      'a version that never comes',
      { installed: '1', operators: [{ at: '1h', does: 'promote', version: '3', environment: 'prod' }] },
      'operators.0.version: expected one of 1, got "3"',
    ],
    [
      'a rollback of what the plan does not have',
      { operators: [{ at: '1h', does: 'rollback', environments: ['dev', 'prd'] }] },
      'operators.0.environments.1: expected one of sandbox,',
    ],
    [
      'a deed after the end',
      { operators: [{ at: '1d', does: 'run-now' }] },
      'operators.0.at: expected less than the scen',
    ],
  ])('%s', (_what, change, expected) => {
    expect(errorOf({ ...SMALL, ...change }).slice(0, expected.length)).toBe(expected);
  });

  property(
    'whatever stands in place of a field, it is read or refused, without a throw',
    [
      scenarioDocument,
      fc.nat(),
      fc.oneof(
        fc.constantFrom(...arb.hostileTokens),
        arb.jsonValue.map((value) => JSON.stringify(value)),
      ),
    ],
    (document, choice, token) => {
      const json: unknown = JSON.parse(JSON.stringify(document));
      const paths = arb.fieldPaths(json);
      const text = arb.withToken(json, paths[choice % paths.length] ?? [], token);
      let hostile: unknown;
      try {
        hostile = JSON.parse(text);
      } catch {
        return;
      }
      expect(['Left', 'Right']).toContain(decodeScenario(hostile)._tag);
    },
    { numRuns: 300 },
  );

  property(
    'a field that nobody knows is named, wherever it stands',
    [scenarioDocument, fc.nat()],
    (document, choice) => {
      const json: unknown = JSON.parse(JSON.stringify(document));
      const places = arb.fieldPaths(json).map((path) => path.slice(0, -1));
      const place = places[choice % places.length] ?? [];
      const host = place.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], json);
      (host as Record<string, unknown>)['unheard_of'] = 1;
      expect(errorOf(json)).toContain(`${[...place, 'unheard_of'].join('.')}: expected no`);
    },
  );
});

describe('faults', () => {
  it('are sorted by what they strike, with how long each kind lasts', () => {
    const { nodeFaults, sharedFaults } = read({
      ...SMALL,
      faults: [
        { kind: 'bus-down', per_day: 0.5, on: { stacks: ['basalt'] } },
        { kind: 'clock-stepped', at: '1h', step: '-90s', on: { share: 0.1 } },
        { kind: 'rebooted', at: '2h', for: '30m' },
      ],
    });
    expect(sharedFaults).toEqual([
      {
        kind: 'bus-down',
        when: { _tag: 'Daily', probability: 0.5 },
        on: { stacks: ['basalt'] },
        forMs: 20 * MINUTE_MS,
      },
    ]);
    expect(nodeFaults).toEqual([
      { kind: 'clock-stepped', when: { _tag: 'At', atMs: HOUR_MS }, on: { share: 0.1 }, forMs: 0, stepMs: -90_000 },
      { kind: 'rebooted', when: { _tag: 'At', atMs: 2 * HOUR_MS }, on: {}, forMs: 30 * MINUTE_MS, stepMs: 0 },
    ]);
  });

  it('an instant is read to the millisecond', () => {
    expect(formatInstant(read({ ...SMALL, starts_at: '2026-03-01T00:00:00.250+01:00' }).startsAt)).toBe(
      '2026-02-28T23:00:00.25Z',
    );
  });
});
