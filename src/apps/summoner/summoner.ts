/**
 * The Summoner's shell: polls, stores, runs and sleeps as the domain's `step` decides, and decides nothing itself.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Running } from '../../domain/node-state.ts';
import { startingBus, step, type SummonerDecision, type SummonerEvent } from '../../domain/summoner.ts';
import { type EpochMs, plus, SECOND_MS } from '../../domain/time.ts';
import { keepMemory, loadMemory, type NodeMemory } from './node-memory.ts';
import { observe } from './observe.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';

/** A wall clock that moved by so much more or less than real time has been stepped, not slewed. */
const CLOCK_STEP_MS_MIN = 2_000;

/** The agent between two steps. */
interface Agent {
  readonly memory: NodeMemory;
  readonly decision: SummonerDecision;
  /** The run under way. */
  readonly run: Promise<EndedRun> | undefined;
  /** What both clocks said at the last step. */
  readonly at: EpochMs;
  readonly elapsedMs: number;
}

const report = ({ log, policy, onDecision }: SummonerPorts, decision: SummonerDecision): void => {
  const { action, reason, verdict, state } = decision;
  onDecision?.(decision);
  const fields = { node: policy.identity.node, reason: reason._tag };
  if (O.isSome(verdict) && verdict.value._tag === 'Refused') {
    log('warn', 'signal refused', { ...fields, refusal: verdict.value.refusal._tag });
  } else if (O.isSome(verdict) && verdict.value._tag === 'Accepted') {
    log('info', 'signal accepted', { ...fields, version: O.toNullable(state.node.pending)?.version ?? null });
  }
  if (action._tag === 'Start') log('info', 'run started', { ...fields, version: O.toNullable(action.running.version) });
};

const startRun = async (ports: SummonerPorts, running: Running, abort: AbortSignal): Promise<EndedRun> => {
  const end = await ports.converge(running, abort);
  const ended: EndedRun = { cause: running.cause, startedAt: running.startedAt, endedAt: ports.clock.now(), end };
  ports.onRunEnded?.(ended);
  return ended;
};

/** Takes in one event: decides, stores what changed, and only then starts the run that was decided (law N8). */
const takeIn = async (ports: SummonerPorts, agent: Agent, event: SummonerEvent, abort: AbortSignal): Promise<Agent> => {
  const decision = step(ports.policy, agent.decision.state, event, ports.clock.now());
  report(ports, decision);
  const memory = await keepMemory(ports, agent.memory, decision.state.node);
  const run = decision.action._tag === 'Start' ? startRun(ports, decision.action.running, abort) : agent.run;
  return { ...agent, memory, decision, run };
};

/** Loads the state and takes the first step. A run that was under way when the last agent died counts as interrupted. */
export const startAgent = async (ports: SummonerPorts, abort: AbortSignal): Promise<Agent> => {
  const memory = await loadMemory(ports);
  const now = ports.clock.now();
  const state = { node: memory.node, bus: startingBus(ports.policy, now) };
  const decision = step(ports.policy, state, { _tag: 'Started' }, now);
  const agent: Agent = { memory, decision, run: undefined, at: now, elapsedMs: ports.clock.elapsedMs() };
  report(ports, decision);
  const run = decision.action._tag === 'Start' ? startRun(ports, decision.action.running, abort) : undefined;
  return { ...agent, run, memory: await keepMemory(ports, memory, decision.state.node) };
};

/** Waits until the decision is to be looked at again, the run has ended, or the agent is to stop. */
const waitFor = async ({ clock }: SummonerPorts, agent: Agent, abort: AbortSignal): Promise<EndedRun | undefined> => {
  const woken = new AbortController();
  const wake = () => {
    woken.abort();
  };
  abort.addEventListener('abort', wake, { once: true });
  try {
    const slept = clock.sleepUntil(agent.decision.lookAgainAt, woken.signal).then(() => undefined);
    return await (agent.run === undefined ? slept : Promise.race([agent.run, slept]));
  } finally {
    wake();
    abort.removeEventListener('abort', wake);
  }
};

