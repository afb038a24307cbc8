/**
 * The laws of the train as they are asked of every state, every step and every decision of a small fleet.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName, StackName } from '../../src/domain/names.ts';
import { type Outcome, reasonLabel } from '../../src/domain/outcome.ts';
import type { Stage, TrainStage } from '../../src/domain/release-plan.ts';
import type { Promotion, TickDecision, TickView } from '../../src/domain/tick.ts';
import { FLEET_START } from '../support/fleet.ts';
import { REASON_LABELS } from '../support/train-oracle.ts';
import type { Violation } from './explore.ts';
import { type Judge, type Look, type Part, readPins, type Remembered, type TrainSetting } from './train-setting.ts';
import type { Fleet, Librarian } from './train-space.ts';

type Asked = (law: string, holds: boolean, detail: () => string) => void;

/** The first law that does not hold; of `setting.only`, where just that one is looked at. */
const judged = ({ only }: TrainSetting, laws: (ask: Asked) => void): Violation | undefined => {
  let broken: Violation | undefined;
  laws((law, holds, detail) => {
    if (!holds && (only ?? law) === law) broken ??= { law, detail: detail() };
  });
  return broken;
};

/** What the stacks that answer say together: one version, `none`, `mixed`, or `unreadable` where none answers. */
const readingOf = ({ plan, pins }: TickView, environment: EnvironmentName): string => {
  const said = plan.stacks.flatMap((stack) => {
    const pin = pins.get(environment)?.get(stack);
    return pin === undefined ? [] : [O.isSome(pin) ? pin.value : 'none'];
  });
  const [first] = said;
  if (first === undefined) return 'unreadable';
  return said.every((one) => one === first) ? first : 'mixed';
};

const isVersion = (reading: string): boolean => !['none', 'mixed', 'unreadable'].includes(reading);

const isWhollyRead = ({ plan, pins }: TickView, environment: EnvironmentName): boolean =>
  plan.stacks.every((stack) => pins.get(environment)?.has(stack));

const has = ({ pins }: TickView, environment: EnvironmentName, stack: StackName, version: string): boolean => {
  const pin = pins.get(environment)?.get(stack);
  return pin !== undefined && O.isSome(pin) && pin.value === version;
};

const isHeld = ({ holds }: TickView, stage: Part, environment: EnvironmentName, stack: StackName): boolean =>
  holds.some(({ scope }) => {
    switch (scope._tag) {
      case 'plan':
        return true;
      case 'stage':
        return scope.stage === stage?.name;
      case 'environment':
        return scope.environment === environment;
      case 'stack':
        return scope.stack === stack;
    }
  });

const mayTravel = ({ plan, catalogue }: TickView, version: string): boolean =>
  [...catalogue.byVersion.values()].some(
    (artifact) =>
      artifact.version === version &&
      !artifact.rejected &&
      plan.stacks.every((stack) => artifact.completeOn.includes(stack) || artifact.unknownOn?.includes(stack)),
  );

/** What others may take from an environment. */
const takeableOf = (view: TickView, environment: EnvironmentName): string | undefined => {
  const step = view.memory.steps.get(environment);
  const reading = readingOf(view, environment);
  const isOpen = step !== undefined && view.plan.stacks.some((stack) => !has(view, environment, stack, step.version));
  return isVersion(reading) && !isOpen ? reading : undefined;
};

const isDueFor = (view: TickView, stage: Stage): boolean =>
  view.now === FLEET_START && !view.memory.departed.has(stage.name);

const numberOf = (version: string): number => Number(version.slice(4));

