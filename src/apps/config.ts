/**
 * The configuration: one document, YAML or JSON, with every field also as an environment variable. Read and checked
 * before anything starts; a field that nobody knows is an error, because it is a field that somebody relies on.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import type { ApplierName } from '../domain/applier.ts';
import { boundedInteger, decodeWith, formatFieldErrors, isRecord, refinedText } from '../domain/decoding.ts';
import { boundedDuration, defaultedField, exactFields, mapField, optionField } from '../domain/json-fields.ts';
import { EnvironmentName, NodeName, StackName } from '../domain/names.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../domain/time.ts';
import { ChefServerPlace } from './chef-servers/chef-server-place.ts';
import { badData, type Failure } from './failure.ts';
import { AuthField } from './librarian/http/auth-settings.ts';
import { exposureFault } from './librarian/http/exposure.ts';
import { HTTP_LIMITS_DEFAULT } from './librarian/http/http-options.ts';
import { formatListenAddress, isLoopback, LISTEN_DEFAULT, ListenAddress } from './listen-address.ts';
import { NotifyField } from './notifiers/notify-settings.ts';
import { isPath, Place } from './places/place.ts';

const Path = refinedText<string>('path', 'a path or file: URL', isPath);

/** An address or a name that is checked where it is used. */
const Text = refinedText<string>('text', 'text of 1 to 1024 characters', ({ length }) => length > 0 && length <= 1024);

/** How often a daemon looks: more often only burns the machine, less often misses what it looks for. */
const Interval = boundedDuration(SECOND_MS, HOUR_MS);
/** How long a run may take: a shorter one would kill every run, a longer one is no limit. */
const RunTimeLimit = boundedDuration(SECOND_MS, DAY_MS);
/** How long a run has to end by itself before it is killed. */
const RunGrace = boundedDuration(SECOND_MS, HOUR_MS);
/** How long a promotion may be under way: shorter than a stack takes, and all of them are stuck. */
const StuckAfter = boundedDuration(MINUTE_MS, 30 * DAY_MS);
/** How long a node may go without a run. */
const Window = boundedDuration(MINUTE_MS, 30 * DAY_MS);
/** How much earlier than that it may start; the window itself bounds it further. */
const Lead = boundedDuration(0, 30 * DAY_MS);
/** How far clocks may differ. */
const ClockTolerance = boundedDuration(0, HOUR_MS);
const ApplierField: t.Type<ApplierName, string> = t.keyof(
  { chef: null, cinc: null, puppet: null, salt: null, ansible: null },
  'chef, cinc, puppet, salt or ansible',
);
/** What is run, without a shell. */
const Command = t.readonlyArray(t.string, 'a list of texts: an executable and its arguments');
/** How long to wait after a failure. */
const Backoff = boundedDuration(SECOND_MS, DAY_MS);

