/**
 * The watch over trains and Librarians: keeps, from what reaches the Chef servers and the bus, what the laws promise of
 * it, and calls out where one is broken. It knows nothing of how the laws are kept.
 *
 * @module
 */
import { freezeEndsAt, holdsInForce } from '../../domain/freeze.ts';
import type { ControlState } from '../../domain/control-state.ts';
import type { Hold } from '../../domain/hold.ts';
import { isActive } from '../../domain/hold.ts';
import { compareVersions, type EnvironmentName, type StackName, type Version } from '../../domain/names.ts';
import * as O from 'fp-ts/lib/Option.js';
import { environmentsOf, type ReleasePlan, type Stage, stageOf, type TrainStage } from '../../domain/release-plan.ts';
import { departureAtOrBefore } from '../../domain/schedule.ts';
import type { Signal } from '../../domain/signal.ts';
import { compareTimestamps, type EpochMs, formatInstant, type Timestamp } from '../../domain/time.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { isExpired } from '../../domain/run-request.ts';
import type { RunRequest } from '../../domain/signal.ts';
import { type Place, signalledVersion } from './place.ts';
import type { Scenario } from './scenario.ts';
import type { Violations } from './violations.ts';

/** What the watch has to be told of the world. */
export interface TrainFacts {
  readonly pinOf: (stack: StackName, environment: EnvironmentName) => Version | undefined;
  readonly isCompleteEverywhere: (version: Version) => boolean;
  /** Whether the audit trail has it, of this instant, that the environment is to be promoted to the version. */
  readonly isAnnounced: (environment: EnvironmentName, version: Version) => boolean;
  /** The newest version but these that every stack held whole before that instant. */
  readonly newestBefore: (at: EpochMs, rejected: ReadonlySet<Version>) => Version | undefined;
}

/** Who moves pins at present. */
export type Actor = 'train' | 'promote' | 'rollback';

interface Step {
  readonly version: Version;
  readonly departure: EpochMs;
}

/** What the nodes of a place were told last. */
interface Told {
  readonly timestamp: Timestamp;
  readonly version: Version;
  readonly at: EpochMs;
  readonly requests: readonly RunRequest[];
}

/** The front of a train, as it stood at a departure. */
interface Front {
  readonly departure: EpochMs;
  readonly version: Version | undefined;
  readonly stops: number;
}

/** How often the version changes from one stop to the next. */
const changesIn = (pins: readonly (Version | undefined)[]): number =>
  pins.filter((pin, i) => i > 0 && pin !== pins[i - 1]).length;

/** The promises made by plan and Librarian. */
export class TrainWatch {
  #actor: Actor = 'train';
  /** Whether anybody but the train has ever moved a pin, or begun to: what they began, ticks may finish long after. */
  #havePeopleActed = false;
  readonly #plan: ReleasePlan;
  readonly #facts: TrainFacts;
  /** Whether there is one Librarian only. */
  readonly #isAlone: boolean;
  readonly #violations: Violations;
  readonly #places: readonly Place[];
  readonly #holds = new Map<string, Hold>();
  /** No hold holds anything after that. */
  #heldUntil = -Infinity;
  readonly #rejected = new Set<Version>();
  /** Run requests that people took back. */
  readonly #withdrawn = new Set<string>();
  /** The last step that was begun, by environment. */
  readonly #steps = new Map<EnvironmentName, Step>();
  /** What people last moved by hand. */
  readonly #byHand = new Map<EnvironmentName, Version>();
  /** Environments that people have promoted on one stack alone, and those that were found so. */
  readonly #apart = new Set<EnvironmentName>();
  readonly #tickEveryMs: number;
  /** Trains that people have interfered with, until they are on one version again. */
  readonly #touched = new Set<Stage>();
  readonly #boarded = new Map<Stage, EpochMs>();
  readonly #fronts = new Map<Stage, Front>();
  readonly #lastSignal = new Map<Place, Told>();
  /** The departure at which what a stage takes was looked at last. */
  readonly #looked = new Map<Stage, EpochMs>();
  /** Nothing has gone wrong since then. */
  #calmSince: EpochMs;

