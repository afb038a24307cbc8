/**
 * The fallback: what runs chef-client when nothing has run it with success for the compliance window, whatever became of
 * the Summoner. It polls nothing, knows no signals and needs no network (law F7).
 *
 * The decision has a second form, the POSIX script `signalbox-fallback.sh` for images that hold no Node. The two have
 * one truth table: same decision, same reason, same instant, same wait.
 *
 * ```text
 *   the Summoner's last success   the fallback's own success   its last attempt    decision
 *   less than the threshold ago   any                          any                 Wait  Healthy
 *   else                          less than the threshold ago  any                 Wait  HealedByFallback
 *   else                          else                         within the retry    Wait  RetryIntervalNotOver
 *                                                              interval
 *   never                         else                         else                Fire  NeverSucceeded
 *   torn                          else                         else                Fire  RecordTorn
 *   in the future, now or once    else                         else                Fire  RecordFromTheFuture
 *   the threshold ago or longer   else                         else                Fire  Overdue
 * ```
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { cksum } from './cksum.ts';
import { epochSecondsOf, type FallbackRecord, isAhead, isBelieved } from './fallback-record.ts';
import type { LastRun } from './last-run.ts';
import type { NodeName } from './names.ts';
import { type EpochMs, epochMs, formatInstant, plus, SECOND_MS } from './time.ts';

/** Without a success for so long the fallback fires: 12 hours, the compliance window itself, in seconds. */
export const THRESHOLD_SECONDS_DEFAULT = 43_200;
/** After an attempt it makes none for so long: one hour, in seconds (law F4). */
export const RETRY_INTERVAL_SECONDS_DEFAULT = 3_600;
/** A fleet whose Summoners died at one instant spreads over so long: ten minutes, in seconds (law F5). */
export const FALLBACK_SPLAY_SECONDS_DEFAULT = 600;
/** No duration of the fallback's is longer, in seconds: seven digits, 115 days. */
export const FALLBACK_SECONDS_MAX = 9_999_999;

/** What one node's fallback goes by. */
export interface FallbackPolicy {
  /** Draws the node's place in the splay; see {@link fallbackDelaySeconds}. */
  readonly node: string;
  /** Fires when this long ago, or longer, was the last success; 1 … {@link FALLBACK_SECONDS_MAX}. */
  readonly thresholdSeconds: number;
  /** From one attempt to the next at least; 1 … {@link FALLBACK_SECONDS_MAX}. */
  readonly retryIntervalSeconds: number;
  /** The wait before a run is less than this; 0 … {@link FALLBACK_SECONDS_MAX}, 0: no wait. */
  readonly splaySeconds: number;
}

/** The policy of `node` while nobody says otherwise: 12 hours, one hour, ten minutes. */
export const defaultFallbackPolicy = (node: NodeName): FallbackPolicy => ({
  node,
  thresholdSeconds: THRESHOLD_SECONDS_DEFAULT,
  retryIntervalSeconds: RETRY_INTERVAL_SECONDS_DEFAULT,
  splaySeconds: FALLBACK_SPLAY_SECONDS_DEFAULT,
});

/** Why the fallback fires: what is wrong with the Summoner's record. A closed set, fit for a metric label. */
export type FireReason =
  /** The Summoner has never recorded a success, or its record is gone. */
  | 'NeverSucceeded'
  /** Its record is there but makes no sense. */
  | 'RecordTorn'
  /** Its last success lies in the future, or once did, and so is none (law F1). */
  | 'RecordFromTheFuture'
  /** Its last success is the threshold ago, or longer. */
  | 'Overdue';

/** Why the fallback waits. A closed set, fit for a metric label. */
export type FallbackWaitReason =
  /** The Summoner does its work. */
  | 'Healthy'
  /** The Summoner does not, but a run of the fallback's own keeps the node compliant. */
  | 'HealedByFallback'
  /** Overdue, but the last attempt was only just. */
  | 'RetryIntervalNotOver';

/** Run chef-client, `delaySeconds` from now. */
export interface FallbackFire {
  readonly _tag: 'Fire';
  readonly reason: FireReason;
  /** This node's wait (law F5), in seconds. The decision is taken once more when it is over. */
  readonly delaySeconds: number;
}

/** Run nothing before `retryAt`. */
export interface FallbackWait {
  readonly _tag: 'Wait';
  readonly reason: FallbackWaitReason;
  /** The first second in which the answer can be another one, if nothing is recorded until then. */
  readonly retryAt: EpochMs;
}

/** What the fallback does now. */
export type FallbackDecision = FallbackFire | FallbackWait;

