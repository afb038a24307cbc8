import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import type { StackName, Version } from '../../src/domain/names.ts';
import { environmentPin, type Pins, withPromotion } from '../../src/domain/pins.ts';
import { epochMs } from '../../src/domain/time.ts';
import type { Step } from '../../src/domain/train-memory.ts';
import { environmentName, stackName, version } from '../support/slack.ts';

const [OLD, NEW, OTHER] = [version('1.0.1'), version('1.0.2'), version('1.0.3')];
const STACKS = ['basalt', 'ironstone'].map(stackName);
const PROD = environmentName('prod-2');
const OPENED = epochMs(0);
/** What is of no matter here. */
const FRESH = { openedAt: OPENED, requests: [] };

type Read = Version | 'none' | 'unreadable';

const read = (...each: readonly Read[]): ReadonlyMap<StackName, O.Option<Version>> =>
  new Map(
    STACKS.flatMap((stack, i) => {
      const one = each[i] ?? 'unreadable';
      return one === 'unreadable' ? [] : [[stack, one === 'none' ? O.none : O.some(one)] as const];
    }),
  );

const pinOf = (each: readonly Read[], step?: Step) =>
  environmentPin(STACKS, new Map([[PROD, read(...each)]]), PROD, step);

describe('environmentPin without a step', () => {
  it.each<[readonly Read[], object]>([
    [[OLD, OLD], { _tag: 'Agreed', version: OLD }],
    [[OLD, 'unreadable'], { _tag: 'Agreed', version: OLD }],
    [['none', 'none'], { _tag: 'Unset' }],
    [['none', 'unreadable'], { _tag: 'Unset' }],
    [[OLD, 'none'], { _tag: 'Incomplete', version: OLD, pending: ['ironstone'] }],
    [[OLD, NEW], { _tag: 'Split', versions: [OLD, NEW] }],
    [['unreadable', 'unreadable'], { _tag: 'Unreadable' }],
  ])('T13: %j', (each, expected) => {
    expect(pinOf(each)).toEqual(expected);
  });

  it('T11: an environment that was not read at all is unreadable, not new', () => {
    expect(environmentPin(STACKS, new Map(), PROD, undefined)).toEqual({ _tag: 'Unreadable' });
  });
});

describe('environmentPin while a step from 1.0.1 to 1.0.2 is open', () => {
  const step: Step = { version: NEW, from: read(OLD, OLD), splaySeconds: 0, stacks: STACKS, overtaken: [], ...FRESH };

  it.each<[readonly Read[], object]>([
    [[NEW, NEW], { _tag: 'Agreed', version: NEW }],
    [[NEW, OLD], { _tag: 'Incomplete', version: NEW, pending: ['ironstone'] }],
    [[OLD, OLD], { _tag: 'Incomplete', version: NEW, pending: ['basalt', 'ironstone'] }],
    [[NEW, 'unreadable'], { _tag: 'Incomplete', version: NEW, pending: ['ironstone'] }],
    [['unreadable', 'unreadable'], { _tag: 'Incomplete', version: NEW, pending: ['basalt', 'ironstone'] }],
    [[NEW, OTHER], { _tag: 'Split', versions: [NEW, OTHER] }],
    [[NEW, 'none'], { _tag: 'Split', versions: [NEW] }],
    [[OTHER, 'unreadable'], { _tag: 'Split', versions: [OTHER] }],
    [[OTHER, OTHER], { _tag: 'Agreed', version: OTHER }],
    [['none', 'none'], { _tag: 'Unset' }],
  ])('T13: %j', (each, expected) => {
    expect(pinOf(each, step)).toEqual(expected);
  });

  it('T13: a stack that the step did not find is pending, whatever it has', () => {
    const fromOne: Step = {
      version: NEW,
      from: read(OLD, 'unreadable'),
      splaySeconds: 0,
      stacks: STACKS,
      overtaken: [],
      ...FRESH,
    };
    expect(pinOf([NEW, OTHER], fromOne)).toEqual({ _tag: 'Incomplete', version: NEW, pending: ['ironstone'] });
  });

  it('T13: a stack that had no pin is where the step found it as long as it has none', () => {
    const fromNone: Step = {
      version: NEW,
      from: read('none', OLD),
      splaySeconds: 0,
      stacks: STACKS,
      overtaken: [],
      ...FRESH,
    };
    expect(pinOf(['none', NEW], fromNone)).toEqual({ _tag: 'Incomplete', version: NEW, pending: ['basalt'] });
  });

  it('T12: a version that the step overtook is moved on, when a slow Librarian pins it after all', () => {
    const overtaking: Step = { ...step, overtaken: [OTHER] };
    expect(pinOf([OTHER, NEW], overtaking)).toEqual({ _tag: 'Incomplete', version: NEW, pending: ['basalt'] });
    expect(pinOf([OTHER, NEW], step)).toEqual({ _tag: 'Split', versions: [OTHER, NEW] });
  });

  it('L3: a step of one stack is open until that stack has it, and leaves the others as they are', () => {
    const oneStack: Step = { ...step, stacks: STACKS.slice(0, 1) };
    expect(pinOf([OLD, OLD], oneStack)).toEqual({ _tag: 'Incomplete', version: NEW, pending: ['basalt'] });
    expect(pinOf([NEW, OLD], oneStack)).toEqual({ _tag: 'Split', versions: [NEW, OLD] });
    expect(pinOf([NEW, NEW], oneStack)).toEqual({ _tag: 'Agreed', version: NEW });
  });
});

describe('withPromotion', () => {
  it('moves the stacks named and leaves what it was given as it was', () => {
    const pins: Pins = new Map([[PROD, read(OLD, OLD)]]);
    const moved = withPromotion(pins, PROD, STACKS.slice(0, 1), NEW);
    expect(moved.get(PROD)).toEqual(read(NEW, OLD));
    expect(pins.get(PROD)).toEqual(read(OLD, OLD));
    expect(withPromotion(new Map(), PROD, STACKS, NEW).get(PROD)).toEqual(read(NEW, NEW));
  });
});
