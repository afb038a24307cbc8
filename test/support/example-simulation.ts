/**
 * Plausible answers of a simulation without simulating anything: for what shows them. The trains roll as trains do, the
 * nodes converge over a splay, a Chef server fails, a bad version is rolled back and a law is broken twice.
 */
import type { SimulationResult, Mark, PinChange } from '../../src/apps/simulator/simulation-result.ts';
import { hashFraction } from '../../src/domain/hash.ts';
import { EnvironmentName, nameFromLiteral, NodeName, StackName, Version } from '../../src/domain/names.ts';
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';

/** How much there is to show. */
export interface ExampleSize {
  readonly environments: readonly string[];
  readonly stacks: readonly string[];
  readonly nodesPerEnvironment: number;
  readonly days: number;
  readonly stepMs: number;
  /** A new artifact after about so long. */
  readonly artifactEveryMs: number;
}

/** A week of the eight environments of the published plan, on two stacks. */
export const A_WEEK: ExampleSize = {
  environments: ['sandbox', 'dev', 'prod-1', 'prod-2', 'prod-3', 'prod-4', 'prod-5', 'prod-6'],
  stacks: ['basalt', 'ironstone'],
  nodesPerEnvironment: 1_200,
  days: 7,
  stepMs: 10 * MINUTE_MS,
  artifactEveryMs: 9 * HOUR_MS,
};

const numbered = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);

/** As much as a report has to bear: 1500 steps, a hundred environments, fifty stacks, thousands of pin changes. */
export const A_YEAR_OF_MANY: ExampleSize = {
  environments: numbered('environment', 100),
  stacks: numbered('stack', 50),
  nodesPerEnvironment: 10_000,
  days: 365,
  stepMs: (365 * DAY_MS) / 1500,
  artifactEveryMs: 9 * DAY_MS,
};

const STARTS_AT = epochMs(1_785_715_200_000);
const SPLAY_MS = 50 * MINUTE_MS;
const RUN_MS = 4 * MINUTE_MS;
const WINDOW_MS = 12 * HOUR_MS;
/** The first environments take the newest artifact, the next is the canary, the others are the train. */
const LATEST = 2;

const environmentName = nameFromLiteral(EnvironmentName);
const stackName = nameFromLiteral(StackName);
const version = nameFromLiteral(Version);

interface Outage {
  readonly from: EpochMs;
  readonly until: EpochMs;
}

const versionsOf = ({ days, artifactEveryMs }: ExampleSize): readonly { name: Version; at: EpochMs }[] => {
  const versions = [{ name: version('20260802.1785628800.0'), at: STARTS_AT }];
  for (let at = 2 * HOUR_MS; at < days * DAY_MS; at += artifactEveryMs * (0.5 + hashFraction(`arrival ${at}`))) {
    const arrived = plus(STARTS_AT, at);
    const day = Math.floor(at / DAY_MS) + 3;
    versions.push({
      name: version(`202608${String(day).padStart(2, '0')}.${Math.floor(arrived / 1000)}.0`),
      at: arrived,
    });
  }
  return versions;
};

