/**
 * The agent: takes in what happened, stores what that changed, and only then starts the run that was decided.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { NodeState, Running } from '../../domain/node-state.ts';
import type { RunEnd } from '../../domain/run-outcome.ts';
import {
  afterLastRun,
  startingBus,
  step,
  type SummonerDecision,
  type SummonerEvent,
  type SummonerPolicy,
  type SummonerState,
} from '../../domain/summoner.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { keepMemory, loadMemory, type NodeMemory } from './node-memory.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';

/** What both clocks said at one moment. */
export interface ClockReading {
  readonly at: EpochMs;
  readonly elapsedMs: number;
}

/** Reads both clocks. */
export const readClocks = (clock: Clock): ClockReading => ({ at: clock.now(), elapsedMs: clock.elapsedMs() });

/** The agent between two steps. */
export interface Agent {
  readonly memory: NodeMemory;
  readonly decision: SummonerDecision;
  /** The run under way. Always resolves. */
  readonly run: Promise<EndedRun> | undefined;
  /** What both clocks said at the last step. */
  readonly clocks: ClockReading;
}

/** An agent that has not decided yet. */
type Undecided = Omit<Agent, 'decision'>;

/** Calls a hook; one that throws is its owner's defect and must not become the node's. */
const tell = <A>({ log }: SummonerPorts, hook: ((told: A) => void) | undefined, told: A): void => {
  try {
    hook?.(told);
  } catch (defect) {
    log('error', 'a hook of the Summoner failed', { detail: String(defect) });
  }
};

const report = (ports: SummonerPorts, decision: SummonerDecision): void => {
  const { log, policy, onDecision } = ports;
  const { action, reason, verdict, state } = decision;
  tell(ports, onDecision, decision);
  const fields = { node: policy.identity.node, reason: reason._tag };
  if (O.isSome(verdict) && verdict.value._tag === 'Refused') {
    log('warn', 'signal refused', { ...fields, refusal: verdict.value.refusal._tag });
  } else if (O.isSome(verdict) && verdict.value._tag === 'Accepted') {
    log('info', 'signal accepted', { ...fields, version: O.toNullable(state.node.pending)?.version ?? null });
  }
  if (action._tag === 'Start') log('info', 'run started', { ...fields, version: O.toNullable(action.running.version) });
};

const converged = async ({ converge, log }: SummonerPorts, running: Running, abort: AbortSignal): Promise<RunEnd> => {
  try {
    return await converge(running, abort);
  } catch (defect) {
    log('error', 'the converge failed without an answer', { detail: String(defect) });
    return { _tag: 'NotStarted', detail: String(defect) };
  }
};

const startRun = async (ports: SummonerPorts, running: Running, abort: AbortSignal): Promise<EndedRun> => {
  const end = await converged(ports, running, abort);
  const ended: EndedRun = { cause: running.cause, startedAt: running.startedAt, endedAt: ports.clock.now(), end };
  tell(ports, ports.onRunEnded, ended);
  return ended;
};

/** Nothing is loaded under a run: what is found would know nothing of it, and of its end. */
const keep = async (ports: SummonerPorts, { memory, run }: Undecided, node: NodeState): Promise<NodeMemory> =>
  memory.isLoaded || run === undefined ? keepMemory(ports, memory, node) : { ...memory, node };

/** Stores what was decided, and only then does it (law N8). */
const carryOut = async (
  ports: SummonerPorts,
  before: Undecided,
  decision: SummonerDecision,
  abort: AbortSignal,
): Promise<Agent> => {
  const { node } = decision.state;
  const memory = await keep(ports, before, node);
  // The state could be loaded at last, and this was decided without it.
  if (memory.node !== node) return begin(ports, { ...before, memory }, abort);
  report(ports, decision);
  const run = decision.action._tag === 'Start' ? startRun(ports, decision.action.running, abort) : before.run;
  return { ...before, memory, decision, run };
};

/** Takes in `noticed` and then `event`, up to the first that starts a run; what is left shows again at the next look. */
const decide = (
  policy: SummonerPolicy,
  before: SummonerState,
  noticed: readonly SummonerEvent[],
  event: SummonerEvent,
  now: EpochMs,
): SummonerDecision => {
  let state = before;
  for (const first of noticed) {
    const decision = step(policy, state, first, now);
    if (decision.action._tag === 'Start') return decision;
    state = decision.state;
  }
  return step(policy, state, event, now);
};

/** What the fallback's record says, as news to the agent; whether it is any is for the domain to say (law F4). */
export const fallbackNews = async ({ fallbackSuccess }: SummonerPorts): Promise<readonly SummonerEvent[]> => {
  const at = await fallbackSuccess();
  return O.isSome(at) ? [{ _tag: 'FallbackSucceeded', at: at.value }] : [];
};

/**
 * What a new agent decides from what it loaded: a run that was under way when the last agent died counts as interrupted.
 * It hears of the fallback first, after whose success it may owe nothing any more.
 */
export const firstDecision = async (ports: SummonerPorts, { node }: NodeMemory): Promise<SummonerDecision> => {
  const noticed = await fallbackNews(ports);
  const now = ports.clock.now();
  return decide(ports.policy, { node, bus: startingBus(ports.policy, now) }, noticed, { _tag: 'Started' }, now);
};

const begin = async (ports: SummonerPorts, before: Undecided, abort: AbortSignal): Promise<Agent> =>
  carryOut(ports, before, await firstDecision(ports, before.memory), abort);

/** Loads the state and takes the first step. */
export const startAgent = async (ports: SummonerPorts, abort: AbortSignal): Promise<Agent> =>
  begin(ports, { memory: await loadMemory(ports), run: undefined, clocks: readClocks(ports.clock) }, abort);

/** Takes in what the shell noticed by itself, and one event. */
export const takeIn = (
  ports: SummonerPorts,
  agent: Agent,
  noticed: readonly SummonerEvent[],
  event: SummonerEvent,
  abort: AbortSignal,
): Promise<Agent> =>
  carryOut(ports, agent, decide(ports.policy, agent.decision.state, noticed, event, ports.clock.now()), abort);

const settle = async (ports: SummonerPorts, { memory, decision }: Agent, end: RunEnd): Promise<void> => {
  const { node } = afterLastRun(ports.policy, decision.state, end, ports.clock.now());
  await keepMemory(ports, memory, node);
};

/**
 * Sees the run under way to its end, and whatever follows it at once, such as the one run after an upgrade; of an agent
 * that is to stop nothing follows (fault 57). Answers how the last of them ended.
 */
export const finishRuns = async (
  ports: SummonerPorts,
  agent: Agent,
  abort: AbortSignal,
): Promise<EndedRun | undefined> => {
  if (agent.run === undefined) return undefined;
  const ended = await agent.run;
  if (abort.aborted) {
    await settle(ports, agent, ended.end);
    return ended;
  }
  const after = await takeIn(ports, { ...agent, run: undefined }, [], { _tag: 'RunEnded', end: ended.end }, abort);
  return (await finishRuns(ports, after, abort)) ?? ended;
};
