import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { environmentsInScope, environmentsToRollBack } from '../../../src/apps/librarian/scopes.ts';
import { nameFromLiteral, Slug } from '../../../src/domain/names.ts';
import { BASALT, DEV, PLAN } from '../../support/librarian-world.ts';

const slug = nameFromLiteral(Slug);
const ALL = ['dev', 'prod-1', 'prod-2', 'image'];

describe('the environments of a hold', () => {
  it.each([
    [{ _tag: 'plan' }, ALL],
    [{ _tag: 'stack', stack: BASALT }, ALL],
    [{ _tag: 'stage', stage: slug('train') }, ['prod-1', 'prod-2']],
    // Nobody knows what it would stop, so who asks for it has to be permitted everything; then it is refused.
    [{ _tag: 'stage', stage: slug('nowhere') }, ALL],
    [{ _tag: 'environment', environment: DEV }, ['dev']],
  ] as const)('%j are %j', (scope, environments) => {
    expect(environmentsInScope(PLAN, scope)).toEqual(environments);
  });
});

describe('the environments of a rollback', () => {
  it.each([
    [O.some(DEV), O.none, E.right(['dev'])],
    [O.none, O.some('train'), E.right(['prod-1', 'prod-2'])],
    [O.none, O.some('latest'), E.left({ _tag: 'BadData', detail: 'train: expected one of train' })],
    [O.none, O.none, E.left({ _tag: 'BadData', detail: 'rollback: expected either an environment or a train' })],
    [
      O.some(DEV),
      O.some('train'),
      E.left({ _tag: 'BadData', detail: 'rollback: expected either an environment or a train' }),
    ],
  ])('%j, %j', (environment, train, expected) => {
    expect(environmentsToRollBack(PLAN, { environment, train })).toEqual(expected);
  });
});
