/**
 * What is counted and drawn of a simulation while it runs.
 *
 * @module
 */
import type { NodeName } from '../../domain/names.ts';
import { type EpochMs, HOUR_MS } from '../../domain/time.ts';
import type { Counts, Gaps } from './simulation-result.ts';

/** Runs on one Chef server over time. */
class Load {
  /** One more or fewer run under way, for each {@link Tally.loadStepMs}. */
  readonly changes: Int32Array;
  /** The same for a fleet spread perfectly. */
  readonly floorChanges: Float64Array;

  constructor(steps: number) {
    this.changes = new Int32Array(steps + 2);
    this.floorChanges = new Float64Array(steps + 2);
  }
}

/** The series of a load, by step of the drawing. */
export interface LoadDrawing {
  readonly runs: readonly number[];
  readonly floor: readonly number[];
}

/** Everything that is counted. Adding is cheap, and does not depend on the order in which things are added. */
export class Tally {
  readonly startsAt: EpochMs;
  readonly lastsMs: number;
  /** The step of everything that is drawn. */
  readonly stepMs: number;
  readonly steps: number;
  /** The finer step in which loads are counted. */
  readonly loadStepMs: number;
  readonly runsByCause = new Map<string, number>();
  readonly faults = new Map<string, number>();
  readonly firings: number[];
  readonly nodeFaults: number[];
  readonly gapsByHour: number[] = [];
  readonly #converged: readonly Int32Array[];
  longestGapMs = 0;
  longestGapOn: NodeName | undefined;
  isLongestGapOpen = false;
  fallbackRuns = 0;
  succeeded = 0;
  failed = 0;
  healed = 0;
  readonly #loads: readonly Load[];
  readonly #loadSteps: number;

  constructor(startsAt: EpochMs, lastsMs: number, stacks: number, environments: number) {
    this.startsAt = startsAt;
    this.lastsMs = lastsMs;
    this.stepMs = drawingStepMs(lastsMs);
    this.steps = Math.ceil(lastsMs / this.stepMs);
    // Far shorter than a run, which counts for every step that it touches; a simulation of years has longer ones.
    this.loadStepMs = Math.max(10_000, Math.ceil(lastsMs / LOAD_STEPS_MAX / 10_000) * 10_000);
    this.#loadSteps = Math.ceil(lastsMs / this.loadStepMs);
    this.#loads = Array.from({ length: stacks }, () => new Load(this.#loadSteps));
    this.firings = new Array<number>(this.steps).fill(0);
    this.nodeFaults = new Array<number>(this.steps).fill(0);
    this.#converged = Array.from({ length: environments }, () => new Int32Array(this.steps));
  }

  runStarted(cause: string): void {
    this.runsByCause.set(cause, (this.runsByCause.get(cause) ?? 0) + 1);
  }

  fallbackFired(at: number): void {
    this.#count(this.firings, at);
  }

