/**
 * Whether the nodes of an environment have been told of a step.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Signal } from './signal.ts';
import { compareTimestamps, timestampOfEpochMs } from './time.ts';
import type { Step } from './train-memory.ts';

/**
 * Whether `signal`, the one that lies under a key, tells of `step`.
 *
 * That it names the step's version is enough for a step that took no other's place. For one that did it has to be the
 * step's own, no older than its decision: a Librarian of the overtaken step may be about to write over the signal that it
 * has seen, and only another one in its place keeps it from doing so (law T12).
 */
export const isToldBy = (
  signal: O.Option<Signal>,
  { version, overtaken, openedAt }: Pick<Step, 'version' | 'overtaken' | 'openedAt'>,
): boolean =>
  O.isSome(signal) &&
  signal.value.manifestRecord.version === version &&
  (overtaken.length === 0 || compareTimestamps(signal.value.timestamp, timestampOfEpochMs(openedAt)) >= 0);
