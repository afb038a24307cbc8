/**
 * The one file that a forecast is made from: a plan, pins, artifacts, holds and a time, in the words of the release plan,
 * the control state and the reports.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { type Artifact, catalogueOf } from './catalogue.ts';
import { HoldScopeField, Person, Reason, StepField } from './control-state.ts';
import { errorAt, type DocumentFault, isRecord } from './decoding.ts';
import { type Announcements, type Forecast, forecast } from './forecast.ts';
import type { Hold, HoldScope } from './hold.ts';
import { checkHoldScope, formatHoldScope, HoldScopeText } from './hold-text.ts';
import {
  boundedDuration,
  defaultedField,
  exactFields,
  InstantField,
  listField,
  mapField,
  optionField,
  presentField,
} from './json-fields.ts';
import { EnvironmentName, Slug, StackName, Version } from './names.ts';
import type { Pins } from './pins.ts';
import { environmentsOf, ReleasePlan } from './release-plan.ts';
import { DAY_MS, DURATION_MS_MAX, type EpochMs, formatInstant, plus } from './time.ts';
import type { TickView } from './tick.ts';
import { EMPTY_MEMORY, type Step } from './train-memory.ts';

/** How far a forecast looks ahead unless it is told: a week, in milliseconds. */
export const FORECAST_HORIZON_MS_DEFAULT = 7 * DAY_MS;

/** A file announces at most so many artifacts, and so many holds. */
export const FORECAST_ENTRIES_MAX = 1_000;

/** What an environment is pinned to: one version on every stack, or for each stack a version or nothing. */
export type PinEntry = Version | ReadonlyMap<StackName, O.Option<Version>>;

const PinsByStack = mapField(StackName, optionField(Version));

const PinField = new t.Type<PinEntry, string | Readonly<Record<string, string | null>>>(
  'a version, or an object of version by stack',
  (u): u is PinEntry => Version.is(u) || PinsByStack.is(u),
  (u, context) => (isRecord(u) ? PinsByStack.validate(u, context) : Version.validate(u, context)),
  (pin) => (typeof pin === 'string' ? Version.encode(pin) : PinsByStack.encode(pin)),
);

/** A scope as the command line has it, such as `stage:canary`; read also in the form in which reports write it. */
export const ScopeField: t.Type<HoldScope, string> = new t.Type<HoldScope, string>(
  HoldScopeText.name,
  (u): u is HoldScope => HoldScopeField.is(u),
  (u, context) => (isRecord(u) ? HoldScopeField.validate(u, context) : HoldScopeText.validate(u, context)),
  HoldScopeText.encode,
);

const ArtifactEntry = exactFields('an artifact', {
  version: Version,
  at: optionField(InstantField),
  complete_on: optionField(t.readonlyArray(StackName, 'a list of stacks')),
  rejected: defaultedField<boolean, boolean>(t.boolean, false),
});

const HoldEntry = exactFields('a hold', {
  id: Slug,
  scope: ScopeField,
  reason: Reason,
  owner: Person,
  at: optionField(InstantField),
  expires_at: optionField(InstantField),
});

/** An artifact that exists, or comes to exist `at` an instant. */
export interface ForecastArtifact {
  readonly version: Version;
  /** From when on the rest holds; none: already. */
  readonly at: O.Option<EpochMs>;
  /** The stacks on which every cookbook of it is uploaded; none: all of the plan. */
  readonly complete_on: O.Option<readonly StackName[]>;
  readonly rejected: boolean;
}

/** A hold that stands, or is set `at` an instant. */
export interface ForecastHold {
  readonly id: Slug;
  readonly scope: HoldScope;
  readonly reason: string;
  readonly owner: string;
  /** From when on it holds; none: already. */
  readonly at: O.Option<EpochMs>;
  /** None: until it is lifted. */
  readonly expires_at: O.Option<EpochMs>;
}

/** What is asked of a forecast, as the file says it. */
export interface ForecastRequest {
  readonly plan: ReleasePlan;
  /** The instant that the rest describes, and at which the forecast begins. */
  readonly at: EpochMs;
  /** How far to look, as an instant or from `at` on in milliseconds; with neither, {@link FORECAST_HORIZON_MS_DEFAULT}. */
  readonly until: O.Option<EpochMs>;
  readonly horizon: O.Option<number>;
  /** An environment that is absent or none is new: nothing was ever promoted to it. */
  readonly pins: ReadonlyMap<EnvironmentName, O.Option<PinEntry>>;
  readonly artifacts: readonly ForecastArtifact[];
  readonly holds: readonly ForecastHold[];
  /** The last departure at which each stage acted. A departure that is due at `at` acts unless it stands here (law T7). */
  readonly departed: ReadonlyMap<Slug, EpochMs>;
  /** The steps that are open. */
  readonly steps: ReadonlyMap<EnvironmentName, Step>;
  /** The stops that joined a train under way and have not caught up (law T14). */
  readonly joined: readonly EnvironmentName[];
}