  nodeFault(kind: string, at: number): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    this.#count(this.nodeFaults, at);
  }

  sharedFault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  /** From `at` on so many more nodes of an environment, or fewer, are on what they are pinned to. */
  converged(environment: number, at: number, by: number): void {
    const changes = this.#converged[environment];
    if (changes !== undefined) this.#count(changes, at, by);
  }

  /** How many nodes of an environment are on what they are pinned to, at the end of each step. */
  convergence(environment: number): readonly number[] {
    let converged = 0;
    return Array.from(this.#converged[environment] ?? [], (by) => (converged += by));
  }

  /**
   * A run that was under way on `stack` from `from` to `to`.
   *
   * @param isSpread - whether it was told of as owed; one that nothing could have spread lies where it lies.
   */
  ran(stack: number, from: number, to: number, isSpread: boolean): void {
    const load = this.#loads[stack];
    if (load === undefined) return;
    const first = this.#loadStep(from);
    const last = this.#loadStep(to) + 1;
    load.changes[first] = (load.changes[first] ?? 0) + 1;
    load.changes[last] = (load.changes[last] ?? 0) - 1;
    if (isSpread) return;
    load.floorChanges[first] = (load.floorChanges[first] ?? 0) + 1;
    load.floorChanges[last] = (load.floorChanges[last] ?? 0) - 1;
  }

  /**
   * A run that was owed, to be started anywhere between `from` and `to`: it is under way at any moment with the chance of
   * its usual length against that span.
   */
  owed(stack: number, from: number, to: number, usualMs: number, longestMs: number): void {
    const load = this.#loads[stack];
    if (load === undefined) return;
    const first = this.#loadStep(from);
    const last = this.#loadStep(to + longestMs) + 1;
    const share = to - from > usualMs ? usualMs / (to - from) : 1;
    load.floorChanges[first] = (load.floorChanges[first] ?? 0) + share;
    load.floorChanges[last] = (load.floorChanges[last] ?? 0) - share;
  }

  /** A gap between two successes. */
  gap(lengthMs: number, node: NodeName): void {
    const hour = Math.floor(lengthMs / HOUR_MS);
    this.gapsByHour[hour] = (this.gapsByHour[hour] ?? 0) + 1;
    this.#longest(lengthMs, node, false);
  }

  /** The time since a node's last success, at the end: how long the gap becomes, nobody knows. */
  openGap(lengthMs: number, node: NodeName): void {
    this.#longest(lengthMs, node, true);
  }

  /** The load of one stack, as it is drawn: of each step the most. */
  load(stack: number): LoadDrawing {
    const runs = new Array<number>(this.steps).fill(0);
    const floor = new Array<number>(this.steps).fill(0);
    this.eachLoadStep(stack, (at, underWay, perfect) => {
      const step = Math.min(Math.floor(at / this.stepMs), this.steps - 1);
      runs[step] = Math.max(runs[step] ?? 0, underWay);
      floor[step] = Math.max(floor[step] ?? 0, Math.round(perfect * 100) / 100);
    });
    return { runs, floor };
  }

  /** What happened on the nodes, counted. */
  counts(): Omit<Counts, 'ticks' | 'promotions' | 'signals'> {
    return {
      runsByCause: Object.fromEntries(this.runsByCause),
      fallbackRuns: this.fallbackRuns,
      succeeded: this.succeeded,
      failed: this.failed,
      healed: this.healed,
      faults: Object.fromEntries(this.faults),
    };
  }

  /** The gaps between successes, and the longest of them and of those still open. */
  gaps(): Omit<Gaps, 'windowMs'> {
    const byHour = Array.from({ length: this.gapsByHour.length }, (_, hour) => this.gapsByHour[hour] ?? 0);
    const isLongestOpen = this.isLongestGapOpen;
    return { byHour, longestMs: this.longestGapMs, longestOn: this.longestGapOn, isLongestOpen };
  }

  /** Goes through the load of one stack in its fine steps; `at` counts from the start. */
  eachLoadStep(stack: number, see: (at: number, runs: number, floor: number) => void): void {
    const load = this.#loads[stack];
    if (load === undefined) return;
    let runs = 0;
    let floor = 0;
    for (let step = 0; step < this.#loadSteps; step++) {
      runs += load.changes[step] ?? 0;
      floor += load.floorChanges[step] ?? 0;
      see(step * this.loadStepMs, runs, floor);
    }
  }

  #longest(lengthMs: number, node: NodeName, isOpen: boolean): void {
    if (lengthMs <= this.longestGapMs) return;
    this.longestGapMs = lengthMs;
    this.longestGapOn = node;
    this.isLongestGapOpen = isOpen;
  }

  #loadStep(at: number): number {
    const step = Math.floor((at - this.startsAt) / this.loadStepMs);
    return Math.max(0, Math.min(step, this.#loadSteps));
  }

  #count(series: number[] | Int32Array, at: number, by = 1): void {
    const step = Math.min(Math.floor((at - this.startsAt) / this.stepMs), this.steps - 1);
    series[step] = (series[step] ?? 0) + by;
  }
}

const STEPS_MAX = 1_000;
/** Of each stack that is 48 MB. */
const LOAD_STEPS_MAX = 4_000_000;
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080].map((minutes) => minutes * 60_000);

/** The shortest step that a person would choose of which no more than a thousand are drawn. */
const drawingStepMs = (lastsMs: number): number =>
  STEPS_MS.find((stepMs) => lastsMs / stepMs <= STEPS_MAX) ?? Math.ceil(lastsMs / STEPS_MAX);
