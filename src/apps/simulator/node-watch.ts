/**
 * The watch over one node: keeps, from what the node was shown and did, what the laws promise of it, and calls out where
 * it breaks one. It knows nothing of how the laws are kept.
 *
 * Instants are those of real time; what the node's own clock says is told beside them.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Version } from '../../domain/names.ts';
import type { Asked } from '../../domain/node-request.ts';
import type { NodeState, Running } from '../../domain/node-state.ts';
import { runOutcomeOf } from '../../domain/run-outcome.ts';
import type { Observation, SummonerEvent, SummonerPolicy, SummonerState } from '../../domain/summoner.ts';
import type { Signal } from '../../domain/signal.ts';
import { compareTimestamps, type EpochMs, plus, SECOND_MS } from '../../domain/time.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../../domain/fallback-record.ts';
import { FallbackWatch, seconds, SLACK_MS } from './fallback-watch.ts';
import { installedAt } from './installed.ts';
import type { Place } from './place.ts';
import { RequestWatch } from './request-watch.ts';
import { RunNowWatch } from './run-now-watch.ts';
import type { Scenario } from './scenario.ts';
import type { Violations } from './violations.ts';

/** What lies ahead of the clock by no more is believed by the fallback. */
const TOLERANCE_MS = CLOCK_TOLERANCE_SECONDS * SECOND_MS;

/** What is known of a version that the node was told to bring. */
interface Wanted {
  readonly version: Version;
  /** When the run has to be started at the latest, unless something comes between. */
  readonly startsBefore: number;
  /** Runs that were to bring it. */
  readonly runs: number;
  /** Those of them that were started for it. */
  readonly attempts: number;
}

const afterStart = (wanted: Wanted, { cause, version }: Running): Wanted => {
  if (O.isNone(version) || version.value !== wanted.version) return wanted;
  const attempts = wanted.attempts + (cause._tag === 'NewVersion' ? 1 : 0);
  return { ...wanted, runs: wanted.runs + 1, attempts };
};

/** Told where in the splay of a version a node put its start, 0 … 1. */
export type SplayDrawn = (at: EpochMs, version: Version, position: number) => void;

/** The promises made to one node. */
export class NodeWatch {
  readonly #policy: SummonerPolicy;
  readonly #place: Place;
  readonly #fallback: FallbackWatch | undefined;
  readonly #thresholdMs: number;
  /** None before the first run request. */
  #requests: RequestWatch | undefined;
  readonly #runNow: RunNowWatch;
  readonly #violations: Violations;
  readonly #drew: SplayDrawn;
  /** The last success that somebody on the node could record. */
  #recordedAt: number;
  /** A run has to be started by then. */
  #dueBy: number;
  /** The records on the disk, or the clock they were written by, are not to be trusted before the next success. */
  #areRecordsDoubtful = false;
  /** Nothing can be recorded before. */
  #unrecordedUntil = -Infinity;
  /** What was written before a clock was set back looks as though it had been written later, and at the latest then. */
  #recordsAheadUntil = -Infinity;
  /** The fallback has looked at them while they did, and will not be deceived. */
  #areRecordsSeenAhead = false;
  /** The fallback may not know of its last attempt: by its clock that has not been yet, or what it wrote is gone. */
  #isAttemptDoubtful = false;
  /** The fallback wrote its record where a power cut takes it. */
  #isRecordSpared = false;
  #isAlive = true;
  /** Nothing has gone wrong on the node since the last success. */
  #isHealthy: boolean;
  #believed: O.Option<Version>;
  #tried: O.Option<Version> = O.none;
  #wanted: Wanted | undefined;
  #disabledUntil = -Infinity;
  /** Even the floor is disabled until then. */
  #floorHeldUntil = -Infinity;
  /** What was wanted while disabled has not been given its start after that. */
  #isHeldBack = false;
  #interruptions = 0;
  /** What lies under the key is seen within `poll_idle` of then at the latest. */
  #looksFrom = -Infinity;

