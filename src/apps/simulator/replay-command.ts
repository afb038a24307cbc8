/**
 * The command that goes through the same history again.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { formatDuration } from '../../domain/time.ts';
import type { SimulationMode } from './simulation-result.ts';

/** What a history is replayed from. */
export interface Replay {
  /** A ready scenario's name, or a file, as it was given; or the words that name an export. */
  readonly scenario: string | readonly string[];
  readonly seed: number;
  readonly mode: SimulationMode;
  readonly nodes: O.Option<number>;
  /** In milliseconds. */
  readonly forMs: O.Option<number>;
}

/** The mode unless somebody says otherwise: the fast one, which sees the same. */
export const MODE_DEFAULT: SimulationMode = 'skip';

const PLAIN = /^(--)?[\w@%+=:,./][\w@%+=:,./-]*$/;

/** A word as a POSIX shell takes it. */
const shellWord = (text: string): string => (PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** One line for a POSIX shell. */
export const replayCommand = ({ scenario, seed, mode, nodes, forMs }: Replay): string =>
  [
    `signalbox simulate ${[scenario].flat().map(shellWord).join(' ')} --seed ${seed}`,
    ...(mode === MODE_DEFAULT ? [] : [`--mode ${mode}`]),
    ...(O.isSome(nodes) ? [`--nodes ${nodes.value}`] : []),
    ...(O.isSome(forMs) ? [`--for ${formatDuration(forMs.value)}`] : []),
  ].join(' ');
