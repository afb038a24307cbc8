/**
 * The laws T2 … T15, stated over what a {@link Fleet} did and not over how it was decided. Each check names its law; the
 * first that does not hold throws. What the laws are silent about is not looked at.
 */
import { isDeepStrictEqual } from 'node:util';
import * as O from 'fp-ts/lib/Option.js';
import type { Hold } from '../../src/domain/hold.ts';
import type { Intervention } from '../../src/domain/intervention.ts';
import type { EnvironmentName, Slug, StackName, Version } from '../../src/domain/names.ts';
import { explainOutcome, type Outcome, reasonLabel } from '../../src/domain/outcome.ts';
import type { Pins } from '../../src/domain/pins.ts';
import { environmentsOf, stageOf, type Stage, type TrainStage } from '../../src/domain/release-plan.ts';
import type { Schedule } from '../../src/domain/schedule.ts';
import { afterPromotions, decide, type Promotion, type TickView } from '../../src/domain/tick.ts';
import { type EpochMs, epochMs } from '../../src/domain/time.ts';
import { type Fleet, GENUINE, type StageTick, type TickReport } from './fleet.ts';

/** The closed set of reasons, as a dashboard would list it (law T9). */
export const REASON_LABELS: ReadonlySet<string> = new Set([
  ...['TookNewest', 'Followed', 'Boarded', 'Travelled', 'Joined', 'Resumed', 'UpToDate'],
  ...['NotDue', 'DepartureMissed', 'ClockWentBack', 'Held', 'NoArtifact', 'SourceUnset', 'SourceUnsettled'],
  ...['TrainUnderWay', 'NotItsTurn', 'StepIncomplete', 'StackUnreadable', 'StacksDisagree', 'OutOfShape'],
  ...['VersionRejected', 'ArtifactUnknown', 'ArtifactIncomplete', 'ByHand'],
]);

/** The last departure at or before `now`. */
const labelOf = ({ everyMs, offsetMs }: Schedule, now: EpochMs): number =>
  Math.floor((now - offsetMs) / everyMs) * everyMs + offsetMs;

const holdsOn = (holds: readonly Hold[], stage: Stage | undefined, environment: EnvironmentName, now: EpochMs) =>
  holds.some(({ scope, expiresAt }) => {
    if (O.isSome(expiresAt) && now >= expiresAt.value) return false;
    if (scope._tag === 'stage') return scope.stage === stage?.name;
    if (scope._tag === 'environment') return scope.environment === environment;
    return scope._tag === 'plan';
  });

const holdsStack = (holds: readonly Hold[], stack: StackName, now: EpochMs) =>
  holds.some(
    ({ scope, expiresAt }) =>
      scope._tag === 'stack' && scope.stack === stack && (O.isNone(expiresAt) || now < expiresAt.value),
  );

const isHeld = ({ holds, now }: TickView, stage: Stage | undefined, environment: EnvironmentName, stack: StackName) =>
  holdsOn(holds, stage, environment, now) || holdsStack(holds, stack, now);

/** Complete on every stack, and nobody has rejected it. */
const mayTravel = ({ plan, catalogue }: TickView, version: Version): boolean => {
  const artifact = catalogue.byVersion.get(version);
  return artifact?.rejected === false && plan.stacks.every((stack) => artifact.completeOn.includes(stack));
};

/** Versions in these tests are `1.0.n`; the newest is the one of the highest n. */
const numberOf = (version: Version): number => Number(version.slice(version.lastIndexOf('.') + 1));

const newestOf = (view: TickView): Version | undefined =>
  [...view.catalogue.byVersion.keys()]
    .filter((version) => mayTravel(view, version))
    .toSorted((a, b) => numberOf(b) - numberOf(a))[0];

type Reading = Version | 'none' | 'mixed' | 'unreadable';

