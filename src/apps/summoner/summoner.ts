/**
 * The Summoner's shell: polls, stores, runs and sleeps as the domain's `step` decides, and decides nothing itself.
 *
 * @module
 */
import type { SummonerEvent } from '../../domain/summoner.ts';
import { CLOCK_STEP_MS_MIN, plus, SECOND_MS } from '../../domain/time.ts';
import { type Agent, type ClockReading, fallbackNews, finishRuns, readClocks, startAgent, takeIn } from './agent.ts';
import { observe } from './observe.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';

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

const clockNews = ({ log }: SummonerPorts, before: ClockReading, after: ClockReading): readonly SummonerEvent[] => {
  const byMs = Math.round(after.at - before.at - (after.elapsedMs - before.elapsedMs));
  if (Math.abs(byMs) < CLOCK_STEP_MS_MIN) return [];
  log('warn', 'the wall clock was stepped', { by_ms: byMs });
  return [{ _tag: 'ClockStepped', byMs }];
};

/** Looks at the bus when that is due, and otherwise just at the time. */
const look = async (ports: SummonerPorts, { decision }: Agent): Promise<SummonerEvent> => {
  const { bus } = decision.state;
  if (ports.clock.now() < bus.pollAt) return { _tag: 'Woke' };
  return { _tag: 'Observed', observation: await observe(ports, bus.known) };
};

/**
 * One turn of the loop: wait, then take in what happened meanwhile. The end of a run is taken in at once, or as soon as
 * the poll that is under way has been answered.
 */
const turn = async (ports: SummonerPorts, before: Agent, abort: AbortSignal): Promise<Agent> => {
  const ended = await waitFor(ports, before, abort);
  if (abort.aborted) return before;
  const event: SummonerEvent = ended === undefined ? await look(ports, before) : { _tag: 'RunEnded', end: ended.end };
  const clocks = readClocks(ports.clock);
  const noticed = [...clockNews(ports, before.clocks, clocks), ...(await fallbackNews(ports))];
  const run = ended === undefined ? before.run : undefined;
  return takeIn(ports, { ...before, clocks, run }, noticed, event, abort);
};

/** After a turn that threw, which is a defect, the loop waits so long before it goes on. */
const AFTER_DEFECT_MS = 10 * SECOND_MS;

/** Runs the Summoner until `abort`, and then sees the run under way to its end. It never gives up (law N9). */
export const runSummoner = async (ports: SummonerPorts, abort: AbortSignal): Promise<void> => {
  let agent: Agent | undefined;
  while (!abort.aborted) {
    try {
      agent = agent === undefined ? await startAgent(ports, abort) : await turn(ports, agent, abort);
    } catch (defect) {
      ports.log('error', 'a turn of the Summoner failed', { detail: String(defect) });
      await ports.clock.sleepUntil(plus(ports.clock.now(), AFTER_DEFECT_MS), abort);
    }
  }
  if (agent !== undefined) await finishRuns(ports, agent, abort);
};
