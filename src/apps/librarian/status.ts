/**
 * Where everything stands: for the board in text, the API and `explain`.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Hold } from '../../domain/hold.ts';
import type { EnvironmentName, Version } from '../../domain/names.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import { decide, nextDepartureOf } from '../../domain/tick.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Failure } from '../failure.ts';
import { type CurrentBoard, currentBoard } from './board.ts';
import { readControl, type VersionedControl } from './control-store.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** One environment's row. */
export interface EnvironmentStatus {
  readonly environment: EnvironmentName;
  /** Stack → version; null where nothing is pinned. A stack that cannot be read, or was not told yet, is absent. */
  readonly pins: Readonly<Record<string, Version | null>>;
  /** What a tick would say now. */
  readonly outcome: Outcome;
}

/** The whole board. */
export interface Status {
  readonly at: EpochMs;
  readonly nextDeparture: EpochMs;
  /** What the `latest` stage would take. */
  readonly newest: O.Option<Version>;
  readonly environments: readonly EnvironmentStatus[];
  readonly holds: readonly Hold[];
  readonly rejected: readonly Version[];
}

const statusOf = ({ stored: { control }, board: { view } }: CurrentBoard): Status => {
  const outcomes = new Map(decide(view).outcomes.map((outcome) => [outcome.environment, outcome]));
  return {
    at: view.now,
    nextDeparture: nextDepartureOf(view.plan, view.now),
    newest: view.catalogue.newest,
    holds: control.holds,
    rejected: [...control.rejections.keys()],
    environments: environmentsOf(view.plan).flatMap((environment) => {
      const outcome = outcomes.get(environment);
      if (outcome === undefined) return [];
      const pins = Object.fromEntries(
        [...(view.pins.get(environment) ?? [])].map(([stack, pin]) => [stack, O.toNullable(pin)]),
      );
      return [{ environment, pins, outcome }];
    }),
  };
};

/** Reads where everything stands. Changes nothing. */
export const status = (ports: LibrarianPorts): TE.TaskEither<Failure, Status> => TE.map(statusOf)(currentBoard(ports));

/** Every hold, those that have ended included. Asks no Chef server. */
export const holds = (ports: LibrarianPorts): TE.TaskEither<Failure, readonly Hold[]> =>
  TE.map(({ control }: VersionedControl) => control.holds)(readControl(ports));