/** What the stacks of an environment say together, of those that say anything. */
const readingOf = (pins: Pins, stacks: readonly StackName[], environment: EnvironmentName): Reading => {
  const said = stacks.flatMap((stack) => {
    const pin = pins.get(environment)?.get(stack);
    return pin === undefined ? [] : [O.isSome(pin) ? pin.value : ('none' as const)];
  });
  const [first] = said;
  if (first === undefined) return 'unreadable';
  return said.every((one) => one === first) ? first : 'mixed';
};

const isVersion = (reading: Reading): reading is Version =>
  reading !== 'none' && reading !== 'mixed' && reading !== 'unreadable';

/** Whether every stack of the plan answers for an environment. */
const isWhollyRead = ({ plan, pins }: TickView, environment: EnvironmentName): boolean =>
  plan.stacks.every((stack) => pins.get(environment)?.has(stack));

/** Whether a step is open that the pins, as they were read, do not show to be complete. */
const isStepVisiblyOpen = ({ pins, memory }: TickView, environment: EnvironmentName): boolean => {
  const step = memory.steps.get(environment);
  return (
    step !== undefined &&
    step.stacks.some((stack) => {
      const pin = pins.get(environment)?.get(stack) ?? O.none;
      return O.isNone(pin) || pin.value !== step.version;
    })
  );
};

/** The version that others may take from an environment: what every stack that answers has, and no step is open. */
const takeableOf = (view: TickView, environment: EnvironmentName): Version | undefined => {
  const reading = readingOf(view.pins, view.plan.stacks, environment);
  return isVersion(reading) && !isStepVisiblyOpen(view, environment) ? reading : undefined;
};

const countChanges = (versions: readonly Version[]): number =>
  versions.filter((version, i) => i > 0 && version !== versions[i - 1]).length;

/** One departure that acted. */
interface Act {
  readonly departure: number;
  readonly elapsedMs: number;
  readonly generation: number;
  readonly tick: number;
}

/** Watches one fleet. */
export class TrainOracle {
  private readonly fleet: Fleet;
  private readonly only: string | undefined;
  /** Steps that were begun and are not complete on every stack. */
  private readonly open = new Map<EnvironmentName, Version>();
  /** Trains at which a person has laid hand on, until all of their stops are on one version again. */
  private readonly touched = new Set<Slug>();
  /** Stops that got their first version while others had one, until their train has arrived. */
  private readonly late = new Set<EnvironmentName>();
  private readonly boarded = new Map<Slug, Version>();
  private readonly acts = new Map<Slug, Act>();
  private readonly windows = new Map<Slug, { readonly key: string; readonly stops: Set<EnvironmentName> }>();
  private generation = 0;
  private ticks = 0;
  /** How often each kind of promotion was seen: a test that never saw one has shown nothing. */
  readonly seen = new Map<string, number>();

  /** @param only - the one law that is looked at, for a control that breaks it; none: all of them. */
  constructor(fleet: Fleet, only?: string) {
    this.fleet = fleet;
    this.only = only;
  }

  private ensure(holds: boolean, law: string, detail: () => string): void {
    if (!holds && (this.only ?? law) === law) throw new Error(`${law} is broken: ${detail()}`);
  }

  private trains(): readonly TrainStage[] {
    return this.fleet.plan.stages.filter((stage) => stage._tag === 'train');
  }

  private touch(environment: EnvironmentName): void {
    const stage = stageOf(this.fleet.plan, environment);
    if (stage?._tag === 'train') this.touched.add(stage.name);
  }

  /** The clock was set back: departures may come again. */
  clockSetBack(): void {
    this.generation++;
  }

  /** Somebody moved a pin behind the Librarian's back. */
  pinMovedElsewhere(environment: EnvironmentName): void {
    this.touch(environment);
    this.open.delete(environment);
  }

  /** Somebody promoted by hand. */
  promotedByHand(environment: EnvironmentName, version: Version, whole: boolean, done: Intervention): void {
    this.touch(environment);
    if (whole && done.promotions.length > 0) this.open.set(environment, version);
    else if (this.open.get(environment) !== version) this.open.delete(environment);
    for (const { stacks } of done.promotions) {
      this.ensure(stacks.length > 0, 'L8', () => `a promotion of ${environment} to ${version} on no stack`);
    }
    this.settle(this.fleet.copyOfTruth());
  }