  constructor(policy: SummonerPolicy, place: Place, scenario: Scenario, violations: Violations, drew: SplayDrawn) {
    this.#policy = policy;
    this.#drew = drew;
    this.#place = place;
    const { fallback } = scenario;
    this.#fallback = fallback && new FallbackWatch(fallback, this.#breaks.bind(this));
    this.#runNow = new RunNowWatch(policy.attemptsMax, this.#breaks.bind(this));
    this.#thresholdMs = (fallback?.thresholdSeconds ?? 0) * SECOND_MS;
    this.#violations = violations;
    this.#believed = O.fromNullable(installedAt(scenario, place));
    const isNew = O.isNone(this.#believed);
    this.#recordedAt = isNew ? -Infinity : scenario.startsAt;
    this.#dueBy = scenario.startsAt + (isNew ? policy.catchUpSplaySeconds * SECOND_MS : policy.windowMs);
    this.#recordSuccess(scenario.startsAt);
    // A node that never ran is for both to run, whoever comes first (law F1).
    this.#isHealthy = !isNew;
    if (isNew) {
      this.#dueBy = scenario.startsAt + policy.catchUpSplaySeconds * SECOND_MS;
      this.#recordedAt = -Infinity;
    }
  }

  /** Something was decided. */
  decided(at: EpochMs, offsetMs: number, event: SummonerEvent, before: NodeState, { node }: SummonerState): void {
    if (node === before) return;
    if (O.isSome(node.accepted) && node.accepted !== before.accepted) this.#accepted(at, offsetMs, event, before, node);
    this.#pendingChanged(at, offsetMs, event, before, node);
    const succeeded = event._tag === 'RunEnded' && runOutcomeOf(event.end)._tag === 'Succeeded';
    if (node.applied !== before.applied && !succeeded) {
      this.#breaks('N7', at, 'the applied version changed without a run that succeeded');
    }
    const isDoubtful = this.#areRecordsDoubtful || at <= this.#recordsAheadUntil + SLACK_MS;
    if (node.lastSuccess !== before.lastSuccess && O.isSome(node.lastSuccess) && !isDoubtful) {
      const earlyMs = node.lastSuccess.value - offsetMs - this.#recordedAt;
      if (earlyMs > SLACK_MS) this.#breaks('N7', at, 'the last success moved without a run that succeeded');
    }
  }

  /**
   * The agent looked at the bus.
   *
   * @param nextAt - when it means to look again.
   */
  looked(at: EpochMs, observation: Observation, nextAt: number): void {
    if (observation._tag === 'Fresh') this.#seesInTime(at);
    // Whoever gets no answer waits longer; and what was seen once is looked at again for other reasons.
    this.#looksFrom = observation._tag === 'Unavailable' ? nextAt : at;
  }

  /** A run is about to be started. */
  starts(at: EpochMs, running: Running, stored: NodeState | undefined, isOtherUnderWay: boolean): void {
    if (isOtherUnderWay) this.#breaks('N13', at, 'a run was started while another of the Summoner was under way');
    if (stored !== undefined && O.isNone(stored.running)) {
      this.#breaks('N8', at, 'a run was started before the state that says so was stored');
    }
    this.#startsInTime(at);
    const { cause } = running;
    if (this.#requests !== undefined) this.#requests.starts(at, running);
    else if (cause._tag === 'Request')
      this.#breaks('N11', at, `a run was started for ${cause.id}, which nobody asked for`);
    if (cause._tag === 'NewVersion' || cause._tag === 'Request') {
      if (at < this.#disabledUntil) this.#breaks('N10', at, `a run for ${cause._tag} was started while disabled`);
    }
    if (cause._tag === 'Floor' && at < this.#floorHeldUntil) {
      this.#breaks('N10', at, 'the floor ran although it was disabled too');
    }
    this.#runNow.starts(at, cause);
    this.#startsWhatIsWanted(at);
    if (cause._tag === 'NewVersion') this.#startsNewVersion(at, cause.version);
    const earlyMs = this.#recordedAt + this.#policy.windowMs - this.#policy.leadMs - at;
    // A success that lay in the future was none when the floor was given its start.
    const { catchUpSplaySeconds, backoff } = this.#policy;
    const doubtfulUntil = this.#recordsAheadUntil + catchUpSplaySeconds * SECOND_MS + backoff.capMs;
    const isDoubtful = this.#areRecordsDoubtful || at <= doubtfulUntil;
    if (cause._tag === 'Floor' && !isDoubtful && earlyMs > SLACK_MS) {
      this.#breaks(
        'N6',
        at,
        `the floor ran ${seconds(earlyMs)} before its lead, counted from the last success on record`,
      );
    }
    this.#wanted = this.#wanted && afterStart(this.#wanted, running);
    const isBack =
      O.isSome(running.version) && O.isSome(this.#believed) && running.version.value === this.#believed.value;
    if (O.isSome(running.version) && !isBack) this.#tried = running.version;
  }

  #startsNewVersion(at: EpochMs, version: Version): void {
    if (this.#isApplied(version)) this.#breaks('N1', at, `${version} is applied, and a run was started for it`);
    if (!this.#place.everPinned.has(version)) {
      this.#breaks('L1', at, `a run was started for ${version}, to which its environment was never pinned`);
    }
    const wanted = this.#wanted;
    if (wanted?.version !== version) return;
    if (wanted.attempts >= this.#policy.attemptsMax + this.#interruptions) {
      this.#breaks('N7', at, `attempt ${wanted.attempts + 1} at ${version}, of ${this.#policy.attemptsMax} allowed`);
    }
  }

  /** What was wanted is started in time, whether by a run for it or by another that brings it. */
  #startsWhatIsWanted(at: EpochMs): void {
    const wanted = this.#wanted;
    if (wanted === undefined || wanted.runs > 0 || at <= wanted.startsBefore + SLACK_MS) return;
    this.#breaks(
      'N2',
      at,
      `no run for ${wanted.version} was started for ${seconds(at - wanted.startsBefore)} after its splay`,
    );
    this.#wanted = { ...wanted, startsBefore: Infinity };
  }

  /** A run of the Summoner ended, and it could take that in. */
  ended(at: EpochMs, running: Running, isSuccess: boolean): void {
    this.#waitFor(at);
    this.#runNow.ended(at >= this.#unrecordedUntil);
    if (isSuccess) {
      if (O.isSome(running.version)) {
        this.#believed = running.version;
        this.#tried = O.none;
        if (this.#wanted?.version === running.version.value) this.#wanted = undefined;
      } else this.#tried = O.none;
      this.#recordSuccess(at);
      this.#requests?.ranFor(running.requests, !this.#areRecordsDoubtful);
      return;
    }
    this.#failed(at);
    const wanted = this.#wanted;
    const isOfWanted = O.isSome(running.version) && wanted?.version === running.version.value;
    // It may have been started before a signal named its version.
    if (wanted !== undefined && isOfWanted) this.#wanted = { ...wanted, runs: wanted.runs + 1 };
  }

  /** The run under way hangs. */
  hangs(): void {
    this.#isHealthy = false;
  }

  /** The fallback is about to run chef-client. */
  fallbackStarts(at: EpochMs): void {
    if (this.#isHealthy) this.#breaks('F2', at, 'the fallback ran on a healthy node');
    this.#fallback?.starts(at, this.#areRecordsDoubtful ? undefined : this.#recordedAt, !this.#isAttemptDoubtful);
    this.#isAttemptDoubtful = false;
    this.#isRecordSpared = at < this.#unrecordedUntil;
  }

  /**
   * The fallback looks at the records.
   *
   * @param isDue - it finds that a run is due: by these records it is until somebody succeeds.
   */
  fallbackLooked(at: EpochMs, isDue: boolean): void {
    if (isDue && !this.#isAlive) this.#fallback?.isDue(at);
    const aheadMs = this.#recordsAheadUntil - at;
    if (aheadMs > TOLERANCE_MS + SLACK_MS && aheadMs < this.#thresholdMs - SLACK_MS) this.#areRecordsSeenAhead = true;
  }

  /** The fallback has run chef-client, twice where the first run upgraded it. */
  fallbackEnded(at: EpochMs, isSuccess: boolean): void {
    this.#fallback?.ended(at, isSuccess);
    this.#isRecordSpared = at < this.#unrecordedUntil;
    if (isSuccess) this.#recordSuccess(at);
    else this.#failed(at);
  }

  /** A run of the fallback's was cut short together with the fallback. */
  fallbackCutShort(at: EpochMs): void {
    this.#fallback?.cutShort(at);
    this.#failed(at);
  }

  /** The agent died, and with it what it knew of a run under way. */
  died(at: EpochMs, backAt: number): void {
    this.#isAlive = false;
    this.#isHealthy = false;
    this.#interruptions++;
    const { backoff } = this.#policy;
    const dead = Number.isFinite(backAt) ? backAt : at;
    this.#runNow.died(at, dead);
    this.#postpone(dead + backoff.capMs);
    this.#waitFor(dead);
    if (!Number.isFinite(backAt)) this.#dueBy = Infinity;
  }

  /**
   * The agent is back.
   *
   * @param isNew - nothing on the disk tells it of a success of this node: it is one that never ran.
   */
  booted(at: EpochMs, isNew: boolean): void {
    this.#isAlive = true;
    this.#runNow.back();
    this.#fallback?.mayHaveSucceeded(this.#recordedAt);
    this.#looksFrom = at;
    this.#waitFor(at);
    if (this.#dueBy === Infinity) this.#dueBy = this.#recordedAt + this.#policy.windowMs;
    // A run that was cut short with the last agent is tried again, at the cap at the latest.
    const soon = at + Math.max(this.#policy.catchUpSplaySeconds * SECOND_MS, this.#policy.backoff.capMs);
    if (isNew) this.#dueBy = soon;
    else this.#postpone(soon);
  }

  /** It took up the run that was under way when the last agent went: nothing was cut short. */
  tookUp(): void {
    this.#interruptions = Math.max(this.#interruptions - 1, 0);
    this.#runNow.tookUp();
  }

  /** The machine stands still until `until`, or is off. */
  stoodStill(until: number): void {
    this.#isHealthy = false;
    if (this.#isRecordSpared) {
      this.#isAttemptDoubtful = true;
      this.#areRecordsSeenAhead = false;
    }
    this.#looksFrom = Math.max(this.#looksFrom, until);
    this.#postpone(until + this.#policy.catchUpSplaySeconds * SECOND_MS + this.#policy.backoff.capMs);
    this.#fallback?.postpone(until);
    this.#waitFor(until);
  }

  /** Nothing can be written to the disk until then. */
  diskFull(at: EpochMs, until: number): void {
    this.#unrecordedUntil = until;
    this.#doubtRecords(at);
  }

  /** What is on the disk is lost, and with it what people told the node. */
  recordsLost(at: EpochMs): void {
    this.#disabledUntil = -Infinity;
    this.#floorHeldUntil = -Infinity;
    this.#runNow.forgotten();
    this.#doubtRecords(at);
    // What is left is the fallback's record, and of that nobody remembers any more that another clock wrote it.
    this.#postpone(this.#recordsAheadUntil + this.#policy.windowMs);
  }

  /** The clock was set, which everything on the disk was written by. */
  clockSet(at: EpochMs, byMs: number): void {
    this.#looksFrom = Math.max(this.#looksFrom, at);
    this.#isAttemptDoubtful = true;
    this.#areRecordsSeenAhead = false;
    this.#doubtRecords(at);
    // Its cron job goes by the same clock.
    this.#fallback?.postpone(at);
    if (byMs >= 0) {
      // What lay far ahead of the clock may be good again.
      this.#fallback?.mayHaveSucceeded(this.#recordedAt);
      // Of a clock that is set while it is away the agent knows nothing: what people told it ends by that clock.
      if (!this.#isAlive) {
        this.#disabledUntil -= byMs;
        this.#floorHeldUntil -= byMs;
      }
      return;
    }
    this.#recordsAheadUntil = Math.max(this.#recordsAheadUntil, at) - byMs;
    // A Summoner that lives takes its record along; the fallback's own looks fresh once the clock has caught up with it.
    if (this.#isAlive) this.#fallback?.mayHaveSucceeded(this.#recordsAheadUntil);
    // However far it was set back: a success that lies in the future is none, so the window is open once more at most.
    const lastDue = at + Math.max(this.#policy.windowMs, this.#thresholdMs) + this.#policy.clockToleranceMs;
    const dueBy = Math.max(this.#dueBy, this.#afterHeldFloor());
    this.#postpone(Math.min(Math.min(dueBy, this.#fallback?.dueBy ?? Infinity) - byMs, lastDue));
    // An attempt on record looks fresh once more as well.
    this.#fallback?.attemptLooksLater(-byMs, lastDue);
  }

  /** The agent hears what people on the node have asked for; from now on it counts. */
  asked(at: EpochMs, offsetMs: number, { switched, runNow }: Asked): void {
    if (O.isSome(switched)) {
      if (switched.value._tag === 'Enable') this.#enabled(at);
      else {
        const { until, floorToo } = switched.value.disabling;
        this.#disabled(at, until - offsetMs, floorToo);
      }
    }
    if (runNow) this.#runNow.asked(at < this.#disabledUntil ? Infinity : at);
  }

  #disabled(at: EpochMs, until: number, floorToo: boolean): void {
    this.#isHeldBack = true;
    this.#requests?.waitFor(Infinity);
    this.#runNow.waitFor(Infinity);
    this.#disabledUntil = until;
    this.#isHealthy = false;
    this.#wanted = undefined;
    if (floorToo) this.#floorHeldUntil = until;
    else this.#floorEnabled(at);
  }

  #enabled(at: EpochMs): void {
    this.#disabledUntil = Math.min(this.#disabledUntil, at);
    this.#floorEnabled(at);
  }

  #floorEnabled(at: EpochMs): void {
    this.#floorHeldUntil = Math.min(this.#floorHeldUntil, at);
  }

  /**
   * The scenario is over.
   *
   * @param isUp - nothing keeps the machine from running, and it does not run just now.
   * @param clock - what the node's own clock says.
   * @param known - what the agent knows of the bus.
   */
  over(at: EpochMs, isUp: boolean, clock: EpochMs, known: string | undefined): void {
    if (!isUp) return;
    this.#startsInTime(at);
    if (!this.#isAlive) return;
    this.#startsWhatIsWanted(at);
    this.#runNow.inTime(at);
    this.#requests?.inTime(at, clock);
    if (this.#place.busMode === 'well' && !this.#place.isQuietFor(known)) this.#seesInTime(at);
  }

  #seesInTime(at: EpochMs): void {
    const unseenMs = at - Math.max(this.#looksFrom, this.#place.changedAt);
    if (unseenMs <= this.#policy.pollIdleMs + SLACK_MS) return;
    this.#breaks('N15', at, `a signal lay under the key for ${seconds(unseenMs)} before it was looked at`);
  }

  #accepted(at: EpochMs, offsetMs: number, event: SummonerEvent, before: NodeState, node: NodeState): void {
    if (event._tag === 'Observed' && event.observation._tag === 'Fresh') {
      const { signal } = event.observation;
      this.#toldOf(at, signal.manifestRecord.version, node);
      // What is asked waits for the run under way.
      if (O.isSome(before.running)) this.#requests?.waitFor(at);
      this.#asked(at, plus(at, offsetMs), signal);
    }
    if (O.isNone(node.accepted) || O.isNone(before.accepted)) return;
    if (compareTimestamps(node.accepted.value, before.accepted.value) < 0) {
      this.#breaks('S6', at, 'a signal older than the last one was believed');
    }
  }

  #toldOf(at: EpochMs, version: Version, { pending }: NodeState): void {
    const isOwed = O.isSome(this.#believed) && !this.#isApplied(version);
    const isPending = O.isSome(pending) && pending.value.version === version;
    if (isOwed && !isPending) this.#breaks('N2', at, `${version} was believed, and given no start`);
  }

  #asked(at: EpochMs, clock: EpochMs, { runRequests }: Signal): void {
    if (this.#requests === undefined && runRequests.length === 0) return;
    this.#requests ??= new RequestWatch(this.#policy.identity.node, this.#breaks.bind(this));
    this.#requests.told(at, clock, runRequests);
    if (at < this.#disabledUntil) this.#requests.waitFor(Infinity);
  }

  #pendingChanged(at: EpochMs, offsetMs: number, event: SummonerEvent, before: NodeState, node: NodeState): void {
    const was = O.toUndefined(before.pending);
    const is = O.toUndefined(node.pending);
    if (was === is) return;
    if (is === undefined) {
      if (was !== undefined) this.#forgotten(at, was.version, event, before, node);
      this.#wanted = undefined;
      return;
    }
    const startAt = is.startAt - offsetMs;
    if (was === undefined || was.version !== is.version) {
      const isReplaced = was !== undefined && was.attempts === 0 && !was.gaveUp && O.isNone(before.running);
      const isReleased = this.#isHeldBack && at >= this.#disabledUntil;
      if (isReleased) this.#isHeldBack = false;
      else if (isReplaced && is.startAt > was.startAt) {
        this.#breaks('N4', at, `${is.version} took the place of ${was.version} and not its earlier start`);
      }
      this.#want(at, is.version, startAt, event, was === undefined);
      if (was === undefined && at >= this.#disabledUntil) this.#splayed(at, is.version, startAt, event);
      return;
    }
    if (was.attempts === 0 && is.attempts === 0 && is.startAt !== was.startAt) {
      const isReleased = this.#isHeldBack && at >= this.#disabledUntil;
      if (isReleased) this.#isHeldBack = false;
      else if (event._tag !== 'ClockStepped' && !this.#areRecordsDoubtful) {
        this.#breaks('N3', at, `the start for ${is.version} was moved by ${seconds(is.startAt - was.startAt)}`);
      }
    }
    if (is.attempts === 0 && was.gaveUp) this.#want(at, is.version, startAt, event, false);
  }

  #forgotten(at: EpochMs, version: Version, event: SummonerEvent, before: NodeState, node: NodeState): void {
    const isTold = event._tag === 'Observed' && node.accepted !== before.accepted;
    if (event._tag !== 'RunEnded' && !isTold) this.#breaks('N2', at, `${version} was forgotten without a run`);
    // What came during a run is owed after it, unless that run brought it.
    const isThere = O.isSome(node.applied) && node.applied.value === version;
    if (event._tag === 'RunEnded' && !isThere) this.#breaks('N5', at, `${version} was forgotten at the end of a run`);
  }

  /** Where in its splay the start for a version lies that nothing else has a part in. */
  #splayed(at: EpochMs, version: Version, startAt: number, event: SummonerEvent): void {
    if (event._tag !== 'Observed' || event.observation._tag !== 'Fresh') return;
    const { splaySeconds } = event.observation.signal;
    if (splaySeconds > 0) this.#drew(at, version, (startAt - at) / (splaySeconds * SECOND_MS));
  }

  #want(at: EpochMs, version: Version, startAt: number, event: SummonerEvent, isFirst: boolean): void {
    this.#interruptions = 0;
    // What is held back by a disabling has its own splay from there; what took another's place, that one's.
    const heldUntil = isFirst ? this.#disabledUntil + Math.max(startAt - at, 0) : Infinity;
    const startsBefore = at < this.#disabledUntil ? heldUntil : Math.max(startAt, at);
    this.#wanted = { version, startsBefore, runs: 0, attempts: 0 };
    if (event._tag !== 'Observed' || event.observation._tag !== 'Fresh') return;
    const { splaySeconds } = event.observation.signal;
    if (startAt > at + splaySeconds * SECOND_MS + SLACK_MS) {
      this.#breaks('N2', at, `the start for ${version} is ${seconds(startAt - at)} away, its splay ${splaySeconds} s`);
    }
  }

  #startsInTime(at: EpochMs): void {
    const dueBy = Math.max(this.#dueBy, this.#afterHeldFloor());
    if (at > dueBy + SLACK_MS) {
      this.#breaks('N6', at, `no run was started for ${seconds(at - dueBy)} after the window had closed`);
      this.#dueBy = at;
    }
    this.#fallback?.runsInTime(at);
  }

  #recordSuccess(at: EpochMs): void {
    this.#recordedAt = at;
    this.#areRecordsDoubtful = at < this.#unrecordedUntil;
    this.#isHealthy = this.#isAlive && !this.#areRecordsDoubtful && at >= this.#disabledUntil;
    if (this.#dueBy !== Infinity) this.#dueBy = at + this.#policy.windowMs;
    const isUndeceived = this.#isAlive || this.#areRecordsSeenAhead;
    this.#fallback?.succeeded(isUndeceived ? at : Math.max(at, this.#recordsAheadUntil));
  }

  /** What is wanted could not start before. */
  #waitFor(until: number): void {
    this.#requests?.waitFor(until);
    this.#runNow.waitFor(until);
    if (this.#wanted === undefined) return;
    this.#wanted = {
      ...this.#wanted,
      startsBefore: Math.max(this.#wanted.startsBefore, until),
    };
  }

  #doubtRecords(at: EpochMs): void {
    this.#areRecordsDoubtful = true;
    this.#isHealthy = false;
    this.#wanted = undefined;
    this.#requests?.doubt();
    this.#believed = O.none;
    this.#postpone(at + this.#policy.catchUpSplaySeconds * SECOND_MS);
  }

  #afterHeldFloor(): number {
    const { catchUpSplaySeconds, backoff } = this.#policy;
    return this.#floorHeldUntil + catchUpSplaySeconds * SECOND_MS + backoff.capMs;
  }

  #failed(at: EpochMs): void {
    this.#isHealthy = false;
    this.#postpone(at + this.#policy.backoff.capMs);
  }

  #postpone(until: number): void {
    if (this.#dueBy !== Infinity) this.#dueBy = Math.max(this.#dueBy, until);
  }

  #isApplied(version: Version): boolean {
    return (
      O.isSome(this.#believed) &&
      this.#believed.value === version &&
      (O.isNone(this.#tried) || this.#tried.value === version)
    );
  }

  #breaks(law: string, at: EpochMs, what: string): void {
    const { node, stack, environment } = this.#policy.identity;
    this.#violations.add(law, at, `${node} (${stack}/${environment})`, what);
  }
}
