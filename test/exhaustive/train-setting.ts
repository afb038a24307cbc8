/**
 * A small plan with everything that stands still while its states are searched, and the views and decisions that its
 * states come to. Decisions are pure, so each view is decided and judged once, however many states share it.
 *
 * Time is kept modulo the schedule. All stages depart at the same instants; `NOW` is always the last departure, or the
 * first millisecond past its grace. What the memory holds of departures is compared with the present one and the one
 * before alone (`departureState`): a stage that acted at an earlier departure is due like one that never acted, so only
 * `acted at this departure` is kept.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type Artifact, catalogueOf } from '../../src/domain/catalogue.ts';
import type { Hold, HoldScope } from '../../src/domain/hold.ts';
import { promoteByHand } from '../../src/domain/intervention.ts';
import { type EnvironmentName, nameFromLiteral, Slug, type StackName, type Version } from '../../src/domain/names.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Pins } from '../../src/domain/pins.ts';
import { environmentsOf, type ReleasePlan, type Stage } from '../../src/domain/release-plan.ts';
import type { TickDecision, TickView } from '../../src/domain/tick.ts';
import { type EpochMs, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { EMPTY_MEMORY, type TrainMemory } from '../../src/domain/train-memory.ts';
import { CAREFUL, type Decider, type Discipline, FLEET_START, GENUINE } from '../support/fleet.ts';
import { planOf } from '../support/slack.ts';
import { versionOf } from '../support/train-commands.ts';
import type { Violation } from './explore.ts';

const slug = nameFromLiteral(Slug);

/** How large a search is, and what may happen in it. Ticks at any time, crashes and missed departures always do. */
export interface TrainBounds {
  readonly name: string;
  /** The stops of the train: 1 … 5. */
  readonly stops: number;
  /** How many versions there are: 1 … 9. The first is on everything to begin with. */
  readonly versions: number;
  readonly stacks: number;
  /**
   * Whether `latest` and `canary` stand before the train. Otherwise its source has any newer version at any time, pinned
   * and signalled as a canary would have left it.
   */
  readonly wholePlan: boolean;
  /** How many Librarians, or people at work, there may be at one time. */
  readonly librarians: number;
  /** A pin or a signal may fail while its Librarian lives. */
  readonly failures?: boolean;
  /** A Librarian may find one of the stacks silent. */
  readonly outages?: boolean;
  /** An artifact may be complete on the first stack only. */
  readonly uploads?: boolean;
  /** One hold at a time: on the plan, on the train, on each stop, on each stack. */
  readonly holds?: boolean;
  /** How often people lay hand on the train. */
  readonly interventions?: number;
  /** People roll back the train or one of its stops, and approve again. */
  readonly rollbacks?: boolean;
  /** People promote a stop by hand, on all stacks or on one. */
  readonly promotions?: boolean;
  /** The stops, counted from 0, one of which may join the train late. */
  readonly joins?: readonly number[];
  /** Nothing is pinned on the train to begin with. */
  readonly isNew?: boolean;
}

/** What is searched, and by whom it is decided: another than the shipped decision is a control. */
export interface TrainOptions {
  readonly bounds: TrainBounds;
  readonly decider?: Decider;
  readonly discipline?: Discipline;
  /** The order of the effects; `signal first` is a control. */
  readonly order?: 'pin first' | 'signal first' | undefined;
  /** What answers a promotion by hand. */
  readonly promoteByHand?: typeof promoteByHand | undefined;
  /** The one law that is looked at, for a control that breaks it; none: all of them. */
  readonly only?: string;
}

/** A memory with the number by which it is known: equal memories are one object. */
export interface Remembered {
  readonly id: number;
  readonly value: TrainMemory;
}

/** One promotion, with environments, stacks and versions as numbers. */
export interface Order {
  readonly environment: number;
  readonly version: number;
  readonly stacks: readonly number[];
  readonly reason: string;
}

/** A decision, with what is wrong with it. Equal decisions have the same number. */
export interface Decision {
  readonly id: number;
  readonly memory: Remembered;
  readonly orders: readonly Order[];
  readonly outcomes: readonly Outcome[];
  readonly broken: Violation | undefined;
}

