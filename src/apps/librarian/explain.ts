import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Arrival, type Forecast, forecast } from '../../domain/forecast.ts';
import { FORECAST_HORIZON_MS_DEFAULT } from '../../domain/forecast-request.ts';
import type { EnvironmentName, Version } from '../../domain/names.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import { plus } from '../../domain/time.ts';
import type { Failure } from '../failure.ts';
import { type CurrentBoard, currentBoard } from './board.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { type EnvironmentStatus, statusOf } from './status.ts';

/** Why an environment is where it is, and what comes next. */
export interface Explanation {
  readonly row: EnvironmentStatus;
  /** The tag of the control state that it was read under. */
  readonly tag: string;
  /** What it was on before, the latest first. */
  readonly history: readonly Version[];
  /** The next promotion, if nobody intervenes and nothing fails; none: none within a week. */
  readonly next: O.Option<Arrival>;
}

/** What is to be expected from now on, if nobody intervenes and nothing fails. */
export const forecastFrom = ({ board: { view } }: CurrentBoard, forMs: number): Forecast =>
  forecast(view, plus(view.now, forMs));

const explanationOf = (current: CurrentBoard, environment: EnvironmentName): E.Either<Failure, Explanation> => {
  const { environments, tag } = statusOf(current);
  const row = environments.find((one) => one.environment === environment);
  if (row === undefined) {
    const known = environmentsOf(current.board.view.plan).join(', ');
    return E.left({ _tag: 'NotFound', detail: `environment: expected one of ${known}, got ${environment}` });
  }
  const { timelines } = forecastFrom(current, FORECAST_HORIZON_MS_DEFAULT);
  const arrivals = timelines.find((timeline) => timeline.environment === environment)?.arrivals ?? [];
  return E.right({
    row,
    tag,
    history: current.stored.control.memory.history.get(environment) ?? [],
    next: O.fromNullable(arrivals[0]),
  });
};

/** Explains one environment. Changes nothing. */
export const explain = (ports: LibrarianPorts, environment: EnvironmentName): TE.TaskEither<Failure, Explanation> =>
  TE.chainEitherK((current: CurrentBoard) => explanationOf(current, environment))(currentBoard(ports));