  /** Somebody rolled back. */
  rolledBack(done: Intervention): void {
    for (const { environment, version } of done.promotions) {
      this.touch(environment);
      this.open.set(environment, version);
      this.ensure(!done.rejected.includes(version), 'T12', () => `${environment} is rolled back to the bad ${version}`);
    }
    for (const [environment, version] of this.open) {
      if (done.rejected.includes(version)) this.open.delete(environment);
    }
    this.settle(this.fleet.copyOfTruth());
  }

  /** Forgets what has been completed. */
  private settle(truth: Pins): void {
    for (const [environment, version] of this.open) {
      if (readingOf(truth, this.fleet.plan.stacks, environment) === version) this.open.delete(environment);
    }
    for (const { name, environments } of this.trains()) {
      const [first, ...rest] = new Set(environments.map((stop) => readingOf(truth, this.fleet.plan.stacks, stop)));
      if (first === undefined || rest.length > 0 || !isVersion(first)) continue;
      if (environments.some((stop) => (this.fleet.memory.steps.get(stop)?.version ?? first) !== first)) continue;
      for (const stop of environments) this.late.delete(stop);
      this.boarded.set(name, first);
      // What a person began counts as his until the memory has let go of it.
      if (environments.some((stop) => this.fleet.memory.steps.has(stop))) continue;
      if (this.touched.delete(name)) this.windows.delete(name);
    }
  }

  /** Checks every decision of a tick. */
  ticked(report: TickReport): void {
    this.ticks++;
    for (const tick of report.stages) this.checkStage(tick);
    if (report.crashed) return;
    const outcomes = report.stages.flatMap(({ decision }) => decision.outcomes);
    this.ensure(
      isDeepStrictEqual(
        outcomes.map(({ environment }) => environment),
        environmentsOf(this.fleet.plan),
      ),
      'T9',
      () => `outcomes for ${outcomes.map(({ environment }) => environment).join(' ')}`,
    );
    this.checkRehearsal(report);
  }

  /** Where every effect succeeded, the rehearsal in one go says what the stages did one by one. */
  private checkRehearsal({ stages }: TickReport): void {
    const [first] = stages;
    const last = stages.at(-1);
    const isWhole = isDeepStrictEqual(first?.view.pins, first?.before);
    const didSucceed = stages.every(({ effects }) => effects.every(({ succeeded }) => succeeded));
    if (this.fleet.decider !== GENUINE || !isWhole || !didSucceed || first === undefined || last === undefined) return;
    const rehearsed = decide(first.view);
    const done = {
      outcomes: stages.flatMap(({ decision }) => decision.outcomes),
      promotions: stages.flatMap(({ decision }) => decision.promotions),
      memory: last.decision.memory,
    };
    this.ensure(
      isDeepStrictEqual(rehearsed, done),
      'the rehearsal',
      () => 'decide() differs from the stages one by one',
    );
  }

  private checkStage(tick: StageTick): void {
    const { stage, view, decision, after } = tick;
    this.checkOutcomes(tick);
    for (const promotion of decision.promotions) {
      this.seen.set(promotion.reason, (this.seen.get(promotion.reason) ?? 0) + 1);
      this.checkPromotion(tick, promotion);
    }
    this.checkHolds(tick);
    this.checkRetries(tick);
    if (stage?._tag === 'train') this.checkTrain(tick, stage);
    if (stage !== undefined) this.checkDeparture(tick, stage);
    if (stage !== undefined && stage._tag !== 'train') this.checkTaken(tick, stage);
    this.checkRetryAt(tick);

    for (const { environment, version, reason } of decision.promotions) {
      if (reason === 'Resumed') continue;
      this.open.set(environment, version);
      if (stage?._tag !== 'train') continue;
      const isNew = readingOf(tick.before, view.plan.stacks, environment) === 'none';
      const others = stage.environments.filter((stop) => stop !== environment);
      const isAlone = others.every((stop) => readingOf(tick.before, view.plan.stacks, stop) === 'none');
      if (isNew && !isAlone) this.late.add(environment);
      else if (!this.carried(tick, stage).includes(version)) this.boarded.set(stage.name, version);
    }
    for (const outcome of decision.outcomes) {
      const { environment } = outcome;
      if (outcome._tag === 'UpToDate' && this.open.get(environment) !== outcome.version) this.open.delete(environment);
    }
    this.settle(after);
    if (stage?._tag === 'train') this.checkShape(tick, stage);
  }

