/**
 * The forecast: when each version reaches each environment if nobody intervenes and every promotion succeeds at once, and
 * what each environment waits for until then.
 *
 * It decides with {@link decide}, so it knows no law of its own. It only knows when to look: at the instants at which a
 * decision can come out otherwise than at the last one.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type Artifact, catalogueOf } from './catalogue.ts';
import type { Hold } from './hold.ts';
import type { Slug, StackName, Version } from './names.ts';
import type { Outcome } from './outcome.ts';
import { environmentsOf } from './release-plan.ts';
import { departureAfter, departureAtOrBefore, departureState } from './schedule.ts';
import { type EpochMs, plus } from './time.ts';
import { afterPromotions, decide, type TickView } from './tick.ts';
import { type Journey, journeysOf } from './forecast/journey.ts';
import { type Arrival, isSameStanding, type Span, type Timeline, wholeVersion } from './forecast/timeline.ts';

export type { Journey, Passage } from './forecast/journey.ts';
export type { Arrival, Span, StillOutcome, Timeline } from './forecast/timeline.ts';

/** What is known to come, whoever does it. What was announced for an instant that has passed holds from the beginning. */
export interface Announcements {
  /** From `at` on the catalogue has `artifact`, in place of an earlier entry of its version. */
  readonly artifacts: readonly { readonly at: EpochMs; readonly artifact: Artifact }[];
  /** From `at` on `hold` holds. */
  readonly holds: readonly { readonly at: EpochMs; readonly hold: Hold }[];
}

/** Nothing is known to come. */
export const NOTHING_ANNOUNCED: Announcements = { artifacts: [], holds: [] };

/** Why a forecast looks no further. */
export type ForecastEnd =
  /** Nothing that is known of can change anything any more. */
  | 'Settled'
  /** What comes next comes after `until`. */
  | 'Horizon'
  /** It has looked as often as it may. */
  | 'LooksMax';

/** What is to be expected of a plan. */
export interface Forecast {
  readonly from: EpochMs;
  /** The instant up to which it holds: what was asked for, or for `LooksMax` the first one that it did not look at. */
  readonly until: EpochMs;
  readonly end: ForecastEnd;
  /** How many instants it looked at. */
  readonly looks: number;
  /** One for each environment, in the plan's order. */
  readonly timelines: readonly Timeline[];
  /** One for each version of the catalogue and the announcements, the newest first. */
  readonly journeys: readonly Journey[];
}

/**
 * A forecast looks at no more than so many instants.
 *
 * It needs far fewer: a stage at whose departure nothing happened is looked at again only when something changes. So for
 * a plan of S stages there are at most 3·S·(S + 1) looks between two changes (a promotion, an announcement, the end of a
 * hold), and usually S. The limit is for plans at the bounds of what a document may say, such as a train with a thousand
 * stops and a thousand versions announced for it.
 */
export const FORECAST_LOOKS_MAX = 100_000;

/**
 * How often a view is decided anew at one instant before nothing is left to do there, over and above once for each
 * stage: a stage acts once at a departure, and may then see what a later one in the list has left; after that steps that
 * are complete are forgotten, and a last look finds nothing.
 */
const SETTLING_TICKS_SPARE = 3;

/** A view at which nothing is left to be done at its instant, and what was done until then. */
interface Settled {
  readonly view: TickView;
  readonly outcomes: readonly Outcome[];
  readonly arrivals: readonly Arrival[];
}

/** Ticks, each promotion succeeding at once, until a tick finds nothing to do. */
const settle = (start: TickView): Settled => {
  const { stacks, stages } = start.plan;
  let view = start;
  let decision = decide(view);
  const arrivals: Arrival[] = [];
  for (let tick = 0; tick < stages.length + SETTLING_TICKS_SPARE; tick++) {
    if (decision.promotions.length === 0 && decision.memory === view.memory) break;
    const after = { ...afterPromotions(view, decision.promotions), memory: decision.memory };
    for (const { environment, version, reason, stacks: moved } of decision.promotions) {
      const isWhole = wholeVersion(stacks, after.pins, environment) === version;
      arrivals.push({ environment, version, at: view.now, reason, stacks: moved, isWhole });
    }
    view = after;
    decision = decide(view);
  }
  return { view, outcomes: decision.outcomes, arrivals };
};

/** Whether anything but the departures that acted is different: then every stage may decide otherwise than before. */
const hasMoved = (before: TickView, { view, arrivals }: Settled): boolean =>
  arrivals.length > 0 || view.memory.steps !== before.memory.steps || view.memory.joined !== before.memory.joined;

/** The stages of which a departure is due. */
const dueStages = ({ plan, memory, now }: TickView): readonly Slug[] =>
  plan.stages
    .filter(({ name, schedule }) => {
      const departed = O.fromNullable(memory.departed.get(name));
      return departureState(schedule, departed, now)._tag === 'Due';
    })
    .map(({ name }) => name);

/** What was announced up to `now`, in its order of time, so that of two entries with one version the later counts. */
const announcedBy = <A extends { readonly at: EpochMs }>(announced: readonly A[], now: EpochMs): readonly A[] =>
  announced.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);

