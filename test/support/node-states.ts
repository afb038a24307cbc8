/** Arbitrary states of a node: every one that its file can hold, reachable or not. */
import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import type { Assignment } from '../../src/domain/assignment.ts';
import {
  type NodeState,
  type PendingRequest,
  type PendingVersion,
  type RunCause,
  type Running,
  type StoredNodeState,
  wholeSecond,
} from '../../src/domain/node-state.ts';
import type { EpochMs } from '../../src/domain/time.ts';
import * as arb from './arbitraries.ts';

const optional = <A>(value: fc.Arbitrary<A>): fc.Arbitrary<O.Option<A>> =>
  fc.option(value, { nil: undefined }).map((a) => O.fromNullable(a));

const count = fc.oneof(fc.nat(10), fc.constantFrom(0, 1_000_000_000));

const recordOf = <A>(model: { [K in keyof A]: fc.Arbitrary<A[K]> }): fc.Arbitrary<A> =>
  fc.record<A>(model, { noNullPrototype: true });

const pendingVersion = (instant: fc.Arbitrary<EpochMs>) =>
  recordOf<PendingVersion>({
    version: arb.version,
    seenAt: instant,
    startAt: instant,
    attempts: count,
    gaveUp: fc.boolean(),
  });

const pendingRequest = (instant: fc.Arbitrary<EpochMs>) =>
  recordOf<PendingRequest>({
    id: arb.slug,
    startAt: instant,
    expiresEpochSeconds: arb.epochSeconds,
    attempts: count,
  });

const cause: fc.Arbitrary<RunCause> = fc.oneof(
  arb.version.map((version): RunCause => ({ _tag: 'NewVersion', version })),
  arb.slug.map((id): RunCause => ({ _tag: 'Request', id })),
  fc.constantFrom<RunCause>({ _tag: 'Floor' }, { _tag: 'FirstRun' }, { _tag: 'RunNow' }, { _tag: 'Upgraded' }),
);

const running = (instant: fc.Arbitrary<EpochMs>) =>
  recordOf<Running>({
    cause,
    version: optional(arb.version),
    requests: fc.array(arb.slug, { maxLength: 3 }),
    startedAt: instant,
    floorDue: fc.boolean(),
  });

/** Any {@link NodeState}, its instants drawn from `instant`. */
export const nodeState = (instant: fc.Arbitrary<EpochMs> = arb.instant): fc.Arbitrary<NodeState> =>
  recordOf<NodeState>({
    applied: optional(arb.version),
    lastSuccess: optional(instant.map(wholeSecond)),
    heardFallback: optional(instant),
    lastAttempt: optional(instant),
    tried: optional(arb.version),
    accepted: optional(arb.timestamp),
    pending: optional(pendingVersion(instant)),
    requests: fc.array(pendingRequest(instant), { maxLength: 3 }),
    handled: fc.array(recordOf({ id: arb.slug, expiresEpochSeconds: arb.epochSeconds }), { maxLength: 3 }),
    floor: optional(recordOf({ startAt: instant, attempts: count })),
    runNow: fc.boolean(),
    upgraded: fc.boolean(),
    running: optional(running(instant)),
    disabled: optional(
      recordOf({ reason: arb.plainText(1_024), owner: arb.plainText(256), until: instant, floorToo: fc.boolean() }),
    ),
    disabledSince: optional(instant),
    rebootPending: fc.boolean(),
    failures: count,
    interruptions: count,
  });

/** Any {@link Assignment}. */
export const identity: fc.Arbitrary<Assignment> = recordOf<Assignment>({
  stack: arb.stackName,
  environment: arb.environmentName,
  node: arb.nodeName,
});

/** Names of fields that no version of the file has had so far; some look like numbers, some mean something to JavaScript. */
const unknownName = fc.oneof(
  fc.nat(20).map(String),
  arb.dangerousKey,
  fc.string({ maxLength: 20 }).map((text) => `x-${text}`),
);

/** A state file as a newer version may have left it. */
export const storedNodeState: fc.Arbitrary<StoredNodeState> = recordOf<StoredNodeState>({
  identity,
  state: nodeState(),
  unknownFields: fc
    .array(fc.tuple(unknownName, arb.jsonValue), { maxLength: 4 })
    // As a file gives it back, which knows no -0.
    .map((entries) => JSON.parse(JSON.stringify(Object.fromEntries(entries))) as Readonly<Record<string, unknown>>),
});
