/**
 * The laws of the Summoner as they are asked of every step and every state of one node. A small ledger, kept beside the
 * node and from the laws alone, says what is owed; it knows nothing of how the node remembers that.
 *
 * All durations are whole seconds, and things happen on whole seconds only; so a run that has to start within its splay
 * has started by the whole second at which that ends.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { NodeState, Running } from '../../src/domain/node-state.ts';
import type { RunEnd } from '../../src/domain/run-outcome.ts';
import {
  policyFor,
  type SummonerDecision,
  type SummonerEvent,
  type SummonerPolicy,
} from '../../src/domain/summoner.ts';
import { SECOND_MS } from '../../src/domain/time.ts';
import { identityOf } from '../support/node-signals.ts';
import type { Violation } from './explore.ts';

/** Long enough that the three versions of the searches start in different seconds on this node. */
export const SPLAY_SECONDS = 2;
export const REQUEST_SPLAY_SECONDS = 1;

/** A node whose every duration is a few seconds. */
export const POLICY: SummonerPolicy = policyFor(identityOf('web-5'), {
  windowMs: 4 * SECOND_MS,
  leadMs: 0,
  pollEveryMs: SECOND_MS,
  clockToleranceMs: SECOND_MS,
  catchUpSplaySeconds: 1,
  attemptsMax: 2,
  // At their least, so that every wait after a failure is one second and no hash is drawn from the number of failures.
  backoff: { baseMs: SECOND_MS, capMs: SECOND_MS },
});

/** The wait after every failure, and the longest splay of what was held up. */
const RETRY_MS = SECOND_MS;

/** A run that is under way, and what its end settles. */
interface Covered {
  /** The number of the version that it is for; 0: none. */
  readonly target: number;
  readonly request: boolean;
  readonly cause: Running['cause']['_tag'];
}

/** What the laws say that the node owes. Instants in milliseconds. */
export interface Ledger {
  /** The place in the order of signals of the newest that was believed; 0: none. */
  readonly accepted: number;
  /** The version that it names; 0: none. */
  readonly target: number;
  readonly applied: number;
  /** A run for another version than the applied one has begun since the last success. */
  readonly isDirty: boolean;
  readonly failed: number;
  /** The target has started by then. */
  readonly startBy: number | undefined;
  readonly request: 'none' | 'open' | 'done';
  readonly requestFailed: number;
  readonly requestBy: number | undefined;
  readonly requestExpires: number;
  readonly lastSuccess: number | undefined;
  /** The floor need not start before. */
  readonly floorAfter: number;
  /** The end of the last run that failed. */
  readonly failedAt: number | undefined;
  readonly isRerunOwed: boolean;
  readonly runNow: boolean;
  readonly interruptions: number;
  readonly disabled: { readonly until: number; readonly floorToo: boolean } | undefined;
  readonly running: Covered | undefined;
}

export const BLANK: Ledger = {
  ...{ accepted: 0, target: 0, applied: 0, isDirty: false, failed: 0, startBy: undefined },
  ...{ request: 'none', requestFailed: 0, requestBy: undefined, requestExpires: 0 },
  ...{ lastSuccess: undefined, floorAfter: 0, failedAt: undefined, isRerunOwed: false, runNow: false },
  ...{ interruptions: 0, disabled: undefined, running: undefined },
};

/** What a signal says, in numbers. */
export interface Told {
  /** Its place in the order of signals, from 1 on. */
  readonly order: number;
  readonly version: number;
  /** When the request that it carries expires; 0: it carries none. */
  readonly requestExpires: number;
}

const atLeast = (instant: number | undefined, least: number): number | undefined =>
  instant === undefined ? undefined : Math.max(instant, least);

const isOnNode = ({ applied, isDirty }: Ledger, version: number): boolean => applied === version && !isDirty;

const isTargetOwed = (ledger: Ledger): boolean => ledger.target !== 0 && !isOnNode(ledger, ledger.target);

const hasGivenUp = ({ failed }: Ledger): boolean => failed >= POLICY.attemptsMax;

const isRequestOpen = ({ request, requestExpires }: Ledger, now: number): boolean =>
  request === 'open' && now < requestExpires;

