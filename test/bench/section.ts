/**
 * What one section of the benchmark is: something of ours, measured against a named alternative in the same run.
 *
 * A figure in operations per second says more about the machine than about the code; a ratio of two figures taken
 * together says the same thing on every machine. So a section answers with a ratio, and tells the rest beside it.
 *
 * @module
 */

/** What a section has to reach. */
export type Goal =
  /** Ours takes at most so many times what the alternative takes, of time or of memory. */
  | { readonly _tag: 'RatioAtMost'; readonly ratio: number }
  /** Ours does at least so much in a second, on one core. */
  | { readonly _tag: 'PerSecondAtLeast'; readonly perSecond: number }
  /** The time grows at most with this power of the size. */
  | { readonly _tag: 'ExponentAtMost'; readonly exponent: number }
  /** Both the requests and the median delay are at most this part of the alternative's. */
  | { readonly _tag: 'PollsAtMost'; readonly ratio: number }
  /** Ours takes at most so many bytes. */
  | { readonly _tag: 'BytesAtMost'; readonly bytes: number }
  /** Ours spends at most so many seconds of CPU in a day. */
  | { readonly _tag: 'CpuPerDayAtMost'; readonly seconds: number }
  /** Each of them. */
  | { readonly _tag: 'All'; readonly goals: readonly Goal[] };

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

/** What one thing, or one process, has in memory, in bytes. */
export interface Weight {
  readonly _tag: 'Weighed';
  readonly bytes: number;
  readonly alternativeBytes: number;
}

/** What one size of something took. */
export interface GrownSize {
  readonly nodes: number;
  readonly elapsedMs: number;
  /** Node-hours. */
  readonly perSecond: number;
  readonly bytesPerNode: number;
}

/** How the time grows with the size. */
export interface Growth {
  readonly _tag: 'Grown';
  /** The power of the size with which the time grows. */
  readonly exponent: number;
  readonly sizes: readonly GrownSize[];
}

/** What a way of polling costs, and what it brings. */
export interface Polls {
  /** Requests of a node in a day. */
  readonly perNodeDay: number;
  /** From a promotion's signal to its being seen. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** The same for what people did between departures, at the worst. */
  readonly byHandMaxMs: number;
}

/** Two ways of polling. */
export interface Polled {
  readonly _tag: 'Polled';
  readonly ours: Polls;
  readonly alternative: Polls;
}

/** What two processes spend of a processor in a day, in milliseconds. */
export interface Spending {
  readonly _tag: 'Spent';
  readonly cpuMsPerDay: number;
  readonly alternativeCpuMsPerDay: number;
}

/** Anything that a section may find out. */
export type Finding = Measurement | Weight | Growth | Polled | Spending;

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
  /** So often a process polls before its memory is looked at. */
  readonly polls: number;
  /** So many nodes a simulated fleet has … */
  readonly nodes: number;
  /** … and so many times it is simulated. */
  readonly simulations: number;
  /** A large artifact has so many bytes. */
  readonly artifactBytes: number;
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
  readonly measure: (effort: Effort) => Promise<Finding | Skipped>;
}

/** Whether `finding` reaches `goal`. A goal that speaks of something else is not reached. */
export const isMet = (goal: Goal, finding: Finding): boolean => {
  switch (goal._tag) {
    case 'RatioAtMost':
      return (
        (finding._tag === 'Measured' && finding.ratio <= goal.ratio) ||
        (finding._tag === 'Weighed' && finding.bytes <= goal.ratio * finding.alternativeBytes) ||
        (finding._tag === 'Spent' && finding.cpuMsPerDay <= goal.ratio * finding.alternativeCpuMsPerDay)
      );
    case 'PerSecondAtLeast':
      return finding._tag === 'Measured' && finding.perSecond >= goal.perSecond;
    case 'ExponentAtMost':
      return finding._tag === 'Grown' && finding.exponent <= goal.exponent;
    case 'PollsAtMost':
      return (
        finding._tag === 'Polled' &&
        finding.ours.perNodeDay <= goal.ratio * finding.alternative.perNodeDay &&
        finding.ours.medianMs <= goal.ratio * finding.alternative.medianMs
      );
    case 'BytesAtMost':
      return finding._tag === 'Weighed' && finding.bytes <= goal.bytes;
    case 'CpuPerDayAtMost':
      return finding._tag === 'Spent' && finding.cpuMsPerDay <= goal.seconds * 1_000;
    case 'All':
      return goal.goals.every((each) => isMet(each, finding));
  }
};
