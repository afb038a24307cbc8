/**
 * The signal: the JSON object that tells the nodes of one environment about the artifact it is pinned to.
 *
 * The wire format is a public contract, first published by Slack Engineering ("Advancing Our Chef Infrastructure:
 * Safety Without Disruption", 23 October 2025): PascalCase outside, snake_case inside. `Environment`, `RunRequests`
 * and `Departures` are additions of ours that a reader may ignore.
 *
 * Two questions are kept apart. {@link decodeSignal}: is this text a signal at all (laws S1, S2)? {@link admitSignal}:
 * may the node that reads it under this key, now, believe it (laws S3, S6)? Whether an admitted signal also triggers a
 * run (laws S4, S5) is {@link triggerOf}.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import {
  boundedInteger,
  boundedText,
  decodeWith,
  type FieldError,
  fields,
  formatFieldErrors,
  guardFirst,
  isRecord,
  refinedText,
} from './decoding.ts';
import { CommitHash, Manifest, type ManifestJson, manifestOfWire, ManifestWire } from './manifest.ts';
import { EnvironmentName, Slug, StackName, Version } from './names.ts';
import { DEPARTURE_EVERY_MS_MAX, DEPARTURE_EVERY_MS_MIN, type Departures } from './schedule.ts';
import {
  compareTimestamps,
  EPOCH_SECONDS_MAX,
  type EpochMs,
  epochMsOfTimestamp,
  formatInstant,
  formatTimestamp,
  parseTimestamp,
  plus,
  SECOND_MS,
  type Timestamp,
} from './time.ts';

/** The longest splay that a signal may ask for: one day, in seconds. */
export const SPLAY_SECONDS_MAX = 86_400;

/** The largest body that is read at all, in bytes: 1 MiB (law S2). */
export const SIGNAL_BYTES_MAX = 1_048_576;

/** At most so many run requests on one signal. */
export const RUN_REQUESTS_MAX = 100;

/** At most so many node patterns in one run request. */
export const NODE_PATTERNS_MAX = 1_000;

/** Fields that nobody knows may nest so deep and no deeper; ours need six levels. */
const NESTING_MAX = 16;

/** Where the signal of one environment of one stack lies: the same key on every bus. */
export interface SignalKey {
  readonly stack: StackName;
  readonly environment: EnvironmentName;
}

/** The key as a path: `chef-run-triggers/<stack>/<environment>`. */
export const signalPath = ({ stack, environment }: SignalKey): string => `chef-run-triggers/${stack}/${environment}`;

/** Someone asks nodes of the environment to run now, whatever version they have applied (law N11). */
export interface RunRequest {
  /** Names the request; a node runs once for it. */
  readonly id: Slug;
  readonly requestedBy: string;
  readonly reason: string;
  /** When it was asked for, in epoch seconds. */
  readonly issuedEpochSeconds: number;
  /** From this epoch second on it starts nothing any more. */
  readonly expiresEpochSeconds: number;
  /** Seconds over which the nodes spread; 0 … {@link SPLAY_SECONDS_MAX}. */
  readonly splaySeconds: number;
  /** Names or globs (`*`, `?`) of the nodes meant; none: all nodes of the environment. */
  readonly nodes: O.Option<readonly string[]>;
}

/** {@link RunRequest} on the wire. */
export interface RunRequestJson {
  readonly id: string;
  readonly requested_by: string;
  readonly reason: string;
  readonly issued: number;
  readonly expires: number;
  readonly splay: number;
  readonly nodes?: readonly string[];
}

/** {@link Departures} on the wire, in seconds. */
export interface DeparturesJson {
  readonly every: number;
  readonly offset: number;
}

/** Which artifact the environment is pinned to, and where it lies. */
export interface ManifestRecord {
  readonly version: Version;
  /** On the wire `chef_shard`. */
  readonly stack: StackName;
  /** When the artifact was uploaded, in epoch seconds; on the wire `datetime`. */
  readonly uploadedEpochSeconds: number;
  readonly latestCommitHash: string;
  readonly manifest: Manifest;
  readonly s3Bucket: string;
  readonly s3Key: string;
  /** From this epoch second on the signal triggers nothing (law S5); on the wire `ttl`. */
  readonly ttlEpochSeconds: number;
  /** The producer's barrier: false while the artifact is still on its way to the stacks (law S4). */
  readonly uploadComplete: boolean;
}

