/**
 * The command that goes through the same history again.
 *
 * @module
 */
import type { SimulationResult } from '../simulation-result.ts';

const PLAIN = /^[\w@%+=:,./][\w@%+=:,./-]*$/;

/** A word as a POSIX shell takes it. */
const shellWord = (text: string): string => (PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Scenario and seed decide everything, the mode nothing. */
export const replayCommand = ({ scenario, seed }: Pick<SimulationResult, 'scenario' | 'seed'>): string =>
  `signalbox simulate ${shellWord(scenario)} --seed ${seed}`;
