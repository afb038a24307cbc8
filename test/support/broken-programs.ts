/**
 * The product with one deliberate bug each, and a small scenario in which that bug does harm: what proves that the
 * simulator finds bugs. Where a broken step or a broken decision exists already for the tests of the domain, it is that
 * one that is put in.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { LibrarianPorts } from '../../src/apps/librarian/librarian-ports.ts';
import { type Programs, SHIPPED } from '../../src/apps/simulator/programs.ts';
import type { Scenario } from '../../src/apps/simulator/scenario.ts';
import type { SimulationMode } from '../../src/apps/simulator/simulation-result.ts';
import { type Agent, type Mind, type Noticed } from '../../src/apps/summoner/agent.ts';
import { decodeControlState, encodeControlState } from '../../src/domain/control-state.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { EnvironmentName, StackName } from '../../src/domain/names.ts';
import type { Disabling } from '../../src/domain/disabling.ts';
import { signalAfterPromotion } from '../../src/domain/next-signal.ts';
import { type Asked, NOTHING_ASKED } from '../../src/domain/node-request.ts';
import { decodeNodeState, type NodeState } from '../../src/domain/node-state.ts';
import { pinTo } from '../../src/domain/pin.ts';
import type { RunEnd } from '../../src/domain/run-outcome.ts';
import type { ReleasePlanJson } from '../../src/domain/release-plan.ts';
import { decodeSignal, encodeSignal, type Signal } from '../../src/domain/signal.ts';
import { step, type SummonerDecision, type SummonerEvent, type SummonerState } from '../../src/domain/summoner.ts';
import {
  DAY_MS,
  EPOCH_SECONDS_MAX,
  HOUR_MS,
  MINUTE_MS,
  nextTimestamp,
  plus,
  SECOND_MS,
} from '../../src/domain/time.ts';
import type { ChefServer } from '../../src/ports/chef-server.ts';
import { BROKEN_SUMMONERS } from './broken-summoners.ts';
import { scenarioOf } from './small-scenarios.ts';
import { CONTROLS } from './train-controls.ts';

/** A bug, and where it has to be found. */
export interface DeliberateBug {
  /** What it does wrong. */
  readonly name: string;
  /** The product with the bug: anew for each simulation, since some bugs keep something to themselves. */
  readonly programs: () => Programs;
  readonly scenario: Scenario;
  /** `skip` unless the bug shows itself at polls that show nothing. */
  readonly mode?: SimulationMode;
  /** The laws of which at least one has to catch it. */
  readonly laws: readonly string[];
}

type Step = Programs['step'];

// Scenarios.

/** One environment that takes every artifact at the full hour, and spreads its runs over `splay` seconds. */
const oneStage = (splay: number): ReleasePlanJson => ({
  name: 'one-stage',
  stacks: ['basalt'],
  stages: [{ name: 'latest', kind: 'latest', environments: ['prod'], every: '1h', splay }],
});

/** A canary and a train of five stops behind it, on two stacks. */
const SHORT_TRAIN: ReleasePlanJson = {
  name: 'short-train',
  stacks: ['basalt', 'ironstone'],
  stages: [
    { name: 'latest', kind: 'latest', environments: ['dev'], every: '1h', splay: 600 },
    {
      name: 'canary',
      kind: 'canary',
      environments: ['canary'],
      follows: 'dev',
      every: '1h',
      offset: '30m',
      splay: 600,
    },
    {
      name: 'train',
      kind: 'train',
      environments: ['prod-1', 'prod-2', 'prod-3', 'prod-4', 'prod-5'],
      boards: 'canary',
      every: '1h',
      offset: '30m',
      splay: 600,
    },
  ],
};

const RELEASES = scenarioOf({
  name: 'releases',
  about: 'two releases, agents that restart in their splays, and a bus that shows old signals for a while',
  plan: oneStage(3_000),
  lasts: '1d',
  fleet: 40,
  installed: '1.0.0',
  artifacts: [
    { version: '1.1.0', at: '30m' },
    { version: '1.2.0', at: '6h30m' },
  ],
  faults: [
    { kind: 'agent-killed', at: '1h20m' },
    { kind: 'agent-killed', at: '6h45m', on: { share: 0.5 } },
    { kind: 'bus-replaying', at: '9h', for: '1h' },
    { kind: 'agent-killed', at: '9h30m' },
  ],
});

const UNDISTURBED_RELEASES = scenarioOf({
  name: 'undisturbed-releases',
  about: 'two releases, and nothing that goes wrong',
  plan: oneStage(3_000),
  lasts: '8h',
  fleet: 40,
  installed: '1.0.0',
  artifacts: [
    { version: '1.1.0', at: '30m' },
    { version: '1.2.0', at: '3h30m' },
  ],
});

const HURRIED_RELEASES = scenarioOf({
  name: 'hurried-releases',
  about: 'an artifact an hour, each while the runs for the one before are still to be started',
  plan: oneStage(10_800),
  lasts: '10h',
  fleet: 40,
  installed: '1.0.0',
  artifacts: [
    { version: '1.1.0', at: '30m' },
    { version: '1.2.0', at: '1h30m' },
    { version: '1.3.0', at: '2h30m' },
  ],
});

const LONG_RUNS = scenarioOf({
  name: 'long-runs',
  about: 'a person asks for long runs, in which a version comes, and asks for others',
  plan: oneStage(600),
  lasts: '8h',
  fleet: 30,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  runs: { shortest: '15m', longest: '20m' },
  operators: [
    { at: '50m', does: 'run-now' },
    { at: '1h4m', does: 'run-now' },
  ],
});

const OUT_OF_SHAPE = scenarioOf({
  name: 'out-of-shape',
  about: 'a train half way, and a person who takes the last of its stops to a third version',
  plan: SHORT_TRAIN,
  lasts: '12h',
  fleet: 28,
  installed: '1.0.0',
  artifacts: [
    { version: '1.1.0', at: '10m' },
    { version: '1.2.0', at: '20m' },
  ],
  operators: [{ at: '2h40m', does: 'promote', version: '1.1.0', environment: 'prod-5' }],
});

const BETWEEN_DEPARTURES = scenarioOf({
  name: 'between-departures',
  about:
    'a release, and a person who takes it back and brings it again, long after a departure and after the bus was away',
  plan: oneStage(600),
  lasts: '8h',
  fleet: 40,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  operators: [
    { at: '3h17m', does: 'rollback', environments: ['prod'], to: '1.0.0' },
    { at: '5h26m', does: 'approve', version: '1.1.0' },
    { at: '5h27m', does: 'promote', version: '1.1.0', environment: 'prod' },
  ],
  faults: [{ kind: 'bus-down', at: '5h5m', for: '15m' }],
});

const RUN_REQUESTS = scenarioOf({
  name: 'run-requests',
  about: 'people ask for runs between two releases and after them, and take one back',
  plan: oneStage(600),
  lasts: '12h',
  fleet: 40,
  installed: '1.0.0',
  artifacts: [
    { version: '1.1.0', at: '10m' },
    { version: '1.2.0', at: '2h30m' },
  ],
  runs: { flaky_share: 0 },
  operators: [
    { at: '1h30m', does: 'run-request', id: 'all', environment: 'prod', splay: 600, expires: '8h' },
    { at: '2h50m', does: 'run-request', id: 'late', environment: 'prod', splay: 3_000, expires: '6h' },
    { at: '4h40m', does: 'run-request', id: 'few', environment: 'prod', nodes: ['*-1?'], splay: 60 },
    { at: '5h30m', does: 'run-request', id: 'brief', environment: 'prod', splay: 1_200, expires: '21m' },
    { at: '6h30m', does: 'run-request', id: 'taken-back', environment: 'prod', splay: 3_000, expires: '5h' },
    { at: '6h35m', does: 'withdraw', id: 'taken-back', environment: 'prod' },
    { at: '7h10m', does: 'run-request', id: 'last', environment: 'prod' },
  ],
});

