/**
 * The simulator: the shipped decisions and steps of the Librarian, the Summoner and the fallback, over a simulated clock,
 * bus, stores, Chef servers and machines. For people who want to see what a plan of their own, a fleet of their own or a
 * decision of their own does in a year of faults, before anything real does it.
 *
 * A scenario and a seed decide everything. Nothing here touches a network, a file or a clock.
 *
 * @example A plan of one's own, three days of it under the default faults.
 * ```ts
 * import assert from 'node:assert/strict';
 * import * as E from 'fp-ts/lib/Either.js';
 * import { formatFieldErrors } from 'signalbox';
 * import { decodeScenario, simulate } from 'signalbox/simulation';
 *
 * const scenario = decodeScenario({
 *   name: 'our-plan',
 *   plan: {
 *     name: 'ours',
 *     stacks: ['basalt'],
 *     stages: [
 *       { name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' },
 *       { name: 'train', kind: 'train', environments: ['prod-1', 'prod-2'], boards: 'dev', every: '2h' },
 *     ],
 *   },
 *   lasts: '3d',
 *   fleet: 60,
 *   installed: '1.0.0',
 *   stream: { every: '4h' },
 *   faults: 'default',
 * });
 * if (E.isLeft(scenario)) throw new Error(formatFieldErrors(scenario.left));
 *
 * const result = await simulate(scenario.right, { seed: 7 });
 * assert.deepEqual(result.violations, []);
 * assert(result.counts.promotions > 0);
 * ```
 *
 * @module
 */
export type {
  Attempt as FiringAttempt,
  Ended as FiringEnded,
  Firing,
  Look as FallbackLook,
} from '../fallback/firing.ts';
export type { Deciders } from '../librarian/tick.ts';
export type { Agent, AgentOrder, ClockReading, Mind, Noticed } from '../summoner/agent.ts';
export type { KeptAside, NodeMemory, Recollection } from '../summoner/node-memory.ts';
export { defaultFaults, type FaultMix } from './default-faults.ts';
export {
  type ArtifactJson,
  type BadnessJson,
  COOKBOOKS_DEFAULT,
  COOKBOOKS_MAX,
  type PlaceWord,
  type StreamJson,
} from './document/artifacts.ts';
export type { FaultJson, FaultsJson } from './document/faults.ts';
export type { FleetEntryJson, FleetJson } from './document/fleet.ts';
export type { OperatorJson } from './document/operators.ts';
export type { PlanJson } from './document/plan.ts';
export type { FleetScopeJson, PlaceJson } from './document/scope.ts';
export type { FallbackJson, LibrarianJson, NodeJson, RunsJson } from './document/settings.ts';
export { type AgentProgram, type FallbackProgram, type Programs, SHIPPED } from './programs.ts';
export { nextScenario, type Replayed, replayedScenario } from './from-export.ts';
export { READY_DOCUMENTS, READY_SCENARIOS } from './ready/ready-scenarios.ts';
export { renderReport } from './report.ts';
export { resizeScenario, type Resizing } from './resize-scenario.ts';
export type * from './scenario.ts';
export {
  BADNESSES_MAX,
  FALLBACK_SETTINGS,
  FAULTS_MAX,
  LASTS_MS_MAX,
  LASTS_MS_MIN,
  LIBRARIAN_SETTINGS,
  NODE_SETTINGS,
  NODES_MAX,
  RUN_SETTINGS,
} from './scenario.ts';
export {
  decodeScenario,
  ScenarioDocument,
  type ScenarioJson,
  STARTS_AT_DEFAULT,
  STARTS_AT_MAX,
  STARTS_AT_MIN,
} from './scenario-json.ts';
export { simulate, type SimulationOptions } from './simulate.ts';
export { SimulationAborted } from './simulation-aborted.ts';
export type * from './simulation-result.ts';
export { slackPlan } from './slack-plan.ts';
export { type VersionChange, type VersionHistory, versionHistory } from './version-history.ts';
