/**
 * The simulation: goes through a scenario from one instant at which something that nodes share changes to the next. In
 * between every node is simulated by itself, since it can see nothing of the others.
 *
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import type { StartingState } from '../../domain/exported-state.ts';
import type { Version } from '../../domain/names.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import type { Signal } from '../../domain/signal.ts';
import { type EpochMs, epochMs, MINUTE_MS, plus } from '../../domain/time.ts';
import { addArtifact } from '../librarian/add-artifact.ts';
import { arrivalsOf } from './arrivals.ts';
import { ControlPlane, noBytes } from './control-plane.ts';
import { isPlaceMeant } from './fleet-scope.ts';
import { checkLoad } from './load-watch.ts';
import { labelOfDeed, OPERATOR, perform } from './operators.ts';
import type { Place } from './place.ts';
import { type Programs, SHIPPED } from './programs.ts';
import type { OperatorAction, Scenario, ScenarioArtifact } from './scenario.ts';
import { type FaultSpan, faultSpans } from './shared-faults.ts';
import { placesByStack, placesOf, SimulatedFleet } from './simulated-fleet.ts';
import { SimulatedLibrarians } from './simulated-librarians.ts';
import { SimulationAborted } from './simulation-aborted.ts';
import type { Mark, PinChange, SimulationMode, SimulationResult } from './simulation-result.ts';
import { Tally } from './tally.ts';
import { Trace, TRACED } from './trace.ts';
import { TrainWatch } from './train-watch.ts';
import { Violations } from './violations.ts';
import { areAnswersLostUnder, busModeUnder, labelOfFault, weatherUnder } from './weather.ts';
import { World } from './world.ts';

/** How a scenario is simulated. */
export interface SimulationOptions {
  /** A whole number; everything that chance decides follows from it. */
  readonly seed: number;
  /** `skip` unless given: the history is the same, and `poll` takes longer. */
  readonly mode?: SimulationMode;
  /** The product as it is shipped, unless given. */
  readonly programs?: Programs;
  /** Told now and then which share of the time has been gone through, 0 … 1. */
  readonly onProgress?: (share: number) => void;
  /** Ends it early: it then rejects with {@link SimulationAborted}. */
  readonly abort?: AbortSignal;
}

/** Something that happens to what nodes share. Of one instant, in this order. */
interface SharedEvent {
  readonly at: EpochMs;
  readonly happen: () => void | Promise<void>;
}

/** An upload that a stack did not take is tried again so much later. */
const UPLOAD_AGAIN_MS = 10 * MINUTE_MS;
/** So often in all it tells how far it has come, and lets everything else in the process have its turn. */
const BREATHS = 100;
/** Scopes of one instant are the same nodes; a prime keeps those of round instants apart. */
const SCOPES = 1_000_003;
/** Of one place, versions are told apart in a trace. */
const VERSIONS_TRACED = 65_536;

const nothingWrong = (version: Version): ScenarioArtifact => ({
  version,
  atMs: 0,
  bad: [],
  breaksSummoner: false,
  cookbooks: 1,
});

class Simulation {
  readonly #world: World;
  readonly #endsAt: EpochMs;
  readonly #places: readonly Place[];
  readonly #fleet: SimulatedFleet;
  readonly #control: ControlPlane;
  readonly #librarians: SimulatedLibrarians;
  readonly #watch: TrainWatch;
  readonly #trace = new Trace();
  readonly #pins: PinChange[] = [];
  readonly #marks: Mark[] = [];
  readonly #open = new Set<FaultSpan>();
  readonly #events: SharedEvent[];
  readonly #onProgress: SimulationOptions['onProgress'];
  readonly #abort: AbortSignal | undefined;
  #nextEvent = 0;
  #promotions = 0;
  #signals = 0;

