/** The laws of the release train, one readable example after another. */
import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hold, HoldScope } from '../../src/domain/hold.ts';
import { formatInterventionRefusal, promoteByHand, rollBack } from '../../src/domain/intervention.ts';
import { nameFromLiteral, Slug, type Version } from '../../src/domain/names.ts';
import { explainOutcome, type Outcome, reasonLabel } from '../../src/domain/outcome.ts';
import { environmentsOf, type ReleasePlan } from '../../src/domain/release-plan.ts';
import { decide, nextDepartureOf, resumeByHand } from '../../src/domain/tick.ts';
import { type EpochMs, formatInstant, HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { Fleet, FLEET_START, NO_TROUBLE, type TickReport } from '../support/fleet.ts';
import { property } from '../support/property.ts';
import { environmentName, planOf, SLACK_PLAN, SLACK_PLAN_JSON, stackName, version } from '../support/slack.ts';

const slug = nameFromLiteral(Slug);
const v = (n: number): Version => version(`1.0.${n}`);
const BASALT = stackName('basalt');
const IRONSTONE = stackName('ironstone');

/** `hours:minutes` after the start of the fleet, which is a full hour. */
const at = (time: string): EpochMs => {
  const [hours, minutes] = time.split(':').map(Number);
  return plus(FLEET_START, ((hours ?? 0) * 60 + (minutes ?? 0)) * MINUTE_MS);
};

/** How `text` shows an instant: the reverse of {@link at}. */
const clock = (instant: O.Option<EpochMs>): string => {
  if (O.isNone(instant)) return 'unknown';
  const minutes = (instant.value - FLEET_START) / MINUTE_MS;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
};

const arrive = (fleet: Fleet, n: number, completeOn = fleet.plan.stacks, rejected = false): void => {
  fleet.artifacts.set(v(n), { version: v(n), completeOn, rejected });
};

/** A fleet that knows the artifacts 1 … `known` and is on version 1 except where `pins` says otherwise. */
const fleetOf = (pins: Readonly<Record<string, number>> = {}, known = 1, plan: ReleasePlan = SLACK_PLAN): Fleet => {
  const fleet = new Fleet(plan, new Map(environmentsOf(plan).map((name) => [name, v(pins[name] ?? 1)])));
  for (let n = 1; n <= known; n++) arrive(fleet, n);
  return fleet;
};

const tickAt = (fleet: Fleet, time: string, trouble = NO_TROUBLE): TickReport => {
  fleet.advance(at(time) - fleet.now);
  return fleet.tick(trouble);
};

const textOf = (fleet: Fleet, environment: string): string =>
  [
    ...new Set(
      fleet.plan.stacks.map((stack) => {
        const pin = fleet.pin(environmentName(environment), stack);
        return O.isSome(pin) ? pin.value.replace('1.0.', '') : '-';
      }),
    ),
  ].join('/');

/** The train of the fleet at a glance, such as `2 2 1 1 1`; `2/1` where the stacks differ. */
const train = (fleet: Fleet): string =>
  (fleet.plan.stages.find(({ name }) => name === 'train')?.environments ?? [])
    .map((stop) => textOf(fleet, stop))
    .join(' ');

const outcomeOf = (report: TickReport, environment: string): Outcome => {
  const found = report.stages
    .flatMap(({ decision }) => decision.outcomes)
    .find((outcome) => outcome.environment === environment);
  if (found === undefined) throw new Error(`no outcome for ${environment}`);
  return found;
};

/** Reason and instant, such as `Held until 3:35`. */
const said = (report: TickReport, environment: string): string => {
  const outcome = outcomeOf(report, environment);
  return outcome._tag === 'Promoted' ? reasonLabel(outcome) : `${reasonLabel(outcome)} until ${clock(outcome.retryAt)}`;
};

const hold = (fleet: Fleet, scope: HoldScope, until?: string): void => {
  const expiresAt = until === undefined ? O.none : O.some(at(until));
  const added: Hold = { id: slug(`h${fleet.holds.length}`), scope, reason: 'a test', owner: 'ada', expiresAt };
  fleet.change(() => {
    fleet.holds = [...fleet.holds, added];
  });
};

const approve = (fleet: Fleet, n: number): void => arrive(fleet, n);

const handPromote = (fleet: Fleet, environment: string, n: number, stack?: string): void => {
  const done = fleet.intervene((view) =>
    promoteByHand(view, {
      environment: environmentName(environment),
      version: v(n),
      stack: stack === undefined ? O.none : O.some(stackName(stack)),
      splaySeconds: O.none,
    }),
  );
  if (E.isLeft(done)) throw new Error(formatInterventionRefusal(done.left));
};

const rollback = (fleet: Fleet, environments: readonly string[], failing = NO_TROUBLE.failing): void => {
  const done = fleet.intervene(
    (view) => rollBack(view, { environments: environments.map(environmentName), to: O.none }),
    failing,
  );
  if (E.isLeft(done)) throw new Error(formatInterventionRefusal(done.left));
};

const STOPS = ['prod-2', 'prod-3', 'prod-4', 'prod-5', 'prod-6'];

describe('T1: the published timetable', () => {
  interface Timetable {
    readonly start: Readonly<Record<string, string>>;
    readonly artifacts: readonly { readonly version: string; readonly arrivesBefore: string }[];
    readonly departures: readonly { readonly at: string; readonly pins: Readonly<Record<string, string>> }[];
  }

  it('T1: also when two Librarians tick every minute', () => {
    const vectors = new URL('../vectors/slack-timetable.json', import.meta.url);
    const table = JSON.parse(readFileSync(vectors, 'utf8')) as Timetable;
    const start = Object.entries(table.start).map(([name, on]) => [environmentName(name), version(on)] as const);
    const fleet = new Fleet(SLACK_PLAN, new Map(start));
    const instantOf = (text: string) => at(text.replace('X+', ''));
    fleet.now = plus(FLEET_START, -MINUTE_MS);
    for (const departure of table.departures) {
      while (fleet.now < instantOf(departure.at)) {
        fleet.advance(MINUTE_MS);
        for (const artifact of table.artifacts) {
          if (fleet.now < instantOf(artifact.arrivesBefore)) continue;
          const arrived = version(artifact.version);
          fleet.artifacts.set(arrived, { version: arrived, completeOn: SLACK_PLAN.stacks, rejected: false });
        }
        const stale = fleet.snapshot();
        fleet.tick();
        fleet.tick(NO_TROUBLE, stale);
      }
      const pins = Object.keys(departure.pins).map((name) => [name, textOf(fleet, name)] as const);
      expect({ at: departure.at, pins: Object.fromEntries(pins) }).toEqual(departure);
    }
  });
});

describe('T2: what is newest', () => {
  it('T2: of 1.0.9 and 1.0.10 the newer is 1.0.10 (fault 18)', () => {
    const fleet = fleetOf({}, 10);
    tickAt(fleet, '1:00');
    expect([textOf(fleet, 'sandbox'), textOf(fleet, 'dev')]).toEqual(['10', '10']);
  });

  it('T2: an artifact is taken only when every stack has all of it', () => {
    const fleet = fleetOf();
    arrive(fleet, 2, [BASALT]);
    tickAt(fleet, '1:00');
    expect(textOf(fleet, 'dev')).toBe('1');
    arrive(fleet, 2);
    tickAt(fleet, '2:00');
    expect(textOf(fleet, 'dev')).toBe('2');
  });

  it('T2: with no artifact there is nothing to take', () => {
    const fleet = fleetOf({}, 0);
    expect(said(tickAt(fleet, '1:00'), 'dev')).toBe('NoArtifact until unknown');
  });

  it('T2: an artifact that is newer by number but arrived first wins', () => {
    const fleet = fleetOf({}, 1);
    arrive(fleet, 3);
    arrive(fleet, 2);
    tickAt(fleet, '1:00');
    expect(textOf(fleet, 'dev')).toBe('3');
  });
});

describe('T3: the canary', () => {
  it('T3: takes what it follows while the train is under way', () => {
    const fleet = fleetOf({ dev: 3, 'prod-1': 2, 'prod-2': 2 }, 3);
    tickAt(fleet, '1:30');
    expect(textOf(fleet, 'prod-1')).toBe('3');
    expect(train(fleet)).toBe('2 2 1 1 1');
  });

  it('T3: takes what it follows while the train is held', () => {
    const fleet = fleetOf({ dev: 3, 'prod-1': 2, 'prod-2': 2 }, 3);
    hold(fleet, { _tag: 'stage', stage: slug('train') });
    tickAt(fleet, '1:30');
    expect(textOf(fleet, 'prod-1')).toBe('3');
    expect(train(fleet)).toBe('2 1 1 1 1');
  });

  it('T3: goes back to an older version with what it follows', () => {
    const fleet = fleetOf({ dev: 1, 'prod-1': 2 }, 2);
    tickAt(fleet, '1:30');
    expect(textOf(fleet, 'prod-1')).toBe('1');
  });
});

describe('T4: boarding', () => {
  it('T4: the train carries what boarded, although the canary changes meanwhile (fault 64)', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    const rows: string[] = [];
    for (let hour = 1; hour <= 7; hour++) {
      tickAt(fleet, `${hour}:30`);
      rows.push(train(fleet));
      arrive(fleet, hour + 2);
      tickAt(fleet, `${hour + 1}:00`);
    }
    expect(rows).toEqual(['2 1 1 1 1', '2 2 1 1 1', '2 2 2 1 1', '2 2 2 2 1', '2 2 2 2 2', '7 2 2 2 2', '7 7 2 2 2']);
  });

  it('T4: what boards may be older, as after a rollback', () => {
    const fleet = fleetOf({ 'prod-1': 1, dev: 1, ...Object.fromEntries(STOPS.map((stop) => [stop, 2])) }, 2);
    tickAt(fleet, '1:30');
    expect(train(fleet)).toBe('1 2 2 2 2');
  });

  it('T4: nothing boards while the boarding environment is on what the train is on', () => {
    const fleet = fleetOf();
    const report = tickAt(fleet, '1:30');
    expect(STOPS.map((stop) => said(report, stop))).toEqual(STOPS.map(() => 'UpToDate until 2:30'));
  });
});

