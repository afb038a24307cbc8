import { problem } from '../problem.ts';
import { route } from '../route.ts';

/** What a collector reads. */
export const getMetrics = route({
  method: 'GET',
  path: '/metrics',
  operation: 'metrics',
  summary: "The metrics of this process, in Prometheus's text format.",
  permission: 'read',
  answers: {
    200: { description: 'The metrics.', type: 'text/plain', schema: { type: 'string' } },
  },
  handle: async ({ metrics }) =>
    metrics === undefined
      ? problem('NotFound', 'nothing is measured here')
      : { status: 200, type: metrics.contentType, headers: {}, body: await metrics.text() },
});
