import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ControlState,
  decodeControlState,
  EMPTY_CONTROL_STATE,
  encodeControlState,
} from '../../src/domain/control-state.ts';
import { formatFieldError } from '../../src/domain/decoding.ts';
import type { Hold, HoldScope } from '../../src/domain/hold.ts';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import { epochMs } from '../../src/domain/time.ts';
import { HISTORY_MAX, type Step } from '../../src/domain/train-memory.ts';
import { property } from '../support/property.ts';
import { environmentName, stackName, version } from '../support/slack.ts';

const slugs = fc
  .stringMatching(/^[a-z][a-z0-9.-]{0,8}$/)
  .filter((text) => !text.includes('..'))
  .map(nameFromLiteral(Slug));
const environments = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/).map(environmentName);
const stacks = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/).map(stackName);
const versions = fc.nat().map((n) => version(`2025.${n}.0`));
const instants = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }).map(epochMs);
const texts = fc.string({ maxLength: 40, unit: 'binary' }).filter((text) => !/\p{Cc}|\p{Cs}/u.test(text));
const reasons = texts.filter((text) => text.trim() !== '');
const option = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<O.Option<A>> => fc.option(arbitrary).map(O.fromNullable);
const mapOf = <K, V>(keys: fc.Arbitrary<K>, values: fc.Arbitrary<V>): fc.Arbitrary<ReadonlyMap<K, V>> =>
  fc.array(fc.tuple(keys, values), { maxLength: 4 }).map((entries) => new Map(entries));

const scopes: fc.Arbitrary<HoldScope> = fc.oneof(
  fc.constant<HoldScope>({ _tag: 'plan' }),
  slugs.map((stage): HoldScope => ({ _tag: 'stage', stage })),
  environments.map((environment): HoldScope => ({ _tag: 'environment', environment })),
  stacks.map((stack): HoldScope => ({ _tag: 'stack', stack })),
);
const holds: fc.Arbitrary<Hold> = fc.record({
  id: slugs,
  scope: scopes,
  reason: reasons,
  owner: texts,
  expiresAt: option(instants),
});
const steps: fc.Arbitrary<Step> = fc.record({
  version: versions,
  from: mapOf(stacks, option(versions)),
  splaySeconds: fc.nat({ max: 86_400 }),
  stacks: fc.array(stacks),
  overtaken: fc.array(versions),
  openedAt: instants,
  requests: fc.array(texts),
});
const states: fc.Arbitrary<ControlState> = fc.record({
  memory: fc.record({
    departed: mapOf(slugs, instants),
    steps: mapOf(environments, steps),
    joined: fc.array(environments).map((list) => new Set(list)),
    history: mapOf(environments, fc.array(versions, { maxLength: HISTORY_MAX })),
  }),
  holds: fc.array(holds, { maxLength: 4 }),
  rejections: mapOf(versions, fc.record({ by: texts, reason: reasons, at: instants })),
  settledTo: fc.maxSafeNat(),
});

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

const EXAMPLE: ControlState = {
  memory: {
    departed: new Map([[nameFromLiteral(Slug)('train'), epochMs(Date.UTC(2025, 6, 28, 2, 30))]]),
    steps: new Map([
      [
        environmentName('prod-2'),
        {
          version: version('1.0.2'),
          from: new Map([
            [stackName('basalt'), O.some(version('1.0.1'))],
            [stackName('ironstone'), O.none],
          ]),
          splaySeconds: 900,
          stacks: [stackName('basalt')],
          overtaken: [version('1.0.3')],
          openedAt: epochMs(Date.UTC(2025, 6, 28, 2, 31)),
          requests: ['audit/slack/000000000007.json'],
        },
      ],
    ]),
    joined: new Set([environmentName('prod-3')]),
    history: new Map([[environmentName('prod-2'), [version('1.0.1')]]]),
  },
  holds: [
    {
      id: nameFromLiteral(Slug)('freeze'),
      scope: { _tag: 'stack', stack: stackName('basalt') },
      reason: 'disk replacement',
      owner: 'ada',
      expiresAt: O.some(epochMs(Date.UTC(2025, 6, 29))),
    },
  ],
  rejections: new Map([[version('1.0.0'), { by: 'ada', reason: 'broken', at: epochMs(0) }]]),
  settledTo: 7,
};

describe('the control state', () => {
  property('is read as it was written', [states], (state) => {
    expect(right(decodeControlState(encodeControlState(state)))).toEqual(state);
  });

  property('is written the same when nothing changed', [states], (state) => {
    const text = encodeControlState(state);
    expect(encodeControlState(right(decodeControlState(text)))).toBe(text);
  });

  it('of a plan that nobody has used can be written', () => {
    expect(right(decodeControlState(encodeControlState(EMPTY_CONTROL_STATE)))).toEqual(EMPTY_CONTROL_STATE);
  });

  it('L3: one from before steps said when they were decided is read: they are earlier than any signal', () => {
    const lacks = new Set(['openedAt', 'requests', 'settledTo']);
    const old = JSON.stringify(JSON.parse(encodeControlState(EXAMPLE)), (key, value: unknown) =>
      lacks.has(key) ? undefined : value,
    );
    const state = right(decodeControlState(old));
    expect(state.memory.steps.get(environmentName('prod-2'))).toMatchObject({ openedAt: 0, requests: [] });
    expect(state.settledTo).toBe(0);
  });

  it('keeps the difference between a stack without a pin and one that could not be read', () => {
    const step = right(decodeControlState(encodeControlState(EXAMPLE))).memory.steps.get(environmentName('prod-2'));
    expect(step?.from.get(stackName('ironstone'))).toEqual(O.none);
    expect(step?.from.has(stackName('obsidian'))).toBe(false);
  });
});