describe('T5: one stop to a departure', () => {
  it('T5: however often the tick runs within it', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    for (let minute = 30; minute < 60; minute++) tickAt(fleet, `1:${minute}`);
    expect(train(fleet)).toBe('2 1 1 1 1');
  });

  it('T5: a step that a crash left is finished, and nothing else is done at that departure', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    tickAt(fleet, '1:30', { ...NO_TROUBLE, crash: { stage: 2, effects: 0 } });
    expect(train(fleet)).toBe('1 1 1 1 1');
    tickAt(fleet, '9:31');
    tickAt(fleet, '9:32');
    expect(train(fleet)).toBe('2 1 1 1 1');
    tickAt(fleet, '10:30');
    expect(train(fleet)).toBe('2 2 1 1 1');
  });
});

describe('T6: the shape of a train', () => {
  it('T6: at most two versions, the newer in front without a gap, over a day with an artifact every hour', () => {
    const fleet = fleetOf();
    for (let hour = 1; hour <= 24; hour++) {
      arrive(fleet, hour + 1);
      tickAt(fleet, `${hour}:00`);
      tickAt(fleet, `${hour}:30`);
      expect(train(fleet)).toMatch(/^(\d+)( \1)*( (\d+)( \4)*)?$/);
    }
    expect(new Set(train(fleet).split(' ')).size).toBe(2);
  });
});

