/**
 * What a tick is decided from, and what comes of it.
 *
 * @module
 */
import type { Catalogue } from '../catalogue.ts';
import type { Hold } from '../hold.ts';
import type { EnvironmentName, StackName, Version } from '../names.ts';
import type { Outcome, PromotedReason } from '../outcome.ts';
import { type EnvironmentPin, environmentPin, type Pins } from '../pins.ts';
import type { ReleasePlan } from '../release-plan.ts';
import type { EpochMs } from '../time.ts';
import type { TrainMemory } from '../train-memory.ts';

/** Everything a tick is decided from. */
export interface TickView {
  readonly plan: ReleasePlan;
  readonly pins: Pins;
  readonly catalogue: Catalogue;
  readonly holds: readonly Hold[];
  readonly memory: TrainMemory;
  readonly now: EpochMs;
}

/** What a tick wants done: move these pins, and tell the nodes. The only kind of effect there is. */
export interface Promotion {
  readonly environment: EnvironmentName;
  readonly version: Version;
  /** The stacks that do not have it. */
  readonly stacks: readonly StackName[];
  /** For the signals, in seconds. */
  readonly splaySeconds: number;
  readonly reason: PromotedReason;
}

/** What was decided. `memory` is the very same value where nothing is to be remembered. */
export interface TickDecision {
  /** One for each environment asked about, in the plan's order. */
  readonly outcomes: readonly Outcome[];
  readonly promotions: readonly Promotion[];
  /** To be stored before the first promotion is carried out. */
  readonly memory: TrainMemory;
}

/** What the pins of `environment` add up to, given the step that may be open there. */
export const pinOf = ({ plan, pins, memory }: TickView, environment: EnvironmentName): EnvironmentPin =>
  environmentPin(plan.stacks, pins, environment, memory.steps.get(environment));