  /** T9: one outcome each, in order; it says what is done; its reason is of the closed set; it looks ahead. */
  private checkOutcomes({ stage, view, decision }: StageTick): void {
    const environments = stage?.environments ?? view.plan.byHand;
    this.ensure(
      isDeepStrictEqual(
        decision.outcomes.map(({ environment }) => environment),
        environments,
      ),
      'T9',
      () => `stage ${stage?.name ?? 'by hand'}: ${decision.outcomes.length} outcomes for ${environments.join(' ')}`,
    );
    const said = decision.outcomes.filter((outcome) => outcome._tag === 'Promoted');
    this.ensure(
      isDeepStrictEqual(
        said.map(({ environment, version, stacks, reason }) => ({ environment, version, stacks, reason })),
        decision.promotions.map(({ environment, version, stacks, reason }) => ({
          environment,
          version,
          stacks,
          reason,
        })),
      ),
      'T9',
      () => 'the outcomes say other promotions than there are',
    );
    for (const outcome of decision.outcomes) {
      this.ensure(REASON_LABELS.has(reasonLabel(outcome)), 'T9', () => `${reasonLabel(outcome)} is no known reason`);
      this.ensure(
        outcome._tag === 'Promoted' || O.isNone(outcome.retryAt) || outcome.retryAt.value > view.now,
        'T9',
        () => `${outcome.environment} is to be asked again at once: ${explainOutcome(outcome)}`,
      );
      if (outcome._tag === 'UpToDate') {
        const reading = readingOf(view.pins, view.plan.stacks, outcome.environment);
        this.ensure(reading === outcome.version, 'T9', () => `${outcome.environment} is on ${reading}, not up to date`);
      }
    }
  }

  private checkPromotion({ stage, view }: StageTick, { environment, version, stacks, reason }: Promotion): void {
    const what = `${environment} → ${version} on ${stacks.join(' ')} (${reason})`;
    // As it stands now, and not only as the Librarian has read it: whoever rejected it had the last word.
    this.ensure(this.fleet.artifacts.get(version)?.rejected !== true, 'T12', () => `${what} is rejected`);
    this.ensure(mayTravel(view, version), 'L1', () => `${what} is not complete on every stack`);
    this.ensure(stacks.length > 0 && new Set(stacks).size === stacks.length, 'L8', () => what);
    // In the place of a step to another version, whose Librarian may be about to pin it, every stack is gone through.
    const isOvertaking =
      view.memory.steps.get(environment)?.version !== version && isStepVisiblyOpen(view, environment);
    for (const stack of stacks) {
      const pin = view.pins.get(environment)?.get(stack) ?? O.none;
      this.ensure(isOvertaking || O.isNone(pin) || pin.value !== version, 'L8', () => `${what} is there already`);
      this.ensure(!isHeld(view, stage, environment, stack), 'T10', () => `${what} is held`);
    }
    if (reason === 'Resumed') {
      const isOpen = view.memory.steps.get(environment)?.version === version || this.open.get(environment) === version;
      const isCatchingUp = stacks.every((stack) => O.isNone(view.pins.get(environment)?.get(stack) ?? O.some(version)));
      this.ensure(isOpen || isCatchingUp, 'T13', () => `${what} finishes nothing that was begun`);
    }
  }

