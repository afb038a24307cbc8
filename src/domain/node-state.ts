/**
 * What a node remembers of its own runs: the Summoner's state, and the file that holds it.
 *
 * The file is a public, versioned contract. Its top-level `last_run_time`, `last_run_epoch` and `artifact_version` never
 * move and stand one to a line, because the fallback in old images reads them with the tools of a bare system.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import type { Assignment } from './assignment.ts';
import { boundedInteger, boundedText, decodeJsonWith, decodeWith, type FieldError, isRecord } from './decoding.ts';
import type { Disabling } from './disabling.ts';
import { defaultedField, InstantField, listField, optionField, TimestampField } from './json-fields.ts';
import { EnvironmentName, NodeName, Slug, StackName, Version } from './names.ts';
import { type EpochMs, plus, SECOND_MS, type Timestamp } from './time.ts';

/** A version that was signalled and is not applied yet. */
export interface PendingVersion {
  readonly version: Version;
  readonly seenAt: EpochMs;
  /** The run starts then: after the splay, or after the backoff. */
  readonly startAt: EpochMs;
  /** Failed attempts so far. */
  readonly attempts: number;
  /** The attempts are used up: only a new signal, a request or the floor starts another (law N7). */
  readonly gaveUp: boolean;
}

/** A run request that is addressed to this node and has not been handled. */
export interface PendingRequest {
  readonly id: Slug;
  readonly startAt: EpochMs;
  readonly expiresEpochSeconds: number;
  readonly attempts: number;
}

/** A run request that this node has run for, or has given up on. */
export interface HandledRequest {
  readonly id: Slug;
  /** Remembered until then: an expired request starts nothing anyway. */
  readonly expiresEpochSeconds: number;
}

/** When the floor acts, where that does not follow from the last success alone. */
export interface FloorAttempt {
  readonly startAt: EpochMs;
  /** Failed attempts since the floor fell due. */
  readonly attempts: number;
}

/** Why a run was started. The tags are a closed set fit for a metric label. */
export type RunCause =
  | { readonly _tag: 'NewVersion'; readonly version: Version }
  | { readonly _tag: 'Request'; readonly id: Slug }
  | { readonly _tag: 'Floor' }
  /** The node never ran, or has no success that can be believed. */
  | { readonly _tag: 'FirstRun' }
  /** Somebody on the node asked for it. */
  | { readonly _tag: 'RunNow' }
  /** The client upgraded itself and is run again. */
  | { readonly _tag: 'Upgraded' };

/** A run that has been started and has not ended. */
export interface Running {
  readonly cause: RunCause;
  /** The version that a success applies; none when no version was pending. */
  readonly version: O.Option<Version>;
  /** The requests that its end settles. */
  readonly requests: readonly Slug[];
  readonly startedAt: EpochMs;
  /** Whether the floor had fallen due when it started. */
  readonly floorDue: boolean;
}

/** Everything a node remembers. */
export interface NodeState {
  /** The version of the last success. */
  readonly applied: O.Option<Version>;
  /** The end of the last success, in whole seconds. */
  readonly lastSuccess: O.Option<EpochMs>;
  /**
   * The success of the fallback's that the node last heard of, as the fallback's record states it. The same record again
   * is no news, however the clock has been set since.
   */
  readonly heardFallback: O.Option<EpochMs>;
  /** The start of the last run, whatever became of it. */
  readonly lastAttempt: O.Option<EpochMs>;
  /**
   * A version for which a run has begun since the last success. While there is one, the node may be on neither version,
   * so that going back to the applied one takes a run as well.
   */
  readonly tried: O.Option<Version>;
  /** The order of the last signal believed (law S6). */
  readonly accepted: O.Option<Timestamp>;
  readonly pending: O.Option<PendingVersion>;
  readonly requests: readonly PendingRequest[];
  readonly handled: readonly HandledRequest[];
  readonly floor: O.Option<FloorAttempt>;
  /** Someone on the node asked for a run. */
  readonly runNow: boolean;
  /** The client upgraded itself in the last run. */
  readonly upgraded: boolean;
  readonly running: O.Option<Running>;
  readonly disabled: O.Option<Disabling>;
  /** When the node was told of it. An instant that lies ahead was another clock's, and so was the disabling's end. */
  readonly disabledSince: O.Option<EpochMs>;
  readonly rebootPending: boolean;
  /** Runs that failed since the last success. */
  readonly failures: number;
  /** Runs in a row that were cut short together with the agent. */
  readonly interruptions: number;
}

