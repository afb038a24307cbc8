import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { type Hold, holdOnEnvironment, holdOnPromotion, holdOnStack, type HoldScope } from '../../src/domain/hold.ts';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import { epochMs } from '../../src/domain/time.ts';
import { environmentName, stackName } from '../support/slack.ts';

const slug = nameFromLiteral(Slug);
const NOW = epochMs(1_000);
const TRAIN = slug('train');
const PROD = environmentName('prod-2');
const [BASALT, IRONSTONE] = [stackName('basalt'), stackName('ironstone')];

const hold = (id: string, scope: HoldScope, expiresAt?: number): Hold => ({
  id: slug(id),
  scope,
  reason: 'a test',
  owner: 'ada',
  expiresAt: expiresAt === undefined ? O.none : O.some(epochMs(expiresAt)),
});

const PLAN: HoldScope = { _tag: 'plan' };
const onStack = (stack = BASALT): HoldScope => ({ _tag: 'stack', stack });

describe('holdOnEnvironment', () => {
  it.each<[string, HoldScope, boolean]>([
    ['the plan', PLAN, true],
    ['its stage', { _tag: 'stage', stage: TRAIN }, true],
    ['another stage', { _tag: 'stage', stage: slug('canary') }, false],
    ['itself', { _tag: 'environment', environment: PROD }, true],
    ['another environment', { _tag: 'environment', environment: environmentName('prod-3') }, false],
    ['a stack', onStack(), false],
  ])('T10: one on %s', (_, scope, holds) => {
    expect(holdOnEnvironment([hold('h', scope)], TRAIN, PROD, NOW)?.id).toBe(holds ? 'h' : undefined);
  });

  it('T10: one on a stage holds no environment that belongs to none', () => {
    expect(holdOnEnvironment([hold('h', { _tag: 'stage', stage: TRAIN })], undefined, PROD, NOW)).toBeUndefined();
  });

  it('T10: it holds until just before it expires', () => {
    expect(holdOnEnvironment([hold('h', PLAN, 1_001)], TRAIN, PROD, NOW)?.id).toBe('h');
    expect(holdOnEnvironment([hold('h', PLAN, 1_000)], TRAIN, PROD, NOW)).toBeUndefined();
  });

  it('T9: of several, the one that lasts longest', () => {
    const ends = [hold('a', PLAN, 5_000), hold('b', PLAN, 9_000), hold('c', PLAN, 7_000)];
    expect(holdOnEnvironment(ends, TRAIN, PROD, NOW)?.id).toBe('b');
    expect(holdOnEnvironment([...ends, hold('d', PLAN), hold('e', PLAN, 9_999)], TRAIN, PROD, NOW)?.id).toBe('d');
  });
});

describe('holdOnStack', () => {
  it('T10: holds its stack and no other, and nothing else does', () => {
    expect(holdOnStack([hold('h', onStack())], BASALT, NOW)?.id).toBe('h');
    expect(holdOnStack([hold('h', onStack()), hold('p', PLAN)], IRONSTONE, NOW)).toBeUndefined();
  });
});

describe('holdOnPromotion', () => {
  const ask = (...holds: Hold[]) => holdOnPromotion(holds, TRAIN, PROD, [BASALT, IRONSTONE], NOW)?.id;

  it('T10: a hold on one stack of two leaves the other to do', () => {
    expect(ask()).toBeUndefined();
    expect(ask(hold('b', onStack(BASALT)))).toBeUndefined();
  });

  it('T9: holds on every stack end with the first of them', () => {
    expect(ask(hold('b', onStack(BASALT), 9_000), hold('i', onStack(IRONSTONE), 5_000))).toBe('i');
    expect(ask(hold('b', onStack(BASALT)), hold('i', onStack(IRONSTONE), 5_000))).toBe('i');
  });

  it('T9: with one on the environment as well, the later end of the two counts', () => {
    const stacks = [hold('b', onStack(BASALT), 9_000), hold('i', onStack(IRONSTONE), 5_000)];
    expect(ask(...stacks, hold('p', PLAN, 7_000))).toBe('p');
    expect(ask(...stacks, hold('p', PLAN, 3_000))).toBe('i');
    expect(ask(hold('b', onStack(BASALT), 9_000), hold('p', PLAN, 3_000))).toBe('p');
  });
});
