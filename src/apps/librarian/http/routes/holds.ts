import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { HoldScope } from '../../../../domain/hold.ts';
import type { Slug } from '../../../../domain/names.ts';
import type { EpochMs } from '../../../../domain/time.ts';
import { addHold, liftHold } from '../../intervene.ts';
import { holdsJson } from '../../report-json.ts';
import { environmentsInScope } from '../../scopes.ts';
import { type Holds, holds } from '../../status.ts';
import { answerJson, DONE } from '../answer.ts';
import { holdId, instant, person, reason, scope } from '../fields.ts';
import { failureProblem } from '../problem.ts';
import { closed, ref } from '../reports.ts';
import { askerOf, route } from '../route.ts';
import { object, optional } from '../shape.ts';

/** Every hold. */
export const listHolds = route({
  method: 'GET',
  path: '/v1/holds',
  operation: 'listHolds',
  summary: 'Every hold, those that have ended included.',
  permission: 'read',
  answers: {
    200: {
      description: 'The holds.',
      schema: closed({ items: { type: 'array', items: ref('Hold') }, revision: { type: 'string' } }),
    },
  },
  handle: async (ports) => {
    const read = await holds(ports)();
    if (E.isLeft(read)) return failureProblem(read.left);
    const { tag, holds: all } = read.right;
    return answerJson({ items: holdsJson(all), revision: tag }, 200, { etag: `"${tag}"` });
  },
});

interface NewHold {
  readonly id: Slug;
  readonly scope: HoldScope;
  readonly reason: string;
  readonly owner: O.Option<string>;
  readonly expires_at: O.Option<EpochMs>;
}

/** A hold. */
export const postHold = route({
  method: 'POST',
  path: '/v1/holds',
  operation: 'addHold',
  summary: 'Stops promotions in a scope until the hold is lifted or expires.',
  permission: 'hold',
  environments: ({ plan }, { body }) => TE.right(environmentsInScope(plan, body.scope)),
  body: object<NewHold>('hold', {
    id: holdId,
    scope,
    reason,
    owner: optional(person),
    expires_at: optional(instant),
  }),
  isConditional: true,
  answers: { 201: { description: 'The hold.', schema: ref('Hold') } },
  handle: async (ports, asked) => {
    const { id, scope: what, reason: why, owner, expires_at: expiresAt } = asked.body;
    const asker = askerOf(asked, why);
    const added = await addHold(ports)(asker, {
      id,
      scope: what,
      reason: why,
      owner: O.getOrElse(() => asker.who)(owner),
      expiresAt,
    })();
    if (E.isLeft(added)) return failureProblem(added.left);
    const [json = {}] = holdsJson([added.right]);
    return answerJson(json, 201);
  },
});

/** The end of a hold. */
export const deleteHold = route({
  method: 'DELETE',
  path: '/v1/holds/:id',
  operation: 'liftHold',
  summary: 'Lifts a hold: promotions go on.',
  permission: 'hold',
  // One that is not there concerns nothing; whoever may lift some hold learns that it is not there.
  environments: (ports, { params }) =>
    TE.map(({ holds: all }: Holds) =>
      all.filter(({ id }) => id === params.id).flatMap((hold) => environmentsInScope(ports.plan, hold.scope)),
    )(holds(ports)),
  params: object<{ id: Slug }>('path', { id: holdId }),
  query: object<{ reason: string }>('query', { reason }),
  isConditional: true,
  answers: { 204: { description: 'It is lifted.' } },
  handle: async (ports, asked) => {
    const lifted = await liftHold(ports)(askerOf(asked, asked.query.reason), asked.params.id)();
    return E.isLeft(lifted) ? failureProblem(lifted.left) : DONE;
  },
});
