/**
 * Every state of a small fleet, and all that can happen in it. A Librarian is taken apart into the steps between which it
 * can die or be overtaken: read and decide; store the memory; then stack by stack, side by side, ask whether the
 * promotion is still wanted and pin; read back, ask again and signal; then read again what was moved and go on.
 *
 * Left out: a clock that is set back, holds that expire, and the instant between the question whether a promotion is
 * wanted and the write that follows it. Of signals, their revisions close it (test/apps/librarian/librarian-laws.test.ts);
 * no store of pins can.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { type Intervention, rollBack } from '../../src/domain/intervention.ts';
import type { TickView } from '../../src/domain/tick.ts';
import type { Move, Space } from './explore.ts';
import { CalmRuns, judgeDecision, lawsOfEffect, lawsOfStart, lawsOfState } from './train-rules.ts';
import {
  type Decision,
  type Facts,
  type Order,
  type Remembered,
  type TrainOptions,
  TrainSetting,
  readPins,
} from './train-setting.ts';

/** A Librarian in the middle of a tick, or a person in the middle of what he asked for. */
export interface Librarian {
  /** The part of the tick; beyond the last one for a person. */
  readonly part: number;
  /** Nobody else has written the control state since this one read it. */
  readonly isFresh: boolean;
  /** It was decided at the departure that is the last one now. */
  readonly isCurrent: boolean;
  readonly facts: Facts;
  readonly silent: number;
  /** The pins as it has read them. */
  readonly read: string;
  readonly decision: Decision;
  /** Whether it has come to the effects. */
  readonly isStored: boolean;
  /** The order that is carried out. */
  readonly order: number;
  /** For each stack of the order: `0` to be pinned, `1` to be signalled, `x` done or given up. */
  readonly phases: string;
}

/** One state. Texts of pins and signals have a digit for each environment and stack. */
export interface Fleet {
  /** Which of the settings: they differ in the stop that joins late. */
  readonly setting: TrainSetting;
  readonly pins: string;
  /** What the nodes have been told: the signals. */
  readonly told: string;
  readonly memory: Remembered;
  readonly facts: Facts;
  readonly isDue: boolean;
  readonly librarians: readonly Librarian[];
  /** How often people will still lay hand on the train. */
  readonly interventions: number;
  /** Kept for the laws alone: the environments that were promoted at this departure, as bits. */
  readonly acted: number;
  /** Kept for the laws alone: people have laid hand on the train, and it has not come to one version since. */
  readonly isTouched: boolean;
  /** Kept for the laws alone: the version that each environment was rolled back from, or `0`. */
  readonly banned: string;
}

const withChar = (text: string, at: number, char: string): string => text.slice(0, at) + char + text.slice(at + 1);

const keyOfLibrarian = (one: Librarian): string => {
  const { plan, uploaded, isPartial, rejected, hold } = one.facts;
  return `${one.part}${one.isFresh ? 'f' : ''}${one.isCurrent ? 'c' : ''}${one.isStored ? 's' : ''}${one.order}${one.phases} ${plan}.${uploaded}.${isPartial ? 1 : 0}.${rejected}.${hold}.${one.silent} ${one.read} ${one.decision.id}`;
};

const keyOf = (fleet: Fleet): string => {
  const { plan, uploaded, isPartial, rejected, hold } = fleet.facts;
  const librarians = fleet.librarians.map(keyOfLibrarian).sort().join(';');
  return `${fleet.setting.plans[0].stages.at(-1)?.environments.join() ?? ''} ${fleet.pins} ${fleet.told} ${fleet.memory.id} ${plan}.${uploaded}.${isPartial ? 1 : 0}.${rejected}.${hold} ${fleet.isDue ? 'd' : ''} ${fleet.interventions} ${fleet.acted} ${fleet.isTouched ? 't' : ''} ${fleet.banned} ${librarians}`;
};

type FleetMove = Move<Fleet>;

/** The fleet once others know that the control state was written. */
const withMemory = (fleet: Fleet, memory: Remembered, writer: number): Fleet => ({
  ...fleet,
  memory,
  librarians: fleet.librarians.map((one, i) => (i === writer || !one.isFresh ? one : { ...one, isFresh: false })),
});

const withLibrarian = (fleet: Fleet, i: number, librarian: Librarian | undefined): Fleet => ({
  ...fleet,
  librarians:
    librarian === undefined
      ? fleet.librarians.filter((_, j) => j !== i)
      : i === fleet.librarians.length
        ? [...fleet.librarians, librarian]
        : fleet.librarians.map((one, j) => (j === i ? librarian : one)),
});

