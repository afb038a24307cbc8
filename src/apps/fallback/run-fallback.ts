import { drillDecision, type FallbackDecision, fallbackDecision, type FallbackFire } from '../../domain/fallback.ts';
import {
  afterAttempt,
  afterSuccess,
  type FallbackRecord,
  fallbackRecordOf,
  formatFallbackRecord,
} from '../../domain/fallback-record.ts';
import { lastRunOf } from '../../domain/last-run.ts';
import { runOutcomeOf } from '../../domain/run-outcome.ts';
import { type EpochMs, plus, SECOND_MS } from '../../domain/time.ts';
import type { ProcessOutcome } from '../../ports/process-runner.ts';
import type { FallbackDeps, FallbackOptions } from './deps.ts';
import { fallbackMetrics } from './metrics.ts';
import { describeOutcome, type FallbackReport } from './report.ts';

/** One decision, with what it was taken from. */
interface Look {
  readonly now: EpochMs;
  readonly own: FallbackRecord;
  readonly decision: FallbackDecision;
}

const look = async (deps: FallbackDeps, options: FallbackOptions): Promise<Look> => {
  const [state, record] = await Promise.all([deps.readSummonerState(), deps.readOwnRecord()]);
  const now = deps.clock.now();
  const own = fallbackRecordOf(record);
  return { now, own, decision: fallbackDecision(options.policy, lastRunOf(state), own, now) };
};

const publish = async (deps: FallbackDeps, { decision, own, now }: Look): Promise<void> => {
  const written = await deps.publishMetrics(fallbackMetrics(decision, own, now));
  if (written._tag === 'Failed') deps.log('error', 'the metrics cannot be written', { detail: written.detail });
};

const record = async (deps: FallbackDeps, own: FallbackRecord): Promise<boolean> => {
  const written = await deps.writeOwnRecord(formatFallbackRecord(own));
  if (written._tag === 'Failed') deps.log('error', 'the record cannot be written', { detail: written.detail });
  return written._tag === 'Written';
};

const callHook = async (deps: FallbackDeps, options: FallbackOptions, what: string, reason: string): Promise<void> => {
  const { hook } = options;
  if (hook === undefined) return;
  const outcome = await deps.processes.run({ ...hook, args: [...hook.args, what, reason] });
  if (outcome._tag !== 'Exited' || outcome.code !== 0) {
    deps.log('error', 'the hook failed', { command: hook.command, outcome: describeOutcome(outcome) });
  }
};

/** What the end of the run means (law N14). */
type Meaning = 'Succeeded' | 'Upgraded' | 'Failed';

const meaningOf = (outcome: ProcessOutcome): Meaning =>
  outcome._tag === 'Exited' ? runOutcomeOf(outcome)._tag : 'Failed';

/** A client that upgraded itself is run again at once, once. */
const runOnceOrUpgraded = async (deps: FallbackDeps, options: FallbackOptions): Promise<ProcessOutcome> => {
  const first = await deps.processes.run(options.run, options.abort);
  return meaningOf(first) === 'Upgraded' ? deps.processes.run(options.run, options.abort) : first;
};

const fire = async (deps: FallbackDeps, options: FallbackOptions, decision: FallbackFire): Promise<FallbackReport> => {
  deps.log('warn', 'the fallback fires', {
    reason: decision.reason,
    delay_seconds: decision.delaySeconds,
    command: options.run.command,
  });
  await deps.clock.sleepUntil(plus(deps.clock.now(), decision.delaySeconds * SECOND_MS), options.abort);
  if (options.abort?.aborted === true) return { _tag: 'Aborted', decision };
  const again = await look(deps, options);
  if (again.decision._tag === 'Wait') {
    deps.log('warn', 'healed meanwhile, the fallback runs nothing', { reason: again.decision.reason });
    await publish(deps, again);
    return { _tag: 'HealedMeanwhile', decision: again.decision };
  }
  // Before the run, so that one which takes the machine down is an attempt too. A full disk does not stop it (fault 39).
  await record(deps, afterAttempt(again.own, again.now));
  const outcome = await runOnceOrUpgraded(deps, options);
  const succeeded = meaningOf(outcome) === 'Succeeded';
  const now = deps.clock.now();
  const own = succeeded ? afterSuccess(now) : afterAttempt(again.own, now);
  const { reason } = again.decision;
  deps.log(succeeded ? 'warn' : 'error', "the fallback's run ended", {
    reason,
    outcome: describeOutcome(outcome),
    succeeded,
    output_tail: succeeded || outcome._tag === 'NotStarted' ? undefined : outcome.outputTail,
  });
  const recorded = await record(deps, own);
  await publish(deps, { now, own, decision: again.decision });
  await callHook(deps, options, succeeded ? 'Succeeded' : 'Failed', reason);
  return { _tag: 'Fired', reason, outcome, succeeded, recorded };
};

/**
 * Looks once, and runs chef-client if nothing else has run it with success for the threshold (laws F1 … F6). A timer
 * calls it every few minutes; it keeps nothing in memory from one call to the next.
 *
 * Never rejects while no dependency does.
 */
export const runFallback =
  (deps: FallbackDeps) =>
  async (options: FallbackOptions): Promise<FallbackReport> => {
    const first = await look(deps, options);
    const { decision } = first;
    switch (options.mode) {
      case 'DryRun':
        return { _tag: 'DryRun', decision };
      case 'Drill': {
        const drill = drillDecision(options.policy);
        deps.log('warn', 'a drill: the fallback fires, but runs nothing', {
          really: decision._tag,
          reason: decision.reason,
        });
        await callHook(deps, options, 'Drill', drill.reason);
        return { _tag: 'Drilled', decision: drill, really: decision };
      }
      case 'Run':
        break;
    }
    if (decision._tag === 'Wait') {
      await publish(deps, first);
      return { _tag: 'Waited', decision };
    }
    const lock = await deps.lock();
    switch (lock._tag) {
      case 'Busy':
        deps.log('warn', 'another fallback is at work', { reason: decision.reason });
        return { _tag: 'Busy', decision };
      case 'Unavailable':
        deps.log('error', 'the fallback goes on without a lock', { detail: lock.detail });
        return fire(deps, options, decision);
      case 'Held':
        try {
          return await fire(deps, options, decision);
        } finally {
          await lock.release();
        }
    }
  };
