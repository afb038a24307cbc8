/**
 * The referee: an oracle for the Summoner that knows the laws and nothing of how they are kept.
 *
 * It watches one {@link NodeHarness} from outside: what the agent was shown, what it started, how that ended. From the
 * laws alone it keeps what the node owes, and calls a foul when a run starts that nothing owed asks for, or is late.
 *
 * Where a law bounds something without saying how long it takes, the referee only bounds it too.
 *
 * @module
 */
import type { Disabling } from '../../src/domain/disabling.ts';
import type { Version } from '../../src/domain/names.ts';
import type { Running } from '../../src/domain/node-state.ts';
import type { RunEnd } from '../../src/domain/run-outcome.ts';
import type { Signal } from '../../src/domain/signal.ts';
import type { Observation, SummonerEvent, SummonerPolicy } from '../../src/domain/summoner.ts';
import { plus } from '../../src/domain/time.ts';
import type { Moment, Witness } from './node-harness.ts';

/** A law was broken. */
export class Foul extends Error {}

interface OwedRequest {
  expiresMs: number;
  failed: number;
  lastFailureMs: number | undefined;
  /** A run was started for it. */
  begun: boolean;
}

/** A run that is under way, and what its end settles. */
interface Covered {
  readonly target: Version | undefined;
  readonly requests: readonly string[];
  readonly runNow: boolean;
  readonly isRerun: boolean;
  readonly isForFloor: boolean;
}

/** What the laws say the node owes. */
interface Ledger {
  accepted: readonly [seconds: number, nanoseconds: number] | undefined;
  /** The version that the newest signal believed names. */
  target: Version | undefined;
  targetFailed: number;
  /** The last instant at which the target may start, if nothing comes between. */
  targetDeadlineMs: number | undefined;
  applied: Version | undefined;
  /** A run for another version than the applied one has begun since the last success. */
  isDirty: boolean;
  lastSuccessMs: number | undefined;
  /** The success of the fallback's that was heard of last, believed or not. */
  heardMs: number | undefined;
  requests: Map<string, OwedRequest>;
  /** Requests whose turn has been taken, and when they expire. */
  done: Map<string, number>;
  runNow: boolean;
  isRerunOwed: boolean;
  disabled: Disabling | undefined;
  /** The clock was set unseen while there was a disabling: nobody can say any more when it ends. */
  isDisablingBlurred: boolean;
  running: Covered | undefined;
  targetLastFailureMs: number | undefined;
  lastFloorFailureMs: number | undefined;
  /** The floor has fallen due since the last success; no clock that is set afterwards makes it undue. */
  isFloorOwed: boolean;
  /** Something came between the node and its floor since the last success: it may be later than the window. */
  isFloorExcused: boolean;
}

const blank = (): Ledger => ({
  accepted: undefined,
  target: undefined,
  targetFailed: 0,
  targetDeadlineMs: undefined,
  applied: undefined,
  isDirty: false,
  lastSuccessMs: undefined,
  heardMs: undefined,
  requests: new Map(),
  done: new Map(),
  runNow: false,
  isRerunOwed: false,
  disabled: undefined,
  isDisablingBlurred: false,
  running: undefined,
  targetLastFailureMs: undefined,
  lastFloorFailureMs: undefined,
  isFloorOwed: false,
  isFloorExcused: true,
});

const copyOf = (ledger: Ledger): Ledger => ({
  ...ledger,
  requests: new Map([...ledger.requests].map(([id, request]) => [id, { ...request }])),
  done: new Map(ledger.done),
});

/** N14, as the law has it. */
const outcomeOf = (end: RunEnd): 'Success' | 'Upgrade' | 'Failure' => {
  if (end._tag !== 'Exited') return 'Failure';
  if (end.code === 0 || end.code === 35 || end.code === 37) return 'Success';
  return end.code === 213 ? 'Upgrade' : 'Failure';
};

/** Nothing is learnt of it but the time. */
const isRoutine = (event: SummonerEvent): boolean =>
  event._tag === 'Woke' || (event._tag === 'Observed' && event.observation._tag !== 'Fresh');

