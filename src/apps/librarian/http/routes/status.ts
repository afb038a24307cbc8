import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { FORECAST_HORIZON_MS_DEFAULT } from '../../../../domain/forecast-request.ts';
import { forecastJson } from '../../../forecast/report-json.ts';
import { currentBoard } from '../../board.ts';
import { forecastFrom } from '../../explain.ts';
import { statusJson } from '../../report-json.ts';
import { status } from '../../status.ts';
import { answerJson } from '../answer.ts';
import { horizon } from '../fields.ts';
import { failureProblem } from '../problem.ts';
import { ref } from '../reports.ts';
import { route } from '../route.ts';
import { object, parameter } from '../shape.ts';

/** Where everything stands. */
export const getStatus = route({
  method: 'GET',
  path: '/v1/status',
  operation: 'getStatus',
  summary: 'The board: what every environment is on, and why.',
  permission: 'read',
  isShared: true,
  answers: { 200: { description: 'The board.', schema: ref('Status') } },
  handle: async (ports) => {
    const read = await status(ports)();
    return E.isLeft(read) ? failureProblem(read.left) : answerJson(statusJson(read.right));
  },
});

/** What is to come. */
export const getForecast = route({
  method: 'GET',
  path: '/v1/forecast',
  operation: 'getForecast',
  summary: 'When each version reaches each environment, if nobody intervenes and nothing fails.',
  permission: 'read',
  query: object<{ for: O.Option<number> }>('query', { for: parameter(horizon) }),
  answers: { 200: { description: 'The forecast.', schema: ref('Forecast') } },
  handle: async (ports, { query }) => {
    const read = await currentBoard(ports)();
    if (E.isLeft(read)) return failureProblem(read.left);
    const forMs = O.getOrElse(() => FORECAST_HORIZON_MS_DEFAULT)(query.for);
    return answerJson(forecastJson(forecastFrom(read.right, forMs), read.right.board.view.holds));
  },
});
