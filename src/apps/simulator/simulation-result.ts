/**
 * What a simulation answers: what happened, whether every law held, and what can be drawn of it.
 *
 * @module
 */
import type { EnvironmentName, NodeName, StackName, Version } from '../../domain/names.ts';
import type { EpochMs } from '../../domain/time.ts';

/** A law that was broken. */
export interface Violation {
  /** The law's id, such as `N6`. */
  readonly law: string;
  readonly at: EpochMs;
  /** A node, or `stack/environment`, or a stage. */
  readonly where: string;
  /** One line for people. */
  readonly what: string;
}

/** How the simulation went through time: every poll, or only the instants at which a decision can change. */
export type SimulationMode = 'poll' | 'skip';

/** What happened, counted. */
export interface Counts {
  readonly ticks: number;
  readonly promotions: number;
  readonly signals: number;
  /** Runs that the Summoners started, by cause: the tags of `RunCause`. */
  readonly runsByCause: Readonly<Record<string, number>>;
  /** Runs that the fallbacks started. */
  readonly fallbackRuns: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Summoners that were broken and worked again after a run. */
  readonly healed: number;
  /** Faults that struck, by kind. */
  readonly faults: Readonly<Record<string, number>>;
}

/** From `at` on, the environment is pinned to `version` on `stack`. */
export interface PinChange {
  readonly at: EpochMs;
  readonly stack: StackName;
  readonly environment: EnvironmentName;
  readonly version: Version;
}

/** The series of one Chef server, one number for each step of {@link Timeline.stepMs}. */
export interface LoadSeries {
  readonly stack: StackName;
  /** The most runs that were under way at once within the step. */
  readonly runs: readonly number[];
  /** How many there would be if the runs that were owed lay spread perfectly over their splay. */
  readonly floor: readonly number[];
}

/** The series of one environment, one number for each step of {@link Timeline.stepMs}. */
export interface ConvergenceSeries {
  readonly environment: EnvironmentName;
  /** All its nodes. */
  readonly nodes: number;
  /** How many are on the version that their stack pins it to, at the end of the step. */
  readonly converged: readonly number[];
}

/** A fault of what nodes share, an operator's deed, or a law that was broken, on the time line. */
export interface Mark {
  readonly at: EpochMs;
  /** Its end, where it lasts. */
  readonly until?: EpochMs;
  readonly kind: 'fault' | 'operator' | 'violation';
  /** One line for people. */
  readonly label: string;
}

/** What can be drawn of a simulation. */
export interface Timeline {
  readonly startsAt: EpochMs;
  readonly endsAt: EpochMs;
  readonly stepMs: number;
  readonly pins: readonly PinChange[];
  readonly convergence: readonly ConvergenceSeries[];
  readonly load: readonly LoadSeries[];
  /** Firings of the fallback in each step. */
  readonly firings: readonly number[];
  /** Faults of single nodes in each step. */
  readonly nodeFaults: readonly number[];
  readonly marks: readonly Mark[];
}

/**
 * How far apart the successes of single nodes lay. What a scenario has installed counts as a success at its start; before
 * the first success of a node there is no gap.
 */
export interface Gaps {
  /** The n-th number: how many gaps between two successes were at least n and less than n + 1 hours long. */
  readonly byHour: readonly number[];
  /** The longest gap between two successes, or from the last success of a node to the end, in milliseconds. */
  readonly longestMs: number;
  /** The node of the longest gap; undefined: none has succeeded. */
  readonly longestOn: NodeName | undefined;
  /** Whether the longest gap had not ended when the scenario did: it is no part of {@link Gaps.byHour} then. */
  readonly isLongestOpen: boolean;
  /** The window that they are measured against, in milliseconds. */
  readonly windowMs: number;
}

/** What a simulation answers. */
export interface SimulationResult {
  readonly scenario: string;
  readonly about: string;
  readonly seed: number;
  readonly mode: SimulationMode;
  readonly nodes: number;
  /** Of the whole history: equal for the same scenario and seed, wherever and in whichever mode. */
  readonly traceHash: string;
  readonly counts: Counts;
  readonly gaps: Gaps;
  /** The first of them, in order of time; {@link violationCount} counts all. */
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly timeline: Timeline;
}