const globAsRegExp = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`, 's');

/** The shortest wait after a failure: less is a tight loop. */
const RETRY_MS_MIN = 1_000;

/** See the head of this file. */
export class Referee {
  readonly #policy: SummonerPolicy;
  #starting: Running | undefined;
  #isRoutine = false;
  #now: Ledger = blank();
  #kept: Ledger = blank();
  /** Every cause that a run was started for, by its tag: for coverage, so that a test knows what it has seen. */
  readonly seen = new Map<string, number>();

  constructor(policy: SummonerPolicy) {
    this.#policy = policy;
  }

  /** The version that the node has to end on: none where no signal was believed. */
  get target(): Version | undefined {
    return this.#now.target;
  }

  /** Whether the node is on its target. */
  get isOnTarget(): boolean {
    return this.#now.target === undefined || this.#isOnNode(this.#now.target);
  }

  /** Whether a run for the target may still start without a new signal or the floor. */
  get hasGivenUp(): boolean {
    return this.#now.targetFailed >= this.#policy.attemptsMax;
  }

  /** What the agent is told, judged. */
  readonly witness: Witness = (fact, moment) => {
    switch (fact._tag) {
      case 'Took':
        this.#isFloorDue(moment.now);
        this.#took(fact.event, moment);
        this.#endDisabling(moment.now);
        this.#isFloorDue(moment.now);
        this.#starting = fact.decision.action._tag === 'Start' ? fact.decision.action.running : undefined;
        this.#isRoutine = isRoutine(fact.event);
        return;
      case 'Kept':
        this.#checkDeadlines(moment);
        if (this.#starting !== undefined) this.#mustBeOwed(this.#starting, moment);
        if (this.#starting !== undefined || !this.#isRoutine) this.#kept = copyOf(this.#now);
        else this.#kept.isFloorOwed = this.#now.isFloorOwed;
        return;
      case 'RunStarted':
        return;
      case 'Killed':
        this.#now = copyOf(this.#kept);
        this.#now.isFloorExcused = true;
        return;
      case 'StateLost':
        this.#now = blank();
        return;
      case 'Suspended':
      case 'WallClockSet':
        for (const ledger of [this.#now, this.#kept]) {
          ledger.targetDeadlineMs = undefined;
          ledger.isFloorExcused = true;
          ledger.targetLastFailureMs = undefined;
          for (const request of ledger.requests.values()) request.lastFailureMs = undefined;
          ledger.lastFloorFailureMs = undefined;
          // Until it is kept that a step was seen, a kill may make it one that was not.
          const isUnseen = fact._tag === 'WallClockSet' && (!fact.watched || ledger === this.#kept);
          if (isUnseen) ledger.isDisablingBlurred = ledger.disabled !== undefined;
        }
        return;
    }
  };

  /** Once it has ended, no clock that is set afterwards brings it back. While a run is under way nobody looks. */
  #endDisabling(now: number): void {
    const { disabled, running } = this.#now;
    if (disabled !== undefined && running === undefined && now >= disabled.until) this.#now.disabled = undefined;
  }

  #shift(byMs: number): void {
    const { lastSuccessMs, disabled } = this.#now;
    if (lastSuccessMs !== undefined) {
      const shifted = Math.floor((lastSuccessMs + byMs) / 1_000) * 1_000;
      this.#now.lastSuccessMs = shifted > 0 ? shifted : undefined;
    }
    if (disabled !== undefined) this.#now.disabled = { ...disabled, until: plus(disabled.until, byMs) };
  }

  #isOnNode(version: Version): boolean {
    return this.#now.applied === version && !this.#now.isDirty;
  }

  #took(event: SummonerEvent, { now }: Moment): void {
    switch (event._tag) {
      case 'Observed':
        this.#observed(event.observation, now);
        return;
      case 'RunEnded':
        this.#runEnded(event.end, now);
        return;
      case 'Started':
        if (this.#now.running !== undefined) this.#interrupted(this.#now.running, now);
        if (this.#now.targetDeadlineMs !== undefined && this.#now.targetDeadlineMs < now) {
          this.#now.targetDeadlineMs = now;
        }
        return;
      case 'Disabled':
        this.#now.disabled = event.disabling;
        this.#now.isDisablingBlurred = false;
        this.#now.targetDeadlineMs = undefined;
        if (event.disabling.floorToo) this.#now.isFloorExcused = true;
        return;
      case 'Enabled':
        this.#now.disabled = undefined;
        this.#now.isDisablingBlurred = false;
        return;
      case 'RunNowAsked':
        this.#now.runNow = true;
        return;
      case 'FallbackSucceeded': {
        const { lastSuccessMs, heardMs } = this.#now;
        this.#now.heardMs = event.at;
        if (event.at > now || event.at === heardMs) return;
        const at = Math.floor(event.at / 1_000) * 1_000;
        if (lastSuccessMs === undefined || lastSuccessMs < at || !this.#hasSuccess(now)) {
          this.#now.lastSuccessMs = at;
          this.#now.isFloorOwed = false;
          this.#now.lastFloorFailureMs = undefined;
          if (this.#now.running !== undefined) this.#now.running = { ...this.#now.running, isForFloor: false };
          this.#now.isFloorExcused = true;
        }
        return;
      }
      case 'ClockStepped':
        this.#shift(event.byMs);
        return;
      case 'Woke':
        return;
    }
  }

  #observed(observation: Observation, now: number): void {
    if (observation._tag !== 'Fresh') return;
    const { signal } = observation;
    if (!this.#isBelieved(signal, now)) return;
    const { manifestRecord: record, timestamp } = signal;
    this.#now.accepted = [timestamp.epochSeconds, timestamp.nanoseconds];
    this.#takeRequests(signal, now);
    const { version } = record;
    if (this.#now.target !== version) {
      this.#now.target = version;
      this.#now.targetFailed = 0;
      this.#now.targetLastFailureMs = undefined;
      this.#now.targetDeadlineMs = undefined;
    } else if (this.hasGivenUp && signal.runRequests.length === 0) {
      this.#now.targetFailed = 0;
    }
    const isOwed = this.#now.running !== undefined || !this.#isOnNode(version);
    const { disabled, isDisablingBlurred, targetFailed } = this.#now;
    const isDisabled = isDisablingBlurred || (disabled !== undefined && now < disabled.until);
    if (isOwed && !isDisabled && targetFailed === 0) {
      this.#now.targetDeadlineMs ??= now + Math.max(signal.splaySeconds * 1_000 - 1, 0);
    }
  }

  /** S3 to S6. */
  #isBelieved({ manifestRecord: record, timestamp, environment }: Signal, now: number): boolean {
    const { identity, clockToleranceMs } = this.#policy;
    if (record.stack !== identity.stack) return false;
    if (environment._tag === 'Some' && environment.value !== identity.environment) return false;
    const { accepted } = this.#now;
    if (accepted !== undefined) {
      const [seconds, nanoseconds] = accepted;
      const isNewer =
        timestamp.epochSeconds > seconds || (timestamp.epochSeconds === seconds && timestamp.nanoseconds > nanoseconds);
      if (!isNewer) return false;
    }
    if (timestamp.epochSeconds * 1_000 + Math.floor(timestamp.nanoseconds / 1e6) > now + clockToleranceMs) return false;
    return record.uploadComplete && now < record.ttlEpochSeconds * 1_000;
  }

  #takeRequests({ runRequests }: Signal, now: number): void {
    const { node } = this.#policy.identity;
    const carried = runRequests.filter(
      ({ nodes }) => nodes._tag === 'None' || nodes.value.some((pattern) => globAsRegExp(pattern).test(node)),
    );
    const ids = new Set<string>(carried.map(({ id }) => id));
    for (const { id, expiresEpochSeconds } of runRequests) {
      const done = this.#now.done.get(id);
      if (done !== undefined) this.#now.done.set(id, Math.max(done, expiresEpochSeconds * 1_000));
    }
    for (const { id, expiresEpochSeconds } of carried) {
      const expiresMs = expiresEpochSeconds * 1_000;
      const open = this.#now.requests.get(id);
      if (this.#now.done.has(id)) continue;
      if (open !== undefined) open.expiresMs = expiresMs;
      else this.#now.requests.set(id, { expiresMs, failed: 0, lastFailureMs: undefined, begun: false });
    }
    for (const [id, expiresMs] of this.#now.done) {
      if (now >= expiresMs) this.#now.done.delete(id);
    }
    for (const [id, request] of this.#now.requests) {
      if (ids.has(id)) continue;
      if (request.begun) this.#now.done.set(id, request.expiresMs);
      this.#now.requests.delete(id);
    }
  }

  #hasSuccess(now: number): boolean {
    const { lastSuccessMs } = this.#now;
    return lastSuccessMs !== undefined && lastSuccessMs <= now + this.#policy.clockToleranceMs;
  }

  #isFloorDue(now: number): boolean {
    const { lastSuccessMs } = this.#now;
    const { windowMs, leadMs } = this.#policy;
    const isDue = !this.#hasSuccess(now) || lastSuccessMs === undefined || now >= lastSuccessMs + windowMs - leadMs;
    if (isDue) this.#now.isFloorOwed = true;
    return this.#now.isFloorOwed;
  }

  /** The requests that are open and may still start something. */
  #openRequests(now: number): readonly string[] {
    return [...this.#now.requests].filter(([, { expiresMs }]) => now < expiresMs).map(([id]) => id);
  }

  #mustBeOwed(running: Running, { now }: Moment): void {
    const ledger = this.#now;
    const { target, disabled } = ledger;
    const isTargetOwed = target !== undefined && !this.#isOnNode(target);
    const open = this.#openRequests(now);
    const isWithin = (failureMs: number | undefined) => failureMs !== undefined && now < failureMs + RETRY_MS_MIN;
    const isFloorSoon = isWithin(ledger.lastFloorFailureMs);
    const mayStart = {
      NewVersion: isTargetOwed && !this.hasGivenUp && !isWithin(ledger.targetLastFailureMs),
      Request: open.some((id) => !isWithin(ledger.requests.get(id)?.lastFailureMs)),
      Floor: this.#isFloorDue(now) && this.#hasSuccess(now) && !isFloorSoon,
      FirstRun: !this.#hasSuccess(now) && !isFloorSoon,
      RunNow: ledger.runNow,
      Upgraded: ledger.isRerunOwed,
    };
    const { cause } = running;
    this.seen.set(cause._tag, (this.seen.get(cause._tag) ?? 0) + 1);
    const told = `${JSON.stringify(cause)} started at ${now}`;
    if (!mayStart[cause._tag]) {
      throw new Foul(`N1/N7/N11: ${told}, but only ${JSON.stringify(mayStart)} is owed: ${this.#describe()}`);
    }
    const isDisabled = disabled !== undefined && now < disabled.until && !ledger.isDisablingBlurred;
    if (isDisabled && (disabled.floorToo || !this.#isFloorDue(now))) {
      throw new Foul(`N10: ${told} although the node is disabled until ${disabled.until}`);
    }
    if (cause._tag === 'NewVersion' && cause.version !== target) {
      throw new Foul(`N4: ${told}, but the newest version is ${target}`);
    }
    const applies = running.version._tag === 'Some' ? running.version.value : undefined;
    if (applies !== (isTargetOwed ? target : undefined)) {
      throw new Foul(`N2: ${told} for version ${applies}, but ${isTargetOwed ? target : 'none'} is owed`);
    }
    if (running.requests.toSorted().join() !== open.toSorted().join()) {
      throw new Foul(`N11: ${told} for the requests ${running.requests.join()}, but ${open.join()} are open`);
    }
    for (const id of open) {
      const request = ledger.requests.get(id);
      if (request !== undefined) request.begun = true;
    }
    if (isTargetOwed && target !== ledger.applied) ledger.isDirty = true;
    ledger.running = {
      target: isTargetOwed ? target : undefined,
      requests: open,
      runNow: ledger.runNow,
      isRerun: cause._tag === 'Upgraded',
      isForFloor: cause._tag === 'Floor' || cause._tag === 'FirstRun',
    };
    ledger.runNow = false;
    ledger.isRerunOwed = false;
    ledger.targetDeadlineMs = undefined;
  }

  #runEnded(end: RunEnd, now: number): void {
    const covered = this.#now.running;
    if (covered === undefined) return;
    this.#now.running = undefined;
    const outcome = outcomeOf(end);
    if (outcome === 'Upgrade' && !covered.isRerun) this.#upgraded(covered, now);
    else if (outcome === 'Success') this.#succeeded(covered, now);
    else this.#failed(covered, now);
  }

  #upgraded({ requests }: Covered, now: number): void {
    const ledger = this.#now;
    ledger.isRerunOwed = true;
    ledger.isFloorExcused = true;
    if (ledger.targetDeadlineMs !== undefined) ledger.targetDeadlineMs = Math.max(ledger.targetDeadlineMs, now);
    for (const id of requests) {
      const request = ledger.requests.get(id);
      if (request !== undefined) request.begun = request.failed > 0;
    }
  }

  #succeeded({ target, requests }: Covered, now: number): void {
    const ledger = this.#now;
    if (target !== undefined) ledger.applied = target;
    if (ledger.target === target) ledger.targetFailed = 0;
    ledger.isDirty = false;
    ledger.lastSuccessMs = Math.floor(now / 1_000) * 1_000;
    ledger.targetLastFailureMs = undefined;
    ledger.lastFloorFailureMs = undefined;
    ledger.isFloorOwed = false;
    ledger.isFloorExcused =
      ledger.disabled?.floorToo === true && (ledger.isDisablingBlurred || now < ledger.disabled.until);
    for (const id of requests) this.#settle(id);
    if (ledger.target !== undefined && this.#isOnNode(ledger.target)) ledger.targetDeadlineMs = undefined;
    if (ledger.targetDeadlineMs !== undefined) ledger.targetDeadlineMs = Math.max(ledger.targetDeadlineMs, now);
  }

  #settle(id: string): void {
    const request = this.#now.requests.get(id);
    if (request === undefined) return;
    this.#now.requests.delete(id);
    this.#now.done.set(id, request.expiresMs);
  }

  #failed({ target, requests, isForFloor }: Covered, now: number): void {
    const ledger = this.#now;
    ledger.isFloorExcused = true;
    if (isForFloor) ledger.lastFloorFailureMs = now;
    if (target !== undefined && target === ledger.target) {
      ledger.targetFailed += 1;
      ledger.targetLastFailureMs = now;
      ledger.targetDeadlineMs = undefined;
    } else if (ledger.target !== undefined && this.#isOnNode(ledger.target)) {
      ledger.targetDeadlineMs = undefined;
    } else if (ledger.targetDeadlineMs !== undefined) {
      ledger.targetDeadlineMs = Math.max(ledger.targetDeadlineMs, now);
    }
    for (const id of requests) {
      const request = ledger.requests.get(id);
      if (request === undefined) continue;
      request.failed += 1;
      request.lastFailureMs = now;
      if (request.failed >= this.#policy.attemptsMax) this.#settle(id);
    }
  }

  /** The agent was gone when its run ended: at worst that run again. */
  #interrupted(covered: Covered, now: number): void {
    this.#now.running = undefined;
    this.#failed(covered, now);
    if (covered.runNow) this.#now.runNow = true;
    if (covered.isRerun) this.#now.isRerunOwed = true;
  }

  /** N2 and N6, where nothing came between. */
  #checkDeadlines({ now }: Moment): void {
    const { targetDeadlineMs, running, target, lastSuccessMs, isFloorExcused } = this.#now;
    if (running !== undefined) return;
    if (targetDeadlineMs !== undefined && now > targetDeadlineMs) {
      throw new Foul(
        `N2: ${target} had to start before ${targetDeadlineMs}, and has not at ${now}: ${this.#describe()}`,
      );
    }
    if (!isFloorExcused && lastSuccessMs !== undefined && now > lastSuccessMs + this.#policy.windowMs) {
      throw new Foul(`N6: no run since ${lastSuccessMs}, and it is ${now}: ${this.#describe()}`);
    }
  }

  #describe(): string {
    const { requests, done, ...rest } = this.#now;
    return JSON.stringify({ ...rest, requests: [...requests], done: [...done.keys()] });
  }
}
