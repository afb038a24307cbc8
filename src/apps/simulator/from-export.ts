/**
 * Scenarios out of what a Librarian exported: what happens next, and what would have happened since some instant.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { AuditRecord } from '../../domain/audit-record.ts';
import { EMPTY_CONTROL_STATE, HoldField, type Rejection } from '../../domain/control-state.ts';
import { decodeWith } from '../../domain/decoding.ts';
import type { ExportedState, StartingState } from '../../domain/exported-state.ts';
import type { Hold } from '../../domain/hold.ts';
import { EnvironmentName, nameFromLiteral, Slug, StackName, Version } from '../../domain/names.ts';
import { environmentsOf, type ReleasePlan } from '../../domain/release-plan.ts';
import { DAY_MS, type EpochMs, epochMs } from '../../domain/time.ts';
import { EMPTY_MEMORY, HISTORY_MAX } from '../../domain/train-memory.ts';
import {
  FALLBACK_SETTINGS,
  LIBRARIAN_SETTINGS,
  NODE_SETTINGS,
  type NodeGroup,
  type OperatorAction,
  type OperatorDeed,
  RUN_SETTINGS,
  type Scenario,
  type ScenarioArtifact,
} from './scenario.ts';
import type { PinChange } from './simulation-result.ts';
import { type VersionHistory, versionHistory } from './version-history.ts';

/** So many nodes are in each environment of each stack, unless somebody says how many there are in all. */
const NODES_PER_PLACE = 5;

const fleetOf = (plan: ReleasePlan): readonly NodeGroup[] =>
  plan.stacks.flatMap((stack) =>
    environmentsOf(plan).map((environment) => ({ stack, environment, nodes: NODES_PER_PLACE })),
  );

const calm = (plan: ReleasePlan, startsAt: EpochMs, start: StartingState) => ({
  name: nameFromLiteral(Slug)('from-export'),
  plan,
  startsAt,
  start,
  fleet: fleetOf(plan),
  runs: RUN_SETTINGS,
  node: NODE_SETTINGS,
  fallback: FALLBACK_SETTINGS,
  librarian: LIBRARIAN_SETTINGS,
  nodeFaults: [],
  sharedFaults: [],
});

/**
 * What happens next: `state` as it is, at its instant, and a day of it unless somebody says how long. Nothing comes, nobody
 * intervenes and nothing fails.
 *
 * @param plan - the plan to go on under; the exported one, or another.
 */
export const nextScenario = (
  { at, plan: exported, control, pins, signals, artifacts }: ExportedState,
  plan: ReleasePlan = exported,
): Scenario => ({
  ...calm(plan, at, { control, pins, signals, artifacts }),
  about: `what happens next to ${exported.name}`,
  lastsMs: DAY_MS,
  artifacts: [],
  operators: [],
});

/** What the trail tells of one record: what was announced, and how it ended. */
interface Told {
  readonly record: Extract<AuditRecord, { readonly _tag: 'Intent' }>;
  readonly outcome: string;
  readonly endedAt: EpochMs;
}

const toldBy = ({ audit }: ExportedState): readonly Told[] => {
  const outcomes = new Map(
    audit.flatMap(({ record }) => (record._tag === 'Outcome' ? [[record.of, record] as const] : [])),
  );
  return audit.flatMap(({ key, record }): readonly Told[] => {
    const ended = outcomes.get(key);
    return record._tag === 'Intent' && ended !== undefined
      ? [{ record, outcome: ended.outcome, endedAt: ended.at }]
      : [];
  });
};

const read = <A>(codec: Parameters<typeof decodeWith<A, unknown>>[0], value: unknown): A | undefined =>
  O.toUndefined(O.fromEither(decodeWith(codec)(value)));

