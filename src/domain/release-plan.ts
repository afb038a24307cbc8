/**
 * The release plan: a validated document that names the stacks and, in order, the stages through which a version
 * reaches the fleet.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedInteger, errorAt, type DocumentFault, fields, isRecord } from './decoding.ts';
import { FREEZE_FIELDS, type Freeze, FreezeField, type FreezeJson } from './freeze.ts';
import { formatHoldScope, scopeExpected } from './hold-text.ts';
import { DurationField } from './json-fields.ts';
import { EnvironmentName, Slug, StackName } from './names.ts';
import { DEPARTURE_EVERY_MS_MAX, DEPARTURE_EVERY_MS_MIN, type Schedule } from './schedule.ts';
import { SPLAY_SECONDS_MAX } from './signal.ts';
import { formatDuration, MINUTE_MS } from './time.ts';

/** What every stage has. */
interface StageBase {
  readonly name: Slug;
  /** In order; at least one. An environment belongs to one stage only. */
  readonly environments: readonly EnvironmentName[];
  readonly schedule: Schedule;
  /** The splay that goes out on the stage's signals, in seconds. */
  readonly splaySeconds: number;
}

/** Takes the newest artifact that is complete on every stack and not rejected (law T2). */
export interface LatestStage extends StageBase {
  readonly _tag: 'latest';
}

/** Takes what another environment is pinned to, at every departure (law T3). */
export interface CanaryStage extends StageBase {
  readonly _tag: 'canary';
  readonly follows: EnvironmentName;
}

/** Carries one version at a time from stop to stop: its environments, in order (laws T4 … T6). */
export interface TrainStage extends StageBase {
  readonly _tag: 'train';
  /** The environment whose version boards at the first stop. */
  readonly boards: EnvironmentName;
}

/** One step of the way that a version goes. */
export type Stage = LatestStage | CanaryStage | TrainStage;

/** How versions reach the fleet. */
export interface ReleasePlan {
  readonly name: Slug;
  /** Every stage promotes on all of these; at least one. */
  readonly stacks: readonly StackName[];
  /** In the order in which stages due at one instant act. */
  readonly stages: readonly Stage[];
  /** Environments that only people promote. */
  readonly byHand: readonly EnvironmentName[];
  /** Times in which nothing is promoted in a scope. */
  readonly freezes: readonly Freeze[];
}

/** {@link Stage} as a document has it; durations as text, such as `1h` or `30m`. */
export interface StageJson {
  readonly name: string;
  readonly kind: 'latest' | 'canary' | 'train';
  readonly environments: readonly string[];
  readonly every: string;
  /** Default `0s`. */
  readonly offset?: string;
  /** Default `10m`. */
  readonly grace?: string;
  /** Seconds; default 900. */
  readonly splay?: number;
  /** A canary's. */
  readonly follows?: string;
  /** A train's. */
  readonly boards?: string;
}

/** {@link ReleasePlan} as a document has it. */
export interface ReleasePlanJson {
  readonly name: string;
  readonly stacks: readonly string[];
  readonly stages: readonly StageJson[];
  /** Default none. */
  readonly by_hand?: readonly string[];
  /** Default none. */
  readonly freezes?: readonly FreezeJson[];
}

/** How late a departure may act unless the plan says otherwise: ten minutes (law T8). */
export const GRACE_MS_DEFAULT = 10 * MINUTE_MS;
/** The splay of a stage unless the plan says otherwise: a quarter of an hour, in seconds. */
export const STAGE_SPLAY_SECONDS_DEFAULT = 900;
/** A plan has at most so many stacks. */
export const STACKS_MAX = 100;
/** A plan has at most so many stages. */
export const STAGES_MAX = 100;
/** A plan has at most so many environments. */
export const ENVIRONMENTS_MAX = 1_000;

const STAGE_REQUIRED = {
  name: Slug,
  kind: t.keyof({ latest: null, canary: null, train: null }, '"latest", "canary" or "train"'),
  environments: t.readonlyArray(EnvironmentName, 'a list of environments'),
  every: DurationField,
};
const STAGE_OPTIONAL = {
  offset: DurationField,
  grace: DurationField,
  splay: boundedInteger('splay in seconds', 0, SPLAY_SECONDS_MAX),
  follows: EnvironmentName,
  boards: EnvironmentName,
};
const STAGE_FIELDS = Object.keys({ ...STAGE_REQUIRED, ...STAGE_OPTIONAL });
const StageWire = fields('a stage', STAGE_REQUIRED, STAGE_OPTIONAL);

