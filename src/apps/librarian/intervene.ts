/**
 * What people decide: promotions by hand, rollbacks, holds, rejections and approvals. Each is recorded before it is done,
 * and leaves a memory from which the next tick finishes what was interrupted.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type ControlState, HoldField } from '../../domain/control-state.ts';
import { type Hold, isActive } from '../../domain/hold.ts';
import { checkHoldScope, formatHold } from '../../domain/hold-text.ts';
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
import { type Notice, noticeText } from '../../domain/notification.ts';
import { withPromotion } from '../../domain/pins.ts';
import type { TickView } from '../../domain/tick.ts';
import { rememberRequest } from '../../domain/train-memory.ts';
import { badData, type Failure } from '../failure.ts';
import { recordedAs } from './audit.ts';
import { type Board, readBoard } from './board.ts';
import { changeControl } from './control-store.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { tellOf, tellOfPromotions } from './notices.ts';
import { perform, type StackTrouble } from './perform.ts';

/** Who asks, and why. */
export interface Asker {
  readonly who: string;
  readonly why: string;
  /** The tag of the control state that it was decided on, where somebody wants to be refused on any other. */
  readonly seen?: O.Option<string>;
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
  ...(refusal._tag === 'Held' && O.isSome(refusal.hold.expiresAt) ? { retryAt: refusal.hold.expiresAt.value } : {}),
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
    { who, why, seen }: Asker,
    details: Readonly<Record<string, unknown>>,
    decideOn: (view: TickView) => E.Either<InterventionRefusal, Intervention>,
    noticeOf: (intervention: Intervention) => O.Option<Notice> = () => O.none,
  ): TE.TaskEither<Failure, InterventionReport> => {
    interface Planned {
      readonly board: Board;
      readonly intervention: Intervention;
    }
    const planned = (request: string) =>
      changeControl(ports)<Planned>(
        (control) => async () => {
          const board = await readBoard(ports)(control)();
          if (E.isLeft(board)) return board;
          const { view } = board.right;
          const intervention = decideOn(view);
          if (E.isLeft(intervention)) return E.left(refused(intervention.left));
          const { promotions, rejected } = intervention.right;
          const environments = promotions.map(({ environment }) => environment);
          const memory =
            promotions.length === 0
              ? intervention.right.memory
              : rememberRequest(intervention.right.memory, environments, request);
          const rejections = withRejections(control, rejected, { who, why }, view.now);
          const unchanged = memory === control.memory && rejections === control.rejections;
          return E.right({
            control: unchanged ? control : { ...control, memory, rejections },
            result: { board: board.right, intervention: { ...intervention.right, memory } },
          });
        },
        seen,
      );
    return recordedAs(ports)({ who, why, what, details }, (request) => async () => {
      const plan = await planned(request)();
      if (E.isLeft(plan)) return plan;
      const { board, intervention } = plan.right;
      const { promotions, memory } = intervention;
      const notice = noticeOf(intervention);
      const [performed] = await Promise.all([
        perform(ports)(promotions, board.records, memory, { who, why, what }),
        O.isSome(notice) ? tellOf(ports, notice.value, request) : undefined,
      ]);
      if (E.isRight(performed)) await tellOfPromotions(ports, viewAfter(board.view, intervention, performed.right));
      return E.map((troubles: readonly StackTrouble[]): InterventionReport => ({
        promotions: intervention.promotions,
        rejected: intervention.rejected,
        troubles,
      }))(performed);
    });
  };