describe('fault 72: a control state that was damaged', () => {
  type Json = Record<string, unknown>;
  const damaged = (change: (document: Json) => void): readonly string[] => {
    const document = JSON.parse(encodeControlState(EXAMPLE)) as Json;
    change(document);
    const decoded = decodeControlState(JSON.stringify(document));
    return E.isLeft(decoded) ? decoded.left.map(formatFieldError) : [];
  };
  const inner = (document: Json, ...path: readonly string[]): Json =>
    path.reduce((at, key) => at[key] as Json, document);

  it('T12: an undamaged one is read', () => {
    expect(damaged(() => undefined)).toEqual([]);
  });

  it.each(['schema', 'departed', 'steps', 'joined', 'history', 'holds', 'rejections'])(
    'fault 72: by losing %s is refused with its name, and not read as empty',
    (field) => {
      const errors = damaged((document) => (document[field] = undefined));
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(new RegExp(`^${field}: expected .+, got nothing$`));
    },
  );

  it.each<[string, (document: Json) => void, RegExp]>([
    ['another schema', (d) => (d['schema'] = 2), /^schema: expected 1, got 2$/],
    [
      'an instant that is none',
      (d) => (inner(d, 'departed')['train'] = 'soon'),
      /^departed\.train: expected an RFC 3339 .+, got "soon"$/,
    ],
    [
      'a stage that is no name',
      (d) => (inner(d, 'departed')['../x'] = '2025-07-28T00:00:00Z'),
      /^departed\."\.\.\/x": expected a slug name/,
    ],
    ['steps that are a list', (d) => (d['steps'] = []), /^steps: expected an object, got a list of 0$/],
    [
      'a step without a version',
      (d) => delete inner(d, 'steps', 'prod-2')['version'],
      /^steps\.prod-2\.version: expected a version name.+, got nothing$/,
    ],
    [
      'a step without where it came from',
      (d) => delete inner(d, 'steps', 'prod-2')['from'],
      /^steps\.prod-2\.from: expected .+, got nothing$/,
    ],
    [
      'a pin that is no version',
      (d) => (inner(d, 'steps', 'prod-2', 'from')['basalt'] = '../1'),
      /^steps\.prod-2\.from\.basalt: expected a version name/,
    ],
    [
      'a splay below zero',
      (d) => (inner(d, 'steps', 'prod-2')['splaySeconds'] = -1),
      /^steps\.prod-2\.splaySeconds: expected an integer from 0 to 86400, got -1$/,
    ],
    [
      'a joined stop that is no name',
      (d) => (d['joined'] = ['prod-2', 7]),
      /^joined\.1: expected an environment name.+, got 7$/,
    ],
    [
      'a history that is text',
      (d) => (inner(d, 'history')['prod-2'] = '1.0.1'),
      /^history\.prod-2: expected a list of versions, got "1\.0\.1"$/,
    ],
    [
      'a hold without an owner',
      (d) => delete inner(d, 'holds', '0')['owner'],
      /^holds\.0\.owner: expected text of at most 256 characters.+, got nothing$/,
    ],
    [
      'a hold of an unknown scope',
      (d) => (inner(d, 'holds', '0')['scope'] = { _tag: 'planet' }),
      /^holds\.0\.scope: expected a scope: plan, stage, environment or stack, got an object$/,
    ],
    [
      'a hold that ends never and nowhere',
      (d) => (inner(d, 'holds', '0')['expiresAt'] = 'never'),
      /^holds\.0\.expiresAt: expected an RFC 3339/,
    ],
    [
      'a rejection by nobody',
      (d) => (inner(d, 'rejections', '1.0.0')['by'] = null),
      /^rejections\.1\.0\.0\.by: expected text.+, got null$/,
    ],
  ])('fault 72: by %s is refused with the field and what stood there', (_, change, expected) => {
    expect(damaged(change)[0]).toMatch(expected);
  });

  it.each(['', '{', 'null', '[]', '"x"', '\uFEFF{}', encodeControlState(EXAMPLE).slice(0, -20)])(
    'fault 72: to %j is refused',
    (text) => {
      const decoded = decodeControlState(text);
      expect(E.isLeft(decoded) && decoded.left.length > 0).toBe(true);
    },
  );

  property(
    'fault 72: never throws, whatever a single edit makes of it',
    [fc.nat(), fc.string({ maxLength: 3 })],
    (place, edit) => {
      const text = encodeControlState(EXAMPLE);
      const at = place % text.length;
      const decoded = decodeControlState(text.slice(0, at) + edit + text.slice(at + 1));
      if (E.isLeft(decoded)) expect(decoded.left.length).toBeGreaterThan(0);
      else expect(right(decodeControlState(encodeControlState(decoded.right)))).toEqual(decoded.right);
    },
  );
});