describe('T7: one departure acts once', () => {
  it('T7: of two Librarians that decide from the same reading one lands, and the other finds nothing to do', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    fleet.advance(at('1:30') - fleet.now);
    const stale = fleet.snapshot();
    fleet.tick();
    const second = fleet.tick(NO_TROUBLE, stale);
    expect(second.conflicts).toBe(1);
    expect(second.stages.flatMap(({ decision }) => decision.promotions)).toEqual([]);
    expect(train(fleet)).toBe('2 1 1 1 1');
  });

  it('T7: killed between the memory and the first effect, the next tick does that one thing', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    tickAt(fleet, '1:30', { ...NO_TROUBLE, crash: { stage: 2, effects: 0 } });
    expect(said(tickAt(fleet, '1:31'), 'prod-2')).toBe('Resumed');
    expect(said(tickAt(fleet, '1:32'), 'prod-3')).toBe('NotDue until 2:30');
    expect(train(fleet)).toBe('2 1 1 1 1');
  });

  it('T7: killed between two stacks, the next tick does the other one', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    tickAt(fleet, '1:30', { ...NO_TROUBLE, crash: { stage: 2, effects: 1 } });
    expect(train(fleet)).toBe('2/1 1 1 1 1');
    const report = tickAt(fleet, '1:31');
    expect(outcomeOf(report, 'prod-2')).toMatchObject({ _tag: 'Promoted', stacks: [IRONSTONE], reason: 'Resumed' });
    expect(train(fleet)).toBe('2 1 1 1 1');
  });

  it('T7: a version that arrives after the departure found nothing waits for the next', () => {
    const fleet = fleetOf();
    tickAt(fleet, '1:00');
    arrive(fleet, 2);
    expect(said(tickAt(fleet, '1:05'), 'dev')).toBe('NotDue until 2:00');
    tickAt(fleet, '2:00');
    expect(textOf(fleet, 'dev')).toBe('2');
  });
});

describe('T8: grace', () => {
  it.each([
    ['1:29', 'NotDue until 2:30', 'just before it, the one before has acted'],
    ['1:30', 'Boarded', 'on time'],
    ['1:40', 'Boarded', 'at the last instant of the grace'],
    ['1:41', 'DepartureMissed until 2:30', 'after the grace'],
  ])('T8: at %s the train says %s: %s', (time, expected) => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    if (time === '1:29') {
      fleet.memory = { ...fleet.memory, departed: new Map([[slug('train'), at('1:30')]]) };
    }
    expect(said(tickAt(fleet, time), 'prod-2')).toBe(expected);
  });

  it('T8: one millisecond after the grace the departure is missed', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    fleet.advance(at('1:40') - fleet.now + 1);
    expect(said(fleet.tick(), 'prod-2')).toBe('DepartureMissed until 2:30');
  });

  it('T8: after an outage of nine hours the train makes one step, and the next an hour later', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    tickAt(fleet, '1:30');
    const rows = ['10:35', '10:36', '11:29', '11:30'].map((time) => {
      tickAt(fleet, time);
      return train(fleet);
    });
    expect(rows).toEqual(['2 2 1 1 1', '2 2 1 1 1', '2 2 1 1 1', '2 2 2 1 1']);
  });

  it('T8: a tick that comes only after every grace never acts, and says what it missed', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    const report = tickAt(fleet, '1:45');
    expect(explainOutcome(outcomeOf(report, 'prod-2'))).toBe(
      'waiting: the departure of 2025-07-28T03:30:00Z was missed; the next one makes one step; try again at 2025-07-28T04:30:00Z',
    );
  });

  it('T8: a shorter interval does not bring the next step nearer than itself', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    tickAt(fleet, '1:30');
    const stages = SLACK_PLAN_JSON.stages.map((stage) =>
      stage.kind === 'train' ? { ...stage, every: '45m', offset: '0s' } : stage,
    );
    fleet.plan = planOf({ ...SLACK_PLAN_JSON, stages });
    // Departures are now every 45 minutes from midnight; 1:45 would be 15 minutes after the last step.
    const early = tickAt(fleet, '1:45');
    expect(said(early, 'prod-3')).toBe('NotDue until 2:30');
    tickAt(fleet, '2:30');
    expect(train(fleet)).toBe('2 2 1 1 1');
  });

  it('T8: a clock that was set back never brings two steps within one interval of real time', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    tickAt(fleet, '8:30');
    expect(train(fleet)).toBe('2 1 1 1 1');
    fleet.setBack(5 * HOUR_MS + MINUTE_MS);
    // The wall says 3:29; the departure of 3:30 is a minute after the step.
    expect(said(fleet.tick(), 'prod-3')).toBe('ClockWentBack until 4:30');
    tickAt(fleet, '3:30');
    expect(train(fleet)).toBe('2 1 1 1 1');
    tickAt(fleet, '4:30');
    expect(train(fleet)).toBe('2 2 1 1 1');
  });

  it('T8: a clock that was set back a little waits for the departure after the one that acted', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    tickAt(fleet, '1:30');
    fleet.setBack(5 * MINUTE_MS);
    expect(said(fleet.tick(), 'prod-3')).toBe('NotDue until 2:30');
  });
});