const KILLED_IN_RUNS = scenarioOf({
  name: 'killed-in-runs',
  about: 'agents that are killed in the middle of their runs',
  plan: oneStage(1_200),
  lasts: '6h',
  fleet: 40,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  faults: [
    { kind: 'agent-killed', at: '1h8m' },
    { kind: 'agent-killed', at: '1h16m' },
  ],
});

const DISABLED = scenarioOf({
  name: 'disabled',
  about: 'a release while every node is disabled',
  plan: oneStage(600),
  lasts: '6h',
  fleet: 20,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  operators: [{ at: '45m', does: 'disable', for: '2h' }],
});

const DISABLED_AND_RESTARTED = scenarioOf({
  name: 'disabled-and-restarted',
  about: 'a release while every node is disabled, and agents that restart meanwhile',
  plan: oneStage(600),
  lasts: '6h',
  fleet: 20,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  faults: [{ kind: 'agent-restarted', at: '1h30m' }],
  operators: [{ at: '45m', does: 'disable', for: '2h' }],
});

const DISABLED_WHILE_AWAY = scenarioOf({
  name: 'disabled-while-away',
  about: 'every node is disabled while its agent is away, with a start that comes as soon as it is back',
  plan: oneStage(600),
  lasts: '6h',
  fleet: 20,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  node: { restart: '20m' },
  faults: [{ kind: 'agent-killed', at: '1h1m' }],
  operators: [{ at: '1h5m', does: 'disable', for: '2h' }],
});

const DISABLED_FOR_DAYS = scenarioOf({
  name: 'disabled-for-days',
  about: 'every node is disabled for two days, but for its floor',
  plan: oneStage(600),
  lasts: '3d',
  fleet: 20,
  installed: '1.0.0',
  fallback: 'none',
  operators: [{ at: '1h', does: 'disable', for: '2d' }],
});

const RUN_NOW_AND_RESTARTS = scenarioOf({
  name: 'run-now-and-restarts',
  about: 'people ask for runs, one of them in vain: agents are killed in the first, and restart after the second',
  plan: oneStage(600),
  lasts: '8h',
  fleet: 20,
  installed: '1.0.0',
  runs: { shortest: '10m', longest: '15m' },
  node: { restart: '5m' },
  faults: [
    { kind: 'agent-killed', at: '1h5m' },
    { kind: 'agent-killed', at: '2h58m' },
    { kind: 'agent-restarted', at: '4h' },
    { kind: 'rebooted', at: '5h' },
  ],
  operators: [
    { at: '1h', does: 'run-now' },
    { at: '3h', does: 'run-now' },
  ],
});

const REBOOTED_IN_SPLAYS = scenarioOf({
  name: 'rebooted-in-splays',
  about: 'machines that are rebooted while they wait for the start of their runs',
  plan: oneStage(3_000),
  lasts: '6h',
  fleet: 40,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  faults: [{ kind: 'rebooted', at: '1h20m', for: '3m' }],
});

const CLONED = scenarioOf({
  name: 'cloned',
  about: 'machines that come back from the image of another',
  plan: oneStage(600),
  lasts: '8h',
  fleet: 20,
  installed: '1.0.0',
  fallback: 'none',
  faults: [{ kind: 'cloned', at: '2h', for: '5m' }],
});

const SUSPENDED = scenarioOf({
  name: 'suspended',
  about: 'the whole fleet stands still past the end of its window, and runs are short enough to be spread',
  plan: oneStage(600),
  lasts: '1d',
  fleet: 400,
  installed: '1.0.0',
  fallback: 'none',
  runs: { shortest: '10s', longest: '20s' },
  faults: [{ kind: 'suspended', at: '8h', for: '6h' }],
});

const SUSPENDED_IN_RUNS = scenarioOf({
  name: 'suspended-in-runs',
  about: 'machines that stand still for hours in the middle of their runs',
  plan: oneStage(300),
  lasts: '6h',
  fleet: 20,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m' }],
  runs: { shortest: '20m', longest: '30m' },
  faults: [{ kind: 'suspended', at: '1h12m', for: '2h' }],
});

/** A release whose runs replace their agents; how long those are away, and where the runs live. */
const upgradedByTheRun = (name: string, node: { restart: string; run_in: 'child' | 'unit' }, isBad = false): Scenario =>
  scenarioOf({
    name,
    about: `runs that replace their agents, which come back after ${node.restart}; a run lives in a ${node.run_in}`,
    plan: oneStage(600),
    lasts: '1d',
    fleet: 20,
    installed: '1.0.0',
    artifacts: [{ version: '1.1.0', at: '30m', ...(isBad ? { bad: [{}] } : {}) }],
    fallback: 'none',
    node,
    faults: [{ kind: 'agent-upgraded', at: '45m' }],
  });

const UPGRADED_WITH_THE_RUN = upgradedByTheRun('upgraded-with-the-run', { restart: '10s', run_in: 'child' });
const UPGRADED_DURING_THE_RUN = upgradedByTheRun('upgraded-during-the-run', { restart: '10s', run_in: 'unit' });
const AWAY_AT_THE_END = upgradedByTheRun('away-at-the-end-of-the-run', { restart: '10m', run_in: 'unit' });
const UPGRADED_IN_VAIN = upgradedByTheRun('upgraded-in-vain', { restart: '10m', run_in: 'unit' }, true);

const DISABLED_WITH_THE_FLOOR = scenarioOf({
  name: 'disabled-with-the-floor',
  about: 'every node is disabled for days, the floor too, and half of them are enabled again after an hour',
  plan: oneStage(600),
  lasts: '3d',
  fleet: 20,
  installed: '1.0.0',
  fallback: 'none',
  operators: [
    { at: '1h', does: 'disable', for: '2d', floor_too: true },
    { at: '2h', does: 'enable', on: { share: 0.5 } },
  ],
});

const DISABLED_BESIDE_THE_FALLBACK = scenarioOf({
  name: 'disabled-beside-the-fallback',
  about: 'the Summoners are disabled for days, the floor too; the fallback knows nothing of that',
  plan: oneStage(600),
  lasts: '3d',
  fleet: 20,
  installed: '1.0.0',
  operators: [{ at: '1h', does: 'disable', for: '2d', floor_too: true }],
});

const FAILING_DAYS = scenarioOf({
  name: 'failing-days',
  about: 'an artifact that fails wherever it runs, for two days',
  plan: oneStage(600),
  lasts: '2d',
  fleet: 20,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m', bad: [{}] }],
});

const FAILING_ARTIFACT = scenarioOf({
  name: 'failing-artifact',
  about: 'an artifact that fails wherever it runs',
  plan: oneStage(600),
  lasts: '12h',
  fleet: 20,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '30m', bad: [{}] }],
});

const QUIET_DAYS = scenarioOf({
  name: 'quiet-days',
  about: 'nothing happens: the compliance floor runs',
  plan: oneStage(600),
  lasts: '2d',
  fleet: 20,
  installed: '1.0.0',
});

const SERVER_DOWN = scenarioOf({
  name: 'server-down',
  about: 'the Chef server is down for a night, and every run fails',
  plan: oneStage(600),
  lasts: '2d',
  fleet: 20,
  installed: '1.0.0',
  fallback: 'none',
  faults: [{ kind: 'chef-server-down', at: '8h', for: '14h' }],
});

const BUS_FAILURES = scenarioOf({
  name: 'bus-failures',
  about: 'the bus is away, and refuses later on',
  plan: oneStage(600),
  lasts: '2d',
  fleet: 20,
  installed: '1.0.0',
  faults: [
    { kind: 'bus-down', at: '2h', for: '20m' },
    { kind: 'bus-denied', at: '20h', for: '20m' },
  ],
});