/** The view that is left when `promotions` were carried out but for `troubles`. */
const viewAfter = (
  view: TickView,
  { promotions, memory }: Intervention,
  troubles: readonly StackTrouble[],
): Pick<TickView, 'pins' | 'memory' | 'now'> => {
  const pins = promotions.reduce((before, { environment, version, stacks }) => {
    const failed = troubles.filter((trouble) => trouble.environment === environment).map(({ stack }) => stack);
    const moved = stacks.filter((stack) => !failed.includes(stack));
    return withPromotion(before, environment, moved, version);
  }, view.pins);
  return { pins, memory, now: view.now };
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
    intervene(ports)(
      'rollback',
      asker,
      { ...request, to: O.toNullable(request.to) },
      (view) => rollBack(view, request),
      ({ promotions, rejected }) =>
        O.some({
          type: 'promotion.rolled_back',
          data: {
            promotions: promotions.map(({ environment, version }) => ({ environment, version })),
            rejected,
            ...byPerson(asker),
          },
        }),
    );

const changeRecorded =
  (ports: LibrarianPorts) =>
  (
    what: string,
    { who, why, seen }: Asker,
    details: Readonly<Record<string, unknown>>,
    change: (control: ControlState) => E.Either<Failure, ControlState>,
    notice: Notice,
  ): TE.TaskEither<Failure, void> =>
    recordedAs(ports)({ who, why, what, details }, (request) => async () => {
      const changed = await changeControl(ports)<undefined>(
        (control) =>
          TE.fromEither(E.map((after: ControlState) => ({ control: after, result: undefined }))(change(control))),
        seen,
      )();
      if (E.isRight(changed)) await tellOf(ports, notice, request);
      return changed;
    });

const byPerson = ({ who, why }: Asker) => ({ by: who, reason: noticeText(why) });

const noticeOfHold = ({ id, scope, owner, reason, expiresAt }: Hold, { who }: Asker): Notice => ({
  type: 'hold.added',
  data: { hold: id, scope, owner, by: who, reason, until: expiresAt },
});

/** Stops promotions in a scope (law T10), which has to be one of the plan; answers the hold. */
export const addHold =
  (ports: LibrarianPorts) =>
  (asker: Asker, hold: Hold): TE.TaskEither<Failure, Hold> => {
    const scope = checkHoldScope(ports.plan, hold.scope);
    if (E.isLeft(scope)) return TE.left(badData(`scope: ${scope.left}`));
    const added = changeRecorded(ports)(
      'hold',
      asker,
      { ...HoldField.encode(hold), hold: formatHold(hold) },
      (control) =>
        control.holds.some((other) => other.id === hold.id && isActive(other, ports.clock.now()))
          ? E.left({
              _tag: 'Refused',
              reason: 'HoldExists',
              detail: `hold ${hold.id} exists; lift it or choose another id`,
            })
          : E.right({ ...control, holds: [...control.holds.filter(({ id }) => id !== hold.id), hold] }),
      noticeOfHold(hold, asker),
    );
    return TE.map(() => hold)(added);
  };

/** Lifts a hold. */
export const liftHold =
  (ports: LibrarianPorts) =>
  (asker: Asker, id: Slug): TE.TaskEither<Failure, void> =>
    changeRecorded(ports)(
      'lift hold',
      asker,
      { id },
      (control) =>
        control.holds.some((hold) => hold.id === id)
          ? E.right({ ...control, holds: control.holds.filter((hold) => hold.id !== id) })
          : E.left({ _tag: 'NotFound', detail: `hold ${id}: there is none` }),
      { type: 'hold.lifted', data: { hold: id, ...byPerson(asker) } },
    );

/** Rejects a version: it neither boards nor travels until it is approved (law T12). */
export const reject =
  (ports: LibrarianPorts) =>
  (asker: Asker, version: Version): TE.TaskEither<Failure, void> =>
    changeRecorded(ports)(
      'reject',
      asker,
      { version },
      (control) => E.right({ ...control, rejections: withRejections(control, [version], asker, ports.clock.now()) }),
      { type: 'version.rejected', data: { version, ...byPerson(asker) } },
    );

/** Approves a version that was rejected. */
export const approve =
  (ports: LibrarianPorts) =>
  (asker: Asker, version: Version): TE.TaskEither<Failure, void> =>
    changeRecorded(ports)(
      'approve',
      asker,
      { version },
      (control) =>
        control.rejections.has(version)
          ? E.right({ ...control, rejections: new Map([...control.rejections].filter(([key]) => key !== version)) })
          : E.left({ _tag: 'NotFound', detail: `version ${version} is not rejected` }),
      { type: 'version.approved', data: { version, ...byPerson(asker) } },
    );
