/**
 * Holds as people write and read them.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { describeValue, isRecord } from './decoding.ts';
import type { Hold, HoldScope } from './hold.ts';
import { EnvironmentName, parseName, Slug, StackName } from './names.ts';
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

/** Reads and writes a {@link HoldScope} as text. */
export const HoldScopeText: t.Type<HoldScope, string> = new t.Type<HoldScope, string>(
  'plan, stage:NAME, environment:NAME or stack:NAME',
  (u): u is HoldScope => isRecord(u) && '_tag' in u,
  (u, context) => {
    const scope = parseHoldScope(typeof u === 'string' ? u : '');
    return E.isRight(scope) ? t.success(scope.right) : t.failure(u, context, HoldScopeText.name);
  },
  formatHoldScope,
);

/** What of a plan a scope may name. */
export interface ScopedPlan {
  readonly stacks: readonly StackName[];
  readonly stages: readonly { readonly name: Slug; readonly environments: readonly EnvironmentName[] }[];
  readonly byHand: readonly EnvironmentName[];
}

const namesIn = ({ stacks, stages, byHand }: ScopedPlan, kind: HoldScope['_tag']): readonly string[] => {
  switch (kind) {
    case 'plan':
      return [];
    case 'stage':
      return stages.map(({ name }) => name);
    case 'environment':
      return [...stages.flatMap(({ environments }) => environments), ...byHand];
    case 'stack':
      return stacks;
  }
};

/** What was expected of a scope that names nothing of `plan`; none where it does: a hold on nothing stops nothing. */
export const scopeExpected = (plan: ScopedPlan, scope: HoldScope): string | undefined => {
  const known = namesIn(plan, scope._tag);
  return scope._tag === 'plan' || known.some((name) => formatHoldScope(scope) === `${scope._tag}:${name}`)
    ? undefined
    : `${scope._tag}:NAME with one of ${known.join(', ')}`;
};

/**
 * Checks that `plan` has what `scope` names.
 *
 * @returns the scope, or in one line which names the plan has.
 */
export const checkHoldScope = (plan: ScopedPlan, scope: HoldScope): E.Either<string, HoldScope> => {
  const expected = scopeExpected(plan, scope);
  return expected === undefined ? E.right(scope) : E.left(`expected ${expected}, got ${formatHoldScope(scope)}`);
};

/** A hold in one line. */
export const formatHold = ({ scope, owner, reason, expiresAt }: Hold): string => {
  const until = O.isSome(expiresAt) ? `until ${formatInstant(expiresAt.value)}` : 'until it is lifted';
  return `${formatHoldScope(scope)} held by ${owner} ${until}: ${reason}`;
};
