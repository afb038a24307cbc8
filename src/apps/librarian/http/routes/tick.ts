import * as E from 'fp-ts/lib/Either.js';
import { tickJson } from '../../report-json.ts';
import { dryRun, tick } from '../../tick.ts';
import { answerJson } from '../answer.ts';
import { failureProblem } from '../problem.ts';
import { ref } from '../reports.ts';
import { route } from '../route.ts';
import { answerWhole } from '../whole.ts';

/** What a tick would do. */
export const previewTick = route({
  method: 'GET',
  path: '/v1/tick',
  operation: 'previewTick',
  summary: 'What a tick would do now, one outcome for each environment. Changes nothing.',
  permission: 'read',
  answers: { 200: { description: 'The outcomes.', schema: ref('Tick') } },
  handle: async (ports) => {
    const ticked = await dryRun(ports)();
    return E.isLeft(ticked) ? failureProblem(ticked.left) : answerJson(tickJson(ticked.right, true));
  },
});

/** A tick. */
export const postTick = route({
  method: 'POST',
  path: '/v1/tick',
  operation: 'tick',
  summary: 'Ticks once, as the service does by itself. However often it is asked, a departure acts once.',
  permission: 'tick',
  answers: { 200: { description: 'One outcome for each environment.', schema: ref('Tick') } },
  handle: async (ports, { principal }) => {
    // What it promotes is the train's doing, and stands in the audit trail as that.
    ports.log('info', 'a tick was asked for', { who: principal.subject });
    return answerWhole(await tick(ports)(), (report) => tickJson(report, false));
  },
});
