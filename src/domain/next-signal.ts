/**
 * The signal that follows a promotion.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Manifest } from './manifest.ts';
import type { EnvironmentName } from './names.ts';
import { type ReleasePlan, type Stage, stageOf } from './release-plan.ts';
import { isExpired } from './run-request.ts';
import type { Departures } from './schedule.ts';
import type { Signal, SignalKey } from './signal.ts';
import {
  compareTimestamps,
  DAY_MS,
  type EpochMs,
  nextTimestamp,
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

const laterThan = (previous: O.Option<Signal>, now: EpochMs): Timestamp => {
  const wanted = timestampOfEpochMs(now);
  if (O.isNone(previous) || compareTimestamps(wanted, previous.value.timestamp) > 0) return wanted;
  return nextTimestamp(previous.value.timestamp);
};

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
  timestamp: laterThan(previous, now),
  manifestRecord: {
    version: artifact.manifest.baseVersion,
    stack: key.stack,
    uploadedEpochSeconds: Math.floor(artifact.uploadedAt / SECOND_MS),
    latestCommitHash: artifact.manifest.latestCommitHash,
    manifest: artifact.manifest,
    s3Bucket: artifact.bucket,
    s3Key: `${artifact.manifest.baseVersion}.tar.gz`,
    ttlEpochSeconds: Math.floor((now + SIGNAL_TTL_MS) / SECOND_MS),
    uploadComplete: true,
  },
  environment: O.some(key.environment),
  runRequests: O.isSome(previous) ? previous.value.runRequests.filter((request) => !isExpired(request, now)) : [],
  departures: O.chain(tellable)(departures),
});