/** What one environment's nodes are told. */
export interface Signal {
  /** Seconds over which the nodes spread; 0 … {@link SPLAY_SECONDS_MAX}, chef-client's own unit. */
  readonly splaySeconds: number;
  /** The order of signals under one key, strictly increasing (law S6). */
  readonly timestamp: Timestamp;
  readonly manifestRecord: ManifestRecord;
  /** Binds the body to its key; absent from signals of other producers. */
  readonly environment: O.Option<EnvironmentName>;
  /** Ad hoc runs that are open; absent is empty. */
  readonly runRequests: readonly RunRequest[];
  /** When the environment may be promoted, so that its nodes know when to look; absent where only people promote it. */
  readonly departures: O.Option<Departures>;
}

/** {@link Signal} on the wire. */
export interface SignalJson {
  readonly Splay: number;
  readonly Timestamp: string;
  readonly ManifestRecord: {
    readonly version: string;
    readonly chef_shard: string;
    readonly datetime: number;
    readonly latest_commit_hash: string;
    readonly manifest_content: ManifestJson;
    readonly s3_bucket: string;
    readonly s3_key: string;
    readonly ttl: number;
    readonly upload_complete: boolean;
  };
  readonly Environment?: string;
  readonly RunRequests?: readonly RunRequestJson[];
  readonly Departures?: DeparturesJson;
}

const EpochSeconds = boundedInteger('epoch seconds', 0, EPOCH_SECONDS_MAX);
const Nanoseconds = boundedInteger('nanoseconds', 0, 999_999_999);
const SplaySeconds = boundedInteger('splay in seconds', 0, SPLAY_SECONDS_MAX);
const BucketOrKey = boundedText('bucket or key', 1024);
const Requester = boundedText('requester', 256);
const Reason = boundedText('reason', 1024);

/** Node patterns are names with `*` and `?` in them; nothing else has a meaning, so nothing else is let in. */
export const NodePattern: t.Type<string, string> = refinedText<string>(
  'node pattern',
  'a node name or glob: 1 to 253 of A-Z a-z 0-9 _ - . * ?',
  (text) => /^[A-Za-z0-9_.*?-]{1,253}$/.test(text),
);

/** A list of at most `lengthMax`. */
export const boundedList = <A, O>(item: t.Type<A, O>, lengthMax: number): t.Type<readonly A[], readonly O[]> => {
  const list = t.readonlyArray(item);
  return new t.Type<readonly A[], readonly O[]>(
    `list of ${item.name}`,
    (u): u is readonly A[] => list.is(u) && u.length <= lengthMax,
    (u, context) => {
      if (!Array.isArray(u)) return t.failure(u, context, 'a list');
      return u.length > lengthMax ? t.failure(u, context, `a list of at most ${lengthMax}`) : list.validate(u, context);
    },
    list.encode,
  );
};

const NodePatterns = boundedList(NodePattern, NODE_PATTERNS_MAX);

const TIMESTAMP_LENGTH_MAX = '9999-12-31T23:59:59.999999999+00:00'.length;

/** Text that may be a timestamp; that it is one shows when it is converted, once everything else is known to be good. */
const TimestampText = refinedText<string>(
  'timestamp',
  'an RFC 3339 date-time with at most nine fractional digits',
  (text) => text.length <= TIMESTAMP_LENGTH_MAX,
);

const RunRequestWire = fields(
  'run request',
  {
    id: Slug,
    requested_by: Requester,
    reason: Reason,
    issued: EpochSeconds,
    expires: EpochSeconds,
    splay: SplaySeconds,
  },
  { nodes: NodePatterns },
);

const EverySeconds = boundedInteger(
  'seconds from one departure to the next',
  DEPARTURE_EVERY_MS_MIN / SECOND_MS,
  DEPARTURE_EVERY_MS_MAX / SECOND_MS,
);
const OffsetSeconds = boundedInteger('offset in seconds', 0, DEPARTURE_EVERY_MS_MAX / SECOND_MS - 1);

const DeparturesWire = fields('departures', { every: EverySeconds, offset: OffsetSeconds }, {});

const isWholeSeconds = (u: unknown): u is number => Number.isSafeInteger(u) && Number(u) % SECOND_MS === 0;

const DeparturesField: t.Type<Departures, DeparturesJson> = new t.Type<Departures, DeparturesJson>(
  'departures',
  (u): u is Departures => isRecord(u) && isWholeSeconds(u['everyMs']) && isWholeSeconds(u['offsetMs']),
  (u, context) => {
    const wire = DeparturesWire.validate(u, context);
    if (E.isLeft(wire)) return wire;
    const { every, offset } = wire.right;
    return offset < every
      ? t.success({ everyMs: every * SECOND_MS, offsetMs: offset * SECOND_MS })
      : t.failure(offset, t.appendContext(context, 'offset', OffsetSeconds, offset), 'less than every');
  },
  ({ everyMs, offsetMs }) => ({ every: everyMs / SECOND_MS, offset: offsetMs / SECOND_MS }),
);

