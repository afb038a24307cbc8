/**
 * What one section of the benchmark is: something of ours, measured against a named alternative in the same run.
 *
 * A figure in operations per second says more about the machine than about the code; a ratio of two figures taken
 * together says the same thing on every machine. So every section answers with a ratio, and tells the rest beside it.
 *
 * @module
 */

/** What a section has to reach. */
export type Goal =
  /** Ours takes at most so many times as long as the alternative. */
  | { readonly _tag: 'RatioAtMost'; readonly ratio: number }
  /** Ours does at least so much in a second, on one core. */
  | { readonly _tag: 'PerSecondAtLeast'; readonly perSecond: number };

/** What was measured: the median of all rounds. */
export interface Measurement {
  readonly _tag: 'Measured';
  /** How many times as long as the alternative ours takes; below 1 it is faster. */
  readonly ratio: number;
  /** The lowest and the highest ratio of any round: how far to trust the median. */
  readonly ratioRange: readonly [number, number];
  readonly perSecond: number;
  readonly alternativePerSecond: number;
}

/** Nothing was measured: a part is missing on this machine, or not written yet. */
export interface Skipped {
  readonly _tag: 'Skipped';
  readonly reason: string;
}

/** How much time a run may take. */
export interface Effort {
  /** So many times ours and the alternative are measured in turn. */
  readonly rounds: number;
  /** So long each of them runs in a round, in milliseconds. */
  readonly roundMs: number;
  /** So many processes of each are started, in turn, where a section measures those. */
  readonly processes: number;
}

/** One line of the benchmark. A new one is a file that exports it and a line in `sections.ts`. */
export interface Section {
  /** Names it on the command line and in the JSON. */
  readonly name: string;
  /** What of ours is measured, for people. */
  readonly what: string;
  /** What it is measured against. */
  readonly alternative: string;
  /** None where the figure is for information only. */
  readonly goal?: Goal;
  readonly measure: (effort: Effort) => Promise<Measurement | Skipped>;
}

/** Whether `measurement` reaches `goal`. */
export const isMet = (goal: Goal, measurement: Measurement): boolean => {
  switch (goal._tag) {
    case 'RatioAtMost':
      return measurement.ratio <= goal.ratio;
    case 'PerSecondAtLeast':
      return measurement.perSecond >= goal.perSecond;
  }
};
