/**
 * The watch over the run requests of one node (law N11): each is run for once, in time, by whom it means.
 *
 * @module
 */
import type { NodeName } from '../../domain/names.ts';
import type { Running } from '../../domain/node-state.ts';
import { isAddressedTo } from '../../domain/run-request.ts';
import type { RunRequest } from '../../domain/signal.ts';
import { type EpochMs, SECOND_MS } from '../../domain/time.ts';
import { type Breaks, seconds, SLACK_MS } from './fallback-watch.ts';

/** A request that the node has not run for. */
interface Asked {
  /** A run for it has to be started by then, unless something comes between. */
  readonly startsBefore: number;
  /** By the node's own clock it starts nothing from then on. */
  readonly expiresAt: number;
}

/** What one node was asked, and what it did about it. */
export class RequestWatch {
  readonly #node: NodeName;
  readonly #breaks: Breaks;
  readonly #open = new Map<string, Asked>();
  readonly #done = new Set<string>();
  /** Those that it has run for, and may or may not know that it has. */
  readonly #perhapsDone = new Set<string>();

  constructor(node: NodeName, breaks: Breaks) {
    this.#node = node;
    this.#breaks = breaks;
  }

  /** The node believed a signal that carries these. */
  told(at: EpochMs, clock: EpochMs, requests: readonly RunRequest[]): void {
    this.inTime(at, clock);
    const ids = new Set<string>(requests.map(({ id }) => id));
    for (const id of this.#open.keys()) if (!ids.has(id)) this.#open.delete(id);
    for (const request of requests) {
      const { id, splaySeconds, expiresEpochSeconds } = request;
      if (this.#open.has(id) || this.#done.has(id) || !isAddressedTo(request, this.#node)) continue;
      this.#open.set(id, {
        startsBefore: this.#perhapsDone.has(id) ? Infinity : at + splaySeconds * SECOND_MS,
        expiresAt: expiresEpochSeconds * SECOND_MS,
      });
    }
  }

  /** A run is about to be started; what it was started by, the node's clock, says when. */
  starts(at: EpochMs, { cause, requests, startedAt }: Running): void {
    this.inTime(at, startedAt);
    const ids = cause._tag === 'Request' ? new Set([...requests, cause.id]) : new Set(requests);
    for (const id of ids) {
      const asked = this.#open.get(id);
      if (this.#done.has(id)) this.#breaks('N11', at, `a second run was started for the run request ${id}`);
      else if (asked === undefined) this.#breaks('N11', at, `a run was started for ${id}, which was not asked here`);
      else if (startedAt >= asked.expiresAt)
        this.#breaks('N11', at, `a run was started for ${id} after it had expired`);
      else this.#open.set(id, { ...asked, startsBefore: Infinity });
    }
  }

  /** A run for these was a success, which is on record or not. */
  ranFor(ids: readonly string[], isOnRecord: boolean): void {
    for (const id of ids) {
      this.#open.delete(id);
      (isOnRecord ? this.#done : this.#perhapsDone).add(id);
    }
  }

  /** What is asked could not start before. */
  waitFor(until: number): void {
    for (const [id, asked] of this.#open) {
      this.#open.set(id, { ...asked, startsBefore: Math.max(asked.startsBefore, until) });
    }
  }

  /** What the node knows of requests may be lost, or be believed at another time. */
  doubt(): void {
    this.waitFor(Infinity);
    for (const id of this.#done) this.#perhapsDone.add(id);
    this.#done.clear();
  }

  /** Whatever should have been started by now, and before it expired, has been. */
  inTime(at: EpochMs, clock: EpochMs): void {
    const aheadMs = clock - at;
    for (const [id, asked] of this.#open) {
      const isDue = at > asked.startsBefore + SLACK_MS;
      if (!isDue || asked.startsBefore + aheadMs + SLACK_MS >= asked.expiresAt) continue;
      this.#breaks('N11', at, `no run for ${id} was started for ${seconds(at - asked.startsBefore)} after its splay`);
      this.#open.set(id, { ...asked, startsBefore: Infinity });
    }
  }
}