const fields = {
  /** The release plan: a file beside this one. */
  plan: optionField(Path),
  bus: optionField(Place),
  /** The Librarian's state store. */
  state: optionField(Place),
  artifacts: optionField(Place),
  /** Where artifacts appear that the service takes in by itself; by default it watches nothing. */
  watch: optionField(Place),
  /** How often it looks there. */
  watch_every: defaultedField(Interval, MINUTE_MS),
  /** The directory where artifacts arrive. */
  spool: optionField(Path),
  /** Of buckets on S3; by default as the SDK finds it. */
  s3_region: optionField(Text),
  /** Another server than Amazon's. */
  s3_endpoint: optionField(Text),
  /** `https://server/bucket/key`, as most other servers want it. */
  s3_path_style: defaultedField(t.boolean, false),
  /** A profile of the AWS configuration files. */
  s3_profile: optionField(Text),
  /** A role to assume before anything is asked. */
  s3_role_arn: optionField(Text),
  /** What the owner of that role asks of foreign callers. */
  s3_external_id: optionField(Text),
  /** Lets requests leave this machine without TLS. */
  s3_allow_http: defaultedField(t.boolean, false),
  /** Another server than Google's. */
  gcs_endpoint: optionField(Text),
  /** Lets requests leave this machine without TLS. */
  gcs_allow_http: defaultedField(t.boolean, false),
  /** Stack → chef-repo directory, or Chef Infra Server. */
  chef_servers: mapField(StackName, ChefServerPlace),
  /** What signals name as `s3_bucket`; by default that of `artifacts`: see {@link bucketInSignals}. */
  bucket: optionField(refinedText<string>('bucket', 'a bucket name', (text) => text.length <= 255)),
  /** Where the service listens; on this machine only, unless `auth` says who may come in. */
  listen: defaultedField(ListenAddress, LISTEN_DEFAULT),
  /** Who may do what over HTTP. */
  auth: optionField(AuthField),
  /** The certificate chain of the service and its private key, as PEM. */
  tls: optionField(exactFields('tls', { certificate: Path, key: Path })),
  /** Whether a proxy that speaks TLS stands in front of the service. */
  behind_proxy: defaultedField(t.boolean, false),
  /** The largest artifact that is taken over HTTP, in bytes. */
  artifact_bytes_max: defaultedField(boundedInteger('bytes', 1, 2 ** 40), HTTP_LIMITS_DEFAULT.artifactBytesMax),
  /** How many requests a client may make in a minute. */
  requests_per_minute: defaultedField(boundedInteger('requests', 1, 1_000_000), HTTP_LIMITS_DEFAULT.requestsPerMinute),
  /** Who is told of what happens. */
  notify: NotifyField,
  /** How long a promotion may be under way before it is called stuck. */
  stuck_after: defaultedField(StuckAfter, 30 * MINUTE_MS),
  /** How often the service ticks. */
  tick_every: defaultedField(Interval, MINUTE_MS),
  node: optionField(NodeName),
  stack: optionField(StackName),
  environment: optionField(EnvironmentName),
  /** Written by bootstrap; names node, stack and environment where those are not given. */
  node_file: defaultedField(Path, '/etc/signalbox/node.json'),
  /** The directory of the node's own state. */
  node_state: defaultedField(Path, '/var/lib/signalbox'),
  /** A textfile for the collector of a node's metrics, which the Summoner keeps up to date; its name ends in `.prom`. */
  metrics_file: optionField(Path),
  /** Where the Summoner answers `GET /metrics`; on this machine only. */
  metrics_listen: optionField(ListenAddress),
  /** The fallback's own record, whose success counts for the floor. */
  fallback_record: defaultedField(Path, '/var/lib/signalbox-fallback/record'),
  /** Where that record lies while the disk of its own place is full. */
  fallback_spare_record: defaultedField(Path, '/run/signalbox-fallback/record'),
  /** The zone map that bootstrap assigns by. */
  zones: optionField(Path),
  /** Where bootstrap writes chef-client's drop-in. */
  client_d: defaultedField(Path, '/etc/chef/client.d'),
  /** Is told how a bootstrap ended, as JSON on its input: an executable and its arguments, no shell line. */
  bootstrap_hook: defaultedField(Command, []),
  /** Who applies the configuration: what its exit codes mean, and how it is called. */
  applier: defaultedField(ApplierField, 'chef'),
  /** The converge: an executable and its arguments; by default what the applier is called by. */
  command: optionField(Command),
  /** `child`: a run is a process of the Summoner's; `unit`: a unit of systemd, which outlives the Summoner. */
  run_in: defaultedField(t.keyof({ child: null, unit: null }, 'child or unit'), 'child'),
  run_time_limit: defaultedField(RunTimeLimit, 2 * HOUR_MS),
  run_grace: defaultedField(RunGrace, MINUTE_MS),
  /** Between two looks at the bus where the departures are unknown. */
  poll_every: defaultedField(Interval, MINUTE_MS),
  /** Just after a departure; by default 20 seconds, and no more than `poll_every`. */
  poll_soon: optionField(Interval),
  /** At most, so long a run request may go unseen; by default five minutes, and no less than `poll_every`. */
  poll_idle: optionField(Interval),
  window: defaultedField(Window, 12 * HOUR_MS),
  lead: defaultedField(Lead, 30 * MINUTE_MS),
  clock_tolerance: defaultedField(ClockTolerance, 5 * MINUTE_MS),
  catch_up_splay: defaultedField(boundedInteger('splay in seconds', 0, 86_400), 300),
  attempts_max: defaultedField(boundedInteger('attempts', 1, 100), 5),
  backoff_base: defaultedField(Backoff, MINUTE_MS),
  backoff_cap: defaultedField(Backoff, 30 * MINUTE_MS),
};

/** Whose text in a variable is read as the document would read it; all others are text, digits or not. */
const PARSED_FIELDS = [
  'chef_servers',
  'notify',
  'auth',
  'tls',
  'behind_proxy',
  'artifact_bytes_max',
  'requests_per_minute',
  's3_path_style',
  's3_allow_http',
  'gcs_allow_http',
  'command',
  'bootstrap_hook',
  'catch_up_splay',
  'attempts_max',
];

const Document = exactFields('configuration', fields);

/** The configuration, every default filled in. */
export type Config = t.TypeOf<typeof Document>;

/** The environment variable of a field: `poll_every` is `SIGNALBOX_POLL_EVERY`. */
const variableOf = (field: string): string => `SIGNALBOX_${field.toUpperCase()}`;

