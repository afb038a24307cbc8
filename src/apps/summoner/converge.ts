import * as O from 'fp-ts/lib/Option.js';
import { type Applier, APPLIERS, isLockConflict } from '../../domain/applier.ts';
import type { Running } from '../../domain/node-state.ts';
import type { RunEnd } from '../../domain/run-outcome.ts';
import { formatInstant } from '../../domain/time.ts';
import type { ProcessOrder, ProcessOutcome, ProcessRunner } from '../../ports/process-runner.ts';
import type { Log } from '../log.ts';
import type { Converge, TakeUp } from './summoner-ports.ts';

const endOf = (applier: Applier, outcome: ProcessOutcome): RunEnd => {
  switch (outcome._tag) {
    case 'Exited':
      return isLockConflict(applier, outcome.code, outcome.outputTail)
        ? { _tag: 'LockHeld' }
        : { _tag: 'Exited', code: outcome.code };
    case 'Signalled':
      return { _tag: 'Killed', by: outcome.signal };
    case 'Stopped':
      return outcome.cause === 'TimeLimit' ? { _tag: 'TimedOut' } : { _tag: 'Interrupted' };
    case 'NotStarted':
      return { _tag: 'NotStarted', detail: outcome.detail };
  }
};

/** No two runs of a node start at one instant; the rest is for people. */
const titleOf = ({ cause, version, startedAt }: Running): string =>
  ['Signalbox run:', cause._tag, ...(O.isSome(version) ? [version.value] : []), formatInstant(startedAt)].join(' ');

const howItEnded = (outcome: ProcessOutcome): Readonly<Record<string, unknown>> => {
  switch (outcome._tag) {
    case 'Exited':
      return { outcome: outcome._tag, exit_code: outcome.code };
    case 'Signalled':
      return { outcome: outcome._tag, signal: outcome.signal };
    case 'Stopped':
      return { outcome: outcome._tag, cause: outcome.cause };
    case 'NotStarted':
      return { outcome: outcome._tag };
  }
};

const endWith = (
  applier: Applier,
  { command }: ProcessOrder,
  log: Log,
  outcome: ProcessOutcome,
  isOutliving: boolean,
): RunEnd => {
  const isSuccess = outcome._tag === 'Exited' && outcome.code === 0;
  const isLeft = isOutliving && outcome._tag === 'Stopped' && outcome.cause === 'Aborted';
  if (!isSuccess && !isLeft) {
    const outputTail = outcome._tag === 'NotStarted' ? outcome.detail : outcome.outputTail;
    log('warn', 'the run did not exit 0', { command, ...howItEnded(outcome), output_tail: outputTail });
  }
  return endOf(applier, outcome);
};

/** A converge that is one process, such as chef-client; the tail of its output is logged when it fails. */
export const convergeWith =
  (runner: ProcessRunner, order: ProcessOrder, log: Log, applier: Applier = APPLIERS.chef): Converge =>
  async (running, abort) =>
    endWith(
      applier,
      order,
      log,
      await runner.run({ ...order, title: titleOf(running) }, abort),
      runner.takeUp !== undefined,
    );

/** Takes up such a converge of an agent before this one; absent where none outlives its agent. */
export const takeUpWith = (
  runner: ProcessRunner,
  order: ProcessOrder,
  log: Log,
  applier: Applier = APPLIERS.chef,
): TakeUp | undefined => {
  const { takeUp } = runner;
  if (takeUp === undefined) return undefined;
  return async (running, abort) => {
    const taken = await takeUp({ ...order, title: titleOf(running) }, abort);
    return taken && { end: taken.outcome.then((outcome) => endWith(applier, order, log, outcome, true)) };
  };
};