  /** T10: without the holds the same would be done, and what is held in addition. */
  private checkHolds({ stage, view, decision }: StageTick): void {
    if (view.holds.length === 0) return;
    const free = { ...view, holds: [] };
    const { decider } = this.fleet;
    const unheld = (stage === undefined ? decider.resumeByHand(free) : decider.decideStage(free, stage)).promotions;
    const expected = unheld.flatMap(({ environment, version, stacks }) =>
      stacks.filter((stack) => !isHeld(view, stage, environment, stack)).map((stack) => [environment, version, stack]),
    );
    const done = decision.promotions.flatMap(({ environment, version, stacks }) =>
      stacks.map((stack) => [environment, version, stack] as const),
    );
    const isIn = (one: readonly string[], list: readonly (readonly string[])[]) =>
      list.some((other) => isDeepStrictEqual(one, other));
    for (const one of expected) {
      this.ensure(isIn(one, done), 'T10', () => `${one.join(' ')} is out of every hold's scope and not done`);
    }
    for (const one of done) {
      // A step that a held one would have overtaken is retried in the meantime (law T13).
      const isRetry = view.memory.steps.get(one[0])?.version === one[1];
      this.ensure(isRetry || isIn(one, expected), 'T10', () => `${one.join(' ')} is done only because of a hold`);
    }
  }

  /** T13: what is open is tried again on every stack that lacks it, at any time. */
  private checkRetries({ stage, view, decision }: StageTick): void {
    for (const environment of stage?.environments ?? view.plan.byHand) {
      const version = this.open.get(environment);
      const promotion = decision.promotions.find((one) => one.environment === environment);
      if (version === undefined || !mayTravel(view, version)) continue;
      if (promotion !== undefined && promotion.reason !== 'Resumed') continue;
      const outcome = decision.outcomes.find((one) => one.environment === environment);
      if (outcome?._tag === 'UpToDate' && outcome.version !== version) continue;
      for (const stack of view.plan.stacks) {
        const pin = view.pins.get(environment)?.get(stack) ?? O.none;
        if ((O.isSome(pin) && pin.value === version) || isHeld(view, stage, environment, stack)) continue;
        this.ensure(
          promotion?.version === version && promotion.stacks.includes(stack),
          'T13',
          () => `${environment} lacks ${version} on ${stack} and is not tried again`,
        );
      }
    }
  }

  /** The versions that the stops carry or are on their way to, in their order, as the Librarian could know. */
  private carried({ view }: StageTick, stage: TrainStage): readonly Version[] {
    return stage.environments.flatMap((stop) => {
      const reading = readingOf(view.pins, view.plan.stacks, stop);
      return isVersion(reading) ? [reading] : [];
    });
  }

  private checkTrain(tick: StageTick, stage: TrainStage): void {
    const { view, decision, before } = tick;
    const { stacks } = view.plan;
    const begun = decision.promotions.filter(({ reason }) => reason !== 'Resumed');
    this.ensure(
      begun.length <= 1,
      'T5',
      () => `${begun.map(({ environment }) => environment).join(' ')} at one departure`,
    );
    this.checkObstruction(tick, stage, begun);
    const [step] = begun;
    if (step === undefined) {
      this.checkProgress(tick, stage);
      return;
    }
    const { environment, version } = step;
    const what = `${stage.name}: ${environment} → ${version}`;
    for (const stop of stage.environments) {
      this.ensure(!this.open.has(stop), 'T13', () => `${what}, while ${stop} is not complete on every stack`);
      if (this.touched.has(stage.name)) continue;
      this.ensure(
        readingOf(before, stacks, stop) !== 'mixed',
        'T13',
        () => `${what}, while the stacks differ at ${stop}`,
      );
    }

    const others = stage.environments.filter((stop) => stop !== environment);
    const readings = stage.environments.map((stop) => readingOf(view.pins, stacks, stop));
    const isEmpty = readings.every((reading) => reading === 'none');
    if (readingOf(view.pins, stacks, environment) === 'none' && !isEmpty) {
      const versions = [...new Set(this.carried(tick, stage))];
      const [newer] = versions;
      this.ensure(versions.includes(version), 'T14', () => `${what} is not on the train`);
      if (!this.touched.has(stage.name) && versions.length === 2) {
        const boarded = this.boarded.get(stage.name) ?? newer;
        this.ensure(version !== boarded, 'T14', () => `${what} joins with the newer version on the train`);
      }
      return;
    }
    if (!this.carried(tick, stage).includes(version)) {
      const [one, ...more] = new Set(others.map((stop) => readingOf(view.pins, stacks, stop)));
      this.ensure(
        isEmpty || one === undefined || (more.length === 0 && isVersion(one)),
        'T4',
        () => `${what} boards while the stops are on ${readings.join(' ')}`,
      );
      this.ensure(environment === stage.environments[0], 'T4', () => `${what} boards at another stop than the first`);
      this.ensure(takeableOf(view, stage.boards) === version, 'T4', () => `${what} is not what ${stage.boards} is on`);
    }
  }