/** Once the train is on one version, nobody is at work and no step is open, it is as if people had never touched it. */
const settled = (fleet: Fleet): Fleet => {
  if (!fleet.isTouched || fleet.librarians.length > 0) return fleet;
  const { setting, pins, memory } = fleet;
  const digits = new Set(
    setting.stops.flatMap((stop) => setting.stacks.map((_, stack) => pins[setting.at(stop, stack)])),
  );
  const isOpen = setting.stops.some((stop) => memory.value.steps.has(setting.environmentAt(stop)));
  return digits.size === 1 && !isOpen ? { ...fleet, isTouched: false } : fleet;
};

/** What one Librarian, the `i`th, does next. */
class Work {
  readonly #fleet: Fleet;
  readonly #i: number;

  constructor(fleet: Fleet, i: number) {
    this.#fleet = fleet;
    this.#i = i;
  }

  /**
   * Goes on with the tick from `part`. A part in which nothing is to be stored or done takes no time: nothing is read in
   * it, so that nobody could come between.
   */
  goOn(
    step: string,
    from: Omit<Librarian, 'decision' | 'isStored' | 'order' | 'phases'>,
    memory: Remembered,
  ): FleetMove {
    const { setting, isDue } = this.#fleet;
    const { facts, silent, read } = from;
    const parts = setting.partsOf(facts);
    for (let { part } = from; part < parts.length; part++) {
      const decision = setting.decide(part, { facts, pins: read, memory, isDue, silent });
      const isChanged = decision.memory !== memory;
      if (decision.broken === undefined && !isChanged && decision.orders.length === 0) continue;
      const librarian: Librarian = { ...from, part, decision, isStored: false, order: 0, phases: '' };
      const fleet = withLibrarian(this.#fleet, this.#i, librarian);
      if (decision.broken !== undefined) return { step, to: fleet, broken: decision.broken };
      const isLate = setting.discipline.memory === 'after the effects';
      return isChanged && !isLate ? { step, to: fleet } : new Work(fleet, this.#i).begin(step, librarian);
    }
    return { step, to: settled(withLibrarian(this.#fleet, this.#i, undefined)) };
  }

  /** Comes to the effects. */
  begin(step: string, librarian: Librarian): FleetMove {
    const { setting, acted } = this.#fleet;
    const { decision, isCurrent } = librarian;
    const [first] = decision.orders;
    const begun = { ...librarian, isStored: true, phases: '0'.repeat(first?.stacks.length ?? 0) };
    // Only a train has its departure used up by a retry.
    const isTrain = setting.partsOf(librarian.facts)[librarian.part]?._tag === 'train';
    const counted = decision.orders.filter(({ reason }) => isTrain || reason !== 'Resumed');
    const bits = counted.reduce((sum, { environment }) => sum | (1 << environment), 0);
    const fleet: Fleet = {
      ...withLibrarian(this.#fleet, this.#i, begun),
      acted: isCurrent && librarian.part < setting.partsOf(librarian.facts).length - 1 ? acted | bits : acted,
    };
    const broken = lawsOfStart(fleet, librarian, acted);
    if (broken !== undefined) return { step, to: fleet, broken };
    return first === undefined ? new Work(fleet, this.#i).finish(step, begun) : { step, to: fleet };
  }

  /** Stores the memory, if nobody else has written since it was read. */
  store(librarian: Librarian): FleetMove {
    const { setting } = this.#fleet;
    const step = `the Librarian stores its memory in part ${librarian.part}`;
    if (!librarian.isFresh && setting.discipline.compares !== 'never') {
      return { step: `${step}, and was overtaken`, to: settled(withLibrarian(this.#fleet, this.#i, undefined)) };
    }
    const fleet = withMemory(this.#fleet, librarian.decision.memory, this.#i);
    const isLate = setting.discipline.memory === 'after the effects';
    return isLate ? new Work(fleet, this.#i).next(step, librarian) : new Work(fleet, this.#i).begin(step, librarian);
  }

  /** All effects are done or given up. */
  finish(step: string, librarian: Librarian): FleetMove {
    const { discipline } = this.#fleet.setting;
    const isOwed = discipline.memory === 'after the effects' && librarian.decision.memory !== this.#fleet.memory;
    return isOwed && librarian.phases !== 'stored'
      ? { step, to: withLibrarian(this.#fleet, this.#i, { ...librarian, phases: 'stored' }) }
      : this.next(step, librarian);
  }

  /** Reads again what was moved, and goes on with the next part. */
  next(step: string, librarian: Librarian): FleetMove {
    const { setting } = this.#fleet;
    const { decision, part, isFresh, facts, silent } = librarian;
    let { read } = librarian;
    const now = readPins(setting, this.#fleet, decision.memory, silent);
    for (const { environment } of decision.orders) {
      for (let stack = 0; stack < setting.stacks.length; stack++) {
        const at = setting.at(environment, stack);
        read = withChar(read, at, now[at] ?? '?');
      }
    }
    return this.goOn(step, { part: part + 1, isFresh, isCurrent: true, facts, silent, read }, decision.memory);
  }

  /** One of the stacks of the order has come to its next phase. */
  #withPhase(step: string, fleet: Fleet, librarian: Librarian, nth: number, phase: string): FleetMove {
    const phases = withChar(librarian.phases, nth, phase);
    const work = (one: Librarian) => new Work(withLibrarian(fleet, this.#i, one), this.#i);
    if (!/^x*$/.test(phases)) return { step, to: withLibrarian(fleet, this.#i, { ...librarian, phases }) };
    const order = librarian.order + 1;
    const following = librarian.decision.orders[order];
    if (following === undefined) {
      const done = { ...librarian, order, phases: '' };
      return work(done).finish(step, done);
    }
    const begun = { ...librarian, order, phases: '0'.repeat(following.stacks.length) };
    return { step, to: withLibrarian(fleet, this.#i, begun) };
  }

  /** Whether the step is still open for the stack and its version not rejected, as the Librarian asks before each effect. */
  #isWanted({ environment, version }: Order, stack: number): boolean {
    const { setting, memory, facts } = this.#fleet;
    // A Librarian that does not compare does not ask either; one that stores too late could only be told no.
    const { compares, memory: when } = setting.discipline;
    if (compares !== 'always' || when === 'after the effects') return true;
    const step = memory.value.steps.get(setting.environmentAt(environment));
    const isOpen =
      step?.version.slice(4) === String(version) && step.stacks.some((name) => name === setting.stacks[stack]);
    return isOpen && (facts.rejected & (1 << (version - 1))) === 0;
  }

  *effects(librarian: Librarian): Iterable<FleetMove> {
    const { setting, pins, told } = this.#fleet;
    const order = librarian.decision.orders[librarian.order];
    if (order === undefined) return;
    const { environment, version } = order;
    for (const [nth, stack] of order.stacks.entries()) {
      const phase = librarian.phases[nth];
      if (phase !== '0' && phase !== '1') continue;
      const at = setting.at(environment, stack);
      const digit = String(version);
      const where = `${setting.environments[environment] ?? ''} on ${setting.stacks[stack] ?? ''}`;
      const isPin = (phase === '0') === (setting.order === 'pin first');
      const after = phase === '0' ? '1' : 'x';
      const what = isPin ? `${where} is pinned to ${digit}` : `${where} is signalled ${digit}`;
      const isReadBack = isPin || pins[at] === digit || setting.order === 'signal first';
      if (stack === librarian.silent || !this.#isWanted(order, stack) || !isReadBack) {
        yield this.#withPhase(`the promotion of ${where} to ${digit} is given up`, this.#fleet, librarian, nth, 'x');
        continue;
      }
      const moved: Fleet = isPin
        ? { ...this.#fleet, pins: withChar(pins, at, digit) }
        : { ...this.#fleet, told: withChar(told, at, digit) };
      const move = this.#withPhase(what, moved, librarian, nth, after);
      yield { ...move, broken: lawsOfEffect(this.#fleet, isPin, at, version, where) ?? move.broken };
      if (setting.bounds.failures === true) {
        yield this.#withPhase(`${what}: it fails`, this.#fleet, librarian, nth, 'x');
      }
    }
  }

  *moves(): Iterable<FleetMove> {
    const librarian = this.#fleet.librarians[this.#i];
    if (librarian === undefined) return;
    yield { step: 'a Librarian dies', to: settled(withLibrarian(this.#fleet, this.#i, undefined)) };
    if (!librarian.isStored || librarian.phases === 'stored') yield this.store(librarian);
    else yield* this.effects(librarian);
  }
}

/** What people and time do. */
const changed = (fleet: Fleet, change: Partial<Facts>, isControl: boolean): Fleet => {
  const facts = { ...fleet.facts, ...change };
  return isControl ? withMemory({ ...fleet, facts }, fleet.memory, -1) : { ...fleet, facts };
};

function* time(fleet: Fleet): Iterable<FleetMove> {
  if (fleet.isDue) yield { step: 'the grace ends', to: { ...fleet, isDue: false } };
  const { setting } = fleet;
  const departing = (decision: Decision): Decision => {
    const memory = setting.departing(decision.memory);
    return memory === decision.memory
      ? decision
      : setting.decisionOf(memory.value, decision.orders, decision.outcomes, decision.broken);
  };
  yield {
    step: 'the next departure comes',
    to: {
      ...fleet,
      memory: setting.departing(fleet.memory),
      isDue: true,
      acted: 0,
      librarians: fleet.librarians.map((one) => ({ ...one, isCurrent: false, decision: departing(one.decision) })),
    },
  };
}

function* arrivals(fleet: Fleet): Iterable<FleetMove> {
  const { setting, facts, pins, told } = fleet;
  const { bounds } = setting;
  if (facts.uploaded < bounds.versions) {
    const arrived = facts.uploaded + 1;
    if (bounds.uploads === true && !facts.isPartial) {
      yield { step: `version ${arrived} is on the first stack`, to: changed(fleet, { isPartial: true }, false) };
    }
    yield { step: `version ${arrived} arrives`, to: changed(fleet, { uploaded: arrived, isPartial: false }, false) };
  }
  if (bounds.wholePlan) return;
  const present = Number(pins[setting.at(setting.source, 0)]);
  for (let version = present + 1; version <= facts.uploaded; version++) {
    if ((facts.rejected & (1 << (version - 1))) !== 0) continue;
    // Stack by stack would be one more way to SourceUnsettled, which the whole plan comes to.
    const digits = String(version).repeat(setting.stacks.length);
    const at = setting.at(setting.source, 0);
    const moved = (text: string) => text.slice(0, at) + digits + text.slice(at + digits.length);
    yield { step: `the source gets version ${version}`, to: { ...fleet, pins: moved(pins), told: moved(told) } };
  }
}

function* ticks(fleet: Fleet): Iterable<FleetMove> {
  const { setting, memory, facts } = fleet;
  const i = fleet.librarians.length;
  if (i >= setting.bounds.librarians) return;
  const silents = setting.bounds.outages === true ? [-1, ...setting.stacks.keys()] : [-1];
  for (const silent of silents) {
    const read = readPins(setting, fleet, memory, silent);
    const step = silent === -1 ? 'a tick begins' : `a tick begins, ${setting.stacks[silent] ?? ''} is silent`;
    const move = new Work(fleet, i).goOn(
      step,
      { part: 0, isFresh: true, isCurrent: true, facts, silent, read },
      memory,
    );
    if (move.to.librarians.length > i || move.broken !== undefined) yield move;
  }
}

function* holds(fleet: Fleet): Iterable<FleetMove> {
  if (fleet.setting.bounds.holds !== true) return;
  if (fleet.facts.hold > 0) yield { step: 'the hold is lifted', to: changed(fleet, { hold: 0 }, true) };
  else {
    for (const [i, { scope }] of fleet.setting.holds.entries()) {
      yield { step: `a hold on ${scope._tag} (${i})`, to: changed(fleet, { hold: i + 1 }, true) };
    }
  }
}

/** What a person asks for is decided and stored in one go, as often as it takes; then it is carried out. */
function* asked(
  fleet: Fleet,
  step: string,
  decideOn: (view: TickView) => E.Either<unknown, Intervention>,
): Iterable<FleetMove> {
  const { setting, memory, facts } = fleet;
  const i = fleet.librarians.length;
  if (i >= setting.bounds.librarians) return;
  const read = readPins(setting, fleet, memory, -1);
  const done = decideOn(setting.viewOf({ facts, pins: read, memory, isDue: fleet.isDue, silent: -1 }));
  if (E.isLeft(done)) return;
  const { promotions, rejected } = done.right;
  const decision = setting.decisionOf(done.right.memory, setting.ordersOf(promotions), []);
  const bad = rejected.map((version) => Number(version.slice(4)));
  const bits = bad.reduce((sum, version) => sum | (1 << (version - 1)), facts.rejected);
  if (decision.orders.length === 0 && bits === facts.rejected) return;
  let banned = fleet.banned;
  if (bad.length > 0) {
    for (const { environment } of decision.orders) banned = withChar(banned, environment, String(bad[0]));
  }
  const stored = withMemory(
    { ...changed(fleet, { rejected: bits }, true), banned, isTouched: true, interventions: fleet.interventions - 1 },
    decision.memory,
    -1,
  );
  const part = setting.partsOf(facts).length;
  const librarian: Librarian = {
    ...{ part, isFresh: true, isCurrent: false, facts: stored.facts, silent: -1, read: '', decision },
    ...{ isStored: true, order: 0, phases: '0'.repeat(decision.orders[0]?.stacks.length ?? 0) },
  };
  yield { step, to: decision.orders.length === 0 ? settled(stored) : withLibrarian(stored, i, librarian) };
}

function* people(fleet: Fleet): Iterable<FleetMove> {
  const { setting, facts } = fleet;
  const { bounds } = setting;
  if (fleet.interventions === 0) return;
  const stops = setting.stops.map((stop) => setting.environmentAt(stop));
  const to = O.none;
  if (bounds.rollbacks === true) {
    yield* asked(fleet, 'the train is rolled back', (view) => rollBack(view, { environments: stops, to }));
    for (const stop of stops) {
      yield* asked(fleet, `${stop} is rolled back`, (view) => rollBack(view, { environments: [stop], to }));
    }
    for (let version = 1; version <= bounds.versions; version++) {
      const bit = 1 << (version - 1);
      if ((facts.rejected & bit) === 0) continue;
      const banned = fleet.banned.replaceAll(String(version), '0');
      const approved = changed(
        { ...fleet, banned, interventions: fleet.interventions - 1 },
        { rejected: facts.rejected & ~bit },
        true,
      );
      yield { step: `version ${version} is approved`, to: approved };
    }
  }
  if (bounds.promotions !== true) return;
  for (const environment of stops) {
    for (let number = 1; number <= facts.uploaded; number++) {
      const version = setting.versionAt(number);
      const oneStack = setting.stacks.length > 1 ? setting.stacks.map(O.some) : [];
      for (const stack of [O.none, ...oneStack]) {
        const where = O.isSome(stack) ? ` on ${stack.value}` : '';
        const request = { environment, version, stack, splaySeconds: O.none };
        yield* asked(fleet, `${environment} is promoted to ${number}${where} by hand`, (view) =>
          setting.promoteByHand(view, request),
        );
      }
    }
  }
}

function* successors(fleet: Fleet): Iterable<FleetMove> {
  for (const i of fleet.librarians.keys()) yield* new Work(fleet, i).moves();
  yield* ticks(fleet);
  yield* time(fleet);
  yield* arrivals(fleet);
  yield* holds(fleet);
  yield* people(fleet);
  const { plans } = fleet.setting;
  if (fleet.facts.plan === 0 && plans[0] !== plans[1] && fleet.librarians.length === 0) {
    yield { step: 'a stop joins', to: changed(fleet, { plan: 1 }, false) };
  }
}

const initialOf = (setting: TrainSetting): Fleet => {
  const { bounds, environments, stacks, stops, plans } = setting;
  const isEmpty = (environment: number) =>
    (bounds.isNew === true && stops.includes(environment)) ||
    (!plans[0].stages.some((stage) => stage.environments.includes(setting.environmentAt(environment))) &&
      stops.includes(environment));
  const pins = environments.map((_, i) => (isEmpty(i) ? '0' : '1').repeat(stacks.length)).join('');
  return {
    ...{ setting, pins, told: pins, memory: setting.emptyMemory, isDue: false, librarians: [], acted: 0 },
    ...{ interventions: bounds.interventions ?? 0, isTouched: false, banned: '0'.repeat(environments.length) },
    facts: { plan: 0, uploaded: 1, isPartial: false, rejected: 0, hold: 0 },
  };
};

/** All that can happen to a fleet within `options.bounds`. */
export const trainSpace = (options: TrainOptions, statesMax: number): Space<Fleet> => {
  const { joins } = options.bounds;
  const settings =
    joins === undefined
      ? [new TrainSetting(options, judgeDecision)]
      : joins.map((stop) => new TrainSetting(options, judgeDecision, stop));
  const calm = new Map(settings.map((setting) => [setting, new CalmRuns(setting)]));
  return {
    initial: settings.map(initialOf),
    successors,
    key: keyOf,
    check: (fleet) => lawsOfState(fleet) ?? calm.get(fleet.setting)?.judge(fleet),
    statesMax,
  };
};
