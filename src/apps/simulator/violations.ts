/**
 * The violations found so far: all counted, the first of them kept.
 *
 * @module
 */
import type { EpochMs } from '../../domain/time.ts';
import type { Violation } from './simulation-result.ts';

/** So many are kept of each law: one that breaks at all breaks on every node, and must not hide the others. */
const KEPT_MAX = 50;

/** A collection that only grows. */
export class Violations {
  readonly kept: Violation[] = [];
  count = 0;
  readonly #countByLaw = new Map<string, number>();

  add(law: string, at: EpochMs, where: string, what: string): void {
    this.count++;
    const before = this.#countByLaw.get(law) ?? 0;
    this.#countByLaw.set(law, before + 1);
    if (before < KEPT_MAX) this.kept.push({ law, at, where, what });
  }

  /** Those that were kept, in order of time. */
  inOrder(): readonly Violation[] {
    return this.kept.toSorted((a, b) => a.at - b.at || (a.where < b.where ? -1 : Number(a.where > b.where)));
  }
}
