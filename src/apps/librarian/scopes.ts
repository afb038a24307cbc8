/**
 * Which environments a request is about, however it names them.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { HoldScope } from '../../domain/hold.ts';
import type { EnvironmentName } from '../../domain/names.ts';
import { environmentsOf, type ReleasePlan } from '../../domain/release-plan.ts';
import { badData, type Failure } from '../failure.ts';

/** The environments that a hold with this scope stops something in: one of the plan or of a stack stops all of them. */
export const environmentsInScope = (plan: ReleasePlan, scope: HoldScope): readonly EnvironmentName[] => {
  switch (scope._tag) {
    case 'plan':
    case 'stack':
      return environmentsOf(plan);
    case 'stage':
      return plan.stages.find(({ name }) => name === scope.stage)?.environments ?? environmentsOf(plan);
    case 'environment':
      return [scope.environment];
  }
};

/** What to roll back: one environment, or those stops of a train that the bad version has reached. */
export interface RollbackScope {
  readonly environment: O.Option<EnvironmentName>;
  readonly train: O.Option<string>;
}

/** The environments of a rollback; either an environment or a train has to be named. */
export const environmentsToRollBack = (
  plan: ReleasePlan,
  { environment, train }: RollbackScope,
): E.Either<Failure, readonly EnvironmentName[]> => {
  if (O.isSome(environment) === O.isSome(train)) {
    return E.left(badData('rollback: expected either an environment or a train'));
  }
  if (O.isSome(environment)) return E.right([environment.value]);
  const trains = plan.stages.filter(({ _tag }) => _tag === 'train');
  const stage = trains.find(({ name }) => O.isSome(train) && name === train.value);
  return stage === undefined
    ? E.left(badData(`train: expected one of ${trains.map(({ name }) => name).join(', ')}`))
    : E.right(stage.environments);
};