/** The pins of one stack after the others: `delayed` says when a change that is due at an instant lands. */
const rollTrains = (
  size: ExampleSize,
  rollbackAt: EpochMs,
  delayed: (stack: string, at: EpochMs) => EpochMs,
): readonly PinChange[] => {
  const versions = versionsOf(size);
  const pins: PinChange[] = [];
  const current = size.environments.map(() => 0);
  let rejected = -1;
  const pin = (environment: number, nth: number, at: EpochMs): void => {
    if (current[environment] === nth && at !== STARTS_AT) return;
    current[environment] = nth;
    size.stacks.forEach((stack, i) => {
      pins.push({
        at: delayed(stack, plus(at, at === STARTS_AT ? 0 : i * 7_000)),
        stack: stackName(stack),
        environment: environmentName(size.environments[environment] ?? ''),
        version: versions[nth]?.name ?? version('0'),
      });
    });
  };
  size.environments.forEach((_, environment) => {
    pin(environment, 0, STARTS_AT);
  });
  for (let hour = 0; hour < size.days * 24; hour++) {
    const at = plus(STARTS_AT, hour * HOUR_MS);
    if (rejected < 0 && at >= rollbackAt) {
      const bad = current[LATEST] ?? 0;
      rejected = bad;
      current.forEach((nth, environment) => {
        if (nth === bad) pin(environment, bad - 1, plus(rollbackAt, 3 * MINUTE_MS));
      });
    }
    const newest = versions.findLastIndex((each, nth) => each.at <= at && nth !== rejected);
    for (let environment = 0; environment < LATEST; environment++) pin(environment, newest, at);
    pin(LATEST, current[LATEST - 1] ?? 0, plus(at, 30 * MINUTE_MS));
    const train = current.findIndex((nth, i) => i > LATEST + 1 && nth !== current[i - 1]);
    if (train >= 0) pin(train, current[train - 1] ?? 0, plus(at, 30 * MINUTE_MS));
    else if (current[LATEST + 1] !== undefined) pin(LATEST + 1, current[LATEST] ?? 0, plus(at, 30 * MINUTE_MS));
  }
  return pins;
};

