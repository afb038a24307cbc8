/**
 * Small scenarios of every kind: fleets of a few nodes, some days of time, and whatever may go wrong. They are made as
 * documents, so that one which fails can be written down and simulated again by hand, and they shrink to few nodes, few
 * faults and little time.
 */
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import type { ArtifactJson } from '../../src/apps/simulator/document/artifacts.ts';
import type { FaultJson } from '../../src/apps/simulator/document/faults.ts';
import type { FleetEntryJson } from '../../src/apps/simulator/document/fleet.ts';
import type { OperatorJson } from '../../src/apps/simulator/document/operators.ts';
import type { Scenario } from '../../src/apps/simulator/scenario.ts';
import { decodeScenario, type ScenarioJson } from '../../src/apps/simulator/scenario-json.ts';
import type { SimulationResult, Violation } from '../../src/apps/simulator/simulation-result.ts';
import { formatFieldErrors } from '../../src/domain/decoding.ts';
import type { ReleasePlanJson } from '../../src/domain/release-plan.ts';
import { formatDuration, HOUR_MS, MINUTE_MS } from '../../src/domain/time.ts';

const hours = (min: number, max: number) => fc.integer({ min, max }).map((h) => formatDuration(h * HOUR_MS));
const minutes = (min: number, max: number) => fc.integer({ min, max }).map((m) => formatDuration(m * MINUTE_MS));

/** A moment of the scenario that is no round one: what is due at one instant with something else is a case of its own. */
const moment = (lastsHours: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.integer({ min: 0, max: lastsHours * HOUR_MS - 1 }),
      fc.integer({ min: 0, max: lastsHours * 4 - 1 }).map((quarters) => quarters * 15 * MINUTE_MS),
    )
    .map(formatDuration);

const planOf = (stacks: number, stops: number, everyMinutes: number): ReleasePlanJson => ({
  name: 'small',
  stacks: ['basalt', 'ironstone'].slice(0, stacks),
  stages: [
    { name: 'latest', kind: 'latest', environments: ['dev'], every: `${everyMinutes}m`, splay: 300 },
    {
      name: 'canary',
      kind: 'canary',
      environments: ['prod-1'],
      follows: 'dev',
      every: `${everyMinutes}m`,
      offset: `${everyMinutes / 2}m`,
      splay: 300,
    },
    {
      name: 'train',
      kind: 'train',
      environments: Array.from({ length: stops }, (_, i) => `prod-${i + 2}`),
      boards: 'prod-1',
      every: `${everyMinutes}m`,
      offset: `${everyMinutes / 2}m`,
      splay: 900,
    },
  ],
});

const fleetOf = (plan: ReleasePlanJson): fc.Arbitrary<readonly FleetEntryJson[]> => {
  const places = plan.stages.flatMap(({ environments }) =>
    environments.flatMap((environment) => plan.stacks.map((stack) => ({ stack, environment }))),
  );
  return fc
    .tuple(...places.map((place) => fc.integer({ min: 1, max: 3 }).map((nodes) => ({ ...place, nodes }))))
    .map((groups) => groups);
};

const version = (nth: number): string => `1.${nth}.0`;

const artifacts = (lastsHours: number): fc.Arbitrary<readonly ArtifactJson[]> =>
  fc
    .array(
      fc.record(
        {
          at: moment(lastsHours),
          bad: fc.oneof(
            { weight: 3, arbitrary: fc.constant([]) },
            {
              weight: 1,
              arbitrary: fc.constantFrom(
                [{}],
                [{ on: 'canary' as const }],
                [{ share: 0.5 }],
                [{ how: 'hangs' as const, share: 0.3 }],
              ),
            },
          ),
          breaks_summoner: fc.oneof(
            { weight: 8, arbitrary: fc.constant(false) },
            { weight: 1, arbitrary: fc.constant(true) },
          ),
        },
        { noNullPrototype: true },
      ),
      { maxLength: 4 },
    )
    .map((list) => list.map((artifact, nth) => ({ ...artifact, version: version(nth + 1) })));

