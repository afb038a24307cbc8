/**
 * One tick of the release train: what a CronJob runs, the API offers and the service repeats. However often and from
 * wherever it runs, a departure acts once (law T7).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Outcome } from '../../domain/outcome.ts';
import type { ReleasePlan } from '../../domain/release-plan.ts';
import { decide, decideStage, resumeByHand, type TickDecision, type TickView } from '../../domain/tick.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { TrainMemory } from '../../domain/train-memory.ts';
import type { Failure } from '../failure.ts';
import { settle } from './audit.ts';
import { type CurrentBoard, currentBoard, reread } from './board.ts';
import { writeControl } from './control-store.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import type { TickResult } from './metrics.ts';
import { tellOfPromotions } from './notices.ts';
import { perform, type StackTrouble } from './perform.ts';

/** What a tick did. */
export interface TickReport {
  readonly at: EpochMs;
  /** One for each environment of the plan, in its order (law T9). */
  readonly outcomes: readonly Outcome[];
  readonly troubles: readonly StackTrouble[];
}

interface PartReport {
  readonly progress: CurrentBoard;
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
    retryAt: O.none,
  };
};

/** One part of a tick: a stage of the plan, or what people began and a tick finishes. */
interface Part {
  readonly name: string;
  readonly decide: (view: TickView) => TickDecision;
}

/** What decides: the domain's decisions, or what a test puts in their place. */
export interface Deciders {
  /** What a stage does at a tick. */
  readonly decideStage: typeof decideStage;
  /** What becomes of what people began. */
  readonly resumeByHand: typeof resumeByHand;
}

/** The decisions of the domain. */
export const SHIPPED_DECIDERS: Deciders = { decideStage, resumeByHand };

const partsOf = (plan: ReleasePlan, deciders: Deciders): readonly Part[] => [
  ...plan.stages.map((stage) => ({
    name: `stage ${stage.name}`,
    decide: (view: TickView) => deciders.decideStage(view, stage),
  })),
  { name: 'by hand', decide: deciders.resumeByHand },
];

const closesAny = (before: TrainMemory, after: TrainMemory): boolean =>
  [...before.steps].some(([environment, step]) => after.steps.get(environment) !== step);

/** Decides a part, stores the memory, carries out the promotions, and reads back what they left; none: a conflict. */
const tickPart = async (
  ports: LibrarianPorts,
  { stored, board }: CurrentBoard,
  part: Part,
): Promise<E.Either<Failure, O.Option<PartReport>>> => {
  const decision = part.decide(board.view);
  let current = stored;
  if (decision.memory !== stored.control.memory) {
    const settled = closesAny(stored.control.memory, decision.memory)
      ? await settle(ports)(stored.control, decision.memory, board.view.pins)
      : E.right(stored.control.settledTo);
    if (E.isLeft(settled)) return settled;
    const control = { ...stored.control, memory: decision.memory, settledTo: settled.right };
    const written = await writeControl(ports)(stored, control)();
    if (E.isLeft(written)) return written;
    if (written.right._tag === 'Conflict') return E.right(O.none);
    current = written.right.stored;
  }
  const who = { who: 'train', what: 'promote', why: part.name };
  const performed = await perform(ports)(decision.promotions, board.records, decision.memory, who);
  if (E.isLeft(performed)) return performed;
  const moved = decision.promotions.map(({ environment }) => environment);
  return E.right(
    O.some({
      progress: { stored: current, board: await reread(ports, current.control, board, moved) },
      outcomes: decision.outcomes.map((outcome) => corrected(outcome, performed.right)),
      troubles: performed.right,
    }),
  );
};

/** So many ticks in a row lose to another Librarian only when there is no end of Librarians. */
const RACES_MAX = 20;

const attempt = async (ports: LibrarianPorts, deciders: Deciders): Promise<E.Either<Failure, O.Option<TickReport>>> => {
  const begun = await currentBoard(ports)();
  if (E.isLeft(begun)) return begun;
  let progress = begun.right;
  await tellOfPromotions(ports, progress.board.view);
  const outcomes: Outcome[] = [];
  const troubles: StackTrouble[] = [];
  for (const part of partsOf(ports.plan, deciders)) {
    const ticked = await tickPart(ports, progress, part);
    if (E.isLeft(ticked)) return ticked;
    if (O.isNone(ticked.right)) return E.right(O.none);
    progress = ticked.right.value.progress;
    outcomes.push(...ticked.right.value.outcomes);
    troubles.push(...ticked.right.value.troubles);
  }
  const { stored, board } = progress;
  await tellOfPromotions(ports, board.view);
  ports.metrics?.observed({ ...board, outcomes, rejected: stored.control.rejections.size });
  return E.right(O.some({ at: begun.right.board.view.now, outcomes, troubles }));
};

/** Measures `work`, however it ends. */
const timed =
  ({ clock, metrics }: LibrarianPorts, work: TE.TaskEither<Failure, TickReport>): TE.TaskEither<Failure, TickReport> =>
  async () => {
    const begun = clock.elapsedMs();
    let result: TickResult = 'Defect';
    try {
      const done = await work();
      result = E.isRight(done) ? 'Done' : done.left._tag;
      return done;
    } finally {
      metrics?.ticked(result, clock.elapsedMs() - begun);
    }
  };

/** Ticks once, as `deciders` decide. A tick that another Librarian overtook is begun again on what that one left (law L4). */
export const tickWith =
  (deciders: Deciders) =>
  (ports: LibrarianPorts): TE.TaskEither<Failure, TickReport> =>
    timed(ports, async () => {
      for (let race = 0; race < RACES_MAX; race++) {
        const done = await attempt(ports, deciders);
        if (E.isLeft(done)) return done;
        if (O.isSome(done.right)) return E.right(done.right.value);
      }
      return E.left({ _tag: 'TryAgain', detail: `other Librarians overtook this tick ${RACES_MAX} times` });
    });

/** Ticks once. */
export const tick = tickWith(SHIPPED_DECIDERS);

/** What a tick would do now if every promotion succeeded. Changes nothing. */
export const dryRun = (ports: LibrarianPorts): TE.TaskEither<Failure, TickReport> =>
  TE.map(({ board: { view } }: CurrentBoard): TickReport => ({
    at: view.now,
    outcomes: decide(view).outcomes,
    troubles: [],
  }))(currentBoard(ports));
