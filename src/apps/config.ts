/**
 * The configuration: one document, YAML or JSON, with every field also as an environment variable. Read and checked
 * before anything starts; a field that nobody knows is an error, because it is a field that somebody relies on.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { boundedInteger, decodeWith, formatFieldErrors, refinedText } from '../domain/decoding.ts';
import { defaultedField, mapField, optionField } from '../domain/json-fields.ts';
import { EnvironmentName, NodeName, StackName } from '../domain/names.ts';
import { formatDuration, HOUR_MS, MINUTE_MS, parseDuration, SECOND_MS } from '../domain/time.ts';
import { badData, type Failure } from './failure.ts';

const Path = refinedText<string>('path', 'a path or file: URL', (text) => text.length > 0 && !text.includes('\0'));

const DurationField: t.Type<number, string> = new t.Type<number, string>(
  'duration',
  (u): u is number => typeof u === 'number',
  (u, context) => {
    const parsed = typeof u === 'string' ? parseDuration(u) : E.left('a duration such as 90s, 10m or 12h');
    return E.isRight(parsed) ? t.success(parsed.right) : t.failure(u, context, parsed.left);
  },
  formatDuration,
);

/** `host:port`; the host is an address, and an IPv6 one stands in brackets. */
const Listen = refinedText<string>('listen address', 'host:port, such as 127.0.0.1:8470', (text) =>
  /^(?:\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/i.test(text),
);

const fields = {
  /** The release plan: a file beside this one. */
  plan: optionField(Path),
  bus: optionField(Path),
  /** The Librarian's state store. */
  state: optionField(Path),
  artifacts: optionField(Path),
  /** Stack → chef-repo directory. */
  chef_servers: mapField(StackName, Path),
  /** What signals name as `s3_bucket`. */
  bucket: defaultedField(
    refinedText<string>('bucket', 'a bucket name', (text) => text.length <= 255),
    'signalbox',
  ),
  listen: defaultedField(Listen, '127.0.0.1:8470'),
  /** How often the service ticks. */
  tick_every: defaultedField(DurationField, MINUTE_MS),
  node: optionField(NodeName),
  stack: optionField(StackName),
  environment: optionField(EnvironmentName),
  /** Written by bootstrap; names node, stack and environment where those are not given. */
  node_file: defaultedField(Path, '/etc/signalbox/node.json'),
  /** The directory of the node's own state. */
  node_state: defaultedField(Path, '/var/lib/signalbox'),
  /** The fallback's own record, whose success counts for the floor. */
  fallback_record: defaultedField(Path, '/var/lib/signalbox-fallback/record'),
  /** The zone map that bootstrap assigns by. */
  zones: optionField(Path),
  /** Where bootstrap writes chef-client's drop-in. */
  client_d: defaultedField(Path, '/etc/chef/client.d'),
  /** The converge: an executable and its arguments. */
  command: defaultedField(t.readonlyArray(t.string), ['chef-client']),
  run_time_limit: defaultedField(DurationField, 2 * HOUR_MS),
  run_grace: defaultedField(DurationField, MINUTE_MS),
  poll_every: defaultedField(DurationField, MINUTE_MS),
  window: defaultedField(DurationField, 12 * HOUR_MS),
  lead: defaultedField(DurationField, 30 * MINUTE_MS),
  clock_tolerance: defaultedField(DurationField, 5 * MINUTE_MS),
  catch_up_splay: defaultedField(boundedInteger('splay in seconds', 0, 86_400), 300),
  attempts_max: defaultedField(boundedInteger('attempts', 1, 100), 5),
  backoff_base: defaultedField(DurationField, MINUTE_MS),
  backoff_cap: defaultedField(DurationField, 30 * MINUTE_MS),
};

const Document = t.type(fields, 'configuration');

/** The configuration, every default filled in. */
export type Config = t.TypeOf<typeof Document>;

/** The environment variable of a field: `poll_every` is `SIGNALBOX_POLL_EVERY`. */
export const variableOf = (field: string): string => `SIGNALBOX_${field.toUpperCase()}`;

const isObject = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === 'object' && u !== null && !Array.isArray(u);

const fromEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
  parse: (text: string) => unknown,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.keys(fields).flatMap((field) => {
      const text = environment[variableOf(field)];
      if (text === undefined) return [];
      const isStructured = field === 'chef_servers' || field === 'command';
      return [[field, isStructured || /^\d+$/.test(text) ? parse(text) : text]];
    }),
  );

const checkTimes = (config: Config): E.Either<Failure, Config> => {
  if (config.poll_every < SECOND_MS) return E.left(badData('poll_every: expected at least 1s'));
  if (config.window < MINUTE_MS) return E.left(badData('window: expected at least 1m'));
  if (config.lead >= config.window) return E.left(badData('lead: expected less than window'));
  return E.right(config);
};

/**
 * Reads the configuration from a parsed document and the process's environment, which goes before the document.
 *
 * @param parse - reads the text of a structured variable, as the document's own parser would.
 */
export const decodeConfig = (
  document: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  parse: (text: string) => unknown,
): E.Either<Failure, Config> => {
  const given = document ?? {};
  if (!isObject(given))
    return E.left(badData('configuration: expected fields and values, such as `bus: /var/lib/bus`'));
  const unknown = Object.keys(given).filter((field) => !Object.hasOwn(fields, field));
  if (unknown.length > 0) {
    return E.left(badData(`${unknown.join(', ')}: no such field; the fields are ${Object.keys(fields).join(', ')}`));
  }
  const decoded = decodeWith(Document)({ ...given, ...fromEnvironment(environment, parse) });
  return E.isRight(decoded) ? checkTimes(decoded.right) : E.left(badData(formatFieldErrors(decoded.left)));
};

/** The value of a field that the command at hand cannot do without. */
export const required = <A>(field: keyof Config, value: O.Option<A>): E.Either<Failure, A> =>
  E.fromOption(() => badData(`${field}: expected a value; set it in the configuration or as ${variableOf(field)}`))(
    value,
  );
