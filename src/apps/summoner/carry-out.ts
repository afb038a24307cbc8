/**
 * Carrying out the agent's orders over the ports.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Running } from '../../domain/node-state.ts';
import { type RunEnd, runOutcomeOf } from '../../domain/run-outcome.ts';
import { formatSignalRefusal } from '../../domain/signal.ts';
import { afterLastRun, step } from '../../domain/summoner.ts';
import { formatDuration } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Agent, begin, type ClockReading, kept, type Mind, type Noticed, started, takeInEnd } from './agent.ts';
import { keepMemory } from './node-memory.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';

/** The agent at rest: it waits, and its run goes on beside it. */
export interface Resting {
  readonly agent: Agent;
  /** The run under way. Always resolves. */
  readonly run: Promise<EndedRun> | undefined;
}

/** Who decides for this node. */
export const mindOf = ({ policy }: SummonerPorts): Mind => ({ policy, step });

/** Reads both clocks. */
export const readClocks = (clock: Clock): ClockReading => ({ at: clock.now(), elapsedMs: clock.elapsedMs() });

/** Looks around. */
export const notice = async ({ clock, fallbackSuccess, operator }: SummonerPorts): Promise<Noticed> => {
  const success = await fallbackSuccess();
  // The last to be asked: between this look and the start of a run there is only the storing of it (law N10).
  const asked = await operator?.hear(clock.now());
  return { clocks: readClocks(clock), fallbackSuccess: success, ...(asked === undefined ? {} : { asked }) };
};

/** Calls a hook; one that throws is its owner's defect and must not become the node's. */
export const tell = <A extends readonly unknown[]>(
  { log }: SummonerPorts,
  hook: ((...told: A) => void) | undefined,
  ...told: A
): void => {
  try {
    hook?.(...told);
  } catch (defect) {
    log('error', 'a hook of the Summoner failed', { detail: String(defect) });
  }
};

const report = (ports: SummonerPorts, { decision, memory }: Agent): void => {
  const { log, policy, onDecision } = ports;
  const { action, reason, verdict, state } = decision;
  tell(ports, onDecision, decision, memory.isStored);
  const fields = { node: policy.identity.node, reason: reason._tag };
  if (O.isSome(verdict) && verdict.value._tag === 'Refused') {
    log('warn', 'signal refused', { ...fields, refusal: formatSignalRefusal(verdict.value.refusal) });
  } else if (O.isSome(verdict) && verdict.value._tag === 'Accepted') {
    log('info', 'signal accepted', { ...fields, version: O.toNullable(state.node.pending)?.version ?? null });
  }
  if (action._tag === 'Start') log('info', 'run started', { ...fields, version: O.toNullable(action.running.version) });
};

const reportEnd = ({ log, policy }: SummonerPorts, running: Running, { endedAt, end }: EndedRun): void => {
  const outcome = runOutcomeOf(end, running.cause._tag === 'Upgraded', policy.outcomes);
  log('info', 'run ended', {
    node: policy.identity.node,
    cause: running.cause._tag,
    version: O.toNullable(running.version),
    outcome: outcome._tag === 'Failed' ? outcome.name : outcome._tag,
    took: formatDuration(Math.max(0, endedAt - running.startedAt)),
  });
};

const converged = async ({ converge, log }: SummonerPorts, running: Running, abort: AbortSignal): Promise<RunEnd> => {
  try {
    return await converge(running, abort);
  } catch (defect) {
    log('error', 'the converge failed without an answer', { detail: String(defect) });
    return { _tag: 'NotStarted', detail: String(defect) };
  }
};

/** Whether a run has ended for this agent only: the next one takes it up, to whom its end is left (fault 58). */
const isLeft = ({ takeUp }: SummonerPorts, end: RunEnd): boolean => takeUp !== undefined && end._tag === 'Interrupted';

/** Follows a run to its end, and tells of it. */
export const follow = async (ports: SummonerPorts, running: Running, ending: Promise<RunEnd>): Promise<EndedRun> => {
  const end = await ending;
  const ended: EndedRun = { cause: running.cause, startedAt: running.startedAt, endedAt: ports.clock.now(), end };
  if (isLeft(ports, end)) ports.log('info', 'the run is left to the next agent');
  else {
    reportEnd(ports, running, ended);
    tell(ports, ports.onRunEnded, ended);
  }
  return ended;
};

/**
 * Carries out the agent's orders until it rests.
 *
 * @param run - the run under way.
 */
export const carryOut = async (
  ports: SummonerPorts,
  ordering: Agent,
  run: Resting['run'],
  abort: AbortSignal,
): Promise<Resting> => {
  let agent = ordering;
  while (agent.order === 'Keep' || agent.order === 'Begin') {
    if (agent.order === 'Keep') agent = kept(agent, await keepMemory(ports, agent.memory, agent.decision.state.node));
    else {
      ports.operator?.repeat();
      agent = begin(mindOf(ports), agent.memory, await notice(ports));
    }
  }
  const { decision, order, memory } = agent;
  if (memory.isStored) await ports.operator?.settle();
  report(ports, agent);
  if (order !== 'Run' || decision.action._tag !== 'Start') return { agent, run };
  const { running } = decision.action;
  return { agent: started(agent), run: follow(ports, running, converged(ports, running, abort)) };
};

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
  { agent, run }: Resting,
  abort: AbortSignal,
): Promise<EndedRun | undefined> => {
  if (run === undefined) return undefined;
  const ended = await run;
  if (abort.aborted) {
    if (!isLeft(ports, ended.end)) await settle(ports, agent, ended.end);
    return ended;
  }
  const after = takeInEnd(mindOf(ports), agent, await notice(ports), ended.end);
  return (await finishRuns(ports, await carryOut(ports, after, undefined, abort), abort)) ?? ended;
};
