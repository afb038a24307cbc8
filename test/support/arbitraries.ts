/**
 * fast-check arbitraries for the domain's values. Import them as a namespace: `import * as arb from
 * '../support/arbitraries.ts'`, then `arb.signal`.
 *
 * What is valid comes out often at the edges of its range: the longest name, the first and the last second, the last
 * nanosecond. What is hostile stands in {@link hostileTokens}.
 *
 * @module
 */
import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import type { CookbookVersions, Manifest } from '../../src/domain/manifest.ts';
import {
  CookbookName,
  EnvironmentName,
  nameFromLiteral,
  NodeName,
  Slug,
  StackName,
  Version,
  ZoneId,
} from '../../src/domain/names.ts';
import type { ChefEnvironment } from '../../src/domain/pin.ts';
import {
  encodeSignal,
  type ManifestRecord,
  type RunRequest,
  type Signal,
  type SignalKey,
  SPLAY_SECONDS_MAX,
} from '../../src/domain/signal.ts';
import { DAY_MS, EPOCH_SECONDS_MAX, type EpochMs, epochMs, type Timestamp } from '../../src/domain/time.ts';
import type { Departures } from '../../src/domain/schedule.ts';

const LETTERS_AND_DIGITS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789');

/** Text that is a name with `punctuation`, short as a rule and as long as allowed now and then. */
const nameText = (punctuation: string, lengthMax: number): fc.Arbitrary<string> => {
  const unit = fc.constantFrom(...LETTERS_AND_DIGITS, ...Array.from(punctuation));
  const tail = fc.oneof(
    { weight: 8, arbitrary: fc.string({ unit, maxLength: 12 }) },
    { weight: 1, arbitrary: fc.string({ unit, minLength: lengthMax - 1, maxLength: lengthMax - 1 }) },
  );
  return fc
    .tuple(fc.constantFrom(...LETTERS_AND_DIGITS), tail)
    .map(([head, rest]) => (head + rest).replaceAll(/\.{2,}/g, (dots) => '.'.padEnd(dots.length, '0')));
};

/** A {@link StackName}. */
export const stackName: fc.Arbitrary<StackName> = nameText('_-', 64).map(nameFromLiteral(StackName));
/** An {@link EnvironmentName}. */
export const environmentName: fc.Arbitrary<EnvironmentName> = nameText('_-', 64).map(nameFromLiteral(EnvironmentName));
/** A {@link NodeName}. */
export const nodeName: fc.Arbitrary<NodeName> = nameText('_-.', 253).map(nameFromLiteral(NodeName));
/** A {@link Slug}. */
export const slug: fc.Arbitrary<Slug> = nameText('_-.', 64).map(nameFromLiteral(Slug));
/** A {@link ZoneId}. */
export const zoneId: fc.Arbitrary<ZoneId> = nameText('_-', 64).map(nameFromLiteral(ZoneId));
/** A {@link CookbookName}, sometimes one that every object answers to. */
export const cookbookName: fc.Arbitrary<CookbookName> = fc
  .oneof(
    { weight: 6, arbitrary: nameText('_-.', 128) },
    { weight: 1, arbitrary: fc.constantFrom('constructor', 'toString', 'valueOf', 'hasOwnProperty') },
  )
  .map(nameFromLiteral(CookbookName));

const numberSegment = fc.oneof(
  fc.nat(12).map(String),
  fc.nat().map(String),
  fc.constantFrom('0', '00', '09', '9', '10', '9007199254740992', '9007199254740993', '20250728', '1753666491'),
);

/**
 * A {@link Version}: mostly numbers joined by dots, close enough to one another that ties, prefixes and leading zeros
 * come up, sometimes any text that is allowed.
 */
export const version: fc.Arbitrary<Version> = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.array(numberSegment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('.')),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(numberSegment, fc.constantFrom('-', '_', '+', '.'), fc.constantFrom('rc1', 'a', '0a', 'Z', '1'))
        .map((parts) => parts.join('')),
    },
    { weight: 2, arbitrary: nameText('_-+.', 128) },
  )
  .map(nameFromLiteral(Version));

