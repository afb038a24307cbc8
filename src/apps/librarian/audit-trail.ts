/**
 * The audit trail as it is kept: records with consecutive numbers, each a document that is made once and never changed.
 * Whoever writes takes the first number that nobody has; so the trail has one order and no gap, whoever dies when, and can
 * be read from a store that lists nothing.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { type AuditRecord, auditRecordJson, decodeAuditRecord } from '../../domain/audit-record.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { type Failure, unavailable } from '../failure.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** What the trail is kept in. */
export type TrailPorts = Pick<LibrarianPorts, 'plan' | 'state'>;

/** A record under its key. */
export interface KeptRecord {
  readonly key: string;
  /** None: it cannot be read; somebody has laid hands on it. */
  readonly record: O.Option<AuditRecord>;
}

/** So many digits keep the keys in order wherever they are listed by name. */
const DIGITS = 12;

/** So many writers in a row were faster only when something is wrong with the store. */
const RACES_MAX = 1_000;

const keyOf = ({ plan }: TrailPorts, number: number): string =>
  `audit/${plan.name}/${String(number).padStart(DIGITS, '0')}.json`;

const numberOf = (key: string): number => Number(/(\d+)\.json$/.exec(key)?.[1] ?? '0');

/** The last number that was seen used, by store and plan: a trail only grows, so that looking may begin there. */
const seen = new WeakMap<StateStore, Map<string, number>>();

const lastSeen = ({ plan, state }: TrailPorts): number => seen.get(state)?.get(plan.name) ?? 0;

const noteSeen = (ports: TrailPorts, number: number): void => {
  const { plan, state } = ports;
  const numbers = seen.get(state) ?? new Map<string, number>();
  seen.set(state, numbers.set(plan.name, Math.max(lastSeen(ports), number)));
};

/** The record of a number: none where nobody has used it. */
export const readAt = async (ports: TrailPorts, number: number): Promise<E.Either<Failure, O.Option<KeptRecord>>> => {
  const key = keyOf(ports, number);
  const reading = await ports.state.read(key);
  switch (reading._tag) {
    case 'Missing':
      return E.right(O.none);
    case 'Unavailable':
      return E.left(unavailable(`audit trail: ${reading.detail}`));
    case 'Refused':
      noteSeen(ports, number);
      return E.right(O.some({ key, record: O.none }));
    case 'Found':
      noteSeen(ports, number);
      return E.right(O.some({ key, record: O.fromEither(decodeAuditRecord(reading.body)) }));
  }
};

/** The last number that is used; 0: none. Looks as often as the logarithm of what came since it last looked. */
export const lastNumber = async (ports: TrailPorts): Promise<E.Either<Failure, number>> => {
  let used = lastSeen(ports);
  let free: number | undefined;
  for (let stride = 1; free === undefined || free - used > 1;) {
    const number = free === undefined ? used + stride : Math.floor((used + free) / 2);
    const found = await readAt(ports, number);
    if (E.isLeft(found)) return found;
    if (O.isNone(found.right)) free = number;
    else {
      used = number;
      if (free === undefined) stride *= 2;
    }
  }
  return E.right(used);
};

/** No two writes are the same text: whoever reads back a write whose answer was lost must not take another's for its own. */
const bodyOf = (record: AuditRecord): string =>
  `${JSON.stringify({ ...auditRecordJson(record), write_id: randomUUID() })}\n`;

type Creation = 'Created' | 'Taken';

const createAt = async (ports: TrailPorts, number: number, body: string): Promise<E.Either<Failure, Creation>> => {
  const key = keyOf(ports, number);
  const written = await ports.state.write(key, body, undefined);
  if (written._tag === 'Conflict') return E.right('Taken');
  if (written._tag === 'Unknown') {
    const reading = await ports.state.read(key);
    if (reading._tag === 'Missing' || reading._tag === 'Unavailable') {
      return E.left(unavailable(`audit trail: ${written.detail}; nothing was done`));
    }
    if (reading._tag === 'Refused' || reading.body !== body) return E.right('Taken');
  }
  noteSeen(ports, number);
  return E.right('Created');
};

const crowded = unavailable(`audit trail: other Librarians were faster ${RACES_MAX} times; nothing was done`);

/** Adds a record; answers its key. */
export const append = async (ports: TrailPorts, record: AuditRecord): Promise<E.Either<Failure, string>> => {
  const body = bodyOf(record);
  for (let race = 0; race < RACES_MAX; race++) {
    const number = lastSeen(ports) + 1;
    const created = await createAt(ports, number, body);
    if (E.isLeft(created)) return created;
    if (created.right === 'Created') return E.right(keyOf(ports, number));
    const last = await lastNumber(ports);
    if (E.isLeft(last)) return last;
  }
  return E.left(crowded);
};

/** Adds how the record under `of` has ended, unless the trail has it already: one record has one outcome. */
export const appendOutcome = async (
  ports: TrailPorts,
  outcome: Extract<AuditRecord, { readonly _tag: 'Outcome' }>,
): Promise<E.Either<Failure, void>> => {
  const body = bodyOf(outcome);
  let number = numberOf(outcome.of) + 1;
  for (let race = 0; race < RACES_MAX;) {
    const found = await readAt(ports, number);
    if (E.isLeft(found)) return found;
    if (O.isSome(found.right)) {
      const { record } = found.right.value;
      if (O.isSome(record) && record.value._tag === 'Outcome' && record.value.of === outcome.of)
        return E.right(undefined);
      number++;
      continue;
    }
    const created = await createAt(ports, number, body);
    if (E.isLeft(created)) return created;
    if (created.right === 'Created') return E.right(undefined);
    race++;
  }
  return E.left(crowded);
};

/** Reads the records behind the one of this number, to the end of the trail. */
export const readAfter = async (
  ports: TrailPorts,
  number: number,
): Promise<E.Either<Failure, readonly KeptRecord[]>> => {
  const records: KeptRecord[] = [];
  for (;;) {
    const found = await readAt(ports, number + records.length + 1);
    if (E.isLeft(found)) return found;
    if (O.isNone(found.right)) return E.right(records);
    records.push(found.right.value);
  }
};