const lawsOfOutcomes = (ask: Asked, part: Part, view: TickView, { outcomes, promotions }: TickDecision) => {
  const environments = part?.environments ?? view.plan.byHand;
  const names = outcomes.map(({ environment }) => environment).join();
  ask('T9', names === environments.join(), () => `${part?.name ?? 'by hand'} has outcomes for ${names}`);
  for (const outcome of outcomes) {
    ask('T9', REASON_LABELS.has(reasonLabel(outcome)), () => `${reasonLabel(outcome)} is of no known reason`);
    const isAhead = outcome._tag === 'Promoted' || O.isNone(outcome.retryAt) || outcome.retryAt.value > view.now;
    ask('T9', isAhead, () => `${outcome.environment} is to be asked again at once`);
    if (outcome._tag !== 'UpToDate') continue;
    const reading = readingOf(view, outcome.environment);
    ask('T9', reading === outcome.version, () => `${outcome.environment} is up to date, but on ${reading}`);
  }
  const said = outcomes.filter(({ _tag }) => _tag === 'Promoted').map(({ environment }) => environment);
  const done = promotions.map(({ environment }) => environment);
  ask('T9', said.join() === done.join(), () => `${said.join()} are said to be promoted, and ${done.join()} are`);
};

const lawsOfPromotion = (ask: Asked, part: Part, view: TickView, promotion: Promotion) => {
  const { environment, version, stacks, reason } = promotion;
  const what = `${environment} → ${version} on ${stacks.join()} (${reason})`;
  ask('T12', view.catalogue.byVersion.get(version)?.rejected !== true, () => `${what} is rejected`);
  ask('L1', mayTravel(view, version), () => `${what} is not complete on every stack`);
  ask('L8', stacks.length > 0 && stacks.every((stack) => !has(view, environment, stack, version)), () => what);
  const held = stacks.filter((stack) => isHeld(view, part, environment, stack));
  ask('T10', held.length === 0, () => `${what} is held on ${held.join()}`);
  if (reason === 'Resumed' || part === undefined) return;
  ask('T8', view.now === FLEET_START, () => `${what} past the grace of its departure`);
  ask('T7', !view.memory.departed.has(part.name), () => `${what} a second time at one departure`);
};

/** T10 in its other half: what no hold covers is done as if there were none. */
const lawsOfHolds = (ask: Asked, setting: TrainSetting, part: Part, view: TickView, decision: TickDecision) => {
  if (view.holds.length === 0) return;
  const free = { ...view, holds: [] };
  const { decider } = setting;
  const unheld = part === undefined ? decider.resumeByHand(free) : decider.decideStage(free, part);
  for (const { environment, version, stacks } of unheld.promotions) {
    for (const stack of stacks) {
      if (isHeld(view, part, environment, stack)) continue;
      const isDone = decision.promotions.some(
        (one) => one.environment === environment && one.version === version && one.stacks.includes(stack),
      );
      ask('T10', isDone, () => `${environment} → ${version} on ${stack} is out of the hold's scope and not done`);
    }
  }
};

/** T13: what is open and can be explained is tried again on every stack that lacks it, at any time. */
const lawsOfRetries = (ask: Asked, part: Part, view: TickView, { promotions }: TickDecision) => {
  for (const environment of part?.environments ?? view.plan.byHand) {
    const step = view.memory.steps.get(environment);
    if (step === undefined || !mayTravel(view, step.version)) continue;
    if (part?._tag !== 'train' && promotions.some((one) => one.environment === environment)) continue;
    const isExplained = step.stacks.every((stack) => {
      const pin = view.pins.get(environment)?.get(stack);
      if (pin === undefined) return true;
      const from = step.from.get(stack);
      if (from === undefined || (O.isNone(pin) && O.isNone(from))) return true;
      const known = [step.version, ...step.overtaken, ...(O.isSome(from) ? [from.value] : [])];
      return O.isSome(pin) && known.includes(pin.value);
    });
    if (!isExplained || (readingOf(view, environment) === 'unreadable' && part?._tag !== 'train')) continue;
    for (const stack of step.stacks) {
      if (has(view, environment, stack, step.version) || isHeld(view, part, environment, stack)) continue;
      const isDone = promotions.some((one) => one.environment === environment && one.stacks.includes(stack));
      ask('T13', isDone, () => `${environment} lacks ${step.version} on ${stack} and is not tried again`);
    }
  }
};

