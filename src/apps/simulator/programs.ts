/**
 * What a simulation runs: the shipped decisions and steps, each under its name, so that a test can put a broken one in
 * the place of one of them and see it caught.
 *
 * @module
 */
import { type FallbackRecord, recordInForce } from '../../domain/fallback-record.ts';
import { afterLastRun, step } from '../../domain/summoner.ts';
import { type Firing, afterDelay, afterRecording, afterRun, firingOf, lookOf } from '../fallback/firing.ts';
import type { LibrarianPorts } from '../librarian/librarian-ports.ts';
import { type Deciders, SHIPPED_DECIDERS, tickWith } from '../librarian/tick.ts';
import { begin, kept, started, takeIn, takeInEnd } from '../summoner/agent.ts';
import { recollect } from '../summoner/node-memory.ts';

export type { Firing };

/** The Summoner's agent: what it does, and in which order. */
export interface AgentProgram {
  /** What it makes of what lies on its disk. */
  readonly recollect: typeof recollect;
  /** A new agent, from what it loaded. */
  readonly begin: typeof begin;
  /** What it makes of something that it saw or heard. */
  readonly takeIn: typeof takeIn;
  /** What it makes of the end of its run. */
  readonly takeInEnd: typeof takeInEnd;
  /** What it does once the state is stored. */
  readonly kept: typeof kept;
  /** What it does once the run is started. */
  readonly started: typeof started;
  /** What it makes of the end of a run that was stopped together with it. */
  readonly afterLastRun: typeof afterLastRun;
}

/** The fallback: its decision, and the steps of a firing. */
export interface FallbackProgram {
  /** Which of the two places of its record counts. */
  readonly recordInForce: (own: FallbackRecord, spare: FallbackRecord | undefined) => FallbackRecord;
  /** Its decision, from the two records. */
  readonly lookOf: typeof lookOf;
  /** A firing that has just been decided. */
  readonly firingOf: typeof firingOf;
  /** What it does after its place in the splay has come. */
  readonly afterDelay: typeof afterDelay;
  /** What it does once its record is written. */
  readonly afterRecording: typeof afterRecording;
  /** What it does after the end of a run. */
  readonly afterRun: typeof afterRun;
}

/** Everything of the product that a simulation runs. */
export interface Programs {
  /** The Summoner's decision. */
  readonly step: typeof step;
  readonly agent: AgentProgram;
  readonly fallback: FallbackProgram;
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
  agent: { recollect, begin, takeIn, takeInEnd, kept, started, afterLastRun },
  fallback: { recordInForce, lookOf, firingOf, afterDelay, afterRecording, afterRun },
  deciders: SHIPPED_DECIDERS,
  tickWith,
  librarianPorts: (ports) => ports,
};
