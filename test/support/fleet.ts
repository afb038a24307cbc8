/**
 * A whole plan in memory: stacks with pins that can fail or fall silent, a catalogue, holds, a clock that can be set
 * back, and a control state that is written by compare-and-swap. It ticks as the Librarian does: stage by stage, the
 * memory before the effects, the pins read again after them. It knows no law; train-oracle.ts does.
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { type Artifact, catalogueOf } from '../../src/domain/catalogue.ts';
import type { Hold } from '../../src/domain/hold.ts';
import type { Intervention, InterventionRefusal } from '../../src/domain/intervention.ts';
import type { EnvironmentName, StackName, Version } from '../../src/domain/names.ts';
import type { Pins } from '../../src/domain/pins.ts';
import { environmentsOf, type ReleasePlan, type Stage } from '../../src/domain/release-plan.ts';
import { decideStage, type Promotion, resumeByHand, type TickDecision, type TickView } from '../../src/domain/tick.ts';
import { type EpochMs, epochMs, plus } from '../../src/domain/time.ts';
import { EMPTY_MEMORY, type TrainMemory } from '../../src/domain/train-memory.ts';

/** What decides. Another than {@link GENUINE} is a control: a decision that lacks one of its safeties. */
export interface Decider {
  readonly decideStage: (view: TickView, stage: Stage) => TickDecision;
  readonly resumeByHand: (view: TickView) => TickDecision;
}

/** The decision that is under test. */
export const GENUINE: Decider = { decideStage, resumeByHand };

/** How a Librarian goes about its writes. Another than {@link CAREFUL} is a control. */
export interface Discipline {
  /** Whether the control state must be what was read: before every stage, only when the memory changes, or never. */
  readonly compares: 'always' | 'when the memory changes' | 'never';
  readonly memory: 'before the effects' | 'after the effects';
}

/** How a Librarian has to go about it (laws L4 and T7). */
export const CAREFUL: Discipline = { compares: 'always', memory: 'before the effects' };

/** One attempt to move one pin. */
export interface Effect {
  readonly environment: EnvironmentName;
  readonly stack: StackName;
  readonly version: Version;
  readonly succeeded: boolean;
}

/** One decision whose memory landed, with what came of it. */
export interface StageTick {
  /** None: the environments that only people promote. */
  readonly stage: Stage | undefined;
  readonly view: TickView;
  readonly decision: TickDecision;
  /** What the stacks were really pinned to when the effects began. */
  readonly before: Pins;
  readonly effects: readonly Effect[];
  readonly after: Pins;
}

/** What one tick did. */
export interface TickReport {
  readonly stages: readonly StageTick[];
  /** How often it was overtaken by another Librarian and began again. */
  readonly conflicts: number;
  readonly crashed: boolean;
}

/** What goes wrong in a tick. */
export interface TickTrouble {
  /** Promotions on these stacks fail, although they can be read. */
  readonly failing: ReadonlySet<StackName>;
  /** The Librarian dies in this stage, counted from 0, after so many effects. */
  readonly crash: { readonly stage: number; readonly effects: number } | undefined;
}

/** Nothing goes wrong. */
export const NO_TROUBLE: TickTrouble = { failing: new Set(), crash: undefined };

/** What a Librarian has read, and the revision of the control state that it goes with. */
export interface Snapshot {
  readonly view: TickView;
  readonly revision: number;
}

/** Monday, a full hour. */
export const FLEET_START = epochMs(Date.UTC(2025, 6, 28, 2, 0));

const REREADS_MAX = 10;

/** Everything about one plan that is not code. */
export class Fleet {
  plan: ReleasePlan;
  /** What the stacks are really pinned to. */
  readonly truth = new Map<EnvironmentName, Map<StackName, O.Option<Version>>>();
  readonly artifacts = new Map<Version, Artifact>();
  holds: readonly Hold[] = [];
  memory: TrainMemory = EMPTY_MEMORY;
  /** Of the control state: memory, holds and rejections are one document. */
  revision = 0;
  /** These stacks answer nothing and take nothing. */
  down: ReadonlySet<StackName> = new Set();
  /** Single pins that cannot be read, as `environment stack`. */
  blind: ReadonlySet<string> = new Set();
  /** What the clock on the wall shows. */
  now: EpochMs = FLEET_START;
  /** How much time has really passed, in milliseconds; a clock that is set back does not turn it back. */
  elapsedMs = 0;
  readonly decider: Decider;
  readonly discipline: Discipline;

  constructor(
    plan: ReleasePlan,
    start: ReadonlyMap<EnvironmentName, Version>,
    decider: Decider = GENUINE,
    discipline: Discipline = CAREFUL,
  ) {
    this.plan = plan;
    this.decider = decider;
    this.discipline = discipline;
    for (const environment of environmentsOf(plan)) this.addEnvironment(environment, start.get(environment));
  }

