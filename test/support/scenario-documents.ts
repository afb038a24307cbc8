/** Scenario documents that are valid, of every form that a scenario may have. */
import fc from 'fast-check';
import type { ArtifactJson, BadnessJson } from '../../src/apps/simulator/document/artifacts.ts';
import type { FaultJson, FaultsJson } from '../../src/apps/simulator/document/faults.ts';
import type { FleetJson } from '../../src/apps/simulator/document/fleet.ts';
import type { OperatorJson } from '../../src/apps/simulator/document/operators.ts';
import type { FleetScopeJson, PlaceJson } from '../../src/apps/simulator/document/scope.ts';
import type { FallbackJson, NodeJson, RunsJson } from '../../src/apps/simulator/document/settings.ts';
import {
  FAULT_KINDS,
  isNodeFaultKind,
  NODE_FAULT_LASTS_MS,
  SHARED_FAULT_TRAITS,
} from '../../src/apps/simulator/fault-kinds.ts';
import type { ScenarioJson } from '../../src/apps/simulator/scenario-json.ts';
import { DAY_MS, formatDuration, formatInstant, SECOND_MS } from '../../src/domain/time.ts';
import { instant } from './arbitraries.ts';
import { SLACK_PLAN_JSON } from './slack.ts';

const STACKS = ['basalt', 'ironstone'];
const ENVIRONMENTS = ['sandbox', 'dev', 'prod-1', 'prod-2', 'prod-3', 'prod-4', 'prod-5', 'prod-6', 'prod'];
const LASTS_MS = 10 * DAY_MS;

/** Records without keys that were left out, as a document has them. */
const some = <T extends object>(model: { [K in keyof T]-?: fc.Arbitrary<Exclude<T[K], undefined>> }): fc.Arbitrary<T> =>
  fc.record(model, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<T>;

const durationOf = (min: number, max: number) => fc.integer({ min, max }).map(formatDuration);
const at = durationOf(0, LASTS_MS - 1);
const lasting = durationOf(1, LASTS_MS);
const share = fc.oneof(fc.constantFrom(0, 1, 0.5), fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs));
const someOf = (names: readonly string[]) => fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 });
const place = some<PlaceJson>({ stacks: someOf(STACKS), environments: someOf(ENVIRONMENTS) });
const scope = some<FleetScopeJson>({ stacks: someOf(STACKS), environments: someOf(ENVIRONMENTS), share });

const badness = some<BadnessJson>({
  on: fc.oneof(place, fc.constantFrom('canary' as const, 'late-stops' as const)),
  share,
  after: durationOf(0, LASTS_MS),
  how: fc.constantFrom('fails' as const, 'hangs' as const),
});

/** The fields of both. */
const both = <A extends object, B extends object>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> =>
  fc.tuple(a, b).map(([x, y]) => ({ ...x, ...y }));

const artifact = (version: string): fc.Arbitrary<ArtifactJson> =>
  both(
    fc.record({ version: fc.constant(version), at }, { noNullPrototype: true }),
    some<Pick<ArtifactJson, 'bad' | 'breaks_summoner' | 'cookbooks'>>({
      bad: fc.array(badness, { maxLength: 3 }),
      breaks_summoner: fc.boolean(),
      cookbooks: fc.integer({ min: 1, max: 10_000 }),
    }),
  );

const when = fc.oneof(
  at.map((moment) => ({ at: moment })),
  share.map((per_day) => ({ per_day })),
);

const fault: fc.Arbitrary<FaultJson> = fc.constantFrom(...FAULT_KINDS).chain((kind) => {
  const head = both(fc.constant({ kind }), when);
  if (kind === 'clock-stepped') {
    const step = fc
      .tuple(fc.constantFrom('', '-'), durationOf(1, DAY_MS))
      .map(([sign, duration]) => ({ step: `${sign}${duration}` }));
    return both(both(head, step), some<Pick<FaultJson, 'on'>>({ on: scope }));
  }
  if (isNodeFaultKind(kind)) {
    return NODE_FAULT_LASTS_MS[kind] === undefined
      ? both(head, some<Pick<FaultJson, 'on'>>({ on: scope }))
      : both(head, some<Pick<FaultJson, 'on' | 'for'>>({ on: scope, for: lasting }));
  }
  const { reach } = SHARED_FAULT_TRAITS[kind];
  if (reach === 'all') return both(head, some<Pick<FaultJson, 'for'>>({ for: lasting }));
  const on = reach === 'key' ? place : someOf(STACKS).map((stacks): PlaceJson => ({ stacks }));
  return both(head, some<Pick<FaultJson, 'on' | 'for'>>({ on, for: lasting }));
});

const faults: fc.Arbitrary<FaultsJson> = fc.oneof(
  fc.constant('default' as const),
  fc.array(fc.oneof({ weight: 5, arbitrary: fault }, { weight: 1, arbitrary: fc.constant('default' as const) }), {
    maxLength: 6,
  }),
);

const splay = fc.integer({ min: 0, max: 86_400 });