  /** T11: pins that no train could have left stop the train, with a reason and a way out. */
  private checkObstruction({ view, decision }: StageTick, stage: TrainStage, begun: readonly Promotion[]): void {
    const { plan, pins, memory } = view;
    const readings = stage.environments.map((stop) => readingOf(pins, plan.stacks, stop));
    const idle = decision.outcomes.filter(({ _tag }) => _tag !== 'Promoted');
    if (readings.some((reading) => reading === 'mixed' || reading === 'unreadable')) {
      const names = begun.map(({ environment }) => environment).join(' ');
      this.ensure(begun.length === 0, 'T11', () => `${names} goes on while the stops read ${readings.join(' ')}`);
      this.ensure(
        idle.every(({ _tag }) => _tag === 'Waiting'),
        'T11',
        () => `${stage.name} is not said to wait while its stops read ${readings.join(' ')}`,
      );
      return;
    }
    const placed = stage.environments.flatMap((stop, i) => {
      const reading = readings[i];
      return reading !== undefined && isVersion(reading) ? [{ stop, version: reading }] : [];
    });
    const inOrder = placed.filter(({ stop }) => !memory.joined.has(stop)).map(({ version }) => version);
    const isPossible = new Set(placed.map(({ version }) => version)).size <= 2 && countChanges(inOrder) <= 1;
    if (isPossible || stage.environments.some((stop) => isStepVisiblyOpen(view, stop))) return;
    this.ensure(
      begun.length === 0,
      'T11',
      () => `${stage.name} goes on although its stops are on ${readings.join(' ')}`,
    );
    const isWhole = stage.environments.every((stop) => isWhollyRead(view, stop));
    for (const outcome of idle) {
      this.ensure(
        (reasonLabel(outcome) === 'OutOfShape' && /by hand/.test(explainOutcome(outcome))) ||
          (reasonLabel(outcome) === 'StackUnreadable' && !isWhole),
        'T11',
        () => `${stage.name} is out of shape with ${readings.join(' ')} but says: ${explainOutcome(outcome)}`,
      );
    }
  }

  /** T8 in its other half: a departure that is due acts. */
  private isDue({ view }: StageTick, { name, schedule }: Stage): boolean {
    const departure = labelOf(schedule, view.now);
    const last = view.memory.departed.get(name);
    return view.now - departure <= schedule.graceMs && (last === undefined || last + schedule.everyMs <= departure);
  }

