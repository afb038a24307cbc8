/**
 * What a forecast says of one version: when it reaches each environment, or why it never does.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type Catalogue, promotable } from '../catalogue.ts';
import { compareVersions, type EnvironmentName, type StackName, type Version } from '../names.ts';
import type { PromotedReason } from '../outcome.ts';
import type { Pins } from '../pins.ts';
import { environmentsOf, type ReleasePlan } from '../release-plan.ts';
import { type EpochMs, later } from '../time.ts';
import { type StillOutcome, type Timeline, wholeVersion } from './timeline.ts';

/**
 * Whether and when a version reaches an environment on every stack.
 *
 * Where it does not, `environment` is where its way ends: that very environment, or one from which it would come.
 */
export type Passage =
  /** It is there when the forecast begins. */
  | { readonly _tag: 'There' }
  | { readonly _tag: 'Arrives'; readonly at: EpochMs; readonly reason: PromotedReason }
  /** Someone rejected it (law T12). */
  | { readonly _tag: 'Rejected' }
  /** No announcement completes it on these stacks. */
  | { readonly _tag: 'Incomplete'; readonly missingOn: readonly StackName[] }
  /** `environment` is on `by` from `at` on, and does not go back. */
  | {
      readonly _tag: 'Overtaken';
      readonly environment: EnvironmentName;
      readonly by: Version;
      readonly at: EpochMs;
    }
  /** Only people promote `environment`. */
  | { readonly _tag: 'ByHand'; readonly environment: EnvironmentName }
  /** Nothing that is known of ends what `environment` waits for: a hold without an end, pins out of shape … */
  | { readonly _tag: 'Stopped'; readonly environment: EnvironmentName; readonly outcome: StillOutcome }
  /** The forecast ends before `environment` has it; this is what it waits for by then. */
  | { readonly _tag: 'BeyondHorizon'; readonly environment: EnvironmentName; readonly outcome: StillOutcome };

/** What a forecast says of one version. */
export interface Journey {
  readonly version: Version;
  /** One for each environment, in the plan's order. */
  readonly passages: ReadonlyMap<EnvironmentName, Passage>;
  /**
   * When it has reached every environment that the plan's stages promote; those that took it first may be on a newer one
   * by then. None: it does not.
   */
  readonly everywhereAt: O.Option<EpochMs>;
}

/** A version that an environment is on with all its stacks, from an instant on. */
interface Stay {
  readonly version: Version;
  readonly since: EpochMs;
  /** None: since before the forecast. */
  readonly reason: O.Option<PromotedReason>;
}

/** What the journeys are read off. */
export interface Run {
  readonly plan: ReleasePlan;
  readonly from: EpochMs;
  /** What everything is pinned to at the beginning. */
  readonly pins: Pins;
  readonly timelines: readonly Timeline[];
  /** As it is at the end, announcements included. */
  readonly catalogue: Catalogue;
  /** Whether nothing that is known of can change anything any more. */
  readonly isSettled: boolean;
}

const staysOf = ({ plan, from, pins }: Run, { environment, arrivals }: Timeline): readonly Stay[] => {
  const first = wholeVersion(plan.stacks, pins, environment);
  return [
    ...(first === undefined ? [] : [{ version: first, since: from, reason: O.none }]),
    ...arrivals
      .filter(({ isWhole }) => isWhole)
      .map(({ version, at, reason }) => ({ version, since: at, reason: O.some(reason) })),
  ];
};

/** What each environment takes its versions from; absent: it takes the newest, or only what people give it. */
const sourcesOf = (plan: ReleasePlan): ReadonlyMap<EnvironmentName, EnvironmentName> =>
  new Map(
    plan.stages.flatMap((stage) => {
      switch (stage._tag) {
        case 'latest':
          return [];
        case 'canary':
          return stage.environments.map((environment) => [environment, stage.follows] as const);
        case 'train':
          return stage.environments.map(
            (environment, i) => [environment, stage.environments[i - 1] ?? stage.boards] as const,
          );
      }
    }),
  );

/** Reads the journey of every version in the catalogue off a run, the newest first. */
export const journeysOf = (run: Run): readonly Journey[] => {
  const { plan, timelines, catalogue } = run;
  const environments = environmentsOf(plan);
  const byHand = new Set(plan.byHand);
  const sources = sourcesOf(plan);
  const stays = new Map(timelines.map((timeline) => [timeline.environment, staysOf(run, timeline)]));
  const lastOutcome = new Map(timelines.map(({ environment, spans }) => [environment, spans.at(-1)?.outcome]));

  const stopsAt = (environment: EnvironmentName): Passage => {
    const outcome = lastOutcome.get(environment);
    // A tick has an outcome for every environment of the plan (law T9).
    if (outcome === undefined) throw new TypeError(`no outcome of ${environment}`);
    return { _tag: run.isSettled ? 'Stopped' : 'BeyondHorizon', environment, outcome };
  };

  /**
   * Goes back along the way to `environment` to where `version` gets no further. A plan has no circles, so it ends; and
   * since a long train would be gone back along from each of its stops, what was found is kept in `found`.
   */
  const endOfWay = (version: Version, environment: EnvironmentName, found: Map<EnvironmentName, Passage>): Passage => {
    const known = found.get(environment);
    if (known !== undefined) return known;
    const end = nextOfWay(version, environment, found);
    found.set(environment, end);
    return end;
  };

  const nextOfWay = (version: Version, environment: EnvironmentName, found: Map<EnvironmentName, Passage>): Passage => {
    const overtaking = stays.get(environment)?.find((stay) => compareVersions(stay.version, version) > 0);
    if (overtaking !== undefined) {
      return { _tag: 'Overtaken', environment, by: overtaking.version, at: overtaking.since };
    }
    if (byHand.has(environment)) return { _tag: 'ByHand', environment };
    const source = sources.get(environment);
    if (source === undefined) return stopsAt(environment);
    const atSource = stays.get(source) ?? [];
    const i = atSource.findIndex((stay) => stay.version === version);
    if (i === -1) return endOfWay(version, source, found);
    const next = atSource[i + 1];
    return next === undefined
      ? stopsAt(environment)
      : { _tag: 'Overtaken', environment: source, by: next.version, at: next.since };
  };

  const passageOf = (version: Version, environment: EnvironmentName, found: Map<EnvironmentName, Passage>): Passage => {
    const stay = stays.get(environment)?.find((one) => one.version === version);
    if (stay !== undefined) {
      return O.isNone(stay.reason) ? { _tag: 'There' } : { _tag: 'Arrives', at: stay.since, reason: stay.reason.value };
    }
    const answer = promotable(catalogue, version, plan.stacks);
    if (answer._tag === 'Rejected' || answer._tag === 'Incomplete') return answer;
    return endOfWay(version, environment, found);
  };

  const promoted = plan.stages.flatMap((stage) => stage.environments);
  return [...catalogue.byVersion.keys()]
    .toSorted((a, b) => compareVersions(b, a))
    .map((version) => {
      const found = new Map<EnvironmentName, Passage>();
      const passages = new Map(
        environments.map((environment) => [environment, passageOf(version, environment, found)]),
      );
      const everywhereAt = promoted.reduce<O.Option<EpochMs>>((last, environment) => {
        const passage = passages.get(environment);
        if (O.isNone(last) || passage?._tag === 'There') return last;
        return passage?._tag === 'Arrives' ? O.some(later(last.value, passage.at)) : O.none;
      }, O.some(run.from));
      return { version, passages, everywhereAt };
    });
};
