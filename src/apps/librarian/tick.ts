/**
 * One tick of the release train: what a CronJob runs, the API offers and the service repeats. However often and from
 * wherever it runs, a departure acts once (law T7).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import type { Outcome } from '../../domain/outcome.ts';
import type { Stage } from '../../domain/release-plan.ts';
import { decide, decideByHand, decideStage } from '../../domain/tick.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Failure } from '../failure.ts';
import { type Board, readBoard, reread } from './board.ts';
import { readControl, type VersionedControl, writeControl } from './control-store.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { perform, type StackTrouble } from './perform.ts';

/** What a tick did. */
export interface TickReport {
  readonly at: EpochMs;
  /** One for each environment of the plan, in its order (law T9). */
  readonly outcomes: readonly Outcome[];
  readonly troubles: readonly StackTrouble[];
}

/** The state of a tick between two stages. */
interface Progress {
  readonly stored: VersionedControl;
  readonly board: Board;
}

interface StageReport {
  readonly progress: Progress;
  readonly outcomes: readonly Outcome[];
  readonly troubles: readonly StackTrouble[];
}

/** A promotion that some stack did not take is no promotion yet: the environment waits for that stack. */
const corrected = (outcome: Outcome, troubles: readonly StackTrouble[]): Outcome => {
  const stacks = troubles.filter(({ environment }) => environment === outcome.environment).map(({ stack }) => stack);
  if (outcome._tag !== 'Promoted' || stacks.length === 0) return outcome;
  const { environment } = outcome;
  return {
    _tag: 'Waiting',
    environment,
    reason: { _tag: 'StepIncomplete', environment, stacks },
    retryAt: { _tag: 'None' },
  };
};

type StageTick = E.Either<
  Failure,
  { readonly _tag: 'Done'; readonly report: StageReport } | { readonly _tag: 'Conflict' }
>;

/** Decides a stage, stores the memory, carries out the promotions, and reads back what they left. */
const tickStage = async (ports: LibrarianPorts, { stored, board }: Progress, stage: Stage): Promise<StageTick> => {
  const decision = decideStage(board.view, stage);
  let current = stored;
  if (decision.memory !== stored.control.memory) {
    const written = await writeControl(ports)(stored, { ...stored.control, memory: decision.memory })();
    if (E.isLeft(written)) return written;
    if (written.right._tag === 'Conflict') return E.right({ _tag: 'Conflict' });
    current = written.right.stored;
  }
  const performed = await perform(ports)(decision.promotions, board.records, {
    who: 'train',
    what: 'promote',
    why: `stage ${stage.name}`,
  });
  if (E.isLeft(performed)) return performed;
  const moved = decision.promotions.map(({ environment }) => environment);
  return E.right({
    _tag: 'Done',
    report: {
      progress: { stored: current, board: await reread(ports, current.control, board, moved) },
      outcomes: decision.outcomes.map((outcome) => corrected(outcome, performed.right)),
      troubles: performed.right,
    },
  });
};

/** So many ticks in a row lose to another Librarian only when there is no end of Librarians. */
const RACES_MAX = 20;

const attempt = async (ports: LibrarianPorts): Promise<E.Either<Failure, TickReport | undefined>> => {
  const stored = await readControl(ports)();
  if (E.isLeft(stored)) return stored;
  const board = await readBoard(ports)(stored.right.control)();
  if (E.isLeft(board)) return board;
  let progress: Progress = { stored: stored.right, board: board.right };
  const outcomes: Outcome[] = [];
  const troubles: StackTrouble[] = [];
  for (const stage of ports.plan.stages) {
    const ticked = await tickStage(ports, progress, stage);
    if (E.isLeft(ticked)) return ticked;
    if (ticked.right._tag === 'Conflict') return E.right(undefined);
    const { report } = ticked.right;
    progress = report.progress;
    outcomes.push(...report.outcomes);
    troubles.push(...report.troubles);
  }
  return E.right({
    at: board.right.view.now,
    outcomes: [...outcomes, ...decideByHand(board.right.view)],
    troubles,
  });
};

/** Ticks once. A tick that another Librarian overtook is begun again on what that one left (law L4). */
export const tick =
  (ports: LibrarianPorts): TE.TaskEither<Failure, TickReport> =>
  async () => {
    for (let race = 0; race < RACES_MAX; race++) {
      const done = await attempt(ports);
      if (E.isLeft(done)) return done;
      if (done.right !== undefined) return E.right(done.right);
    }
    return E.left({ _tag: 'TryAgain', detail: `other Librarians overtook this tick ${RACES_MAX} times` });
  };

/** What a tick would do now if every promotion succeeded. Changes nothing. */
export const dryRun =
  (ports: LibrarianPorts): TE.TaskEither<Failure, TickReport> =>
  async () => {
    const stored = await readControl(ports)();
    if (E.isLeft(stored)) return stored;
    const board = await readBoard(ports)(stored.right.control)();
    if (E.isLeft(board)) return board;
    return E.right({ at: board.right.view.now, outcomes: decide(board.right.view).outcomes, troubles: [] });
  };