/** The agents are away while their clocks are set back by days: what they wrote before lies in the future. */
const STATE_FROM_THE_FUTURE = scenarioOf({
  name: 'state-from-the-future',
  about: 'clocks that were days ahead are put right while the agents are away',
  plan: oneStage(600),
  lasts: '2d',
  fleet: 20,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '1h30m' }],
  node: { restart: '10m' },
  fallback: 'none',
  faults: [
    { kind: 'clock-stepped', at: '1h', step: '3d' },
    { kind: 'agent-killed', at: '4h' },
    { kind: 'clock-stepped', at: '4h5m', step: '-3d' },
  ],
});

const DEAD_AND_FROM_THE_FUTURE = scenarioOf({
  name: 'dead-and-from-the-future',
  about: 'the Summoners die with a success on record that is days ahead of the clock',
  plan: oneStage(600),
  lasts: '2d',
  fleet: 20,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '1h30m' }],
  faults: [
    { kind: 'clock-stepped', at: '1h', step: '3d' },
    { kind: 'summoner-broken', at: '4h' },
    { kind: 'clock-stepped', at: '4h5m', step: '-3d' },
  ],
});

const DEAD_AND_SET_BACK = scenarioOf({
  name: 'dead-and-set-back',
  about: 'the Summoners die, the clock is set back, and no run succeeds before it has caught up',
  plan: oneStage(600),
  lasts: '2d',
  fleet: 20,
  installed: '1.0.0',
  faults: [
    { kind: 'summoner-broken', at: '1h' },
    { kind: 'clock-stepped', at: '1h5m', step: '-3h' },
    { kind: 'chef-server-down', at: '1h5m', for: '6h' },
  ],
});

const DEAD_AND_FULL = scenarioOf({
  name: 'dead-and-full',
  about: 'the Summoners die, and then the disks are full for a day',
  plan: oneStage(600),
  lasts: '2d',
  fleet: 5,
  installed: '1.0.0',
  faults: [
    { kind: 'summoner-broken', at: '1h' },
    { kind: 'disk-full', at: '10h', for: '1d' },
  ],
});

const DEAD_SUMMONERS = scenarioOf({
  name: 'dead-summoners',
  about: 'the Summoners die, and for some hours after the threshold no run succeeds; machines are rebooted meanwhile',
  plan: oneStage(600),
  lasts: '1d6h',
  fleet: 30,
  installed: '1.0.0',
  faults: [
    { kind: 'summoner-broken', at: '1h' },
    { kind: 'chef-server-down', at: '11h', for: '4h' },
    { kind: 'rebooted', at: '15h18m', for: '1m' },
  ],
});

const FALLBACK_BETWEEN = scenarioOf({
  name: 'fallback-between',
  about: 'the Chef server comes back just before the fallback tries, and between two attempts of the Summoner',
  plan: oneStage(600),
  lasts: '1d',
  fleet: 40,
  installed: '1.0.0',
  faults: [{ kind: 'chef-server-down', at: '11h', for: '61m' }],
});

const NEW_MACHINES = scenarioOf({
  name: 'new-machines',
  about: 'machines that have never run, and that both Summoner and fallback are to run',
  plan: oneStage(600),
  lasts: '6h',
  fleet: 60,
  artifacts: [{ version: '1.0.0', at: '30m' }],
  fallback: { every: '1m' },
});

const FROZEN_TRAIN = scenarioOf({
  name: 'frozen-train',
  about: 'an artifact an hour, and a plan that freezes its train for six hours',
  plan: {
    ...SHORT_TRAIN,
    freezes: [{ name: 'night', scope: 'stage:train', from: 'Mon 04:00', to: 'Mon 10:00', reason: 'nobody looks' }],
  },
  lasts: '18h',
  fleet: 24,
  installed: '1.0.0',
  artifacts: ['1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0'].map((version, i) => ({ version, at: `${i}h45m` })),
});

const TRAIN = scenarioOf({
  name: 'train',
  about: 'an artifact an hour, and a train that takes five: one stop to a departure, one version at a time',
  plan: SHORT_TRAIN,
  lasts: '18h',
  fleet: 24,
  installed: '1.0.0',
  artifacts: ['1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0'].map((version, i) => ({ version, at: `${i}h45m` })),
});

const TROUBLED_TRAIN = scenarioOf({
  name: 'troubled-train',
  about: 'a train whose stacks, stores and Librarians fail one after another',
  plan: SHORT_TRAIN,
  lasts: '2d',
  fleet: 24,
  installed: '1.0.0',
  stream: { every: '3h' },
  faults: [
    { kind: 'pins-refused', at: '4h20m', for: '90m', on: { stacks: ['ironstone'] } },
    { kind: 'librarian-down', at: '10h10m', for: '5h25m' },
    { kind: 'chef-server-down', at: '20h20m', for: '3h', on: { stacks: ['ironstone'] } },
    { kind: 'bus-answers-lost', at: '26h', for: '3h' },
    { kind: 'audit-unwritable', at: '30h20m', for: '3h' },
    { kind: 'store-down', at: '36h20m', for: '1h' },
  ],
});

const RACING_LIBRARIANS = scenarioOf({
  name: 'racing-librarians',
  about: 'two Librarians tick at the same instants, and are killed after any of their effects',
  plan: SHORT_TRAIN,
  lasts: '2d',
  fleet: 24,
  installed: '1.0.0',
  stream: { every: '2h' },
  librarian: { replicas: 2 },
  faults: Array.from({ length: 46 }, (_, i) => ({ kind: 'librarian-killed', at: `${i + 1}h25m`, for: '12m' })),
});

const HELD_TRAIN = scenarioOf({
  name: 'held-train',
  about: 'the train is held while a version is under way',
  plan: SHORT_TRAIN,
  lasts: '18h',
  fleet: 24,
  installed: '1.0.0',
  artifacts: [{ version: '1.1.0', at: '45m' }],
  operators: [{ at: '3h10m', does: 'hold', id: 'look', scope: 'stage:train', for: '6h' }],
});

const REJECTED_VERSION = scenarioOf({
  name: 'rejected-version',
  about: 'a version is rejected before it boards and approved when that is over, and another is rolled back',
  plan: SHORT_TRAIN,
  lasts: '1d',
  fleet: 24,
  installed: '1.0.0',
  artifacts: [
    { version: '1.1.0', at: '45m' },
    { version: '1.2.0', at: '10h45m' },
  ],
  operators: [
    { at: '1h10m', does: 'reject', version: '1.1.0' },
    { at: '1h50m', does: 'approve', version: '1.1.0' },
    { at: '13h10m', does: 'rollback', environments: ['dev', 'canary', 'prod-1'] },
  ],
});

// Summoners.

const withStep = (broken: Step) => (): Programs => ({ ...SHIPPED, step: broken });

/** The broken step of this name. */
const summonerThat = (name: string): (() => Programs) => {
  const found = BROKEN_SUMMONERS.find((broken) => broken.name === name);
  if (found === undefined) throw new RangeError(`no broken Summoner ${name}`);
  return withStep(found.step);
};

const withNode = (decision: SummonerDecision, change: (node: NodeState) => NodeState): SummonerDecision => ({
  ...decision,
  state: { ...decision.state, node: change(decision.state.node) },
});

const isFresh = (event: SummonerEvent): boolean => event._tag === 'Observed' && event.observation._tag === 'Fresh';

