/**
 * The audit trail: who did what, why, when, and how it ended. The record is written before the effect; where it cannot
 * be, there is no effect (law L5, fault 69).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import { type EpochMs, formatInstant } from '../../domain/time.ts';
import { type Failure, formatFailure, unavailable } from '../failure.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** One thing that somebody, or the train, is about to do. */
export interface AuditEntry {
  /** A person's name, or `train`. */
  readonly who: string;
  /** The verb, such as `promote` or `rollback`. */
  readonly what: string;
  readonly why: string;
  /** What it is done to, such as the version and the environment. */
  readonly details: Readonly<Record<string, unknown>>;
}

type AuditPorts = Pick<LibrarianPorts, 'plan' | 'state' | 'clock'>;

const SAME_INSTANT_MAX = 1_000;

const keyAt = ({ plan }: AuditPorts, now: EpochMs, nth: number): string =>
  `audit/${plan.name}/${formatInstant(now).replaceAll(':', '.')}-${nth}.json`;

const create = async (ports: AuditPorts, document: object): Promise<E.Either<Failure, string>> => {
  const now = ports.clock.now();
  const body = `${JSON.stringify({ at: formatInstant(now), ...document })}\n`;
  for (let nth = 0; nth < SAME_INSTANT_MAX; nth++) {
    const key = keyAt(ports, now, nth);
    const written = await ports.state.write(key, body, undefined);
    if (written._tag === 'Landed') return E.right(key);
    if (written._tag === 'Unknown') {
      const reading = await ports.state.read(key);
      if (reading._tag === 'Found' && reading.body === body) return E.right(key);
      return E.left(unavailable(`audit trail: ${written.detail}; nothing was done`));
    }
  }
  return E.left(unavailable(`audit trail: more than ${SAME_INSTANT_MAX} records in one millisecond`));
};

/** Writes down what is about to be done; answers the record's key. */
export const recordIntent =
  (ports: AuditPorts) =>
  (entry: AuditEntry): TE.TaskEither<Failure, string> =>
  () =>
    create(ports, entry);

/** Writes down how what `key` announced has ended. The effect has happened, so a failure here is only logged. */
export const recordOutcome =
  (ports: AuditPorts & Pick<LibrarianPorts, 'log'>) =>
  async (key: string, outcome: string): Promise<void> => {
    const written = await create(ports, { of: key, outcome });
    if (E.isLeft(written)) ports.log('error', 'an outcome is missing from the audit trail', { key, outcome });
  };

/**
 * Does `work` between the record of what is about to be done and the record of how it ended: a failure in its own words,
 * anything else as `outcomeOf` puts it.
 */
export const recorded =
  (ports: AuditPorts & Pick<LibrarianPorts, 'log'>) =>
  <A>(
    entry: AuditEntry,
    work: TE.TaskEither<Failure, A>,
    outcomeOf: (a: A) => string = () => 'done',
  ): TE.TaskEither<Failure, A> =>
  async () => {
    const intent = await recordIntent(ports)(entry)();
    if (E.isLeft(intent)) return intent;
    const done = await work();
    await recordOutcome(ports)(intent.right, E.isRight(done) ? outcomeOf(done.right) : formatFailure(done.left));
    return done;
  };
