/**
 * The audit trail from its end backwards, in pieces.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { Failure } from '../failure.ts';
import { type KeptRecord, lastNumber, readAt, type TrailPorts } from './audit-trail.ts';

/** A piece of the trail. */
export interface TrailPage {
  /** The newest first. */
  readonly records: readonly KeptRecord[];
  /** Before which number the next piece begins; none: this is the oldest. */
  readonly before: O.Option<number>;
}

/**
 * Reads at most `recordsMax` records, all at once.
 *
 * @param before - begins before the record of this number; none: at the end.
 */
export const readPage = async (
  ports: TrailPorts,
  before: O.Option<number>,
  recordsMax: number,
): Promise<E.Either<Failure, TrailPage>> => {
  const last = await lastNumber(ports);
  if (E.isLeft(last)) return last;
  const newest = O.isSome(before) ? Math.min(before.value - 1, last.right) : last.right;
  const oldest = Math.max(newest - recordsMax + 1, 1);
  const numbers = Array.from({ length: Math.max(newest - oldest + 1, 0) }, (_, i) => newest - i);
  const records: KeptRecord[] = [];
  for (const found of await Promise.all(numbers.map((number) => readAt(ports, number)))) {
    if (E.isLeft(found)) return found;
    if (O.isSome(found.right)) records.push(found.right.value);
  }
  return E.right({ records, before: oldest > 1 ? O.some(oldest) : O.none });
};
