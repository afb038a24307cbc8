/**
 * What people on one node have asked of its Summoner: it lies on the disk until the Summoner has stored what came of it,
 * so it waits for one that is away, and is heard again by the next when one dies in between (law N8).
 *
 * @module
 */
import { type Asked, askedBy, type NodeRequest, NOTHING_ASKED } from '../../domain/node-request.ts';
import type { EpochMs } from '../../domain/time.ts';

const NONE: readonly NodeRequest[] = [];

/** The requests of people on one node. */
export class PersonRequests {
  #left = NONE;
  #heard = NONE;

  /** Somebody leaves one. */
  leave(request: NodeRequest): void {
    this.#left = [...this.#left, request];
  }

  /** What lies there and was not heard yet; it counts as heard now. */
  hear(now: EpochMs): Asked {
    if (this.#left === NONE) return NOTHING_ASKED;
    const asked = askedBy(this.#left, now);
    this.#heard = [...this.#heard, ...this.#left];
    this.#left = NONE;
    return asked;
  }

  /** What came of those that were heard is stored. */
  settle(): void {
    this.#heard = NONE;
  }

  /** Whoever heard them is gone, or its state void: they count as not heard. */
  repeat(): void {
    if (this.#heard === NONE) return;
    this.#left = [...this.#heard, ...this.#left];
    this.#heard = NONE;
  }
}
