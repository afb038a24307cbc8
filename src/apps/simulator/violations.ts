/**
 * The violations found so far: all counted, the first of them kept.
 *
 * @module
 */
import type { EpochMs } from '../../domain/time.ts';
import type { Violation } from './simulation-result.ts';

/** So many are kept; a law that breaks at all breaks on every node. */
const KEPT_MAX = 200;

/** A collection that only grows. */
export class Violations {
  readonly kept: Violation[] = [];
  count = 0;

  add(law: string, at: EpochMs, where: string, what: string): void {
    this.count++;
    if (this.kept.length < KEPT_MAX) this.kept.push({ law, at, where, what });
  }

  /** Those that were kept, in order of time. */
  inOrder(): readonly Violation[] {
    return this.kept.toSorted((a, b) => a.at - b.at || (a.where < b.where ? -1 : 1));
  }
}
