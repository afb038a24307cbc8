import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { EnvironmentName, Slug, StackName, Version } from '../../../../domain/names.ts';
import { promote, rollback } from '../../intervene.ts';
import { interventionJson } from '../../report-json.ts';
import { environmentsToRollBack } from '../../scopes.ts';
import { environment, reason, splay, stack, train, version } from '../fields.ts';
import { failureProblem } from '../problem.ts';
import { ref } from '../reports.ts';
import { askerOf, route } from '../route.ts';
import { object, optional } from '../shape.ts';
import { answerWhole } from '../whole.ts';

interface Promotion {
  readonly version: Version;
  readonly environment: EnvironmentName;
  readonly stack: O.Option<StackName>;
  readonly splay: O.Option<number>;
  readonly reason: string;
}

/** A promotion by hand. */
export const postPromotion = route({
  method: 'POST',
  path: '/v1/promotions',
  operation: 'promote',
  summary: 'Promotes a version to an environment by hand. What is pinned already comes back without a promotion.',
  permission: 'promote',
  environments: (_ports, { body }) => TE.right([body.environment]),
  body: object<Promotion>('promotion', {
    version,
    environment,
    stack: optional(stack),
    splay: optional(splay),
    reason,
  }),
  isConditional: true,
  answers: { 200: { description: 'What was promoted.', schema: ref('Intervention') } },
  handle: async (ports, asked) => {
    const { splay: splaySeconds, reason: why, ...rest } = asked.body;
    return answerWhole(await promote(ports)(askerOf(asked, why), { ...rest, splaySeconds })(), interventionJson);
  },
});

interface Rollback {
  readonly environment: O.Option<EnvironmentName>;
  readonly train: O.Option<Slug>;
  readonly to: O.Option<Version>;
  readonly reason: string;
}

/** A rollback. */
export const postRollback = route({
  method: 'POST',
  path: '/v1/rollbacks',
  operation: 'rollBack',
  summary: 'Takes an environment, or what a train has reached, back to the version before, and rejects the bad one.',
  permission: 'rollback',
  environments: ({ plan }, { body }) => TE.fromEither(environmentsToRollBack(plan, body)),
  body: object<Rollback>('rollback', {
    environment: optional(environment),
    train: optional(train),
    to: optional(version),
    reason,
  }),
  isConditional: true,
  answers: { 200: { description: 'What was promoted again, and rejected.', schema: ref('Intervention') } },
  handle: async (ports, asked) => {
    const { to, reason: why } = asked.body;
    const environments = environmentsToRollBack(ports.plan, asked.body);
    if (E.isLeft(environments)) return failureProblem(environments.left);
    const request = { environments: environments.right, to };
    return answerWhole(await rollback(ports)(askerOf(asked, why), request)(), interventionJson);
  },
});