/** T2 and T3: what is due takes, whatever the train does. */
const lawsOfTakers = (ask: Asked, stage: Stage, view: TickView, decision: TickDecision) => {
  if (stage._tag === 'train') return;
  const law = stage._tag === 'latest' ? 'T2' : 'T3';
  const eligible = [...view.catalogue.byVersion.values()]
    .filter(({ completeOn, rejected }) => !rejected && view.plan.stacks.every((stack) => completeOn.includes(stack)))
    .map(({ version }) => version)
    .sort((a, b) => numberOf(b) - numberOf(a));
  const target = stage._tag === 'latest' ? eligible[0] : takeableOf(view, stage.follows);
  for (const { environment, version, reason } of decision.promotions) {
    if (reason === 'Resumed') continue;
    ask(law, version === target, () => `${environment} takes ${version} instead of ${String(target)}`);
  }
  if (!isDueFor(view, stage) || target === undefined || !mayTravel(view, target)) return;
  for (const environment of stage.environments) {
    if (readingOf(view, environment) === 'unreadable') continue;
    const promotion = decision.promotions.find((one) => one.environment === environment);
    for (const stack of view.plan.stacks) {
      const isThere = has(view, environment, stack, target) || isHeld(view, stage, environment, stack);
      const isUnread = view.pins.get(environment)?.has(stack) !== true;
      const isDone = promotion?.version === target && promotion.stacks.includes(stack);
      ask(law, isThere || isUnread || isDone, () => `${environment} does not take ${target} on ${stack}, which is due`);
    }
  }
};

const lawsOfTrain = (ask: Asked, stage: TrainStage, view: TickView, { outcomes, promotions }: TickDecision) => {
  const begun = promotions.filter(({ reason }) => reason !== 'Resumed');
  const names = begun.map(({ environment }) => environment).join();
  ask('T5', begun.length <= 1, () => `${names} at one departure`);
  const readings = stage.environments.map((stop) => readingOf(view, stop));
  const isUnclear = readings.some((reading) => reading === 'mixed' || reading === 'unreadable');
  if (isUnclear) {
    ask('T11', begun.length === 0, () => `${names} goes on while the stops read ${readings.join()}`);
    const idle = outcomes.filter(({ _tag }) => _tag === 'UpToDate');
    ask('T11', idle.length === 0, () => `a stop is up to date while the stops read ${readings.join()}`);
  }
  const inOrder = stage.environments
    .filter((stop) => !view.memory.joined.has(stop))
    .map((stop) => readingOf(view, stop))
    .filter(isVersion);
  const changes = inOrder.filter((version, i) => i > 0 && version !== inOrder[i - 1]).length;
  const isPossible = changes <= 1 && new Set(readings.filter(isVersion)).size <= 2;
  ask('T11', isPossible || begun.length === 0, () => `${names} goes on while the stops read ${readings.join()}`);
  const isOpen = stage.environments.some((stop) => view.memory.steps.has(stop));
  const isWhole = stage.environments.every((stop) => isWhollyRead(view, stop));
  if (!isPossible && !isUnclear && !isOpen && isWhole) {
    const says = outcomes.every((outcome) => reasonLabel(outcome) === 'OutOfShape');
    ask('T11', says, () => `the stops read ${readings.join()}, and the train does not say so`);
  }
  const [step] = begun;
  if (step === undefined) return;
  const others = stage.environments.filter((stop) => stop !== step.environment).map((stop) => readingOf(view, stop));
  const carried = others.filter(isVersion);
  if (step.reason === 'Joined') {
    const isOlder = step.version === carried.at(-1);
    ask('T14', isOlder, () => `${step.environment} joins with ${step.version} while the others read ${others.join()}`);
  } else if (!carried.includes(step.version)) {
    const isFirst = step.environment === stage.environments[0];
    ask(
      'T4',
      isFirst && new Set(others).size <= 1,
      () => `${step.version} boards while the others read ${others.join()}`,
    );
    const source = takeableOf(view, stage.boards);
    ask('T4', step.version === source, () => `${step.version} boards, and ${stage.boards} is on ${String(source)}`);
  }
};

