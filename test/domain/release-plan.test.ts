import * as E from 'fp-ts/lib/Either.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJsonWith, decodeWith, formatFieldError } from '../../src/domain/decoding.ts';
import {
  environmentsOf,
  ENVIRONMENTS_MAX,
  GRACE_MS_DEFAULT,
  ReleasePlan,
  type ReleasePlanJson,
  STACKS_MAX,
  type StageJson,
  stageOf,
  STAGES_MAX,
  STAGE_SPLAY_SECONDS_DEFAULT,
} from '../../src/domain/release-plan.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';
import { environmentName, SLACK_PLAN, SLACK_PLAN_JSON } from '../support/slack.ts';

const faultsOf = (document: unknown): readonly string[] => {
  const decoded = decodeWith(ReleasePlan)(document);
  return E.isLeft(decoded) ? decoded.left.map(formatFieldError) : [];
};

const [LATEST, CANARY, TRAIN] = SLACK_PLAN_JSON.stages as readonly [StageJson, StageJson, StageJson];

/** The plan with one stage replaced. */
const withTrain = (change: Readonly<Record<string, unknown>>): unknown => ({
  ...SLACK_PLAN_JSON,
  stages: [LATEST, CANARY, { ...TRAIN, ...change }],
});

const without = (document: object, field: string): unknown =>
  Object.fromEntries(Object.entries(document).filter(([key]) => key !== field));

const names = (count: number, prefix: string): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

describe('a release plan', () => {
  it('fills in what a stage leaves out', () => {
    expect(SLACK_PLAN.stages.map(({ schedule, splaySeconds }) => ({ ...schedule, splaySeconds }))).toEqual(
      [0, 30, 30].map((offset) => ({
        everyMs: HOUR_MS,
        offsetMs: offset * MINUTE_MS,
        graceMs: GRACE_MS_DEFAULT,
        splaySeconds: STAGE_SPLAY_SECONDS_DEFAULT,
      })),
    );
    expect(GRACE_MS_DEFAULT).toBe(10 * MINUTE_MS);
  });

  it('knows its environments, in order, and which stage promotes each', () => {
    expect(environmentsOf(SLACK_PLAN).slice(-4)).toEqual(['prod-6', 'ami-dev', 'ami-prod', 'prod']);
    expect(stageOf(SLACK_PLAN, environmentName('prod-4'))?.name).toBe('train');
    expect(stageOf(SLACK_PLAN, environmentName('prod'))).toBeUndefined();
  });

  const duration = fc.integer({ min: 1, max: 7 * 24 * 60 }).map((minutes) => `${minutes}m`);
  const plan = fc
    .record({
      stacks: fc.integer({ min: 1, max: 5 }),
      every: duration,
      splay: fc.nat({ max: 86_400 }),
      stops: fc.integer({ min: 1, max: 9 }),
      byHand: fc.nat({ max: 3 }),
      grace: duration,
      offset: fc.nat({ max: 59 }),
    })
    .map(({ stacks, every, splay, stops, byHand, grace, offset }): ReleasePlanJson => ({
      name: 'random',
      stacks: names(stacks, 'stack-'),
      stages: [
        { name: 'latest', kind: 'latest', environments: ['dev'], every, grace },
        { name: 'canary', kind: 'canary', environments: ['canary'], every: '1h', offset: `${offset}m`, follows: 'dev' },
        { name: 'train', kind: 'train', environments: names(stops, 'prod-'), every: '1h', splay, boards: 'canary' },
      ],
      by_hand: names(byHand, 'ami-'),
      ...(byHand > 1
        ? { freezes: [{ name: 'weekend', scope: 'stage:train', from: 'Fri 16:00', to: 'Mon 06:00', reason: 'rest' }] }
        : {}),
    }));

  property('is written as it is read', [plan], (json) => {
    const decoded = decodeWith(ReleasePlan)(json);
    if (E.isLeft(decoded)) throw new Error(decoded.left.map(formatFieldError).join('; '));
    const again = decodeWith(ReleasePlan)(JSON.parse(JSON.stringify(ReleasePlan.encode(decoded.right))));
    expect(again).toEqual(decoded);
  });
});