/** What nobody asked for and the shell alone can notice: a clock that was stepped, a success of the fallback. */
const noticed = async (ports: SummonerPorts, agent: Agent): Promise<readonly SummonerEvent[]> => {
  const events: SummonerEvent[] = [];
  const byMs = Math.round(ports.clock.now() - agent.at - (ports.clock.elapsedMs() - agent.elapsedMs));
  if (Math.abs(byMs) >= CLOCK_STEP_MS_MIN) {
    ports.log('warn', 'the wall clock was stepped', { by_ms: byMs });
    events.push({ _tag: 'ClockStepped', byMs });
  }
  const fallback = await ports.fallbackSuccess();
  const known = agent.decision.state.node.lastSuccess;
  if (O.isSome(fallback) && (O.isNone(known) || known.value < fallback.value)) {
    events.push({ _tag: 'FallbackSucceeded', at: fallback.value });
  }
  return events;
};

/** Looks at the bus when that is due, and otherwise just at the time. */
const look = async (ports: SummonerPorts, { decision }: Agent): Promise<SummonerEvent> => {
  const { bus } = decision.state;
  if (ports.clock.now() < bus.pollAt) return { _tag: 'Woke' };
  return { _tag: 'Observed', observation: await observe(ports, bus.known) };
};

/** One turn of the loop: wait, then take in what happened meanwhile. */
export const turn = async (ports: SummonerPorts, before: Agent, abort: AbortSignal): Promise<Agent> => {
  const ended = await waitFor(ports, before, abort);
  let agent = before;
  for (const event of await noticed(ports, agent)) agent = await takeIn(ports, agent, event, abort);
  agent = { ...agent, at: ports.clock.now(), elapsedMs: ports.clock.elapsedMs() };
  if (ended !== undefined) {
    return takeIn(ports, { ...agent, run: undefined }, { _tag: 'RunEnded', end: ended.end }, abort);
  }
  return abort.aborted ? agent : takeIn(ports, agent, await look(ports, agent), abort);
};

/** Stops: the run under way is ended by its abort, and how it ended is stored (fault 57). */
const drain = async (ports: SummonerPorts, agent: Agent, abort: AbortSignal): Promise<void> => {
  if (agent.run === undefined) return;
  const ended = await agent.run;
  await takeIn(ports, { ...agent, run: undefined }, { _tag: 'RunEnded', end: ended.end }, abort);
};

/** After a turn that threw, which is a defect, the loop waits so long before it goes on. */
const AFTER_DEFECT_MS = 10 * SECOND_MS;

/** Runs the Summoner until `abort`. It never gives up and never rejects (law N9). */
export const runSummoner = async (ports: SummonerPorts, abort: AbortSignal): Promise<void> => {
  let agent = await startAgent(ports, abort);
  while (!abort.aborted) {
    try {
      agent = await turn(ports, agent, abort);
    } catch (defect) {
      ports.log('error', 'a turn of the Summoner failed', { detail: String(defect) });
      await ports.clock.sleepUntil(plus(ports.clock.now(), AFTER_DEFECT_MS), abort);
    }
  }
  await drain(ports, agent, abort);
};

/**
 * Looks once: starts, polls, and if a run is due runs it to its end. For `summoner --once` and for schedulers that bring
 * their own loop.
 *
 * @param isDry - decide and say, but store and run nothing.
 */
export const summonOnce = async (ports: SummonerPorts, isDry: boolean): Promise<SummonerDecision> => {
  const abort = new AbortController().signal;
  if (isDry) {
    const memory = await loadMemory({ ...ports, state: readOnly(ports.state) });
    const now = ports.clock.now();
    const started = step(
      ports.policy,
      { node: memory.node, bus: startingBus(ports.policy, now) },
      { _tag: 'Started' },
      now,
    );
    if (started.action._tag === 'Start') return started;
    return step(ports.policy, started.state, { _tag: 'Observed', observation: await observe(ports, undefined) }, now);
  }
  let agent = await startAgent(ports, abort);
  for (const event of await noticed(ports, agent)) agent = await takeIn(ports, agent, event, abort);
  if (agent.run === undefined) {
    agent = await takeIn(ports, agent, { _tag: 'Observed', observation: await observe(ports, undefined) }, abort);
  }
  const { decision } = agent;
  await drain(ports, agent, abort);
  return decision;
};

/** A store that is only looked at. */
const readOnly = (state: SummonerPorts['state']): SummonerPorts['state'] => ({
  read: state.read,
  write: () => Promise.resolve({ _tag: 'Conflict' }),
});
