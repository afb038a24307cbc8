/**
 * The trace: a hash of a history. Two simulations with one hash went the same way, event by event.
 *
 * @module
 */
import { mixed } from './draw.ts';

const TWO_TO_THE_32 = 4_294_967_296;

/** What a trace is made of. The numbers are part of the hash, so they stay. */
export const TRACED = {
  accepted: 1,
  started: 2,
  ended: 3,
  fired: 4,
  healedMeanwhile: 5,
  struck: 6,
  booted: 7,
  pinned: 8,
  signalled: 9,
  intervened: 11,
  arrived: 12,
} as const;

/** The name of one kind of event, as a number. */
export type Traced = (typeof TRACED)[keyof typeof TRACED];

/** A hash of 64 bits in two halves, each with a beginning of its own. */
export class Trace {
  #low = 0x1b873593;
  #high = 0x2545f491;

  /**
   * Adds one event.
   *
   * @param at - milliseconds.
   */
  add(kind: Traced, at: number, value: number): void {
    const epoch = Math.floor(at / TWO_TO_THE_32);
    const rest = (at % TWO_TO_THE_32) | 0;
    this.#low = mixed(mixed(mixed(mixed(this.#low, kind), epoch), rest), value);
    this.#high = mixed(mixed(mixed(mixed(this.#high, value), rest), epoch), kind);
  }

  /** Adds all that another trace is made of. */
  addTrace(other: Trace): void {
    this.#low = mixed(mixed(this.#low, other.#low), other.#high);
    this.#high = mixed(mixed(this.#high, other.#high), other.#low);
  }

  /** Sixteen hexadecimal digits. */
  toString(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