const SignalWire = guardFirst(
  fields(
    'signal',
    {
      Splay: SplaySeconds,
      Timestamp: TimestampText,
      ManifestRecord: fields(
        'manifest record',
        {
          version: Version,
          chef_shard: StackName,
          datetime: EpochSeconds,
          latest_commit_hash: CommitHash,
          manifest_content: ManifestWire,
          s3_bucket: BucketOrKey,
          s3_key: BucketOrKey,
          ttl: EpochSeconds,
          upload_complete: t.boolean,
        },
        {},
      ),
    },
    {
      Environment: EnvironmentName,
      RunRequests: boundedList(RunRequestWire, RUN_REQUESTS_MAX),
      Departures: DeparturesField,
    },
  ),
);

const runRequestOfWire = (wire: t.TypeOf<typeof RunRequestWire>): RunRequest => ({
  id: wire.id,
  requestedBy: wire.requested_by,
  reason: wire.reason,
  issuedEpochSeconds: wire.issued,
  expiresEpochSeconds: wire.expires,
  splaySeconds: wire.splay,
  nodes: O.fromNullable(wire.nodes),
});

const runRequestToJson = (request: RunRequest): RunRequestJson => ({
  id: request.id,
  requested_by: request.requestedBy,
  reason: request.reason,
  issued: request.issuedEpochSeconds,
  expires: request.expiresEpochSeconds,
  splay: request.splaySeconds,
  ...(O.isSome(request.nodes) ? { nodes: request.nodes.value } : {}),
});

const signalOfWire = (wire: t.TypeOf<typeof SignalWire>, timestamp: Timestamp): Signal => ({
  splaySeconds: wire.Splay,
  timestamp,
  manifestRecord: {
    version: wire.ManifestRecord.version,
    stack: wire.ManifestRecord.chef_shard,
    uploadedEpochSeconds: wire.ManifestRecord.datetime,
    latestCommitHash: wire.ManifestRecord.latest_commit_hash,
    manifest: manifestOfWire(wire.ManifestRecord.manifest_content),
    s3Bucket: wire.ManifestRecord.s3_bucket,
    s3Key: wire.ManifestRecord.s3_key,
    ttlEpochSeconds: wire.ManifestRecord.ttl,
    uploadComplete: wire.ManifestRecord.upload_complete,
  },
  environment: O.fromNullable(wire.Environment),
  runRequests: (wire.RunRequests ?? []).map(runRequestOfWire),
  departures: O.fromNullable(wire.Departures),
});

const signalToJson = (signal: Signal): SignalJson => ({
  Splay: signal.splaySeconds,
  Timestamp: formatTimestamp(signal.timestamp),
  ManifestRecord: {
    version: signal.manifestRecord.version,
    chef_shard: signal.manifestRecord.stack,
    datetime: signal.manifestRecord.uploadedEpochSeconds,
    latest_commit_hash: signal.manifestRecord.latestCommitHash,
    manifest_content: Manifest.encode(signal.manifestRecord.manifest),
    s3_bucket: signal.manifestRecord.s3Bucket,
    s3_key: signal.manifestRecord.s3Key,
    ttl: signal.manifestRecord.ttlEpochSeconds,
    upload_complete: signal.manifestRecord.uploadComplete,
  },
  ...(O.isSome(signal.environment) ? { Environment: signal.environment.value } : {}),
  ...(signal.runRequests.length > 0 ? { RunRequests: signal.runRequests.map(runRequestToJson) } : {}),
  ...(O.isSome(signal.departures) ? { Departures: DeparturesField.encode(signal.departures.value) } : {}),
});

const optionOf = <A, O>(codec: t.Type<A, O>): t.Type<O.Option<A>> => {
  const is = (u: unknown): u is O.Option<A> =>
    isRecord(u) && (u['_tag'] === 'None' || (u['_tag'] === 'Some' && codec.is(u['value'])));
  return new t.Type<O.Option<A>>(
    `option of ${codec.name}`,
    is,
    (u, context) => (is(u) ? t.success(u) : t.failure(u, context)),
    t.identity,
  );
};

