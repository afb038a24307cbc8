import * as E from 'fp-ts/lib/Either.js';
import type { EnvironmentName } from '../../../../domain/names.ts';
import { explain } from '../../explain.ts';
import { environmentJson, explanationJson } from '../../report-json.ts';
import { status } from '../../status.ts';
import { answerJson } from '../answer.ts';
import { environment } from '../fields.ts';
import { failureProblem } from '../problem.ts';
import { closed, ref } from '../reports.ts';
import { route } from '../route.ts';
import { object } from '../shape.ts';

/** Every environment. */
export const listEnvironments = route({
  method: 'GET',
  path: '/v1/environments',
  operation: 'listEnvironments',
  summary: 'Every environment with its pins, in the order of the plan.',
  permission: 'read',
  isShared: true,
  answers: {
    200: { description: 'The environments.', schema: closed({ items: { type: 'array', items: ref('Environment') } }) },
  },
  handle: async (ports) => {
    const read = await status(ports)();
    return E.isLeft(read)
      ? failureProblem(read.left)
      : answerJson({ items: read.right.environments.map(environmentJson) });
  },
});

/** One environment. */
export const explainEnvironment = route({
  method: 'GET',
  path: '/v1/environments/:environment',
  operation: 'explainEnvironment',
  summary: 'Why an environment is where it is, what happens next, and when.',
  permission: 'read',
  params: object<{ environment: EnvironmentName }>('path', { environment }),
  answers: { 200: { description: 'The environment.', schema: ref('Explanation') } },
  handle: async (ports, { params }) => {
    const explained = await explain(ports, params.environment)();
    return E.isLeft(explained) ? failureProblem(explained.left) : answerJson(explanationJson(explained.right));
  },
});
