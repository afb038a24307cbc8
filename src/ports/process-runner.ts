/** One process to run. */
export interface ProcessOrder {
  /** Tells this run from every other, for people and for {@link ProcessRunner.takeUp}; one line. Absent: nobody has to. */
  readonly title?: string;
  /** An executable, by path or by a name on the `PATH`; never a shell line. */
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it may read from its standard input, which then ends; absent: nothing. Whether it does read is its own affair. */
  readonly input?: string;
  /** After so many milliseconds the process group gets SIGINT, which stops chef-client at once. */
  readonly timeLimitMs: number;
  /** So many milliseconds after SIGINT, whatever is left of the group gets SIGKILL. */
  readonly graceMs: number;
  /** The last so many bytes of output are kept for the report; all of it is drained. */
  readonly outputTailBytes: number;
}

/** How a process ended. */
export type ProcessOutcome =
  | { readonly _tag: 'Exited'; readonly code: number; readonly outputTail: string }
  /** Ended by a signal that we did not send. */
  | { readonly _tag: 'Signalled'; readonly signal: string; readonly outputTail: string }
  /** Ended by us: over its time limit, or because the caller aborted. */
  | { readonly _tag: 'Stopped'; readonly cause: 'TimeLimit' | 'Aborted'; readonly outputTail: string }
  /** It never ran: missing, not executable, or no resources to start it. */
  | { readonly _tag: 'NotStarted'; readonly detail: string };

/** A process that somebody else has started. */
export interface TakenUp {
  /** How it ends, or has ended. Never rejects. */
  readonly outcome: Promise<ProcessOutcome>;
}

/** Runs one process to its end. */
export interface ProcessRunner {
  /**
   * Resolves at the process's exit, not when its pipes close: a grandchild may hold those for ever. A group that was
   * stopped is first waited for, at most until the end of its grace, so that nothing of it runs on beside the next run.
   * Never rejects.
   *
   * @param abort - ends the process early, in the same two steps as the time limit.
   */
  readonly run: (order: ProcessOrder, abort?: AbortSignal) => Promise<ProcessOutcome>;
  /**
   * Takes up the process of an order that was given in an earlier life of ours, known by its title: one that goes on, or
   * whose end nobody has heard of yet; nothing where there is none. Absent where no process outlives who ordered it.
   */
  readonly takeUp?: (order: ProcessOrder, abort?: AbortSignal) => Promise<TakenUp | undefined>;
}
