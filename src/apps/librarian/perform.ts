/**
 * Carrying out what was decided: each promotion in order, its stacks side by side, so that a stack that is down or slow
 * holds up nobody else (fault 63).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import { promotionId } from '../../domain/promotion-id.ts';
import type { TrainMemory } from '../../domain/train-memory.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import { type Failure, formatFailure, unavailable } from '../failure.ts';
import { logWith } from '../log.ts';
import { type AuditEntry, recordIntent, recordOutcome } from './audit.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { readControl } from './control-store.ts';
import { type AnyPromotion, type IsWanted, promoteOnStack } from './promote-on-stack.ts';

/** A promotion that one stack did not take. Every tick tries it again. */
export interface StackTrouble {
  readonly environment: EnvironmentName;
  readonly version: Version;
  readonly stack: StackName;
  readonly detail: string;
}

/**
 * The step that a promotion carries out on `stack`, while it is open. Without this fence a Librarian that was slow would pin
 * what somebody has rolled back meanwhile (law T12). A step to the same version for other stacks is another step: nobody
 * would finish on `stack` what was begun there (law L3).
 */
const isWantedBy =
  (ports: LibrarianPorts, { environment, version }: AnyPromotion, stack: StackName): IsWanted =>
  async () => {
    const stored = await readControl(ports)();
    if (E.isLeft(stored)) return E.left(formatFailure(stored.left));
    const { memory, rejections } = stored.right.control;
    const step = memory.steps.get(environment);
    return step?.version === version && step.stacks.includes(stack) && !rejections.has(version)
      ? E.right(step)
      : E.left(`the promotion of ${environment} to ${version} was overtaken`);
  };

const onStack = async (
  ports: LibrarianPorts,
  promotion: AnyPromotion,
  record: ArtifactRecord,
  stack: StackName,
): Promise<readonly StackTrouble[]> => {
  const { environment, version, reason } = promotion;
  const done = await promoteOnStack(ports)(promotion, record, stack, isWantedBy(ports, promotion, stack));
  ports.metrics?.promoted(stack, environment, E.isRight(done) ? 'done' : 'failed');
  if (E.isRight(done)) {
    ports.log('info', 'promoted', { stack, environment, version, reason });
    return [];
  }
  ports.log('error', 'promotion failed', { stack, environment, version, reason, detail: done.left });
  return [{ environment, version, stack, detail: done.left }];
};

/**
 * Carries out `promotions`, the audit record of each before its effect. Their steps are open in the memory that is given.
 *
 * @returns what went wrong, stack by stack; or the failure that kept any effect from happening.
 */
export const perform =
  (ports: LibrarianPorts) =>
  async (
    promotions: readonly AnyPromotion[],
    records: ReadonlyMap<Version, ArtifactRecord>,
    { steps }: TrainMemory,
    who: Pick<AuditEntry, 'who' | 'what' | 'why'>,
  ): Promise<E.Either<Failure, readonly StackTrouble[]>> => {
    const troubles: StackTrouble[] = [];
    for (const promotion of promotions) {
      const { environment, version, stacks, reason } = promotion;
      const record = records.get(version);
      if (record === undefined) return E.left(unavailable(`artifact ${version} is gone from the artifact store`));
      const step = steps.get(environment);
      const named = step === undefined ? {} : { promotion: promotionId(environment, step) };
      const logging = { ...ports, log: logWith(ports.log, named) };
      const details = { ...named, environment, version, stacks, reason };
      const intent = await recordIntent(ports)({ ...who, details })();
      if (E.isLeft(intent)) return intent;
      const failed = (await Promise.all(stacks.map((stack) => onStack(logging, promotion, record, stack)))).flat();
      troubles.push(...failed);
      const outcome = failed.length === 0 ? 'done' : `failed on ${failed.map(({ stack }) => stack).join(', ')}`;
      await recordOutcome(ports)(intent.right, outcome);
    }
    return E.right(troubles);
  };
