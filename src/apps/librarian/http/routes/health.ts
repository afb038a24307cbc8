import * as E from 'fp-ts/lib/Either.js';
import { environmentsOf } from '../../../../domain/release-plan.ts';
import { readControl } from '../../control-store.ts';
import type { LibrarianPorts } from '../../librarian-ports.ts';
import { answerJson } from '../answer.ts';
import { closed, ref } from '../reports.ts';
import { route } from '../route.ts';

/** Whether the process answers. */
export const getHealth = route({
  method: 'GET',
  path: '/healthz',
  operation: 'health',
  summary: 'Whether the process answers at all; one that does not is to be started again.',
  permission: undefined,
  answers: { 200: { description: 'It does.', schema: closed({ healthy: { const: true } }) } },
  handle: async () => answerJson({ healthy: true }),
});

const stateOf = async (ports: LibrarianPorts): Promise<'Ready' | 'Damaged' | 'Unavailable'> => {
  const read = await readControl(ports)();
  if (E.isRight(read)) return 'Ready';
  return read.left._tag === 'Damaged' ? 'Damaged' : 'Unavailable';
};

/** A bus that refuses a look at one key answers: where nobody may list, a key that is not there yet looks like that. */
const busOf = async ({ plan, bus }: LibrarianPorts): Promise<'Ready' | 'Unavailable'> => {
  const [stack] = plan.stacks;
  const [environment] = environmentsOf(plan);
  if (stack === undefined || environment === undefined) return 'Ready';
  const { _tag } = await bus.read({ stack, environment }, undefined);
  return _tag === 'Unavailable' ? 'Unavailable' : 'Ready';
};

/** Whether the parts answer that nothing can be done without. */
export const getReadiness = route({
  method: 'GET',
  path: '/readyz',
  operation: 'readiness',
  summary: 'Whether state store and bus answer; while they do not, requests are better sent to another Librarian.',
  permission: undefined,
  isShared: true,
  answers: {
    200: { description: 'They do.', schema: ref('Readiness') },
    503: { description: 'They do not.', schema: ref('Readiness') },
  },
  handle: async (ports) => {
    const [state, bus] = await Promise.all([stateOf(ports), busOf(ports)]);
    const ready = state === 'Ready' && bus === 'Ready';
    return answerJson({ ready, parts: { state, bus } }, ready ? 200 : 503);
  },
});
