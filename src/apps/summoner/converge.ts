import { type Applier, APPLIERS, isLockConflict } from '../../domain/applier.ts';
import type { RunEnd } from '../../domain/run-outcome.ts';
import type { ProcessOrder, ProcessOutcome, ProcessRunner } from '../../ports/process-runner.ts';
import type { Log } from '../log.ts';
import type { Converge } from './summoner-ports.ts';

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

/** A converge that is one child process, such as chef-client; the tail of its output is logged when it fails. */
export const convergeWith =
  (runner: ProcessRunner, order: ProcessOrder, log: Log, applier: Applier = APPLIERS.chef): Converge =>
  async (_running, abort) => {
    const outcome = await runner.run(order, abort);
    const isSuccess = outcome._tag === 'Exited' && outcome.code === 0;
    if (!isSuccess) {
      const outputTail = outcome._tag === 'NotStarted' ? outcome.detail : outcome.outputTail;
      log('warn', 'the run did not exit 0', { command: order.command, outcome: outcome._tag, output_tail: outputTail });
    }
    return endOf(applier, outcome);
  };