  /** T15: a train that nothing stops goes on. */
  private checkProgress(tick: StageTick, stage: TrainStage): void {
    const { view } = tick;
    const { plan, pins } = view;
    if (this.touched.has(stage.name) || !this.isDue(tick, stage)) return;
    if (stage.environments.some((stop) => !isWhollyRead(view, stop) || isStepVisiblyOpen(view, stop))) return;
    const readings = stage.environments.map((stop) => readingOf(pins, plan.stacks, stop));
    if (readings.includes('mixed')) return;
    const isFree = (stop: EnvironmentName | undefined, version: Version | undefined) =>
      stop !== undefined &&
      version !== undefined &&
      mayTravel(view, version) &&
      plan.stacks.some((stack) => !isHeld(view, stage, stop, stack));
    const blame = () => `${stage.name} on ${readings.join(' ')} does not go on at a departure that is due`;
    const [first] = stage.environments;
    const boarding = takeableOf(view, stage.boards);
    const versions = [...new Set(readings)];
    if (versions.length === 1 && versions[0] !== boarding) {
      this.ensure(!isFree(first, boarding), 'T15', blame);
    } else if (readings.includes('none')) {
      const older = versions
        .filter(isVersion)
        .find((version, _, all) => all.length === 1 || version !== this.boarded.get(stage.name));
      const news = stage.environments.filter((_, i) => readings[i] === 'none');
      this.ensure(!news.every((stop) => isFree(stop, older)), 'T14', blame);
    } else if (versions.length > 1) {
      const newer = this.boarded.get(stage.name);
      const next = stage.environments.find((_, i) => readings[i] !== newer);
      this.ensure(!isFree(next, newer), 'T15', blame);
    }
  }

  /** T6, on each stack by itself, because a step may be under way on one and done on another. */
  private checkShape({ view, after }: StageTick, stage: TrainStage): void {
    if (this.touched.has(stage.name)) return;
    const all = new Set<Version>();
    for (const stack of view.plan.stacks) {
      const placed = stage.environments.flatMap((stop) => {
        const pin = after.get(stop)?.get(stack) ?? O.none;
        return O.isSome(pin) ? [{ stop, version: pin.value }] : [];
      });
      for (const { version } of placed) all.add(version);
      const inOrder = placed.filter(({ stop }) => !this.late.has(stop)).map(({ version }) => version);
      this.ensure(countChanges(inOrder) <= 1, 'T6', () => `${stage.name} on ${stack}: ${inOrder.join(' ')}`);
      const newer = this.boarded.get(stage.name);
      this.ensure(
        countChanges(inOrder) === 0 || newer === undefined || inOrder[0] === newer,
        'T6',
        () => `${stage.name} on ${stack}: ${inOrder.join(' ')}, although ${String(newer)} boarded last`,
      );
    }
    this.ensure(all.size <= 2, 'T6', () => `${stage.name} carries ${[...all].join(' ')}`);
  }

  /** T5, T7 and T8: when a stage may act. */
  private checkDeparture({ view, decision }: StageTick, stage: Stage): void {
    const { name, schedule } = stage;
    const departure = labelOf(schedule, view.now);
    const key = [this.generation, departure, schedule.everyMs, schedule.offsetMs].join(' ');
    const begun = decision.promotions.filter(({ reason }) => reason !== 'Resumed');
    const counted = this.touched.has(name) ? begun : decision.promotions;
    if (stage._tag === 'train') {
      const known = this.windows.get(name);
      const window = known?.key === key ? known : { key, stops: new Set<EnvironmentName>() };
      for (const { environment } of counted) window.stops.add(environment);
      this.windows.set(name, window);
      this.ensure(
        window.stops.size <= 1 || this.touched.has(name),
        'T5',
        () => `${[...window.stops].join(' ')} are promoted at one departure`,
      );
    }
    if (begun.length === 0) return;
    const { everyMs, graceMs } = schedule;
    const what = `${name} promotes ${begun.map(({ environment }) => environment).join(' ')}`;
    this.ensure(view.now - departure <= graceMs, 'T8', () => `${what} ${view.now - departure} ms after its departure`);
    const last = this.acts.get(name);
    const { ticks, generation } = this;
    if (last !== undefined) {
      const isSameClock = last.generation === generation;
      this.ensure(
        !isSameClock || last.departure !== departure || last.tick === ticks,
        'T7',
        () => `${what} a second time`,
      );
      this.ensure(
        last.tick === ticks || !isSameClock || departure - last.departure >= everyMs,
        'T8',
        () => `${what} ${departure - last.departure} ms after the last departure that acted`,
      );
      const sinceMs = this.fleet.elapsedMs - last.elapsedMs;
      this.ensure(
        last.tick === ticks || sinceMs >= everyMs - graceMs,
        'T8',
        () => `${what} ${sinceMs} ms after the last time`,
      );
    }
    this.acts.set(name, { departure, elapsedMs: this.fleet.elapsedMs, generation, tick: ticks });
  }

