/**
 * The simulator's parts: the engine and the report, as they are shipped.
 *
 * @module
 */
import type { ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import { simulateCommand, type SimulateOptions } from './commands.ts';
import { renderReport } from './report.ts';
import { simulate } from './simulate.ts';

/** Simulates as it is asked. */
export const runSimulation = (options: SimulateOptions, terminal: Terminal): Promise<ExitCode> =>
  simulateCommand({ simulate, renderReport }, terminal, options);
