/**
 * What the Summoner is decided from, and what comes of it.
 *
 * @module
 */
import type * as O from 'fp-ts/lib/Option.js';
import type { Backoff } from '../backoff.ts';
import { type ComplianceFloor, LEAD_MS_DEFAULT, WINDOW_MS_DEFAULT } from '../compliance.ts';
import type { Disabling } from '../disabling.ts';
import type { Assignment } from '../assignment.ts';
import type { NodeState, RunCause, Running } from '../node-state.ts';
import { type Polling, pollingFor, type Timetable } from '../polling.ts';
import { CHEF_OUTCOMES, type OutcomeTable, type RunEnd } from '../run-outcome.ts';
import type { Signal, SignalRefusal } from '../signal.ts';
import { type EpochMs, MINUTE_MS } from '../time.ts';

/** How a node behaves. {@link policyFor} fills in what a fleet has no opinion on. */
export interface SummonerPolicy extends ComplianceFloor, Polling {
  readonly identity: Assignment;
  /** How far ahead of this clock a signal's timestamp, or a recorded success, may lie, in milliseconds. */
  readonly clockToleranceMs: number;
  /** Over how many seconds first runs, and floors found overdue after a standstill, are spread. */
  readonly catchUpSplaySeconds: number;
  /** How many runs one version, or one request, may cost before it is given up (law N7). */
  readonly attemptsMax: number;
  readonly backoff: Backoff;
  /** What the exit codes of a run mean (law N14). */
  readonly outcomes: OutcomeTable;
}

/** The defaults: the published window, {@link pollingFor}'s polls, five attempts spread over about half an hour each at most. */
export const policyFor = (
  identity: Assignment,
  chosen: Partial<Omit<SummonerPolicy, 'identity'>> = {},
): SummonerPolicy => ({
  identity,
  windowMs: WINDOW_MS_DEFAULT,
  leadMs: LEAD_MS_DEFAULT,
  clockToleranceMs: 5 * MINUTE_MS,
  catchUpSplaySeconds: 300,
  attemptsMax: 5,
  backoff: { baseMs: MINUTE_MS, capMs: 30 * MINUTE_MS },
  outcomes: CHEF_OUTCOMES,
  ...chosen,
  ...pollingFor(chosen),
});

/** What the agent knows of its bus. Not stored: a new agent looks afresh. */
export interface BusHealth {
  /** Polls in a row that got no answer. */
  readonly failures: number;
  /** When to poll next. */
  readonly pollAt: EpochMs;
  /** The revision of the last body that was understood, so that the next poll may be conditional. */
  readonly known: string | undefined;
  /** What that body told of departures to poll by. */
  readonly timetable: Timetable | undefined;
}

/** Everything the agent knows. `node` is what is stored, and is the very same value while nothing in it changed. */
export interface SummonerState {
  readonly node: NodeState;
  readonly bus: BusHealth;
}

/** What one poll showed, decoded. */
export type Observation =
  | { readonly _tag: 'Fresh'; readonly signal: Signal; readonly revision: string }
  | { readonly _tag: 'Unchanged' }
  | { readonly _tag: 'Missing' }
  | { readonly _tag: 'Denied' }
  | { readonly _tag: 'Unavailable' }
  /** A body that is no signal. */
  | { readonly _tag: 'Malformed'; readonly refusal: SignalRefusal };

/** What can happen to the agent. */
export type SummonerEvent =
  /** It started: a run that was under way when it ended was interrupted (law N8). */
  | { readonly _tag: 'Started' }
  | { readonly _tag: 'Observed'; readonly observation: Observation }
  | { readonly _tag: 'RunEnded'; readonly end: RunEnd }
  /** Time passed. */
  | { readonly _tag: 'Woke' }
  | { readonly _tag: 'Disabled'; readonly disabling: Disabling }
  | { readonly _tag: 'Enabled' }
  | { readonly _tag: 'RunNowAsked' }
  /** The fallback ran with success: that counts for the floor (law F4). */
  | { readonly _tag: 'FallbackSucceeded'; readonly at: EpochMs }
  /** The wall clock was stepped by so many milliseconds while the agent watched. */
  | { readonly _tag: 'ClockStepped'; readonly byMs: number };

/** What became of a signal that was seen. */
export type SignalVerdict =
  | { readonly _tag: 'Accepted' }
  /** Believed, but its version is on the node already. */
  | { readonly _tag: 'AlreadyApplied' }
  /** The very signal that was accepted before. */
  | { readonly _tag: 'AlreadySeen' }
  | { readonly _tag: 'UploadIncomplete' }
  | { readonly _tag: 'Expired' }
  | { readonly _tag: 'Refused'; readonly refusal: SignalRefusal };

/** Why the agent does what it does now. The tags are a closed set fit for a metric label. */
export type SummonerReason =
  | RunCause
  /** It starts nothing: a run is under way. */
  | { readonly _tag: 'AlreadyRunning' }
  /** It waits for the splay of what it owes. */
  | { readonly _tag: 'Splay' }
  /** It waits after a failure. */
  | { readonly _tag: 'BackingOff' }
  /** A person disabled it. */
  | { readonly _tag: 'Disabled'; readonly disabling: Disabling }
  /** It used up its attempts; the floor is next. */
  | { readonly _tag: 'GaveUp' }
  /** It owes nothing before the floor. */
  | { readonly _tag: 'UpToDate' };

/** The next action. */
export type SummonerAction = { readonly _tag: 'Start'; readonly running: Running } | { readonly _tag: 'Wait' };

/** What a step decided. */
export interface SummonerDecision {
  readonly action: SummonerAction;
  readonly reason: SummonerReason;
  readonly state: SummonerState;
  /** When to look again: the next poll, or the next start if that is sooner. */
  readonly lookAgainAt: EpochMs;
  /** When the next run starts as things stand; none while one is under way or while disabling keeps even the floor. */
  readonly nextStartAt: O.Option<EpochMs>;
  /** What that run is for; none together with {@link SummonerDecision.nextStartAt}. */
  readonly nextCause: O.Option<RunCause>;
  /** What became of the signal, when one was seen. */
  readonly verdict: O.Option<SignalVerdict>;
}