  /** T2 and T3: at a departure that is due, those who take something take it, whatever the trains do. */
  private checkTaken(tick: StageTick, stage: Stage): void {
    const { view, decision } = tick;
    const { plan, pins } = view;
    if (stage._tag === 'train') return;
    const law = stage._tag === 'latest' ? 'T2' : 'T3';
    const target = stage._tag === 'latest' ? newestOf(view) : takeableOf(view, stage.follows);
    for (const { environment, version, reason } of decision.promotions) {
      if (reason === 'Resumed') continue;
      this.ensure(version === target, law, () => `${environment} takes ${version} instead of ${String(target)}`);
    }
    if (!this.isDue(tick, stage) || target === undefined || !mayTravel(view, target)) return;
    for (const environment of stage.environments) {
      if (readingOf(pins, plan.stacks, environment) === 'unreadable') continue;
      const lacking = plan.stacks.filter((stack) => {
        const pin = pins.get(environment)?.get(stack);
        return pin !== undefined && (O.isNone(pin) || pin.value !== target);
      });
      const done = decision.promotions.find((one) => one.environment === environment);
      for (const stack of lacking) {
        if (isHeld(view, stage, environment, stack)) continue;
        this.ensure(
          done?.version === target && done.stacks.includes(stack),
          law,
          () => `${environment} does not take ${target} on ${stack} at a departure that is due`,
        );
      }
    }
  }

  /** T9: as long as nothing else changes, nothing happens before `retryAt`, and then it does. */
  private checkRetryAt({ stage, view, decision }: StageTick): void {
    if (stage === undefined) return;
    const { decider } = this.fleet;
    const { schedule } = stage;
    const unmoved = { ...view, memory: decision.memory };
    const moved = afterPromotions(unmoved, decision.promotions);
    const look = (frozen: TickView, now: number): readonly Outcome[] =>
      decider.decideStage({ ...frozen, now: epochMs(now) }, stage).outcomes;
    const asked = new Map<string, readonly Outcome[]>();
    const lookOnce = (frozen: TickView, now: number): readonly Outcome[] => {
      const key = `${frozen === moved} ${now}`;
      const known = asked.get(key) ?? look(frozen, now);
      asked.set(key, known);
      return known;
    };
    for (const [i, outcome] of decision.outcomes.entries()) {
      if (outcome._tag === 'Promoted') continue;
      const what = `${outcome.environment}: ${reasonLabel(outcome)}`;
      if (O.isNone(outcome.retryAt)) {
        const ends = view.holds.flatMap(({ expiresAt }) => (O.isSome(expiresAt) ? [expiresAt.value] : []));
        const next = labelOf(schedule, view.now) + schedule.everyMs;
        for (const at of [next, next + 2 * schedule.everyMs, ...ends]) {
          if (at <= view.now) continue;
          this.ensure(
            lookOnce(unmoved, at)[i]?._tag !== 'Promoted',
            'T9',
            () => `${what} has no time to ask again, but time alone changes it at ${at}`,
          );
        }
        continue;
      }
      const retryAt = outcome.retryAt.value;
      for (const at of [view.now + 1, Math.floor((view.now + retryAt) / 2), retryAt - 1]) {
        if (at <= view.now || at >= retryAt) continue;
        this.ensure(
          lookOnce(moved, at)[i]?._tag !== 'Promoted',
          'T9',
          () => `${what} until ${retryAt}, but it is promoted at ${at}`,
        );
      }
      if (['UpToDate', 'NotItsTurn', 'TrainUnderWay'].includes(reasonLabel(outcome))) continue;
      const then = lookOnce(moved, retryAt)[i];
      this.ensure(
        then?._tag === 'Promoted' || then?._tag === 'UpToDate',
        'T9',
        () => `${what} until ${retryAt}, and then ${then === undefined ? 'nothing' : reasonLabel(then)}`,
      );
    }
  }
}