/** What {@link Signal} reads to, for its guard. */
const SignalShape = fields(
  'Signal',
  {
    splaySeconds: SplaySeconds,
    timestamp: fields('Timestamp', { epochSeconds: EpochSeconds, nanoseconds: Nanoseconds }, {}),
    manifestRecord: fields(
      'ManifestRecord',
      {
        version: Version,
        stack: StackName,
        uploadedEpochSeconds: EpochSeconds,
        latestCommitHash: CommitHash,
        manifest: Manifest,
        s3Bucket: BucketOrKey,
        s3Key: BucketOrKey,
        ttlEpochSeconds: EpochSeconds,
        uploadComplete: t.boolean,
      },
      {},
    ),
    environment: optionOf(EnvironmentName),
    runRequests: boundedList(
      fields(
        'RunRequest',
        {
          id: Slug,
          requestedBy: Requester,
          reason: Reason,
          issuedEpochSeconds: EpochSeconds,
          expiresEpochSeconds: EpochSeconds,
          splaySeconds: SplaySeconds,
          nodes: optionOf(NodePatterns),
        },
        {},
      ),
      RUN_REQUESTS_MAX,
    ),
    departures: optionOf(DeparturesField),
  },
  {},
);

/** Reads and writes a {@link Signal} as a JSON value. */
export const Signal: t.Type<Signal, SignalJson> = new t.Type<Signal, SignalJson>(
  'Signal',
  SignalShape.is,
  (u, context) => {
    const wire = SignalWire.validate(u, context);
    if (E.isLeft(wire)) return wire;
    const { Timestamp: text } = wire.right;
    const timestamp = parseTimestamp(text);
    return E.isRight(timestamp)
      ? t.success(signalOfWire(wire.right, timestamp.right))
      : t.failure(text, t.appendContext(context, 'Timestamp', TimestampText, text), timestamp.left);
  },
  signalToJson,
);

/** Why a body is no signal, or why one is not believed under this key. The tags are a closed set fit for a metric label. */
export type SignalRefusal =
  | { readonly _tag: 'TooLarge'; readonly bytesMax: number }
  | { readonly _tag: 'NotJson'; readonly detail: string }
  | { readonly _tag: 'TooDeep'; readonly levelsMax: number }
  | { readonly _tag: 'InvalidFields'; readonly errors: readonly FieldError[] }
  | { readonly _tag: 'WrongStack'; readonly expected: StackName; readonly got: StackName }
  | { readonly _tag: 'WrongEnvironment'; readonly expected: EnvironmentName; readonly got: EnvironmentName }
  | { readonly _tag: 'Replayed'; readonly accepted: Timestamp; readonly got: Timestamp }
  | { readonly _tag: 'FromTheFuture'; readonly got: Timestamp; readonly latest: EpochMs };

/** One line that says what is wrong, naming the field. */
export const formatSignalRefusal = (refusal: SignalRefusal): string => {
  switch (refusal._tag) {
    case 'TooLarge':
      return `body: expected at most ${refusal.bytesMax} bytes, got more`;
    case 'NotJson':
      return `body: ${refusal.detail}`;
    case 'TooDeep':
      return `body: expected at most ${refusal.levelsMax} levels of nesting, got more`;
    case 'InvalidFields':
      return formatFieldErrors(refusal.errors);
    case 'WrongStack':
      return `ManifestRecord.chef_shard: expected ${refusal.expected}, got ${refusal.got}: another stack's signal lies under this key`;
    case 'WrongEnvironment':
      return `Environment: expected ${refusal.expected}, got ${refusal.got}: another environment's signal lies under this key`;
    case 'Replayed':
      return `Timestamp: expected later than ${formatTimestamp(refusal.accepted)}, which was accepted already, got ${formatTimestamp(refusal.got)}`;
    case 'FromTheFuture':
      return `Timestamp: expected no later than ${formatInstant(refusal.latest)} by this node's clock, got ${formatTimestamp(refusal.got)}: one of the two clocks is wrong`;
  }
};

/** Whether `text` opens more than `count` brackets; one that opens no more cannot nest deeper than that. */
const opensMoreThan = (text: string, count: number): boolean => {
  let opened = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      opened += 1;
      if (opened > count) return true;
    }
  }
  return false;
};

/** Whether `value` nests deeper than `levels`; it never goes down further than that itself. */
const nestsDeeperThan = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((child) => nestsDeeperThan(child, levels - 1)));

