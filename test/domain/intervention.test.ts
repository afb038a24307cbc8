import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import type { HoldScope } from '../../src/domain/hold.ts';
import {
  formatInterventionRefusal,
  type Intervention,
  type InterventionRefusal,
  promoteByHand,
  rollBack,
} from '../../src/domain/intervention.ts';
import { type EnvironmentName, nameFromLiteral, Slug, type Version } from '../../src/domain/names.ts';
import { environmentsOf, STAGE_SPLAY_SECONDS_DEFAULT } from '../../src/domain/release-plan.ts';
import { epochMs, MINUTE_MS } from '../../src/domain/time.ts';
import { EMPTY_MEMORY, HISTORY_MAX, openStep } from '../../src/domain/train-memory.ts';
import { Fleet } from '../support/fleet.ts';
import { environmentName, planOf, SLACK_PLAN, SLACK_PLAN_JSON, stackName, version } from '../support/slack.ts';

const slug = nameFromLiteral(Slug);
const v = (n: number): Version => version(`1.0.${n}`);
const [BASALT, IRONSTONE] = [stackName('basalt'), stackName('ironstone')];
const PROD = environmentName('prod-2');
const STOPS = ['prod-2', 'prod-3', 'prod-4', 'prod-5', 'prod-6'].map(environmentName);

/** A fleet on version 1 that knows 1, 2 and 3. */
const fleetOf = (pins: Readonly<Record<string, number>> = {}, plan = SLACK_PLAN): Fleet => {
  const fleet = new Fleet(plan, new Map(environmentsOf(plan).map((name) => [name, v(pins[name] ?? 1)])));
  for (const n of [1, 2, 3]) {
    fleet.artifacts.set(v(n), { version: v(n), completeOn: plan.stacks, rejected: false });
  }
  return fleet;
};

interface Ask {
  readonly environment?: string;
  readonly to?: Version;
  readonly stack?: string;
  readonly splay?: number;
}

const promote = (fleet: Fleet, { environment = 'prod-2', to = v(2), stack, splay }: Ask = {}) =>
  promoteByHand(fleet.snapshot().view, {
    environment: environment as EnvironmentName,
    version: to,
    stack: stack === undefined ? O.none : O.some(stackName(stack)),
    splaySeconds: splay === undefined ? O.none : O.some(splay),
  });

const done = (result: E.Either<InterventionRefusal, Intervention>): Intervention => {
  if (E.isLeft(result)) throw new Error(formatInterventionRefusal(result.left));
  return result.right;
};

const refusalOf = (result: E.Either<InterventionRefusal, Intervention>): readonly [string, string] => {
  if (E.isRight(result)) throw new Error('it was not refused');
  return [result.left._tag, formatInterventionRefusal(result.left)];
};

const hold = (fleet: Fleet, scope: HoldScope): void => {
  fleet.holds = [{ id: slug('freeze'), scope, reason: 'the week of the sale', owner: 'ada', expiresAt: O.none }];
};

