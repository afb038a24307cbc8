/**
 * A firing of the fallback as a machine: what it does, one thing at a time, each told of what came of the one before. It
 * waits its place in the splay, looks again, records the attempt, runs chef-client, and records how that ended.
 *
 * Nothing here waits, reads or writes: a shell carries out the orders over its dependencies, and the simulator over its
 * own world.
 *
 * @module
 */
import {
  type FallbackDecision,
  fallbackDecision,
  type FallbackFire,
  type FallbackPolicy,
  type FallbackWait,
} from '../../domain/fallback.ts';
import { afterAttempt, afterLook, afterSuccess, type FallbackRecord } from '../../domain/fallback-record.ts';
import type { LastRun } from '../../domain/last-run.ts';
import { runOutcomeOf } from '../../domain/run-outcome.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { ProcessOutcome } from '../../ports/process-runner.ts';

/** One decision, with what it was taken from. */
export interface Look {
  readonly now: EpochMs;
  /** The fallback's own record, as it is to be from now on. */
  readonly own: FallbackRecord;
  /** Whether that is another than the one that lies there. */
  readonly isNews: boolean;
  readonly decision: FallbackDecision;
}

/** Decides from what the two records show. */
export const lookOf = (policy: FallbackPolicy, lastRun: LastRun, record: FallbackRecord, now: EpochMs): Look => {
  const own = afterLook(record, lastRun, policy.thresholdSeconds, now);
  return { now, own, isNews: own !== record, decision: fallbackDecision(policy, lastRun, own, now) };
};

/** What the end of the run means (law N14). */
export const meaningOf = (outcome: ProcessOutcome): 'Succeeded' | 'Upgraded' | 'Failed' =>
  outcome._tag === 'Exited' ? runOutcomeOf(outcome)._tag : 'Failed';

/** What is known once the attempt is under way. */
export interface Attempt {
  readonly decision: FallbackFire;
  /** The fallback's own record, as it is to be written. */
  readonly own: FallbackRecord;
  /** Runs so far. */
  readonly runs: number;
}

/** A firing that has run. */
export interface Ended extends Attempt {
  readonly now: EpochMs;
  readonly outcome: ProcessOutcome;
  readonly succeeded: boolean;
}

/** A firing between two orders. */
export type Firing =
  /** Wait the delay of the decision, and look again. */
  | { readonly order: 'Wait'; readonly decision: FallbackFire }
  /** Healed meanwhile: nothing is run. */
  | { readonly order: 'Leave'; readonly look: Look & { readonly decision: FallbackWait } }
  /**
   * Write `own`: before the run, so that one which takes the machine down is an attempt too, and after it.
   * A full disk stops neither (fault 39).
   */
  | ({ readonly order: 'Record' } & (Attempt | Ended))
  | ({ readonly order: 'Run' } & Attempt)
  | ({ readonly order: 'Done' } & Ended);

/** A firing that has just been decided. */
export const firingOf = (decision: FallbackFire): Firing => ({ order: 'Wait', decision });

/** After `Wait`. */
export const afterDelay = (_firing: Firing & { readonly order: 'Wait' }, again: Look): Firing => {
  const { decision, own, now, isNews } = again;
  return decision._tag === 'Wait'
    ? { order: 'Leave', look: { own, now, isNews, decision } }
    : { order: 'Record', decision, own: afterAttempt(own, now), runs: 0 };
};

/** After `Record`, whether it could be written or not. */
export const afterRecording = (firing: Firing & { readonly order: 'Record' }): Firing =>
  'outcome' in firing ? { ...firing, order: 'Done' } : { ...firing, order: 'Run' };

/** After `Run`: a client that upgraded itself is run again at once, once. */
export const afterRun = (firing: Firing & { readonly order: 'Run' }, outcome: ProcessOutcome, now: EpochMs): Firing => {
  const { decision, runs } = firing;
  const meaning = meaningOf(outcome);
  if (meaning === 'Upgraded' && runs === 0) return { ...firing, runs: 1 };
  const succeeded = meaning === 'Succeeded';
  const own = succeeded ? afterSuccess(firing.own, now) : afterAttempt(firing.own, now);
  return { order: 'Record', decision, own, runs: runs + 1, now, outcome, succeeded };
};
