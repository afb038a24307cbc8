/**
 * The command line, as the Librarian's commands are registered with it.
 *
 * @module
 */
import type * as O from 'fp-ts/lib/Option.js';
import type { CommandLine, Loader } from '../../cli/command-line.ts';
import type { ExitCode } from '../../cli/exit-code.ts';
import type { LoadedConfig } from '../../cli/load.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';

/** What the commands need of the Librarian's `main.ts`. */
export interface LibrarianMain {
  /** Runs a command with a Librarian that is put together as it is configured. */
  readonly withLibrarian: (
    configFile: O.Option<string>,
    terminal: Terminal,
    command: (ports: LibrarianPorts, loaded: LoadedConfig) => Promise<ExitCode>,
  ) => Promise<ExitCode>;
}

/** Runs one of the commands that `load` brings, with the Librarian that is configured. */
export type OnLibrarian = <Commands>(
  load: Loader<Commands>,
) => (command: (commands: Commands, ports: LibrarianPorts, loaded: LoadedConfig) => Promise<ExitCode>) => Promise<void>;

/** The command line, with the Librarian that is behind its commands. */
export interface LibrarianLine extends CommandLine {
  readonly onLibrarian: OnLibrarian;
}

/** Puts the Librarian behind `line` that `main` puts together. */
export const librarianLine = (line: CommandLine, main: Loader<LibrarianMain>): LibrarianLine => ({
  ...line,
  onLibrarian: (load) => (command) =>
    line.finish(
      Promise.all([main(), load()]).then(([{ withLibrarian }, commands]) =>
        withLibrarian(line.configFile(), line.terminal, (ports, loaded) => command(commands, ports, loaded)),
      ),
    ),
});
