/**
 * The signal that follows another: after a promotion, and with or without a run request. Each is later than the one before
 * it, however the clock stands (law S6).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { Manifest } from './manifest.ts';
import type { EnvironmentName, Slug } from './names.ts';
import { type ReleasePlan, type Stage, stageOf } from './release-plan.ts';
import { isExpired } from './run-request.ts';
import type { Departures } from './schedule.ts';
import { RUN_REQUESTS_MAX, type RunRequest, type Signal, type SignalKey } from './signal.ts';
import {
  compareTimestamps,
  DAY_MS,
  type EpochMs,
  nextTimestamp,
  plus,
  SECOND_MS,
  type Timestamp,
  timestampOfEpochMs,
} from './time.ts';

/** How long a signal triggers runs: 28 days, as in the published example, in milliseconds. */
export const SIGNAL_TTL_MS = 28 * DAY_MS;

/** The artifact that a signal tells of. */
export interface SignalledArtifact {
  readonly manifest: Manifest;
  readonly uploadedAt: EpochMs;
  readonly bucket: string;
  /** Where it lies in the bucket. */
  readonly key: string;
}

/** How an environment's nodes are to be told. */
export interface SignalTerms {
  /** Seconds over which they spread. */
  readonly splaySeconds: number;
  /** The departures of their stage; none where only people promote. */
  readonly departures: O.Option<Departures>;
}

/** Departures as a signal can tell of them: it counts in seconds, and says nothing of others. */
const tellable = ({ everyMs, offsetMs }: Departures): O.Option<Departures> =>
  everyMs % SECOND_MS === 0 && offsetMs % SECOND_MS === 0 ? O.some({ everyMs, offsetMs }) : O.none;

/** When the plan may promote `environment`; none where only people do. */
export const departuresOf = (plan: ReleasePlan, environment: EnvironmentName): O.Option<Departures> =>
  O.map(({ schedule }: Stage) => schedule)(O.fromNullable(stageOf(plan, environment)));

const laterThan = ({ timestamp }: Signal, now: EpochMs): Timestamp => {
  const wanted = timestampOfEpochMs(now);
  return compareTimestamps(wanted, timestamp) > 0 ? wanted : nextTimestamp(timestamp);
};

/** The run requests of `signal` that have not expired. */
export const openRequests = ({ runRequests }: Signal, now: EpochMs): readonly RunRequest[] =>
  runRequests.filter((request) => !isExpired(request, now));

/**
 * The signal to write under `key` after a promotion: later than `previous`, however the clock stands (law S6), and
 * carrying the run requests that are still open.
 */
export const signalAfterPromotion = (
  key: SignalKey,
  artifact: SignalledArtifact,
  { splaySeconds, departures }: SignalTerms,
  previous: O.Option<Signal>,
  now: EpochMs,
): Signal => ({
  splaySeconds,
  timestamp: O.isSome(previous) ? laterThan(previous.value, now) : timestampOfEpochMs(now),
  manifestRecord: {
    version: artifact.manifest.baseVersion,
    stack: key.stack,
    uploadedEpochSeconds: Math.floor(artifact.uploadedAt / SECOND_MS),
    latestCommitHash: artifact.manifest.latestCommitHash,
    manifest: artifact.manifest,
    s3Bucket: artifact.bucket,
    s3Key: artifact.key,
    ttlEpochSeconds: Math.floor((now + SIGNAL_TTL_MS) / SECOND_MS),
    uploadComplete: true,
  },
  environment: O.some(key.environment),
  runRequests: O.isSome(previous) ? openRequests(previous.value, now) : [],
  departures: O.chain(tellable)(departures),
});

/** Why a run request cannot be told. The tags are a closed set fit for a metric label. */
export type RunRequestRefusal =
  /** Nothing was ever signalled there that a request could go out with. */
  | { readonly _tag: 'NothingSignalled' }
  /** So many are open already. */
  | { readonly _tag: 'TooManyRequests'; readonly openMax: number }
  /** The node that waits longest would find it expired. */
  | { readonly _tag: 'ExpiresWithinSplay'; readonly splaySeconds: number };

/** One line for people, with the way out. */
export const formatRunRequestRefusal = (refusal: RunRequestRefusal): string => {
  switch (refusal._tag) {
    case 'NothingSignalled':
      return 'nothing was ever signalled there, so its nodes run at first sight; promote a version first';
    case 'TooManyRequests':
      return `${refusal.openMax} run requests are open there; withdraw one, or wait until one expires`;
    case 'ExpiresWithinSplay':
      return `expires: expected later than the end of the splay (${refusal.splaySeconds} s), or the last nodes never run`;
  }
};

/**
 * `previous` with `request` beside what it tells already (law N11). It triggers at least as long as the request is open, and
 * names the version that was signalled last: that version is not new to anybody.
 *
 * @returns none where a request of that id is open there: it was asked twice (law L8).
 */
export const signalWithRequest = (
  previous: O.Option<Signal>,
  request: RunRequest,
  now: EpochMs,
): E.Either<RunRequestRefusal, O.Option<Signal>> => {
  const { splaySeconds, expiresEpochSeconds } = request;
  if (isExpired(request, plus(now, splaySeconds * SECOND_MS))) {
    return E.left({ _tag: 'ExpiresWithinSplay', splaySeconds });
  }
  if (O.isNone(previous)) return E.left({ _tag: 'NothingSignalled' });
  const open = openRequests(previous.value, now);
  if (open.some(({ id }) => id === request.id)) return E.right(O.none);
  if (open.length >= RUN_REQUESTS_MAX) return E.left({ _tag: 'TooManyRequests', openMax: RUN_REQUESTS_MAX });
  const { manifestRecord } = previous.value;
  const ttlEpochSeconds = Math.max(manifestRecord.ttlEpochSeconds, expiresEpochSeconds);
  return E.right(
    O.some({
      ...previous.value,
      timestamp: laterThan(previous.value, now),
      manifestRecord: { ...manifestRecord, ttlEpochSeconds },
      runRequests: [...open, request],
    }),
  );
};

/** `previous` without the request `id`: nodes that have not run for it do not any more. None where it is not open there. */
export const signalWithoutRequest = (previous: O.Option<Signal>, id: Slug, now: EpochMs): O.Option<Signal> => {
  if (O.isNone(previous)) return O.none;
  const open = openRequests(previous.value, now);
  const kept = open.filter((request) => request.id !== id);
  if (kept.length === open.length) return O.none;
  return O.some({ ...previous.value, timestamp: laterThan(previous.value, now), runRequests: kept });
};
