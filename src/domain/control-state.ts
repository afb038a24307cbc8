/**
 * The control state: all that the Librarians of one plan share and must agree on. One document, written by
 * compare-and-swap (law L4); what the stacks are pinned to is not in it, because the stacks say that themselves.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedInteger, boundedText, refinedText, decodeJsonWith, type FieldError } from './decoding.ts';
import type { Hold, HoldScope } from './hold.ts';
import { defaultedField, InstantField, listField, mapField, optionField, presentField } from './json-fields.ts';
import { EnvironmentName, Slug, StackName, Version } from './names.ts';
import { SPLAY_SECONDS_MAX } from './signal.ts';
import { type EpochMs, epochMs } from './time.ts';
import { EMPTY_MEMORY, type Step, type TrainMemory } from './train-memory.ts';

/** Somebody rejected a version (law T12). */
export interface Rejection {
  readonly by: string;
  readonly reason: string;
  readonly at: EpochMs;
}

/** What the Librarians share. */
export interface ControlState {
  readonly memory: TrainMemory;
  readonly holds: readonly Hold[];
  readonly rejections: ReadonlyMap<Version, Rejection>;
  /** Of the promotions that the audit trail announces up to the record of this number, it tells the outcome. */
  readonly settledTo: number;
}

/** The control state of a plan that nobody has used. */
export const EMPTY_CONTROL_STATE: ControlState = {
  memory: EMPTY_MEMORY,
  holds: [],
  rejections: new Map(),
  settledTo: 0,
};

/** The version of the document's form. */
export const CONTROL_STATE_SCHEMA = 1;

/** Who did something, or who is to be asked: at most 256 characters without control characters. */
export const Person: t.Type<string> = boundedText('person', 256);
/** Why somebody did something: at most 1024 characters without control characters. */
export const Reason: t.Type<string> = refinedText<string>(
  'reason',
  'text of 1 to 1024 characters without control characters',
  (text) => text.trim() !== '' && boundedText('reason', 1024).is(text),
);

/** What a hold stops, as the control state and every report have it. */
export const HoldScopeField: t.Type<HoldScope, object> = t.union(
  [
    t.type({ _tag: t.literal('plan') }),
    t.type({ _tag: t.literal('stage'), stage: Slug }),
    t.type({ _tag: t.literal('environment'), environment: EnvironmentName }),
    t.type({ _tag: t.literal('stack'), stack: StackName }),
  ],
  'a scope: plan, stage, environment or stack',
);

/** A hold as the control state and the audit trail have it. */
export const HoldField: t.Type<Hold, object> = t.type(
  { id: Slug, scope: HoldScopeField, reason: Reason, owner: Person, expiresAt: optionField(InstantField) },
  'hold',
);

/** When a step was decided that does not say it, as older ones do not: earlier than any signal. */
const LONG_AGO = epochMs(0);

/** A {@link Step} as the control state has it. */
export const StepField: t.Type<Step, object> = t.type(
  {
    version: Version,
    from: presentField(mapField(StackName, optionField(Version))),
    stacks: t.readonlyArray(StackName, 'a list of stacks'),
    overtaken: t.readonlyArray(Version, 'a list of versions'),
    splaySeconds: boundedInteger('splay in seconds', 0, SPLAY_SECONDS_MAX),
    openedAt: defaultedField(InstantField, LONG_AGO),
    requests: listField(boundedText('audit record', 256)),
  },
  'step',
);

const RejectionJson = t.type({ by: Person, reason: Reason, at: InstantField }, 'rejection');

/** Every field that ever stood in all documents does: one without its holds is a damaged one, not one without holds. */
const Document = t.type(
  {
    schema: t.literal(CONTROL_STATE_SCHEMA),
    departed: presentField(mapField(Slug, InstantField)),
    steps: presentField(mapField(EnvironmentName, StepField)),
    joined: t.readonlyArray(EnvironmentName, 'a list of environments'),
    history: presentField(mapField(EnvironmentName, t.readonlyArray(Version, 'a list of versions'))),
    holds: t.readonlyArray(HoldField, 'a list of holds'),
    rejections: presentField(mapField(Version, RejectionJson)),
    settledTo: defaultedField(boundedInteger('number of a record', 0, Number.MAX_SAFE_INTEGER), 0),
  },
  'control state',
);

/** Reads and writes a {@link ControlState} as a part of other documents. */
export const ControlStateField: t.Type<ControlState, object> = new t.Type<ControlState, object>(
  'control state',
  (u): u is ControlState => typeof u === 'object' && u !== null && 'memory' in u && 'settledTo' in u,
  (u, context) =>
    E.map(({ departed, steps, joined, history, holds, rejections, settledTo }: t.TypeOf<typeof Document>) => ({
      memory: { departed, steps, joined: new Set(joined), history },
      holds,
      rejections,
      settledTo,
    }))(Document.validate(u, context)),
  ({ memory, holds, rejections, settledTo }) =>
    Document.encode({
      schema: CONTROL_STATE_SCHEMA,
      departed: memory.departed,
      steps: memory.steps,
      joined: [...memory.joined],
      history: memory.history,
      holds,
      rejections,
      settledTo,
    }),
);

/**
 * Reads the document. One that is damaged is refused and never overwritten (fault 72): to go on from an empty state would
 * forget who held what.
 */
export const decodeControlState: (text: string) => E.Either<readonly FieldError[], ControlState> =
  decodeJsonWith(ControlStateField);

/** Writes the document. */
export const encodeControlState = (state: ControlState): string =>
  `${JSON.stringify(ControlStateField.encode(state), null, 1)}\n`;