describe('a release plan with a fault', () => {
  it.each<[string, unknown, string]>([
    ['no object', [], 'document: expected an object, got a list of 0'],
    ['nothing', null, 'document: expected an object, got null'],
    [
      'no name',
      without(SLACK_PLAN_JSON, 'name'),
      'name: expected a slug name: 1 to 64 of A-Z a-z 0-9 _ - ., starting with a letter or digit, without "..", got nothing',
    ],
    ['no stacks', { ...SLACK_PLAN_JSON, stacks: [] }, 'stacks: expected 1 to 100 stacks, got 0'],
    [
      'stacks that are no list',
      { ...SLACK_PLAN_JSON, stacks: 'basalt' },
      'stacks: expected a list of stacks, got "basalt"',
    ],
    [
      'too many stacks',
      { ...SLACK_PLAN_JSON, stacks: names(STACKS_MAX + 1, 's') },
      'stacks: expected 1 to 100 stacks, got 101',
    ],
    [
      'a stack twice',
      { ...SLACK_PLAN_JSON, stacks: ['basalt', 'basalt'] },
      'stacks.1: expected each stack once, got "basalt"',
    ],
    [
      'an environment twice',
      { ...SLACK_PLAN_JSON, by_hand: ['ami', 'prod-3'] },
      'by_hand.1: expected an environment that no other stage has, got "prod-3"',
    ],
    [
      'a stop twice',
      withTrain({ environments: ['prod-2', 'prod-2'] }),
      'stages.2.environments.1: expected an environment that no other stage has, got "prod-2"',
    ],
    [
      'a stage name twice',
      withTrain({ name: 'canary' }),
      'stages.2.name: expected a stage name of its own, got "canary"',
    ],
    [
      'a stage without environments',
      withTrain({ environments: [] }),
      'stages.2.environments: expected at least one environment, got a list of 0',
    ],
    ['an unknown kind', withTrain({ kind: 'bus' }), 'stages.2.kind: expected "latest", "canary" or "train", got "bus"'],
    [
      'no interval',
      withTrain({ every: undefined }),
      'stages.2.every: expected a duration such as 90s, 10m, 12h or 1h30m, got nothing',
    ],
    [
      'an interval that is a number',
      withTrain({ every: 3600 }),
      'stages.2.every: expected a duration such as 90s, 10m, 12h or 1h30m, got 3600',
    ],
    [
      'an interval that is too short',
      withTrain({ every: '59s', offset: '0s' }),
      'stages.2.every: expected a duration from 1m to 7d, got "59s"',
    ],
    [
      'an interval that is too long',
      withTrain({ every: '8d' }),
      'stages.2.every: expected a duration from 1m to 7d, got "8d"',
    ],
    [
      'an offset as long as the interval',
      withTrain({ offset: '1h' }),
      'stages.2.offset: expected less than every, got "1h"',
    ],
    [
      'a grace that is no duration',
      withTrain({ grace: 'a while' }),
      'stages.2.grace: expected a duration such as 90s, 10m, 12h or 1h30m, got "a while"',
    ],
    [
      'a splay that is too long',
      withTrain({ splay: 86_401 }),
      'stages.2.splay: expected an integer from 0 to 86400, got 86401',
    ],
    [
      'a train that boards nowhere',
      withTrain({ boards: undefined }),
      'stages.2.boards: expected an environment of the plan, since this is a train, got nothing',
    ],
    [
      'a train that boards at a place unknown',
      withTrain({ boards: 'prod-99' }),
      'stages.2.boards: expected an environment of the plan, since this is a train, got "prod-99"',
    ],
    [
      'a train that boards at a stop of its own',
      withTrain({ boards: 'prod-4' }),
      'stages.2.boards: expected an environment of another stage, got "prod-4"',
    ],
    [
      'a train that follows',
      withTrain({ follows: 'dev' }),
      'stages.2.follows: expected nothing: only a canary has it, got "dev"',
    ],
    [
      'a canary without what it follows',
      { ...SLACK_PLAN_JSON, stages: [LATEST, without(CANARY, 'follows'), TRAIN] },
      'stages.1.follows: expected an environment of the plan, since this is a canary, got nothing',
    ],
    [
      'an unknown field',
      { ...SLACK_PLAN_JSON, stack: 'basalt' },
      'stack: expected no such field; known are name, stacks, stages, by_hand, freezes, got "basalt"',
    ],
    [
      'an unknown field of a stage',
      withTrain({ ofset: '30m' }),
      'stages.2.ofset: expected no such field; known are name, kind, environments, every, offset, grace, splay, follows, boards, got "30m"',
    ],
  ])('that has %s is told so', (_, document, expected) => {
    expect(faultsOf(document)).toEqual([expected]);
  });

  it('that names circles is told where each of them begins', () => {
    const stages = [
      { name: 'one', kind: 'canary', environments: ['a'], every: '1h', follows: 'c' },
      { name: 'two', kind: 'canary', environments: ['b'], every: '1h', follows: 'a' },
      { name: 'three', kind: 'train', environments: ['c'], every: '1h', boards: 'b' },
      { name: 'four', kind: 'canary', environments: ['d'], every: '1h', follows: 'a' },
    ];
    expect(faultsOf({ name: 'circle', stacks: ['basalt'], stages })).toEqual([
      'stages.0.follows: expected a source that does not take from this stage itself, got "c"',
      'stages.1.follows: expected a source that does not take from this stage itself, got "a"',
      'stages.2.boards: expected a source that does not take from this stage itself, got "b"',
    ]);
  });

  it('that has several is told of them all', () => {
    expect(
      faultsOf(withTrain({ every: '1s', boards: 'nowhere', colour: 'red' })).map((text) => text.split(':')[0]),
    ).toEqual(['stages.2.colour', 'stages.2.every', 'stages.2.offset', 'stages.2.boards']);
  });

  it('that is too large is refused', () => {
    expect(faultsOf({ ...SLACK_PLAN_JSON, by_hand: names(ENVIRONMENTS_MAX, 'e') })).toEqual([
      'environments: expected 1 to 1000 environments, got 1008',
    ]);
    const stages = names(STAGES_MAX + 1, 'stage-').map((name) => ({
      name,
      kind: 'latest',
      environments: [`in-${name}`],
      every: '1h',
    }));
    expect(faultsOf({ name: 'large', stacks: ['basalt'], stages })).toEqual([
      'stages: expected 1 to 100 stages, got 101',
    ]);
    expect(faultsOf({ name: 'small', stacks: ['basalt'], stages: [], by_hand: ['ami'] })).toEqual([
      'stages: expected 1 to 100 stages, got 0',
    ]);
  });

  it.each(['../prod', 'prod/2', 'prod%2f2', 'prod 2', 'prod\0', '', 'a..b', 'x'.repeat(65)])(
    'S7: that names an environment %j is refused',
    (name) => {
      expect(faultsOf(withTrain({ environments: [name] }))[0]).toMatch(
        /^stages\.2\.environments\.0: expected an? environment name/,
      );
    },
  );

  it('fault 19: hides nothing behind __proto__', () => {
    const text = `{"name":"p","stacks":["basalt"],"stages":[${JSON.stringify(LATEST)}],"__proto__":{"by_hand":["../x"]}}`;
    const decoded = decodeJsonWith(ReleasePlan)(text);
    expect(E.isLeft(decoded) ? decoded.left.map(({ field }) => field) : decoded).toEqual(['__proto__']);
  });

  property('never throws, whatever it is', [fc.anything()], (document) => {
    expect(E.isLeft(decodeWith(ReleasePlan)(document))).toBe(true);
  });
});