/** The state of a node that knows nothing. */
export const EMPTY_NODE_STATE: NodeState = {
  applied: O.none,
  lastSuccess: O.none,
  heardFallback: O.none,
  lastAttempt: O.none,
  tried: O.none,
  accepted: O.none,
  pending: O.none,
  requests: [],
  handled: [],
  floor: O.none,
  runNow: false,
  upgraded: false,
  running: O.none,
  disabled: O.none,
  disabledSince: O.none,
  rebootPending: false,
  failures: 0,
  interruptions: 0,
};

/**
 * `instant` without its milliseconds, as a last success is kept, so that the two forms in which the file states it are one
 * instant.
 */
export const wholeSecond = (instant: EpochMs): EpochMs => plus(instant, -(instant % SECOND_MS));

/** The version of the file's form. A newer one is read as far as it is known, and what is unknown is kept (fault 42). */
export const NODE_STATE_SCHEMA = 1;

const Count = boundedInteger('count', 0, Number.MAX_SAFE_INTEGER);

const PendingVersionJson = t.type({
  version: Version,
  seenAt: InstantField,
  startAt: InstantField,
  attempts: Count,
  gaveUp: t.boolean,
});

const PendingRequestJson = t.type({ id: Slug, startAt: InstantField, expiresEpochSeconds: Count, attempts: Count });

const HandledRequestJson = t.type({ id: Slug, expiresEpochSeconds: Count });

const CauseJson = t.union(
  [
    t.type({ _tag: t.literal('NewVersion'), version: Version }),
    t.type({ _tag: t.literal('Request'), id: Slug }),
    t.type({ _tag: t.literal('Floor') }),
    t.type({ _tag: t.literal('FirstRun') }),
    t.type({ _tag: t.literal('RunNow') }),
    t.type({ _tag: t.literal('Upgraded') }),
  ],
  'cause of a run',
);

const RunningJson = t.type({
  cause: CauseJson,
  version: optionField(Version),
  requests: t.readonlyArray(Slug),
  startedAt: InstantField,
  floorDue: t.boolean,
});

const DisablingJson = t.type({
  reason: boundedText('reason', 1024),
  owner: boundedText('owner', 256),
  until: InstantField,
  floorToo: t.boolean,
});

const NodeStateFile = t.type({
  last_run_time: optionField(InstantField),
  artifact_version: optionField(Version),
  schema: boundedInteger('schema', 1, Number.MAX_SAFE_INTEGER),
  stack: StackName,
  environment: EnvironmentName,
  node: NodeName,
  fallback_heard: optionField(InstantField),
  last_attempt_time: optionField(InstantField),
  tried_version: optionField(Version),
  accepted_timestamp: optionField(TimestampField),
  pending: optionField(PendingVersionJson),
  requests: listField(PendingRequestJson),
  handled: listField(HandledRequestJson),
  floor: optionField(t.type({ startAt: InstantField, attempts: Count })),
  run_now: defaultedField(t.boolean, false),
  upgraded: defaultedField(t.boolean, false),
  running: optionField(RunningJson),
  disabled: optionField(DisablingJson),
  disabled_since: optionField(InstantField),
  reboot_pending: defaultedField(t.boolean, false),
  failures: defaultedField(Count, 0),
  interruptions: defaultedField(Count, 0),
});

type NodeStateFile = t.TypeOf<typeof NodeStateFile>;

/** A state file, read. */
export interface StoredNodeState {
  /** Whose state it is: a cloned image brings another node's along (fault 43). */
  readonly identity: Assignment;
  readonly state: NodeState;
  /** Fields that this version does not know, and the number of a newer schema: written back as they were (fault 42). */
  readonly unknownFields: Readonly<Record<string, unknown>>;
}

/** A state file as it was found. */
export interface FoundNodeState extends StoredNodeState {
  /**
   * What a newer version wrote into fields that this one knows, and that it cannot read: these count as empty. A file of
   * this version has none, since there such a field is damage.
   */
  readonly unreadable: readonly FieldError[];
}

const KNOWN_FIELDS: ReadonlySet<string> = new Set([...Object.keys(NodeStateFile.props), 'last_run_epoch']);

/** What nobody knows may nest so deep and no deeper: it has to be written back, and writing it takes the stack. */
const NESTING_MAX = 64;

/** Whether `value` nests deeper than `levels`; it never goes down further than that itself. */
const nestsDeeperThan = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((child) => nestsDeeperThan(child, levels - 1)));

const storedOfFile = (file: NodeStateFile, unknownFields: StoredNodeState['unknownFields']): StoredNodeState => ({
  identity: { stack: file.stack, environment: file.environment, node: file.node },
  state: {
    applied: file.artifact_version,
    lastSuccess: file.last_run_time,
    heardFallback: file.fallback_heard,
    lastAttempt: file.last_attempt_time,
    tried: file.tried_version,
    accepted: file.accepted_timestamp,
    pending: file.pending,
    requests: file.requests,
    handled: file.handled,
    floor: file.floor,
    runNow: file.run_now,
    upgraded: file.upgraded,
    running: file.running,
    disabled: file.disabled,
    disabledSince: file.disabled_since,
    rebootPending: file.reboot_pending,
    failures: file.failures,
    interruptions: file.interruptions,
  },
  unknownFields,
});