const withRequest = (ledger: Ledger, told: Told, now: number): Ledger => {
  if (told.requestExpires === 0) {
    const hasBegun = ledger.requestFailed > 0 || ledger.running?.request === true;
    const request = ledger.request === 'open' && !hasBegun ? 'none' : ledger.request === 'none' ? 'none' : 'done';
    return { ...ledger, request, requestBy: undefined };
  }
  if (ledger.request !== 'none') return ledger;
  const requestBy = now + REQUEST_SPLAY_SECONDS * SECOND_MS;
  return { ...ledger, request: 'open', requestFailed: 0, requestBy, requestExpires: told.requestExpires };
};

const withSignal = (before: Ledger, told: Told, now: number): Ledger => {
  if (told.order <= before.accepted) return before;
  const ledger = withRequest({ ...before, accepted: told.order }, told, now);
  const isNew = told.version !== ledger.target;
  const isAnotherSeries = !isNew && hasGivenUp(ledger) && told.requestExpires === 0;
  const failed = isNew || isAnotherSeries ? 0 : ledger.failed;
  const isRunFor = (version: number) => version !== 0 && ledger.running?.target === version;
  const isWaiting = before.failed === 0 && before.startBy !== undefined && !isRunFor(before.target);
  const target: Ledger = { ...ledger, target: told.version, failed, failedAt: isNew ? undefined : ledger.failedAt };
  const isSettled = target.running === undefined && !isTargetOwed(target);
  // The end of a run that is for it already says what is owed of it.
  if (isSettled || (failed === 0 && isRunFor(told.version))) return { ...target, startBy: undefined };
  const splayed = now + SPLAY_SECONDS * SECOND_MS;
  const fresh = isWaiting ? Math.min(before.startBy, splayed) : splayed;
  return { ...target, startBy: failed === 0 ? fresh : ledger.startBy };
};

const outcomeOf = (end: RunEnd): 'Success' | 'Upgrade' | 'Failure' =>
  end._tag !== 'Exited' || ![0, 213].includes(end.code) ? 'Failure' : end.code === 0 ? 'Success' : 'Upgrade';

const failedRun = (ledger: Ledger, { target, request }: Covered, now: number): Ledger => {
  const after: Ledger = { ...ledger, running: undefined, failedAt: now, floorAfter: now + RETRY_MS };
  const isOwed = isTargetOwed(after);
  const wasForTarget = isOwed && target === ledger.target;
  const failed = !isOwed ? 0 : wasForTarget ? ledger.failed + 1 : ledger.failed;
  const retried = failed < POLICY.attemptsMax ? now + RETRY_MS : undefined;
  const startBy = !isOwed ? undefined : wasForTarget ? retried : atLeast(after.startBy, now);
  const requestFailed = request ? after.requestFailed + 1 : after.requestFailed;
  const isSpent = requestFailed >= POLICY.attemptsMax;
  return {
    ...{ ...after, failed, startBy, requestFailed },
    request: after.request === 'open' && isSpent ? 'done' : after.request,
    requestBy: request && !isSpent ? now + RETRY_MS : after.requestBy,
  };
};

const succeededRun = (ledger: Ledger, { target, request }: Covered, now: number): Ledger => {
  const after: Ledger = {
    ...{ ...ledger, running: undefined, isDirty: false, lastSuccess: now, failedAt: undefined, floorAfter: 0 },
    applied: target === 0 ? ledger.applied : target,
    request: request && ledger.request === 'open' ? 'done' : ledger.request,
    requestBy: request ? undefined : ledger.requestBy,
  };
  return isTargetOwed(after)
    ? { ...after, startBy: atLeast(after.startBy, now) }
    : { ...after, startBy: undefined, failed: 0 };
};

const ended = (ledger: Ledger, covered: Covered, end: RunEnd, now: number): Ledger => {
  const outcome = outcomeOf(end);
  if (outcome === 'Success') return { ...succeededRun(ledger, covered, now), interruptions: 0 };
  if (outcome === 'Failure' || covered.cause === 'Upgraded') {
    return { ...failedRun(ledger, covered, now), interruptions: 0 };
  }
  const after: Ledger = {
    ...ledger,
    running: undefined,
    interruptions: 0,
    isRerunOwed: true,
    floorAfter: Math.max(ledger.floorAfter, now),
  };
  return {
    ...after,
    startBy: isTargetOwed(after) && !hasGivenUp(after) ? now : after.startBy,
    requestBy: after.request === 'open' ? now : after.requestBy,
  };
};