/** A whole number of seconds since 1970 that RFC 3339 can write. */
export const epochSeconds: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1_750_000_000, max: 1_760_000_000 }),
  fc.integer({ min: 0, max: EPOCH_SECONDS_MAX }),
  fc.constantFrom(0, 1, EPOCH_SECONDS_MAX - 1, EPOCH_SECONDS_MAX),
);

/** A {@link Timestamp} of any precision. */
export const timestamp: fc.Arbitrary<Timestamp> = fc.record(
  {
    epochSeconds,
    nanoseconds: fc.oneof(
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.integer({ min: 0, max: 999 }).map((ms) => ms * 1e6),
      fc.constantFrom(0, 1, 50_000_000, 54_900_000, 54_989_714, 999_999_999),
    ),
  },
  { noNullPrototype: true },
);

/** An {@link EpochMs}: around 2025 as a rule, at either end of time now and then. */
export const instant: fc.Arbitrary<EpochMs> = fc
  .oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1_750_000_000_000, max: 1_760_000_000_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: EPOCH_SECONDS_MAX * 1_000 + 999 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, EPOCH_SECONDS_MAX * 1_000, EPOCH_SECONDS_MAX * 1_000 + 999) },
  )
  .map(epochMs);

/** A duration in milliseconds, from none to 30 days; whole minutes and hours come up often. */
export const durationMs: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 30 * DAY_MS }),
  fc.integer({ min: 0, max: 24 * 60 }).map((minutes) => minutes * 60_000),
  fc.constantFrom(0, 1, 999, 1_000, 3_600_000, 12 * 3_600_000),
);

/** A splay in seconds that a signal may ask for. */
export const splaySeconds: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 900 }),
  fc.integer({ min: 0, max: SPLAY_SECONDS_MAX }),
  fc.constantFrom(0, 1, SPLAY_SECONDS_MAX),
);

const isControl = (character: string): boolean => {
  const code = character.charCodeAt(0);
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
};

/** Text of at most `lengthMax` UTF-16 code units, in any script, without control characters. */
export const plainText = (lengthMax: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: Math.floor(lengthMax / 2) }).map((text) =>
      Array.from(text)
        .filter((character) => !isControl(character))
        .join(''),
    ),
    fc.string({ maxLength: lengthMax }),
    fc.constant('~'.repeat(lengthMax)),
  );

/** {@link CookbookVersions} of a few cookbooks. */
export const cookbookVersions: fc.Arbitrary<CookbookVersions> = fc.dictionary(cookbookName, version, {
  maxKeys: 6,
  noNullPrototype: true,
});

/** A {@link Manifest}. */
export const manifest: fc.Arbitrary<Manifest> = fc.record(
  {
    baseVersion: version,
    latestCommitHash: plainText(128),
    author: plainText(512),
    cookbookVersions,
    siteCookbookVersions: cookbookVersions,
  },
  { noNullPrototype: true },
);

const none: fc.Arbitrary<O.Option<never>> = fc.constant(O.none);

/** A pattern for node names. */
export const nodePattern: fc.Arbitrary<string> = fc.oneof(
  nodeName,
  fc.constantFrom('*', 'web-*', '*-1?', '?', '*.example.com'),
);

/** A {@link RunRequest}. It may have expired before it was issued: that is for its reader to find out. */
export const runRequest: fc.Arbitrary<RunRequest> = fc.record(
  {
    id: slug,
    requestedBy: plainText(256),
    reason: plainText(1024),
    issuedEpochSeconds: epochSeconds,
    expiresEpochSeconds: epochSeconds,
    splaySeconds,
    nodes: fc.oneof(none, fc.array(nodePattern, { maxLength: 4 }).map(O.some)),
  },
  { noNullPrototype: true },
);