/** What a Librarian reads at the beginning of a tick beside pins and memory. */
export interface Facts {
  /** Which plan: 0 before the late stop has joined, 1 after it. */
  readonly plan: number;
  /** Versions 1 … `uploaded` are complete on every stack. */
  readonly uploaded: number;
  /** One more version is complete on the first stack. */
  readonly isPartial: boolean;
  /** Bit n − 1: version n is rejected. */
  readonly rejected: number;
  /** 0: none; otherwise the number of the hold, counted from 1. */
  readonly hold: number;
}

/** What one decision is made from. */
export interface Look {
  readonly facts: Facts;
  /** A digit for each environment and stack: the version, `0` for none, `?` for what cannot be read. */
  readonly pins: string;
  readonly memory: Remembered;
  readonly isDue: boolean;
  /** The stack that is silent, or -1. */
  readonly silent: number;
}

/** A part of a tick, as the Librarian goes through them: a stage, or what people began. */
export type Part = Stage | undefined;

/** The judge of a decision. */
export type Judge = (
  setting: TrainSetting,
  part: Part,
  view: TickView,
  decision: TickDecision,
) => Violation | undefined;

const SCHEDULE = { every: '1h', offset: '0s', grace: '10m' };
const GRACE_MS = 10 * MINUTE_MS;
const SOURCE = 'prod-1';

const stackNames = (count: number): readonly string[] => ['basalt', 'ironstone'].slice(0, count);

const planFor = ({ stacks, wholePlan }: TrainBounds, stops: readonly string[]): ReleasePlan =>
  planOf({
    name: 'small',
    stacks: stackNames(stacks),
    stages: [
      ...(wholePlan
        ? [
            { name: 'latest', kind: 'latest' as const, environments: ['dev'], ...SCHEDULE },
            { name: 'canary', kind: 'canary' as const, environments: [SOURCE], follows: 'dev', ...SCHEDULE },
          ]
        : []),
      { name: 'train', kind: 'train', environments: stops, boards: SOURCE, ...SCHEDULE },
    ],
    by_hand: wholePlan ? [] : [SOURCE],
  });

/** See the head of this file. */
export class TrainSetting {
  readonly bounds: TrainBounds;
  readonly decider: Decider;
  readonly discipline: Discipline;
  readonly order: 'pin first' | 'signal first';
  readonly promoteByHand: typeof promoteByHand;
  readonly only: string | undefined;
  /** Before and after a stop has joined; the same where none does. */
  readonly plans: readonly [ReleasePlan, ReleasePlan];
  readonly parts: readonly [readonly Part[], readonly Part[]];
  readonly environments: readonly EnvironmentName[];
  readonly stacks: readonly StackName[];
  readonly stops: readonly number[];
  readonly source: number;
  readonly holds: readonly Hold[];
  readonly versions: readonly Version[];

  readonly #judge: Judge;
  readonly #memories = new Map<string, Remembered>();
  readonly #byValue = new WeakMap<TrainMemory, Remembered>();
  readonly #pins = new Map<string, Pins>();
  readonly #decisions = new Map<string, Decision>();
  readonly #decisionIds = new Map<string, number>();
  readonly #hasHistory: boolean;

  /** @param joining - the stop that joins late; none: all stand in the plan from the beginning. */
  constructor(options: TrainOptions, judge: Judge, joining?: number) {
    const { bounds } = options;
    this.bounds = bounds;
    this.decider = options.decider ?? GENUINE;
    this.discipline = options.discipline ?? CAREFUL;
    this.order = options.order ?? 'pin first';
    this.promoteByHand = options.promoteByHand ?? promoteByHand;
    this.only = options.only;
    this.#judge = judge;
    this.#hasHistory = bounds.rollbacks === true;
    const names = Array.from({ length: bounds.stops }, (_, i) => `prod-${i + 2}`);
    const whole = planFor(bounds, names);
    const before =
      joining === undefined
        ? whole
        : planFor(
            bounds,
            names.filter((_, i) => i !== joining),
          );
    this.plans = [before, whole];
    this.parts = [
      [...before.stages, undefined],
      [...whole.stages, undefined],
    ];
    this.environments = environmentsOf(whole);
    this.stacks = whole.stacks;
    this.stops = names.map((name) => this.environments.findIndex((one) => one === name));
    this.source = this.environments.findIndex((one) => one === SOURCE);
    this.versions = Array.from({ length: bounds.versions }, (_, i) => versionOf(i + 1));
    const scopes: readonly HoldScope[] = [
      { _tag: 'plan' },
      { _tag: 'stage', stage: slug('train') },
      ...this.stops.map((stop): HoldScope => ({ _tag: 'environment', environment: this.environmentAt(stop) })),
      ...this.stacks.map((stack): HoldScope => ({ _tag: 'stack', stack })),
    ];
    this.holds = scopes.map((scope, i) => ({
      id: slug(`hold-${i}`),
      scope,
      reason: 'a test',
      owner: 'somebody',
      expiresAt: O.none,
    }));
  }

