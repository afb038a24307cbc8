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

/** What a daemon is asked by a signal: to load its configuration again, and to run now. */
export type DaemonSignal = 'SIGHUP' | 'SIGUSR1';

/** Signals that a daemon answers, caught before it can. */
export interface CaughtSignals {
  /** Passes each of them on, and first those that have come already; answers how to stop, after which they do nothing. */
  readonly passOn: (to: Readonly<Record<DaemonSignal, () => void>>) => () => void;
}

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
  /**
   * The command starts processes, and sees them to their end when it is asked to end itself: asked again, as by who presses
   * a key twice, it does not leave them behind.
   */
  readonly seeToTheEnd: () => void;
  /** From now on these signals do not end the process, as they do by default, or open it to a debugger. */
  readonly catchSignals: () => CaughtSignals;
  /** Ends a command as its work ends. */
  readonly finish: (work: Promise<ExitCode>) => Promise<void>;
}

/**
 * Loads a part of an app once one of its commands is called. A `main.ts` comes in this way, since only another one may
 * import it; so each app says beside its commands what these need of its `main.ts`.
 */
export type Loader<Part> = () => Promise<Part>;