/**
 * The node's wait before a run of the fallback's, in seconds: at least 0 and less than `splaySeconds` (law F5). Always
 * the same for one node, so that it can be foretold; drawn by POSIX `cksum`, so that the script draws the same.
 *
 * @param node - its name, one character to a byte. One that is no {@link NodeName} draws as well: nodes whose names are bad
 * in one and the same way are not to fire at one instant.
 * @param splaySeconds - 0 answers 0.
 */
export const fallbackDelaySeconds = (node: string, splaySeconds: number): number =>
  splaySeconds === 0 ? 0 : cksum(Uint8Array.from(node, (character) => character.charCodeAt(0))) % splaySeconds;

/** When `since` counts and is less than `seconds` ago: the instant from which it no longer is. */
const freshUntil = (since: O.Option<number>, seconds: number, now: EpochMs): O.Option<EpochMs> =>
  O.isSome(since) && !isAhead(since.value, now) && epochSecondsOf(now) - since.value < seconds
    ? O.some(plus(epochMs(since.value * SECOND_MS), seconds * SECOND_MS))
    : O.none;

const fireReason = (lastRun: LastRun, own: FallbackRecord, now: EpochMs): FireReason => {
  switch (lastRun._tag) {
    case 'Never':
      return 'NeverSucceeded';
    case 'Torn':
      return 'RecordTorn';
    case 'Succeeded':
      return isBelieved(own, lastRun.epochSeconds, now) ? 'Overdue' : 'RecordFromTheFuture';
  }
};

/**
 * Decides whether the fallback runs chef-client (laws F1, F2, F4, F5), in whole seconds throughout.
 *
 * A success or an attempt from the future is none: a clock that was set back costs at most one run more, and never silences
 * the fallback. It comes from the future where it lies ahead by more than {@link CLOCK_TOLERANCE_SECONDS}, and a
 * success of the Summoner's also where it once did.
 *
 * @example
 * ```ts
 * import * as O from 'fp-ts/lib/Option.js';
 * import { defaultFallbackPolicy, EMPTY_FALLBACK_RECORD, epochMs, fallbackDecision, nameFromLiteral, NodeName } from 'signalbox';
 *
 * const policy = defaultFallbackPolicy(nameFromLiteral(NodeName)('web-17'));
 * const lastRun = { _tag: 'Succeeded', epochSeconds: 1_753_668_151 } as const;
 * const twelveHoursLater = epochMs((1_753_668_151 + 43_200) * 1000);
 * console.log(fallbackDecision(policy, lastRun, EMPTY_FALLBACK_RECORD, twelveHoursLater)._tag); // Fire
 * ```
 */
export const fallbackDecision = (
  policy: FallbackPolicy,
  lastRun: LastRun,
  own: FallbackRecord,
  now: EpochMs,
): FallbackDecision => {
  const { thresholdSeconds, retryIntervalSeconds } = policy;
  const isPrimary = lastRun._tag === 'Succeeded' && isBelieved(own, lastRun.epochSeconds, now);
  const primary = isPrimary ? O.some(lastRun.epochSeconds) : O.none;
  const waits: readonly (readonly [FallbackWaitReason, O.Option<EpochMs>])[] = [
    ['Healthy', freshUntil(primary, thresholdSeconds, now)],
    ['HealedByFallback', freshUntil(own.lastSuccessEpochSeconds, thresholdSeconds, now)],
    ['RetryIntervalNotOver', freshUntil(own.lastAttemptEpochSeconds, retryIntervalSeconds, now)],
  ];
  for (const [reason, until] of waits) {
    if (O.isSome(until)) return { _tag: 'Wait', reason, retryAt: until.value };
  }
  return {
    _tag: 'Fire',
    reason: fireReason(lastRun, own, now),
    delaySeconds: fallbackDelaySeconds(policy.node, policy.splaySeconds),
  };
};

/** What `--drill` pretends: a node that is overdue, at its own place in the splay (law F6). */
export const drillDecision = (policy: FallbackPolicy): FallbackFire => ({
  _tag: 'Fire',
  reason: 'Overdue',
  delaySeconds: fallbackDelaySeconds(policy.node, policy.splaySeconds),
});

/** A decision as `signalbox fallback --dry-run --json` and the script print it. */
export interface FallbackDecisionJson {
  readonly decision: 'Fire' | 'Wait';
  readonly reason: FireReason | FallbackWaitReason;
  /** RFC 3339; null while it fires. */
  readonly retryAt: string | null;
}

/** Writes a decision down for machines. */
export const fallbackDecisionToJson = (decision: FallbackDecision): FallbackDecisionJson => ({
  decision: decision._tag,
  reason: decision.reason,
  retryAt: decision._tag === 'Wait' ? formatInstant(decision.retryAt) : null,
});