  addEnvironment(environment: EnvironmentName, version: Version | undefined): void {
    this.truth.set(environment, new Map(this.plan.stacks.map((stack) => [stack, O.fromNullable(version)])));
  }

  advance(durationMs: number): void {
    this.now = plus(this.now, durationMs);
    this.elapsedMs += durationMs;
  }

  setBack(durationMs: number): void {
    this.now = plus(this.now, -durationMs);
  }

  pin(environment: EnvironmentName, stack: StackName): O.Option<Version> {
    return this.truth.get(environment)?.get(stack) ?? O.none;
  }

  setPin(environment: EnvironmentName, stack: StackName, version: Version): void {
    this.truth.get(environment)?.set(stack, O.some(version));
  }

  readPins(): Pins {
    return new Map(
      [...this.truth].map(([environment, pins]) => [
        environment,
        new Map([...pins].filter(([stack]) => !this.down.has(stack) && !this.blind.has(`${environment} ${stack}`))),
      ]),
    );
  }

  copyOfTruth(): Pins {
    return new Map([...this.truth].map(([environment, pins]) => [environment, new Map(pins)]));
  }

  snapshot(): Snapshot {
    const { plan, holds, memory, now, revision } = this;
    const catalogue = catalogueOf(plan.stacks, [...this.artifacts.values()]);
    return { view: { plan, pins: this.readPins(), catalogue, holds, memory, now }, revision };
  }

  /** Changes what stands in the control state beside the memory. */
  change(change: () => void): void {
    change();
    this.revision++;
  }

  private perform(
    promotions: readonly Pick<Promotion, 'environment' | 'version' | 'stacks'>[],
    failing: ReadonlySet<StackName>,
    effectsMax = Infinity,
  ): readonly Effect[] {
    const wanted = promotions.flatMap(({ environment, version, stacks }) =>
      stacks.map((stack) => ({ environment, stack, version })),
    );
    return wanted.slice(0, effectsMax).map(({ environment, stack, version }) => {
      const succeeded = !this.down.has(stack) && !failing.has(stack);
      if (succeeded) this.setPin(environment, stack, version);
      return { environment, stack, version, succeeded };
    });
  }

  private attempt(from: Snapshot, { failing, crash }: TickTrouble): Omit<TickReport, 'conflicts'> | undefined {
    let { view, revision } = from;
    const stages: StageTick[] = [];
    for (const [i, stage] of [...view.plan.stages, undefined].entries()) {
      const decision = stage === undefined ? this.decider.resumeByHand(view) : this.decider.decideStage(view, stage);
      const isChanged = decision.memory !== view.memory;
      const compares = this.discipline.compares === 'always' || (this.discipline.compares !== 'never' && isChanged);
      if (compares && revision !== this.revision) return undefined;
      const remember = () => {
        if (!isChanged) return;
        this.memory = decision.memory;
        revision = ++this.revision;
      };
      const isMemoryFirst = this.discipline.memory === 'before the effects';
      if (isMemoryFirst) remember();
      const crashed = crash?.stage === i;
      const before = this.copyOfTruth();
      const effects = this.perform(decision.promotions, failing, crashed ? crash.effects : Infinity);
      stages.push({ stage, view, decision, before, effects, after: this.copyOfTruth() });
      if (crashed) return { stages, crashed };
      if (!isMemoryFirst) remember();
      view = { ...view, pins: this.readPins(), memory: decision.memory };
    }
    return { stages, crashed: false };
  }

  /** Ticks once, beginning from what was read earlier where `from` is given. */
  tick(trouble: TickTrouble = NO_TROUBLE, from: Snapshot = this.snapshot()): TickReport {
    let snapshot = from;
    for (let conflicts = 0; conflicts < REREADS_MAX; conflicts++) {
      const done = this.attempt(snapshot, trouble);
      if (done !== undefined) return { ...done, conflicts };
      snapshot = this.snapshot();
    }
    throw new Error('a tick without a rival conflicts for ever');
  }

  /** Carries out what a person asks for, and the rejections that go with it. */
  intervene(
    decideOn: (view: TickView) => E.Either<InterventionRefusal, Intervention>,
    failing: ReadonlySet<StackName> = new Set(),
  ): E.Either<InterventionRefusal, Intervention & { readonly effects: readonly Effect[] }> {
    const decided = decideOn(this.snapshot().view);
    if (E.isLeft(decided)) return decided;
    const { memory, promotions, rejected } = decided.right;
    if (memory !== this.memory || rejected.length > 0) {
      this.change(() => {
        this.memory = memory;
        for (const version of rejected) this.reject(version);
      });
    }
    return E.right({ ...decided.right, effects: this.perform(promotions, failing) });
  }

  reject(version: Version): void {
    const artifact = this.artifacts.get(version);
    if (artifact !== undefined) this.artifacts.set(version, { ...artifact, rejected: true });
  }
}