describe('T9: outcomes', () => {
  it('T9: every environment of the plan has exactly one, in its order', () => {
    const report = fleetOf().tick();
    const environments = report.stages.flatMap(({ decision }) => decision.outcomes.map((one) => one.environment));
    expect(environments).toEqual(environmentsOf(SLACK_PLAN));
    expect(said(report, 'ami-dev')).toBe('ByHand until unknown');
  });

  it('T9: a version that waits for the train is told the departure at which it boards', () => {
    const fleet = fleetOf({ dev: 3, 'prod-1': 3, 'prod-2': 2 }, 3);
    expect(said(tickAt(fleet, '1:10'), 'prod-2')).toBe('TrainUnderWay until 5:30');
    for (const time of ['1:30', '2:30', '3:30', '4:30']) tickAt(fleet, time);
    expect(train(fleet)).toBe('2 2 2 2 2');
    tickAt(fleet, '5:30');
    expect(train(fleet)).toBe('3 2 2 2 2');
  });

  it('T9: a stop whose turn it is not yet is told whose it is', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2, 'prod-2': 2, 'prod-4': 2 }, 2);
    fleet.memory = {
      ...fleet.memory,
      joined: new Set([environmentName('prod-3')]),
      departed: new Map([[slug('train'), at('0:30')]]),
    };
    const report = tickAt(fleet, '1:10');
    expect(STOPS.map((stop) => said(report, stop))).toEqual([
      'UpToDate until 1:30',
      'NotDue until 1:30',
      'UpToDate until 1:30',
      'NotItsTurn until 1:30',
      'UpToDate until 1:30',
    ]);
    expect(explainOutcome(outcomeOf(report, 'prod-3'))).toBe(
      'waiting: its next departure has not come; try again at 2025-07-28T03:30:00Z',
    );
    expect(explainOutcome(outcomeOf(report, 'prod-5'))).toContain('prod-3 goes first');
  });

  it.each([
    ['1:35', 'within the grace of the departure', '1:35'],
    ['1:45', 'after the grace', '2:30'],
    ['4:05', 'between two later departures', '4:30'],
    ['4:38', 'within the grace of a later one', '4:38'],
  ])('T9: a hold that ends at %s, %s, is to be asked again at %3$s', (until, _, retryAt) => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    hold(fleet, { _tag: 'plan' }, until);
    expect(said(tickAt(fleet, '1:30'), 'prod-2')).toBe(`Held until ${retryAt}`);
    tickAt(fleet, retryAt);
    expect(train(fleet)).toBe('2 1 1 1 1');
  });

  it('T9: of several holds the one that lasts longest says when', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    hold(fleet, { _tag: 'plan' }, '2:00');
    hold(fleet, { _tag: 'environment', environment: environmentName('prod-2') }, '6:30');
    hold(fleet, { _tag: 'stage', stage: slug('train') }, '3:00');
    expect(said(tickAt(fleet, '1:30'), 'prod-2')).toBe('Held until 6:30');
  });

  it('T9: a hold on each stack ends with the first of them', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    hold(fleet, { _tag: 'stack', stack: BASALT }, '6:30');
    hold(fleet, { _tag: 'stack', stack: IRONSTONE }, '4:30');
    expect(said(tickAt(fleet, '1:30'), 'prod-2')).toBe('Held until 4:30');
  });

  it('T9: a retry that is held waits for the end of the hold, not for a departure', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    hold(fleet, { _tag: 'stack', stack: BASALT }, '1:50');
    tickAt(fleet, '1:30');
    expect(train(fleet)).toBe('1/2 1 1 1 1');
    expect(said(tickAt(fleet, '1:31'), 'prod-2')).toBe('Held until 1:50');
    tickAt(fleet, '1:50');
    expect(train(fleet)).toBe('2 1 1 1 1');
  });

  it('T9: once its departure has acted for another environment, a held one waits for the next', () => {
    const fleet = fleetOf({}, 2);
    hold(fleet, { _tag: 'environment', environment: environmentName('dev') }, '1:05');
    const report = tickAt(fleet, '1:00');
    expect([said(report, 'sandbox'), said(report, 'dev')]).toEqual(['TookNewest', 'Held until 2:00']);
  });

  it('T9: the next departure of a plan is that of its first stage', () => {
    expect(formatInstant(nextDepartureOf(SLACK_PLAN, at('1:00')))).toBe('2025-07-28T03:30:00Z');
    expect(formatInstant(nextDepartureOf(SLACK_PLAN, at('1:30')))).toBe('2025-07-28T04:00:00Z');
  });

  it('T9: what is rehearsed in one go is what the stages do one by one', () => {
    const fleet = fleetOf({ dev: 3, 'prod-1': 2, 'prod-2': 2 }, 4);
    fleet.advance(at('1:30') - fleet.now);
    const rehearsed = decide(fleet.snapshot().view);
    const report = fleet.tick();
    expect(rehearsed.outcomes).toEqual(report.stages.flatMap(({ decision }) => decision.outcomes));
    expect(rehearsed.promotions).toEqual(report.stages.flatMap(({ decision }) => decision.promotions));
    expect(rehearsed.memory).toEqual(fleet.memory);
  });
});

