/**
 * The exported state: all that a Librarian knows of one plan at one instant, in one document that others can read. It
 * holds no secret; a simulation can start from it.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { type AuditRecord, AuditRecordField } from './audit-record.ts';
import { type ControlState, ControlStateField } from './control-state.ts';
import { boundedInteger, boundedText } from './decoding.ts';
import { InstantField, mapField, optionField, presentField, TimestampField } from './json-fields.ts';
import { EnvironmentName, StackName, Version } from './names.ts';
import type { Pins } from './pins.ts';
import { ReleasePlan } from './release-plan.ts';
import type { EpochMs, Timestamp } from './time.ts';

/** What the nodes of one place were told last. */
export interface ExportedSignal {
  readonly version: Version;
  readonly timestamp: Timestamp;
}

/** One artifact. */
export interface ExportedArtifact {
  readonly version: Version;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly addedAt: EpochMs;
  /** The stacks that say they hold all of it. */
  readonly completeOn: readonly StackName[];
  /** The stacks that did not answer. */
  readonly unknownOn: readonly StackName[];
}

/** One record of the audit trail, under the key that others name it by. */
export interface ExportedRecord {
  readonly key: string;
  readonly record: AuditRecord;
}

/** What a simulation starts from. */
export interface StartingState {
  readonly control: ControlState;
  /** As the stacks say; one that did not answer is absent. */
  readonly pins: Pins;
  /** Environment → stack → signal; a place without one that can be read is absent. */
  readonly signals: ReadonlyMap<EnvironmentName, ReadonlyMap<StackName, ExportedSignal>>;
  readonly artifacts: readonly ExportedArtifact[];
}

/** All that a Librarian knows of a plan at an instant. */
export interface ExportedState extends StartingState {
  readonly at: EpochMs;
  readonly plan: ReleasePlan;
  /** Oldest first. */
  readonly audit: readonly ExportedRecord[];
}

/** The version of the document's form. */
export const EXPORTED_STATE_SCHEMA = 1;

const SignalJson: t.Type<ExportedSignal, object> = t.type({ version: Version, timestamp: TimestampField }, 'a signal');

const ArtifactJson: t.Type<ExportedArtifact, object> = t.type(
  {
    version: Version,
    sha256: boundedText('checksum', 64),
    sizeBytes: boundedInteger('size in bytes', 0, Number.MAX_SAFE_INTEGER),
    addedAt: InstantField,
    completeOn: t.readonlyArray(StackName, 'a list of stacks'),
    unknownOn: t.readonlyArray(StackName, 'a list of stacks'),
  },
  'an artifact',
);

const RecordJson: t.Type<ExportedRecord, object> = t.type(
  { key: boundedText('key', 512), record: AuditRecordField },
  'a record of the audit trail',
);

const starting = {
  control: ControlStateField,
  pins: presentField(mapField(EnvironmentName, mapField(StackName, optionField(Version)))),
  signals: presentField(mapField(EnvironmentName, mapField(StackName, SignalJson))),
  artifacts: t.readonlyArray(ArtifactJson, 'a list of artifacts'),
};

/** Reads and writes a {@link StartingState}: the `start` of a scenario. */
export const StartingStateField: t.Type<StartingState, object> = t.type(starting, 'a state to start from');

const Document = t.type(
  {
    schema: t.literal(EXPORTED_STATE_SCHEMA),
    at: InstantField,
    plan: ReleasePlan,
    ...starting,
    audit: t.readonlyArray(RecordJson, 'the audit trail'),
  },
  'an exported state',
);

/** Reads and writes an {@link ExportedState}. */
export const ExportedStateDocument: t.Type<ExportedState, object> = new t.Type<ExportedState, object>(
  'an exported state',
  (u): u is ExportedState => typeof u === 'object' && u !== null && 'audit' in u && 'control' in u,
  (u, context) =>
    E.map(({ schema: _, ...state }: t.TypeOf<typeof Document>): ExportedState => state)(Document.validate(u, context)),
  (state) => Document.encode({ schema: EXPORTED_STATE_SCHEMA, ...state }),
);

/**
 * What `stack` is pinned to in `environment`, or was when its nodes were told last, where it did not answer; none: nothing, as
 * far as anybody knows.
 */
export const exportedPin = (
  { pins, signals }: StartingState,
  environment: EnvironmentName,
  stack: StackName,
): O.Option<Version> =>
  pins.get(environment)?.get(stack) ?? O.fromNullable(signals.get(environment)?.get(stack)?.version);
