/**
 * The workload of the sections on simulation: the published plan on two stacks and eight environments, shipped defaults,
 * and an artifact every six hours, each of which reaches every node.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type { Scenario } from '../../src/apps/simulator/scenario.ts';
import { decodeScenario, type ScenarioJson } from '../../src/apps/simulator/scenario-json.ts';
import { simulate } from '../../src/apps/simulator/simulate.ts';
import type { SimulationMode, SimulationResult } from '../../src/apps/simulator/simulation-result.ts';
import { formatFieldErrors } from '../../src/domain/decoding.ts';
import { HOUR_MS } from '../../src/domain/time.ts';

/** What differs from section to section. */
export interface Workload {
  readonly nodes: number;
  readonly hours: number;
  /** Default the shipped one, a minute. */
  readonly pollEvery?: string;
  /** Defaults the shipped ones, 20 s and 5 min. */
  readonly pollSoon?: string;
  readonly pollIdle?: string;
  /** Whether artifacts come; default yes. */
  readonly isQuiet?: boolean;
  /** Whether the default fault mix strikes; default no. */
  readonly hasFaults?: boolean;
  /** Whether people promote by hand between departures; default no. */
  readonly hasOperators?: boolean;
}

/** People who take an environment back by hand between departures; the next one brings the newest again. */
const OPERATORS: NonNullable<ScenarioJson['operators']> = [9, 15, 21, 27, 33, 39, 45, 51].map((hour, i) => ({
  at: `${hour}h${8 + 6 * i}m`,
  does: 'promote',
  version: '1.0.0',
  environment: 'sandbox',
}));

/** The scenario of a workload. */
export const scenarioOf = ({
  nodes,
  hours,
  pollEvery = '1m',
  pollSoon,
  pollIdle,
  isQuiet = false,
  hasFaults = false,
  hasOperators = false,
}: Workload): Scenario => {
  const document: ScenarioJson = {
    name: 'benchmark',
    plan: 'slack',
    lasts: `${hours}h`,
    fleet: nodes,
    installed: '1.0.0',
    ...(isQuiet ? {} : { stream: { every: '6h', bad_share: 0 } }),
    runs: { flaky_share: 0 },
    node: {
      poll_every: pollEvery,
      ...(pollSoon === undefined ? {} : { poll_soon: pollSoon }),
      ...(pollIdle === undefined ? {} : { poll_idle: pollIdle }),
    },
    ...(hasOperators ? { operators: OPERATORS } : {}),
    ...(hasFaults ? { faults: 'default' } : {}),
  };
  const scenario = decodeScenario(document);
  if (E.isLeft(scenario)) throw new Error(formatFieldErrors(scenario.left));
  return scenario.right;
};

const SEED = 1;

/** Simulates `scenario` once. A broken law would be a benchmark of something else, so it ends it. */
export const simulated = async (
  scenario: Scenario,
  mode: SimulationMode,
  onProgress?: (share: number) => void,
): Promise<SimulationResult> => {
  const result = await simulate(scenario, { seed: SEED, mode, ...(onProgress === undefined ? {} : { onProgress }) });
  const [first] = result.violations;
  if (first !== undefined) throw new Error(`expected no broken law, got ${first.law} on ${first.where}: ${first.what}`);
  return result;
};

/** Node-hours of a scenario. */
export const nodeHoursOf = ({ fleet, lastsMs }: Scenario): number =>
  (fleet.reduce((sum, { nodes }) => sum + nodes, 0) * lastsMs) / HOUR_MS;

/** How long the simulator takes for one node-hour of `scenario`, in milliseconds. */
export const simulatorMs = async (scenario: Scenario, mode: SimulationMode): Promise<number> => {
  const start = performance.now();
  await simulated(scenario, mode);
  return (performance.now() - start) / nodeHoursOf(scenario);
};
