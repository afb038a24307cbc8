/** Signals and names as the tests of one node write them down: what is not said is what a healthy producer sends. */
import * as O from 'fp-ts/lib/Option.js';
import { EnvironmentName, nameFromLiteral, NodeName, Slug, StackName, Version } from '../../src/domain/names.ts';
import type { Assignment } from '../../src/domain/assignment.ts';
import type { RunRequest, Signal } from '../../src/domain/signal.ts';
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, SECOND_MS, type Timestamp } from '../../src/domain/time.ts';
import type { Departures } from '../../src/domain/schedule.ts';

export const versionOf = nameFromLiteral(Version);
export const nodeOf = nameFromLiteral(NodeName);
export const slugOf = nameFromLiteral(Slug);

export const STACK = nameFromLiteral(StackName)('basalt');
export const OTHER_STACK = nameFromLiteral(StackName)('ironstone');
export const ENVIRONMENT = nameFromLiteral(EnvironmentName)('prod-1');
export const OTHER_ENVIRONMENT = nameFromLiteral(EnvironmentName)('prod-2');

/** The identity of a node of that name under the key that the tests use. */
export const identityOf = (node = 'web-17'): Assignment => ({
  stack: STACK,
  environment: ENVIRONMENT,
  node: nodeOf(node),
});

/** When the tests begin unless they say otherwise: some time after the published example. */
export const START = epochMs(Date.UTC(2025, 6, 28, 12, 0, 0));

/** The timestamp that many milliseconds after `from`, to the nanosecond. */
export const timestampAt = (from: EpochMs, offsetMs = 0): Timestamp => {
  const ms = Math.max(from + offsetMs, 0);
  return {
    epochSeconds: Math.floor(ms / SECOND_MS),
    nanoseconds: Math.floor((ms - Math.floor(ms / SECOND_MS) * SECOND_MS) * 1e6),
  };
};

export interface SignalSketch {
  readonly version: string;
  readonly timestamp: Timestamp;
  readonly splaySeconds?: number;
  readonly ttlEpochSeconds?: number;
  readonly uploadComplete?: boolean;
  readonly stack?: StackName;
  readonly environment?: EnvironmentName;
  readonly runRequests?: readonly RunRequest[];
  readonly departures?: Departures;
}

/** The signal of `sketch`. */
export const signalOf = (sketch: SignalSketch): Signal => {
  const version = versionOf(sketch.version);
  const { epochSeconds } = sketch.timestamp;
  return {
    splaySeconds: sketch.splaySeconds ?? 0,
    timestamp: sketch.timestamp,
    manifestRecord: {
      version,
      stack: sketch.stack ?? STACK,
      uploadedEpochSeconds: epochSeconds,
      latestCommitHash: 'c0ffee',
      manifest: {
        baseVersion: version,
        latestCommitHash: 'c0ffee',
        author: 'A <a@example.com>',
        cookbookVersions: {},
        siteCookbookVersions: {},
      },
      s3Bucket: 'bucket',
      s3Key: `${sketch.version}.tar.gz`,
      ttlEpochSeconds: sketch.ttlEpochSeconds ?? epochSeconds + (28 * DAY_MS) / SECOND_MS,
      uploadComplete: sketch.uploadComplete ?? true,
    },
    environment: sketch.environment === undefined ? O.none : O.some(sketch.environment),
    runRequests: sketch.runRequests ?? [],
    departures: sketch.departures === undefined ? O.none : O.some(sketch.departures),
  };
};

export interface RequestSketch {
  readonly id: string;
  readonly expiresAt: EpochMs;
  readonly splaySeconds?: number;
  readonly nodes?: readonly string[];
}

/** The run request of `sketch`; without `nodes` it means all of them. */
export const requestOf = ({ id, expiresAt, splaySeconds, nodes }: RequestSketch): RunRequest => ({
  id: slugOf(id),
  requestedBy: 'operator',
  reason: 'test',
  issuedEpochSeconds: Math.max(Math.floor((expiresAt - HOUR_MS) / SECOND_MS), 0),
  expiresEpochSeconds: Math.floor(expiresAt / SECOND_MS),
  splaySeconds: splaySeconds ?? 0,
  nodes: O.fromNullable(nodes),
});