const AnyObject: t.Type<Readonly<Record<string, unknown>>> = new t.Type<Readonly<Record<string, unknown>>>(
  'object',
  isRecord,
  (u, context) => (isRecord(u) ? t.success(u) : t.failure(u, context, 'an object')),
  (a) => a,
);

const decodeObject = decodeJsonWith(AnyObject);
const decodeKnown = decodeWith(NodeStateFile);

const TOO_DEEP: readonly FieldError[] = [
  { field: '', expected: `at most ${NESTING_MAX} levels of nesting`, got: 'more' },
];

const isUnknown = ([name, value]: readonly [string, unknown]): boolean =>
  !KNOWN_FIELDS.has(name) || (name === 'schema' && typeof value === 'number' && value > NODE_STATE_SCHEMA);

/** Without these it is nobody's state. */
const IDENTITY_FIELDS: ReadonlySet<string> = new Set(['schema', 'stack', 'environment', 'node']);

const isNewer = ({ schema }: Readonly<Record<string, unknown>>): boolean =>
  typeof schema === 'number' && Number.isSafeInteger(schema) && schema > NODE_STATE_SCHEMA;

/** Why a field of `known` cannot be read by itself; nothing where it can. */
const faultsOf = (name: string, value: unknown): readonly FieldError[] => {
  const field = decodeWith(t.partial(NodeStateFile.props))({ [name]: value });
  return E.isLeft(field) ? field.left : [];
};

/** What is unknown never meets a codec, so that whatever it is called and however it is made, it stays as it is. */
const decodeFields = (file: Readonly<Record<string, unknown>>): E.Either<readonly FieldError[], FoundNodeState> => {
  if (nestsDeeperThan(file, NESTING_MAX)) return E.left(TOO_DEEP);
  const fields = Object.entries(file);
  const known = fields.filter(([name]) => KNOWN_FIELDS.has(name));
  const unknown = Object.fromEntries(fields.filter(isUnknown));
  const faults = isNewer(file)
    ? known.flatMap(([name, value]) => (IDENTITY_FIELDS.has(name) ? [] : [{ name, errors: faultsOf(name, value) }]))
    : [];
  const unreadable = new Set(faults.filter(({ errors }) => errors.length > 0).map(({ name }) => name));
  const readable = Object.fromEntries(known.filter(([name]) => !unreadable.has(name)));
  return E.map((read: NodeStateFile) => ({
    ...storedOfFile(read, unknown),
    unreadable: faults.flatMap(({ errors }) => errors),
  }))(decodeKnown(readable));
};

/**
 * Reads a state file. Whatever is wrong with it is an error that names the field; the caller keeps such a file aside and
 * goes on as a node that never ran (fault 38). Of a newer version's file all is read that can be (fault 42).
 */
export const decodeNodeState = (text: string): E.Either<readonly FieldError[], FoundNodeState> =>
  E.chain(decodeFields)(decodeObject(text));

/** Writes a state file, each top-level field on a line of its own, the fallback's three first. */
export const encodeNodeState = ({ identity, state, unknownFields }: StoredNodeState): string => {
  const { artifact_version, last_run_time, ...rest } = NodeStateFile.encode({
    last_run_time: O.map(wholeSecond)(state.lastSuccess),
    artifact_version: state.applied,
    schema: NODE_STATE_SCHEMA,
    ...identity,
    fallback_heard: state.heardFallback,
    last_attempt_time: state.lastAttempt,
    tried_version: state.tried,
    accepted_timestamp: state.accepted,
    pending: state.pending,
    requests: state.requests,
    handled: state.handled,
    floor: state.floor,
    run_now: state.runNow,
    upgraded: state.upgraded,
    running: state.running,
    disabled: state.disabled,
    disabled_since: state.disabledSince,
    reboot_pending: state.rebootPending,
    failures: state.failures,
    interruptions: state.interruptions,
  });
  const last_run_epoch = O.isSome(state.lastSuccess) ? Math.floor(state.lastSuccess.value / SECOND_MS) : null;
  const known = { last_run_time, last_run_epoch, artifact_version, ...rest };
  // Two lists and not one object, in which a name that looks like a number would come first.
  const fields: readonly (readonly [string, unknown])[] = [
    ...Object.entries(known).filter(([name]) => !Object.hasOwn(unknownFields, name)),
    ...Object.entries(unknownFields),
  ];
  const lines = fields.map(([name, value]) => ` ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
};
