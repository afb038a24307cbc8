/**
 * The fallback of one node: the shipped firing, looked at by a cron job.
 *
 * @module
 */
import { defaultFallbackPolicy, type FallbackPolicy } from '../../domain/fallback.ts';
import type { FallbackRecord } from '../../domain/fallback-record.ts';
import type { LastRun } from '../../domain/last-run.ts';
import type { NodeName } from '../../domain/names.ts';
import type { RunEnd } from '../../domain/run-outcome.ts';
import { type EpochMs, epochMs, SECOND_MS } from '../../domain/time.ts';
import type { ProcessOutcome } from '../../ports/process-runner.ts';
import type { Firing } from '../fallback/firing.ts';
import { LOCK_HELD } from './chef-client.ts';
import type { Machine } from './machine.ts';
import type { FallbackSettings } from './scenario.ts';
import { TRACED } from './trace.ts';

const outcomeOfEnd = (end: RunEnd): ProcessOutcome =>
  end._tag === 'Exited'
    ? { _tag: 'Exited', code: end.code, outputTail: '' }
    : { _tag: 'Stopped', cause: 'TimeLimit', outputTail: '' };

/** The fallback of one node. */
export class SimulatedFallback {
  /** When it looks next, by its cron job or after its wait; `Infinity` while its run is under way. */
  nextAt: number;
  readonly #machine: Machine;
  readonly #policy: FallbackPolicy;
  readonly #everyMs: number;
  /** Told when its record has changed, in the place where the Summoner notices it. */
  readonly #onRecorded: (at: EpochMs) => void;
  #firing: Firing | undefined;

  constructor(machine: Machine, node: NodeName, settings: FallbackSettings, onRecorded: (at: EpochMs) => void) {
    const { thresholdSeconds, retryIntervalSeconds, splaySeconds, everyMs } = settings;
    this.#machine = machine;
    this.#policy = { ...defaultFallbackPolicy(node), thresholdSeconds, retryIntervalSeconds, splaySeconds };
    this.#everyMs = everyMs;
    this.#onRecorded = onRecorded;
    this.nextAt = this.#nextCron(machine.world.scenario.startsAt);
  }

  /** Looks, because it is time to. */
  look(at: EpochMs): void {
    const { world, disk, trace } = this.#machine;
    const { fallback } = world.programs;
    const lastRun = disk.lastRun();
    const record = fallback.recordInForce(disk.record, disk.spareRecord);
    const look = fallback.lookOf(this.#policy, lastRun, record, this.#machine.clockAt(at));
    this.#machine.watch.fallbackLooked(at, look.decision._tag === 'Fire');
    if (this.#firing?.order === 'Wait') {
      this.#carryOut(fallback.afterDelay(this.#firing, look), at);
      return;
    }
    // Before the clock catches up with what lies ahead of it, which may be while a firing waits.
    if (look.isNews) this.#record(look.own, at);
    if (look.decision._tag === 'Wait') {
      const retryAt = Math.min(this.#machine.realTime(look.decision.retryAt), this.#noticesAt(lastRun, at));
      this.nextAt = this.#nextCron(Math.max(world.mode === 'poll' ? at : retryAt, at + 1));
      return;
    }
    const { delaySeconds } = look.decision;
    trace.add(TRACED.fired, at, delaySeconds);
    this.#machine.owed(at, at + this.#policy.splaySeconds * SECOND_MS);
    this.#firing = fallback.firingOf(look.decision);
    this.nextAt = at + delaySeconds * SECOND_MS;
  }

  /** Its run has ended. */
  runEnded(end: RunEnd, isSuccess: boolean, at: EpochMs): void {
    const { world, watch } = this.#machine;
    if (this.#firing?.order !== 'Run') return;
    const next = world.programs.fallback.afterRun(this.#firing, outcomeOfEnd(end), this.#machine.clockAt(at));
    // A client that upgraded itself is run once more: no end yet.
    if (next.order !== 'Run') watch.fallbackEnded(at, isSuccess);
    this.#carryOut(next, at);
  }

  /** What it goes by has changed otherwise than it could foresee: it looks at its next cron from `at` on. */
  recheck(at: number): void {
    if (this.#firing !== undefined || this.#machine.world.mode === 'poll') return;
    this.nextAt = Math.min(this.nextAt, Math.max(this.#nextCron(at), this.#machine.awayUntil));
  }

  /** The machine is off until then; a firing dies with it. */
  powerOff(backAt: number): void {
    this.#firing = undefined;
    this.nextAt = this.#nextCron(backAt);
  }

  /** The machine stands still until then. */
  suspend(backAt: number): void {
    if (this.nextAt === Infinity) return;
    this.nextAt = Math.max(this.nextAt, this.#firing === undefined ? this.#nextCron(backAt) : backAt);
  }

  /** The machine's clock was set. */
  clockSet(at: EpochMs): void {
    if (this.#firing === undefined) this.nextAt = this.#nextCron(at + 1);
  }

  /** From when on it would notice that the Summoner's success lies ahead of the clock; before, it lies too far ahead. */
  #noticesAt(lastRun: LastRun, at: EpochMs): number {
    if (lastRun._tag !== 'Succeeded') return Infinity;
    const clock = epochMs((lastRun.epochSeconds - this.#policy.thresholdSeconds + 1) * SECOND_MS);
    const noticesAt = this.#machine.realTime(clock);
    return noticesAt > at ? noticesAt : Infinity;
  }

  /** The first look of its cron job at or after `at`. */
  #nextCron(at: number): number {
    const { offsetMs } = this.#machine;
    return Math.ceil((at + offsetMs) / this.#everyMs) * this.#everyMs - offsetMs;
  }

  /** Carries out the orders of a firing until it waits, or is over. */
  #carryOut(ordering: Firing, at: EpochMs): void {
    const { world, trace } = this.#machine;
    const { fallback } = world.programs;
    let firing = ordering;
    for (;;) {
      switch (firing.order) {
        case 'Wait':
          this.#firing = firing;
          return;
        case 'Record':
          this.#record(firing.own, at);
          firing = fallback.afterRecording(firing);
          break;
        case 'Run':
          if (this.#start(firing.runs, at)) {
            this.#firing = firing;
            this.nextAt = Infinity;
            return;
          }
          firing = fallback.afterRun(firing, outcomeOfEnd(LOCK_HELD), this.#machine.clockAt(at));
          break;
        case 'Leave':
          if (firing.look.isNews) this.#record(firing.look.own, at);
          trace.add(TRACED.healedMeanwhile, at, 0);
          this.#over(at);
          return;
        case 'Done':
          this.#over(at);
          return;
      }
    }
  }

  #record(record: FallbackRecord, at: EpochMs): void {
    const { disk } = this.#machine;
    const before = disk.record;
    disk.writeRecord(record, at);
    if (disk.record !== before) this.#onRecorded(at);
  }

  /** Whether chef-client could be started: not while somebody else runs it. */
  #start(runs: number, at: EpochMs): boolean {
    const { world, watch, chef } = this.#machine;
    if (runs === 0) watch.fallbackStarts(at);
    world.tally.fallbackRuns++;
    world.tally.fallbackFired(at);
    if (chef.run === undefined) {
      this.#machine.startChef('fallback', undefined, at);
      return true;
    }
    watch.fallbackEnded(at, false);
    return false;
  }

  #over(at: EpochMs): void {
    this.#firing = undefined;
    this.nextAt = this.#nextCron(at + 1);
  }
}
