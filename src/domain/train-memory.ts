/**
 * What the release train remembers between two ticks. Everything else it sees afresh, in the pins.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName, Slug, StackName, Version } from './names.ts';
import { type EpochMs, later, plus } from './time.ts';

/**
 * A promotion of one environment that has been decided and is not known to be complete on every stack. It is written
 * down before its first effect, so whoever ticks next finishes it (laws T7 and T13).
 */
export interface Step {
  readonly version: Version;
  /** What each stack had when the step was decided; a stack that could not be read is absent. */
  readonly from: ReadonlyMap<StackName, O.Option<Version>>;
  /** The stacks that it moves: all of the plan, unless people named fewer. */
  readonly stacks: readonly StackName[];
  /**
   * The versions of steps that this one took the place of. A Librarian that was slow may still pin one of them; such a pin
   * is moved on like one that the step found. It may still want to signal one, too: where there are any, the step's signals
   * are written afresh, also where the key names its version already, so that the slow one finds another revision.
   */
  readonly overtaken: readonly Version[];
  /** The splay for the step's signals, in seconds. */
  readonly splaySeconds: number;
  /**
   * When it was decided: it tells this step from every other of its environment. Later than the steps that it took the
   * place of, however the clocks of the Librarians stand that decided those.
   */
  readonly openedAt: EpochMs;
  /** The requests of people that it comes of, as the audit trail names them; the latest first. */
  readonly requests: readonly string[];
}

/** What is decided of a {@link Step}; the rest follows from the step that it takes the place of. */
export type NewStep = Omit<Step, 'overtaken' | 'requests'>;

/** The train's memory. A value: {@link EMPTY_MEMORY} to begin with, and what a tick returned from then on. */
export interface TrainMemory {
  /** The last departure at which each stage acted (law T7). */
  readonly departed: ReadonlyMap<Slug, EpochMs>;
  /** The step that is open in an environment. */
  readonly steps: ReadonlyMap<EnvironmentName, Step>;
  /** Stops that joined a train under way, behind its front, and have not caught up (law T14). */
  readonly joined: ReadonlySet<EnvironmentName>;
  /** The versions that an environment had before, the most recent first: what a rollback goes back to (law T12). */
  readonly history: ReadonlyMap<EnvironmentName, readonly Version[]>;
}

/** A memory of nothing. */
export const EMPTY_MEMORY: TrainMemory = {
  departed: new Map(),
  steps: new Map(),
  joined: new Set(),
  history: new Map(),
};

/** So many earlier versions are remembered for each environment. */
export const HISTORY_MAX = 10;

const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> => new Map(map).set(key, value);

const without = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> => {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
};

/** Notes that `stage` has acted at `departure`. */
export const rememberDeparture = (memory: TrainMemory, stage: Slug, departure: EpochMs): TrainMemory =>
  memory.departed.get(stage) === departure
    ? memory
    : { ...memory, departed: withEntry(memory.departed, stage, departure) };

/** So many overtaken versions are remembered of one step. */
const OVERTAKEN_MAX = 10;

/** So many requests are remembered of one step. */
const REQUESTS_MAX = 10;

const overtakenBy = (version: Version, open: Step | undefined): readonly Version[] =>
  open === undefined
    ? []
    : [...new Set([open.version, ...open.overtaken])].filter((other) => other !== version).slice(0, OVERTAKEN_MAX);

const openedAfter = ({ version, openedAt }: NewStep, open: Step | undefined): EpochMs => {
  if (open === undefined) return openedAt;
  return open.version === version ? open.openedAt : later(openedAt, plus(open.openedAt, 1));
};

/**
 * Opens `step` in `environment`, in place of one that may be open there, and remembers what is left behind. One to the
 * version of the open step is that step, on other terms: it was decided when that was.
 */
export const openStep = (memory: TrainMemory, environment: EnvironmentName, step: NewStep): TrainMemory => {
  const open = memory.steps.get(environment);
  const left = [...step.from.values()].filter(O.isSome).map(({ value }) => value);
  const earlier = memory.history.get(environment) ?? [];
  const history = [...new Set([...left.filter((version) => version !== step.version), ...earlier])];
  return {
    ...memory,
    steps: withEntry(memory.steps, environment, {
      ...step,
      overtaken: overtakenBy(step.version, open),
      openedAt: openedAfter(step, open),
      requests: open?.requests ?? [],
    }),
    history: withEntry(memory.history, environment, history.slice(0, HISTORY_MAX)),
  };
};

/** Forgets the step of `environment`: it is complete, or something else took its place. */
export const closeStep = (memory: TrainMemory, environment: EnvironmentName): TrainMemory =>
  memory.steps.has(environment) ? { ...memory, steps: without(memory.steps, environment) } : memory;

/** Notes that the steps which are open in `environments` come of `request`, too. */
export const rememberRequest = (
  memory: TrainMemory,
  environments: readonly EnvironmentName[],
  request: string,
): TrainMemory => ({
  ...memory,
  steps: new Map(
    [...memory.steps].map(([environment, step]): readonly [EnvironmentName, Step] => [
      environment,
      environments.includes(environment)
        ? { ...step, requests: [request, ...step.requests].slice(0, REQUESTS_MAX) }
        : step,
    ]),
  ),
});

/** Notes that `environment` joined the train behind its front. */
export const rememberJoined = (memory: TrainMemory, environment: EnvironmentName): TrainMemory =>
  memory.joined.has(environment) ? memory : { ...memory, joined: new Set([...memory.joined, environment]) };

/** Forgets that any of `environments` joined late: the train has arrived. */
export const forgetJoined = (memory: TrainMemory, environments: readonly EnvironmentName[]): TrainMemory =>
  environments.some((environment) => memory.joined.has(environment))
    ? { ...memory, joined: new Set([...memory.joined].filter((name) => !environments.includes(name))) }
    : memory;