/** Believes whatever it sees, as though it had seen and applied nothing before. */
export const withoutDedup: Step = (policy, state, event, now) => {
  if (!isFresh(event)) return step(policy, state, event, now);
  const { applied, accepted } = state.node;
  const forgetful: SummonerState = { ...state, node: { ...state.node, applied: O.none, accepted: O.none } };
  return withNode(step(policy, forgetful, event, now), (node) => ({
    ...node,
    applied: O.isNone(node.applied) ? applied : node.applied,
    accepted: O.isNone(node.accepted) ? accepted : node.accepted,
  }));
};

/** For ever, as far as any scenario goes. */
const NEVER_MS = 10 * 365 * DAY_MS;

/** An agent that has exited and is not started again. */
export const deadAgent = (state: SummonerState, now: Parameters<Step>[3]): SummonerDecision => ({
  action: { _tag: 'Wait' },
  reason: { _tag: 'UpToDate' },
  state: { node: state.node, bus: { ...state.bus, failures: 1, pollAt: plus(now, NEVER_MS) } },
  lookAgainAt: plus(now, NEVER_MS),
  nextStartAt: O.none,
  nextCause: O.none,
  verdict: O.none,
});

/** Exits when the bus does not answer. */
const exitsWithTheBus: Step = (policy, state, event, now) => {
  const isGone = event._tag === 'Observed' && event.observation._tag === 'Unavailable';
  return isGone || (state.bus.failures > 0 && event._tag !== 'Started')
    ? deadAgent(state, now)
    : step(policy, state, event, now);
};

/** The shipped step, shown another signal than there is. */
const shownAs =
  (change: (signal: Signal) => Signal): Step =>
  (policy, state, event, now) => {
    if (event._tag !== 'Observed' || event.observation._tag !== 'Fresh') return step(policy, state, event, now);
    const signal = change(event.observation.signal);
    return step(policy, state, { ...event, observation: { ...event.observation, signal } }, now);
  };

const hearsAll = shownAs((signal) => ({
  ...signal,
  runRequests: signal.runRequests.map((request) => ({ ...request, nodes: O.none })),
}));

const neverExpires = shownAs((signal) => ({
  ...signal,
  runRequests: signal.runRequests.map((request) => ({ ...request, expiresEpochSeconds: EPOCH_SECONDS_MAX })),
}));

const forgetsHandled: Step = (policy, state, event, now) =>
  step(policy, isFresh(event) ? { ...state, node: { ...state.node, handled: [] } } : state, event, now);

/** Puts requests off until something else starts a run. */
const isNotAsked: Step = (policy, state, event, now) => {
  const decision = step(policy, state, event, now);
  const requests = decision.state.node.requests.map((request) => ({ ...request, startAt: plus(now, DAY_MS / 2) }));
  return isFresh(event) ? withNode(decision, (node) => ({ ...node, requests })) : decision;
};

const keepsWithdrawn: Step = (policy, state, event, now) => {
  const decision = step(policy, state, event, now);
  if (!isFresh(event)) return decision;
  return withNode(decision, (node) => ({
    ...node,
    requests: [
      ...node.requests,
      ...state.node.requests.filter(({ id }) => !node.requests.some((open) => open.id === id)),
    ],
  }));
};

/** Looks as seldom after the bus came back as it had to before. */
const staysPatient: Step = (policy, state, event, now) => {
  const decision = step(policy, state, event, now);
  const isBack = state.bus.failures > 0 && decision.state.bus.failures === 0;
  if (event._tag !== 'Observed' || !isBack) return decision;
  const pollAt = plus(now, policy.backoff.capMs);
  return { ...decision, state: { ...decision.state, bus: { ...decision.state.bus, pollAt } }, lookAgainAt: pollAt };
};

const withoutSplay = shownAs((signal) => ({ ...signal, splaySeconds: 0 }));

const notesSuccessAtStart: Step = (policy, state, event, now) => {
  const decision = step(policy, state, event, now);
  const lastSuccess = O.some(plus(now, -(now % SECOND_MS)));
  return decision.action._tag === 'Start' ? withNode(decision, (node) => ({ ...node, lastSuccess })) : decision;
};

/** Starts what was decided at once, and stores afterwards: which never comes to that before the run has ended. */
const startsFirst = (agent: Agent): Agent =>
  agent.order === 'Keep' && agent.decision.action._tag === 'Start' ? { ...agent, order: 'Run' } : agent;

const runsBeforeItStores = (): Programs => ({
  ...SHIPPED,
  agent: {
    ...SHIPPED.agent,
    begin: (...given) => startsFirst(SHIPPED.agent.begin(...given)),
    takeIn: (...given) => startsFirst(SHIPPED.agent.takeIn(...given)),
    takeInEnd: (...given) => startsFirst(SHIPPED.agent.takeInEnd(...given)),
  },
});

const floorAfter = (extraMs: number): Step => {
  const late: Step = (policy, state, event, now) =>
    step({ ...policy, windowMs: policy.windowMs + extraMs }, state, event, now);
  return late;
};

/** Sees a version, and leaves it to whatever run comes next. */
const runsForNoVersion: Step = (policy, state, event, now) => {
  const decision = step(policy, state, event, now);
  const { action } = decision;
  if (action._tag !== 'Start' || action.running.cause._tag !== 'NewVersion') return decision;
  const again = plus(now, MINUTE_MS);
  return {
    ...decision,
    action: { _tag: 'Wait' },
    state: { node: state.node, bus: { ...decision.state.bus, pollAt: again } },
    lookAgainAt: again,
    nextStartAt: O.some(again),
    nextCause: O.some(action.running.cause),
  };
};

/** Starts what a person asks for at once, whatever is under way. */
const startsBeside: Step = (policy, state, event, now) =>
  step(policy, state.node.runNow ? { ...state, node: { ...state.node, running: O.none } } : state, event, now);

const forgetsThatItIsDisabled: Step = (policy, state, event, now) =>
  step(policy, event._tag === 'Started' ? { ...state, node: { ...state.node, disabled: O.none } } : state, event, now);

const staysDisabled: Step = (policy, state, event, now) => {
  const disabled = O.map((disabling: Disabling) => ({ ...disabling, until: plus(now, NEVER_MS) }))(state.node.disabled);
  return step(policy, O.isNone(disabled) ? state : { ...state, node: { ...state.node, disabled } }, event, now);
};

// Agents.

const withAgent = (change: (agent: Programs['agent']) => Partial<Programs['agent']>): Programs => ({
  ...SHIPPED,
  agent: { ...SHIPPED.agent, ...change(SHIPPED.agent) },
});

/** Hears something else than people on the node ask for. */
const hearing = (change: (asked: Asked, mind: Mind, isStart: boolean) => Asked): Programs => {
  const heard = (mind: Mind, noticed: Noticed, isStart = false): Noticed => ({
    ...noticed,
    asked: change(noticed.asked ?? NOTHING_ASKED, mind, isStart),
  });
  return withAgent(({ begin, takeIn, takeInEnd }) => ({
    begin: (mind, memory, noticed, isRunning) => begin(mind, memory, heard(mind, noticed, true), isRunning),
    takeIn: (mind, agent, noticed, event) => takeIn(mind, agent, heard(mind, noticed), event),
    takeInEnd: (mind, agent, noticed, end) => takeInEnd(mind, agent, heard(mind, noticed), end),
  }));
};

const withFloorToo =
  (floorToo: boolean) =>
  (asked: Asked): Asked => {
    if (O.isNone(asked.switched) || asked.switched.value._tag === 'Enable') return asked;
    const { disabling } = asked.switched.value;
    return { ...asked, switched: O.some({ _tag: 'Disable', disabling: { ...disabling, floorToo } }) };
  };

const isNotEnabled = (): Programs =>
  hearing((asked) =>
    O.isSome(asked.switched) && asked.switched.value._tag === 'Enable' ? { ...asked, switched: O.none } : asked,
  );

