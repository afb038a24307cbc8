/**
 * The simulation: goes through a scenario from one instant at which something that nodes share changes to the next. In
 * between every node is simulated by itself, since it can see nothing of the others.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { Hold } from '../../domain/hold.ts';
import { nameFromLiteral, NodeName, type EnvironmentName, type StackName, type Version } from '../../domain/names.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import { departureAfter } from '../../domain/schedule.ts';
import type { SummonerEvent } from '../../domain/summoner.ts';
import { type EpochMs, epochMs, MINUTE_MS, plus } from '../../domain/time.ts';
import type { Failure } from '../failure.ts';
import { addArtifact } from '../librarian/add-artifact.ts';
import { addHold, approve, type Asker, liftHold, promote, reject, rollback } from '../librarian/intervene.ts';
import type { TickReport } from '../librarian/tick.ts';
import { arrivalsOf } from './arrivals.ts';
import { ControlPlane, FAIR_WEATHER, type Kill, LibrarianKilled } from './control-plane.ts';
import { drawnInteger, PURPOSE } from './draw.ts';
import { isMeant, isPlaceMeant } from './fleet-scope.ts';
import { checkLoad } from './load-watch.ts';
import { type BusMode, Place } from './place.ts';
import { type Programs, SHIPPED } from './programs.ts';
import type { FleetScope, OperatorAction, OperatorDeed, Scenario, ScenarioArtifact } from './scenario.ts';
import { type FaultSpan, faultSpans } from './shared-faults.ts';
import { SimulatedNode } from './simulated-node.ts';
import type { Mark, PinChange, SimulationMode, SimulationResult } from './simulation-result.ts';
import { Tally } from './tally.ts';
import { Trace, TRACED } from './trace.ts';
import { TrainWatch } from './train-watch.ts';
import { Violations } from './violations.ts';
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
}

/** Something that happens to what nodes share. Of one instant, in this order. */
interface SharedEvent {
  readonly at: EpochMs;
  readonly happen: () => void | Promise<void>;
}

const OPERATOR: Asker = { who: 'operator', why: 'the scenario says so' };
/** An upload that a stack did not take is tried again so much later. */
const UPLOAD_AGAIN_MS = 10 * MINUTE_MS;

class Simulation {
  readonly #scenario: Scenario;
  readonly #seed: number;
  readonly #mode: SimulationMode;
  readonly #programs: Programs;
  readonly #onProgress: ((share: number) => void) | undefined;
  readonly #endsAt: EpochMs;
  readonly #tally: Tally;
  readonly #violations = new Violations();
  readonly #world: World;
  readonly #places: readonly Place[];
  readonly #nodes: readonly SimulatedNode[];
  readonly #control: ControlPlane;
  readonly #watch: TrainWatch;
  readonly #trace = new Trace();
  readonly #pins: PinChange[] = [];
  readonly #marks: Mark[] = [];
  readonly #open = new Set<FaultSpan>();
  readonly #events: SharedEvent[];
  #nextEvent = 0;
  #nextTickAt: number;
  #ticks = 0;
  #promotions = 0;
  #signals = 0;