describe('a promotion by hand', () => {
  it('promotes on every stack that lacks the version, and leaves a step to be finished', () => {
    const fleet = fleetOf();
    fleet.setPin(PROD, BASALT, v(2));
    const { promotions, memory, rejected } = done(promote(fleet));
    expect(promotions).toEqual([
      {
        environment: 'prod-2',
        version: v(2),
        stacks: [IRONSTONE],
        splaySeconds: STAGE_SPLAY_SECONDS_DEFAULT,
        reason: 'ByHand',
      },
    ]);
    expect(memory.steps.get(PROD)?.version).toBe(v(2));
    expect(memory.history.get(PROD)).toEqual([v(1)]);
    expect(rejected).toEqual([]);
  });

  it('takes the splay that is asked for, or else that of the stage', () => {
    const [latest, canary, ...rest] = SLACK_PLAN_JSON.stages;
    if (latest === undefined || canary === undefined) throw new Error('the plan has its stages');
    const plan = planOf({ ...SLACK_PLAN_JSON, stages: [latest, { ...canary, splay: 60 }, ...rest] });
    const splayOf = (ask: Ask) => done(promote(fleetOf({}, plan), ask)).promotions.map((one) => one.splaySeconds);
    expect(splayOf({ environment: 'prod-1', splay: 5 })).toEqual([5]);
    expect(splayOf({ environment: 'prod-1' })).toEqual([60]);
    expect(splayOf({ environment: 'ami-dev' })).toEqual([STAGE_SPLAY_SECONDS_DEFAULT]);
  });

  it('L8: of what is pinned already changes nothing, not even the memory', () => {
    const fleet = fleetOf();
    const { promotions, memory } = done(promote(fleet, { to: v(1) }));
    expect(promotions).toEqual([]);
    expect(memory).toBe(fleet.memory);
  });

  it('L8: asked twice is done once', () => {
    const fleet = fleetOf();
    for (const times of [2, 0]) {
      const result = fleet.intervene((view) =>
        promoteByHand(view, { environment: PROD, version: v(2), stack: O.none, splaySeconds: O.none }),
      );
      expect(E.isRight(result) ? result.right.effects.length : result).toBe(times);
    }
  });

  it('to one stack leaves the others as they are', () => {
    const fleet = fleetOf();
    const { promotions, memory } = done(promote(fleet, { stack: 'basalt' }));
    expect(promotions.map(({ stacks }) => stacks)).toEqual([[BASALT]]);
    expect(memory.steps.get(PROD)?.stacks).toEqual([BASALT]);
  });

  it('T13: to one stack, of what an open step is for, does not end the step for the others', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet)).memory;
    expect(done(promote(fleet, { stack: 'basalt' })).memory).toBe(fleet.memory);
    fleet.setPin(PROD, BASALT, v(2));
    const again = done(promote(fleet, { stack: 'basalt' }));
    expect(again.promotions).toEqual([]);
    expect(again.memory).toBe(fleet.memory);
  });

  it('L3: to where an open step led before somebody moved the pins elsewhere is a step from there', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet)).memory;
    for (const stack of [BASALT, IRONSTONE]) fleet.setPin(PROD, stack, v(3));
    fleet.intervene(
      (view) => promoteByHand(view, { environment: PROD, version: v(2), stack: O.none, splaySeconds: O.none }),
      new Set([IRONSTONE]),
    );
    fleet.tick();
    expect(fleet.pin(PROD, IRONSTONE)).toEqual(O.some(v(2)));
  });

  it('of another version takes the place of an open step', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet)).memory;
    expect(done(promote(fleet, { to: v(3) })).memory.steps.get(PROD)?.version).toBe(v(3));
  });

  it('L3: of another version to one stack takes the place of a step that is finished on all others', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet)).memory;
    fleet.setPin(PROD, IRONSTONE, v(2));
    const oneStack = done(promote(fleet, { to: v(3), stack: 'basalt' })).memory.steps.get(PROD);
    expect(oneStack).toMatchObject({ version: v(3), stacks: [BASALT], overtaken: [v(2)] });
  });

  it('L3: to one stack, while a step to the same version is open for another, makes it a step for both', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet, { stack: 'ironstone', splay: 5 })).memory;
    const opened = fleet.now;
    fleet.advance(MINUTE_MS);
    // Pinned there, and its signal is not out: nothing counts as read.
    fleet.setPin(PROD, IRONSTONE, v(2));
    fleet.blind = new Set(['prod-2 ironstone']);
    const { promotions, memory } = done(promote(fleet, { stack: 'basalt', splay: 7 }));
    expect(promotions.map(({ stacks }) => stacks)).toEqual([[BASALT]]);
    expect(memory.steps.get(PROD)).toEqual({
      version: v(2),
      from: new Map([BASALT, IRONSTONE].map((stack) => [stack, O.some(v(1))])),
      stacks: [BASALT, IRONSTONE],
      overtaken: [],
      splaySeconds: 7,
      openedAt: opened,
      requests: [],
    });
    expect(memory.history.get(PROD)).toEqual([v(1)]);
  });

  it('L3: which takes nothing back that somebody has done to the other stack since', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet, { stack: 'ironstone' })).memory;
    fleet.setPin(PROD, IRONSTONE, v(3));
    expect(
      done(promote(fleet, { stack: 'basalt' }))
        .memory.steps.get(PROD)
        ?.from.get(IRONSTONE),
    ).toEqual(O.some(v(1)));
    fleet.setPin(PROD, BASALT, v(3));
    expect(done(promote(fleet)).memory.steps.get(PROD)?.from).toEqual(
      new Map([BASALT, IRONSTONE].map((stack) => [stack, O.some(v(3))])),
    );
  });

  it('L3: a rollback, which is for every stack, takes the place of any step', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet, { stack: 'basalt' })).memory;
    const back = done(rollBack(fleet.snapshot().view, { environments: [PROD], to: O.some(v(1)) }));
    expect(back.memory.steps.get(PROD)).toMatchObject({
      version: v(1),
      stacks: [BASALT, IRONSTONE],
      overtaken: [v(2)],
    });
  });

  it('L3: a stack that has left the plan keeps nobody from promoting', () => {
    const fleet = fleetOf();
    const from = fleet.readPins().get(PROD) ?? new Map();
    const stacks = [BASALT, stackName('granite')];
    fleet.memory = openStep(EMPTY_MEMORY, PROD, { version: v(2), from, splaySeconds: 0, stacks, openedAt: fleet.now });
    expect(done(promote(fleet, { to: v(3), stack: 'basalt' })).promotions).toHaveLength(1);
    const same = done(promote(fleet, { stack: 'ironstone' })).memory.steps.get(PROD);
    expect(same?.stacks).toEqual([BASALT, IRONSTONE]);
  });

  it('T12: back to where every stack still is goes through all of them, since a step is under way', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet)).memory;
    const back = done(promote(fleet, { to: v(1) }));
    expect(back.promotions.map(({ stacks }) => stacks)).toEqual([[BASALT, IRONSTONE]]);
    expect(back.memory.steps.get(PROD)).toMatchObject({ version: v(1), overtaken: [v(2)] });
  });

  it.each<[string, (fleet: Fleet) => E.Either<InterventionRefusal, Intervention>, string, string]>([
    [
      'an environment that the plan does not have',
      (fleet) => promote(fleet, { environment: 'prod-77' }),
      'UnknownEnvironment',
      'environment: expected one of sandbox, dev, prod-1, prod-2, prod-3, prod-4, prod-5, prod-6, ami-dev, ami-prod, prod, got prod-77',
    ],
    [
      'a stack that the plan does not have',
      (fleet) => promote(fleet, { stack: 'granite' }),
      'UnknownStack',
      'stack: expected one of basalt, ironstone, got granite',
    ],
    [
      'an artifact that nobody knows',
      (fleet) => promote(fleet, { to: v(9) }),
      'ArtifactUnknown',
      'version: no artifact 1.0.9 is known; add it first',
    ],
    [
      'a rejected version',
      (fleet) => {
        fleet.reject(v(2));
        return promote(fleet);
      },
      'VersionRejected',
      'version: 1.0.2 is rejected; approve it first',
    ],
    [
      'an artifact that a stack lacks, even for another stack',
      (fleet) => {
        fleet.artifacts.set(v(2), { version: v(2), completeOn: [BASALT], rejected: false });
        return promote(fleet, { stack: 'basalt' });
      },
      'ArtifactIncomplete',
      'version: 1.0.2 is not complete on ironstone; wait for its upload',
    ],
    [
      'an environment that is held',
      (fleet) => {
        hold(fleet, { _tag: 'stage', stage: slug('train') });
        return promote(fleet);
      },
      'Held',
      'held by ada: the week of the sale (hold freeze); lift it first',
    ],
    [
      'a stack that is held',
      (fleet) => {
        hold(fleet, { _tag: 'stack', stack: IRONSTONE });
        return promote(fleet);
      },
      'Held',
      'held by ada: the week of the sale (hold freeze); lift it first',
    ],
    [
      'one stack, while a step to another version is open for every stack',
      (fleet) => {
        fleet.memory = done(promote(fleet)).memory;
        return promote(fleet, { to: v(3), stack: 'basalt' });
      },
      'PromotionUnderWay',
      'environment prod-2: its promotion to 1.0.2 is not complete on ironstone; promote on every stack, wait for the next tick to finish it, or roll it back',
    ],
    [
      'where a stack still is, while a step to another version has been begun on the other',
      (fleet) => {
        fleet.memory = done(promote(fleet)).memory;
        fleet.setPin(PROD, BASALT, v(2));
        fleet.blind = new Set(['prod-2 basalt']);
        return promote(fleet, { to: v(1), stack: 'ironstone' });
      },
      'PromotionUnderWay',
      'environment prod-2: its promotion to 1.0.2 is not complete on basalt; promote on every stack, wait for the next tick to finish it, or roll it back',
    ],
  ])('is refused for %s', (_, ask, tag, text) => {
    const fleet = fleetOf();
    expect(refusalOf(ask(fleet))).toEqual([tag, text]);
  });

  it('T10: a hold on one stack does not stop it on another', () => {
    const fleet = fleetOf();
    hold(fleet, { _tag: 'stack', stack: IRONSTONE });
    expect(done(promote(fleet, { stack: 'basalt' })).promotions).toHaveLength(1);
  });
});