const parseJson = (text: string): E.Either<SignalRefusal, unknown> => {
  if (text.length > SIGNAL_BYTES_MAX) return E.left({ _tag: 'TooLarge', bytesMax: SIGNAL_BYTES_MAX });
  if (text.charCodeAt(0) === 0xfeff) return E.left({ _tag: 'NotJson', detail: 'expected JSON, got a byte order mark' });
  try {
    return E.right(JSON.parse(text));
  } catch {
    const what =
      text.trim() === ''
        ? 'nothing'
        : text.trimStart().startsWith('<')
          ? 'HTML or XML'
          : 'something else, or JSON that was cut off';
    return E.left({ _tag: 'NotJson', detail: `expected JSON, got ${what}` });
  }
};

const decodeSignalValue = decodeWith(Signal);

/**
 * Reads the text of a body. Total: whatever the text, a signal or the reason why it is none, never a throw (law S2).
 *
 * Bytes that are not UTF-8, or more than {@link SIGNAL_BYTES_MAX} of them, never become text: the signal bus answers
 * `malformed` for those.
 *
 * @example
 * ```ts
 * import * as E from 'fp-ts/lib/Either.js';
 * import { decodeSignal, formatSignalRefusal } from 'signalbox';
 *
 * const decoded = decodeSignal('<html>please log in</html>');
 * if (E.isLeft(decoded)) console.log(formatSignalRefusal(decoded.left)); // body: expected JSON, got HTML or XML
 * ```
 */
export const decodeSignal = (text: string): E.Either<SignalRefusal, Signal> => {
  const parsed = parseJson(text);
  if (E.isLeft(parsed)) return parsed;
  if (opensMoreThan(text, NESTING_MAX) && nestsDeeperThan(parsed.right, NESTING_MAX)) {
    return E.left({ _tag: 'TooDeep', levelsMax: NESTING_MAX });
  }
  const decoded = decodeSignalValue(parsed.right);
  return E.isRight(decoded) ? decoded : E.left({ _tag: 'InvalidFields', errors: decoded.left });
};

/** Writes the body of a signal, indented by one space as the published example is, so that people can read the bus. */
export const encodeSignal = (signal: Signal): string => JSON.stringify(Signal.encode(signal), null, 1);

/**
 * Whether a reader of `key` may believe `signal` (laws S3 and S6).
 *
 * @param accepted - the order of the last signal believed under this key. The same timestamp again is no replay: it is
 * the same signal, seen again, and dedup answers for it.
 * @param clockToleranceMs - how far ahead of `now` a timestamp may lie before it is called absurd, in milliseconds.
 */
export const admitSignal = (
  key: SignalKey,
  signal: Signal,
  accepted: O.Option<Timestamp>,
  now: EpochMs,
  clockToleranceMs: number,
): E.Either<SignalRefusal, Signal> => {
  const { manifestRecord, timestamp, environment } = signal;
  if (manifestRecord.stack !== key.stack) {
    return E.left({ _tag: 'WrongStack', expected: key.stack, got: manifestRecord.stack });
  }
  if (O.isSome(environment) && environment.value !== key.environment) {
    return E.left({ _tag: 'WrongEnvironment', expected: key.environment, got: environment.value });
  }
  if (O.isSome(accepted) && compareTimestamps(timestamp, accepted.value) < 0) {
    return E.left({ _tag: 'Replayed', accepted: accepted.value, got: timestamp });
  }
  const latest = plus(now, clockToleranceMs);
  if (epochMsOfTimestamp(timestamp) > latest) return E.left({ _tag: 'FromTheFuture', got: timestamp, latest });
  return E.right(signal);
};

/** Whether an admitted signal is a trigger, and why not where it is none. */
export type Trigger =
  | { readonly _tag: 'Triggers' }
  /** The producer is still uploading (law S4): look again at the next poll. */
  | { readonly _tag: 'UploadIncomplete' }
  /** Past its `ttl` (law S5): the compliance floor still runs. */
  | { readonly _tag: 'Expired'; readonly ttlEpochSeconds: number };

const TRIGGERS: Trigger = { _tag: 'Triggers' };
const UPLOAD_INCOMPLETE: Trigger = { _tag: 'UploadIncomplete' };

/** Whether `signal` may start a run at `now` (laws S4 and S5). */
export const triggerOf = ({ manifestRecord }: Signal, now: EpochMs): Trigger => {
  if (!manifestRecord.uploadComplete) return UPLOAD_INCOMPLETE;
  if (now >= manifestRecord.ttlEpochSeconds * SECOND_MS) {
    return { _tag: 'Expired', ttlEpochSeconds: manifestRecord.ttlEpochSeconds };
  }
  return TRIGGERS;
};