describe('T10: holds', () => {
  const promotedUnder = (scope: HoldScope): readonly string[] => {
    const fleet = fleetOf({ dev: 2, 'prod-2': 3 }, 3);
    hold(fleet, scope);
    // Midnight departs everything at once in this plan.
    const stages = SLACK_PLAN_JSON.stages.map((stage) => ({ ...stage, offset: '0s' }));
    fleet.plan = planOf({ ...SLACK_PLAN_JSON, stages });
    return tickAt(fleet, '1:00').stages.flatMap(({ effects }) =>
      effects.map(({ environment, stack }) => `${environment}@${stack}`),
    );
  };
  const all = ['sandbox', 'dev', 'prod-1', 'prod-3'].flatMap((name) => [`${name}@basalt`, `${name}@ironstone`]);

  it('T10: one of the plan stops everything', () => {
    expect(promotedUnder({ _tag: 'plan' })).toEqual([]);
  });

  it('T10: one of a stage stops that stage', () => {
    expect(promotedUnder({ _tag: 'stage', stage: slug('train') })).toEqual(all.slice(0, 6));
  });

  it('T10: one of an environment stops that environment', () => {
    // With dev held, prod-1 takes what dev has been on.
    expect(promotedUnder({ _tag: 'environment', environment: environmentName('dev') })).toEqual(
      all.filter((name) => !name.startsWith('dev')),
    );
  });

  it('T10: one of a stack stops that stack, and so whatever needs a step to be complete everywhere', () => {
    expect(promotedUnder({ _tag: 'stack', stack: IRONSTONE })).toEqual([
      'sandbox@basalt',
      'dev@basalt',
      'prod-3@basalt',
    ]);
  });

  it('T10: one that has expired, or is on something else, stops nothing', () => {
    expect(promotedUnder({ _tag: 'stage', stage: slug('elsewhere') })).toEqual(all);
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    hold(fleet, { _tag: 'plan' }, '1:30');
    tickAt(fleet, '1:30');
    expect(train(fleet)).toBe('2 1 1 1 1');
  });
});

describe('T11: pins that no train could have left', () => {
  it('T11: three versions stop the train, which says how to go on', () => {
    const fleet = fleetOf({ 'prod-2': 3, 'prod-3': 2 }, 3);
    const report = tickAt(fleet, '1:30');
    expect(STOPS.map((stop) => reasonLabel(outcomeOf(report, stop)))).toEqual(STOPS.map(() => 'OutOfShape'));
    expect(explainOutcome(outcomeOf(report, 'prod-4'))).toBe(
      'waiting: no train leaves its stops on 1.0.3, 1.0.2, 1.0.1; promote or roll back by hand until at most two versions remain, the newer in front without a gap',
    );
  });

  it('T11: a gap stops the train', () => {
    const fleet = fleetOf({ 'prod-2': 2, 'prod-4': 2 }, 2);
    expect(said(tickAt(fleet, '1:30'), 'prod-3')).toBe('OutOfShape until unknown');
  });

  it('T11: stacks that differ without a step stop the train until one of their versions is promoted there', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2, 'prod-2': 2 }, 2);
    handPromote(fleet, 'prod-4', 2, 'basalt');
    const report = tickAt(fleet, '1:30');
    expect(train(fleet)).toBe('2 1 2/1 1 1');
    expect(explainOutcome(outcomeOf(report, 'prod-3'))).toBe(
      'waiting: prod-4 is on 1.0.2 and 1.0.1 on different stacks; promote one of them there by hand',
    );
    handPromote(fleet, 'prod-4', 1);
    tickAt(fleet, '1:31');
    expect(train(fleet)).toBe('2 2 1 1 1');
  });

  it('T11: pins that were moved elsewhere, on every stack alike, take the place of an open step', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 3);
    tickAt(fleet, '1:30', { ...NO_TROUBLE, failing: new Set([IRONSTONE]) });
    expect(train(fleet)).toBe('2/1 1 1 1 1');
    for (const stack of SLACK_PLAN.stacks) fleet.setPin(environmentName('prod-2'), stack, v(3));
    tickAt(fleet, '1:31');
    expect(train(fleet)).toBe('3 1 1 1 1');
    expect(fleet.memory.steps.has(environmentName('prod-2'))).toBe(false);
  });

  it('T11: another train, and the canary, go on', () => {
    const plan = planOf({
      ...SLACK_PLAN_JSON,
      stages: [
        ...SLACK_PLAN_JSON.stages,
        {
          name: 'edge',
          kind: 'train',
          environments: ['edge-1', 'edge-2'],
          boards: 'prod-1',
          every: '1h',
          offset: '30m',
        },
      ],
    });
    const fleet = fleetOf({ dev: 2, 'prod-2': 3, 'prod-3': 2 }, 3, plan);
    tickAt(fleet, '1:30');
    expect(textOf(fleet, 'prod-1')).toBe('2');
    expect([textOf(fleet, 'edge-1'), textOf(fleet, 'edge-2')]).toEqual(['2', '1']);
  });

  property(
    'T11: whatever the stops are on, promoting one version to all of them by hand is a way out',
    [fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 10, maxLength: 10 })],
    (pins) => {
      const fleet = fleetOf({ dev: 5, 'prod-1': 5 }, 5);
      for (const [i, stop] of STOPS.entries()) {
        for (const [j, stack] of SLACK_PLAN.stacks.entries()) {
          fleet.setPin(environmentName(stop), stack, v(pins[i * 2 + j] ?? 1));
        }
      }
      fleet.tick();
      for (const stop of STOPS) handPromote(fleet, stop, 4);
      tickAt(fleet, '1:30');
      expect(train(fleet)).toBe('5 4 4 4 4');
    },
  );
});