const NODE_FAULTS = [
  'agent-killed',
  'rebooted',
  'suspended',
  'disk-full',
  'state-torn',
  'cloned',
  'summoner-broken',
  'run-hangs',
  'client-upgraded',
  'agent-restarted',
  'agent-upgraded',
] as const;
const LASTING_NODE_FAULTS: ReadonlySet<string> = new Set(['rebooted', 'suspended', 'disk-full', 'cloned']);
const SHARED_FAULTS = [
  'bus-down',
  'bus-denied',
  'bus-garbled',
  'bus-replaying',
  'bus-answers-lost',
  'chef-server-down',
  'pins-refused',
  'librarian-down',
  'librarian-killed',
  'store-down',
  'audit-unwritable',
] as const;

const nodeFault = (lastsHours: number): fc.Arbitrary<FaultJson> => {
  const when = fc.oneof(
    moment(lastsHours).map((at) => ({ at, on: { share: 0.5 } })),
    fc.constantFrom(0.1, 0.5, 1).map((per_day) => ({ per_day })),
  );
  const usual = fc
    .tuple(fc.constantFrom(...NODE_FAULTS), when, minutes(1, 240))
    .map(([kind, occurs, lasts]): FaultJson => ({
      kind,
      ...occurs,
      ...(LASTING_NODE_FAULTS.has(kind) ? { for: lasts } : {}),
    }));
  const step = fc
    .tuple(when, fc.constantFrom('', '-'), minutes(1, 180))
    .map(([occurs, sign, by]): FaultJson => ({ kind: 'clock-stepped', ...occurs, step: `${sign}${by}` }));
  return fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: step });
};

const sharedFault = (lastsHours: number): fc.Arbitrary<FaultJson> =>
  fc
    .tuple(fc.constantFrom(...SHARED_FAULTS), moment(lastsHours), minutes(1, 300))
    .map(([kind, at, lasts]) => ({ kind, at, for: lasts }));

const operator = (lastsHours: number, stops: number): fc.Arbitrary<OperatorJson> => {
  const environment = fc.integer({ min: 1, max: stops + 1 }).map((n) => `prod-${n}`);
  const at = moment(lastsHours);
  return fc.oneof(
    fc
      .tuple(at, hours(1, 10), fc.constantFrom('plan', 'stage:train', 'environment:prod-1', 'stack:basalt'))
      .map(([t, lasts, scope]) => ({ at: t, does: 'hold' as const, id: 'freeze', scope, for: lasts })),
    fc.tuple(at, environment).map(([t, stop]) => ({ at: t, does: 'rollback' as const, environments: [stop] })),
    fc
      .tuple(at, environment)
      .map(([t, stop]) => ({ at: t, does: 'promote' as const, version: version(0), environment: stop })),
    fc.tuple(at, fc.nat({ max: 2 })).map(([t, nth]) => ({ at: t, does: 'reject' as const, version: version(nth) })),
    fc.tuple(at, fc.nat({ max: 2 })).map(([t, nth]) => ({ at: t, does: 'approve' as const, version: version(nth) })),
    fc.tuple(at, hours(1, 20), fc.boolean()).map(([t, lasts, floorToo]) => ({
      at: t,
      does: 'disable' as const,
      on: { share: 0.5 },
      for: lasts,
      floor_too: floorToo,
    })),
    at.map((t) => ({ at: t, does: 'enable' as const })),
    at.map((t) => ({ at: t, does: 'run-now' as const, on: { share: 0.5 } })),
  );
};

/** A run request of the first half of the scenario, which may be withdrawn in the second. */
const runRequest = (lastsHours: number, stops: number): fc.Arbitrary<readonly OperatorJson[]> =>
  fc
    .record({
      at: moment(Math.floor(lastsHours / 2)),
      environment: fc.integer({ min: 1, max: stops + 1 }).map((n) => `prod-${n}`),
      nodes: fc.constantFrom(['*'], ['*-1', '*-3'], ['*-basalt-*']),
      splay: fc.constantFrom(0, 300, 3_000),
      expires: hours(1, 12),
      withdrawn: fc.option(hours(Math.ceil(lastsHours / 2), lastsHours - 1)),
    })
    .map(({ withdrawn, environment, ...rest }) => [
      { does: 'run-request', id: 'ask', environment, ...rest },
      ...(withdrawn === null ? [] : [{ at: withdrawn, does: 'withdraw' as const, id: 'ask', environment }]),
    ]);

