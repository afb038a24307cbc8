import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it, test } from 'vitest';
import { type Artifact, catalogueOf } from '../../src/domain/catalogue.ts';
import { type Announcements, forecast, type Forecast, type Passage, type Timeline } from '../../src/domain/forecast.ts';
import type { Hold, HoldScope } from '../../src/domain/hold.ts';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import { reasonLabel } from '../../src/domain/outcome.ts';
import type { Pins } from '../../src/domain/pins.ts';
import { environmentsOf, type ReleasePlan } from '../../src/domain/release-plan.ts';
import type { TickView } from '../../src/domain/tick.ts';
import { DAY_MS, epochMs, type EpochMs, formatInstant, HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { EMPTY_MEMORY } from '../../src/domain/train-memory.ts';
import { chronicleOf, forecastCase, type ForecastCase, tickEveryMinute } from '../support/forecast-cases.ts';
import { property, propertyParameters } from '../support/property.ts';
import { environmentName, planOf, SLACK_PLAN, stackName, version } from '../support/slack.ts';

type Forecaster = (start: TickView, until: EpochMs, announced: Announcements) => Forecast;

const slug = nameFromLiteral(Slug);

/** X: a full hour. */
const START = epochMs(Date.UTC(2025, 6, 28, 2, 0));

const at = (clock: string): EpochMs => {
  const [, hours, minutes] = /^(\d+):(\d+)$/.exec(clock) ?? [];
  return plus(START, (Number(hours) * 60 + Number(minutes)) * MINUTE_MS);
};

const clockOf = (instant: EpochMs): string => {
  const minutes = (instant - START) / MINUTE_MS;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
};

const pinsOf = (plan: ReleasePlan, row: Readonly<Record<string, string>>): Pins =>
  new Map(
    environmentsOf(plan).map((environment) => {
      const pinned = row[environment];
      return [
        environment,
        new Map(plan.stacks.map((stack) => [stack, pinned === undefined ? O.none : O.some(version(pinned))])),
      ];
    }),
  );

const everywhere = (plan: ReleasePlan, pinned: string): Pins =>
  pinsOf(plan, Object.fromEntries(environmentsOf(plan).map((environment) => [environment, pinned])));

const complete = (plan: ReleasePlan, name: string, more: Partial<Artifact> = {}): Artifact => ({
  version: version(name),
  completeOn: plan.stacks,
  rejected: false,
  ...more,
});

const viewOf = (plan: ReleasePlan, pins: Pins, names: readonly string[], more: Partial<TickView> = {}): TickView => ({
  plan,
  pins,
  catalogue: catalogueOf(
    plan.stacks,
    names.map((name) => complete(plan, name)),
  ),
  holds: [],
  memory: EMPTY_MEMORY,
  now: START,
  ...more,
});

const hold = (scope: HoldScope, expiresAt?: EpochMs): Hold => ({
  id: slug('freeze'),
  scope,
  reason: 'quarter end',
  owner: 'ops',
  expiresAt: O.fromNullable(expiresAt),
});

const timelineOf = ({ timelines }: Forecast, environment: string): Timeline => {
  const found = timelines.find((one) => one.environment === environment);
  if (found === undefined) throw new Error(`no timeline of ${environment}`);
  return found;
};

const arrivalsOf = (made: Forecast, environment: string): readonly string[] =>
  timelineOf(made, environment).arrivals.map(
    (arrival) => `${clockOf(arrival.at)} ${arrival.version} ${arrival.reason}`,
  );

const spansOf = (made: Forecast, environment: string): readonly string[] =>
  timelineOf(made, environment).spans.map(
    ({ from, to, outcome }) => `${clockOf(from)}-${O.isSome(to) ? clockOf(to.value) : ''} ${reasonLabel(outcome)}`,
  );

const journeyOf = ({ journeys }: Forecast, name: string) => {
  const found = journeys.find((one) => one.version === name);
  if (found === undefined) throw new Error(`no journey of ${name}`);
  return found;
};

const passageOf = (made: Forecast, name: string, environment: string): Passage => {
  const passage = journeyOf(made, name).passages.get(environmentName(environment));
  if (passage === undefined) throw new Error(`no passage of ${name} to ${environment}`);
  return passage;
};

interface Timetable {
  readonly environments: readonly string[];
  readonly start: Readonly<Record<string, string>>;
  readonly artifacts: readonly { readonly version: string; readonly arrivesBefore: string }[];
  readonly departures: readonly { readonly at: string; readonly pins: Readonly<Record<string, string>> }[];
}

describe('T1: the published timetable', () => {
  const timetable = JSON.parse(
    readFileSync(new URL('../vectors/slack-timetable.json', import.meta.url), 'utf8'),
  ) as Timetable;
  const instantOf = (text: string) => at(text.replace('X+', ''));

  it('is forecast whole before its first departure', () => {
    const arrivals = timetable.artifacts.map((artifact) => ({
      at: plus(instantOf(artifact.arrivesBefore), -10 * MINUTE_MS),
      artifact: complete(SLACK_PLAN, artifact.version),
    }));
    const start = viewOf(SLACK_PLAN, pinsOf(SLACK_PLAN, timetable.start), [], { now: plus(START, -20 * MINUTE_MS) });
    const last = instantOf(timetable.departures.at(-1)?.at ?? '');
    const made = forecast(start, last, { artifacts: arrivals, holds: [] });
    const rows = timetable.departures.map((departure) => ({
      at: departure.at,
      pins: Object.fromEntries(
        timetable.environments.map((environment) => {
          const reached = timelineOf(made, environment).arrivals.filter((one) => one.at <= instantOf(departure.at));
          return [environment, reached.at(-1)?.version ?? timetable.start[environment]];
        }),
      ),
    }));
    expect(rows).toEqual(timetable.departures);
    expect(made.timelines.flatMap(({ arrivals: all }) => all).every(({ isWhole }) => isWhole)).toBe(true);
  });
});

const HOURS = 8;

const agrees =
  (forecaster: Forecaster) =>
  (one: ForecastCase): void => {
    const { start, until, announced } = one;
    expect(chronicleOf(forecaster(start, until, announced))).toEqual(tickEveryMinute(one));
  };

describe('a forecast is what a tick every minute would do', () => {
  property('arrivals, and what is waited for until then', [forecastCase(HOURS)], agrees(forecast), { numRuns: 150 });

  const controls: readonly (readonly [string, Forecaster])[] = [
    [
      'ignores holds',
      (start, until, announced) => forecast({ ...start, holds: [] }, until, { ...announced, holds: [] }),
    ],
    [
      'forgets which departures acted',
      (start, until, announced) =>
        forecast({ ...start, memory: { ...start.memory, departed: new Map() } }, until, announced),
    ],
    [
      'sees an artifact only at the next quarter of an hour',
      (start, until, announced) =>
        forecast(start, until, {
          ...announced,
          artifacts: announced.artifacts.map((coming) => ({
            ...coming,
            at: epochMs(Math.ceil(coming.at / (15 * MINUTE_MS)) * 15 * MINUTE_MS),
          })),
        }),
    ],
    ['is told of no artifact', (start, until, announced) => forecast(start, until, { ...announced, artifacts: [] })],
    ['stops after a few looks', (start, until, announced) => forecast(start, until, announced, 5)],
  ];

  test.each(controls)('one that %s is caught', (_, forecaster) => {
    const details = fc.check(fc.property(forecastCase(HOURS), agrees(forecaster)), {
      ...propertyParameters<[ForecastCase]>({ numRuns: 150 }),
      plugins: [],
      endOnFailure: true,
    });
    expect(details.failed).toBe(true);
  });
});

describe('a forecast keeps what it promises', () => {
  property(
    'T9: no environment is promoted before the instant at which it was told to ask again',
    [forecastCase(24, true)],
    ({ start, until }) => {
      for (const { arrivals, spans } of forecast(start, until).timelines) {
        for (const { from, outcome } of spans) {
          if (outcome._tag !== 'Waiting' || O.isNone(outcome.retryAt)) continue;
          const retryAt = outcome.retryAt.value;
          expect(arrivals.filter((arrival) => arrival.at > from && arrival.at < retryAt)).toEqual([]);
        }
      }
    },
  );

  property('T9: who waits for a departure alone waits no longer than until then', [forecastCase(24)], (one) => {
    for (const { spans } of forecast(one.start, one.until, one.announced).timelines) {
      for (const { to, outcome } of spans) {
        if (outcome._tag !== 'Waiting' || outcome.reason._tag !== 'NotDue' || O.isNone(outcome.retryAt)) continue;
        if (outcome.retryAt.value > one.until) continue;
        expect(O.isSome(to) && to.value <= outcome.retryAt.value).toBe(true);
      }
    }
  });

  property(
    'every environment has spans without a gap, and every version a passage to it',
    [forecastCase(24)],
    (one) => {
      const made = forecast(one.start, one.until, one.announced);
      const environments = environmentsOf(one.start.plan);
      expect(made.timelines.map(({ environment }) => environment)).toEqual(environments);
      for (const { spans } of made.timelines) {
        expect(spans[0]?.from).toBe(one.start.now);
        for (const [i, { to }] of spans.entries()) expect(O.toUndefined(to)).toBe(spans[i + 1]?.from);
      }
      for (const { passages } of made.journeys) expect([...passages.keys()]).toEqual(environments);
    },
  );

  property('a journey says when every stack of an environment has the version first', [forecastCase(24)], (one) => {
    const made = forecast(one.start, one.until, one.announced);
    const { stacks } = one.start.plan;
    for (const { environment, pins, arrivals } of made.timelines) {
      // Plays the moves back, stack by stack.
      const on = new Map(stacks.map((stack) => [stack, O.toUndefined(pins.get(stack) ?? O.none)]));
      const firsts = new Map<string, string>();
      const note = (when: string) => {
        const [name, ...others] = new Set(on.values());
        if (name !== undefined && others.length === 0 && !firsts.has(name)) firsts.set(name, when);
      };
      note('there');
      for (const arrival of arrivals) {
        for (const stack of arrival.stacks) on.set(stack, arrival.version);
        note(formatInstant(arrival.at));
      }
      for (const journey of made.journeys) {
        const passage = journey.passages.get(environment);
        const said =
          passage?._tag === 'Arrives' ? formatInstant(passage.at) : passage?._tag === 'There' ? 'there' : undefined;
        expect(said).toBe(firsts.get(journey.version));
      }
    }
  });

  property('what is settled stays as it is', [forecastCase(48)], ({ start, until, announced }) => {
    const made = forecast(start, until, announced);
    fc.pre(made.end === 'Settled');
    const later = plus(until, 400 * DAY_MS);
    expect(forecast(start, later, announced)).toEqual({ ...made, until: later });
  });

  property('it looks at few instants for each change', [forecastCase(72)], ({ start, until, announced }) => {
    const made = forecast(start, until, announced);
    const stages = start.plan.stages.length;
    const changes = new Set([
      ...made.timelines.flatMap(({ arrivals }) => arrivals.map((arrival) => arrival.at)),
      ...announced.artifacts.map((one) => one.at),
      ...announced.holds.map((one) => one.at),
      ...[...start.holds, ...announced.holds.map((one) => one.hold)].map(({ expiresAt }) => O.toUndefined(expiresAt)),
    ]);
    expect(made.looks).toBeLessThanOrEqual(3 * stages * (stages + 1) * (changes.size + 1));
  });
});

const SMALL = planOf({
  name: 'small',
  stacks: ['basalt', 'ironstone'],
  stages: [
    { name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' },
    { name: 'canary', kind: 'canary', environments: ['prod-1'], follows: 'dev', every: '1h', offset: '30m' },
    { name: 'train', kind: 'train', environments: ['prod-2', 'prod-3'], boards: 'prod-1', every: '1h', offset: '30m' },
  ],
  by_hand: ['image'],
});
const [TRAIN] = SMALL.stages.slice(-1).map(({ name }): HoldScope => ({ _tag: 'stage', stage: name }));

describe('what an operator asks', () => {
  const oneOnTheWay = viewOf(SMALL, everywhere(SMALL, '1'), ['1', '2'], { now: at('0:05') });

  it('when is a version everywhere, and what is waited for until then?', () => {
    const made = forecast(oneOnTheWay, at('24:00'));
    expect(made.end).toBe('Settled');
    expect(arrivalsOf(made, 'dev')).toEqual(['0:05 2 TookNewest']);
    expect(arrivalsOf(made, 'prod-1')).toEqual(['0:30 2 Followed']);
    expect(arrivalsOf(made, 'prod-3')).toEqual(['1:30 2 Travelled']);
    expect(spansOf(made, 'prod-3')).toEqual(['0:05-0:30 UpToDate', '0:30-1:30 NotDue', '1:30- UpToDate']);
    expect(journeyOf(made, '2').everywhereAt).toEqual(O.some(at('1:30')));
    expect(passageOf(made, '2', 'image')).toEqual({ _tag: 'ByHand', environment: 'image' });
    expect(passageOf(made, '1', 'dev')).toEqual({ _tag: 'There' });
  });

  it('T7: a departure that is due acts, unless it has', () => {
    const memory = { ...EMPTY_MEMORY, departed: new Map([[slug('latest'), START]]) };
    expect(arrivalsOf(forecast({ ...oneOnTheWay, memory }, at('24:00')), 'dev')).toEqual(['1:00 2 TookNewest']);
  });

  it('T8: an artifact that comes within the grace of a departure that found nothing waits for the next', () => {
    const start = viewOf(SMALL, everywhere(SMALL, '1'), ['1'], { now: at('0:45') });
    const coming = (clock: string): Announcements => ({
      artifacts: [{ at: at(clock), artifact: complete(SMALL, '2') }],
      holds: [],
    });
    expect(arrivalsOf(forecast(start, at('48:00'), coming('24:05')), 'dev')).toEqual(['25:00 2 TookNewest']);
    // With nothing complete to take, the departure has not acted yet.
    const empty = { ...start, catalogue: catalogueOf(SMALL.stacks, []), pins: pinsOf(SMALL, {}) };
    expect(arrivalsOf(forecast(empty, at('48:00'), coming('24:05')), 'dev')).toEqual(['24:05 2 TookNewest']);
  });

  it('T10: when does a hold bite, and what comes after it?', () => {
    const holds = [hold(TRAIN ?? { _tag: 'plan' }, at('5:00'))];
    const made = forecast({ ...oneOnTheWay, holds }, at('24:00'));
    expect(spansOf(made, 'prod-2')).toEqual([
      '0:05-0:30 UpToDate',
      '0:30-5:00 Held',
      '5:00-5:30 DepartureMissed',
      '5:30- UpToDate',
    ]);
    expect(arrivalsOf(made, 'prod-3')).toEqual(['6:30 2 Travelled']);
    expect(journeyOf(made, '2').everywhereAt).toEqual(O.some(at('6:30')));
  });

  it('T10: a hold that is announced bites from then on', () => {
    const announced = { artifacts: [], holds: [{ at: at('1:00'), hold: hold({ _tag: 'plan' }) }] };
    const made = forecast(oneOnTheWay, at('24:00'), announced);
    expect(arrivalsOf(made, 'prod-2')).toEqual(['0:30 2 Boarded']);
    expect(passageOf(made, '2', 'prod-3')).toMatchObject({
      _tag: 'Stopped',
      environment: 'prod-3',
      outcome: { reason: { _tag: 'Held' } },
    });
    expect(journeyOf(made, '2').everywhereAt).toEqual(O.none);
  });

  it('a hold without an end names the environment at which the way of a version ends', () => {
    const holds = [hold({ _tag: 'environment', environment: environmentName('prod-2') })];
    const made = forecast({ ...oneOnTheWay, holds }, at('24:00'));
    for (const environment of ['prod-2', 'prod-3']) {
      expect(passageOf(made, '2', environment)).toMatchObject({ _tag: 'Stopped', environment: 'prod-2' });
    }
  });

  it('T13: a hold on a stack keeps a step open until it ends', () => {
    const holds = [hold({ _tag: 'stack', stack: stackName('ironstone') }, at('3:10'))];
    const made = forecast({ ...oneOnTheWay, holds }, at('24:00'));
    expect(timelineOf(made, 'dev').arrivals).toMatchObject([
      { at: at('0:05'), stacks: ['basalt'], isWhole: false, reason: 'TookNewest' },
      { at: at('3:10'), stacks: ['ironstone'], isWhole: true, reason: 'Resumed' },
    ]);
    expect(passageOf(made, '2', 'dev')).toEqual({ _tag: 'Arrives', at: at('3:10'), reason: 'Resumed' });
    expect(spansOf(made, 'prod-1')[0]).toBe('0:05-3:10 SourceUnsettled');
  });

  it('T14: a new stop joins with the older version, and the newer comes after', () => {
    const pins = pinsOf(SMALL, { dev: '2', 'prod-1': '2', 'prod-2': '2', image: '1' });
    const older = new Map(pins).set(
      environmentName('prod-2'),
      new Map(SMALL.stacks.map((stack) => [stack, O.some(version('1'))])),
    );
    const made = forecast(viewOf(SMALL, older, ['1', '2'], { now: at('0:15') }), at('24:00'));
    expect(arrivalsOf(made, 'prod-3')).toEqual(['0:30 1 Joined', '2:30 2 Travelled']);
    expect(arrivalsOf(made, 'prod-2')).toEqual(['1:30 2 Boarded']);
  });

  it('T12: a rejected version is said to be, also one that is rejected later', () => {
    const announced = {
      artifacts: [{ at: at('0:20'), artifact: complete(SMALL, '2', { rejected: true }) }],
      holds: [],
    };
    const made = forecast(oneOnTheWay, at('24:00'), announced);
    expect(passageOf(made, '2', 'dev')).toMatchObject({ _tag: 'Arrives', at: at('0:05') });
    expect(passageOf(made, '2', 'prod-1')).toEqual({ _tag: 'Rejected' });
  });

  it('an artifact that nothing completes is said to be incomplete, and where', () => {
    const catalogue = catalogueOf(SMALL.stacks, [
      complete(SMALL, '1'),
      complete(SMALL, '2', { completeOn: [stackName('basalt')] }),
    ]);
    const made = forecast({ ...oneOnTheWay, catalogue }, at('24:00'));
    expect(passageOf(made, '2', 'dev')).toEqual({ _tag: 'Incomplete', missingOn: ['ironstone'] });
  });

  it('a version is overtaken where a newer one comes first', () => {
    const announced = { artifacts: [{ at: at('0:50'), artifact: complete(SMALL, '3') }], holds: [] };
    const holds = [hold({ _tag: 'environment', environment: environmentName('prod-1') }, at('1:10'))];
    const made = forecast({ ...oneOnTheWay, holds }, at('24:00'), announced);
    const overtaken = (environment: string, clock: string): Passage => ({
      _tag: 'Overtaken',
      environment: environmentName(environment),
      by: version('3'),
      at: at(clock),
    });
    expect(passageOf(made, '2', 'prod-1')).toEqual(overtaken('prod-1', '1:30'));
    expect(passageOf(made, '2', 'prod-3')).toEqual(overtaken('prod-3', '2:30'));
  });

  it('a version is overtaken too where its source moves on before it was taken', () => {
    // Somebody gave the canary what the plan would not: it goes back to what it follows.
    const pins = pinsOf(SMALL, { dev: '2', 'prod-1': '3', 'prod-2': '2', 'prod-3': '2' });
    const catalogue = catalogueOf(SMALL.stacks, [complete(SMALL, '2'), complete(SMALL, '3')]);
    const holds = [hold({ _tag: 'environment', environment: environmentName('dev') })];
    const made = forecast({ ...oneOnTheWay, pins, catalogue, holds, now: at('0:20') }, at('24:00'));
    expect(passageOf(made, '3', 'prod-2')).toEqual({
      _tag: 'Overtaken',
      environment: 'prod-1',
      by: '2',
      at: at('0:30'),
    });
  });

  it('what the horizon cuts off is said to come later', () => {
    const made = forecast(oneOnTheWay, at('1:00'));
    expect(made.end).toBe('Horizon');
    expect(passageOf(made, '2', 'prod-3')).toMatchObject({
      _tag: 'BeyondHorizon',
      outcome: { reason: { _tag: 'NotDue' } },
    });
  });

  it('T11: a train out of shape moves nothing, and its versions get no further', () => {
    const plan = planOf({
      name: 'long',
      stacks: ['basalt'],
      stages: [
        { name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' },
        { name: 'train', kind: 'train', environments: ['prod-1', 'prod-2', 'prod-3'], boards: 'dev', every: '1h' },
      ],
    });
    const pins = pinsOf(plan, { dev: '4', 'prod-1': '3', 'prod-2': '1', 'prod-3': '2' });
    const made = forecast(viewOf(plan, pins, ['1', '2', '3', '4']), at('24:00'));
    expect(spansOf(made, 'prod-2')).toEqual(['0:00- OutOfShape']);
    expect(passageOf(made, '4', 'prod-3')).toMatchObject({
      _tag: 'Stopped',
      environment: 'prod-1',
      outcome: { reason: { _tag: 'OutOfShape' } },
    });
  });

  it('stages that are listed before what they take from act at the same departure still', () => {
    const plan = planOf({
      name: 'backwards',
      stacks: ['basalt'],
      stages: [
        { name: 'far', kind: 'canary', environments: ['far'], follows: 'near', every: '1h' },
        { name: 'near', kind: 'canary', environments: ['near'], follows: 'dev', every: '1h' },
        { name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' },
      ],
    });
    const made = forecast(viewOf(plan, pinsOf(plan, {}), ['1']), at('24:00'));
    for (const environment of ['dev', 'near', 'far']) expect(timelineOf(made, environment).arrivals[0]?.at).toBe(START);
  });

  it('stages of different periods are each met at their own departures', () => {
    const plan = planOf({
      name: 'periods',
      stacks: ['basalt'],
      stages: [
        { name: 'latest', kind: 'latest', environments: ['dev'], every: '1m' },
        { name: 'nightly', kind: 'canary', environments: ['stage'], follows: 'dev', every: '1d' },
        { name: 'weekly', kind: 'train', environments: ['prod-1', 'prod-2'], boards: 'stage', every: '7d' },
      ],
    });
    const made = forecast(viewOf(plan, everywhere(plan, '1'), ['1', '2']), plus(START, 60 * DAY_MS));
    const reached = (environment: string) => formatInstant(timelineOf(made, environment).arrivals[0]?.at ?? START);
    expect(reached('dev')).toBe('2025-07-28T02:00:00Z');
    expect(reached('stage')).toBe('2025-07-29T00:00:00Z');
    expect(reached('prod-1')).toBe('2025-07-31T00:00:00Z');
    expect(reached('prod-2')).toBe('2025-08-07T00:00:00Z');
    expect(made.looks).toBeLessThan(40);
  });

  it('a long hold costs a few looks', () => {
    const holds = [hold({ _tag: 'plan' }, plus(START, 3000 * DAY_MS))];
    const made = forecast({ ...oneOnTheWay, holds }, plus(START, 3001 * DAY_MS));
    expect(journeyOf(made, '2').everywhereAt).toEqual(O.some(plus(START, 3000 * DAY_MS + 1.5 * HOUR_MS)));
    expect(made.looks).toBeLessThan(20);
  });

  it('looks no more often than it may, and says so', () => {
    const made = forecast(oneOnTheWay, at('24:00'), undefined, 1);
    expect([made.end, made.looks, clockOf(made.until)]).toEqual(['LooksMax', 1, '0:30']);
    expect(arrivalsOf(made, 'prod-1')).toEqual([]);
  });
});
