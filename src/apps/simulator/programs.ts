/**
 * What a simulation runs: the shipped decisions and steps, each under its name, so that a test can put a broken one in
 * the place of one of them and see it caught.
 *
 * @module
 */
import { step } from '../../domain/summoner.ts';
import { type Firing, afterDelay, afterRecording, afterRun, firingOf, lookOf } from '../fallback/firing.ts';
import type { LibrarianPorts } from '../librarian/librarian-ports.ts';
import { type Deciders, SHIPPED_DECIDERS, tickWith } from '../librarian/tick.ts';
import { begin, kept, started, takeIn, takeInEnd } from '../summoner/agent.ts';

export type { Firing };

/** Everything of the product that a simulation runs. */
export interface Programs {
  /** The Summoner's decision. */
  readonly step: typeof step;
  /** The Summoner's agent: what it does, and in which order. */
  readonly agent: {
    readonly begin: typeof begin;
    readonly takeIn: typeof takeIn;
    readonly takeInEnd: typeof takeInEnd;
    readonly kept: typeof kept;
    readonly started: typeof started;
  };
  /** The fallback: its decision, and the steps of a firing. */
  readonly fallback: {
    readonly lookOf: typeof lookOf;
    readonly firingOf: typeof firingOf;
    readonly afterDelay: typeof afterDelay;
    readonly afterRecording: typeof afterRecording;
    readonly afterRun: typeof afterRun;
  };
  /** The train's decisions. */
  readonly deciders: Deciders;
  /** The Librarian's tick. */
  readonly tickWith: typeof tickWith;
  /** What stands between the Librarian and its ports: shipped, nothing. */
  readonly librarianPorts: (ports: LibrarianPorts) => LibrarianPorts;
}

/** The product as it is shipped. */
export const SHIPPED: Programs = {
  step,
  agent: { begin, takeIn, takeInEnd, kept, started },
  fallback: { lookOf, firingOf, afterDelay, afterRecording, afterRun },
  deciders: SHIPPED_DECIDERS,
  tickWith,
  librarianPorts: (ports) => ports,
};