const restarted = (ledger: Ledger, now: number): Ledger => {
  const due: Ledger = {
    ...ledger,
    startBy: atLeast(ledger.startBy, now),
    requestBy: atLeast(ledger.requestBy, now),
    floorAfter: Math.max(
      ledger.floorAfter,
      ledger.lastSuccess === undefined && ledger.floorAfter === 0 ? now + RETRY_MS : now,
    ),
  };
  const { running } = ledger;
  if (running === undefined) return due;
  const interruptions = ledger.interruptions + 1;
  const isRestored = interruptions <= POLICY.attemptsMax;
  return {
    ...failedRun(due, running, now),
    interruptions,
    runNow: due.runNow || (isRestored && running.cause === 'RunNow'),
    isRerunOwed: isRestored && running.cause === 'Upgraded',
  };
};

/** What was held up by a disabling that is over has its own splay from there, or the one for what is late. */
const released = (ledger: Ledger, now: number): Ledger => {
  const { disabled } = ledger;
  if (disabled === undefined || ledger.running !== undefined || now < disabled.until) return ledger;
  const { until, floorToo } = disabled;
  return {
    ...ledger,
    disabled: undefined,
    startBy: atLeast(ledger.startBy, Math.max(until + SPLAY_SECONDS * SECOND_MS, now)),
    requestBy: atLeast(ledger.requestBy, Math.max(until + RETRY_MS, now)),
    floorAfter: floorToo ? Math.max(ledger.floorAfter, until + RETRY_MS, now) : ledger.floorAfter,
  };
};

/** What the ledger says once the node has taken in `event`; `told` is the signal that was seen, if one was. */
const after = (ledger: Ledger, event: SummonerEvent, told: Told | undefined, now: number): Ledger => {
  switch (event._tag) {
    case 'Observed':
      return told === undefined ? ledger : withSignal(ledger, told, now);
    case 'RunEnded':
      return ledger.running === undefined ? ledger : ended(ledger, ledger.running, event.end, now);
    case 'Started':
      return restarted(ledger, now);
    case 'Disabled':
      return { ...ledger, disabled: { until: event.disabling.until, floorToo: event.disabling.floorToo } };
    case 'Enabled':
      return ledger.disabled === undefined
        ? ledger
        : { ...ledger, disabled: { ...ledger.disabled, until: Math.min(ledger.disabled.until, now) } };
    case 'RunNowAsked':
      return { ...ledger, runNow: true };
    case 'Woke':
    case 'ClockStepped':
    case 'FallbackSucceeded':
      return ledger;
  }
};

const floorDueAt = ({ lastSuccess }: Ledger): number => (lastSuccess === undefined ? 0 : lastSuccess + POLICY.windowMs);

const numberOf = (version: O.Option<string>): number => (O.isSome(version) ? Number(version.value.slice(4)) : 0);

const isBackingOff = ({ failedAt }: Ledger, now: number): boolean =>
  failedAt !== undefined && now < failedAt + RETRY_MS;