  environmentAt(index: number): EnvironmentName {
    const name = this.environments[index];
    if (name === undefined) throw new RangeError(`no environment ${index}`);
    return name;
  }

  versionAt(number: number): Version {
    return versionOf(number);
  }

  /** The plan that stands. */
  planOf(facts: Facts): ReleasePlan {
    return this.plans[facts.plan === 0 ? 0 : 1];
  }

  partsOf(facts: Facts): readonly Part[] {
    return this.parts[facts.plan === 0 ? 0 : 1];
  }

  /** Where a pin stands in a text of pins. */
  at(environment: number, stack: number): number {
    return environment * this.stacks.length + stack;
  }

  /** The memory as far as it can matter, known by its text. */
  remember(memory: TrainMemory): Remembered {
    const known = this.#byValue.get(memory);
    if (known !== undefined) return known;
    const departed = [...memory.departed].filter(([, at]) => at === FLEET_START).sort();
    const order = (name: EnvironmentName) => this.environments.indexOf(name);
    const steps = [...memory.steps].sort(([a], [b]) => order(a) - order(b));
    const joined = [...memory.joined].sort();
    // Nothing but a rollback looks at the history, and all splays are the same here.
    const history = this.#hasHistory ? [...memory.history].filter(([, versions]) => versions.length > 0).sort() : [];
    const text = JSON.stringify([
      departed.map(([stage]) => stage),
      steps.map(([name, { version, from, stacks, overtaken }]) => [
        order(name),
        version.slice(4),
        this.stacks.map((stack) => {
          const pin = from.get(stack);
          return pin === undefined ? '?' : O.isNone(pin) ? '0' : pin.value.slice(4);
        }),
        stacks.map((stack) => this.stacks.indexOf(stack)).join(''),
        overtaken.map((one) => one.slice(4)),
      ]),
      joined,
      history.map(([name, versions]) => [order(name), versions.map((one) => one.slice(4))]),
    ]);
    const value = {
      departed: new Map(departed),
      steps: new Map(steps),
      joined: new Set(joined),
      history: new Map(history),
    };
    const remembered = this.#memories.get(text) ?? { id: this.#memories.size, value };
    this.#memories.set(text, remembered);
    this.#byValue.set(memory, remembered);
    this.#byValue.set(remembered.value, remembered);
    return remembered;
  }

  /** The memory at the next departure. */
  departing(memory: Remembered): Remembered {
    return memory.value.departed.size === 0 ? memory : this.remember({ ...memory.value, departed: new Map() });
  }

  /** A text of pins as the domain has them. */
  pinsOf(text: string, facts: Facts): Pins {
    const key = `${facts.plan}${text}`;
    const known = this.#pins.get(key);
    if (known !== undefined) return known;
    const present = environmentsOf(this.planOf(facts));
    const pins = new Map(
      present.map((name) => {
        const environment = this.environments.indexOf(name);
        const read = this.stacks.flatMap((stack, i) => {
          const digit = text[this.at(environment, i)] ?? '?';
          return digit === '?' ? [] : [[stack, digit === '0' ? O.none : O.some(versionOf(Number(digit)))] as const];
        });
        return [name, new Map(read)] as const;
      }),
    );
    this.#pins.set(key, pins);
    return pins;
  }

