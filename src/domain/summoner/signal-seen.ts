/**
 * What a signal changes in what a node owes (laws N1, N4 and N5).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { isApplied, isSeen, isVersion } from '../dedup.ts';
import type { Version } from '../names.ts';
import type { NodeState, PendingVersion } from '../node-state.ts';
import { admitSignal, type Signal, triggerOf } from '../signal.ts';
import { splayMs } from '../splay.ts';
import { type EpochMs, plus } from '../time.ts';
import type { SignalVerdict, SummonerPolicy } from './model.ts';
import { requestsAfter, handledAfter } from './requests.ts';

/** Whether the run under way is for `version`. */
const isRunFor = (node: NodeState, version: Version): boolean =>
  O.isSome(node.running) && isVersion(node.running.value.version, version);

/**
 * A version to apply: a newer signal replaces the version and keeps the earlier start (law N4). One that only names the
 * version again gives it neither new attempts nor an earlier retry (law N7). Once the attempts are used up, such a
 * signal starts another series, unless it carries run requests: then those are what it was written for, and whom they
 * mean they start by themselves.
 */
const pendingFor = (policy: SummonerPolicy, node: NodeState, signal: Signal, now: EpochMs): PendingVersion => {
  const { version } = signal.manifestRecord;
  const startAt = plus(now, splayMs(policy.identity.node, version, signal.splaySeconds));
  const fresh: PendingVersion = { version, seenAt: now, startAt, attempts: 0, gaveUp: false };
  const known = O.toUndefined(node.pending);
  if (known === undefined) return fresh;
  if (known.gaveUp) return known.version === version && signal.runRequests.length > 0 ? known : fresh;
  const isWaiting = known.attempts === 0 && !isRunFor(node, known.version);
  if (!isWaiting) return known.version === version ? known : fresh;
  return known.startAt <= fresh.startAt ? { ...known, version } : fresh;
};

interface Judged {
  readonly node: NodeState;
  readonly verdict: SignalVerdict;
  /** Whether the body need not be looked at again until it changes. */
  readonly understood: boolean;
}

export const judgeSignal = (policy: SummonerPolicy, node: NodeState, signal: Signal, now: EpochMs): Judged => {
  const admitted = admitSignal(policy.identity, signal, node.accepted, now, policy.clockToleranceMs);
  if (E.isLeft(admitted)) {
    return { node, verdict: { _tag: 'Refused', refusal: admitted.left }, understood: false };
  }
  if (isSeen(node, signal.timestamp)) return { node, verdict: { _tag: 'AlreadySeen' }, understood: true };
  const trigger = triggerOf(signal, now);
  if (trigger._tag === 'UploadIncomplete') {
    return { node, verdict: { _tag: 'UploadIncomplete' }, understood: false };
  }
  // Looked at again, since it is the clock that says so, and the clock may be set right.
  if (trigger._tag === 'Expired') return { node, verdict: { _tag: 'Expired' }, understood: false };

  const requests = requestsAfter(policy, node, signal, now);
  const accepted: NodeState = {
    ...node,
    accepted: O.some(signal.timestamp),
    requests,
    handled: handledAfter(node, signal, requests, now),
  };
  const { version } = signal.manifestRecord;
  // While a run is under way nobody knows yet what will be applied: its end decides.
  if (O.isNone(node.running) && isApplied(node, version)) {
    return { node: { ...accepted, pending: O.none }, verdict: { _tag: 'AlreadyApplied' }, understood: true };
  }
  const pending = pendingFor(policy, node, signal, now);
  return { node: { ...accepted, pending: O.some(pending) }, verdict: { _tag: 'Accepted' }, understood: true };
};
