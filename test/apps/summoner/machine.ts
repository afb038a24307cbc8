/** A machine in memory: everything real of the Summoner but the world. */
import * as O from 'fp-ts/lib/Option.js';
import { memorySignalBus, memoryStateStore, virtualClock } from '../../../src/adapters/memory/index.ts';
import { runSummoner } from '../../../src/apps/summoner/summoner.ts';
import { type EndedRun, STATE_KEY, type SummonerPorts } from '../../../src/apps/summoner/summoner-ports.ts';
import { EMPTY_NODE_STATE, encodeNodeState, type NodeState, type Running } from '../../../src/domain/node-state.ts';
import type { RunEnd } from '../../../src/domain/run-outcome.ts';
import type { Signal } from '../../../src/domain/signal.ts';
import { policyFor } from '../../../src/domain/summoner.ts';
import { epochMs, MINUTE_MS, plus, SECOND_MS, timestampOfEpochMs } from '../../../src/domain/time.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { environmentName, nodeName, stackName, version } from '../../support/slack.ts';

export const START = epochMs(1_767_614_400_000);
export const IDENTITY = {
  stack: stackName('basalt'),
  environment: environmentName('prod-1'),
  node: nodeName('web-17'),
};
export const RUN_MS = 5 * MINUTE_MS;

export interface LogEntry {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export const signalOf = (name: string, at: number, splaySeconds = 600): Signal => ({
  splaySeconds,
  timestamp: timestampOfEpochMs(epochMs(at)),
  environment: O.some(IDENTITY.environment),
  runRequests: [],
  departures: O.none,
  manifestRecord: {
    version: version(name),
    stack: IDENTITY.stack,
    uploadedEpochSeconds: 0,
    latestCommitHash: 'abc',
    s3Bucket: 'b',
    s3Key: 'k',
    ttlEpochSeconds: Math.floor(at / SECOND_MS) + 86_400,
    uploadComplete: true,
    manifest: {
      baseVersion: version(name),
      latestCommitHash: 'abc',
      author: 'a',
      cookbookVersions: {},
      siteCookbookVersions: {},
    },
  },
});

export const machine = (endOf: (running: Running) => RunEnd = () => ({ _tag: 'Exited', code: 0 })) => {
  const clock = virtualClock(START);
  const bus = memorySignalBus();
  const state = memoryStateStore();
  const log: LogEntry[] = [];
  const runs: EndedRun[] = [];
  const ports = (chosen: Partial<SummonerPorts> = {}): SummonerPorts => ({
    policy: policyFor(IDENTITY, { catchUpSplaySeconds: 0 }),
    clock,
    bus,
    state,
    converge: async (running, abort) => {
      await clock.sleepUntil(plus(clock.now(), RUN_MS), abort);
      return abort.aborted ? { _tag: 'Interrupted' } : endOf(running);
    },
    fallbackSuccess: () => Promise.resolve(O.none),
    log: (level, message, fields = {}) => log.push({ level, message, fields }),
    onRunEnded: (run) => runs.push(run),
    ...chosen,
  });
  return { clock, bus, state, log, runs, ports };
};

/** Runs the Summoner while `meanwhile` happens, and stops it. */
export const during = async (ports: SummonerPorts, meanwhile: () => Promise<void>): Promise<void> => {
  const stop = new AbortController();
  const running = runSummoner(ports, stop.signal);
  await meanwhile();
  stop.abort();
  await running;
};

export const storedState = async (state: StateStore): Promise<Record<string, unknown>> => {
  const reading = await state.read(STATE_KEY);
  if (reading._tag !== 'Found') throw new Error(`the state is ${reading._tag}`);
  return JSON.parse(reading.body) as Record<string, unknown>;
};

/** What a node's state file holds when all but `fields` is as on a node that never ran. */
export const stateFile = (fields: Partial<NodeState>): string =>
  encodeNodeState({ identity: IDENTITY, state: { ...EMPTY_NODE_STATE, ...fields }, unknownFields: {} });
