/**
 * What every command does the same way: load its configuration, and end on a failure.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import { type Failure, formatFailure } from '../failure.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import type { Terminal } from './terminal.ts';

/** Says why a command failed, and answers its exit code. */
export const fail = (terminal: Terminal, failure: Failure, code: ExitCode = exitCodeOf(failure)): ExitCode => {
  terminal.err(`signalbox: ${formatFailure(failure)}`);
  return code;
};

/** Runs a command with its configuration; one that cannot be used ends it before it has begun. */
export const withConfig = async (
  file: O.Option<string>,
  terminal: Terminal,
  command: (loaded: LoadedConfig) => Promise<ExitCode>,
): Promise<ExitCode> => {
  const loaded = await loadConfig(file, terminal.environment);
  return E.isLeft(loaded) ? fail(terminal, loaded.left, EXIT.badConfiguration) : command(loaded.right);
};