type Environment = Readonly<Record<string, string | undefined>>;
/** Reads the text of a structured variable, as the document's own parser would; the error is one line. */
type Parse = (text: string) => E.Either<string, unknown>;

/**
 * Variables that are not fields: where the configuration is, the fallback's and the tests' own, and those that Kubernetes
 * gives to every pod beside a service whose name begins with `signalbox`.
 */
const OTHER_VARIABLES =
  /^SIGNALBOX_(?:CONFIG$|FALLBACK_|TEST_|(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)\w*)?)$)/;

const checkVariables = (environment: Environment): E.Either<Failure, Environment> => {
  const known = Object.keys(fields).map(variableOf);
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith('SIGNALBOX_') && !known.includes(name) && !OTHER_VARIABLES.test(name),
  );
  return unknown.length === 0
    ? E.right(environment)
    : E.left(badData(`${unknown.join(', ')}: no such variable; the variables are ${known.join(', ')}`));
};

const fromEnvironment = (
  environment: Environment,
  parse: Parse,
): E.Either<Failure, Readonly<Record<string, unknown>>> => {
  const given: Record<string, unknown> = {};
  for (const field of Object.keys(fields)) {
    const text = environment[variableOf(field)];
    if (text === undefined) continue;
    const value = PARSED_FIELDS.includes(field) ? parse(text) : E.right(text);
    if (E.isLeft(value)) return E.left(badData(`${field}: ${variableOf(field)}: ${value.left}`));
    given[field] = value.right;
  }
  return E.right(given);
};

const checkTimes = (config: Config): E.Either<Failure, Config> => {
  if (config.lead >= config.window) return E.left(badData('lead: expected less than window'));
  const { poll_soon: soon, poll_every: every, poll_idle: idle } = config;
  if (O.isSome(soon) && soon.value > every) return E.left(badData('poll_soon: expected at most poll_every'));
  if (O.isSome(idle) && idle.value < every) return E.left(badData('poll_idle: expected at least poll_every'));
  if (config.backoff_base > config.backoff_cap) return E.left(badData('backoff_base: expected at most backoff_cap'));
  return E.right(config);
};

const checkMetrics = (config: Config): E.Either<Failure, Config> => {
  const { metrics_file: file, metrics_listen: listen } = config;
  if (O.isSome(file) && !file.value.endsWith('.prom')) {
    return E.left(badData('metrics_file: expected a name that ends in .prom, since collectors read no other'));
  }
  if (O.isSome(listen) && !isLoopback(listen.value.host)) {
    return E.left(
      badData(
        `metrics_listen: expected an address of this machine, such as 127.0.0.1:9470, got ${formatListenAddress(listen.value)}`,
      ),
    );
  }
  return E.right(config);
};

const checkRole = (config: Config): E.Either<Failure, Config> =>
  O.isSome(config.s3_external_id) && O.isNone(config.s3_role_arn)
    ? E.left(badData('s3_external_id: expected s3_role_arn beside it, since only a role asks for one'))
    : E.right(config);

const checkExposure = (config: Config): E.Either<Failure, Config> => {
  const fault = exposureFault(config);
  return fault === undefined ? E.right(config) : E.left(badData(fault));
};

/** Reads the configuration from a parsed document and the process's environment, which goes before the document. */
export const decodeConfig = (document: unknown, environment: Environment, parse: Parse): E.Either<Failure, Config> => {
  const given = document ?? {};
  if (!isRecord(given)) {
    return E.left(badData('configuration: expected fields and values, such as `bus: /var/lib/bus`'));
  }
  const variables = E.chain((known: Environment) => fromEnvironment(known, parse))(checkVariables(environment));
  if (E.isLeft(variables)) return variables;
  const decoded = decodeWith(Document)({ ...given, ...variables.right });
  if (E.isLeft(decoded)) return E.left(badData(formatFieldErrors(decoded.left)));
  return E.chain(checkExposure)(E.chain(checkMetrics)(E.chain(checkRole)(checkTimes(decoded.right))));
};

/** What signals say where artifacts are kept in no bucket, and nobody has named one. */
const BUCKET_DEFAULT = 'signalbox';

/** What signals name as `s3_bucket`: the bucket that is configured as such, or else the one that artifacts are kept in. */
export const bucketInSignals = ({ bucket, artifacts }: Config): string => {
  if (O.isSome(bucket)) return bucket.value;
  return O.isSome(artifacts) && artifacts.value._tag !== 'Files' ? artifacts.value.bucket : BUCKET_DEFAULT;
};

/** The value of a field that the command at hand cannot do without. */
export const required = <A>(field: keyof Config, value: O.Option<A>): E.Either<Failure, A> =>
  E.fromOption(() => badData(`${field}: expected a value; set it in the configuration or as ${variableOf(field)}`))(
    value,
  );