/** The pins that a promotion moved: of one that failed on some stacks, those of the others. */
const pinsMoved = ({ record, outcome, endedAt }: Told): readonly PinChange[] => {
  const { promotion, environment, version, stacks } = record.details;
  const [where, what] = [read(EnvironmentName, environment), read(Version, version)];
  if (promotion === undefined || where === undefined || what === undefined || !Array.isArray(stacks)) return [];
  const failed = outcome.startsWith('failed on ') ? outcome.slice('failed on '.length).split(', ') : [];
  if (failed.length === 0 && !outcome.startsWith('done')) return [];
  return stacks.flatMap((name): readonly PinChange[] => {
    const stack = read(StackName, name);
    return stack === undefined || failed.includes(stack)
      ? []
      : [{ at: endedAt, stack, environment: where, version: what }];
  });
};

/** Whether what somebody asked for was done, as far as the trail tells. */
const isDone = ({ outcome }: Told): boolean => /^(done|ended)/.test(outcome);

/** What somebody did, to be done again; nothing where it is not for simulated operators. */
const deedOf = ({ record }: Told, plan: ReleasePlan): OperatorDeed | undefined => {
  const { what, details, at } = record;
  const version = read(Version, details['version']);
  const isHere = (environment: EnvironmentName): boolean => environmentsOf(plan).includes(environment);
  switch (what) {
    case 'promote': {
      const [environment, stack] = [read(EnvironmentName, details['environment']), read(StackName, details['stack'])];
      if (details['promotion'] !== undefined || version === undefined || environment === undefined) return undefined;
      if (!isHere(environment)) return undefined;
      const splay = details['splaySeconds'];
      return {
        does: 'promote',
        version,
        environment,
        ...(stack === undefined ? {} : { stack }),
        ...(typeof splay === 'number' ? { splaySeconds: splay } : {}),
      };
    }
    case 'rollback': {
      const named = details['environments'];
      if (details['promotion'] !== undefined || !Array.isArray(named)) return undefined;
      const environments = named
        .map((name) => read(EnvironmentName, name))
        .filter((name) => name !== undefined)
        .filter(isHere);
      const to = read(Version, details['to']);
      return environments.length === 0
        ? undefined
        : { does: 'rollback', environments, ...(to === undefined ? {} : { to }) };
    }
    case 'reject':
    case 'approve':
      return version === undefined ? undefined : { does: what, version };
    case 'hold': {
      const hold = read(HoldField, details);
      if (hold === undefined) return undefined;
      const { id, scope, expiresAt } = hold;
      return { does: 'hold', id, scope, ...(O.isSome(expiresAt) ? { forMs: expiresAt.value - at } : {}) };
    }
    case 'lift hold': {
      const id = read(Slug, details['id']);
      return id === undefined ? undefined : { does: 'lift', id };
    }
    default:
      return undefined;
  }
};

/** The pins as they stood at `since`: what the trail says was moved before, and else what nobody has moved since. */
const pinsAt = (state: ExportedState, moved: readonly PinChange[], since: EpochMs): readonly PinChange[] =>
  [...state.pins].flatMap(([environment, pins]) =>
    [...pins].flatMap(([stack, now]): readonly PinChange[] => {
      const here = moved.filter((change) => change.stack === stack && change.environment === environment);
      const before = here.findLast(({ at }) => at <= since)?.version;
      const after = here.filter(({ at }) => at > since).map(({ version }) => version);
      const earlier = (state.control.memory.history.get(environment) ?? []).find((one) => !after.includes(one));
      const version = before ?? (after.length > 0 ? earlier : O.toUndefined(now));
      return version === undefined ? [] : [{ at: since, stack, environment, version }];
    }),
  );

const byPlace = <A>(
  pins: readonly PinChange[],
  cell: (pin: PinChange) => A,
): ReadonlyMap<EnvironmentName, ReadonlyMap<StackName, A>> => {
  const map = new Map<EnvironmentName, Map<StackName, A>>();
  for (const pin of pins) {
    const row = map.get(pin.environment) ?? new Map<StackName, A>();
    map.set(pin.environment, row.set(pin.stack, cell(pin)));
  }
  return map;
};

