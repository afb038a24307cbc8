/**
 * `signalbox status` and `signalbox explain`: what every environment is on, and why.
 *
 * @module
 */
import type { EnvironmentName } from '../../../domain/names.ts';
import { formatDuration, formatInstant, SECOND_MS } from '../../../domain/time.ts';
import { fail } from '../../cli/command.ts';
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import { statusJson } from '../report-json.ts';
import { type Status, status } from '../status.ts';
import { ask, printJson, printTable } from './ask.ts';
import { describeUpload } from './describe-upload.ts';

const printBoard = (terminal: Terminal, ports: LibrarianPorts, board: Status): void => {
  const { stacks } = ports.plan;
  const { environments, next_departure } = statusJson(board);
  printTable(terminal, [
    ['environment', ...stacks, 'now'],
    ...environments.map(({ environment, pins, explanation }) => [
      environment,
      ...stacks.map((stack) => pins[stack] ?? (stack in pins ? '-' : '?')),
      explanation,
    ]),
  ]);
  terminal.out(`next departure ${next_departure}`);
  for (const upload of board.uploads) {
    const lasts = formatDuration(Math.floor((board.at - upload.since) / SECOND_MS) * SECOND_MS);
    terminal.out(`${describeUpload(upload)}, since ${formatInstant(upload.since)} (${lasts})`);
  }
};

/** `signalbox status` */
export const statusCommand = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isJson }: { readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, status(ports), (board) => {
    if (isJson) printJson(terminal, statusJson(board));
    else printBoard(terminal, ports, board);
    return EXIT.done;
  });

/** `signalbox explain` */
export const explainCommand = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { environment, isJson }: { readonly environment: EnvironmentName; readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, status(ports), (board) => {
    const { environments } = statusJson(board);
    const row = environments.find((one) => one.environment === environment);
    if (row === undefined) {
      const known = environments.map((one) => one.environment).join(', ');
      return fail(terminal, { _tag: 'NotFound', detail: `environment: expected one of ${known}, got ${environment}` });
    }
    if (isJson) printJson(terminal, row);
    else terminal.out(`${row.environment} ${row.outcome === 'Promoted' ? '' : 'is '}${row.explanation}`);
    return EXIT.done;
  });
