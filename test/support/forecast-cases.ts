/**
 * Random things to forecast, and the same forecast by brute force: a Librarian that ticks every minute. Everything in a
 * case falls on a whole minute, so nothing can happen in between.
 */
import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { type Artifact, catalogueOf } from '../../src/domain/catalogue.ts';
import type { Announcements, Forecast } from '../../src/domain/forecast.ts';
import type { Hold, HoldScope } from '../../src/domain/hold.ts';
import { type EnvironmentName, nameFromLiteral, Slug, type Version } from '../../src/domain/names.ts';
import { explainOutcome, type Outcome } from '../../src/domain/outcome.ts';
import type { Pins } from '../../src/domain/pins.ts';
import { environmentsOf, type ReleasePlan } from '../../src/domain/release-plan.ts';
import { afterPromotions, decide, type TickView } from '../../src/domain/tick.ts';
import { type EpochMs, epochMs, formatInstant, HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { EMPTY_MEMORY, type Step } from '../../src/domain/train-memory.ts';
import { FLEET_START } from './fleet.ts';
import { releasePlan, versionOf } from './train-commands.ts';

/** What a forecast is made from. */
export interface ForecastCase {
  readonly start: TickView;
  readonly until: EpochMs;
  readonly announced: Announcements;
}

const slug = nameFromLiteral(Slug);
const VERSIONS = [7, 8, 9, 10].map(versionOf);

const pick = <A>(list: readonly A[], n: number): A => {
  const picked = list[n % list.length];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
};

const any = fc.nat({ max: 59 });
const minutes = (max: number) => fc.integer({ min: -10, max });

const scope = (plan: ReleasePlan): fc.Arbitrary<HoldScope> =>
  fc.oneof(
    fc.constant<HoldScope>({ _tag: 'plan' }),
    fc.constantFrom(...plan.stages).map((stage): HoldScope => ({ _tag: 'stage', stage: stage.name })),
    fc.constantFrom(...environmentsOf(plan)).map((environment): HoldScope => ({ _tag: 'environment', environment })),
    fc.constantFrom(...plan.stacks).map((stack): HoldScope => ({ _tag: 'stack', stack })),
  );

const artifact = (plan: ReleasePlan): fc.Arbitrary<Artifact> =>
  fc.record({
    version: fc.constantFrom(...VERSIONS),
    completeOn: fc.oneof(
      { weight: 4, arbitrary: fc.constant(plan.stacks) },
      { weight: 1, arbitrary: fc.subarray([...plan.stacks]) },
    ),
    rejected: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });

/** What the environments are on: one version, a version under way on the train, nothing, or anything. */
const pins = (plan: ReleasePlan): fc.Arbitrary<Pins> =>
  fc
    .record({
      mode: fc.constantFrom('one', 'under way', 'some new', 'any'),
      seed: fc.array(any, { minLength: 12, maxLength: 12 }),
    })
    .map(({ mode, seed }) => {
      const versionAt = (i: number, stack: number): O.Option<Version> => {
        switch (mode) {
          case 'one':
            return O.some(pick(VERSIONS, 0));
          case 'under way':
            return O.some(pick(VERSIONS, i < pick(seed, 0) % 12 ? 1 : 0));
          case 'some new':
            return pick(seed, i) % 4 === 0 ? O.none : O.some(pick(VERSIONS, i < 3 ? 1 : 0));
          case 'any':
            return pick(seed, i) % 5 === 0 ? O.some(pick(VERSIONS, pick(seed, i + stack))) : O.some(pick(VERSIONS, 0));
        }
      };
      return new Map(
        environmentsOf(plan).map((environment, i) => [
          environment,
          new Map(plan.stacks.map((stack, j) => [stack, versionAt(i, j)])),
        ]),
      );
    });

const openStep = (plan: ReleasePlan, read: Pins): fc.Arbitrary<readonly [EnvironmentName, Step]> =>
  fc
    .record({
      environment: fc.constantFrom(...environmentsOf(plan)),
      version: fc.constantFrom(...VERSIONS),
      stacks: fc.oneof(fc.constant(plan.stacks), fc.subarray([...plan.stacks], { minLength: 1 })),
    })
    .map(({ environment, version, stacks }) => [
      environment,
      {
        version,
        from: read.get(environment) ?? new Map(),
        stacks,
        overtaken: [],
        splaySeconds: 60,
        openedAt: epochMs(0),
        requests: [],
      },
    ]);

/** Any case of up to `hours`; with `isCalm` nothing is held, and nothing announced. */
export const forecastCase = (hours: number, isCalm = false): fc.Arbitrary<ForecastCase> =>
  releasePlan.chain((plan) =>
    fc
      .record({
        offset: fc.nat({ max: 90 }),
        pins: pins(plan),
        artifacts: fc.array(artifact(plan), { maxLength: 3 }),
        departed: fc.array(fc.tuple(fc.constantFrom(...plan.stages), fc.integer({ min: -180, max: 180 })), {
          maxLength: 3,
        }),
        joined: fc.subarray(environmentsOf(plan).slice(3, 6)),
        coming: fc.array(fc.record({ minute: minutes(hours * 60), artifact: artifact(plan) }), {
          maxLength: isCalm ? 0 : 4,
        }),
        holds: fc.array(
          fc.record({
            scope: scope(plan),
            from: fc.option(minutes(300)),
            lasts: fc.option(fc.integer({ min: 1, max: 240 })),
          }),
          { maxLength: isCalm ? 0 : 3 },
        ),
      })
      .chain((parts) =>
        fc.array(openStep(plan, parts.pins), { maxLength: 2 }).map((steps): ForecastCase => {
          const now = plus(FLEET_START, parts.offset * MINUTE_MS);
          const at = (minute: number) => plus(now, minute * MINUTE_MS);
          const holdOf = ({ scope: held, from, lasts }: (typeof parts.holds)[number], i: number): Hold => ({
            id: slug(`hold-${i}`),
            scope: held,
            reason: 'a test',
            owner: 'somebody',
            expiresAt: lasts === null ? O.none : O.some(at((from ?? 0) + lasts)),
          });
          const holds = parts.holds.map((one, i) => ({ from: one.from, hold: holdOf(one, i) }));
          return {
            start: {
              plan,
              pins: parts.pins,
              catalogue: catalogueOf(plan.stacks, [
                { version: pick(VERSIONS, 0), completeOn: plan.stacks, rejected: false },
                ...parts.artifacts,
              ]),
              holds: holds.filter(({ from }) => from === null).map(({ hold }) => hold),
              memory: {
                ...EMPTY_MEMORY,
                departed: new Map(parts.departed.map(([stage, minute]) => [stage.name, at(minute)])),
                steps: new Map(steps),
                joined: new Set(parts.joined),
              },
              now,
            },
            until: plus(now, hours * HOUR_MS),
            announced: {
              artifacts: parts.coming.map(({ minute, artifact: coming }) => ({ at: at(minute), artifact: coming })),
              holds: holds.flatMap(({ from, hold }) => (from === null ? [] : [{ at: at(from), hold }])),
            },
          };
        }),
      ),
  );

/** What happens, one line to an event, in one order for everybody: moves, and what an environment waits for from when on. */
export type Chronicle = readonly string[];

const standing = (outcome: Outcome): string =>
  explainOutcome(outcome._tag === 'Promoted' ? outcome : { ...outcome, retryAt: O.none });

const line = (at: EpochMs, environment: string, text: string): string => `${formatInstant(at)} ${environment} ${text}`;

const moved = (version: string, stacks: readonly string[], reason: string): string =>
  `promoted to ${version} on ${stacks.join(', ')} (${reason})`;

const LOOKS_IN_A_MINUTE_MAX = 50;

/** The chronicle of a Librarian that ticks every minute until it finds nothing to do, and of which every promotion succeeds. */
export const tickEveryMinute = ({ start, until, announced }: ForecastCase): Chronicle => {
  const lines: string[] = [];
  const stood = new Map<EnvironmentName, string>();
  let view = start;
  for (let now = start.now; now <= until; now = plus(now, MINUTE_MS)) {
    const known = announced.artifacts.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
    const held = announced.holds.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
    view = {
      ...view,
      now,
      catalogue: catalogueOf(start.plan.stacks, [
        ...start.catalogue.byVersion.values(),
        ...known.map(({ artifact: arrived }) => arrived),
      ]),
      holds: [...start.holds, ...held.map(({ hold }) => hold)],
    };
    for (let look = 0; ; look++) {
      if (look > LOOKS_IN_A_MINUTE_MAX) throw new Error('a plan never comes to rest');
      const decision = decide(view);
      const isQuiet = decision.promotions.length === 0 && decision.memory === view.memory;
      for (const { environment, version, stacks, reason } of decision.promotions) {
        lines.push(line(now, environment, moved(version, stacks, reason)));
        stood.delete(environment);
      }
      view = { ...afterPromotions(view, decision.promotions), memory: decision.memory };
      if (!isQuiet) continue;
      for (const outcome of decision.outcomes) {
        const text = standing(outcome);
        if (stood.get(outcome.environment) === text) continue;
        stood.set(outcome.environment, text);
        lines.push(line(now, outcome.environment, text));
      }
      break;
    }
  }
  return lines.toSorted();
};

/** The chronicle that a forecast tells. */
export const chronicleOf = ({ timelines }: Forecast): Chronicle =>
  timelines
    .flatMap(({ environment, arrivals, spans }) => [
      ...arrivals.map(({ at, version, stacks, reason }) => line(at, environment, moved(version, stacks, reason))),
      ...spans.map(({ from, outcome }) => line(from, environment, standing(outcome))),
    ])
    .toSorted();