const Document: t.Type<ForecastRequest, object> = exactFields('a forecast', {
  plan: ReleasePlan,
  at: InstantField,
  until: optionField(InstantField),
  horizon: optionField(boundedDuration(1, DURATION_MS_MAX)),
  pins: presentField(mapField(EnvironmentName, optionField(PinField))),
  artifacts: t.readonlyArray(ArtifactEntry, 'a list of artifacts'),
  holds: listField(HoldEntry),
  departed: mapField(Slug, InstantField),
  steps: mapField(EnvironmentName, StepField),
  joined: listField(EnvironmentName),
});

type Path = readonly (string | number)[];

const oneOf = (path: Path, value: string, known: readonly string[]): readonly DocumentFault[] =>
  known.includes(value) ? [] : [{ path, value, expected: `one of ${known.join(', ')}, which the plan names` }];

const timeFaults = ({ at, until, horizon }: ForecastRequest): readonly DocumentFault[] => {
  if (O.isNone(until)) return [];
  const value = formatInstant(until.value);
  if (O.isSome(horizon)) return [{ path: ['until'], value, expected: 'either until or horizon' }];
  return until.value > at && until.value <= plus(at, DURATION_MS_MAX)
    ? []
    : [{ path: ['until'], value, expected: `an instant after at (${formatInstant(at)}), by at most ten years` }];
};

const pinFaults = ({ plan, pins }: ForecastRequest): readonly DocumentFault[] =>
  [...pins].flatMap(([environment, entry]) => {
    const path = ['pins', environment];
    const unknown = oneOf(path, environment, environmentsOf(plan));
    if (O.isNone(entry) || typeof entry.value === 'string') return unknown;
    const byStack = entry.value;
    return [
      ...unknown,
      ...[...byStack.keys()].flatMap((stack) => oneOf([...path, stack], stack, plan.stacks)),
      // Reports leave out a stack that does not answer. What it is pinned to is not known, and must not be guessed.
      ...plan.stacks
        .filter((stack) => !byStack.has(stack))
        .map((stack) => ({ path: [...path, stack], value: undefined, expected: 'a version, or null if it has none' })),
    ];
  });

const artifactFaults = ({ plan, artifacts }: ForecastRequest): readonly DocumentFault[] => {
  const seen = new Set<string>();
  return artifacts.flatMap(({ version, at, complete_on: completeOn }, i) => {
    const entry = `${version} ${O.isSome(at) ? at.value : ''}`;
    const isTwice = seen.has(entry);
    seen.add(entry);
    const stacks = O.isSome(completeOn) ? completeOn.value : [];
    return [
      ...(isTwice
        ? [{ path: ['artifacts', i, 'version'], value: version, expected: 'each version once at one instant' }]
        : []),
      ...stacks.flatMap((stack, j) => oneOf(['artifacts', i, 'complete_on', j], stack, plan.stacks)),
    ];
  });
};

const holdFaults = ({ plan, holds }: ForecastRequest): readonly DocumentFault[] => {
  const seen = new Set<string>();
  return holds.flatMap(({ id, scope, at, expires_at: expiresAt }, i) => {
    const isTwice = seen.has(id);
    seen.add(id);
    const isBackwards = O.isSome(at) && O.isSome(expiresAt) && expiresAt.value <= at.value;
    return [
      ...(isTwice ? [{ path: ['holds', i, 'id'], value: id, expected: 'an id of its own' }] : []),
      ...(E.isLeft(checkHoldScope(plan, scope))
        ? [{ path: ['holds', i, 'scope'], value: formatHoldScope(scope), expected: `a ${scope._tag} of the plan` }]
        : []),
      ...(isBackwards
        ? [
            {
              path: ['holds', i, 'expires_at'],
              value: formatInstant(expiresAt.value),
              expected: `an instant after at (${formatInstant(at.value)})`,
            },
          ]
        : []),
    ];
  });
};

