import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { ZoneId } from '../../domain/names.ts';
import { type Notice, NotificationField, notificationOf, noticeText } from '../../domain/notification.ts';
import { formatInstant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ProcessOrder, ProcessRunner } from '../../ports/process-runner.ts';
import { type Failure, formatFailure } from '../failure.ts';
import type { Log } from '../log.ts';
import type { BootstrapReport } from './run-bootstrap.ts';

/** What telling the hook needs of the world. */
export interface HookDeps {
  readonly clock: Clock;
  readonly processes: ProcessRunner;
  readonly log: Log;
}

const noticeOf = (
  result: E.Either<Failure, { readonly report: BootstrapReport; readonly zone: ZoneId }>,
): Notice | undefined => {
  if (E.isLeft(result)) return { type: 'bootstrap.failed', data: { reason: noticeText(formatFailure(result.left)) } };
  const { report, zone } = result.right;
  if (report._tag === 'DryRun') return undefined;
  const reason = report._tag === 'Reassigned' ? O.some(noticeText(report.reason)) : O.none;
  return { type: 'bootstrap.done', data: { ...report.assignment, zone, outcome: report._tag, reason } };
};

/**
 * Tells the hook how a bootstrap ended: the event that a webhook would get, as JSON on its standard input. A dry run is told
 * to nobody. A hook that fails, hangs until its time limit or is not there is logged, and changes nothing: what is assigned
 * is assigned.
 *
 * Never rejects while no dependency does.
 *
 * @param source - who tells: the node, or the host where it has no name yet.
 */
export const tellHook =
  ({ clock, processes, log }: HookDeps) =>
  async (
    hook: ProcessOrder,
    source: string,
    result: E.Either<Failure, { readonly report: BootstrapReport; readonly zone: ZoneId }>,
  ): Promise<void> => {
    const notice = noticeOf(result);
    if (notice === undefined) return;
    const now = clock.now();
    const notification = notificationOf(source, notice, formatInstant(now), now);
    const input = `${JSON.stringify(NotificationField.encode(notification))}\n`;
    const outcome = await processes.run({ ...hook, input });
    if (outcome._tag === 'Exited' && outcome.code === 0) return;
    log('error', 'the bootstrap hook failed', { command: hook.command, outcome });
  };