/** What is wrong with a decision, seen from the view that it was made from. */
export const judgeDecision: Judge = (setting, part, view, decision) =>
  judged(setting, (ask) => {
    lawsOfOutcomes(ask, part, view, decision);
    for (const promotion of decision.promotions) lawsOfPromotion(ask, part, view, promotion);
    lawsOfHolds(ask, setting, part, view, decision);
    lawsOfRetries(ask, part, view, decision);
    if (part !== undefined) lawsOfTakers(ask, part, view, decision);
    if (part?._tag === 'train') lawsOfTrain(ask, part, view, decision);
  });

const bitsOf = (bits: number, among: readonly number[]): readonly number[] =>
  among.filter((environment) => (bits & (1 << environment)) !== 0);

/** The digits of an environment, one for each stack. */
const digitsOf = ({ setting }: Fleet, text: string, environment: number): string =>
  text.slice(setting.at(environment, 0), setting.at(environment + 1, 0));

/** The stops that are in the plan. */
const presentStops = ({ setting, facts }: Fleet): readonly number[] =>
  setting.stops.filter((stop) =>
    setting.planOf(facts).stages.some(({ environments }) => environments.includes(setting.environmentAt(stop))),
  );

/** What is wrong with coming to the effects of a decision, seen from what is really so. */
export const lawsOfStart = (fleet: Fleet, librarian: Librarian, actedBefore: number): Violation | undefined =>
  judged(fleet.setting, (ask) => {
    const { setting, acted, isTouched, pins, told, memory } = fleet;
    const { decision, isCurrent, part } = librarian;
    const stage = setting.partsOf(librarian.facts)[part];
    if (stage === undefined) return;
    const stops = bitsOf(acted, setting.stops).map((stop) => setting.environmentAt(stop));
    ask('T5', isTouched || !isCurrent || stops.length <= 1, () => `${stops.join()} are promoted at one departure`);
    for (const { environment, version, reason } of decision.orders) {
      if (reason === 'Resumed') continue;
      const name = setting.environmentAt(environment);
      const isSecond = isCurrent && (actedBefore & (1 << environment)) !== 0;
      ask('T7', !isSecond, () => `${name} is promoted to ${version} a second time at one departure`);
      if (stage._tag !== 'train') continue;
      const others = presentStops(fleet).filter((stop) => stop !== environment);
      for (const stop of others) {
        const step = memory.value.steps.get(setting.environmentAt(stop));
        if (step === undefined) continue;
        const digit = step.version.slice(4);
        const isDone = [pins, told].every((text) => !digitsOf(fleet, text, stop).replaceAll(digit, ''));
        ask('T13', isDone, () => `${name} goes to ${version} while ${setting.environmentAt(stop)} is not complete`);
      }
      if (reason !== 'Boarded') continue;
      const digits = new Set(presentStops(fleet).flatMap((stop) => Array.from(digitsOf(fleet, pins, stop))));
      const isOne = digits.size === 1 && !digits.has(String(version));
      ask('T4', isOne, () => `${version} boards at ${name} while the stops are on ${[...digits].join()}`);
    }
  });

const shapeLaws = (ask: Asked, fleet: Fleet) => {
  const { setting, pins, memory, facts } = fleet;
  const all = new Set<string>();
  for (const [stack, name] of setting.stacks.entries()) {
    const inOrder: string[] = [];
    for (const stop of presentStops(fleet)) {
      const digit = pins[setting.at(stop, stack)] ?? '0';
      if (digit === '0') continue;
      all.add(digit);
      if (!memory.value.joined.has(setting.environmentAt(stop))) inOrder.push(digit);
    }
    const changes = inOrder.filter((digit, i) => i > 0 && digit !== inOrder[i - 1]);
    ask('T6', changes.length <= 1, () => `on ${name} the stops are on ${inOrder.join()}`);
    // Where nothing was ever rejected, what boards later is newer by its number too.
    const isNewerFirst =
      facts.rejected !== 0 || setting.bounds.rollbacks === true || setting.bounds.promotions === true;
    ask(
      'T6',
      isNewerFirst || changes.every((digit) => digit < (inOrder[0] ?? '')),
      () => `on ${name}: ${inOrder.join()}`,
    );
  }
  ask('T6', all.size <= 2, () => `the train carries ${[...all].join()}`);
};

