/**
 * What the demo claims at its end, each claim checked against what really lies on disk.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type Artifact, catalogueOf } from '../../domain/catalogue.ts';
import type { EnvironmentName, NodeName, Version } from '../../domain/names.ts';
import type { Pins } from '../../domain/pins.ts';
import type { ReleasePlan } from '../../domain/release-plan.ts';
import { afterPromotions, decide, type TickView } from '../../domain/tick.ts';
import { type EpochMs, formatDuration, HOUR_MS } from '../../domain/time.ts';
import { EMPTY_MEMORY } from '../../domain/train-memory.ts';
import type { DepartureRow } from './conductor.ts';
import type { Figures } from './tally.ts';

/** One thing that the demo set out to show. */
export interface Claim {
  readonly claim: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** An artifact, and when it came. */
export interface Arrival {
  readonly version: Version;
  readonly at: EpochMs;
}

/** What the claims are checked against. */
export interface Evidence {
  readonly plan: ReleasePlan;
  readonly rows: readonly DepartureRow[];
  /** Artifacts in their order, the one that everything started on first, with their arrival. */
  readonly arrivals: readonly Arrival[];
  /** What lies in each node's directory at the end, and every version that ever lay there. */
  readonly nodes: readonly {
    readonly node: NodeName;
    readonly environment: EnvironmentName;
    readonly onDisk: string;
    readonly everOnDisk: ReadonlySet<string>;
  }[];
  readonly figures: Figures;
  readonly windowMs: number;
  readonly brokenSummoners: number;
  readonly healedSummoners: number;
}

/** The table as the domain alone foretells it, from the arrivals and nothing else. */
const foretold = ({ plan, rows, arrivals }: Evidence): readonly ReadonlyMap<EnvironmentName, Version>[] => {
  const [first] = arrivals;
  if (first === undefined) return [];
  const environments = plan.stages.flatMap((stage) => stage.environments);
  const started: Pins = new Map(
    environments.map((name) => [name, new Map(plan.stacks.map((stack) => [stack, O.some(first.version)]))]),
  );
  let view: TickView = {
    plan,
    pins: started,
    catalogue: catalogueOf(plan.stacks, []),
    holds: [],
    memory: EMPTY_MEMORY,
    now: first.at,
  };
  return rows.map(({ at }) => {
    const artifacts = arrivals
      .filter((arrival) => arrival.at < at)
      .map(({ version }): Artifact => ({ version, completeOn: plan.stacks, rejected: false }));
    view = { ...view, now: at, catalogue: catalogueOf(plan.stacks, artifacts) };
    const decision = decide(view);
    view = { ...afterPromotions(view, decision.promotions), memory: decision.memory };
    return new Map(
      environments.flatMap((name) =>
        [...(view.pins.get(name)?.values() ?? [])]
          .filter(O.isSome)
          .slice(0, 1)
          .map(({ value }) => [name, value] as const),
      ),
    );
  });
};

const timetableClaim = (evidence: Evidence): Claim => {
  const expected = foretold(evidence);
  const wrong = evidence.rows.filter(({ pins }, i) =>
    [...pins].some(([environment, version]) => expected[i]?.get(environment) !== version),
  );
  return {
    claim: 'after every departure the Chef servers held the pins that the timetable foretells',
    holds: wrong.length === 0 && evidence.rows.length > 0,
    detail: `${evidence.rows.length - wrong.length} of ${evidence.rows.length} departures`,
  };
};

const convergedClaim = ({ nodes, rows }: Evidence): Claim => {
  const last = rows.at(-1)?.pins;
  const right = nodes.filter(({ environment, onDisk }) => last?.get(environment) === onDisk);
  return {
    claim: 'every node holds the files of the version that its environment is pinned to',
    holds: right.length === nodes.length,
    detail: [
      `${right.length} of ${nodes.length} nodes`,
      ...nodes
        .filter((node) => !right.includes(node))
        .map(({ node, onDisk }) => `${node} holds ${onDisk || 'nothing'}`),
    ].join(', '),
  };
};

const neverStrayClaim = ({ nodes, rows, arrivals }: Evidence): Claim => {
  const [first] = arrivals;
  const allowed = (environment: EnvironmentName): ReadonlySet<string> =>
    new Set([
      ...rows.flatMap(({ pins }) => pins.get(environment) ?? []),
      ...(first === undefined ? [] : [first.version]),
    ]);
  const strays = nodes.filter(({ environment, everOnDisk }) =>
    [...everOnDisk].some((version) => !allowed(environment).has(version)),
  );
  return {
    claim: 'no node was ever on a version that its environment never had',
    holds: strays.length === 0,
    detail: strays.map(({ node }) => node).join(', '),
  };
};

/** How much longer than the window a gap may be here: the fallback's look, its delay, and the run itself. */
const GAP_SLACK_MS = HOUR_MS;

const gapClaim = ({ figures, windowMs }: Evidence): Claim => ({
  claim: `no node went longer than ${formatDuration(windowMs)} and ${formatDuration(GAP_SLACK_MS)} without a success`,
  holds: figures.longestGapMs <= windowMs + GAP_SLACK_MS,
  detail: '',
});

const healedClaim = ({ brokenSummoners, healedSummoners, figures }: Evidence): Claim => ({
  claim: 'every Summoner that the broken release took down was healed by the fallback',
  holds: brokenSummoners > 0 && healedSummoners === brokenSummoners && figures.fallbackRuns >= brokenSummoners,
  detail: `${healedSummoners} of ${brokenSummoners}`,
});

const quietClaim = ({ figures }: Evidence): Claim => ({
  claim: 'the fallback was silent while the Summoners were healthy',
  holds: figures.fallbackRuns === 0,
  detail: '',
});

/** The claims of a demo that shipped a broken release, or did not. */
export const claimsOf = (evidence: Evidence, hasBrokenRelease: boolean): readonly Claim[] => [
  timetableClaim(evidence),
  convergedClaim(evidence),
  neverStrayClaim(evidence),
  gapClaim(evidence),
  hasBrokenRelease ? healedClaim(evidence) : quietClaim(evidence),
];