const PLAN_REQUIRED = {
  name: Slug,
  stacks: t.readonlyArray(StackName, 'a list of stacks'),
  stages: t.readonlyArray(StageWire, 'a list of stages'),
};
const PLAN_OPTIONAL = {
  by_hand: t.readonlyArray(EnvironmentName, 'a list of environments'),
  freezes: t.readonlyArray(FreezeField, 'a list of freezes'),
};
const PLAN_FIELDS = Object.keys({ ...PLAN_REQUIRED, ...PLAN_OPTIONAL });
const PlanWire = fields('a release plan', PLAN_REQUIRED, PLAN_OPTIONAL);

type StageWire = t.TypeOf<typeof StageWire>;
type PlanWire = t.TypeOf<typeof PlanWire>;

/** A field that nobody knows is one that somebody relies on: `ofset: 30m` would depart at the wrong time in silence. */
const unknownFaults = (
  u: unknown,
  path: readonly (string | number)[],
  names: readonly string[],
): readonly DocumentFault[] => {
  if (!isRecord(u)) return [];
  return Object.keys(u)
    .filter((key) => !names.includes(key))
    .map((key) => ({ path: [...path, key], value: u[key], expected: `no such field; known are ${names.join(', ')}` }));
};

const allUnknownFaults = (u: unknown): readonly DocumentFault[] => [
  ...unknownFaults(u, [], PLAN_FIELDS),
  ...(isRecord(u) && Array.isArray(u['freezes'])
    ? u['freezes'].flatMap((freeze, i) => unknownFaults(freeze, ['freezes', i], FREEZE_FIELDS))
    : []),
  ...(isRecord(u) && Array.isArray(u['stages'])
    ? u['stages'].flatMap((stage, i) => unknownFaults(stage, ['stages', i], STAGE_FIELDS))
    : []),
];

const stageFaults = (stage: StageWire, index: number, known: ReadonlySet<string>): readonly DocumentFault[] => {
  const at = (field: string) => ['stages', index, field];
  const faults: DocumentFault[] = [];
  if (stage.environments.length === 0) {
    faults.push({ path: at('environments'), value: stage.environments, expected: 'at least one environment' });
  }
  if (stage.every < DEPARTURE_EVERY_MS_MIN || stage.every > DEPARTURE_EVERY_MS_MAX) {
    faults.push({ path: at('every'), value: formatDuration(stage.every), expected: 'a duration from 1m to 7d' });
  }
  if (stage.offset !== undefined && stage.offset >= stage.every) {
    faults.push({ path: at('offset'), value: formatDuration(stage.offset), expected: 'less than every' });
  }
  for (const [field, kind] of [
    ['follows', 'canary'],
    ['boards', 'train'],
  ] as const) {
    const source = stage[field];
    if (stage.kind !== kind) {
      if (source !== undefined)
        faults.push({ path: at(field), value: source, expected: `nothing: only a ${kind} has it` });
    } else if (source === undefined || !known.has(source)) {
      faults.push({ path: at(field), value: source, expected: `an environment of the plan, since this is a ${kind}` });
    } else if (stage.environments.includes(source)) {
      faults.push({ path: at(field), value: source, expected: 'an environment of another stage' });
    }
  }
  return faults;
};

const duplicateFaults = (
  names: readonly { readonly name: string; readonly path: readonly (string | number)[] }[],
  expected: string,
): readonly DocumentFault[] => {
  const seen = new Set<string>();
  return names.flatMap(({ name, path }) => {
    if (seen.has(name)) return [{ path, value: name, expected }];
    seen.add(name);
    return [];
  });
};

/** Finds a circle of stages that take from one another: such a plan would pass a version round for ever. */
const circleFaults = (stages: readonly StageWire[]): readonly DocumentFault[] => {
  const stageOf = new Map(stages.flatMap((stage) => stage.environments.map((name) => [name, stage] as const)));
  return stages.flatMap((start, index) => {
    if (start.environments.some((name) => name === (start.follows ?? start.boards))) return [];
    let stage: StageWire | undefined = start;
    for (let hops = 0; hops <= stages.length; hops++) {
      const source: EnvironmentName | undefined = stage?.follows ?? stage?.boards;
      if (source === undefined) return [];
      stage = stageOf.get(source);
      if (stage === start) {
        const field = start.follows === undefined ? 'boards' : 'follows';
        return [
          {
            path: ['stages', index, field],
            value: start[field],
            expected: 'a source that does not take from this stage itself',
          },
        ];
      }
    }
    return [];
  });
};

/** A freeze of nothing would freeze nothing, and whoever wrote it believes otherwise. */
const freezeFaults = ({ stacks, stages, by_hand: byHand = [], freezes = [] }: PlanWire): readonly DocumentFault[] => [
  ...duplicateFaults(
    freezes.map(({ name }, i) => ({ name, path: ['freezes', i, 'name'] })),
    'a name that no other freeze has',
  ),
  ...freezes.flatMap(({ scope }, i): readonly DocumentFault[] => {
    const expected = scopeExpected({ stacks, stages, byHand }, scope);
    return expected === undefined ? [] : [{ path: ['freezes', i, 'scope'], value: formatHoldScope(scope), expected }];
  }),
];