/** A {@link ManifestRecord}. */
export const manifestRecord: fc.Arbitrary<ManifestRecord> = fc.record(
  {
    version,
    stack: stackName,
    uploadedEpochSeconds: epochSeconds,
    latestCommitHash: plainText(128),
    manifest,
    s3Bucket: plainText(1024),
    s3Key: plainText(1024),
    ttlEpochSeconds: epochSeconds,
    uploadComplete: fc.boolean(),
  },
  { noNullPrototype: true },
);

/** {@link Departures} in whole seconds, as a signal tells of them. */
export const departures: fc.Arbitrary<Departures> = fc
  .integer({ min: 60, max: 7 * 86_400 })
  .chain((every) =>
    fc.integer({ min: 0, max: every - 1 }).map((offset) => ({ everyMs: every * 1_000, offsetMs: offset * 1_000 })),
  );

/** A {@link Signal} with everything that one may carry. */
export const signal: fc.Arbitrary<Signal> = fc.record(
  {
    splaySeconds,
    timestamp,
    manifestRecord,
    environment: fc.oneof(none, environmentName.map(O.some)),
    runRequests: fc.array(runRequest, { maxLength: 3 }),
    departures: fc.oneof(none, departures.map(O.some)),
  },
  { noNullPrototype: true },
);

/** A {@link SignalKey}. */
export const signalKey: fc.Arbitrary<SignalKey> = fc.record(
  { stack: stackName, environment: environmentName },
  { noNullPrototype: true },
);

/** A {@link SignalKey} and a {@link Signal} that belongs under it. */
export const keyedSignal: fc.Arbitrary<{ readonly key: SignalKey; readonly signal: Signal }> = fc
  .record({ key: signalKey, signal, bound: fc.boolean() }, { noNullPrototype: true })
  .map(({ key, signal: { manifestRecord: record, ...rest }, bound }) => ({
    key,
    signal: {
      ...rest,
      manifestRecord: { ...record, stack: key.stack },
      environment: bound ? O.some(key.environment) : O.none,
    },
  }));

/** Names that mean something to JavaScript's objects, and no field of any document of ours. */
export const dangerousKey: fc.Arbitrary<string> = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
);

/** Any JSON value, dangerous keys included. */
export const jsonValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, -1, 15, 1.5, 1e308, '', '..', 'basalt'),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  // From entries, so that `__proto__` is a key like any other, as JSON.parse makes it.
  object: fc
    .array(fc.tuple(fc.oneof(dangerousKey, fc.string()), tie('value')), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
})).value;

/** A {@link ChefEnvironment} as any server may hold it, with attributes, constraints and fields of every kind. */
export const chefEnvironment: fc.Arbitrary<ChefEnvironment> = fc
  .record(
    {
      name: environmentName,
      description: fc.string(),
      attributes: fc.array(fc.tuple(fc.oneof(dangerousKey, fc.string(), fc.constant('signalbox')), jsonValue), {
        maxLength: 4,
      }),
      constraints: fc.array(
        fc.tuple(fc.oneof(dangerousKey, cookbookName), fc.constantFrom('= 1.2.3', '~> 2.0', '>= 0.1.0', '< 9.9.9')),
        { maxLength: 6 },
      ),
      further: fc.array(fc.tuple(fc.constantFrom('x_owner', '__proto__', 'updated_at'), jsonValue), { maxLength: 2 }),
    },
    { noNullPrototype: true },
  )
  .map(({ name, description, attributes, constraints, further }) => ({
    ...Object.fromEntries(further),
    name,
    description,
    json_class: 'Chef::Environment' as const,
    chef_type: 'environment' as const,
    default_attributes: Object.fromEntries(attributes),
    override_attributes: Object.fromEntries(attributes.toReversed()),
    cookbook_versions: Object.fromEntries(constraints),
  }));

/** `levels` lists in one another, as JSON. */
export const nestedLists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** `levels` objects in one another, as JSON. */
export const nestedObjects = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

/**
 * JSON values, and a few things that are none, to put where a field stands: every one is a fault by number, or the
 * wrong type for most fields.
 */