describe('a rollback', () => {
  const roll = (fleet: Fleet, environments: readonly EnvironmentName[], to?: Version) =>
    rollBack(fleet.snapshot().view, { environments, to: O.fromNullable(to) });
  const targets = ({ promotions }: Intervention) =>
    promotions.map(({ environment, version: to, stacks }) => `${environment} ${to} ${stacks.join('+')}`);

  /** The first two stops have come from 1 to 2. */
  const underWay = (): Fleet => {
    const fleet = fleetOf({ 'prod-2': 2, 'prod-3': 2 });
    fleet.memory = { ...EMPTY_MEMORY, history: new Map(STOPS.slice(0, 2).map((stop) => [stop, [v(1)]])) };
    return fleet;
  };

  it('T12: promotes what the environment had before, and rejects what it has', () => {
    const result = done(roll(underWay(), [PROD]));
    expect(targets(result)).toEqual(['prod-2 1.0.1 basalt+ironstone']);
    expect(result.promotions[0]?.reason).toBe('RolledBack');
    expect(result.rejected).toEqual([v(2)]);
    expect(result.memory.steps.get(PROD)?.version).toBe(v(1));
  });

  it('T12: of a train leaves the stops alone that the bad version had not reached', () => {
    expect(targets(done(roll(underWay(), STOPS)))).toEqual([
      'prod-2 1.0.1 basalt+ironstone',
      'prod-3 1.0.1 basalt+ironstone',
    ]);
  });

  it('T12: passes over what was rejected or is not complete on its way back', () => {
    const fleet = fleetOf({ 'prod-2': 3 });
    fleet.memory = { ...EMPTY_MEMORY, history: new Map([[PROD, [v(3), v(2), v(1)]]]) };
    fleet.reject(v(2));
    expect(targets(done(roll(fleet, [PROD])))).toEqual(['prod-2 1.0.1 basalt+ironstone']);
  });

  it('T12: goes where it is told', () => {
    const result = done(roll(underWay(), STOPS, v(3)));
    expect(targets(result)).toEqual(['prod-2 1.0.3 basalt+ironstone', 'prod-3 1.0.3 basalt+ironstone']);
    expect(result.rejected).toEqual([v(2)]);
  });

  it('T12: of a step that one stack has not taken rejects where the step was going, not where it came from', () => {
    for (const [basalt, ironstone] of [
      [v(1), v(2)],
      [v(2), v(1)],
      [v(1), v(1)],
    ] as const) {
      const fleet = fleetOf();
      const from = fleet.readPins().get(PROD) ?? new Map();
      fleet.memory = openStep(EMPTY_MEMORY, PROD, {
        version: v(2),
        from,
        splaySeconds: 0,
        stacks: [BASALT, IRONSTONE],
        openedAt: fleet.now,
      });
      fleet.setPin(PROD, BASALT, basalt);
      fleet.setPin(PROD, IRONSTONE, ironstone);
      const result = done(roll(fleet, [PROD]));
      expect(result.rejected).toEqual([v(2)]);
      expect(result.memory.steps.get(PROD)?.version).not.toBe(v(2));
      expect(result.promotions.every(({ version: to }) => to === v(1))).toBe(true);
    }
  });

  it('T12: of a step back to where the step was going rejects where it came from', () => {
    const fleet = fleetOf();
    fleet.memory = done(promote(fleet)).memory;
    const result = done(roll(fleet, [PROD], v(2)));
    expect(result.rejected).toEqual([v(1)]);
    expect(targets(result)).toEqual(['prod-2 1.0.2 basalt+ironstone']);
  });

  it('T12: names the bad version by the front of the train, not by a stop that is new or joined late', () => {
    const fleet = underWay();
    fleet.plan = planOf({
      ...SLACK_PLAN_JSON,
      stages: SLACK_PLAN_JSON.stages.map((stage) =>
        stage.kind === 'train' ? { ...stage, environments: ['new-1', 'new-2', ...stage.environments] } : stage,
      ),
    });
    const [first, second] = [environmentName('new-1'), environmentName('new-2')];
    fleet.addEnvironment(first, undefined);
    fleet.addEnvironment(second, v(1));
    fleet.memory = { ...fleet.memory, joined: new Set([second]) };
    const result = done(roll(fleet, [first, second, ...STOPS]));
    expect(result.rejected).toEqual([v(2)]);
    expect(result.promotions.map(({ environment }) => environment)).toEqual(['prod-2', 'prod-3']);
  });

  it('T12: goes on where stacks differ, once it is told where to', () => {
    const fleet = underWay();
    fleet.setPin(PROD, IRONSTONE, v(1));
    expect(refusalOf(roll(fleet, [PROD]))).toEqual([
      'StacksDisagree',
      'environment prod-2: its stacks are on 1.0.2 and 1.0.1, and any may be the bad one; name the version to go back to',
    ]);
    const result = done(roll(fleet, [PROD], v(1)));
    expect(targets(result)).toEqual(['prod-2 1.0.1 basalt']);
    expect(result.rejected).toEqual([v(2)]);
  });

  it('L8: to what is pinned already does nothing and rejects nothing', () => {
    const fleet = underWay();
    const result = done(roll(fleet, [PROD], v(2)));
    expect(result).toEqual({ promotions: [], memory: fleet.memory, rejected: [] });
    expect(result.memory).toBe(fleet.memory);
    expect(done(roll(fleet, []))).toEqual({ promotions: [], memory: fleet.memory, rejected: [] });
  });

  it('L8: of an environment that is named twice is done once', () => {
    expect(targets(done(roll(underWay(), [PROD, PROD])))).toEqual(['prod-2 1.0.1 basalt+ironstone']);
  });

  it('T12: of a train whose first stop is back already takes back the others that carry what was rejected', () => {
    const fleet = underWay();
    fleet.reject(v(2));
    for (const stack of SLACK_PLAN.stacks) fleet.setPin(PROD, stack, v(1));
    const result = done(roll(fleet, STOPS, v(1)));
    expect(targets(result)).toEqual(['prod-3 1.0.1 basalt+ironstone']);
    expect(result.rejected).toEqual([v(2)]);
  });

  it('T10: a hold does not stop it', () => {
    const fleet = underWay();
    hold(fleet, { _tag: 'plan' });
    expect(done(roll(fleet, [PROD])).promotions).toHaveLength(1);
  });

  it.each<[string, (fleet: Fleet) => E.Either<InterventionRefusal, Intervention>, string, string]>([
    [
      'an environment that the plan does not have',
      (fleet) => roll(fleet, [PROD, environmentName('prod-77')]),
      'UnknownEnvironment',
      'environment: expected one of sandbox, dev, prod-1, prod-2, prod-3, prod-4, prod-5, prod-6, ami-dev, ami-prod, prod, got prod-77',
    ],
    [
      'a version that nobody knows',
      (fleet) => roll(fleet, [PROD], v(9)),
      'ArtifactUnknown',
      'version: no artifact 1.0.9 is known; add it first',
    ],
    [
      'an environment with no past',
      (fleet) => roll(fleet, [environmentName('prod-6')]),
      'NothingToRollBackTo',
      'environment prod-6: no earlier version that is complete and not rejected is remembered; name one',
    ],
    [
      'an environment without a pin',
      (fleet) => {
        fleet.addEnvironment(PROD, undefined);
        return roll(fleet, [PROD]);
      },
      'NotPinned',
      'environment prod-2: nothing is pinned there, so there is nothing to roll back',
    ],
    [
      'an environment of which no stack says what it is on',
      (fleet) => {
        fleet.blind = new Set(['prod-2 basalt', 'prod-2 ironstone']);
        return roll(fleet, [PROD]);
      },
      'StackUnreadable',
      'environment prod-2: no stack answers for it; try again, or name the environments that do answer',
    ],
    [
      'several of which one cannot be read: it is not passed over in silence',
      (fleet) => {
        fleet.blind = new Set(['prod-3 basalt', 'prod-3 ironstone']);
        return roll(fleet, STOPS);
      },
      'StackUnreadable',
      'environment prod-3: no stack answers for it; try again, or name the environments that do answer',
    ],
  ])('T12: is refused for %s', (_, ask, tag, text) => {
    expect(refusalOf(ask(underWay()))).toEqual([tag, text]);
  });
});

describe('the memory of earlier versions', () => {
  it('T12: is the most recent first, each once, and bounded', () => {
    let memory = EMPTY_MEMORY;
    for (let n = 1; n <= HISTORY_MAX + 5; n++) {
      const from = new Map([[BASALT, O.some(v(n))]]);
      memory = openStep(memory, PROD, {
        version: v(n + 1),
        from,
        splaySeconds: 0,
        stacks: [BASALT],
        openedAt: epochMs(n),
      });
    }
    expect(memory.history.get(PROD)).toEqual(Array.from({ length: HISTORY_MAX }, (_, i) => v(HISTORY_MAX + 5 - i)));
    const from = new Map([[BASALT, O.some(v(14))]]);
    const back = openStep(memory, PROD, {
      version: v(1),
      from,
      splaySeconds: 0,
      stacks: [BASALT],
      openedAt: epochMs(99),
    });
    expect(back.history.get(PROD)?.slice(0, 3)).toEqual([v(14), v(15), v(13)]);
  });
});