const memoryFaults = ({ plan, departed, steps, joined }: ForecastRequest): readonly DocumentFault[] => {
  const environments = environmentsOf(plan);
  const stages = plan.stages.map(({ name }) => name);
  return [
    ...[...departed.keys()].flatMap((stage) => oneOf(['departed', stage], stage, stages)),
    ...[...steps].flatMap(([environment, step]) => [
      ...oneOf(['steps', environment], environment, environments),
      ...step.stacks.flatMap((stack, i) => oneOf(['steps', environment, 'stacks', i], stack, plan.stacks)),
    ]),
    ...joined.flatMap((environment, i) => oneOf(['joined', i], environment, environments)),
  ];
};

const sizeFaults = ({ artifacts, holds }: ForecastRequest): readonly DocumentFault[] =>
  [
    { path: ['artifacts'], value: artifacts.length },
    { path: ['holds'], value: holds.length },
  ]
    .filter(({ value }) => value > FORECAST_ENTRIES_MAX)
    .map((one) => ({ ...one, expected: `at most ${FORECAST_ENTRIES_MAX} of them` }));

/**
 * Reads and writes a {@link ForecastRequest}. A field that does not exist, a name that the plan does not have and a time
 * that ends before it begins are errors: what was meant would be missing from the forecast in silence.
 */
export const ForecastRequest: t.Type<ForecastRequest, object> = new t.Type<ForecastRequest, object>(
  'ForecastRequest',
  (u): u is ForecastRequest => Document.is(u),
  (u, context) => {
    const decoded = Document.validate(u, context);
    if (E.isLeft(decoded)) return decoded;
    const errors = [timeFaults, pinFaults, artifactFaults, holdFaults, memoryFaults, sizeFaults].flatMap((faultsOf) =>
      faultsOf(decoded.right).map(errorAt(u, context)),
    );
    return errors.length === 0 ? decoded : t.failures(errors);
  },
  (request) => Document.encode(request),
);

const pinsOf = ({ plan, pins }: ForecastRequest): Pins =>
  new Map(
    environmentsOf(plan).map((environment) => {
      const entry = O.toUndefined(pins.get(environment) ?? O.none);
      return [
        environment,
        new Map(
          plan.stacks.map((stack) => [
            stack,
            entry === undefined ? O.none : typeof entry === 'string' ? O.some(entry) : (entry.get(stack) ?? O.none),
          ]),
        ),
      ];
    }),
  );

const artifactOf = (plan: ReleasePlan, { version, complete_on: completeOn, rejected }: ForecastArtifact): Artifact => ({
  version,
  completeOn: O.isSome(completeOn) ? completeOn.value : plan.stacks,
  rejected,
});

const holdOf = ({ id, scope, reason, owner, expires_at: expiresAt }: ForecastHold): Hold => ({
  id,
  scope,
  reason,
  owner,
  expiresAt,
});

const isNow = ({ at }: { readonly at: O.Option<EpochMs> }): boolean => O.isNone(at);

/** What the request says stands at its beginning. */
export const requestedView = (request: ForecastRequest): TickView => {
  const { plan, at, artifacts, holds, departed, steps, joined } = request;
  return {
    plan,
    pins: pinsOf(request),
    catalogue: catalogueOf(
      plan.stacks,
      artifacts.filter(isNow).map((artifact) => artifactOf(plan, artifact)),
    ),
    holds: holds.filter(isNow).map(holdOf),
    memory: { ...EMPTY_MEMORY, departed, steps, joined: new Set(joined) },
    now: at,
  };
};

/** What the request says is to come. */
export const requestedAnnouncements = ({ plan, artifacts, holds }: ForecastRequest): Announcements => ({
  artifacts: artifacts.flatMap((artifact) =>
    O.isSome(artifact.at) ? [{ at: artifact.at.value, artifact: artifactOf(plan, artifact) }] : [],
  ),
  holds: holds.flatMap((hold) => (O.isSome(hold.at) ? [{ at: hold.at.value, hold: holdOf(hold) }] : [])),
});

/** How far the request looks. */
export const requestedUntil = ({ at, until, horizon }: ForecastRequest): EpochMs =>
  O.isSome(until) ? until.value : plus(at, O.getOrElse(() => FORECAST_HORIZON_MS_DEFAULT)(horizon));

/** Forecasts what was requested, up to `until`. */
export const forecastOf = (request: ForecastRequest, until: EpochMs = requestedUntil(request)): Forecast =>
  forecast(requestedView(request), until, requestedAnnouncements(request));
