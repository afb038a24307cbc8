/**
 * What people decide: promotions by hand, rollbacks, holds, rejections and approvals. Each is recorded before it is done,
 * and leaves a memory from which the next tick finishes what was interrupted.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { ControlState } from '../../domain/control-state.ts';
import { type Hold, isActive } from '../../domain/hold.ts';
import { formatHold } from '../../domain/hold-text.ts';
import {
  formatInterventionRefusal,
  type Intervention,
  type InterventionRefusal,
  promoteByHand,
  type PromoteRequest,
  rollBack,
  type RollbackRequest,
} from '../../domain/intervention.ts';
import type { Slug, Version } from '../../domain/names.ts';
import type { TickView } from '../../domain/tick.ts';
import type { Failure } from '../failure.ts';
import { recorded } from './audit.ts';
import { type Board, readBoard } from './board.ts';
import { changeControl } from './control-store.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { perform, type StackTrouble } from './perform.ts';

/** Who asks, and why. */
export interface Asker {
  readonly who: string;
  readonly why: string;
}

/** What an intervention did. */
export interface InterventionReport {
  readonly promotions: Intervention['promotions'];
  readonly rejected: readonly Version[];
  readonly troubles: readonly StackTrouble[];
}

const refused = (refusal: InterventionRefusal): Failure => ({
  _tag: 'Refused',
  reason: refusal._tag,
  detail: formatInterventionRefusal(refusal),
});

const withRejections = (
  control: ControlState,
  rejected: readonly Version[],
  asker: Asker,
  now: TickView['now'],
): ControlState['rejections'] =>
  rejected.length === 0
    ? control.rejections
    : new Map([
        ...control.rejections,
        ...rejected.map((version) => [version, { by: asker.who, reason: asker.why, at: now }] as const),
      ]);

const intervene =
  (ports: LibrarianPorts) =>
  (
    what: string,
    asker: Asker,
    details: Readonly<Record<string, unknown>>,
    decideOn: (view: TickView) => E.Either<InterventionRefusal, Intervention>,
  ): TE.TaskEither<Failure, InterventionReport> => {
    interface Planned {
      readonly board: Board;
      readonly intervention: Intervention;
    }
    const planned = changeControl(ports)<Planned>((control) => async () => {
      const board = await readBoard(ports)(control)();
      if (E.isLeft(board)) return board;
      const { view } = board.right;
      const intervention = decideOn(view);
      if (E.isLeft(intervention)) return E.left(refused(intervention.left));
      const { memory, rejected } = intervention.right;
      const rejections = withRejections(control, rejected, asker, view.now);
      const unchanged = memory === control.memory && rejections === control.rejections;
      return E.right({
        control: unchanged ? control : { ...control, memory, rejections },
        result: { board: board.right, intervention: intervention.right },
      });
    });
    return recorded(ports)({ ...asker, what, details }, async () => {
      const plan = await planned();
      if (E.isLeft(plan)) return plan;
      const { board, intervention } = plan.right;
      const performed = await perform(ports)(intervention.promotions, board.records, { ...asker, what });
      return E.map((troubles: readonly StackTrouble[]): InterventionReport => ({
        promotions: intervention.promotions,
        rejected: intervention.rejected,
        troubles,
      }))(performed);
    });
  };

const promoteDetails = ({ version, environment, stack, splaySeconds }: PromoteRequest) => ({
  version,
  environment,
  stack: O.toNullable(stack),
  splaySeconds: O.toNullable(splaySeconds),
});

/** Promotes by hand. */
export const promote =
  (ports: LibrarianPorts) =>
  (asker: Asker, request: PromoteRequest): TE.TaskEither<Failure, InterventionReport> =>
    intervene(ports)('promote', asker, promoteDetails(request), (view) => promoteByHand(view, request));

/** Rolls back, and rejects the bad version (law T12). */
export const rollback =
  (ports: LibrarianPorts) =>
  (asker: Asker, request: RollbackRequest): TE.TaskEither<Failure, InterventionReport> =>
    intervene(ports)('rollback', asker, { ...request, to: O.toNullable(request.to) }, (view) =>
      rollBack(view, request),
    );

const changeRecorded =
  (ports: LibrarianPorts) =>
  (
    what: string,
    asker: Asker,
    details: Readonly<Record<string, unknown>>,
    change: (control: ControlState) => E.Either<Failure, ControlState>,
  ): TE.TaskEither<Failure, void> =>
    recorded(ports)(
      { ...asker, what, details },
      changeControl(ports)((control) =>
        TE.fromEither(E.map((changed: ControlState) => ({ control: changed, result: undefined }))(change(control))),
      ),
    );

/** Stops promotions in a scope (law T10). */
export const addHold =
  (ports: LibrarianPorts) =>
  (asker: Asker, hold: Hold): TE.TaskEither<Failure, void> =>
    changeRecorded(ports)('hold', asker, { id: hold.id, hold: formatHold(hold) }, (control) =>
      control.holds.some((other) => other.id === hold.id && isActive(other, ports.clock.now()))
        ? E.left({
            _tag: 'Refused',
            reason: 'HoldExists',
            detail: `hold ${hold.id} exists; lift it or choose another id`,
          })
        : E.right({ ...control, holds: [...control.holds.filter(({ id }) => id !== hold.id), hold] }),
    );

/** Lifts a hold. */
export const liftHold =
  (ports: LibrarianPorts) =>
  (asker: Asker, id: Slug): TE.TaskEither<Failure, void> =>
    changeRecorded(ports)('lift hold', asker, { id }, (control) =>
      control.holds.some((hold) => hold.id === id)
        ? E.right({ ...control, holds: control.holds.filter((hold) => hold.id !== id) })
        : E.left({ _tag: 'NotFound', detail: `hold ${id}: there is none` }),
    );

/** Rejects a version: it neither boards nor travels until it is approved (law T12). */
export const reject =
  (ports: LibrarianPorts) =>
  (asker: Asker, version: Version): TE.TaskEither<Failure, void> =>
    changeRecorded(ports)('reject', asker, { version }, (control) =>
      E.right({ ...control, rejections: withRejections(control, [version], asker, ports.clock.now()) }),
    );

/** Approves a version that was rejected. */
export const approve =
  (ports: LibrarianPorts) =>
  (asker: Asker, version: Version): TE.TaskEither<Failure, void> =>
    changeRecorded(ports)('approve', asker, { version }, (control) =>
      control.rejections.has(version)
        ? E.right({ ...control, rejections: new Map([...control.rejections].filter(([key]) => key !== version)) })
        : E.left({ _tag: 'NotFound', detail: `version ${version} is not rejected` }),
    );
