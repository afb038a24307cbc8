/**
 * The Summoner's shell: polls, stores, runs and sleeps as the agent orders, and decides nothing itself.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { startingBus, type SummonerEvent } from '../../domain/summoner.ts';
import { formatInstant, plus, SECOND_MS } from '../../domain/time.ts';
import { type Agent, begin, clockStepMs, isPollDue, takeIn, takeInEnd } from './agent.ts';
import { carryOut, finishRuns, follow, mindOf, notice, readClocks, type Resting, tell } from './carry-out.ts';
import { loadMemory } from './node-memory.ts';
import { observe } from './observe.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';

/** What reaches the agent from outside its ports, while it waits. */
export interface Outside {
  /** Calls `wake` when something is to be looked at now; answers how to stop listening. */
  readonly listen: (wake: () => void) => () => void;
  /** The ports to go on with, where the configuration has been loaded again since; each set once. */
  readonly reloaded: () => SummonerPorts | undefined;
}

/** Nothing ever comes from there. */
const QUIET: Outside = { listen: () => () => undefined, reloaded: () => undefined };

/** Waits until the decision is to be looked at again, the run has ended, somebody rings, or the agent is to stop. */
const waitFor = async (
  { clock }: SummonerPorts,
  { listen }: Outside,
  { agent, run }: Resting,
  abort: AbortSignal,
): Promise<EndedRun | undefined> => {
  // Set since the decision was taken, whose instants are of the clock before: a sleep that begins now would not notice.
  if (clockStepMs(agent.clocks, readClocks(clock)) !== 0) return undefined;
  const woken = new AbortController();
  const wake = () => {
    woken.abort();
  };
  abort.addEventListener('abort', wake, { once: true });
  const stopListening = listen(wake);
  try {
    const slept = clock.sleepUntil(agent.decision.lookAgainAt, woken.signal).then(() => undefined);
    return await (run === undefined ? slept : Promise.race([run, slept]));
  } finally {
    stopListening();
    wake();
    abort.removeEventListener('abort', wake);
  }
};

const look = async (ports: SummonerPorts, agent: Agent): Promise<SummonerEvent> =>
  isPollDue(agent, ports.clock.now())
    ? { _tag: 'Observed', observation: await observe(ports, agent.decision.state.bus.known) }
    : { _tag: 'Woke' };

/** The agent under ports that have just been loaded: what it knew of its bus was another's. */
const underNewPorts = ({ policy, clock }: SummonerPorts, { agent, run }: Resting): Resting => {
  const { decision } = agent;
  const state = { node: decision.state.node, bus: startingBus(policy, clock.now()) };
  return { agent: { ...agent, decision: { ...decision, state } }, run };
};

/**
 * What happened while the agent waited is taken in. The end of a run is taken in at once, or as soon as the poll that is
 * under way has been answered.
 */
const takeInTurn = async (
  ports: SummonerPorts,
  before: Resting,
  ended: EndedRun | undefined,
  abort: AbortSignal,
): Promise<Resting> => {
  if (abort.aborted) return before;
  const { agent, run } = before;
  const seen = ended === undefined ? await look(ports, agent) : undefined;
  const noticed = await notice(ports);
  const byMs = clockStepMs(agent.clocks, noticed.clocks);
  if (byMs !== 0) ports.log('warn', 'the wall clock was stepped', { by_ms: byMs });
  if (ended !== undefined) {
    return carryOut(ports, takeInEnd(mindOf(ports), agent, noticed, ended.end), undefined, abort);
  }
  const after = takeIn(mindOf(ports), agent, noticed, seen ?? { _tag: 'Woke' });
  const resting = await carryOut(ports, after, run, abort);
  if (seen?._tag === 'Observed') tell(ports, ports.onPolled, seen.observation._tag);
  return resting;
};

/** Loads the state, takes up the run that was left under way if it can be, and takes the first step. */
export const startSummoner = async (ports: SummonerPorts, abort: AbortSignal): Promise<Resting> => {
  const memory = await loadMemory(ports);
  const running = O.toUndefined(memory.node.running);
  const taken = running === undefined ? undefined : await ports.takeUp?.(running, abort);
  if (running === undefined || taken === undefined) {
    return carryOut(ports, begin(mindOf(ports), memory, await notice(ports)), undefined, abort);
  }
  ports.log('info', 'the run of the last agent was taken up', { started: formatInstant(running.startedAt) });
  const agent = begin(mindOf(ports), memory, await notice(ports), true);
  return carryOut(ports, agent, follow(ports, running, taken.end), abort);
};

/** After a turn that threw, which is a defect, the loop waits so long before it goes on. */
const AFTER_DEFECT_MS = 10 * SECOND_MS;

/**
 * Runs the Summoner until `abort`, and then sees the run under way to its end: the run is told to stop, and whatever is
 * left of it when its grace is over is killed (fault 57). The Summoner never gives up (law N9).
 */
export const runSummoner = async (
  starting: SummonerPorts,
  abort: AbortSignal,
  outside: Outside = QUIET,
): Promise<void> => {
  let ports = starting;
  let resting: Resting | undefined;
  while (!abort.aborted) {
    try {
      if (resting === undefined) {
        resting = await startSummoner(ports, abort);
        continue;
      }
      const ended = await waitFor(ports, outside, resting, abort);
      const reloaded = outside.reloaded();
      if (reloaded !== undefined) {
        ports = reloaded;
        resting = underNewPorts(ports, resting);
      }
      resting = await takeInTurn(ports, resting, ended, abort);
    } catch (defect) {
      ports.log('error', 'a turn of the Summoner failed', { detail: String(defect) });
      ports.operator?.repeat();
      await ports.clock.sleepUntil(plus(ports.clock.now(), AFTER_DEFECT_MS), abort);
    }
  }
  if (resting !== undefined) await finishRuns(ports, resting, abort);
};