/** What is wrong with an effect, seen from what is so before it. */
export const lawsOfEffect = (
  { setting, pins, facts }: Fleet,
  isPin: boolean,
  at: number,
  version: number,
  where: string,
): Violation | undefined =>
  judged(setting, (ask) => {
    const pin = String(pins[at]);
    ask('L1', isPin || pin === String(version), () => `${where} is signalled ${version} while it is pinned to ${pin}`);
    ask(
      'L1',
      !isPin || version <= facts.uploaded,
      () => `${where} is pinned to ${version}, which is not complete everywhere`,
    );
    const isRejected = (facts.rejected & (1 << (version - 1))) !== 0;
    ask('T12', !isPin || !isRejected, () => `${where} is pinned to ${version}, which is rejected`);
  });

/** What is wrong with a state by itself. */
export const lawsOfState = (fleet: Fleet): Violation | undefined =>
  judged(fleet.setting, (ask) => {
    const { setting, pins, told, memory, facts } = fleet;
    for (const [environment, name] of setting.environments.entries()) {
      const step = memory.value.steps.get(name);
      for (const [stack, stackName] of setting.stacks.entries()) {
        const [pin, signal] = [pins[setting.at(environment, stack)], told[setting.at(environment, stack)]];
        ask(
          'L1',
          Number(pin) <= facts.uploaded,
          () => `${name} is on ${String(pin)} on ${stackName}, which is no artifact`,
        );
        // The nodes have heard of the pin, or a step is open from which they will.
        ask(
          'L1',
          signal === pin || step !== undefined,
          () => `${name} on ${stackName} is on ${String(pin)} for good, and told ${String(signal)}`,
        );
      }
    }
    if (!fleet.isTouched) shapeLaws(ask, fleet);
  });

/** What comes of a state when nothing goes wrong any more, nobody interferes and nothing arrives. */
interface CalmRun {
  /** How many departures it takes until all stops are on one version and nothing is open; none: it never happens. */
  readonly oneAfter: number | undefined;
  /** Whether it came to an end at all. */
  readonly ended: boolean;
  readonly pins: string;
  readonly told: string;
  readonly memory: Remembered;
  readonly outcomes: readonly Outcome[];
}

const STOPPED: ReadonlySet<string> = new Set(['OutOfShape', 'StacksDisagree', 'VersionRejected']);

/** Runs forward from every state; many states come to the same few. */
export class CalmRuns {
  readonly #setting: TrainSetting;
  readonly #known = new Map<string, CalmRun>();

  constructor(setting: TrainSetting) {
    this.#setting = setting;
  }

