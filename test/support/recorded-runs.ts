/**
 * A simulation whose runs are written down one by one: who started which, when, and how it ended. The simulator itself
 * only counts them.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type Programs, SHIPPED } from '../../src/apps/simulator/programs.ts';
import type { Scenario } from '../../src/apps/simulator/scenario.ts';
import { simulate } from '../../src/apps/simulator/simulate.ts';
import type { SimulationMode, SimulationResult } from '../../src/apps/simulator/simulation-result.ts';
import type { NodeName, Version } from '../../src/domain/names.ts';
import type { RunCause } from '../../src/domain/node-state.ts';
import { runOutcomeOf } from '../../src/domain/run-outcome.ts';

/** A run that a Summoner started. Instants count from the start of the scenario, in milliseconds. */
export interface RecordedRun {
  readonly node: NodeName;
  readonly cause: RunCause['_tag'];
  /** What it was to bring. */
  readonly version: Version | undefined;
  readonly startedMs: number;
  /** Undefined: the Summoner never heard of its end. */
  endedMs: number | undefined;
  hasSucceeded: boolean;
}

/** A simulation and its runs. */
export interface Recording {
  readonly result: SimulationResult;
  readonly runs: readonly RecordedRun[];
  /** By node and version, as `node version`: when the node believed the first signal of it. */
  readonly seenMs: ReadonlyMap<string, number>;
}

/** How {@link record} simulates; what is not said is as it is shipped. */
export interface RecordingOptions {
  readonly programs?: Programs;
  readonly mode?: SimulationMode;
  readonly seed?: number;
}

/** Simulates `scenario`, in which no clock is set, and writes its runs down. */
export const record = async (
  scenario: Scenario,
  { programs = SHIPPED, mode = 'skip', seed = 1 }: RecordingOptions = {},
): Promise<Recording> => {
  const runs: RecordedRun[] = [];
  const last = new Map<NodeName, RecordedRun>();
  const seenMs = new Map<string, number>();
  const step: Programs['step'] = (policy, state, event, now) => {
    const { node } = policy.identity;
    const nowMs = now - scenario.startsAt;
    const ended = last.get(node);
    if (event._tag === 'RunEnded' && ended !== undefined) {
      ended.endedMs = nowMs;
      ended.hasSucceeded = runOutcomeOf(event.end)._tag === 'Succeeded';
    }
    const decision = programs.step(policy, state, event, now);
    if (event._tag === 'Observed' && event.observation._tag === 'Fresh' && O.isSome(decision.verdict)) {
      const key = `${node} ${event.observation.signal.manifestRecord.version}`;
      if (decision.verdict.value._tag === 'Accepted' && !seenMs.has(key)) seenMs.set(key, nowMs);
    }
    if (decision.action._tag === 'Start') {
      const { cause, version } = decision.action.running;
      const run: RecordedRun = {
        node,
        cause: cause._tag,
        version: O.toUndefined(version),
        startedMs: nowMs,
        endedMs: undefined,
        hasSucceeded: false,
      };
      runs.push(run);
      last.set(node, run);
    }
    return decision;
  };
  const result = await simulate(scenario, { seed, mode, programs: { ...programs, step } });
  return { result, runs, seenMs };
};

/** How long after the first sight of `version` each node first started a run that was to bring it. */
export const waitsFor = ({ runs, seenMs }: Recording, version: string): ReadonlyMap<NodeName, number> => {
  const waits = new Map<NodeName, number>();
  for (const run of runs) {
    const seen = seenMs.get(`${run.node} ${version}`);
    if (run.version === version && seen !== undefined && !waits.has(run.node)) {
      waits.set(run.node, run.startedMs - seen);
    }
  }
  return waits;
};

/** The most runs that were under way at once on one Chef server, those of fallbacks and of dead agents included. */
export const peakOf = ({ result }: Recording, fromMs = 0, toMs = Infinity): number => {
  const { load, stepMs } = result.timeline;
  const within = (_runs: number, step: number): boolean => (step + 1) * stepMs > fromMs && step * stepMs < toMs;
  return Math.max(...load.flatMap(({ runs }) => runs.filter(within)));
};
