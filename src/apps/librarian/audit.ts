/**
 * The audit trail: who did what, why, when, and how it ended. The record is written before the effect; where it cannot
 * be, there is no effect (law L5, fault 69).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import type { AuditEntry } from '../../domain/audit-record.ts';
import type { ControlState } from '../../domain/control-state.ts';
import { isStepComplete, type Pins } from '../../domain/pins.ts';
import { promotionId } from '../../domain/promotion-id.ts';
import type { TrainMemory } from '../../domain/train-memory.ts';
import { type Failure, formatFailure } from '../failure.ts';
import { append, appendOutcome, readAfter, type TrailPorts } from './audit-trail.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

export type { AuditEntry } from '../../domain/audit-record.ts';

type AuditPorts = TrailPorts & Pick<LibrarianPorts, 'clock'>;

/** Writes down what is about to be done; answers the record's key. */
export const recordIntent =
  (ports: AuditPorts) =>
  (entry: AuditEntry): TE.TaskEither<Failure, string> =>
  () =>
    append(ports, { _tag: 'Intent', at: ports.clock.now(), ...entry, outcome: O.none });

/** Writes down how what `key` announced has ended. The effect has happened, so a failure here is only logged. */
export const recordOutcome =
  (ports: AuditPorts & Pick<LibrarianPorts, 'log'>) =>
  async (key: string, outcome: string): Promise<void> => {
    const written = await appendOutcome(ports, { _tag: 'Outcome', at: ports.clock.now(), of: key, outcome });
    if (E.isLeft(written)) ports.log('error', 'an outcome is missing from the audit trail', { key, outcome });
  };

/** Writes down what somebody was not permitted to do. Nothing came of it, so a failure here is only logged. */
export const recordRefusal =
  (ports: AuditPorts & Pick<LibrarianPorts, 'log'>) =>
  async (entry: AuditEntry, outcome: string): Promise<void> => {
    const record = { _tag: 'Intent', at: ports.clock.now(), ...entry, outcome: O.some(outcome) } as const;
    const written = await append(ports, record);
    if (E.isLeft(written)) ports.log('error', 'a refusal is missing from the audit trail', { ...entry, outcome });
  };

/**
 * Does `work` between the record of what is about to be done and the record of how it ended: a failure in its own words,
 * anything else as `outcomeOf` puts it.
 *
 * @param work - is given the key of the first record.
 */
export const recordedAs =
  (ports: AuditPorts & Pick<LibrarianPorts, 'log'>) =>
  <A>(
    entry: AuditEntry,
    work: (key: string) => TE.TaskEither<Failure, A>,
    outcomeOf: (a: A) => string = () => 'done',
  ): TE.TaskEither<Failure, A> =>
  async () => {
    const intent = await recordIntent(ports)(entry)();
    if (E.isLeft(intent)) return intent;
    const done = await work(intent.right)();
    await recordOutcome(ports)(intent.right, E.isRight(done) ? outcomeOf(done.right) : formatFailure(done.left));
    return done;
  };

/** {@link recordedAs} for work that needs no key. */
export const recorded =
  (ports: AuditPorts & Pick<LibrarianPorts, 'log'>) =>
  <A>(entry: AuditEntry, work: TE.TaskEither<Failure, A>, outcomeOf?: (a: A) => string): TE.TaskEither<Failure, A> =>
    recordedAs(ports)(entry, () => work, outcomeOf);

/** The steps that are open, as the trail names them. */
const promotionsOf = ({ steps }: TrainMemory): ReadonlySet<string> =>
  new Set([...steps].map(([environment, step]) => promotionId(environment, step)));

/** The requests that the open steps come of. */
const requestsOf = ({ steps }: TrainMemory): ReadonlySet<string> =>
  new Set([...steps.values()].flatMap(({ requests }) => requests));

const found = (what: 'done' | 'overtaken' | 'ended'): string => `${what}, as a later tick found`;

/**
 * Completes the trail where a Librarian did not live to: promotions that it announced and that are open no more in
 * `after`, and the requests that the steps came of which are closed. Done before `control` is replaced by what forgets
 * those steps, so that whoever dies meanwhile leaves it to the next.
 *
 * @returns up to which record the promotions have their outcome.
 */
export const settle =
  (ports: AuditPorts) =>
  async ({ memory, settledTo }: ControlState, after: TrainMemory, pins: Pins): Promise<E.Either<Failure, number>> => {
    const kept = await readAfter(ports, settledTo);
    if (E.isLeft(kept)) return kept;
    const told = new Set(
      kept.right.flatMap(({ record }) =>
        O.isSome(record) && record.value._tag === 'Outcome' ? [record.value.of] : [],
      ),
    );
    const complete = new Set(
      [...memory.steps]
        .filter(([environment, step]) => isStepComplete(pins, environment, step))
        .map(([environment, step]) => promotionId(environment, step)),
    );
    const [before, open] = [promotionsOf(memory), promotionsOf(after)];
    const ended: { readonly key: string; readonly outcome: string }[] = [];
    let settled = settledTo + kept.right.length;
    for (const [i, { key, record }] of kept.right.entries()) {
      if (O.isNone(record) || record.value._tag === 'Outcome' || told.has(key)) continue;
      const promotion = record.value.details['promotion'];
      if (typeof promotion !== 'string') continue;
      if (open.has(promotion)) settled = Math.min(settled, settledTo + i);
      else if (complete.has(promotion)) ended.push({ key, outcome: found('done') });
      else ended.push({ key, outcome: found(before.has(promotion) ? 'overtaken' : 'ended') });
    }
    const awaited = requestsOf(after);
    for (const { requests } of memory.steps.values()) {
      for (const key of requests) if (!awaited.has(key)) ended.push({ key, outcome: found('ended') });
    }
    const at = ports.clock.now();
    for (const { key, outcome } of ended) {
      const written = await appendOutcome(ports, { _tag: 'Outcome', at, of: key, outcome });
      if (E.isLeft(written)) return written;
    }
    return E.right(settled);
  };
