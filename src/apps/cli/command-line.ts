/**
 * What an app registers its commands with. Registering is all that the start of the process pays for: what a command is
 * made of is loaded when it is called, so that a Summoner does not carry a Librarian along.
 *
 * @module
 */
import type { Command } from 'commander';
import type * as O from 'fp-ts/lib/Option.js';
import type { ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** The command line of the process. */
export interface CommandLine {
  /** To which commands are added. */
  readonly program: Command;
  readonly terminal: Terminal;
  /** What comes in by the standard input, which is opened by this. */
  readonly input: () => AsyncIterable<Uint8Array>;
  /** The configuration file that `--config` names; not known before a command is called. */
  readonly configFile: () => O.Option<string>;
  /** From now on the log also says what is done, as a daemon's does, and not only what went wrong. */
  readonly sayWhatIsDone: () => void;
  /** Ends a command as its work ends. */
  readonly finish: (work: Promise<ExitCode>) => Promise<void>;
}

/**
 * Loads a part of an app once one of its commands is called. A `main.ts` comes in this way, since only another one may
 * import it; so each app says beside its commands what these need of its `main.ts`.
 */
export type Loader<Part> = () => Promise<Part>;