/** What was left behind before `since`, the most recent first: where rollbacks go to. */
const historyAt = (
  moved: readonly PinChange[],
  pins: readonly PinChange[],
  since: EpochMs,
): ReadonlyMap<EnvironmentName, readonly Version[]> => {
  const environments = [...new Set(pins.map(({ environment }) => environment))];
  return new Map(
    environments.map((environment) => {
      const now = pins.find((pin) => pin.environment === environment)?.version;
      const earlier = moved.filter((one) => one.environment === environment && one.at <= since).toReversed();
      const versions = [...new Set(earlier.map(({ version }) => version))].filter((version) => version !== now);
      return [environment, versions.slice(0, HISTORY_MAX)];
    }),
  );
};

/** The holds and rejections that stood at `since`. */
const standingAt = (state: ExportedState, told: readonly Told[], since: EpochMs) => {
  const holds = new Map<string, Hold>();
  const rejections = new Map<Version, Rejection>(
    [...state.control.rejections].filter(([, rejection]) => rejection.at <= since),
  );
  for (const one of told) {
    if (one.record.at > since || !isDone(one)) continue;
    const { what, who, why, at, details } = one.record;
    const [hold, version] = [read(HoldField, details), read(Version, details['version'])];
    if (what === 'hold' && hold !== undefined) holds.set(hold.id, hold);
    if (what === 'lift hold') holds.delete(String(details['id']));
    if (what === 'reject' && version !== undefined) rejections.set(version, { by: who, reason: why, at });
    if (what === 'approve' && version !== undefined) rejections.delete(version);
  }
  return { holds: [...holds.values()], rejections };
};

/** What would have happened, and what did. */
export interface Replayed {
  readonly scenario: Scenario;
  /** What the environments of the scenario's plan were on. */
  readonly was: VersionHistory;
}

/**
 * What would have happened from `since` on: pins, holds and rejections begin as the audit trail says they were, artifacts
 * come when they came, and people do what they did. Faults are not repeated, and what was done on single nodes is not known.
 *
 * @param plan - the plan that it would have happened under.
 */
export const replayedScenario = (
  state: ExportedState,
  since: EpochMs,
  plan: ReleasePlan = state.plan,
): E.Either<string, Replayed> => {
  if (since >= state.at) return E.left('expected an instant before the export');
  const told = toldBy(state);
  const moved = told.flatMap(pinsMoved);
  const pins = pinsAt(state, moved, since);
  const history = historyAt(moved, pins, since);
  const start: StartingState = {
    control: { ...EMPTY_CONTROL_STATE, memory: { ...EMPTY_MEMORY, history }, ...standingAt(state, told, since) },
    pins: byPlace(pins, ({ version }) => O.some(version)),
    signals: byPlace(pins, ({ version }) => ({
      version,
      timestamp: { epochSeconds: Math.floor(since / 1_000) - 1, nanoseconds: 0 },
    })),
    artifacts: state.artifacts
      .filter(({ addedAt }) => addedAt <= since)
      .map((artifact) => ({ ...artifact, completeOn: plan.stacks, unknownOn: [] })),
  };
  const artifacts = state.artifacts
    .filter(({ addedAt }) => addedAt > since && addedAt < state.at)
    .map(({ version, addedAt }): ScenarioArtifact => ({
      version,
      atMs: addedAt - since,
      bad: [],
      breaksSummoner: false,
      cookbooks: 1,
    }));
  const operators = told.flatMap((one): readonly OperatorAction[] => {
    const deed = one.record.at > since && isDone(one) ? deedOf(one, plan) : undefined;
    return deed === undefined ? [] : [{ atMs: one.record.at - since, deed }];
  });
  const later = moved.filter(({ at }) => at > since);
  return E.right({
    scenario: {
      ...calm(plan, since, start),
      about: `what would have happened to ${state.plan.name}`,
      lastsMs: epochMs(state.at - since),
      artifacts,
      operators,
    },
    was: versionHistory(plan, [...pins, ...later]),
  });
};
