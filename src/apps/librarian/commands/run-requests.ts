/**
 * `signalbox run-request`: asks nodes to run, whatever version they are on.
 *
 * @module
 */
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import { openRequestJson, runRequestJson } from '../report-json.ts';
import {
  openRunRequests,
  requestRun,
  type RunOrder,
  type RunRequestReport,
  type Withdrawal,
  withdrawRun,
} from '../request-run.ts';
import { afterTroubles, ask, askAs, printJson, printTable } from './ask.ts';

const printRequest = (terminal: Terminal, verb: string, report: RunRequestReport, isJson: boolean): ExitCode => {
  const { id, stacks, troubles } = report;
  if (isJson) printJson(terminal, runRequestJson(report));
  else if (stacks.length > 0) terminal.out(`run request ${id} ${verb} on ${stacks.join(', ')}`);
  else if (troubles.length === 0) terminal.out(`run request ${id} is open already`);
  return afterTroubles(terminal, troubles);
};

/** What `signalbox run-request` was asked. */
export interface RunRequestOptions {
  readonly order: RunOrder;
  readonly reason: string;
  readonly isJson: boolean;
}

/** `signalbox run-request` */
export const runRequestAdd = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { order, reason, isJson }: RunRequestOptions,
): Promise<ExitCode> =>
  askAs(
    terminal,
    reason,
    (asker) => requestRun(ports)(asker, order),
    (report) => printRequest(terminal, 'asked', report, isJson),
  );

/** `signalbox run-request withdraw` */
export const runRequestWithdraw = (
  ports: LibrarianPorts,
  terminal: Terminal,
  options: { readonly withdrawal: Withdrawal; readonly reason: string; readonly isJson: boolean },
): Promise<ExitCode> =>
  askAs(
    terminal,
    options.reason,
    (asker) => withdrawRun(ports)(asker, options.withdrawal),
    (report) => printRequest(terminal, 'withdrawn', report, options.isJson),
  );

/** `signalbox run-request list` */
export const runRequestList = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isJson }: { readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, openRunRequests(ports), (open) => {
    const rows = open.map(openRequestJson);
    if (isJson) printJson(terminal, rows);
    else {
      printTable(terminal, [
        ['id', 'environment', 'stacks', 'nodes', 'expires', 'asked by', 'reason'],
        ...rows.map((row) => [
          row.id,
          row.environment,
          row.stacks.join(','),
          row.nodes?.join(' ') ?? 'all',
          row.expires,
          row.requested_by,
          row.reason,
        ]),
      ]);
    }
    return EXIT.done;
  });
