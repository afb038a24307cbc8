/**
 * What all nodes of a simulation have in common: the scenario, the seed, the programs, and the fate that artifacts bring.
 *
 * @module
 */
import type { Assignment } from '../../domain/assignment.ts';
import type { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import { policyFor, type SummonerPolicy } from '../../domain/summoner.ts';
import type { EpochMs } from '../../domain/time.ts';
import { isMeant } from './fleet-scope.ts';
import type { Place } from './place.ts';
import type { Programs } from './programs.ts';
import { type Badness, BADNESSES_MAX, type Scenario, type ScenarioArtifact } from './scenario.ts';
import type { SimulationMode } from './simulation-result.ts';
import { SplayWatch } from './splay-watch.ts';
import type { Tally } from './tally.ts';
import type { Violations } from './violations.ts';

/** Scopes of badness are told apart from scopes of faults by numbers from here on. */
const BADNESS_SCOPES = 10_000;

interface KnownArtifact {
  readonly artifact: ScenarioArtifact;
  readonly arrivedAt: EpochMs;
  readonly number: number;
}

/** What all nodes have in common. */
export class World {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly mode: SimulationMode;
  readonly programs: Programs;
  readonly tally: Tally;
  readonly violations: Violations;
  /** The next instant at which anything happens, node by node: looked through again and again, so it lies in one piece. */
  readonly nextAt: Float64Array;
  readonly #stacks: ReadonlyMap<StackName, number>;
  readonly #environments: ReadonlyMap<EnvironmentName, number>;
  readonly #splays = new Map<Place, SplayWatch>();
  readonly #artifacts = new Map<Version, KnownArtifact>();
  readonly #meanRunMs: number;

  constructor(
    { scenario, seed, mode, programs }: Pick<World, 'scenario' | 'seed' | 'mode' | 'programs'>,
    tally: Tally,
    violations: Violations,
    nodes: number,
  ) {
    this.nextAt = new Float64Array(nodes);
    this.scenario = scenario;
    this.seed = seed;
    this.mode = mode;
    this.programs = programs;
    this.tally = tally;
    this.violations = violations;
    this.#stacks = new Map(scenario.plan.stacks.map((stack, index) => [stack, index]));
    this.#environments = new Map(environmentsOf(scenario.plan).map((environment, index) => [environment, index]));
    this.#meanRunMs = (scenario.runs.shortestMs + scenario.runs.longestMs) / 2;
  }

  environmentIndex(environment: EnvironmentName): number {
    return this.#environments.get(environment) ?? -1;
  }

  stackIndex(stack: StackName): number {
    return this.#stacks.get(stack) ?? -1;
  }

  /** From `at` on so many more nodes of `place`, or fewer, are on what it is pinned to. */
  converged(place: Place, at: number, by: number): void {
    place.converged += by;
    this.tally.converged(this.environmentIndex(place.environment), at, by);
  }

  /** The watch over the splay of `place`. */
  splayOf(place: Place): SplayWatch {
    const known = this.#splays.get(place);
    if (known !== undefined) return known;
    const watch = new SplayWatch(place, this.violations);
    this.#splays.set(place, watch);
    return watch;
  }

  /** The scenario is over. */
  over(): void {
    for (const watch of this.#splays.values()) watch.over();
  }

  /** How the scenario configures a node. */
  policyOf(identity: Assignment): SummonerPolicy {
    const { restartMs: _restartMs, runIn: _runIn, ...chosen } = this.scenario.node;
    return policyFor(identity, chosen);
  }

  /** An artifact is there from now on. */
  artifactArrived(artifact: ScenarioArtifact, arrivedAt: EpochMs): void {
    const number = this.#artifacts.size + 1;
    this.#artifacts.set(artifact.version, { artifact, arrivedAt, number });
  }

  /** A short name for a version in a trace: artifacts are counted as they arrive, 0 is none of them. */
  numberOf(version: Version | undefined): number {
    return version === undefined ? 0 : (this.#artifacts.get(version)?.number ?? 0);
  }

  /** Whether a run that brings `version` leaves the node with a Summoner that does not work. */
  breaksSummoner(version: Version | undefined): boolean {
    return version !== undefined && this.#artifacts.get(version)?.artifact.breaksSummoner === true;
  }

  /** What a run that brings `version` to a node at this instant suffers. */
  harmOf(
    version: Version,
    node: { readonly index: number; readonly place: Place },
    at: EpochMs,
  ): Badness['how'] | undefined {
    const known = this.#artifacts.get(version);
    if (known === undefined || known.artifact.bad.length === 0) return undefined;
    const first = BADNESS_SCOPES + known.number * BADNESSES_MAX;
    return known.artifact.bad.find(
      ({ on, afterMs }, nth) => at >= known.arrivedAt + afterMs && isMeant(on, node, first + nth, this.seed),
    )?.how;
  }

  /** A run that was owed on a stack, to be started anywhere between `from` and `to`. */
  owed(stack: number, from: number, to: number): void {
    this.tally.owed(stack, from, to, this.#meanRunMs, this.scenario.runs.longestMs);
  }
}
