/**
 * The simulator against the real thing: the same agents, run by the shipped asynchronous shell over the memory adapters
 * and a virtual clock, told the same signals and given runs of the same lengths, start the same runs at the same instants.
 */
import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { expect } from 'vitest';
import { memorySignalBus, memoryStateStore, virtualClock } from '../../../src/adapters/memory/index.ts';
import { drawn, PURPOSE } from '../../../src/apps/simulator/draw.ts';
import { type Programs, SHIPPED } from '../../../src/apps/simulator/programs.ts';
import type { Scenario } from '../../../src/apps/simulator/scenario.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { runSummoner } from '../../../src/apps/summoner/summoner.ts';
import { type Converge, STATE_KEY } from '../../../src/apps/summoner/summoner-ports.ts';
import type { Assignment } from '../../../src/domain/assignment.ts';
import { EMPTY_NODE_STATE, encodeNodeState, type Running } from '../../../src/domain/node-state.ts';
import { environmentsOf } from '../../../src/domain/release-plan.ts';
import type { SignalKey } from '../../../src/domain/signal.ts';
import { policyFor } from '../../../src/domain/summoner.ts';
import { type EpochMs, plus } from '../../../src/domain/time.ts';
import { asyncProperty } from '../../support/property.ts';
import { nodeName } from '../../support/slack.ts';
import { scenarioOf, smallScenario } from '../../support/small-scenarios.ts';
import { pollingFor } from '../../../src/domain/polling.ts';

/** A write to the bus. */
interface Written {
  readonly at: EpochMs;
  readonly key: SignalKey;
  readonly body: string;
}

/** What one world showed: every run that began, in the order of time and nodes. */
type Begun = readonly string[];

const begunOf = (identity: Assignment, { cause, version, startedAt }: Running): string =>
  [startedAt, identity.node, cause._tag, O.toNullable(version)].join(' ');

/** Small scenarios in which only the bus and the Librarian go wrong: the shell has no fallback and no faulty machine. */
const calm = smallScenario.map((document) => ({
  ...document,
  fallback: 'none' as const,
  faults: [],
  operators: [],
  runs: { shortest: '1m', longest: '5m', flaky_share: 0, time_limit: '1h' },
  artifacts: (document.artifacts ?? []).map(({ version, at }) => ({ version, at })),
}));

/** The simulated world: its runs, and the signals that it saw. */
const simulated = async (scenario: Scenario, seed: number) => {
  const begun: string[] = [];
  const written: Written[] = [];
  const programs: Programs = {
    ...SHIPPED,
    step: (policy, state, event, now) => {
      const decision = SHIPPED.step(policy, state, event, now);
      if (decision.action._tag === 'Start') begun.push(begunOf(policy.identity, decision.action.running));
      return decision;
    },
    librarianPorts: (ports) => ({
      ...ports,
      bus: {
        ...ports.bus,
        write: async (key, body, expected) => {
          const outcome = await ports.bus.write(key, body, expected);
          if (outcome._tag === 'Landed') written.push({ at: ports.clock.now(), key, body });
          return outcome;
        },
      },
    }),
  };
  await simulate(scenario, { seed, programs });
  return { begun: begun.toSorted(), written };
};

/** The nodes of a scenario, in the order in which chance counts them. */
const identitiesOf = ({ plan, fleet }: Scenario): readonly Assignment[] =>
  plan.stacks.flatMap((stack) =>
    environmentsOf(plan).flatMap((environment) => {
      const group = fleet.find((entry) => entry.stack === stack && entry.environment === environment);
      return Array.from({ length: group?.nodes ?? 0 }, (_, nth) => ({
        stack,
        environment,
        node: nodeName(`${environment}-${stack}-${nth + 1}`),
      }));
    }),
  );

/** The same nodes under the shipped shell. */
const shelled = async (scenario: Scenario, seed: number, written: readonly Written[]): Promise<Begun> => {
  const begun: string[] = [];
  const clock = virtualClock(scenario.startsAt);
  const bus = memorySignalBus();
  const abort = new AbortController();
  const { shortestMs, longestMs } = scenario.runs;
  const agents = identitiesOf(scenario).map(async (identity, index) => {
    const policy = policyFor(identity, {
      ...pollingFor(scenario.node),
      catchUpSplaySeconds: scenario.node.catchUpSplaySeconds,
    });
    const state = memoryStateStore();
    if (scenario.installed !== undefined) {
      const installed = {
        ...EMPTY_NODE_STATE,
        applied: O.some(scenario.installed),
        lastSuccess: O.some(scenario.startsAt),
      };
      await state.write(STATE_KEY, encodeNodeState({ identity, state: installed, unknownFields: {} }), undefined);
    }
    let nth = 0;
    const converge: Converge = async (running, stop) => {
      begun.push(begunOf(identity, running));
      const share = drawn(seed, PURPOSE.runLength, index, nth++);
      await clock.sleepUntil(plus(running.startedAt, shortestMs + Math.floor(share * (longestMs - shortestMs))), stop);
      return { _tag: 'Exited', code: 0 };
    };
    const fallbackSuccess = () => Promise.resolve(O.none);
    await runSummoner({ policy, clock, bus, state, converge, fallbackSuccess, log: silentLog }, abort.signal);
  });
  for (const { at, key, body } of written) {
    // What is written at an instant is there for the polls of that instant.
    await clock.advanceTo(plus(at, -1));
    bus.plant(key, Buffer.from(body));
  }
  await clock.advanceTo(plus(scenario.startsAt, scenario.lastsMs - 1));
  abort.abort();
  await Promise.all(agents);
  return begun.toSorted();
};

asyncProperty(
  'the simulator starts the runs that the shipped shell starts, at the same instants',
  [calm, fc.nat({ max: 0xffff_ffff })],
  async (document, seed) => {
    const scenario = scenarioOf(document);
    const { begun, written } = await simulated(scenario, seed);
    expect(await shelled(scenario, seed, written)).toEqual(begun);
  },
  { numRuns: 25 },
);
