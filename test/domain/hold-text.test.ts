import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { checkHoldScope, formatHoldScope, parseHoldScope } from '../../src/domain/hold-text.ts';
import { planOf } from '../support/slack.ts';

const PLAN = planOf({
  name: 'web',
  stacks: ['basalt', 'ironstone'],
  stages: [{ name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' }],
  by_hand: ['image'],
});

const check = (text: string): E.Either<string, string> =>
  E.map(formatHoldScope)(
    E.chain((scope: Parameters<typeof formatHoldScope>[0]) => checkHoldScope(PLAN, scope))(parseHoldScope(text)),
  );

describe('the scope of a hold', () => {
  it.each(['plan', 'stage:latest', 'environment:dev', 'environment:image', 'stack:ironstone'])(
    'T10: %s is read, known and written',
    (text) => {
      expect(check(text)).toEqual(E.right(text));
    },
  );

  it.each([
    ['environment:prd-1', 'expected environment:NAME with one of dev, image, got environment:prd-1'],
    ['stage:nosuch', 'expected stage:NAME with one of latest, got stage:nosuch'],
    ['stack:baslt', 'expected stack:NAME with one of basalt, ironstone, got stack:baslt'],
  ])('T10: %s would hold nothing, and is refused with what there is', (text, error) => {
    expect(check(text)).toEqual(E.left(error));
  });

  it.each(['stage:latest:oops', 'plan:', 'plan:web', '', 'every:thing', 'stage:', 'stack', 'environment:a/b'])(
    '%s is no scope',
    (text) => {
      expect(E.isLeft(parseHoldScope(text))).toBe(true);
    },
  );
});