describe('T12: rollback', () => {
  const carried = (fleet: Fleet, n: number): readonly string[] =>
    environmentsOf(fleet.plan).filter((environment) => textOf(fleet, environment) === String(n));

  /** Everything up to the second stop is on 2, which came from 1. */
  const halfWay = (): Fleet => {
    const fleet = fleetOf({}, 2);
    tickAt(fleet, '1:00');
    tickAt(fleet, '1:30');
    tickAt(fleet, '2:30');
    expect(carried(fleet, 2)).toEqual(['sandbox', 'dev', 'prod-1', 'prod-2', 'prod-3']);
    return fleet;
  };

  const runUntil = (fleet: Fleet, time: string): void => {
    while (fleet.now < at(time)) {
      fleet.advance(10 * MINUTE_MS);
      fleet.tick();
    }
  };

  it('T12: of one environment is not undone by any later departure', () => {
    const fleet = halfWay();
    rollback(fleet, ['prod-3']);
    expect(train(fleet)).toBe('2 1 1 1 1');
    runUntil(fleet, '12:00');
    // What is newest and not rejected went its way since; the bad version came nowhere.
    expect(carried(fleet, 2)).toEqual(['prod-2']);
  });

  it('T12: of a train takes back the stops that it had reached, and leaves the others alone', () => {
    const fleet = halfWay();
    const before = fleet.memory;
    rollback(fleet, STOPS);
    expect(train(fleet)).toBe('1 1 1 1 1');
    expect([...fleet.memory.steps.keys()].toSorted()).toEqual(['prod-2', 'prod-3']);
    expect(fleet.memory.steps.get(environmentName('prod-4'))).toBe(before.steps.get(environmentName('prod-4')));
    runUntil(fleet, '12:00');
    expect(train(fleet)).toBe('1 1 1 1 1');
  });

  it('T12: of all that carry the bad version clears the fleet of it', () => {
    const fleet = halfWay();
    rollback(fleet, carried(fleet, 2));
    expect(carried(fleet, 2)).toEqual([]);
    runUntil(fleet, '12:00');
    expect(carried(fleet, 2)).toEqual([]);
  });

  it('T12: once it is approved again the version takes its way again', () => {
    const fleet = halfWay();
    rollback(fleet, carried(fleet, 2));
    runUntil(fleet, '5:00');
    approve(fleet, 2);
    runUntil(fleet, '6:30');
    expect(carried(fleet, 2)).toEqual(['sandbox', 'dev', 'prod-1', 'prod-2']);
  });

  it('T12: one that failed half-way is finished by the next tick', () => {
    const fleet = halfWay();
    rollback(fleet, STOPS, new Set([BASALT]));
    expect(train(fleet)).toBe('2/1 2/1 1 1 1');
    tickAt(fleet, '2:31');
    expect(train(fleet)).toBe('1 1 1 1 1');
  });

  it('T12: one that is open is finished although another stop cannot be read', () => {
    const fleet = halfWay();
    rollback(fleet, STOPS, new Set([BASALT]));
    fleet.blind = new Set(['prod-6 basalt', 'prod-6 ironstone']);
    tickAt(fleet, '2:31');
    expect(train(fleet)).toBe('1 1 1 1 1');
  });

  it('T12: a rejected version does not board', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    fleet.reject(v(2));
    expect(said(tickAt(fleet, '1:30'), 'prod-2')).toBe('VersionRejected until unknown');
    expect(train(fleet)).toBe('1 1 1 1 1');
  });

  it('T12: a rejected version does not travel on, and says what to do', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2, 'prod-2': 2 }, 2);
    fleet.reject(v(2));
    const report = tickAt(fleet, '1:30');
    expect(explainOutcome(outcomeOf(report, 'prod-3'))).toBe('waiting: 1.0.2 is rejected; approve it or roll back');
  });

  it('T12: a version that the catalogue has lost neither boards nor travels', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2, 'prod-2': 2 }, 2);
    fleet.artifacts.delete(v(2));
    expect(said(tickAt(fleet, '1:30'), 'prod-3')).toBe('ArtifactUnknown until unknown');
    expect(train(fleet)).toBe('2 1 1 1 1');
  });

  it('T12: what is newest and not rejected replaces a rejected version at the next departure', () => {
    const fleet = fleetOf({ sandbox: 2, dev: 2 }, 2);
    fleet.reject(v(2));
    tickAt(fleet, '1:00');
    expect([textOf(fleet, 'sandbox'), textOf(fleet, 'dev')]).toEqual(['1', '1']);
  });

  it('T12: a step to a version that was rejected meanwhile waits, and is overtaken by what is newest, also where all are on that', () => {
    const fleet = fleetOf({}, 2);
    tickAt(fleet, '1:00', { ...NO_TROUBLE, crash: { stage: 0, effects: 0 } });
    fleet.reject(v(2));
    expect(said(tickAt(fleet, '1:01'), 'dev')).toBe('VersionRejected until 2:00');
    // Somebody may be about to pin the rejected version, or to tell of it: every stack is gone through.
    expect(said(tickAt(fleet, '2:00'), 'dev')).toBe('TookNewest');
    expect(fleet.memory.steps.get(environmentName('dev'))).toMatchObject({ version: v(1), overtaken: [v(2)] });
    expect(said(tickAt(fleet, '2:01'), 'dev')).toBe('UpToDate until 3:00');
    expect(fleet.memory.steps.size).toBe(0);
  });
});

