import type { FallbackPolicy } from '../../domain/fallback.ts';
import type { RecordReading } from '../../domain/last-run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ProcessOrder, ProcessRunner } from '../../ports/process-runner.ts';
import type { Log } from '../log.ts';

/** How writing one of the fallback's own files ended. */
export type FileWriting = { readonly _tag: 'Written' } | { readonly _tag: 'Failed'; readonly detail: string };

/** How writing the fallback's own record ended. */
export type RecordWriting =
  | FileWriting
  /** Not in its own place, but in the one that is kept for that: on record all the same. */
  | { readonly _tag: 'Spared'; readonly detail: string };

/** How taking the fallback's own lock ended. */
export type FallbackLock =
  | {
      readonly _tag: 'Held';
      /** Lets go of the lock; a process that dies has let go of it too. */
      readonly release: () => Promise<void>;
    }
  /** Another fallback on this node is between its decision and the end of its run. */
  | { readonly _tag: 'Busy' }
  /** There is no lock to be had here: chef-client's own must do. A last resort is not disarmed by that. */
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** What the fallback needs of the world. None of these ever rejects. */
export interface FallbackDeps {
  readonly clock: Clock;
  readonly processes: ProcessRunner;
  /**
   * Looks at the Summoner's state file, which is never written here (law F3). A symbolic link, a directory and what else
   * is no plain file is `Refused`. The body is the first MiB, one character to a byte: text that is no UTF-8 is not
   * refused, since one line is all that matters.
   */
  readonly readSummonerState: () => Promise<RecordReading>;
  /** Looks at the fallback's own record, in the same way; where a disk that was full has put it elsewhere, there. */
  readonly readOwnRecord: () => Promise<RecordReading>;
  /**
   * Replaces the fallback's own record as a whole, making its directory where that is missing; where that fails, in a
   * second place on another file system (fault 39).
   */
  readonly writeOwnRecord: (text: string) => Promise<RecordWriting>;
  /** Takes a kernel lock without waiting for it: never a pid file, which outlives its writer. */
  readonly lock: () => Promise<FallbackLock>;
  /** Replaces the textfile that a metrics collector reads; one that keeps no metrics answers `Written`. */
  readonly publishMetrics: (text: string) => Promise<FileWriting>;
  readonly log: Log;
}

/** What is asked of the fallback. */
export interface FallbackOptions {
  readonly policy: FallbackPolicy;
  /** `DryRun` answers and does nothing; `Drill` acts as though overdue, up to the run itself (law F6). */
  readonly mode: 'Run' | 'DryRun' | 'Drill';
  /**
   * How chef-client is run. It must not wait for a run that is under way (`--run-lock-timeout 0`): the fallback then
   * leaves promptly, as a failed attempt (fault 48).
   */
  readonly run: ProcessOrder;
  /** Called with one of `Succeeded`, `Failed` and `Drill` and the reason after its own arguments. */
  readonly hook?: ProcessOrder;
  /** Ends the wait and the run early. */
  readonly abort?: AbortSignal;
}