  #isOne(fleet: Fleet): boolean {
    const digits = new Set(presentStops(fleet).flatMap((stop) => Array.from(digitsOf(fleet, fleet.pins, stop))));
    return digits.size === 1;
  }

  #tick(fleet: Fleet): { readonly fleet: Fleet; readonly outcomes: readonly Outcome[] } {
    const setting = this.#setting;
    const outcomes: Outcome[] = [];
    let { pins, told, memory } = fleet;
    for (let part = 0; part < setting.partsOf(fleet.facts).length; part++) {
      const read = readPins(setting, { ...fleet, pins, told }, memory, -1);
      const look: Look = { facts: fleet.facts, pins: read, memory, isDue: fleet.isDue, silent: -1 };
      const decision = setting.decide(part, look);
      memory = decision.memory;
      outcomes.push(...decision.outcomes);
      for (const { environment, version, stacks } of decision.orders) {
        for (const stack of stacks) {
          const at = setting.at(environment, stack);
          pins = pins.slice(0, at) + String(version) + pins.slice(at + 1);
          told = told.slice(0, at) + String(version) + told.slice(at + 1);
        }
      }
    }
    return { fleet: { ...fleet, pins, told, memory }, outcomes };
  }

  #run(start: Fleet): CalmRun {
    const setting = this.#setting;
    const limit = 2 * setting.bounds.stops + 4;
    let { fleet, outcomes } = this.#tick(start);
    let oneAfter: number | undefined;
    for (let departures = 0; departures <= limit; departures++) {
      if (oneAfter === undefined && this.#isOne(fleet)) oneAfter = departures;
      const due = { ...fleet, isDue: true, memory: setting.departing(fleet.memory) };
      const after = this.#tick(due);
      const { pins, told } = after.fleet;
      if (
        pins === fleet.pins &&
        told === fleet.told &&
        after.fleet.memory.value.steps.size === fleet.memory.value.steps.size
      ) {
        return { oneAfter, ended: true, pins, told, memory: after.fleet.memory, outcomes: after.outcomes };
      }
      ({ fleet, outcomes } = after);
    }
    return { oneAfter, ended: false, pins: fleet.pins, told: fleet.told, memory: fleet.memory, outcomes };
  }

  #from(fleet: Fleet): CalmRun {
    const facts = { ...fleet.facts, hold: 0 };
    const key = `${facts.plan}.${facts.uploaded}.${facts.isPartial ? 1 : 0}.${facts.rejected} ${fleet.isDue ? 'd' : ''} ${fleet.pins} ${fleet.told} ${fleet.memory.id}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const run = this.#run({ ...fleet, facts, librarians: [] });
    this.#known.set(key, run);
    return run;
  }

  /** What is wrong with where `fleet` comes to, or with how long it takes. */
  judge(fleet: Fleet): Violation | undefined {
    const setting = this.#setting;
    const run = this.#from(fleet);
    const { oneAfter, ended, pins, told, memory, outcomes } = run;
    return judged(setting, (ask) => {
      ask('T15', ended, () => `in the end it does not come to rest: ${pins}`);
      const isStopped = outcomes.some((outcome) => STOPPED.has(reasonLabel(outcome)));
      for (const [environment, name] of setting.environments.entries()) {
        const banned = fleet.banned[environment] ?? '0';
        // Unless what it was rolled back to was rejected too, on the way there: then it stays and says so.
        const isRejected = outcomes.some((one) => one.environment === name && reasonLabel(one) === 'VersionRejected');
        const isBack = banned !== '0' && !isRejected && digitsOf(fleet, pins, environment).includes(banned);
        ask('T12', !isBack, () => `in the end ${name} is on ${banned} again, from which it was rolled back`);
      }
      if (fleet.isTouched && isStopped) return;
      const joining =
        setting.plans[0] === setting.plans[1] && setting.bounds.isNew !== true
          ? 0
          : presentStops(fleet).filter((stop) => digitsOf(fleet, fleet.pins, stop).includes('0')).length;
      const departuresMax = presentStops(fleet).length - 1 + joining;
      ask(
        'T15',
        oneAfter !== undefined && oneAfter <= departuresMax,
        () =>
          `the stops come to one version after ${oneAfter ?? 'no'} departures, at most ${departuresMax} are allowed: ${pins}`,
      );
      ask('T13', memory.value.steps.size === 0, () => 'in the end a step is open');
      ask('L3', pins === told, () => `in the end the pins are ${pins}, and the signals ${told}`);
      const digit = pins[setting.at(setting.source, 0)] ?? '0';
      const isRejected = (fleet.facts.rejected & (1 << (Number(digit) - 1))) !== 0;
      const isThere = presentStops(fleet).every((stop) => digitsOf(fleet, pins, stop).replaceAll(digit, '') === '');
      ask('T15', isThere || isRejected, () => `in the end the source is on ${digit}, and the fleet on ${pins}`);
    });
  }
}