/** A result that is the same every time it is asked for. */
export const exampleSimulation = (size: ExampleSize = A_WEEK): SimulationResult => {
  const lastsMs = size.days * DAY_MS;
  const endsAt = plus(STARTS_AT, lastsMs);
  const at = (share: number): EpochMs => plus(STARTS_AT, Math.round(share * lastsMs));
  const downStack = size.stacks[1] ?? size.stacks[0] ?? '';
  const down: Outage = { from: at(0.31), until: at(0.36) };
  const bus: Outage = { from: at(0.62), until: at(0.645) };
  const pins = rollTrains(size, at(0.508), (stack, when) =>
    stack === downStack && when >= down.from && when < down.until ? plus(down.until, 60_000) : when,
  );
  const steps = Math.ceil(lastsMs / size.stepMs);
  const perStack = size.nodesPerEnvironment / Math.max(size.stacks.length, 1);
  const load = new Map(size.stacks.map((stack) => [stack, new Array<number>(steps).fill(0)]));
  const byPlace = new Map<string, PinChange[]>();
  for (const change of pins.toSorted((a, b) => a.at - b.at)) {
    const place = `${change.environment} ${change.stack}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), change]);
  }
  const convergence = size.environments.map((environment) => {
    const converged = new Array<number>(steps).fill(0);
    for (const stack of size.stacks) {
      const changes = byPlace.get(`${environment} ${stack}`) ?? [];
      let next = 0;
      let since: EpochMs | undefined;
      let before = perStack;
      for (let step = 0; step < steps; step++) {
        const end = plus(STARTS_AT, (step + 1) * size.stepMs);
        for (let change = changes[next]; change !== undefined && change.at < end; change = changes[next]) {
          if (change.at > STARTS_AT) {
            since = change.at;
            before = 0;
          }
          next += 1;
        }
        const isCut = end > bus.from && end <= bus.until;
        const share = since === undefined ? 1 : Math.min((end - since) / (SPLAY_MS + RUN_MS), 1);
        const now = isCut && since !== undefined && since >= bus.from ? 0 : Math.round(perStack * share);
        converged[step] = (converged[step] ?? 0) + now;
        const series = load.get(stack);
        if (series !== undefined) {
          const owed = Math.max(now - before, 0) + perStack * (size.stepMs / WINDOW_MS);
          series[step] = (series[step] ?? 0) + (owed * RUN_MS) / Math.max(size.stepMs, RUN_MS);
        }
        before = now;
      }
    }
    // A node or two are always away.
    const nodes = Math.round(perStack) * size.stacks.length;
    return {
      environment: environmentName(environment),
      nodes,
      converged: converged.map((count, step) =>
        Math.max(Math.min(count, nodes) - (hashFraction(`away ${environment} ${step >> 5}`) < 0.2 ? 2 : 0), 0),
      ),
    };
  });
  const mark = (kind: Mark['kind'], share: number, label: string, until?: number): Mark => ({
    at: at(share),
    kind,
    label,
    ...(until === undefined ? {} : { until: at(until) }),
  });
  const violations = [
    {
      law: 'N6',
      at: at(0.367),
      where: nameFromLiteral(NodeName)('ironstone-prod-4-0117'),
      what: 'no run started within the window: the last success was 13h4m before',
    },
    {
      law: 'T5',
      at: at(0.71),
      where: 'train',
      what: 'two stops were promoted at one departure, prod-3 and prod-4',
    },
  ];
  return {
    scenario: 'a-bad-week',
    about: 'A Chef server is away for a night, a bad version is rolled back from the canary, and the bus falls silent.',
    seed: 4_217,
    mode: 'skip',
    nodes: size.nodesPerEnvironment * size.environments.length,
    traceHash: '9f2c41d07be8a6350c1d',
    counts: {
      ticks: size.days * 1_440,
      promotions: pins.length - size.environments.length * size.stacks.length,
      signals: pins.length - size.environments.length * size.stacks.length + 3,
      runsByCause: { NewVersion: 131_204, Floor: 48_730, Request: 1_200, FirstRun: 212, RunNow: 4, Upgraded: 9 },
      fallbackRuns: 187,
      succeeded: 180_961,
      failed: 585,
      healed: 96,
      faults: {
        'agent-killed': 412,
        rebooted: 240,
        suspended: 61,
        'clock-stepped': 18,
        'summoner-broken': 96,
        'bus-down': 1,
        'chef-server-down': 1,
      },
    },
    gaps: {
      byHour: [38_210, 29_004, 12_870, 9_411, 7_020, 6_114, 5_870, 5_512, 5_040, 4_980, 7_122, 49_310, 31, 4],
      longestMs: 13 * HOUR_MS + 4 * MINUTE_MS + 9_000,
      longestOn: nameFromLiteral(NodeName)('ironstone-prod-4-0117'),
      isLongestOpen: false,
      windowMs: WINDOW_MS,
    },
    violations,
    violationCount: violations.length,
    timeline: {
      startsAt: STARTS_AT,
      endsAt,
      stepMs: size.stepMs,
      pins,
      convergence,
      load: size.stacks.map((stack) => {
        const floor = (load.get(stack) ?? []).map((owed) => Math.round(owed * 10) / 10);
        return {
          stack: stackName(stack),
          runs: floor.map((owed, step) => Math.round(owed * (1.05 + 0.35 * hashFraction(`load ${stack} ${step}`)))),
          floor,
        };
      }),
      firings: Array.from({ length: steps }, (_, step) => {
        const share = step / steps;
        const isWave = share > 0.79 && share < 0.83;
        return Math.floor((isWave ? 11 : 1.02) * hashFraction(`firing ${step}`));
      }),
      nodeFaults: Array.from({ length: steps }, (_, step) => Math.floor(4.2 * hashFraction(`fault ${step}`) ** 3)),
      marks: [
        mark('operator', 0.18, 'ada: hold freeze on train', 0.25),
        mark('fault', 0.31, `chef-server-down on ${downStack}`, 0.36),
        mark('violation', 0.367, 'N6 on ironstone-prod-4-0117'),
        mark('operator', 0.508, 'grace: rollback prod-1'),
        mark('operator', 0.512, 'grace: reject the bad version'),
        mark('fault', 0.62, 'bus-down', 0.645),
        mark('violation', 0.71, 'T5 on train'),
        mark('fault', 0.74, 'librarian-killed', 0.752),
        mark('operator', 0.86, 'ada: run-now on dev'),
      ],
    },
  };
};
