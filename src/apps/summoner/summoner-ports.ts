import type * as O from 'fp-ts/lib/Option.js';
import type { RunCause, Running } from '../../domain/node-state.ts';
import type { RunEnd } from '../../domain/run-outcome.ts';
import type { Observation, SummonerDecision, SummonerPolicy } from '../../domain/summoner.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SignalBus } from '../../ports/signal-bus.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { Log } from '../log.ts';
import type { Operator } from './operator.ts';

/** One converge, from start to end. Never rejects. */
export type Converge = (running: Running, abort: AbortSignal) => Promise<RunEnd>;

/**
 * Takes up the run that the agent before this one has left, when that goes on or its end can still be told; nothing where
 * it cannot. Never rejects.
 */
export type TakeUp = (running: Running, abort: AbortSignal) => Promise<{ readonly end: Promise<RunEnd> } | undefined>;

/** Everything the Summoner touches. */
export interface SummonerPorts {
  readonly policy: SummonerPolicy;
  readonly clock: Clock;
  readonly bus: SignalBus;
  /** The node's own store; the state is its document {@link STATE_KEY}. */
  readonly state: StateStore;
  readonly converge: Converge;
  /** Absent where a run ends with its agent. */
  readonly takeUp?: TakeUp;
  /** The end of the fallback's last success, which counts for the floor (law F4); none where there is no fallback. */
  readonly fallbackSuccess: () => Promise<O.Option<EpochMs>>;
  /** People on the node; absent where nobody can ask. */
  readonly operator?: Operator;
  readonly log: Log;
  /**
   * Told of every decision, and whether its state is stored: for metrics, status and demonstrations. Of the first one the
   * state has been loaded.
   */
  readonly onDecision?: (decision: SummonerDecision, isStored: boolean) => void;
  /** Told of every poll that was answered, or failed, and was taken in; what keeps a watchdog quiet (fault 59). */
  readonly onPolled?: (outcome: Observation['_tag']) => void;
  /** Told of every run that ends, likewise. */
  readonly onRunEnded?: (run: EndedRun) => void;
}

/** A run that has ended. */
export interface EndedRun {
  readonly cause: RunCause;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly end: RunEnd;
}

/** The key of the node's state in its store. */
export const STATE_KEY = 'summoner.json';
