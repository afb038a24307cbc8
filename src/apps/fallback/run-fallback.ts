import { drillDecision, type FallbackFire } from '../../domain/fallback.ts';
import { type FallbackRecord, fallbackRecordOf, formatFallbackRecord } from '../../domain/fallback-record.ts';
import { lastRunOf } from '../../domain/last-run.ts';
import { plus, SECOND_MS } from '../../domain/time.ts';
import type { ProcessOutcome } from '../../ports/process-runner.ts';
import type { FallbackDeps, FallbackOptions } from './deps.ts';
import { afterDelay, afterRecording, afterRun, firingOf, type Look, lookOf, meaningOf } from './firing.ts';
import { fallbackMetrics } from './metrics.ts';
import { describeOutcome, type FallbackReport } from './report.ts';

const look = async (deps: FallbackDeps, options: FallbackOptions): Promise<Look> => {
  const [state, record] = await Promise.all([deps.readSummonerState(), deps.readOwnRecord()]);
  return lookOf(options.policy, lastRunOf(state), fallbackRecordOf(record), deps.clock.now());
};

const publish = async (
  deps: FallbackDeps,
  { decision, own, now }: Pick<Look, 'decision' | 'own' | 'now'>,
): Promise<void> => {
  const written = await deps.publishMetrics(fallbackMetrics(decision, own, now));
  if (written._tag === 'Failed') deps.log('error', 'the metrics cannot be written', { detail: written.detail });
};

const record = async (deps: FallbackDeps, own: FallbackRecord): Promise<boolean> => {
  const written = await deps.writeOwnRecord(formatFallbackRecord(own));
  if (written._tag !== 'Written') deps.log('error', 'the record cannot be written', { detail: written.detail });
  return written._tag !== 'Failed';
};

/** Records that what this look found to lie ahead of the clock is none, before the clock catches up with it. */
const note = async (deps: FallbackDeps, { isNews, own }: Look): Promise<void> => {
  if (isNews) await record(deps, own);
};

/** What a look that runs nothing leaves behind. */
const leave = async (deps: FallbackDeps, look: Look): Promise<void> => {
  await note(deps, look);
  await publish(deps, look);
};

const callHook = async (deps: FallbackDeps, options: FallbackOptions, what: string, reason: string): Promise<void> => {
  const { hook } = options;
  if (hook === undefined) return;
  const outcome = await deps.processes.run({ ...hook, args: [...hook.args, what, reason] });
  if (outcome._tag !== 'Exited' || outcome.code !== 0) {
    deps.log('error', 'the hook failed', { command: hook.command, outcome: describeOutcome(outcome) });
  }
};

const runReported = async (
  deps: FallbackDeps,
  options: FallbackOptions,
  { reason }: FallbackFire,
): Promise<ProcessOutcome> => {
  const outcome = await deps.processes.run(options.run, options.abort);
  const succeeded = meaningOf(outcome) === 'Succeeded';
  deps.log(succeeded ? 'warn' : 'error', "the fallback's run ended", {
    reason,
    outcome: describeOutcome(outcome),
    succeeded,
    output_tail: succeeded || outcome._tag === 'NotStarted' ? undefined : outcome.outputTail,
  });
  return outcome;
};

const fire = async (
  deps: FallbackDeps,
  options: FallbackOptions,
  first: Look,
  decision: FallbackFire,
): Promise<FallbackReport> => {
  deps.log('warn', 'the fallback fires', {
    reason: decision.reason,
    delay_seconds: decision.delaySeconds,
    command: options.run.command,
  });
  await note(deps, first);
  let firing = firingOf(decision);
  let isRecorded = false;
  for (;;) {
    switch (firing.order) {
      case 'Wait':
        await deps.clock.sleepUntil(plus(deps.clock.now(), decision.delaySeconds * SECOND_MS), options.abort);
        if (options.abort?.aborted === true) return { _tag: 'Aborted', decision };
        firing = afterDelay(firing, await look(deps, options));
        break;
      case 'Leave': {
        const again = firing.look;
        deps.log('warn', 'healed meanwhile, the fallback runs nothing', { reason: again.decision.reason });
        await leave(deps, again);
        return { _tag: 'HealedMeanwhile', decision: again.decision };
      }
      case 'Record':
        isRecorded = await record(deps, firing.own);
        firing = afterRecording(firing);
        break;
      case 'Run':
        firing = afterRun(firing, await runReported(deps, options, firing.decision), deps.clock.now());
        break;
      case 'Done': {
        const { own, now, outcome, succeeded } = firing;
        const { reason } = firing.decision;
        await publish(deps, { now, own, decision: firing.decision });
        await callHook(deps, options, succeeded ? 'Succeeded' : 'Failed', reason);
        return { _tag: 'Fired', reason, outcome, succeeded, recorded: isRecorded };
      }
    }
  }
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
      await leave(deps, first);
      return { _tag: 'Waited', decision };
    }
    const lock = await deps.lock();
    switch (lock._tag) {
      case 'Busy':
        deps.log('warn', 'another fallback is at work', { reason: decision.reason });
        return { _tag: 'Busy', decision };
      case 'Unavailable':
        deps.log('error', 'the fallback goes on without a lock', { detail: lock.detail });
        return fire(deps, options, first, decision);
      case 'Held':
        try {
          return await fire(deps, options, first, decision);
        } finally {
          await lock.release();
        }
    }
  };