/** Leaves a request for a run where it lies, and so finds it again whenever it starts. */
const keepsWhatWasAsked = (): Programs => {
  const asking = new Set<string>();
  return hearing((asked, { policy }, isStart) => {
    const { node } = policy.identity;
    if (asked.runNow) asking.add(node);
    return isStart && asking.has(node) ? { ...asked, runNow: true } : asked;
  });
};

/** Starts with something else in mind than lies on its disk. */
const recollecting = (change: (node: NodeState) => NodeState): Programs =>
  withAgent(({ recollect }) => ({
    recollect: (...given) => {
      const { memory } = recollect(...given);
      return { memory: { ...memory, node: change(memory.node) } };
    },
  }));

/** Believes a state whosever it is. */
const believesAnyState = (): Programs =>
  withAgent(({ recollect }) => ({
    recollect: (identity, reading, node) => {
      const stored = reading._tag === 'Found' ? decodeNodeState(reading.body) : undefined;
      return recollect(stored === undefined || E.isLeft(stored) ? identity : stored.right.identity, reading, node);
    },
  }));

const STANDSTILL_MS = 30 * MINUTE_MS;

/** Takes a run for dead of which it has heard nothing for long, though it heard nothing of anything. */
const losesPatience = (): Programs =>
  withAgent(({ takeIn }) => ({
    takeIn: (mind, agent, noticed, event) => {
      const isPatient = noticed.clocks.elapsedMs - agent.clocks.elapsedMs < STANDSTILL_MS;
      const decision = withNode(agent.decision, (node) => ({
        ...node,
        running: O.none,
        runNow: O.isSome(node.running),
      }));
      return takeIn(mind, isPatient ? agent : { ...agent, isRunning: false, decision }, noticed, event);
    },
  }));

const takesUpNothing = (): Programs =>
  withAgent(({ begin }) => ({ begin: (mind, memory, noticed) => begin(mind, memory, noticed) }));

/** Hears of a run that it took up what `hears` makes of its end. */
const afterTakingUp = (hears: (end: RunEnd) => RunEnd | undefined): Programs => {
  const taken = new Set<string>();
  return withAgent(({ begin, takeInEnd }) => ({
    begin: (mind, memory, noticed, isRunning) => {
      if (isRunning === true) taken.add(mind.policy.identity.node);
      return begin(mind, memory, noticed, isRunning);
    },
    takeInEnd: (mind, agent, noticed, end) => {
      const heard = taken.delete(mind.policy.identity.node) ? hears(end) : end;
      return heard === undefined ? agent : takeInEnd(mind, agent, noticed, heard);
    },
  }));
};

// Fallbacks.

const withLook = (lookOf: Programs['fallback']['lookOf']): Programs => ({
  ...SHIPPED,
  fallback: { ...SHIPPED.fallback, lookOf },
});

/** Has its settings from the Summoner, who answers for them as long as it is alive: it was heard of in the last hour. */
const asksTheSummoner = (): Programs => {
  const heardAt = new Map<string, number>();
  const { lookOf } = SHIPPED.fallback;
  return {
    ...withLook((policy, lastRun, own, now) => {
      const look = lookOf(policy, lastRun, own, now);
      const hasSettings = now - (heardAt.get(policy.node) ?? now) < HOUR_MS;
      return hasSettings
        ? look
        : { ...look, decision: { _tag: 'Wait', reason: 'Healthy', retryAt: plus(now, 5 * MINUTE_MS) } };
    }),
    step: (policy, state, event, now) => {
      heardAt.set(policy.identity.node, now);
      return step(policy, state, event, now);
    },
  };
};

/** Its cron job is gone. */
const withoutFallback = (): Programs =>
  withLook((policy, lastRun, own, now) => ({
    ...SHIPPED.fallback.lookOf(policy, lastRun, own, now),
    decision: { _tag: 'Wait', reason: 'Healthy', retryAt: plus(now, 5 * MINUTE_MS) },
  }));

// Librarians.

/** Takes every stop for one that has what the first has, and so boards at every departure. */
const boardsAtEveryDeparture = (): Programs => {
  const { decideStage } = SHIPPED.deciders;
  const blind: typeof decideStage = (view, stage) => {
    const [first] = stage.environments;
    const pins = first === undefined ? undefined : view.pins.get(first);
    if (stage._tag !== 'train' || pins === undefined) return decideStage(view, stage);
    const alike = stage.environments.map((stop) => [stop, pins] as const);
    return decideStage({ ...view, pins: new Map([...view.pins, ...alike]) }, stage);
  };
  return { ...SHIPPED, deciders: { ...SHIPPED.deciders, decideStage: blind } };
};

/** What is resumed, is resumed on the first stack of the plan only. */
const redoesOnOneStack = (): Programs => ({
  ...SHIPPED,
  deciders: {
    ...SHIPPED.deciders,
    decideStage: (view, stage) => {
      const { promotions, ...decision } = SHIPPED.deciders.decideStage(view, stage);
      const [first] = view.plan.stacks;
      return {
        ...decision,
        promotions: promotions.map((promotion) =>
          promotion.reason === 'Resumed'
            ? { ...promotion, stacks: promotion.stacks.filter((stack) => stack === first) }
            : promotion,
        ),
      };
    },
  },
});

const looksAtNoFreezes = (): Programs => ({
  ...SHIPPED,
  deciders: {
    ...SHIPPED.deciders,
    decideStage: (view, stage) => SHIPPED.deciders.decideStage({ ...view, plan: { ...view.plan, freezes: [] } }, stage),
  },
});

/** The decisions with the safety taken out that the control of this name is about. */
const trainThat = (fault: string) => (): Programs => {
  const found = CONTROLS.find((control) => control.fault === fault);
  if (found === undefined) throw new RangeError(`no control ${fault}`);
  return { ...SHIPPED, deciders: found.decider };
};

const withPorts = (librarianPorts: (ports: LibrarianPorts) => LibrarianPorts) => (): Programs => ({
  ...SHIPPED,
  librarianPorts,
});

const withServers = (
  ports: LibrarianPorts,
  change: (server: ChefServer, stack: StackName) => Partial<ChefServer>,
): LibrarianPorts => ({
  ...ports,
  chefServers: new Map(
    [...ports.chefServers].map(([stack, server]) => [stack, { ...server, ...change(server, stack) }]),
  ),
});

const signalsBeforeItPins = withPorts((ports) =>
  withServers(ports, (server, stack) => ({
    pin: async (environment, manifest) => {
      const key = { stack, environment };
      const reading = await ports.bus.read(key, undefined);
      const present = reading._tag === 'Fresh' ? reading : undefined;
      const now = ports.clock.now();
      const previous = present === undefined ? O.none : O.fromEither(decodeSignal(present.body));
      const artifact = { manifest, uploadedAt: now, bucket: ports.bucket, key: `${manifest.baseVersion}.tar.gz` };
      const signal = signalAfterPromotion(key, artifact, { splaySeconds: 600, departures: O.none }, previous, now);
      await ports.bus.write(key, encodeSignal(signal), present?.revision);
      return server.pin(environment, manifest);
    },
  })),
);

/** A promotion tells of its version, and of nothing that was told before. */
const dropsRequests = withPorts((ports) => ({
  ...ports,
  bus: {
    ...ports.bus,
    write: async (key, body, expected) => {
      const reading = await ports.bus.read(key, undefined);
      const before = reading._tag === 'Fresh' ? decodeSignal(reading.body) : undefined;
      const after = decodeSignal(body);
      if (before === undefined || E.isLeft(before) || E.isLeft(after)) return ports.bus.write(key, body, expected);
      const isPromotion = before.right.manifestRecord.version !== after.right.manifestRecord.version;
      const told = isPromotion ? encodeSignal({ ...after.right, runRequests: [] }) : body;
      return ports.bus.write(key, told, expected);
    },
  },
}));

