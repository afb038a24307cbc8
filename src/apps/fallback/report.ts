import type { FallbackDecision, FallbackFire, FallbackWait, FireReason } from '../../domain/fallback.ts';
import { formatInstant } from '../../domain/time.ts';
import type { ProcessOutcome } from '../../ports/process-runner.ts';

/** How one call of the fallback ended. */
export type FallbackReport =
  /** Nothing was due. */
  | { readonly _tag: 'Waited'; readonly decision: FallbackWait }
  /** What it would do; nothing was done. */
  | { readonly _tag: 'DryRun'; readonly decision: FallbackDecision }
  /** Everything but the run itself was done, as though overdue. */
  | { readonly _tag: 'Drilled'; readonly decision: FallbackFire; readonly really: FallbackDecision }
  /** It was due, but another fallback is at work. */
  | { readonly _tag: 'Busy'; readonly decision: FallbackFire }
  /** It was due, and no longer is after the wait. */
  | { readonly _tag: 'HealedMeanwhile'; readonly decision: FallbackWait }
  /** The caller aborted the wait; nothing was run. */
  | { readonly _tag: 'Aborted'; readonly decision: FallbackFire }
  /** It ran chef-client. */
  | {
      readonly _tag: 'Fired';
      readonly reason: FireReason;
      readonly outcome: ProcessOutcome;
      readonly succeeded: boolean;
      /** Whether the outcome is on record; if not, the fallback may fire again sooner than its retry interval. */
      readonly recorded: boolean;
    };

/**
 * The exit code that makes every firing visible (law F6).
 *
 * 0: nothing was due. 69: the primary was unavailable, so that the fallback ran in its place, with success; a drill ends
 * so too. 1: it ran without success, or could not record it. 75: another fallback is at work, or the wait was cut short.
 */
export const fallbackExitCode = (report: FallbackReport): 0 | 1 | 69 | 75 => {
  switch (report._tag) {
    case 'Waited':
    case 'DryRun':
    case 'HealedMeanwhile':
      return 0;
    case 'Drilled':
      return 69;
    case 'Busy':
    case 'Aborted':
      return 75;
    case 'Fired':
      return report.succeeded && report.recorded ? 69 : 1;
  }
};

/** How a run ended, in a few words. */
export const describeOutcome = (outcome: ProcessOutcome): string => {
  switch (outcome._tag) {
    case 'Exited':
      return `exit status ${outcome.code}`;
    case 'Signalled':
      return `killed by ${outcome.signal}`;
    case 'Stopped':
      return outcome.cause === 'TimeLimit' ? 'stopped at its time limit' : 'stopped with the fallback';
    case 'NotStarted':
      return `never started: ${outcome.detail}`;
  }
};

/**
 * A decision in one line for people, as the script prints it.
 *
 * @param command - what a firing runs, with its arguments.
 */
export const describeDecision = (decision: FallbackDecision, command: string): string =>
  decision._tag === 'Fire'
    ? `Fire: ${decision.reason}, after ${decision.delaySeconds} s: ${command}`
    : `Wait: ${decision.reason}, until "${formatInstant(decision.retryAt)}"`;
