import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { EnvironmentName, Slug, StackName } from '../../../../domain/names.ts';
import { openRequestJson, runRequestJson } from '../../report-json.ts';
import {
  openRunRequests,
  REQUEST_OPEN_MS_DEFAULT,
  REQUEST_SPLAY_SECONDS_DEFAULT,
  requestRun,
  withdrawRun,
} from '../../request-run.ts';
import { answerJson } from '../answer.ts';
import { environment, nodePatterns, openFor, reason, requestId, splay, stack } from '../fields.ts';
import { failureProblem } from '../problem.ts';
import { closed, ref } from '../reports.ts';
import { askerOf, route } from '../route.ts';
import { object, optional } from '../shape.ts';
import { answerWhole } from '../whole.ts';

/** The run requests that are open. */
export const listRunRequests = route({
  method: 'GET',
  path: '/v1/run-requests',
  operation: 'listRunRequests',
  summary: 'The run requests that are open.',
  permission: 'read',
  answers: {
    200: {
      description: 'The run requests.',
      schema: closed({ items: { type: 'array', items: ref('OpenRunRequest') } }),
    },
  },
  handle: async (ports) => {
    const open = await openRunRequests(ports)();
    return E.isLeft(open) ? failureProblem(open.left) : answerJson({ items: open.right.map(openRequestJson) });
  },
});

interface NewRunRequest {
  readonly id: O.Option<Slug>;
  readonly environment: EnvironmentName;
  readonly stack: O.Option<StackName>;
  readonly nodes: O.Option<readonly string[]>;
  readonly splay: O.Option<number>;
  readonly expires_in: O.Option<number>;
  readonly reason: string;
}

/** A run request. */
export const postRunRequest = route({
  method: 'POST',
  path: '/v1/run-requests',
  operation: 'requestRun',
  summary: 'Asks the nodes of an environment, or some of them, to run. The same id again is the same request.',
  permission: 'run',
  environments: (_ports, { body }) => TE.right([body.environment]),
  body: object<NewRunRequest>('run request', {
    id: optional(requestId),
    environment,
    stack: optional(stack),
    nodes: optional(nodePatterns),
    splay: optional(splay),
    expires_in: optional(openFor),
    reason,
  }),
  answers: { 200: { description: 'Who was told.', schema: ref('RunRequest') } },
  handle: async (ports, asked) => {
    const { splay: splaySeconds, expires_in: expiresIn, reason: why, ...rest } = asked.body;
    const order = {
      ...rest,
      splaySeconds: O.getOrElse(() => REQUEST_SPLAY_SECONDS_DEFAULT)(splaySeconds),
      opensForMs: O.getOrElse(() => REQUEST_OPEN_MS_DEFAULT)(expiresIn),
    };
    return answerWhole(await requestRun(ports)(askerOf(asked, why), order)(), runRequestJson);
  },
});

/** The withdrawal of a run request. */
export const deleteRunRequest = route({
  method: 'DELETE',
  path: '/v1/run-requests/:environment/:id',
  operation: 'withdrawRun',
  summary: 'Takes a run request back: nodes that have not run for it yet do not any more.',
  permission: 'run',
  environments: (_ports, { params }) => TE.right([params.environment]),
  params: object<{ environment: EnvironmentName; id: Slug }>('path', { environment, id: requestId }),
  query: object<{ reason: string; stack: O.Option<StackName> }>('query', { reason, stack: optional(stack) }),
  answers: { 200: { description: 'Who was told.', schema: ref('RunRequest') } },
  handle: async (ports, asked) => {
    const { reason: why, stack: only } = asked.query;
    return answerWhole(
      await withdrawRun(ports)(askerOf(asked, why), { ...asked.params, stack: only })(),
      runRequestJson,
    );
  },
});