/** Every signal is followed at once by a later one that says the same. */
const tellsTwice = withPorts((ports) => ({
  ...ports,
  bus: {
    ...ports.bus,
    write: async (key, body, expected) => {
      const written = await ports.bus.write(key, body, expected);
      const signal = decodeSignal(body);
      if (written._tag !== 'Landed' || E.isLeft(signal)) return written;
      const again = { ...signal.right, timestamp: nextTimestamp(signal.right.timestamp) };
      return ports.bus.write(key, encodeSignal(again), written.revision);
    },
  },
}));

/** Takes it for granted that a pin has landed, whatever was answered, and does not read it back. */
const doesNotReadBack = withPorts((ports) =>
  withServers(ports, (server) => {
    const granted = new Map<EnvironmentName, Manifest>();
    return {
      pin: async (environment, manifest) => {
        granted.set(environment, manifest);
        await server.pin(environment, manifest);
        return { _tag: 'Pinned' };
      },
      environment: async (name) => {
        const found = await server.environment(name);
        const manifest = granted.get(name);
        granted.delete(name);
        return found._tag === 'Found' && manifest !== undefined
          ? { _tag: 'Found', environment: pinTo(found.environment, manifest) }
          : found;
      },
    };
  }),
);

const withState = (ports: LibrarianPorts, change: Partial<LibrarianPorts['state']>): LibrarianPorts => ({
  ...ports,
  state: { ...ports.state, ...change },
});

const isControl = (key: string): boolean => key.startsWith('librarian/');

/** So many turns of others go by before a slow Librarian writes its state. */
const SLOW_TURNS = 100;

/** Of two Librarians that tick at once the second is slow: no bug, but what brings one out. */
const withSlowSecond = (change: (ports: LibrarianPorts) => LibrarianPorts) => (): Programs => {
  let librarians = 0;
  const librarianPorts = (given: LibrarianPorts): LibrarianPorts => {
    const ports = change(given);
    if (librarians++ % 2 === 0) return ports;
    return withState(ports, {
      write: async (key, body, expected) => {
        for (let turn = 0; isControl(key) && turn < SLOW_TURNS; turn++) await Promise.resolve();
        return ports.state.write(key, body, expected);
      },
    });
  };
  return { ...SHIPPED, librarianPorts };
};

/** Writes the control state over whatever another Librarian has written meanwhile. */
const comparesNothing = withSlowSecond((ports) =>
  withState(ports, {
    write: async (key, body, expected) => {
      if (!isControl(key)) return ports.state.write(key, body, expected);
      const present = await ports.state.read(key);
      return ports.state.write(key, body, present._tag === 'Found' ? present.revision : undefined);
    },
  }),
);

/** Two Librarians as they are shipped, the second of them slow. */
export const slowSecondLibrarian = withSlowSecond((ports) => ports);

const withoutRejections = (key: string, body: string): string => {
  const control = isControl(key) ? decodeControlState(body) : undefined;
  return control === undefined || E.isLeft(control)
    ? body
    : encodeControlState({ ...control.right, rejections: new Map() });
};

const looksAtNoRejections = withPorts((ports) =>
  withState(ports, {
    read: async (key) => {
      const reading = await ports.state.read(key);
      return reading._tag === 'Found' ? { ...reading, body: withoutRejections(key, reading.body) } : reading;
    },
  }),
);

/** Rolls back, and keeps no record that the version was rejected. */
export const keepsNoRejections = withPorts((ports) =>
  withState(ports, { write: (key, body, expected) => ports.state.write(key, withoutRejections(key, body), expected) }),
);

/** Goes on when the audit trail cannot be written. */
const needsNoAudit = withPorts((ports) =>
  withState(ports, {
    write: async (key, body, expected) => {
      const outcome = await ports.state.write(key, body, expected);
      return key.startsWith('audit/') && outcome._tag === 'Unknown' ? { _tag: 'Landed', revision: 'none' } : outcome;
    },
  }),
);

/** Puts the record of what it is about to do off until it has done it. */
const auditsAfterwards = withPorts((ports) => {
  const late: (() => Promise<unknown>)[] = [];
  const isIntent = (key: string, body: string): boolean => key.startsWith('audit/') && !body.includes('"outcome"');
  return withState(ports, {
    write: async (key, body, expected) => {
      if (isIntent(key, body)) {
        late.push(() => ports.state.write(key, body, expected));
        return { _tag: 'Landed', revision: 'none' };
      }
      if (key.startsWith('audit/')) for (const write of late.splice(0)) await write();
      return ports.state.write(key, body, expected);
    },
  });
});

