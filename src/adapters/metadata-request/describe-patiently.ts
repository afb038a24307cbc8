import { setTimeout as pause } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { parseName } from '../../domain/names.ts';
import { SECOND_MS } from '../../domain/time.ts';
import type { Machine, MachineReading } from '../../ports/machine-metadata.ts';
import { withDeadline } from '../deadline/index.ts';
import { type MetadataLimits, MetadataTrouble } from './metadata-request.ts';

/** No wait between two tries is longer, in milliseconds. */
const WAIT_MS_MAX = 5 * SECOND_MS;

/** A text of the service's that is a name; any other is refused, since files are written of it. */
export const nameIn = <A extends string>(codec: t.Type<A, string>, what: string, text: string): A => {
  const name = parseName(codec)(text);
  if (E.isLeft(name)) throw new MetadataTrouble('Refused', `${what}: ${name.left}`);
  return name.right;
};

const PRINTABLE = /^[\x20-\x7e]{1,1024}$/;

/** A text of the service's that is one line and not empty. */
export const textOf = (what: string, text: string): string => {
  if (!PRINTABLE.test(text))
    throw new MetadataTrouble('Refused', `${what}: expected a line of text, got something else`);
  return text;
};

const readingOf = (error: unknown): MetadataTrouble['reading'] =>
  error instanceof MetadataTrouble ? error.reading : { _tag: 'Unavailable', detail: String(error) };

/**
 * Asks until there is an answer, waiting with full jitter between tries: a thousand machines that booted in one second do not
 * ask again in one second (fault 37). What asking again does not change is answered at once. Never rejects.
 */
export const describePatiently = async (
  { totalMs, waitMs }: MetadataLimits,
  abort: AbortSignal | undefined,
  describe: (signal: AbortSignal) => Promise<Machine>,
): Promise<MachineReading> => {
  let last: MachineReading = { _tag: 'Unavailable', detail: 'it was asked to end before it had begun' };
  if (abort?.aborted === true) return last;
  try {
    return await withDeadline(totalMs, async (deadline): Promise<MachineReading> => {
      const signal = abort === undefined ? deadline : AbortSignal.any([deadline, abort]);
      for (let tries = 0; ; tries++) {
        try {
          return { _tag: 'Found', machine: await describe(signal) };
        } catch (error) {
          last = readingOf(error);
        }
        if (last._tag !== 'Unavailable' || signal.aborted) return last;
        await pause(Math.random() * Math.min(waitMs * 2 ** tries, WAIT_MS_MAX), undefined, { signal });
      }
    });
  } catch {
    // The bound was met, or the caller gave up: the last trouble says why there was no answer.
    return last;
  }
};