export const hostileTokens: readonly string[] = [
  // Numbers (faults 13, 14), some of which are written in a way that only looks like a number.
  '1e999',
  '-1e999',
  '-1',
  '-0',
  '0.5',
  '1e-9',
  '9007199254740993',
  '253402300800',
  '86401',
  'NaN',
  'Infinity',
  '-Infinity',
  '0x10',
  '007',
  '"15"',
  // Nothing, and the wrong type (fault 12).
  'null',
  'true',
  'false',
  '""',
  '[]',
  '{}',
  '[null]',
  '{"0":0}',
  // Names and paths (laws S7, fault 68).
  '".."',
  '"../../etc/passwd"',
  '"a/b"',
  '"a%2fb"',
  '"a\\u0000b"',
  '" "',
  '"a b"',
  '"\\ud800"',
  '"prod\\u200b-1"',
  '"рrod-1"',
  JSON.stringify('x'.repeat(10_000)),
  // Timestamps (faults 16, 17).
  '"2025-07-28T02:02:31.0549897141Z"',
  '"2025-02-29T00:00:00Z"',
  '"2025-07-28 02:02:31Z"',
  '"1969-12-31T23:59:59Z"',
  '"10000-01-01T00:00:00Z"',
  '1753668151.054989714',
  // Prototypes (fault 19).
  '{"__proto__":"1.0.0"}',
  '{"__proto__":{"apt":"1.0.0"}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"apt":["7.5.23"]}',
  '{"":"1.0.0"}',
  '{"../x":"1.0.0"}',
  // Depth (fault 10), and what is no JSON at all.
  nestedLists(40),
  nestedObjects(40),
  '<b>1</b>',
  '',
  '"',
  '{',
];

/** A signal's JSON in which one field was replaced or removed. */
export interface MutatedSignal {
  /** The body, ready to be read; it may have ceased to be JSON. */
  readonly text: string;
  /** The path to the field, as an error names it, such as `ManifestRecord.ttl`. */
  readonly field: string;
  /** What stands there now, as JSON has it; `undefined` when the field was removed. */
  readonly token: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The paths of all fields of `json`, down to those of objects in lists. */
export const fieldPaths = (json: unknown): readonly (readonly string[])[] =>
  typeof json !== 'object' || json === null
    ? []
    : Object.entries(json).flatMap(([key, value]: [string, unknown]) => [
        ...(Array.isArray(json) ? [] : [[key]]),
        ...fieldPaths(value).map((path) => [key, ...path]),
      ]);

const MARK = '"@@the field that is replaced@@"';

/** `json` as text, with `token` as it stands in place of the field at `path`; without the field when it is undefined. */
export const withToken = (json: unknown, path: readonly string[], token: string | undefined): string => {
  const replaced = (value: unknown, [key, ...rest]: readonly string[]): unknown => {
    if (key === undefined) return JSON.parse(MARK);
    if (Array.isArray(value))
      return value.map((item, i) => (String(i) === key ? replaced(item, rest) : (item as unknown)));
    if (!isObject(value)) throw new TypeError(`no field ${key} to replace`);
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => token !== undefined || rest.length > 0 || name !== key)
        .map(([name, entry]) => [name, name === key ? replaced(entry, rest) : entry]),
    );
  };
  return JSON.stringify(replaced(json, path)).replace(MARK, () => token ?? '');
};

/** A {@link MutatedSignal}: a valid signal with one field replaced by something hostile, by any JSON, or removed. */
export const mutatedSignal: fc.Arbitrary<MutatedSignal> = fc
  .record(
    {
      signal,
      choice: fc.nat(),
      token: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...hostileTokens) },
        { weight: 2, arbitrary: jsonValue.map((value) => JSON.stringify(value)) },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
    },
    { noNullPrototype: true },
  )
  .map(({ signal: valid, choice, token }) => {
    const json: unknown = JSON.parse(encodeSignal(valid));
    const paths = fieldPaths(json);
    const path = paths[choice % paths.length] ?? [];
    return { text: withToken(json, path, token), field: path.join('.'), token };
  });