/** Two holds of one id are one, and so are two run requests. */
const withOwnId = (deed: OperatorJson, nth: number): OperatorJson =>
  deed.does === 'hold' || deed.does === 'run-request' || deed.does === 'withdraw'
    ? { ...deed, id: `${deed.id}-${nth}` }
    : deed;

/** People speak of versions that there are. */
const withKnownVersions = (document: ScenarioJson): ScenarioJson => {
  const known = (document.artifacts?.length ?? 0) + 1;
  const operators = (document.operators ?? []).map((deed): OperatorJson =>
    deed.does === 'reject' || deed.does === 'approve'
      ? { ...deed, version: version(Number(deed.version.split('.')[1]) % known) }
      : deed,
  );
  return { ...document, operators };
};

/** A scenario document of a few nodes and a few days. */
export const smallScenario: fc.Arbitrary<ScenarioJson> = fc
  .tuple(
    fc.integer({ min: 1, max: 2 }),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom(30, 60, 120),
    fc.integer({ min: 2, max: 60 }),
    fc.boolean(),
  )
  .chain(([stacks, stops, everyMinutes, lastsHours, isInstalled]) => {
    const plan = planOf(stacks, stops, everyMinutes);
    return fc.record(
      {
        name: fc.constant('small'),
        about: fc.constant('a small scenario'),
        plan: fc.constant(plan),
        lasts: fc.constant(formatDuration(lastsHours * HOUR_MS)),
        fleet: fleetOf(plan),
        ...(isInstalled ? { installed: fc.constant(version(0)) } : {}),
        artifacts: artifacts(lastsHours),
        runs: fc.constant({ shortest: '1m', longest: '5m', flaky_share: 0.02, time_limit: '1h' }),
        node: fc.record(
          {
            poll_every: minutes(1, 10),
            catch_up_splay: fc.constantFrom(60, 300, 600),
            restart: fc.constantFrom('10s', '5m'),
            run_in: fc.constantFrom('child' as const, 'unit' as const),
          },
          { noNullPrototype: true },
        ),
        librarian: fc.record(
          { tick_every: minutes(1, 5), replicas: fc.integer({ min: 1, max: 2 }) },
          { noNullPrototype: true },
        ),
        faults: fc
          .tuple(fc.array(nodeFault(lastsHours), { maxLength: 3 }), fc.array(sharedFault(lastsHours), { maxLength: 3 }))
          .map((lists): readonly FaultJson[] => lists.flat()),
        operators: isInstalled
          ? fc
              .array(
                fc.oneof(
                  { weight: 4, arbitrary: operator(lastsHours, stops).map((deed) => [deed]) },
                  runRequest(lastsHours, stops),
                ),
                { maxLength: 3 },
              )
              .map((list) => list.flatMap((deeds, nth) => deeds.map((deed) => withOwnId(deed, nth))))
          : fc.constant([]),
      },
      { noNullPrototype: true },
    );
  })
  .map(withKnownVersions);

/** The scenario of a document that the test itself made. */
export const scenarioOf = (document: ScenarioJson): Scenario => {
  const scenario = decodeScenario(document);
  if (E.isLeft(scenario)) throw new TypeError(formatFieldErrors(scenario.left));
  return scenario.right;
};

const lineOf = ({ law, at, where, what }: Violation): string =>
  `${law} at ${new Date(at).toISOString()}, ${where}: ${what}`;

/** Throws where a law was broken: what, and how to simulate it again by hand. */
export const expectLawful = (document: ScenarioJson, { seed, violations, violationCount }: SimulationResult): void => {
  if (violationCount === 0) return;
  throw new Error(
    [
      ...violations.slice(0, 5).map(lineOf),
      `${violationCount} in all. Save the document below as scenario.json, and replay it with`,
      `  signalbox simulate scenario.json --seed ${seed}`,
      JSON.stringify(document),
    ].join('\n'),
  );
};
