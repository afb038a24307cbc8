/**
 * What one would write without a simulator: the shipped Summoner once for every node, each an asynchronous loop of its
 * own, over the adapters in memory and their fake clock. A sleeper is woken at its instant, and what it set going comes to
 * rest before the next is, as under the fake timers of any test runner.
 *
 * It does less than the simulator: no Librarian, no fallback, no Chef server, nobody who watches the laws.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import {
  memorySignalBus,
  memoryStateStore,
  virtualClock,
  type MemorySignalBus,
  type VirtualClock,
} from '../../src/adapters/memory/index.ts';
import { silentLog } from '../../src/apps/log.ts';
import { manifestOf } from '../../src/apps/simulator/control-plane.ts';
import type { Scenario } from '../../src/apps/simulator/scenario.ts';
import type { PinChange } from '../../src/apps/simulator/simulation-result.ts';
import { STATE_KEY } from '../../src/apps/summoner/summoner-ports.ts';
import { runSummoner } from '../../src/apps/summoner/summoner.ts';
import type { Assignment } from '../../src/domain/assignment.ts';
import { departuresOf, signalAfterPromotion } from '../../src/domain/next-signal.ts';
import { EMPTY_NODE_STATE, encodeNodeState } from '../../src/domain/node-state.ts';
import { type ReleasePlan, STAGE_SPLAY_SECONDS_DEFAULT } from '../../src/domain/release-plan.ts';
import { pollingFor } from '../../src/domain/polling.ts';
import { encodeSignal } from '../../src/domain/signal.ts';
import { policyFor } from '../../src/domain/summoner.ts';
import { plus } from '../../src/domain/time.ts';
import { nodeName } from '../support/slack.ts';
import { nodeHoursOf, simulated } from './simulated-fleet.ts';

/** Agents that run. */
export interface AsyncAgents {
  readonly clock: VirtualClock;
  readonly bus: MemorySignalBus;
  readonly stop: () => Promise<void>;
}

interface World {
  readonly clock: VirtualClock;
  readonly bus: MemorySignalBus;
}

const startAgent = async (
  { clock, bus }: World,
  { installed, startsAt, node, runs }: Scenario,
  identity: Assignment,
  abort: AbortSignal,
): Promise<void> => {
  const state = memoryStateStore();
  const applied = O.fromNullable(installed);
  const before = { ...EMPTY_NODE_STATE, applied, lastSuccess: O.some(startsAt) };
  await state.write(STATE_KEY, encodeNodeState({ identity, state: before, unknownFields: {} }), undefined);
  const runMs = (runs.shortestMs + runs.longestMs) / 2;
  await runSummoner(
    {
      policy: policyFor(identity, pollingFor(node)),
      clock,
      bus,
      state,
      converge: async (_running, stop) => {
        await clock.sleepUntil(plus(clock.now(), runMs), stop);
        return { _tag: 'Exited', code: 0 };
      },
      fallbackSuccess: async () => O.none,
      log: silentLog,
    },
    abort,
  );
};

/** Starts an agent for every node of `scenario`. */
export const startAsyncAgents = (scenario: Scenario): AsyncAgents => {
  const world: World = { clock: virtualClock(scenario.startsAt), bus: memorySignalBus() };
  const agents = scenario.fleet.flatMap(({ stack, environment, nodes }) =>
    Array.from({ length: nodes }, (_, nth) => {
      const node = nodeName(`${environment}-${stack}-${nth + 1}`);
      const abort = new AbortController();
      return { abort, ended: startAgent(world, scenario, { stack, environment, node }, abort.signal) };
    }),
  );
  return {
    ...world,
    stop: async () => {
      for (const { abort } of agents) abort.abort();
      await Promise.all(agents.map(({ ended }) => ended));
    },
  };
};

/** The promotions of `scenario`, as the simulated Librarian made them. */
export const promotionsOf = async (scenario: Scenario): Promise<readonly PinChange[]> => {
  const { timeline } = await simulated(scenario, 'skip');
  return timeline.pins.filter(({ at }) => at > scenario.startsAt);
};

const signalBytes = (plan: ReleasePlan, { stack, environment, version, at }: PinChange): Uint8Array => {
  const artifact = {
    manifest: manifestOf({ version, cookbooks: 1 }),
    uploadedAt: at,
    bucket: 'simulation',
    key: `${version}.tar.gz`,
  };
  const terms = { splaySeconds: STAGE_SPLAY_SECONDS_DEFAULT, departures: departuresOf(plan, environment) };
  const signal = signalAfterPromotion({ stack, environment }, artifact, terms, O.none, at);
  return new TextEncoder().encode(encodeSignal(signal));
};

/** How long asynchronous agents take for one node-hour of `scenario`, whose promotions are these, in milliseconds. */
export const asyncAgentsMs = async (scenario: Scenario, promotions: readonly PinChange[]): Promise<number> => {
  const start = performance.now();
  const { clock, bus, stop } = startAsyncAgents(scenario);
  for (const promotion of promotions) {
    await clock.advanceTo(promotion.at);
    bus.plant(promotion, signalBytes(scenario.plan, promotion));
  }
  await clock.advanceTo(plus(scenario.startsAt, scenario.lastsMs));
  const elapsedMs = performance.now() - start;
  await stop();
  return elapsedMs / nodeHoursOf(scenario);
};
