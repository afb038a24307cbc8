/**
 * The fleet: every node of a scenario in its place. Nodes that nothing new reaches go on by themselves.
 *
 * @module
 */
import { type EnvironmentName, nameFromLiteral, NodeName, type StackName, type Version } from '../../domain/names.ts';
import type { NodeAsk } from '../../domain/node-request.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import type { EpochMs } from '../../domain/time.ts';
import { isMeant, isPlaceMeant } from './fleet-scope.ts';
import { installedAt } from './installed.ts';
import { Place } from './place.ts';
import type { FleetScope, Scenario } from './scenario.ts';
import { SimulatedNode } from './simulated-node.ts';
import type { Trace } from './trace.ts';
import type { World } from './world.ts';

/** A place for each environment of each stack, in the order of the plan, nodes or none. */
export const placesOf = ({ plan, nodeFaults, startsAt }: Scenario): readonly Place[] =>
  plan.stacks.flatMap((stack, s) =>
    environmentsOf(plan).map((environment, e, { length }) => {
      const faults = nodeFaults
        .map((fault, index) => [index, fault] as const)
        .filter(([, { on }]) => isPlaceMeant(on, { stack, environment }));
      return new Place(s * length + e, { stack, environment }, faults, startsAt);
    }),
  );

/** Places by stack and environment. */
export type PlacesByStack = ReadonlyMap<StackName, ReadonlyMap<EnvironmentName, Place>>;

/** The same places, to be looked up. */
export const placesByStack = (places: readonly Place[]): PlacesByStack => {
  const byStack = new Map<StackName, Map<EnvironmentName, Place>>();
  for (const place of places) {
    const byEnvironment = byStack.get(place.stack) ?? new Map<EnvironmentName, Place>();
    byStack.set(place.stack, byEnvironment.set(place.environment, place));
  }
  return byStack;
};

/** All nodes. */
export class SimulatedFleet {
  readonly #world: World;
  readonly #nodes: SimulatedNode[] = [];

  /** Puts the scenario's nodes into `places`, which are pinned already to what the nodes have installed. */
  constructor(world: World, places: readonly Place[]) {
    this.#world = world;
    for (const place of places) this.#populate(place);
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** How many nodes an environment has, on all stacks. */
  sizeOf(environment: EnvironmentName): number {
    return this.#nodes.filter(({ place }) => place.environment === environment).length;
  }

  /**
   * Every node of these, or of the fleet, goes on to `until`, each by itself. A tick that changes nothing is nothing to
   * them, and the longer one node goes on alone, the longer all it needs stays in the processor's cache.
   */
  advance(until: EpochMs, [from, to]: Place['nodes'] = [0, this.#nodes.length]): void {
    const { nextAt } = this.#world;
    for (let index = from; index < to; index++) {
      if ((nextAt[index] ?? Infinity) < until) this.#nodes[index]?.runUntil(until);
    }
  }

  /** What the bus shows to the nodes of `place` has changed. */
  placeChanged(place: Place, at: EpochMs): void {
    const [from, to] = place.nodes;
    place.changedAt = at;
    for (let index = from; index < to; index++) this.#nodes[index]?.placeChanged(at);
  }

  /** The nodes of `place` are measured against another version from now on. */
  pinMoved(place: Place, version: Version, at: EpochMs): void {
    const [from, to] = place.nodes;
    let converged = 0;
    for (let index = from; index < to; index++) if (this.#nodes[index]?.version === version) converged++;
    this.#world.converged(place, at, converged - place.converged);
  }

  /**
   * Somebody asks something on every node that `scope` means.
   *
   * @param nth - tells scopes apart.
   */
  ask(scope: FleetScope, nth: number, at: EpochMs, askOf: (node: SimulatedNode) => NodeAsk): void {
    for (const node of this.#nodes) {
      if (isMeant(scope, node, nth, this.#world.seed)) node.leave(askOf(node), at);
    }
  }

  /** The scenario is over: what every node did becomes part of `trace`, in their order. */
  finish(at: EpochMs, trace: Trace): void {
    for (const node of this.#nodes) {
      node.finish(at);
      trace.addTrace(node.trace);
    }
  }

  #populate(place: Place): void {
    const { stack, environment } = place;
    const { fleet, startsAt } = this.#world.scenario;
    const count = fleet
      .filter((group) => group.stack === stack && group.environment === environment)
      .reduce((sum, { nodes }) => sum + nodes, 0);
    const from = this.#nodes.length;
    for (let nth = 1; nth <= count; nth++) {
      const node = nameFromLiteral(NodeName)(`${environment}-${stack}-${nth}`);
      this.#nodes.push(new SimulatedNode(this.#world, place, this.#nodes.length, { node, stack, environment }));
    }
    place.nodes = [from, this.#nodes.length];
    const isThere = place.pin !== undefined && place.pin === installedAt(this.#world.scenario, place);
    this.#world.converged(place, startsAt, isThere ? count : 0);
  }
}