/** What is wrong with starting `running`. */
const wrongStart = (ledger: Ledger, running: Running, now: number): Violation | undefined => {
  const { cause } = running;
  const what = `${cause._tag} starts`;
  const version = numberOf(running.version);
  const wrong = (law: string, detail: string): Violation => ({ law, detail: `${what} ${detail}` });
  if (ledger.running !== undefined) return wrong('N13', 'beside a run that is under way');
  const isApplied = version !== 0 && isOnNode(ledger, version);
  if (isApplied && cause._tag === 'NewVersion') return wrong('N1', `for version ${version}, which is applied`);
  const isDisabled = ledger.disabled !== undefined && now < ledger.disabled.until;
  const isFloorDue = now >= floorDueAt(ledger);
  if (isDisabled && (ledger.disabled.floorToo || !isFloorDue)) return wrong('N10', 'although the node is disabled');
  // A run that is owed for another reason may name the version that the node is on.
  const expected = isTargetOwed(ledger) ? ledger.target : isApplied ? version : 0;
  if (version !== expected) return wrong('N4', `for ${version}, not ${ledger.target}`);
  const isOpen = isRequestOpen(ledger, now);
  if (running.requests.length !== (isOpen ? 1 : 0)) {
    return wrong(
      'N11',
      `for ${running.requests.length} requests, and it is ${isOpen ? 'open' : `${ledger.request} or expired`}`,
    );
  }
  switch (cause._tag) {
    case 'NewVersion':
      if (hasGivenUp(ledger)) return wrong('N7', `after ${ledger.failed} failures`);
      return ledger.failed > 0 && isBackingOff(ledger, now) ? wrong('N7', 'right after a failure') : undefined;
    case 'Request':
      return ledger.requestFailed > 0 && isBackingOff(ledger, now) ? wrong('N7', 'right after a failure') : undefined;
    case 'Floor':
      return isFloorDue && ledger.lastSuccess !== undefined ? undefined : wrong('N6', 'before it is due');
    case 'FirstRun':
      return ledger.lastSuccess === undefined ? undefined : wrong('N6', 'on a node that has run');
    case 'RunNow':
      return ledger.runNow ? undefined : wrong('N8', 'although nobody asked');
    case 'Upgraded':
      return ledger.isRerunOwed ? undefined : wrong('N14', 'although no client was upgraded');
  }
};

/** N7: what only a success moves. */
const wrongMove = (before: NodeState, after_: NodeState, event: SummonerEvent): Violation | undefined => {
  if (before.applied === after_.applied && before.lastSuccess === after_.lastSuccess) return undefined;
  const isSuccess = event._tag === 'RunEnded' && outcomeOf(event.end) === 'Success' && O.isSome(before.running);
  return isSuccess ? undefined : { law: 'N7', detail: `${event._tag} moves the last success` };
};

/** The ledger after a step, and what was wrong with the step. */
export const judgeStep = (
  ledger: Ledger,
  before: NodeState,
  event: SummonerEvent,
  told: Told | undefined,
  decision: SummonerDecision,
  now: number,
): { readonly ledger: Ledger; readonly broken: Violation | undefined } => {
  const owed = released(after(ledger, event, told, now), now);
  const moved = wrongMove(before, decision.state.node, event);
  if (decision.action._tag === 'Wait') {
    const isDisabled = owed.disabled !== undefined;
    const isLate = owed.isRerunOwed && !isDisabled && owed.running === undefined;
    return {
      ledger: owed,
      broken: moved ?? (isLate ? { law: 'N14', detail: 'the upgraded client is not run again' } : undefined),
    };
  }
  const { running } = decision.action;
  const target = numberOf(running.version);
  const request = isRequestOpen(owed, now);
  return {
    broken: moved ?? wrongStart(owed, running, now),
    ledger: {
      ...{ ...owed, startBy: undefined, requestBy: undefined, runNow: false, isRerunOwed: false },
      isDirty: owed.isDirty || (target !== 0 && target !== owed.applied),
      running: { target, request, cause: running.cause._tag },
    },
  };
};

/** What is late on a node that is up, has looked, and runs nothing. */
export const lateOn = (ledger: Ledger, now: number): Violation | undefined => {
  const { disabled, startBy, requestBy, floorAfter, runNow } = ledger;
  if (!(disabled?.floorToo === true) && now >= Math.max(floorDueAt(ledger), floorAfter)) {
    return { law: 'N6', detail: 'the floor has not started' };
  }
  if (disabled !== undefined) return undefined;
  if (startBy !== undefined && now >= startBy) return { law: 'N2', detail: `version ${ledger.target} has not started` };
  if (requestBy !== undefined && isRequestOpen(ledger, now) && now >= requestBy) {
    return { law: 'N11', detail: 'the request has not started' };
  }
  return runNow ? { law: 'N8', detail: 'what a person asked for has not started' } : undefined;
};

/** Whether nothing is owed but the floor. */
export const isAtRest = (ledger: Ledger, now: number): boolean =>
  ledger.running === undefined &&
  !isTargetOwed(ledger) &&
  !isRequestOpen(ledger, now) &&
  !ledger.runNow &&
  !ledger.isRerunOwed;
