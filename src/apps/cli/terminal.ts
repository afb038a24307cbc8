/**
 * What a command has of the outside: two streams, its environment, and a signal that it is to stop.
 *
 * @module
 */
import type { Log } from '../log.ts';

/** The outside of a command. */
export interface Terminal {
  /** Writes one line of the answer. */
  readonly out: (line: string) => void;
  /** Writes one line beside the answer. */
  readonly err: (line: string) => void;
  /** Rewrites the line beside the answer that shows how far a command is; absent where that goes to no terminal. */
  readonly progress?: (line: string) => void;
  /** Whether the answer is read on a terminal, which may be coloured. */
  readonly isColoured: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when the process is asked to end. */
  readonly abort: AbortSignal;
  readonly log: Log;
}
