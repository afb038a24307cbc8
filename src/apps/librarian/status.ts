/**
 * Where everything stands: for the board in text, the API and `explain`.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
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
import { controlTag, readControl, type VersionedControl } from './control-store.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { type UploadProgress, uploadsUnderWay } from './uploads.ts';

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
  /** The tag of the control state that it was read under. */
  readonly tag: string;
  readonly nextDeparture: EpochMs;
  /** What the `latest` stage would take. */
  readonly newest: O.Option<Version>;
  readonly environments: readonly EnvironmentStatus[];
  readonly holds: readonly Hold[];
  readonly rejected: readonly Version[];
  /** The uploads under way, of this process and of others. */
  readonly uploads: readonly UploadProgress[];
}

/** Where everything stands on a board that was read. */
export const statusOf = ({ stored, board: { view } }: CurrentBoard): Omit<Status, 'uploads'> => {
  const { control } = stored;
  const outcomes = new Map(decide(view).outcomes.map((outcome) => [outcome.environment, outcome]));
  return {
    at: view.now,
    tag: controlTag(stored),
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
export const status =
  (ports: LibrarianPorts): TE.TaskEither<Failure, Status> =>
  async () => {
    const [current, uploads] = await Promise.all([currentBoard(ports)(), uploadsUnderWay(ports)]);
    return E.map((board: CurrentBoard): Status => ({ ...statusOf(board), uploads }))(current);
  };

/** The holds, with the tag of the control state that they were read under. */
export interface Holds {
  readonly tag: string;
  readonly holds: readonly Hold[];
}

/** Every hold, those that have ended included. Asks no Chef server. */
export const holds = (ports: LibrarianPorts): TE.TaskEither<Failure, Holds> =>
  TE.map((stored: VersionedControl): Holds => ({ tag: controlTag(stored), holds: stored.control.holds }))(
    readControl(ports),
  );