/** `view` with the catalogue and the holds of `start` and what is announced up to now. */
const withAnnounced = (view: TickView, start: TickView, { artifacts, holds }: Announcements): TickView => {
  const known = announcedBy(artifacts, view.now).map(({ artifact }) => artifact);
  const held = announcedBy(holds, view.now).map(({ hold }) => hold);
  const { byVersion } = start.catalogue;
  return {
    ...view,
    catalogue: known.length === 0 ? start.catalogue : catalogueOf(start.plan.stacks, [...byVersion.values(), ...known]),
    holds: [...start.holds, ...held],
  };
};

/** The instants after the start at which something happens that no departure brings about, in their order. */
const outerInstants = ({ holds, now }: TickView, announced: Announcements): readonly EpochMs[] => {
  const ends = [...holds, ...announced.holds.map(({ hold }) => hold)].map(({ expiresAt }) => expiresAt);
  return [
    ...announced.artifacts.map(({ at }) => at),
    ...announced.holds.map(({ at }) => at),
    ...ends.filter(O.isSome).map(({ value }) => value),
  ]
    .filter((at) => at > now)
    .toSorted((a, b) => a - b);
};

/** Draws a look into the timelines. */
const draw = (timelines: readonly Timeline[], { view, outcomes, arrivals }: Settled): readonly Timeline[] => {
  const standing = new Map(outcomes.map((outcome) => [outcome.environment, outcome]));
  return timelines.map((timeline) => {
    const { environment, spans } = timeline;
    const outcome = standing.get(environment);
    if (outcome === undefined || outcome._tag === 'Promoted') return timeline;
    const here = arrivals.filter((arrival) => arrival.environment === environment);
    const last = spans.at(-1);
    if (here.length === 0 && last !== undefined && isSameStanding(last.outcome, outcome)) return timeline;
    const begun: Span = { environment, from: view.now, to: O.none, outcome };
    return {
      ...timeline,
      arrivals: [...timeline.arrivals, ...here],
      spans: last === undefined ? [begun] : [...spans.slice(0, -1), { ...last, to: O.some(view.now) }, begun],
    };
  });
};

/**
 * The next instant after now to look at: `outer`, or a departure of a stage that is not idle. Before that the idle stages
 * have departures as well, at which nothing happens; but the last one of each counts as one that acted or was missed when
 * something has changed (law T8), so it is looked at.
 */
const nextInstant = (
  { plan, now }: TickView,
  idle: ReadonlySet<Slug>,
  outer: EpochMs | undefined,
): EpochMs | undefined => {
  const first = (instants: readonly EpochMs[]): EpochMs | undefined =>
    instants.filter((instant) => instant > now).toSorted((a, b) => a - b)[0];
  const awaited = plan.stages
    .filter(({ name }) => !idle.has(name))
    .map(({ schedule }) => departureAfter(schedule, now));
  const change = first(outer === undefined ? awaited : [...awaited, outer]);
  if (change === undefined) return undefined;
  const passedOver = plan.stages
    .filter(({ name }) => idle.has(name))
    .map(({ schedule }) => departureAtOrBefore(schedule, plus(change, -1)));
  return first([...passedOver, change]);
};

/**
 * Runs `start` forward from its own instant, each promotion succeeding at once, to `until` (inclusive) or until nothing
 * can change any more.
 *
 * At `start.now` it decides as a tick would: a departure that is due acts, unless `start.memory` says that it has, and an
 * open step goes on. A plan that waits for a person waits for ever, because nobody knows when a person will act.
 *
 * @param looksMax - how many instants it may look at.
 */
export const forecast = (
  start: TickView,
  until: EpochMs,
  announced: Announcements = NOTHING_ANNOUNCED,
  looksMax = FORECAST_LOOKS_MAX,
): Forecast => {
  const { plan, pins, now: from } = start;
  const outer = outerInstants(start, announced);
  let passed = 0;
  let view = withAnnounced(start, start, announced);
  let timelines: readonly Timeline[] = environmentsOf(plan).map((environment) => ({
    environment,
    pins: pins.get(environment) ?? new Map<StackName, O.Option<Version>>(),
    arrivals: [],
    spans: [],
  }));
  /** The stages that had a departure since the last change and did nothing at it: another will be no different. */
  let idle: ReadonlySet<Slug> = new Set();
  let end: ForecastEnd = 'LooksMax';

  let looks = 0;
  while (looks < looksMax) {
    looks++;
    const due = dueStages(view);
    const settled = settle(view);
    timelines = draw(timelines, settled);
    idle = hasMoved(view, settled) ? new Set() : new Set([...idle, ...due]);
    view = settled.view;

    const nextOuter = outer[passed];
    const next = nextInstant(view, idle, nextOuter);
    if (next === undefined || next > until) {
      end = next === undefined ? 'Settled' : 'Horizon';
      break;
    }
    view = { ...view, now: next };
    if (nextOuter !== next) continue;
    while (outer[passed] === next) passed++;
    view = withAnnounced(view, start, announced);
    idle = new Set();
  }

  const reached = end === 'LooksMax' ? view.now : until;
  const catalogue = withAnnounced({ ...view, now: reached }, start, announced).catalogue;
  const isSettled = end === 'Settled';
  return {
    from,
    until: reached,
    end,
    looks,
    timelines,
    journeys: journeysOf({ plan, from, pins, timelines, catalogue, isSettled }),
  };
};