  constructor(scenario: Scenario, places: readonly Place[], facts: TrainFacts, violations: Violations) {
    this.#plan = scenario.plan;
    this.#isAlone = scenario.librarian.replicas === 1;
    this.#tickEveryMs = scenario.librarian.tickEveryMs;
    this.#places = places;
    this.#facts = facts;
    this.#violations = violations;
    this.#calmSince = scenario.startsAt;
  }

  /** Who moves pins at present. */
  get actor(): Actor {
    return this.#actor;
  }

  set actor(actor: Actor) {
    this.#actor = actor;
    this.#havePeopleActed ||= actor !== 'train';
  }

  /** Something goes wrong, or has done so until now. */
  troubled(at: EpochMs): void {
    this.#calmSince = at;
  }

  held(hold: Hold): void {
    this.#holds.set(hold.id, hold);
    this.#heldUntil = O.isSome(hold.expiresAt) ? Math.max(this.#heldUntil, hold.expiresAt.value) : Infinity;
  }

  lifted(id: string, at: EpochMs): void {
    this.#holds.delete(id);
    const ends = [...this.#holds.values()].map(({ expiresAt }) => (O.isSome(expiresAt) ? expiresAt.value : Infinity));
    this.#heldUntil = Math.max(at, ...ends);
  }

  /** It goes on from what others have left: nobody knows who did what, so that trains may stand as people left them. */
  resumed({ memory, holds, rejections }: ControlState, plan: ReleasePlan): void {
    this.#havePeopleActed = true;
    for (const hold of holds) this.held(hold);
    for (const version of rejections.keys()) this.rejected(version);
    for (const stage of plan.stages) this.#touched.add(stage);
    for (const environment of environmentsOf(plan)) if (!this.#isAgreed(environment)) this.setApart(environment);
    for (const [environment, { version }] of memory.steps) this.decidedByHand(environment, version);
  }

  /** A person decided to move an environment, perhaps to what nobody has told yet. A tick may have to finish that. */
  decidedByHand(environment: EnvironmentName, version: Version | undefined): void {
    const stage = stageOf(this.#plan, environment);
    if (version !== undefined) this.#moveByHand(stage, environment, version);
    else if (stage !== undefined) this.#touched.add(stage);
  }

  /** A person takes a run request back. */
  withdrawn(id: string): void {
    this.#withdrawn.add(id);
  }

  /** A person promotes on one stack alone. */
  setApart(environment: EnvironmentName): void {
    this.#apart.add(environment);
  }

  rejected(version: Version): void {
    this.#rejected.add(version);
  }

  approved(version: Version): void {
    this.#rejected.delete(version);
  }

  /** A pin moved. */
  pinned(place: Place, version: Version, at: EpochMs): void {
    const { environment, stack } = place;
    const where = `${stack}/${environment}`;
    if (!this.#facts.isCompleteEverywhere(version)) {
      this.#violations.add('L1', at, where, `pinned to ${version}, which is not complete on every stack`);
    }
    if (!this.#facts.isAnnounced(environment, version)) {
      this.#violations.add('L5', at, where, `pinned to ${version} without a record in the audit trail`);
    }
    if (this.#rejected.has(version)) this.#violations.add('T12', at, where, `pinned to ${version}, which is rejected`);
    const hold = this.#holdOn(place, at);
    if (hold !== undefined && this.actor !== 'rollback') {
      this.#violations.add('T10', at, where, `pinned to ${version} in spite of the hold ${hold.id}`);
    }
    const stage = stageOf(this.#plan, environment);
    const isByHand = this.actor !== 'train' || this.#byHand.get(environment) === version;
    if (isByHand) this.#moveByHand(stage, environment, version);
    else this.#moveByTrain(stage, place, version, at);
  }

  /** A signal was written. */
  signalled(place: Place, signal: Signal, at: EpochMs): void {
    const where = `${place.stack}/${place.environment}`;
    const { version } = signal.manifestRecord;
    if (place.pin !== version) {
      this.#violations.add('L1', at, where, `signalled ${version} while pinned to ${place.pin ?? 'nothing'}`);
    }
    const before = this.#lastSignal.get(place);
    if (before !== undefined && compareTimestamps(signal.timestamp, before.timestamp) <= 0) {
      this.#violations.add('S6', at, where, 'a signal is not later than the one before it');
    }
    const isPinnedStill = (place.pinnedAt ?? at) <= (before?.at ?? at);
    const schedule = stageOf(this.#plan, place.environment)?.schedule;
    const troubledUntil = Math.max(this.#calmSince, this.#heldUntil);
    const isCalm = this.#isAlone && schedule !== undefined && troubledUntil < departureAtOrBefore(schedule, at);
    const open = (before?.requests ?? []).filter((request) => !isExpired(request, at));
    const ids = new Set<string>(signal.runRequests.map(({ id }) => id));
    const dropped = open.find(({ id }) => !ids.has(id) && !this.#withdrawn.has(id));
    if (dropped !== undefined)
      this.#violations.add('N11', at, where, `the run request ${dropped.id} was dropped while open`);
    const isAsked = signal.runRequests.length > open.length || open.some(({ id }) => this.#withdrawn.has(id));
    // A step that overtook another is told once more, lest another Librarian has told the contrary: by each of them.
    if (before?.version === version && isPinnedStill && isCalm && !isAsked && !this.#havePeopleActed) {
      this.#violations.add('L8', at, where, `signalled ${version} again, although it is pinned and signalled`);
    }
    this.#lastSignal.set(place, { timestamp: signal.timestamp, version, at, requests: signal.runRequests });
  }

  /** A tick is over. */
  ticked(outcomes: readonly Outcome[], at: EpochMs): void {
    for (const { times } of this.#plan.freezes) {
      const endsAt = freezeEndsAt(times, at);
      if (O.isSome(endsAt)) this.#heldUntil = Math.max(this.#heldUntil, endsAt.value);
    }
    const named = outcomes.map(({ environment }) => environment).toSorted();
    if (named.join() !== environmentsOf(this.#plan).toSorted().join()) {
      this.#violations.add('T9', at, this.#plan.name, `outcomes for ${named.join(', ')}`);
    }
    for (const stage of this.#plan.stages) {
      if (stage._tag === 'train') this.#checkTrain(stage, at);
      if (stage._tag === 'canary') this.#checkCanary(stage, at);
      if (stage._tag === 'latest') this.#checkLatest(stage, at);
    }
    this.#checkSignals(at);
    this.#checkWhole(at);
  }

  #holdOn({ stack, environment }: Place, at: EpochMs): Hold | undefined {
    const stage = stageOf(this.#plan, environment)?.name;
    return holdsInForce(this.#plan, [...this.#holds.values()], at).find(
      (hold) =>
        isActive(hold, at) &&
        (hold.scope._tag === 'plan' ||
          (hold.scope._tag === 'stage' && hold.scope.stage === stage) ||
          (hold.scope._tag === 'environment' && hold.scope.environment === environment) ||
          (hold.scope._tag === 'stack' && hold.scope.stack === stack)),
    );
  }

  #moveByHand(stage: Stage | undefined, environment: EnvironmentName, version: Version): void {
    this.#byHand.set(environment, version);
    this.#steps.delete(environment);
    if (stage === undefined) return;
    this.#touched.add(stage);
    this.#fronts.delete(stage);
  }

  #moveByTrain(stage: Stage | undefined, { environment, previousPin }: Place, version: Version, at: EpochMs): void {
    if (stage === undefined) {
      this.#violations.add('T9', at, environment, `promoted to ${version}, although only people promote it`);
      return;
    }
    const last = this.#steps.get(environment);
    if (last?.version === version) return;
    const departure = departureAtOrBefore(stage.schedule, at);
    this.#byHand.delete(environment);
    this.#steps.set(environment, { version, departure });
    const isCalm = this.#calmSince < departure;
    if (isCalm && this.#heldUntil < departure && at > departure + stage.schedule.graceMs) {
      this.#violations.add('T8', at, environment, `promoted to ${version} long after the departure`);
    }
    if (isCalm && last?.departure === departure) {
      this.#violations.add('T7', at, environment, `promoted twice at one departure, to ${last.version} and ${version}`);
    }
    if (stage._tag === 'train') this.#boardOrTravel(stage, environment, previousPin, version, departure, isCalm, at);
  }

  #boardOrTravel(
    stage: TrainStage,
    environment: EnvironmentName,
    before: Version | undefined,
    version: Version,
    departure: EpochMs,
    isCalm: boolean,
    at: EpochMs,
  ): void {
    const { environments } = stage;
    // In trouble as well: what was missed is not made up for (law T8).
    if ((isCalm || !this.#havePeopleActed) && this.#boarded.get(stage) === departure) {
      this.#violations.add('T5', at, stage.name, `a second stop was promoted at ${formatInstant(departure)}`);
    }
    this.#boarded.set(stage, departure);
    const others = environments.filter((stop) => stop !== environment);
    const split = others.find((stop) => !this.#isAgreed(stop));
    if (split !== undefined && !this.#touched.has(stage)) {
      this.#violations.add('T13', at, stage.name, `${environment} went on while ${split} was not complete`);
    }
    const left = environments.map((stop) => (stop === environment ? before : this.#pinOf(stop)));
    if (isCalm && before !== undefined && split === undefined && changesIn(left) > 1) {
      this.#violations.add('T11', at, stage.name, `${environment} went on from pins that no train could have left`);
    }
    const isFirst = environments[0] === environment;
    const pins = others.map((stop) => this.#pinOf(stop));
    const underWay = new Set(before === undefined ? pins : [before, ...pins]);
    if (isFirst && !this.#touched.has(stage) && underWay.size > 1) {
      this.#violations.add('T4', at, stage.name, `${version} boarded while another version was under way`);
    }
  }

  #checkTrain(stage: TrainStage, at: EpochMs): void {
    if (!stage.environments.every((stop) => this.#isAgreed(stop))) return;
    const pins = stage.environments.map((stop) => this.#pinOf(stop));
    const changes = changesIn(pins);
    if (changes === 0) this.#touched.delete(stage);
    else if (changes > 1 && !this.#touched.has(stage)) {
      this.#violations.add('T6', at, stage.name, `its stops are on ${pins.map((pin) => pin ?? 'nothing').join(', ')}`);
    }
    this.#checkProgress(stage, pins, changes, at);
  }

  /** A train that is under way moves at every departure that nothing stands in the way of (law T15). */
  #checkProgress(stage: TrainStage, pins: readonly (Version | undefined)[], changes: number, at: EpochMs): void {
    const departure = departureAtOrBefore(stage.schedule, at);
    const [version] = pins;
    const stops = pins.findIndex((pin) => pin !== version);
    const last = this.#fronts.get(stage);
    if (last?.departure === departure) return;
    this.#fronts.set(stage, { departure, version: changes === 0 ? undefined : version, stops });
    if (last === undefined || last.version === undefined || version === undefined) return;
    const isFree =
      this.#calmSince < last.departure &&
      this.#heldUntil < last.departure &&
      !this.#rejected.has(version) &&
      !this.#touched.has(stage) &&
      departure === last.departure + stage.schedule.everyMs;
    if (isFree && last.version === version && stops === last.stops) {
      this.#violations.add('T15', at, stage.name, `${version} did not move at ${formatInstant(departure)}`);
    }
  }

  /** It takes the newest that every stack holds (law T2). */
  #checkLatest(stage: Extract<Stage, { readonly _tag: 'latest' }>, at: EpochMs): void {
    const departure = departureAtOrBefore(stage.schedule, at);
    if (this.#looked.get(stage) === departure) return;
    this.#looked.set(stage, departure);
    const isDue = at <= departure + stage.schedule.graceMs && this.#calmSince < departure;
    if (!isDue || this.#heldUntil >= departure) return;
    const newest = this.#facts.newestBefore(departure, this.#rejected);
    for (const environment of stage.environments) {
      const pin = this.#pinOf(environment);
      if (newest === undefined || !this.#isAgreed(environment) || this.#byHand.has(environment)) continue;
      if (pin === undefined || compareVersions(pin, newest) < 0) {
        this.#violations.add('T2', at, environment, `did not take ${newest}, which is complete on every stack`);
      }
    }
  }

  /** The canary takes what it follows, whatever trains do (law T3). */
  #checkCanary(stage: Extract<Stage, { readonly _tag: 'canary' }>, at: EpochMs): void {
    const departure = departureAtOrBefore(stage.schedule, at);
    const isDue = at <= departure + stage.schedule.graceMs && this.#calmSince < departure;
    if (!isDue || this.#heldUntil >= departure) return;
    const source = this.#pinOf(stage.follows);
    const isLate = this.#places.some(
      ({ environment, pinnedAt }) => environment === stage.follows && pinnedAt !== undefined && pinnedAt >= departure,
    );
    if (source === undefined || this.#rejected.has(source) || !this.#isAgreed(stage.follows) || isLate) return;
    for (const environment of stage.environments) {
      if (this.#isAgreed(environment) && this.#pinOf(environment) !== source && !this.#byHand.has(environment)) {
        this.#violations.add('T3', at, environment, `did not take ${source} from ${stage.follows}`);
      }
    }
  }

  /** What was pinned has been told, once nothing stands in the way (law L3). */
  #checkSignals(at: EpochMs): void {
    for (const place of this.#places) {
      const { pin, pinnedAt, held } = place;
      if (pin === undefined || pinnedAt === undefined || held === undefined) continue;
      if (pinnedAt >= at || this.#calmSince >= pinnedAt) continue;
      const told = signalledVersion(held);
      if (O.isSome(told) && told.value !== pin) {
        this.#violations.add('L3', at, `${place.stack}/${place.environment}`, `pinned to ${pin}, and never signalled`);
      }
    }
  }

  /** What was begun is on every stack by the second tick after all went well again (law T13). */
  #checkWhole(at: EpochMs): void {
    if (at <= Math.max(this.#calmSince, this.#heldUntil) + 2 * this.#tickEveryMs) return;
    for (const environment of environmentsOf(this.#plan)) {
      if (this.#isAgreed(environment) || this.#apart.has(environment)) continue;
      const places = this.#places.filter((place) => place.environment === environment);
      const isFresh = places.some(({ pinnedAt }) => pinnedAt !== undefined && pinnedAt > at - 2 * this.#tickEveryMs);
      if (isFresh || places.some(({ pin }) => pin !== undefined && this.#rejected.has(pin))) continue;
      this.#apart.add(environment);
      this.#violations.add('T13', at, environment, 'its stacks were left on different versions');
    }
  }

  #pinOf(environment: EnvironmentName): Version | undefined {
    const [stack] = this.#plan.stacks;
    return stack === undefined ? undefined : this.#facts.pinOf(stack, environment);
  }

  #isAgreed(environment: EnvironmentName): boolean {
    const pin = this.#pinOf(environment);
    return this.#plan.stacks.every((stack) => this.#facts.pinOf(stack, environment) === pin);
  }
}
