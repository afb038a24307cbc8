/**
 * The records of the audit trail: who was about to do what, why and when, and how it ended (law L5).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { decodeJsonWith, type FieldError } from './decoding.ts';
import { InstantField } from './json-fields.ts';
import { type EpochMs, formatInstant } from './time.ts';

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

/** One record. */
export type AuditRecord =
  /** Written before the effect; with an outcome at once where there is to be none. */
  | (AuditEntry & { readonly _tag: 'Intent'; readonly at: EpochMs; readonly outcome: O.Option<string> })
  /** How what another record announced has ended. */
  | { readonly _tag: 'Outcome'; readonly at: EpochMs; readonly of: string; readonly outcome: string };

/** {@link AuditRecord} as a document has it. */
export interface AuditRecordJson {
  readonly at: string;
  readonly who?: string;
  readonly what?: string;
  readonly why?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly of?: string;
  readonly outcome?: string;
}

const IntentJson = t.intersection([
  t.type({
    at: InstantField,
    who: t.string,
    what: t.string,
    why: t.string,
    details: t.readonly(t.record(t.string, t.unknown)),
  }),
  t.partial({ outcome: t.string }),
]);
const OutcomeJson = t.type({ at: InstantField, of: t.string, outcome: t.string });
const RecordJson = t.union([OutcomeJson, IntentJson], 'an audit record');

const recordOfJson = (json: t.TypeOf<typeof RecordJson>): AuditRecord => {
  if ('of' in json) return { _tag: 'Outcome', at: json.at, of: json.of, outcome: json.outcome };
  const { at, who, what, why, details, outcome } = json;
  return { _tag: 'Intent', at, who, what, why, details, outcome: O.fromNullable(outcome) };
};

/** An {@link AuditRecord} as a document has it. */
export const auditRecordJson = (record: AuditRecord): AuditRecordJson => {
  const at = formatInstant(record.at);
  if (record._tag === 'Outcome') return { at, of: record.of, outcome: record.outcome };
  const { who, what, why, details, outcome } = record;
  return { at, who, what, why, details, ...(O.isSome(outcome) ? { outcome: outcome.value } : {}) };
};

/** Reads and writes an {@link AuditRecord}. */
export const AuditRecordField: t.Type<AuditRecord, AuditRecordJson> = new t.Type<AuditRecord, AuditRecordJson>(
  'audit record',
  (u): u is AuditRecord => typeof u === 'object' && u !== null && '_tag' in u && 'at' in u,
  (u, context) => E.map(recordOfJson)(RecordJson.validate(u, context)),
  auditRecordJson,
);

/** Reads a record from its text. */
export const decodeAuditRecord: (text: string) => E.Either<readonly FieldError[], AuditRecord> =
  decodeJsonWith(AuditRecordField);
