/**
 * One look of the Summoner: for `summoner --once`, and for schedulers that bring their own loop.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { step, type SummonerDecision } from '../../domain/summoner.ts';
import { begin, takeIn } from './agent.ts';
import { carryOut, finishRuns, mindOf, notice, type Resting } from './carry-out.ts';
import { loadMemory } from './node-memory.ts';
import { observe } from './observe.ts';
import { startSummoner } from './summoner.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';

/** What came of one look. */
export interface Look {
  readonly decision: SummonerDecision;
  /** How the run ended, the last one where an upgrade took two; absent when none was due. */
  readonly ended: EndedRun | undefined;
}

const polled = async (ports: SummonerPorts, { agent }: Resting, abort: AbortSignal): Promise<Resting> => {
  const observation = await observe(ports, undefined);
  const noticed = await notice(ports);
  return carryOut(ports, takeIn(mindOf(ports), agent, noticed, { _tag: 'Observed', observation }), undefined, abort);
};

/** Looks once: starts, polls, and if a run is due runs it to its end, which `abort` brings about early. */
export const summonOnce = async (ports: SummonerPorts, abort: AbortSignal): Promise<Look> => {
  const begun = await startSummoner(ports, abort);
  const resting = begun.run === undefined ? await polled(ports, begun, abort) : begun;
  return { decision: resting.agent.decision, ended: await finishRuns(ports, resting, abort) };
};

/** A store that is only looked at. */
const readOnly = (state: SummonerPorts['state']): SummonerPorts['state'] => ({
  read: state.read,
  write: () => Promise.resolve({ _tag: 'Conflict' }),
});

/**
 * What {@link summonOnce} would decide. Stores and runs nothing.
 *
 * @param isServed - whether an agent of this node is alive: a run that the state tells of is then under way, and was not
 * cut short.
 */
export const foresee = async (ports: SummonerPorts, isServed = false): Promise<SummonerDecision> => {
  const memory = await loadMemory({ ...ports, state: readOnly(ports.state) });
  const isRunning = isServed && O.isSome(memory.node.running);
  const { decision } = begin(mindOf(ports), memory, await notice(ports), isRunning);
  if (decision.action._tag === 'Start') return decision;
  const observation = await observe(ports, undefined);
  return step(ports.policy, decision.state, { _tag: 'Observed', observation }, ports.clock.now());
};
