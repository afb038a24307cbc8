/**
 * The Summoner's shell: polls, stores, runs and sleeps as the agent orders, and decides nothing itself.
 *
 * @module
 */
import type { SummonerEvent } from '../../domain/summoner.ts';
import { plus, SECOND_MS } from '../../domain/time.ts';
import { type Agent, begin, clockStepMs, isPollDue, takeIn, takeInEnd } from './agent.ts';
import { carryOut, finishRuns, mindOf, notice, type Resting } from './carry-out.ts';
import { loadMemory } from './node-memory.ts';
import { observe } from './observe.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';

/** Waits until the decision is to be looked at again, the run has ended, or the agent is to stop. */
const waitFor = async (
  { clock }: SummonerPorts,
  { agent, run }: Resting,
  abort: AbortSignal,
): Promise<EndedRun | undefined> => {
  const woken = new AbortController();
  const wake = () => {
    woken.abort();
  };
  abort.addEventListener('abort', wake, { once: true });
  try {
    const slept = clock.sleepUntil(agent.decision.lookAgainAt, woken.signal).then(() => undefined);
    return await (run === undefined ? slept : Promise.race([run, slept]));
  } finally {
    wake();
    abort.removeEventListener('abort', wake);
  }
};

const look = async (ports: SummonerPorts, agent: Agent): Promise<SummonerEvent> =>
  isPollDue(agent, ports.clock.now())
    ? { _tag: 'Observed', observation: await observe(ports, agent.decision.state.bus.known) }
    : { _tag: 'Woke' };

/**
 * One turn of the loop: wait, then take in what happened meanwhile. The end of a run is taken in at once, or as soon as
 * the poll that is under way has been answered.
 */
const turn = async (ports: SummonerPorts, before: Resting, abort: AbortSignal): Promise<Resting> => {
  const ended = await waitFor(ports, before, abort);
  if (abort.aborted) return before;
  const { agent, run } = before;
  const seen = ended === undefined ? await look(ports, agent) : undefined;
  const noticed = await notice(ports);
  const byMs = clockStepMs(agent.clocks, noticed.clocks);
  if (byMs !== 0) ports.log('warn', 'the wall clock was stepped', { by_ms: byMs });
  if (ended !== undefined) {
    return carryOut(ports, takeInEnd(mindOf(ports), agent, noticed, ended.end), undefined, abort);
  }
  return carryOut(ports, takeIn(mindOf(ports), agent, noticed, seen ?? { _tag: 'Woke' }), run, abort);
};

/** Loads the state and takes the first step. */
export const startSummoner = async (ports: SummonerPorts, abort: AbortSignal): Promise<Resting> => {
  const memory = await loadMemory(ports);
  return carryOut(ports, begin(mindOf(ports), memory, await notice(ports)), undefined, abort);
};

/** After a turn that threw, which is a defect, the loop waits so long before it goes on. */
const AFTER_DEFECT_MS = 10 * SECOND_MS;

/** Runs the Summoner until `abort`, and then sees the run under way to its end. It never gives up (law N9). */
export const runSummoner = async (ports: SummonerPorts, abort: AbortSignal): Promise<void> => {
  let resting: Resting | undefined;
  while (!abort.aborted) {
    try {
      resting = resting === undefined ? await startSummoner(ports, abort) : await turn(ports, resting, abort);
    } catch (defect) {
      ports.log('error', 'a turn of the Summoner failed', { detail: String(defect) });
      await ports.clock.sleepUntil(plus(ports.clock.now(), AFTER_DEFECT_MS), abort);
    }
  }
  if (resting !== undefined) await finishRuns(ports, resting, abort);
};