const planFaults = (plan: PlanWire): readonly DocumentFault[] => {
  const environments = [
    ...plan.stages.flatMap((stage, i) =>
      stage.environments.map((name, j) => ({ name, path: ['stages', i, 'environments', j] })),
    ),
    ...(plan.by_hand ?? []).map((name, i) => ({ name, path: ['by_hand', i] })),
  ];
  const known = new Set<string>(environments.map(({ name }) => name));
  const sizes: readonly (readonly [string, number, number, number])[] = [
    ['stacks', plan.stacks.length, 1, STACKS_MAX],
    ['stages', plan.stages.length, 1, STAGES_MAX],
    ['environments', environments.length, 1, ENVIRONMENTS_MAX],
  ];
  return [
    ...sizes
      .filter(([, size, min, max]) => size < min || size > max)
      .map(([field, size, min, max]) => ({ path: [field], value: size, expected: `${min} to ${max} ${field}` })),
    ...duplicateFaults(
      plan.stacks.map((name, i) => ({ name, path: ['stacks', i] })),
      'each stack once',
    ),
    ...duplicateFaults(
      plan.stages.map(({ name }, i) => ({ name, path: ['stages', i, 'name'] })),
      'a stage name of its own',
    ),
    ...duplicateFaults(environments, 'an environment that no other stage has'),
    ...plan.stages.flatMap((stage, i) => stageFaults(stage, i, known)),
    ...circleFaults(plan.stages),
    ...freezeFaults(plan),
  ];
};

const stageOfWire = (wire: StageWire): Stage => {
  const base: StageBase = {
    name: wire.name,
    environments: wire.environments,
    schedule: { everyMs: wire.every, offsetMs: wire.offset ?? 0, graceMs: wire.grace ?? GRACE_MS_DEFAULT },
    splaySeconds: wire.splay ?? STAGE_SPLAY_SECONDS_DEFAULT,
  };
  if (wire.kind === 'canary' && wire.follows !== undefined) return { _tag: 'canary', follows: wire.follows, ...base };
  if (wire.kind === 'train' && wire.boards !== undefined) return { _tag: 'train', boards: wire.boards, ...base };
  return { _tag: 'latest', ...base };
};

const stageToJson = (stage: Stage): StageJson => ({
  name: stage.name,
  kind: stage._tag,
  environments: stage.environments,
  every: formatDuration(stage.schedule.everyMs),
  offset: formatDuration(stage.schedule.offsetMs),
  grace: formatDuration(stage.schedule.graceMs),
  splay: stage.splaySeconds,
  ...(stage._tag === 'canary' ? { follows: stage.follows } : {}),
  ...(stage._tag === 'train' ? { boards: stage.boards } : {}),
});

/**
 * Reads and writes a {@link ReleasePlan}. Beyond each field's own form it checks what only the whole shows: names that
 * are used twice, sources that do not exist, stages that take from one another in a circle, fields that do not exist.
 */
export const ReleasePlan: t.Type<ReleasePlan, ReleasePlanJson> = new t.Type<ReleasePlan, ReleasePlanJson>(
  'ReleasePlan',
  (u): u is ReleasePlan => typeof u === 'object' && u !== null && 'stages' in u && 'byHand' in u,
  (u, context) => {
    const unknown = allUnknownFaults(u).map(errorAt(u, context));
    const decoded = PlanWire.validate(u, context);
    if (E.isLeft(decoded)) return t.failures([...decoded.left, ...unknown]);
    const wire = decoded.right;
    const errors = [...unknown, ...planFaults(wire).map(errorAt(u, context))];
    if (errors.length > 0) return t.failures(errors);
    return t.success({
      name: wire.name,
      stacks: wire.stacks,
      stages: wire.stages.map(stageOfWire),
      byHand: wire.by_hand ?? [],
      freezes: wire.freezes ?? [],
    });
  },
  (plan) => ({
    name: plan.name,
    stacks: plan.stacks,
    stages: plan.stages.map(stageToJson),
    by_hand: plan.byHand,
    ...(plan.freezes.length > 0 ? { freezes: plan.freezes.map(FreezeField.encode) } : {}),
  }),
);

/** Every environment of the plan, in its order, those that only people promote last. */
export const environmentsOf = (plan: ReleasePlan): readonly EnvironmentName[] => [
  ...plan.stages.flatMap(({ environments }) => environments),
  ...plan.byHand,
];

/** The stage that promotes `environment`; none for an environment that only people promote. */
export const stageOf = (plan: ReleasePlan, environment: EnvironmentName): Stage | undefined =>
  plan.stages.find(({ environments }) => environments.includes(environment));
