/**
 * Holds as people write and read them.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describeValue } from './decoding.ts';
import type { Hold, HoldScope } from './hold.ts';
import { EnvironmentName, parseName, Slug, StackName } from './names.ts';
import { environmentsOf, type ReleasePlan } from './release-plan.ts';
import { formatInstant } from './time.ts';

const EXPECTED = 'expected plan, stage:NAME, environment:NAME or stack:NAME';

/** Reads a scope: `plan`, `stage:canary`, `environment:prod-3` or `stack:basalt`. */
export const parseHoldScope = (text: string): E.Either<string, HoldScope> => {
  const [kind = '', name = '', ...rest] = text.split(':');
  if (rest.length > 0) return E.left(`${EXPECTED}, got ${describeValue(text)}`);
  switch (kind) {
    case 'plan':
      return text === 'plan' ? E.right({ _tag: 'plan' }) : E.left(`${EXPECTED}, got ${describeValue(text)}`);
    case 'stage':
      return E.map((stage: Slug): HoldScope => ({ _tag: 'stage', stage }))(parseName(Slug)(name));
    case 'environment':
      return E.map((environment: EnvironmentName): HoldScope => ({ _tag: 'environment', environment }))(
        parseName(EnvironmentName)(name),
      );
    case 'stack':
      return E.map((stack: StackName): HoldScope => ({ _tag: 'stack', stack }))(parseName(StackName)(name));
    default:
      return E.left(`${EXPECTED}, got ${describeValue(text)}`);
  }
};

/** Writes a scope in the form that {@link parseHoldScope} reads. */
export const formatHoldScope = (scope: HoldScope): string => {
  switch (scope._tag) {
    case 'plan':
      return 'plan';
    case 'stage':
      return `stage:${scope.stage}`;
    case 'environment':
      return `environment:${scope.environment}`;
    case 'stack':
      return `stack:${scope.stack}`;
  }
};

const oneOf = <A extends string>(scope: HoldScope, name: A, known: readonly A[]): E.Either<string, HoldScope> =>
  known.includes(name)
    ? E.right(scope)
    : E.left(`expected ${scope._tag}:NAME with one of ${known.join(', ')}, got ${formatHoldScope(scope)}`);

/**
 * Checks that `plan` has what `scope` names: a hold on nothing stops nothing, and whoever set it believes otherwise.
 *
 * @returns the scope, or in one line which names the plan has.
 */
export const checkHoldScope = (plan: ReleasePlan, scope: HoldScope): E.Either<string, HoldScope> => {
  switch (scope._tag) {
    case 'plan':
      return E.right(scope);
    case 'stage':
      return oneOf(
        scope,
        scope.stage,
        plan.stages.map(({ name }) => name),
      );
    case 'environment':
      return oneOf(scope, scope.environment, environmentsOf(plan));
    case 'stack':
      return oneOf(scope, scope.stack, plan.stacks);
  }
};

/** A hold in one line. */
export const formatHold = ({ scope, owner, reason, expiresAt }: Hold): string => {
  const until = O.isSome(expiresAt) ? `until ${formatInstant(expiresAt.value)}` : 'until it is lifted';
  return `${formatHoldScope(scope)} held by ${owner} ${until}: ${reason}`;
};