  constructor(scenario: Scenario, { seed, mode = 'skip', programs = SHIPPED, onProgress, abort }: SimulationOptions) {
    const { plan, fleet, startsAt, lastsMs, installed, start } = scenario;
    this.#onProgress = onProgress;
    this.#abort = abort;
    this.#endsAt = plus(startsAt, lastsMs);
    const tally = new Tally(startsAt, lastsMs, plan.stacks.length, environmentsOf(plan).length);
    const nodes = fleet.reduce((sum, group) => sum + group.nodes, 0);
    this.#world = new World({ scenario, seed, mode, programs }, tally, new Violations(), nodes);
    this.#places = placesOf(scenario);
    this.#control = new ControlPlane(this.#world, placesByStack(this.#places), {
      changing: (place, at) => {
        this.#fleet.advance(at, place.nodes);
      },
      pinned: (place, version, at) => {
        this.#pinned(place, version, at);
      },
      signalled: (place, signal, at) => {
        this.#signalled(place, signal, at);
      },
    });
    this.#librarians = new SimulatedLibrarians(this.#world, this.#control);
    this.#watch = new TrainWatch(scenario, this.#places, this.#control, this.#world.violations);
    if (start !== undefined) this.#resume(start);
    else if (installed !== undefined) this.#install(installed);
    this.#fleet = new SimulatedFleet(this.#world, this.#places);
    this.#events = this.#eventsOf(scenario);
  }

  async run(): Promise<SimulationResult> {
    for (;;) {
      const event = this.#events[this.#nextEvent];
      const at = epochMs(Math.min(event?.at ?? Infinity, this.#librarians.nextAt, this.#endsAt));
      if (at >= this.#endsAt) {
        this.#fleet.advance(at);
        return this.#finish();
      }
      this.#control.reach(at);
      if (event?.at === at) {
        this.#fleet.advance(at);
        this.#nextEvent++;
        await event.happen();
      } else await this.#tick(at);
    }
  }

  // The beginning.

  #install(version: Version): void {
    this.#control.install(nothingWrong(version));
    const at = this.#world.scenario.startsAt;
    for (const { stack, environment } of this.#places) this.#pins.push({ at, stack, environment, version });
  }

  #resume(start: StartingState): void {
    const { startsAt, plan } = this.#world.scenario;
    this.#control.resume(start);
    for (const { stack, environment, pin } of this.#places) {
      if (pin !== undefined) this.#pins.push({ at: startsAt, stack, environment, version: pin });
    }
    this.#watch.resumed(start.control, plan);
  }

  #eventsOf(scenario: Scenario): SharedEvent[] {
    const { plan, start, startsAt, lastsMs, operators } = scenario;
    const { seed } = this.#world;
    const spans = faultSpans(scenario, seed);
    const event = (at: EpochMs, happen: SharedEvent['happen']): SharedEvent => ({ at, happen });
    return [
      ...spans.map((span) => event(span.from, this.#begin.bind(this, span))),
      ...spans.map((span) => event(span.to, this.#end.bind(this, span))),
      ...arrivalsOf(scenario, seed).map((arrival) =>
        event(plus(startsAt, arrival.atMs), this.#arrive.bind(this, arrival)),
      ),
      ...(start?.artifacts ?? [])
        .filter((one) => !plan.stacks.every((stack) => [...one.completeOn, ...one.unknownOn].includes(stack)))
        .map(({ version }) => event(startsAt, () => this.#upload(nothingWrong(version)))),
      ...operators.map((action) => event(plus(startsAt, action.atMs), this.#act.bind(this, action))),
      ...Array.from({ length: BREATHS }, (_, nth) => nth / BREATHS).map((share) =>
        event(plus(startsAt, share * lastsMs), this.#breathe.bind(this, share)),
      ),
    ].sort((a, b) => a.at - b.at);
  }

  /** Keeps the order of the events that are still to come. */
  #schedule(event: SharedEvent): void {
    let position = this.#nextEvent;
    while ((this.#events[position]?.at ?? Infinity) <= event.at) position++;
    this.#events.splice(position, 0, event);
  }

  async #breathe(share: number): Promise<void> {
    this.#onProgress?.(share);
    await nextTurn();
    if (this.#abort?.aborted === true) throw new SimulationAborted();
  }

  // What changes.

  #pinned(place: Place, version: Version, at: EpochMs): void {
    const { stack, environment } = place;
    this.#promotions++;
    this.#trace.add(TRACED.pinned, at, place.index * VERSIONS_TRACED + this.#world.numberOf(version));
    this.#pins.push({ at, stack, environment, version });
    this.#watch.pinned(place, version, at);
    this.#fleet.pinMoved(place, version, at);
  }

  #signalled(place: Place, signal: Signal, at: EpochMs): void {
    const { version } = signal.manifestRecord;
    this.#signals++;
    this.#trace.add(TRACED.signalled, at, place.index * VERSIONS_TRACED + this.#world.numberOf(version));
    this.#watch.signalled(place, signal, at);
    this.#fleet.placeChanged(place, at);
  }

  async #tick(at: EpochMs): Promise<void> {
    const { reports, isSmooth } = await this.#librarians.tick(at);
    if (!isSmooth || this.#open.size > 0) {
      this.#watch.troubled(at);
      this.#librarians.tickSoon(at + 1);
    }
    for (const { outcomes } of reports) this.#watch.ticked(outcomes, at);
  }

  // Faults.

  #begin(span: FaultSpan): void {
    this.#open.add(span);
    this.#world.tally.sharedFault(span.kind);
    this.#marks.push({ at: span.from, until: span.to, kind: 'fault', label: labelOfFault(span) });
    this.#weatherChanged(span.from);
  }

  #end(span: FaultSpan): void {
    this.#open.delete(span);
    this.#weatherChanged(span.to);
  }

  #weatherChanged(at: EpochMs): void {
    const open = [...this.#open];
    const weather = weatherUnder(open, this.#world.scenario.plan.stacks);
    this.#control.weather = weather;
    for (const place of this.#places) {
      place.isServerDown = weather.serversDown.has(place.stack);
      const here = open.filter(({ on }) => isPlaceMeant(on, place));
      place.areAnswersLost = areAnswersLostUnder(here);
      const busMode = busModeUnder(here);
      if (busMode === place.busMode) continue;
      place.busMode = busMode;
      this.#fleet.placeChanged(place, at);
    }
    this.#watch.troubled(at);
    this.#librarians.tickSoon(at);
  }

  // What builds and people do.

  async #arrive(artifact: ScenarioArtifact): Promise<void> {
    const at = this.#control.now;
    this.#world.artifactArrived(artifact, at);
    this.#trace.add(TRACED.arrived, at, this.#world.numberOf(artifact.version));
    await this.#upload(artifact);
  }

  /** As a build does: again and again until every stack has it. */
  async #upload(artifact: ScenarioArtifact): Promise<void> {
    const at = this.#control.now;
    const added = await addArtifact(this.#control.librarian(artifact))(noBytes(), OPERATOR)();
    if (E.isLeft(added) || added.right.troubles.length > 0) {
      this.#schedule({ at: plus(at, UPLOAD_AGAIN_MS), happen: () => this.#upload(artifact) });
    }
    this.#librarians.tickSoon(at);
  }

  async #act({ deed }: OperatorAction): Promise<void> {
    const at = this.#control.now;
    const librarian = this.#control.librarian();
    const done = await perform(
      {
        at,
        librarian,
        watch: this.#watch,
        ask: (scope, ask) => {
          this.#fleet.ask(scope, at % SCOPES, at, (node) => ask(node.clockAt(at)));
        },
      },
      deed,
    );
    const isRefused = E.isLeft(done);
    this.#trace.add(TRACED.intervened, at, isRefused ? 0 : 1);
    this.#marks.push({ at, kind: 'operator', label: `${labelOfDeed(deed)}${isRefused ? ' (refused)' : ''}` });
    this.#watch.actor = 'train';
    this.#librarians.tickSoon(at);
  }

  // The end.

  #finish(): SimulationResult {
    const { scenario, seed, mode, tally, violations: found } = this.#world;
    const { plan, name, about, startsAt, node } = scenario;
    this.#fleet.finish(this.#endsAt, this.#trace);
    this.#world.over();
    checkLoad(scenario, tally, found);
    this.#onProgress?.(1);
    const violations = found.inOrder();
    const broken = violations.map(({ at, law, where }): Mark => ({ at, kind: 'violation', label: `${law}: ${where}` }));
    return {
      scenario: name,
      about,
      seed,
      mode,
      nodes: this.#fleet.size,
      traceHash: this.#trace.toString(),
      counts: {
        ticks: this.#librarians.ticks,
        promotions: this.#promotions,
        signals: this.#signals,
        ...tally.counts(),
      },
      gaps: { ...tally.gaps(), windowMs: node.windowMs },
      violations,
      violationCount: found.count,
      timeline: {
        startsAt,
        endsAt: this.#endsAt,
        stepMs: tally.stepMs,
        pins: this.#pins,
        convergence: environmentsOf(plan).map((environment, index) => ({
          environment,
          nodes: this.#fleet.sizeOf(environment),
          converged: tally.convergence(index),
        })),
        load: plan.stacks.map((stack, index) => ({ stack, ...tally.load(index) })),
        firings: tally.firings,
        nodeFaults: tally.nodeFaults,
        marks: [...this.#marks, ...broken].sort((a, b) => a.at - b.at),
      },
    };
  }
}

/**
 * Simulates `scenario`. The same scenario and seed give the same history, wherever and however often.
 *
 * Rejects with {@link SimulationAborted} when it is told to end before its end, and otherwise only for a defect: whatever
 * goes wrong in the scenario is part of the answer.
 */
export const simulate = (scenario: Scenario, options: SimulationOptions): Promise<SimulationResult> =>
  new Simulation(scenario, options).run();