describe('T13: a step is complete when every stack has it', () => {
  it('T13: the stack that failed is tried again by every tick, and the train waits for it (fault 63)', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    const failing = { ...NO_TROUBLE, failing: new Set([IRONSTONE]) };
    tickAt(fleet, '1:30', failing);
    const report = tickAt(fleet, '2:30', failing);
    expect(train(fleet)).toBe('2/1 1 1 1 1');
    expect(explainOutcome(outcomeOf(report, 'prod-3'))).toBe(
      'waiting: prod-2 is not complete on ironstone; every tick tries again',
    );
    tickAt(fleet, '2:45');
    expect(train(fleet)).toBe('2 1 1 1 1');
    tickAt(fleet, '3:30');
    expect(train(fleet)).toBe('2 2 1 1 1');
  });

  it('T13: a stack that is down holds up what takes from there, and nothing takes a guess', () => {
    const fleet = fleetOf({}, 2);
    fleet.down = new Set([IRONSTONE]);
    tickAt(fleet, '1:00');
    expect(textOf(fleet, 'dev')).toBe('2/1');
    expect(said(tickAt(fleet, '1:30'), 'prod-1')).toBe('SourceUnsettled until unknown');
    fleet.down = new Set();
    tickAt(fleet, '1:35');
    expect([textOf(fleet, 'dev'), textOf(fleet, 'prod-1')]).toEqual(['2', '2']);
  });

  it('T13: at a departure a newer artifact overtakes a step that is stuck', () => {
    const fleet = fleetOf({}, 2);
    fleet.down = new Set([IRONSTONE]);
    tickAt(fleet, '1:00');
    arrive(fleet, 3);
    tickAt(fleet, '1:30');
    expect(textOf(fleet, 'dev')).toBe('2/1');
    fleet.down = new Set();
    tickAt(fleet, '2:00');
    expect(textOf(fleet, 'dev')).toBe('3');
  });

  it('T13: a step is tried again while what would overtake it may not be taken', () => {
    const fleet = fleetOf({ dev: 2 }, 3);
    hold(fleet, { _tag: 'stage', stage: slug('latest') });
    tickAt(fleet, '1:30', { ...NO_TROUBLE, failing: new Set([IRONSTONE]) });
    for (const stack of SLACK_PLAN.stacks) fleet.setPin(environmentName('dev'), stack, v(3));
    fleet.reject(v(3));
    expect(said(tickAt(fleet, '2:30'), 'prod-1')).toBe('Resumed');
    expect(textOf(fleet, 'prod-1')).toBe('2');
  });

  it('T13: what a person promoted where only people promote is finished as well', () => {
    const fleet = fleetOf({}, 2);
    fleet.down = new Set([IRONSTONE]);
    handPromote(fleet, 'ami-dev', 2);
    expect(textOf(fleet, 'ami-dev')).toBe('2/1');
    expect(said(fleet.tick(), 'ami-dev')).toBe('Resumed');
    fleet.down = new Set();
    fleet.tick();
    expect(textOf(fleet, 'ami-dev')).toBe('2');
    expect(said(fleet.tick(), 'ami-dev')).toBe('ByHand until unknown');
    expect(fleet.memory.steps.size).toBe(0);
  });

  it('T13: where only people promote nothing is ever begun, not even for a stack without a pin', () => {
    const fleet = fleetOf({}, 2);
    fleet.truth.get(environmentName('ami-dev'))?.set(IRONSTONE, O.none);
    const { view } = fleet.snapshot();
    expect(resumeByHand(view).promotions).toEqual([]);
  });

  it('T13: a stack that joined the plan catches up at once', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2, 'prod-2': 2 }, 2);
    fleet.plan = planOf({ ...SLACK_PLAN_JSON, stacks: ['basalt', 'ironstone', 'obsidian'] });
    for (const n of [1, 2]) arrive(fleet, n, fleet.plan.stacks);
    for (const pins of fleet.truth.values()) pins.set(stackName('obsidian'), O.none);
    tickAt(fleet, '1:10');
    expect(train(fleet)).toBe('2 1 1 1 1');
    expect(textOf(fleet, 'dev')).toBe('2');
  });
});

