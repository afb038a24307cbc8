/**
 * The agent as a machine: takes in what happened, and says what is to be done next, one thing at a time. It stores what a
 * decision changed, and only then starts the run that was decided (law N8).
 *
 * Nothing here waits, reads or writes: a shell carries out the orders over the ports, and the simulator over its own
 * world.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { RunEnd } from '../../domain/run-outcome.ts';
import { type Asked, NOTHING_ASKED } from '../../domain/node-request.ts';
import {
  startingBus,
  type step,
  type SummonerDecision,
  type SummonerEvent,
  type SummonerPolicy,
  type SummonerState,
  withAsked,
  withClockStepped,
} from '../../domain/summoner.ts';
import { CLOCK_STEP_MS_MIN, type EpochMs } from '../../domain/time.ts';
import type { NodeMemory } from './node-memory.ts';

/** What both clocks said at one moment. */
export interface ClockReading {
  readonly at: EpochMs;
  readonly elapsedMs: number;
}

/** What the agent notices by itself whenever it wakes. */
export interface Noticed {
  readonly clocks: ClockReading;
  /** The fallback's last success, as its record states it. */
  readonly fallbackSuccess: O.Option<EpochMs>;
  /** What people on the node have asked for since; absent: nothing. */
  readonly asked?: Asked;
}

/** Whose agent it is, and what decides for it. */
export interface Mind {
  readonly policy: SummonerPolicy;
  /** As shipped, the decision of the domain. */
  readonly step: typeof step;
}

/**
 * What is to be done next:
 *
 * - `Begin`: the state could be loaded at last, and what was decided without it is void; look around and begin again.
 * - `Keep`: store the state of the decision, and tell what came of it.
 * - `Run`: start the run that was decided.
 * - `Wait`: until the decision is to be looked at again, or the run under way has ended.
 */
export type AgentOrder = 'Begin' | 'Keep' | 'Run' | 'Wait';

/** The agent between two orders. */
export interface Agent {
  readonly memory: NodeMemory;
  readonly decision: SummonerDecision;
  /** What both clocks said when it was decided. */
  readonly clocks: ClockReading;
  readonly isRunning: boolean;
  readonly order: AgentOrder;
}

/** By how much the wall clock was set between two readings, in milliseconds; 0 where it only ran. */
export const clockStepMs = (before: ClockReading, after: ClockReading): number => {
  const byMs = Math.round(after.at - before.at - (after.elapsedMs - before.elapsedMs));
  return Math.abs(byMs) < CLOCK_STEP_MS_MIN ? 0 : byMs;
};

/** Once what was decided is kept, or held in memory because it cannot be, it is done. */
const afterKeeping = (decision: SummonerDecision): AgentOrder => (decision.action._tag === 'Start' ? 'Run' : 'Wait');

const decided = (memory: NodeMemory, decision: SummonerDecision, clocks: ClockReading, isRunning: boolean): Agent => {
  const { node } = decision.state;
  if (node === memory.node && memory.isStored) {
    return { memory, decision, clocks, isRunning, order: afterKeeping(decision) };
  }
  // Nothing is loaded under a run: what is found would know nothing of it, and of its end.
  return memory.isLoaded || !isRunning
    ? { memory, decision, clocks, isRunning, order: 'Keep' }
    : { memory: { ...memory, node }, decision, clocks, isRunning, order: afterKeeping(decision) };
};

/**
 * Takes in what was noticed and then `event`, up to the first that starts a run; what is left shows again at the next
 * look.
 */
const decide = (
  { policy, step }: Mind,
  before: SummonerState,
  steppedByMs: number,
  { clocks, fallbackSuccess, asked }: Noticed,
  event: SummonerEvent,
): SummonerDecision => {
  let state = before;
  if (asked !== undefined && asked !== NOTHING_ASKED) {
    // First of all, and nothing is concluded before: what was disabled meanwhile must not start (law N10).
    state = withAsked(policy, steppedByMs === 0 ? state : withClockStepped(state, steppedByMs), asked, clocks.at);
  } else if (steppedByMs !== 0) {
    const decision = step(policy, state, { _tag: 'ClockStepped', byMs: steppedByMs }, clocks.at);
    if (decision.action._tag === 'Start') return decision;
    ({ state } = decision);
  }
  if (O.isSome(fallbackSuccess)) {
    const decision = step(policy, state, { _tag: 'FallbackSucceeded', at: fallbackSuccess.value }, clocks.at);
    if (decision.action._tag === 'Start') return decision;
    ({ state } = decision);
  }
  return step(policy, state, event, clocks.at);
};

/**
 * A new agent, from what it loaded. A run that was under way when the last agent died counts as interrupted, unless the new
 * one has taken it up. It hears of the fallback first, after whose success it may owe nothing any more.
 *
 * @param isRunning - whether it has taken up a run.
 */
export const begin = (mind: Mind, memory: NodeMemory, noticed: Noticed, isRunning = false): Agent => {
  const state = { node: memory.node, bus: startingBus(mind.policy, noticed.clocks.at) };
  const event: SummonerEvent = { _tag: isRunning ? 'Woke' : 'Started' };
  return decided(memory, decide(mind, state, 0, noticed, event), noticed.clocks, isRunning);
};

/** The agent after it woke, with what it saw. */
export const takeIn = (mind: Mind, agent: Agent, noticed: Noticed, event: SummonerEvent): Agent => {
  const { memory, decision, clocks, isRunning } = agent;
  const next = decide(mind, decision.state, clockStepMs(clocks, noticed.clocks), noticed, event);
  return decided(memory, next, noticed.clocks, isRunning);
};

/** The agent after the run under way has ended. */
export const takeInEnd = (mind: Mind, agent: Agent, noticed: Noticed, end: RunEnd): Agent =>
  takeIn(mind, { ...agent, isRunning: false }, noticed, { _tag: 'RunEnded', end });

/** The agent after `Keep`. */
export const kept = (agent: Agent, memory: NodeMemory): Agent => {
  const isVoid = memory.node !== agent.decision.state.node;
  return { ...agent, memory, order: isVoid ? 'Begin' : afterKeeping(agent.decision) };
};

/** The agent after `Run`. */
export const started = (agent: Agent): Agent => ({ ...agent, isRunning: true, order: 'Wait' });

/** Whether the agent, awake at `now`, looks at the bus or just at the time. */
export const isPollDue = ({ decision }: Agent, now: EpochMs): boolean => now >= decision.state.bus.pollAt;