  constructor(scenario: Scenario, { seed, mode = 'skip', programs = SHIPPED, onProgress }: SimulationOptions) {
    this.#scenario = scenario;
    this.#seed = seed;
    this.#mode = mode;
    this.#programs = programs;
    this.#onProgress = onProgress;
    this.#endsAt = plus(scenario.startsAt, scenario.lastsMs);
    const environments = environmentsOf(scenario.plan).length;
    this.#tally = new Tally(scenario.startsAt, scenario.lastsMs, scenario.plan.stacks.length, environments);
    const count = scenario.fleet.reduce((sum, { nodes }) => sum + nodes, 0);
    this.#world = new World({ scenario, seed, mode, programs }, this.#tally, this.#violations, count);
    this.#places = this.#placesOf();
    const byStack = new Map<StackName, Map<EnvironmentName, Place>>(
      scenario.plan.stacks.map((stack) => [stack, new Map()]),
    );
    for (const place of this.#places) byStack.get(place.stack)?.set(place.environment, place);
    this.#control = new ControlPlane(this.#world, byStack, {
      changing: (place, at) => {
        this.#advance(at, place.nodes);
      },
      pinned: (place, version, at) => {
        this.#pinned(place, version, at);
      },
      signalled: (place, signal, at) => {
        this.#signals++;
        this.#trace.add(
          TRACED.signalled,
          at,
          place.index * 65_536 + this.#world.numberOf(signal.manifestRecord.version),
        );
        this.#watch.signalled(place, signal, at);
        this.#placeChanged(place, at);
      },
    });
    this.#watch = new TrainWatch(
      scenario.plan,
      this.#places,
      {
        pinOf: (stack, environment) => this.#control.pinOf(stack, environment),
        isCompleteEverywhere: (version) => this.#control.isCompleteEverywhere(version),
        isAnnounced: (environment, version) => this.#control.isAnnounced(environment, version),
      },
      this.#violations,
      scenario.startsAt,
    );
    if (scenario.installed !== undefined) this.#install(scenario.installed);
    this.#nodes = this.#nodesOf();
    this.#events = this.#eventsOf();
    this.#nextTickAt = scenario.startsAt;
  }

  async run(): Promise<SimulationResult> {
    for (;;) {
      const event = this.#events[this.#nextEvent];
      const at = epochMs(Math.min(event?.at ?? Infinity, this.#nextTickAt, this.#endsAt));
      if (at >= this.#endsAt) {
        this.#advance(at);
        return this.#finish();
      }
      this.#control.reach(at);
      if (event?.at === at) {
        this.#advance(at);
        this.#nextEvent++;
        await event.happen();
      } else await this.#tick(at);
    }
  }

  /**
   * Every node of these, or of the fleet, goes on to `until`, each by itself. A tick that changes nothing is nothing to
   * them, and the longer one node goes on alone, the longer all it needs stays in the processor's cache.
   */
  #advance(until: EpochMs, [from, to]: Place['nodes'] = [0, this.#nodes.length]): void {
    const { nextAt } = this.#world;
    for (let index = from; index < to; index++) {
      if ((nextAt[index] ?? Infinity) < until) this.#nodes[index]?.runUntil(until);
    }
  }

  // The beginning.

  #placesOf(): readonly Place[] {
    const { plan, nodeFaults } = this.#scenario;
    return plan.stacks.flatMap((stack, s) =>
      environmentsOf(plan).map((environment, e, { length }) => {
        const faults = nodeFaults
          .map((fault, index) => [index, fault] as const)
          .filter(([, { on }]) => isPlaceMeant(on, { stack, environment }));
        return new Place(s * length + e, { stack, environment }, faults);
      }),
    );
  }

  #install(version: Version): void {
    this.#control.install({ version, atMs: 0, bad: [], breaksSummoner: false, cookbooks: 1 });
    for (const { stack, environment } of this.#places) {
      this.#pins.push({ at: this.#scenario.startsAt, stack, environment, version });
    }
  }

  #nodesOf(): readonly SimulatedNode[] {
    const nodes: SimulatedNode[] = [];
    for (const place of this.#places) {
      const from = nodes.length;
      const count = this.#scenario.fleet
        .filter(({ stack, environment }) => stack === place.stack && environment === place.environment)
        .reduce((sum, group) => sum + group.nodes, 0);
      for (let nth = 1; nth <= count; nth++) {
        const node = nameFromLiteral(NodeName)(`${place.environment}-${place.stack}-${nth}`);
        const { stack, environment } = place;
        nodes.push(new SimulatedNode(this.#world, place, nodes.length, { node, stack, environment }));
      }
      place.nodes = [from, nodes.length];
      this.#world.converged(place, this.#scenario.startsAt, place.pin === undefined ? 0 : count);
    }
    return nodes;
  }

  #eventsOf(): SharedEvent[] {
    const { startsAt, operators } = this.#scenario;
    const spans = faultSpans(this.#scenario, this.#seed);
    return [
      ...spans.map((span) => ({
        at: span.from,
        happen: () => {
          this.#faultBegins(span);
        },
      })),
      ...spans.map((span) => ({
        at: span.to,
        happen: () => {
          this.#faultEnds(span);
        },
      })),
      ...arrivalsOf(this.#scenario, this.#seed).map((artifact) => ({
        at: plus(startsAt, artifact.atMs),
        happen: () => this.#arrive(artifact),
      })),
      ...operators.map((action) => ({ at: plus(startsAt, action.atMs), happen: () => this.#act(action) })),
      ...this.#reports(),
    ].sort((a, b) => a.at - b.at);
  }

  /** Somebody who wants to know how far the simulation has come is told at every hundredth. */
  #reports(): readonly SharedEvent[] {
    const onProgress = this.#onProgress;
    if (onProgress === undefined) return [];
    const { startsAt, lastsMs } = this.#scenario;
    return Array.from({ length: 100 }, (_, percent) => ({
      at: plus(startsAt, (percent * lastsMs) / 100),
      happen: () => {
        onProgress(percent / 100);
      },
    }));
  }

  /** Keeps the order of the events that are still to come. */
  #schedule(event: SharedEvent): void {
    let position = this.#nextEvent;
    while ((this.#events[position]?.at ?? Infinity) <= event.at) position++;
    this.#events.splice(position, 0, event);
  }

  // What changes.

  #pinned(place: Place, version: Version, at: EpochMs): void {
    const { stack, environment } = place;
    this.#promotions++;
    this.#trace.add(TRACED.pinned, at, place.index * 65_536 + this.#world.numberOf(version));
    this.#pins.push({ at, stack, environment, version });
    this.#watch.pinned(place, version, at);
    const [from, to] = place.nodes;
    const converged = this.#nodes.slice(from, to).filter((node) => node.version === version).length;
    this.#world.converged(place, at, converged - place.converged);
  }

  #placeChanged(place: Place, at: EpochMs): void {
    const [from, to] = place.nodes;
    for (let index = from; index < to; index++) this.#nodes[index]?.placeChanged(at);
  }

  // Faults.

  #faultBegins(span: FaultSpan): void {
    this.#open.add(span);
    this.#tally.sharedFault(span.kind);
    this.#marks.push({ at: span.from, until: span.to, kind: 'fault', label: labelOfFault(span) });
    this.#applyWeather(span.from);
  }

  #faultEnds(span: FaultSpan): void {
    this.#open.delete(span);
    this.#applyWeather(span.to);
  }

  #applyWeather(at: EpochMs): void {
    const open = [...this.#open];
    const has = (kind: FaultSpan['kind']): boolean => open.some((span) => span.kind === kind);
    const stacksUnder = (kind: FaultSpan['kind']): ReadonlySet<StackName> =>
      new Set(open.filter((span) => span.kind === kind).flatMap(({ on }) => on.stacks ?? this.#scenario.plan.stacks));
    this.#control.weather =
      open.length === 0
        ? FAIR_WEATHER
        : {
            answersLost: has('bus-answers-lost'),
            storeDown: has('store-down'),
            auditUnwritable: has('audit-unwritable'),
            pinsRefused: stacksUnder('pins-refused'),
            serversDown: stacksUnder('chef-server-down'),
          };
    for (const place of this.#places) {
      place.isServerDown = this.#control.weather.serversDown.has(place.stack);
      const busMode = busModeUnder(open.filter(({ on }) => isPlaceMeant(on, place)));
      if (busMode === place.busMode) continue;
      place.busMode = busMode;
      this.#placeChanged(place, at);
    }
    this.#watch.troubled(at);
    this.#tickSoon(at);
  }

  // What people and builds do.

  async #arrive(artifact: ScenarioArtifact): Promise<void> {
    const at = this.#control.now;
    this.#world.artifactArrived(artifact, at);
    this.#trace.add(TRACED.arrived, at, this.#world.numberOf(artifact.version));
    await this.#upload(artifact);
  }

  /** As a build does: again and again until every stack has it. */
  async #upload(artifact: ScenarioArtifact): Promise<void> {
    const at = this.#control.now;
    const added = await addArtifact(this.#control.librarian(artifact))(empty(), OPERATOR)();
    if (E.isLeft(added) || added.right.troubles.length > 0) {
      this.#schedule({ at: plus(at, UPLOAD_AGAIN_MS), happen: () => this.#upload(artifact) });
    }
    this.#tickSoon(at);
  }

  async #act({ deed }: OperatorAction): Promise<void> {
    const at = this.#control.now;
    const done = await this.#do(deed, at);
    const failed = E.isLeft(done);
    this.#trace.add(TRACED.intervened, at, failed ? 0 : 1);
    const label = `${labelOfDeed(deed)}${failed ? ' (refused)' : ''}`;
    this.#marks.push({ at, kind: 'operator', label });
    this.#watch.actor = 'train';
    this.#tickSoon(at);
  }

  async #do(deed: OperatorDeed, at: EpochMs): Promise<E.Either<Failure, unknown>> {
    const librarian = this.#control.librarian();
    switch (deed.does) {
      case 'hold': {
        const expiresAt = deed.forMs === undefined ? O.none : O.some(plus(at, deed.forMs));
        const hold: Hold = { id: deed.id, scope: deed.scope, reason: OPERATOR.why, owner: OPERATOR.who, expiresAt };
        const held = await addHold(librarian)(OPERATOR, hold)();
        if (E.isRight(held)) this.#watch.held(hold);
        return held;
      }
      case 'lift': {
        const lifted = await liftHold(librarian)(OPERATOR, deed.id)();
        if (E.isRight(lifted)) this.#watch.lifted(deed.id, at);
        return lifted;
      }
      case 'promote': {
        this.#watch.actor = 'promote';
        const { version, environment } = deed;
        const stack = O.fromNullable(deed.stack);
        const promoted = await promote(librarian)(OPERATOR, {
          version,
          environment,
          stack,
          splaySeconds: O.fromNullable(deed.splaySeconds),
        })();
        if (isDecided(promoted)) this.#watch.decidedByHand(environment, version);
        return promoted;
      }
      case 'rollback': {
        this.#watch.actor = 'rollback';
        const { environments } = deed;
        const rolledBack = await rollback(librarian)(OPERATOR, { environments, to: O.fromNullable(deed.to) })();
        if (E.isRight(rolledBack)) {
          const { promotions, rejected } = rolledBack.right;
          for (const { environment, version } of promotions) this.#watch.decidedByHand(environment, version);
          for (const version of rejected) this.#watch.rejected(version);
        } else if (isDecided(rolledBack)) {
          for (const environment of environments) this.#watch.decidedByHand(environment, deed.to);
        }
        return rolledBack;
      }
      case 'reject': {
        const rejected = await reject(librarian)(OPERATOR, deed.version)();
        if (E.isRight(rejected)) this.#watch.rejected(deed.version);
        return rejected;
      }
      case 'approve': {
        const approved = await approve(librarian)(OPERATOR, deed.version)();
        if (E.isRight(approved)) this.#watch.approved(deed.version);
        return approved;
      }
      case 'disable':
        return this.#tell(deed.on, at, (node) => ({
          _tag: 'Disabled',
          disabling: {
            reason: OPERATOR.why,
            owner: OPERATOR.who,
            until: plus(node.clockAt(at), deed.forMs),
            floorToo: deed.floorToo,
          },
        }));
      case 'enable':
        return this.#tell(deed.on, at, () => ({ _tag: 'Enabled' }));
      case 'run-now':
        return this.#tell(deed.on, at, () => ({ _tag: 'RunNowAsked' }));
    }
  }

  #tell(scope: FleetScope, at: EpochMs, eventFor: (node: SimulatedNode) => SummonerEvent): E.Either<Failure, void> {
    for (const node of this.#nodes) {
      if (isMeant(scope, node, at % 1_000_003, this.#seed)) node.hear(eventFor(node), at);
    }
    return E.right(undefined);
  }

  // The Librarian.

  /** The first tick at or after `at`. */
  #tickSoon(at: number): void {
    const { startsAt, librarian } = this.#scenario;
    const { tickEveryMs } = librarian;
    const tickAt = startsAt + Math.ceil((at - startsAt) / tickEveryMs) * tickEveryMs;
    this.#nextTickAt = Math.min(this.#nextTickAt, tickAt);
  }

  async #tick(at: EpochMs): Promise<void> {
    this.#nextTickAt = Infinity;
    this.#ticks++;
    const before = this.#control.writes;
    const isDown = [...this.#open].some(({ kind }) => kind === 'librarian-down');
    const isKilled = [...this.#open].some(({ kind }) => kind === 'librarian-killed');
    const { replicas } = this.#scenario.librarian;
    const nth = Math.round((at - this.#scenario.startsAt) / this.#scenario.librarian.tickEveryMs);
    const reports = isDown
      ? []
      : await Promise.all(
          Array.from({ length: replicas }, (_, replica) =>
            this.#tickOnce(isKilled ? this.#killOf(nth, replica) : undefined, replicas === 1),
          ),
        );
    const isCalm = !isDown && reports.every((report) => report !== undefined && report.troubles.length === 0);
    if (!isCalm || this.#open.size > 0) this.#watch.troubled(at);
    for (const report of reports) if (report !== undefined) this.#watch.ticked(report.outcomes, at);
    const everyTick = this.#mode === 'poll' || !isCalm || this.#open.size > 0 || this.#control.writes !== before;
    this.#tickSoon(everyTick ? at + 1 : this.#nextWorthwhile(reports, at));
  }

  /** The next instant at which a tick can do anything, if nothing else happens until then. */
  #nextWorthwhile(reports: readonly (TickReport | undefined)[], at: EpochMs): number {
    const departures = this.#scenario.plan.stages.map(({ schedule }) => departureAfter(schedule, at));
    const retries = reports.flatMap((report) =>
      (report?.outcomes ?? []).flatMap(({ _tag, ...outcome }) =>
        _tag !== 'Promoted' && 'retryAt' in outcome && O.isSome(outcome.retryAt) && outcome.retryAt.value > at
          ? [outcome.retryAt.value]
          : [],
      ),
    );
    return Math.min(...departures, ...retries);
  }

  #killOf(nth: number, replica: number): Kill {
    const effect = drawnInteger(this.#seed, PURPOSE.kill, nth, replica * 2, 10);
    return { effect, before: drawnInteger(this.#seed, PURPOSE.kill, nth, replica * 2 + 1, 2) === 0 };
  }

  async #tickOnce(kill: Kill | undefined, isAlone: boolean): Promise<TickReport | undefined> {
    try {
      const librarian = this.#control.librarian(undefined, kill, isAlone);
      const ticked = await this.#programs.tickWith(this.#programs.deciders)(librarian)();
      return E.isRight(ticked) ? ticked.right : undefined;
    } catch (error) {
      if (error instanceof LibrarianKilled) return undefined;
      throw error;
    }
  }

  // The end.

  #finish(): SimulationResult {
    for (const node of this.#nodes) {
      node.finish(this.#endsAt);
      this.#trace.addTrace(node.trace);
    }
    this.#world.over();
    checkLoad(this.#scenario, this.#tally, this.#violations);
    this.#onProgress?.(1);
    const { plan, name, about, startsAt, node, lastsMs } = this.#scenario;
    const tally = this.#tally;
    const violations = this.#violations.inOrder();
    void lastsMs;
    return {
      scenario: name,
      about,
      seed: this.#seed,
      mode: this.#mode,
      nodes: this.#nodes.length,
      traceHash: this.#trace.toString(),
      counts: {
        ticks: this.#ticks,
        promotions: this.#promotions,
        signals: this.#signals,
        runsByCause: Object.fromEntries(tally.runsByCause),
        fallbackRuns: tally.fallbackRuns,
        succeeded: tally.succeeded,
        failed: tally.failed,
        healed: tally.healed,
        faults: Object.fromEntries(tally.faults),
      },
      gaps: {
        byHour: Array.from(tally.gapsByHour, (count) => count ?? 0),
        longestMs: tally.longestGapMs,
        longestOn: tally.longestGapOn,
        windowMs: node.windowMs,
      },
      violations,
      violationCount: this.#violations.count,
      timeline: {
        startsAt,
        endsAt: this.#endsAt,
        stepMs: tally.stepMs,
        pins: this.#pins,
        convergence: environmentsOf(plan).map((environment, index) => ({
          environment,
          nodes: this.#nodes.filter(({ place }) => place.environment === environment).length,
          converged: tally.convergence(index),
        })),
        load: plan.stacks.map((stack, index) => ({ stack, ...tally.load(index) })),
        firings: tally.firings,
        nodeFaults: tally.nodeFaults,
        marks: [
          ...this.#marks,
          ...violations.map(({ at, law, where }) => ({ at, kind: 'violation' as const, label: `${law}: ${where}` })),
        ].sort((a, b) => a.at - b.at),
      },
    };
  }
}

const empty = async function* (): AsyncGenerator<Uint8Array> {
  // A simulated artifact is its manifest.
};

/** Whether a deed may be in the Librarian's memory, where ticks finish it: only one that was refused is not. */
const isDecided = (done: E.Either<Failure, unknown>): boolean => E.isRight(done) || done.left._tag !== 'Refused';

const busModeUnder = (spans: readonly FaultSpan[]): BusMode => {
  const has = (kind: FaultSpan['kind']): boolean => spans.some((span) => span.kind === kind);
  if (has('bus-down')) return 'down';
  if (has('bus-denied')) return 'denied';
  if (has('bus-garbled')) return 'garbled';
  return has('bus-replaying') ? 'replaying' : 'well';
};

const labelOfFault = ({ kind, on }: FaultSpan): string =>
  [kind, ...(on.stacks ?? []), ...(on.environments ?? [])].join(' ');

const labelOfDeed = (deed: OperatorDeed): string => {
  switch (deed.does) {
    case 'hold':
    case 'lift':
      return `${deed.does} ${deed.id}`;
    case 'promote':
      return `promote ${deed.version} in ${deed.environment}`;
    case 'rollback':
      return `rollback ${deed.environments.join(', ')}`;
    case 'reject':
    case 'approve':
      return `${deed.does} ${deed.version}`;
    case 'disable':
    case 'enable':
    case 'run-now':
      return `${deed.does} ${[...(deed.on.stacks ?? []), ...(deed.on.environments ?? [])].join(' ')}`.trimEnd();
  }
};

/**
 * Simulates `scenario`. The same scenario and seed give the same history, wherever and however often.
 *
 * @throws only for a defect: whatever goes wrong in the scenario is part of the answer.
 */
export const simulate = (scenario: Scenario, options: SimulationOptions): Promise<SimulationResult> =>
  new Simulation(scenario, options).run();