/** All of them: those of the Summoner, of the fallback, of the train, and of the Librarian. */
export const DELIBERATE_BUGS: readonly DeliberateBug[] = [
  {
    name: 'draws the splay anew when it restarts',
    programs: summonerThat('draws the splay anew when it restarts'),
    scenario: RELEASES,
    laws: ['N3'],
  },
  { name: 'has no splay', programs: withStep(withoutSplay), scenario: RELEASES, laws: ['N3', 'load'] },
  {
    name: 'crowds the fleet into the first third of the splay',
    programs: summonerThat('crowds the fleet into the first third of the splay'),
    scenario: RELEASES,
    laws: ['N3'],
  },
  {
    name: 'draws the splay from the node alone, so that the same nodes are always first',
    programs: summonerThat('draws the splay from the node alone, so that the same nodes are always first'),
    scenario: UNDISTURBED_RELEASES,
    laws: ['N3'],
  },
  {
    name: 'takes up to twice the splay',
    programs: summonerThat('takes up to twice the splay'),
    scenario: RELEASES,
    laws: ['N2'],
  },
  {
    name: 'begins the splay anew with every newer signal',
    programs: summonerThat('begins the splay anew with every newer signal'),
    scenario: HURRIED_RELEASES,
    laws: ['N4'],
  },
  { name: 'knows no dedup', programs: withStep(withoutDedup), scenario: RELEASES, laws: ['N1'] },
  { name: 'believes replays', programs: summonerThat('believes replays'), scenario: RELEASES, laws: ['S6'] },
  {
    name: 'applies the version when the run starts',
    programs: summonerThat('applies the version when the run starts'),
    scenario: RELEASES,
    laws: ['N7'],
  },
  {
    name: 'writes the success down when the run starts',
    programs: withStep(notesSuccessAtStart),
    scenario: RELEASES,
    laws: ['N7'],
  },
  {
    name: 'takes a failure for a success',
    programs: summonerThat('takes a failure for a success'),
    scenario: FAILING_ARTIFACT,
    laws: ['N7'],
  },
  {
    name: 'retries without bound',
    programs: summonerThat('retries without bound'),
    scenario: FAILING_ARTIFACT,
    laws: ['N7'],
  },
  {
    name: 'starts the run before it stores the state',
    programs: runsBeforeItStores,
    scenario: RELEASES,
    laws: ['N8'],
  },
  {
    name: 'takes a run for done that was cut short with the agent',
    programs: summonerThat('takes a run for done that was cut short with the agent'),
    scenario: KILLED_IN_RUNS,
    laws: ['N7', 'N8'],
  },
  {
    name: 'drops what is pending when it restarts',
    programs: summonerThat('drops what is pending when it restarts'),
    scenario: RELEASES,
    laws: ['N2'],
  },
  {
    name: 'forgets a signal that arrived during a run',
    programs: summonerThat('forgets a signal that arrived during a run'),
    scenario: LONG_RUNS,
    laws: ['N5'],
  },
  {
    name: 'starts a second run beside the first',
    programs: withStep(startsBeside),
    scenario: LONG_RUNS,
    laws: ['N13'],
  },
  {
    name: 'runs for no version',
    programs: withStep(runsForNoVersion),
    scenario: UNDISTURBED_RELEASES,
    laws: ['N2'],
  },
  {
    name: 'runs the floor although that is disabled too',
    programs: () => hearing(withFloorToo(false)),
    scenario: DISABLED_WITH_THE_FLOOR,
    laws: ['N10'],
  },
  {
    name: 'stays disabled although it is enabled again',
    programs: isNotEnabled,
    scenario: DISABLED_WITH_THE_FLOOR,
    laws: ['N6'],
  },
  {
    name: 'a fallback that is silent while the Summoner is disabled',
    programs: withoutFallback,
    scenario: DISABLED_BESIDE_THE_FALLBACK,
    laws: ['F1'],
  },
  {
    name: 'a fallback that is silent while the Summoner tries and fails',
    programs: withoutFallback,
    scenario: FAILING_DAYS,
    laws: ['F1'],
  },
  {
    name: 'runs although it is disabled',
    programs: summonerThat('runs although it is disabled'),
    scenario: DISABLED,
    laws: ['N10'],
  },
  {
    name: 'forgets at a restart that it is disabled',
    programs: withStep(forgetsThatItIsDisabled),
    scenario: DISABLED_AND_RESTARTED,
    laws: ['N10'],
  },
  {
    name: 'stays disabled when the time for that is over',
    programs: withStep(staysDisabled),
    scenario: DISABLED,
    laws: ['N2'],
  },
  {
    name: 'stays disabled when the time for that is over, the floor too',
    programs: withStep(staysDisabled),
    scenario: DISABLED_WITH_THE_FLOOR,
    laws: ['N6'],
  },
  {
    name: 'takes every disabling for one of the floor too',
    programs: () => hearing(withFloorToo(true)),
    scenario: DISABLED_FOR_DAYS,
    laws: ['N6'],
  },
  {
    name: 'forgets what came while it was disabled',
    programs: summonerThat('forgets what came while it was disabled'),
    scenario: DISABLED,
    laws: ['N2'],
  },
  {
    name: 'hears only after its first decision what was asked while it was away',
    programs: () => hearing((asked, _mind, isStart) => (isStart ? NOTHING_ASKED : asked)),
    scenario: DISABLED_WHILE_AWAY,
    laws: ['N10'],
  },
  {
    name: 'loses the run that a person asked for while it was away',
    programs: () => hearing((asked, _mind, isStart) => (isStart ? NOTHING_ASKED : asked)),
    scenario: RUN_NOW_AND_RESTARTS,
    laws: ['N8'],
  },
  {
    name: 'loses what a person asked for when it is killed in that run',
    programs: summonerThat('loses what a person asked for when it is killed in that run'),
    scenario: RUN_NOW_AND_RESTARTS,
    laws: ['N8'],
  },
  {
    name: 'runs at every restart for what a person asked once',
    programs: keepsWhatWasAsked,
    scenario: RUN_NOW_AND_RESTARTS,
    laws: ['N8'],
  },
  {
    name: 'loses its schedule in a reboot',
    programs: () => recollecting((node) => ({ ...node, pending: O.none })),
    scenario: REBOOTED_IN_SPLAYS,
    laws: ['N2'],
  },
  {
    name: 'draws the splay anew when its machine is rebooted',
    programs: summonerThat('draws the splay anew when it restarts'),
    scenario: REBOOTED_IN_SPLAYS,
    laws: ['N3'],
  },
  {
    name: 'a clone that believes the state of its image',
    programs: believesAnyState,
    scenario: CLONED,
    laws: ['N6'],
  },
  {
    name: 'runs in the very second of the resume',
    programs: summonerThat('runs in the very second of the resume'),
    scenario: SUSPENDED,
    laws: ['load'],
  },
  {
    name: 'takes a long sleep for a success',
    programs: summonerThat('takes a long sleep for a success'),
    scenario: SUSPENDED,
    laws: ['N7'],
  },
  {
    name: 'starts the run again in which its machine stood still',
    programs: losesPatience,
    scenario: SUSPENDED_IN_RUNS,
    mode: 'poll',
    laws: ['N13'],
  },
  {
    name: 'takes the run for done that stopped together with it',
    programs: () =>
      withAgent(({ afterLastRun }) => ({
        afterLastRun: (policy, state, _end, now) => afterLastRun(policy, state, { _tag: 'Exited', code: 0 }, now),
      })),
    scenario: UPGRADED_WITH_THE_RUN,
    laws: ['N7'],
  },
  {
    name: 'forgets what the run was for that stopped together with it',
    programs: () =>
      withAgent(({ afterLastRun }) => ({
        afterLastRun: (...given) => {
          const state = afterLastRun(...given);
          return { ...state, node: { ...state.node, pending: O.none } };
        },
      })),
    scenario: UPGRADED_WITH_THE_RUN,
    laws: ['N5'],
  },
  {
    name: 'runs again beside the run that it could have taken up',
    programs: takesUpNothing,
    scenario: UPGRADED_DURING_THE_RUN,
    laws: ['N13'],
  },
  {
    name: 'runs again although the run that it could have taken up has succeeded',
    programs: takesUpNothing,
    scenario: AWAY_AT_THE_END,
    laws: ['N1'],
  },
  {
    name: 'loses the success of the run that it took up',
    programs: () => afterTakingUp(() => ({ _tag: 'Interrupted' })),
    scenario: UPGRADED_DURING_THE_RUN,
    laws: ['N1'],
  },
  {
    name: 'takes for a success whatever it took up',
    programs: () => afterTakingUp(() => ({ _tag: 'Exited', code: 0 })),
    scenario: UPGRADED_IN_VAIN,
    laws: ['N7'],
  },
  {
    name: 'waits for ever for the run that it took up',
    programs: () => afterTakingUp(() => undefined),
    scenario: UPGRADED_DURING_THE_RUN,
    laws: ['N6'],
  },
  {
    name: 'comes an hour too late with the floor',
    programs: withStep(floorAfter(HOUR_MS)),
    scenario: SERVER_DOWN,
    laws: ['N6'],
  },
  {
    name: 'comes too early with the floor',
    programs: summonerThat('comes too early with the floor'),
    scenario: QUIET_DAYS,
    laws: ['N6'],
  },
  {
    name: "does not count the fallback's success",
    programs: summonerThat("does not count the fallback's success"),
    scenario: FALLBACK_BETWEEN,
    laws: ['N6'],
  },
  {
    name: 'leaves the floor to the fallback',
    programs: withStep(floorAfter(DAY_MS)),
    scenario: QUIET_DAYS,
    laws: ['F2'],
  },
  {
    name: 'gives the floor up after some failures',
    programs: summonerThat('gives the floor up after some failures'),
    scenario: SERVER_DOWN,
    laws: ['N6'],
  },
  {
    name: 'forgets for which requests it has run',
    programs: withStep(forgetsHandled),
    scenario: RUN_REQUESTS,
    laws: ['N11'],
  },
  {
    name: 'runs for requests that mean other nodes',
    programs: withStep(hearsAll),
    scenario: RUN_REQUESTS,
    laws: ['N11'],
  },
  {
    name: 'runs for requests that have expired',
    programs: withStep(neverExpires),
    scenario: RUN_REQUESTS,
    laws: ['N11'],
  },
  {
    name: 'runs for requests only when something else starts a run',
    programs: withStep(isNotAsked),
    scenario: RUN_REQUESTS,
    laws: ['N11'],
  },
  {
    name: 'keeps to a request that was taken back',
    programs: withStep(keepsWithdrawn),
    scenario: RUN_REQUESTS,
    laws: ['N11'],
  },
  {
    name: 'promotes without the run requests that are open',
    programs: dropsRequests,
    scenario: RUN_REQUESTS,
    laws: ['N11'],
  },
  {
    name: 'looks only after departures',
    programs: summonerThat('looks only after departures'),
    scenario: BETWEEN_DEPARTURES,
    mode: 'poll',
    laws: ['N15'],
  },
  {
    name: 'looks as seldom after the bus came back as it had to before',
    programs: withStep(staysPatient),
    scenario: BETWEEN_DEPARTURES,
    laws: ['N15'],
  },
  {
    name: 'exits when the bus does not answer',
    programs: withStep(exitsWithTheBus),
    scenario: BUS_FAILURES,
    laws: ['N6', 'F2'],
  },
  {
    name: 'trusts the future, of signals and of its own success',
    programs: summonerThat('trusts the future, of signals and of its own success'),
    scenario: STATE_FROM_THE_FUTURE,
    laws: ['N6'],
  },
  {
    name: 'a fallback that has its settings from the Summoner',
    programs: asksTheSummoner,
    scenario: DEAD_SUMMONERS,
    mode: 'poll',
    laws: ['F1'],
  },
  {
    name: 'a fallback that trusts a record from the future',
    programs: () =>
      withLook((policy, lastRun, own, now) => {
        const isAhead = lastRun._tag === 'Succeeded' && lastRun.epochSeconds * SECOND_MS > now;
        const believed = isAhead ? { ...lastRun, epochSeconds: Math.floor(now / SECOND_MS) } : lastRun;
        return SHIPPED.fallback.lookOf(policy, believed, own, now);
      }),
    scenario: DEAD_AND_FROM_THE_FUTURE,
    laws: ['F1'],
  },
  {
    name: 'a fallback that believes what lay ahead of the clock once that has caught up',
    programs: () =>
      withLook((policy, lastRun, own, now) =>
        SHIPPED.fallback.lookOf(policy, lastRun, { ...own, disbelievedEpochSeconds: O.none }, now),
      ),
    scenario: DEAD_AND_SET_BACK,
    laws: ['F1'],
  },
  {
    name: 'a fallback whose record has no second place',
    programs: () => ({ ...SHIPPED, fallback: { ...SHIPPED.fallback, recordInForce: (own) => own } }),
    scenario: DEAD_AND_FULL,
    laws: ['F4'],
  },
  {
    name: 'a fallback without its retry interval',
    programs: () =>
      withLook((policy, ...rest) => SHIPPED.fallback.lookOf({ ...policy, retryIntervalSeconds: 1 }, ...rest)),
    scenario: DEAD_SUMMONERS,
    laws: ['F4'],
  },
  {
    name: 'a fallback that writes the attempt down only after the run',
    programs: () => ({
      ...SHIPPED,
      fallback: {
        ...SHIPPED.fallback,
        afterDelay: (firing, again) => {
          const next = SHIPPED.fallback.afterDelay(firing, again);
          return next.order === 'Record' ? SHIPPED.fallback.afterRecording(next) : next;
        },
      },
    }),
    scenario: DEAD_SUMMONERS,
    laws: ['F4'],
  },
  {
    name: 'a fallback that fires well before the window closes',
    programs: () =>
      withLook((policy, ...rest) => SHIPPED.fallback.lookOf({ ...policy, thresholdSeconds: 36_000 }, ...rest)),
    scenario: QUIET_DAYS,
    laws: ['F2'],
  },
  {
    name: 'a fallback that does not look again after its wait',
    programs: () => ({
      ...SHIPPED,
      fallback: {
        ...SHIPPED.fallback,
        afterDelay: (firing, again) => SHIPPED.fallback.afterDelay(firing, { ...again, decision: firing.decision }),
      },
    }),
    scenario: NEW_MACHINES,
    laws: ['F2'],
  },
  {
    name: 'forgets which departure acted',
    programs: trainThat('forgets which departure acted'),
    scenario: TRAIN,
    laws: ['T5', 'T7'],
  },
  {
    name: 'promotes two stops of a train at one departure',
    programs: trainThat('promotes two stops of a train at one departure'),
    scenario: TRAIN,
    laws: ['T5'],
  },
  {
    name: 'boards a train under way',
    programs: trainThat('boards a train under way'),
    scenario: TRAIN,
    laws: ['T4', 'T6'],
  },
  { name: 'boards at every departure', programs: boardsAtEveryDeparture, scenario: TRAIN, laws: ['T4'] },
  {
    name: 'takes the oldest artifact instead of the newest',
    programs: trainThat('takes the oldest artifact instead of the newest'),
    scenario: TRAIN,
    laws: ['T2'],
  },
  {
    name: 'carries on with a train that is out of shape',
    programs: trainThat('carries on with a train that is out of shape'),
    scenario: OUT_OF_SHAPE,
    laws: ['T11'],
  },
  { name: 'tells every version twice', programs: tellsTwice, scenario: TRAIN, laws: ['L8'] },
  {
    name: 'lets a version pass over a stop',
    programs: trainThat('lets a version pass over a stop'),
    scenario: TRAIN,
    laws: ['T6'],
  },
  {
    name: 'makes the canary wait for a train under way',
    programs: trainThat('makes the canary wait for a train under way'),
    scenario: TRAIN,
    laws: ['T3'],
  },
  {
    name: 'never takes a version to the last stop',
    programs: trainThat('never takes a version to the last stop'),
    scenario: TRAIN,
    laws: ['T15'],
  },
  {
    name: 'leaves an environment without an outcome',
    programs: trainThat('leaves an environment without an outcome'),
    scenario: TRAIN,
    laws: ['T9'],
  },
  {
    name: 'makes up for the departures that were missed',
    programs: trainThat('makes up for the departures that were missed'),
    scenario: TROUBLED_TRAIN,
    laws: ['T5', 'T8'],
  },
  {
    name: 'knows no grace',
    programs: trainThat('knows no grace'),
    scenario: REJECTED_VERSION,
    laws: ['T8'],
  },
  {
    name: 'takes a step for done when one stack has it',
    programs: trainThat('takes a step for done when one stack has it'),
    scenario: TROUBLED_TRAIN,
    laws: ['T13'],
  },
  { name: 'redoes a step on one stack only', programs: redoesOnOneStack, scenario: TROUBLED_TRAIN, laws: ['T13'] },
  {
    name: 'takes an artifact that some stack does not have',
    programs: trainThat('takes an artifact that some stack does not have'),
    scenario: TROUBLED_TRAIN,
    laws: ['L1'],
  },
  {
    name: 'does not look at holds',
    programs: trainThat('does not look at holds'),
    scenario: HELD_TRAIN,
    laws: ['T10'],
  },
  { name: 'does not look at freezes', programs: looksAtNoFreezes, scenario: FROZEN_TRAIN, laws: ['T10'] },
  { name: 'does not look at rejections', programs: looksAtNoRejections, scenario: REJECTED_VERSION, laws: ['T12'] },
  {
    name: 'rolls back to what the next departure undoes',
    programs: keepsNoRejections,
    scenario: REJECTED_VERSION,
    laws: ['T12'],
  },
  { name: 'signals before it pins', programs: signalsBeforeItPins, scenario: TRAIN, laws: ['L1'] },
  {
    name: 'takes it for granted that a pin landed',
    programs: doesNotReadBack,
    scenario: TROUBLED_TRAIN,
    laws: ['L1'],
  },
  {
    name: 'writes its state over what another Librarian wrote',
    programs: comparesNothing,
    scenario: RACING_LIBRARIANS,
    laws: ['T5', 'T7'],
  },
  { name: 'goes on without an audit trail', programs: needsNoAudit, scenario: TROUBLED_TRAIN, laws: ['L5'] },
  { name: 'writes the audit trail afterwards', programs: auditsAfterwards, scenario: TRAIN, laws: ['L5'] },
];
