/**
 * One look of the Summoner: for `summoner --once`, and for schedulers that bring their own loop.
 *
 * @module
 */
import { step, type SummonerDecision } from '../../domain/summoner.ts';
import { finishRuns, firstDecision, startAgent, takeIn } from './agent.ts';
import { loadMemory } from './node-memory.ts';
import { observe } from './observe.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';

/** What came of one look. */
export interface Look {
  readonly decision: SummonerDecision;
  /** How the run ended, the last one where an upgrade took two; absent when none was due. */
  readonly ended: EndedRun | undefined;
}

/** Looks once: starts, polls, and if a run is due runs it to its end, which `abort` brings about early. */
export const summonOnce = async (ports: SummonerPorts, abort: AbortSignal): Promise<Look> => {
  const started = await startAgent(ports, abort);
  const agent =
    started.run === undefined
      ? await takeIn(ports, started, [], { _tag: 'Observed', observation: await observe(ports, undefined) }, abort)
      : started;
  return { decision: agent.decision, ended: await finishRuns(ports, agent, abort) };
};

/** A store that is only looked at. */
const readOnly = (state: SummonerPorts['state']): SummonerPorts['state'] => ({
  read: state.read,
  write: () => Promise.resolve({ _tag: 'Conflict' }),
});

/** What {@link summonOnce} would decide. Stores and runs nothing. */
export const foresee = async (ports: SummonerPorts): Promise<SummonerDecision> => {
  const first = await firstDecision(ports, await loadMemory({ ...ports, state: readOnly(ports.state) }));
  if (first.action._tag === 'Start') return first;
  const observation = await observe(ports, undefined);
  return step(ports.policy, first.state, { _tag: 'Observed', observation }, ports.clock.now());
};