const operator = (versions: readonly string[], id: string): fc.Arbitrary<OperatorJson> => {
  const version = fc.constantFrom(...versions);
  const deed = <D extends object>(does: fc.Arbitrary<D>) => both(fc.record({ at }, { noNullPrototype: true }), does);
  return fc.oneof(
    deed(
      both(
        fc.record({
          does: fc.constant('hold' as const),
          id: fc.constant(id),
          scope: fc.constantFrom('plan', 'stage:canary', 'environment:prod-3', 'stack:basalt'),
        }),
        some<{ for?: string }>({ for: lasting }),
      ),
    ),
    deed(
      both(
        fc.record({ does: fc.constant('promote' as const), version, environment: fc.constantFrom(...ENVIRONMENTS) }),
        some<{ stack?: string; splay?: number }>({ stack: fc.constantFrom(...STACKS), splay }),
      ),
    ),
    deed(
      both(
        fc.record({ does: fc.constant('rollback' as const), environments: someOf(ENVIRONMENTS) }),
        some<{ to?: string }>({ to: version }),
      ),
    ),
    deed(fc.record({ does: fc.constantFrom('reject' as const, 'approve' as const), version })),
    deed(
      both(
        fc.record({ does: fc.constant('disable' as const), for: lasting }),
        some<{ on?: FleetScopeJson; floor_too?: boolean }>({ on: scope, floor_too: fc.boolean() }),
      ),
    ),
    deed(
      both(
        fc.record({ does: fc.constantFrom('enable' as const, 'run-now' as const) }),
        some<{ on?: FleetScopeJson }>({ on: scope }),
      ),
    ),
    deed(
      both(
        fc.record({
          does: fc.constant('run-request' as const),
          id: fc.constant(id),
          environment: fc.constantFrom(...ENVIRONMENTS),
        }),
        some<{ nodes?: readonly string[]; splay?: number; expires?: string }>({
          nodes: fc.constantFrom(['*'], ['web-?', 'db-1']),
          splay,
          expires: durationOf(60_000, 28 * DAY_MS),
        }),
      ),
    ),
  );
};

const fleet: fc.Arbitrary<FleetJson> = fc.oneof(
  fc.integer({ min: 1, max: 5_000_000 }),
  fc.uniqueArray(
    fc.record(
      {
        stack: fc.constantFrom(...STACKS),
        environment: fc.constantFrom(...ENVIRONMENTS),
        nodes: fc.integer({ min: 1, max: 10_000 }),
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 8, selector: ({ stack, environment }) => `${stack}/${environment}` },
  ),
);

const runs: fc.Arbitrary<RunsJson> = fc
  .tuple(fc.uniqueArray(fc.integer({ min: SECOND_MS, max: DAY_MS }), { minLength: 3, maxLength: 3 }), share)
  .map(([times, flaky_share]) => {
    const [shortest = 0, longest = 0, time_limit = 0] = times.toSorted((a, b) => a - b);
    return {
      shortest: formatDuration(shortest),
      longest: formatDuration(longest),
      time_limit: formatDuration(time_limit),
      flaky_share,
    };
  });

const node = some<NodeJson>({
  poll_soon: durationOf(SECOND_MS, 20 * SECOND_MS),
  poll_every: durationOf(20 * SECOND_MS, 1_800_000),
  poll_idle: durationOf(1_800_000, 3_600_000),
  window: durationOf(3_600_000, 30 * DAY_MS),
  lead: durationOf(0, 3_599_999),
  catch_up_splay: splay,
  attempts_max: fc.integer({ min: 1, max: 100 }),
  backoff_base: durationOf(SECOND_MS, 1_800_000),
  backoff_cap: durationOf(1_800_000, DAY_MS),
  restart: durationOf(0, DAY_MS),
  run_in: fc.constantFrom('child' as const, 'unit' as const),
});

const seconds = fc.integer({ min: 1, max: 9_999_999 }).map((count) => formatDuration(count * SECOND_MS));

const fallback: fc.Arbitrary<FallbackJson> = fc.oneof(
  fc.constantFrom('none' as const, null),
  some<Exclude<FallbackJson, 'none' | null>>({
    every: durationOf(60_000, DAY_MS),
    threshold: seconds,
    retry_interval: seconds,
    splay,
  }),
);

/** A valid {@link ScenarioJson}. */
export const scenarioDocument: fc.Arbitrary<ScenarioJson> = fc
  .record({ count: fc.nat(4), deeds: fc.nat(5), isInstalled: fc.boolean() })
  .chain(({ count, deeds, isInstalled }) => {
    const versions = Array.from({ length: count }, (_, i) => `1.${i + 1}.0`);
    const known = [...versions, ...(isInstalled ? ['1.0.0'] : [])];
    return both(
      fc.record(
        {
          name: fc.constantFrom('a', 'some-scenario', '0.x'),
          plan: fc.constantFrom('slack' as const, SLACK_PLAN_JSON),
          lasts: fc.constant(formatDuration(LASTS_MS)),
          fleet,
          artifacts: fc.tuple(...versions.map(artifact)),
          operators:
            known.length === 0
              ? fc.constant([])
              : fc.tuple(...Array.from({ length: deeds }, (_, i) => operator(known, `h${i}`))),
        },
        { noNullPrototype: true },
      ),
      both(
        fc.constant(isInstalled ? { installed: '1.0.0' } : {}),
        some<
          Omit<
            ScenarioJson,
            'name' | 'plan' | 'lasts' | 'fleet' | 'zones' | 'installed' | 'start' | 'artifacts' | 'operators'
          >
        >({
          about: fc.constantFrom('', 'one line'),
          starts_at: instant.filter((ms) => ms >= 946_684_800_000 && ms <= 4_102_444_800_000).map(formatInstant),
          stream: both(
            fc.record({ every: durationOf(60_000, LASTS_MS) }),
            some<{ bad_share?: number }>({ bad_share: share }),
          ),
          runs,
          node,
          fallback,
          librarian: some<{ tick_every?: string; replicas?: number }>({
            tick_every: durationOf(SECOND_MS, 3_600_000),
            replicas: fc.integer({ min: 1, max: 10 }),
          }),
          faults,
        }),
      ),
    );
  });