describe('T14: joining', () => {
  const withStop = (fleet: Fleet, position: number): void => {
    const stages = SLACK_PLAN_JSON.stages.map((stage) =>
      stage.kind === 'train' ? { ...stage, environments: stage.environments.toSpliced(position, 0, 'prod-9') } : stage,
    );
    fleet.plan = planOf({ ...SLACK_PLAN_JSON, stages });
    fleet.addEnvironment(environmentName('prod-9'), undefined);
  };

  const rowsFrom = (fleet: Fleet, hours: readonly number[]): readonly string[] =>
    hours.map((hour) => {
      tickAt(fleet, `${hour}:30`);
      return train(fleet);
    });

  it.each([
    [0, ['1 2 2 1 1 1', '2 2 2 1 1 1', '2 2 2 2 1 1']],
    [1, ['2 1 2 1 1 1', '2 2 2 1 1 1', '2 2 2 2 1 1']],
    [3, ['2 2 1 1 1 1', '2 2 2 1 1 1', '2 2 2 2 1 1']],
    [5, ['2 2 1 1 1 1', '2 2 2 1 1 1', '2 2 2 2 1 1']],
  ])('T14: at position %i of a train under way it gets the older version, and the newer in its turn', (at, rows) => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2, 'prod-2': 2, 'prod-3': 2 }, 2);
    withStop(fleet, at);
    expect(rowsFrom(fleet, [1, 2, 3])).toEqual(rows);
  });

  it('T14: on a train that has arrived it gets what all are on, and nothing boards before', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2 }, 2);
    withStop(fleet, 2);
    expect(rowsFrom(fleet, [1, 2, 3])).toEqual(['1 1 1 1 1 1', '2 1 1 1 1 1', '2 2 1 1 1 1']);
  });

  it('T14: where all are new, the first version travels like any other', () => {
    const plan = SLACK_PLAN;
    const fleet = new Fleet(plan, new Map([[environmentName('dev'), v(1)]]));
    arrive(fleet, 1);
    expect(rowsFrom(fleet, [1, 2, 3, 4, 5, 6])).toEqual([
      '1 - - - -',
      '1 1 - - -',
      '1 1 1 - -',
      '1 1 1 1 -',
      '1 1 1 1 1',
      '1 1 1 1 1',
    ]);
    expect(fleet.memory.joined.size).toBe(0);
  });

  it('T14: a stop that cannot be read on every stack is not taken for a new one', () => {
    const fleet = fleetOf({ dev: 2, 'prod-1': 2, 'prod-2': 2, 'prod-3': 2 }, 2);
    fleet.truth.get(environmentName('prod-3'))?.set(BASALT, O.none);
    fleet.down = new Set([IRONSTONE]);
    const report = tickAt(fleet, '1:30');
    expect(explainOutcome(outcomeOf(report, 'prod-3'))).toBe(
      'waiting: not every stack answers for prod-3, and nobody knows what it is on',
    );
    fleet.down = new Set();
    tickAt(fleet, '1:31');
    expect(textOf(fleet, 'prod-3')).toBe('2');
  });

  it('T14: while all wait for a first version, the others are told which stop goes first', () => {
    const fleet = new Fleet(SLACK_PLAN, new Map());
    const report = fleet.tick();
    expect(said(report, 'prod-2')).toBe('SourceUnset until unknown');
    expect(explainOutcome(outcomeOf(report, 'prod-3'))).toContain('prod-2 goes first');
  });
});

describe('T15: progress', () => {
  property(
    'T15: with n stops a version that boarded is at the last in n − 1 further departures',
    [fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 9 })],
    (stops, lateMinutes) => {
      const environments = Array.from({ length: stops }, (_, i) => `stop-${i + 1}`);
      const plan = planOf({
        name: 'progress',
        stacks: ['basalt'],
        stages: [{ name: 'train', kind: 'train', environments, boards: 'source', every: '1h' }],
        by_hand: ['source'],
      });
      const fleet = fleetOf({ source: 2 }, 2, plan);
      for (let departure = 1; departure <= stops; departure++) {
        expect(textOf(fleet, `stop-${stops}`)).toBe('1');
        tickAt(fleet, `${departure}:0${lateMinutes}`);
      }
      expect(textOf(fleet, `stop-${stops}`)).toBe('2');
    },
  );
});