  #artifacts({ uploaded, isPartial, rejected }: Facts, silent: number): readonly Artifact[] {
    const isSilent = (stack: StackName) => this.stacks[silent] === stack;
    const artifact = (number: number, completeOn: readonly StackName[]): Artifact => ({
      version: versionOf(number),
      completeOn: completeOn.filter((stack) => !isSilent(stack)),
      unknownOn: this.stacks.filter(isSilent),
      rejected: (rejected & (1 << (number - 1))) !== 0,
    });
    return [
      ...Array.from({ length: uploaded }, (_, i) => artifact(i + 1, this.stacks)),
      ...(isPartial ? [artifact(uploaded + 1, this.stacks.slice(0, 1))] : []),
    ];
  }

  /** The present instant. */
  nowOf(isDue: boolean): EpochMs {
    return isDue ? FLEET_START : plus(FLEET_START, GRACE_MS + 1);
  }

  /** The view that a Librarian decides from. */
  viewOf({ facts, pins, memory, isDue, silent }: Look): TickView {
    const plan = this.planOf(facts);
    const hold = this.holds[facts.hold - 1];
    return {
      plan,
      pins: this.pinsOf(pins, facts),
      catalogue: catalogueOf(plan.stacks, this.#artifacts(facts, silent)),
      holds: hold === undefined ? [] : [hold],
      memory: memory.value,
      now: this.nowOf(isDue),
    };
  }

  /** Promotions as orders. */
  ordersOf(
    promotions: readonly {
      readonly environment: EnvironmentName;
      readonly version: Version;
      readonly stacks: readonly StackName[];
      readonly reason: string;
    }[],
  ): readonly Order[] {
    return promotions.map(({ environment, version, stacks, reason }) => ({
      environment: this.environments.indexOf(environment),
      version: Number(version.slice(4)),
      stacks: stacks.map((stack) => this.stacks.indexOf(stack)),
      reason,
    }));
  }

  decisionOf(
    memory: TrainMemory,
    orders: readonly Order[],
    outcomes: readonly Outcome[],
    broken?: Violation,
  ): Decision {
    const remembered = this.remember(memory);
    const text = `${remembered.id} ${orders.map((one) => `${one.environment}>${one.version}@${one.stacks.join('')}${one.reason}`).join()}`;
    const id = this.#decisionIds.get(text) ?? this.#decisionIds.size;
    this.#decisionIds.set(text, id);
    return { id, memory: remembered, orders, outcomes, broken };
  }

  /** What is decided in one part of a tick. */
  decide(number: number, look: Look): Decision {
    const { facts, pins, memory, isDue, silent } = look;
    const { plan, uploaded, isPartial, rejected, hold } = facts;
    const key = `${number} ${plan} ${uploaded} ${isPartial ? 1 : 0} ${rejected} ${hold} ${isDue ? 1 : 0} ${silent} ${pins} ${memory.id}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const view = this.viewOf(look);
    const part = this.partsOf(facts)[number];
    const decided = part === undefined ? this.decider.resumeByHand(view) : this.decider.decideStage(view, part);
    const broken = this.#judge(this, part, view, decided);
    const decision = this.decisionOf(decided.memory, this.ordersOf(decided.promotions), decided.outcomes, broken);
    this.#decisions.set(key, decision);
    return decision;
  }

  get emptyMemory(): Remembered {
    return this.remember(EMPTY_MEMORY);
  }
}

/**
 * What a Librarian reads. While a step is open, a pin counts as read only once its signal is out as well; a silent stack
 * says nothing.
 */
export const readPins = (
  setting: TrainSetting,
  fleet: { readonly pins: string; readonly told: string },
  memory: Remembered,
  silent: number,
): string => {
  let read = fleet.pins;
  for (const [environment, name] of setting.environments.entries()) {
    const step = memory.value.steps.get(name);
    for (let stack = 0; stack < setting.stacks.length; stack++) {
      const at = setting.at(environment, stack);
      const isMoved = step !== undefined && step.version.slice(4) === fleet.pins[at];
      if (stack === silent || (isMoved && fleet.told[at] !== fleet.pins[at]))
        read = read.slice(0, at) + '?' + read.slice(at + 1);
    }
  }
  return read;
};
