/**
 * What a Summoner says of itself: what is on the node, what it does now and why, what comes next and when. It lies in a
 * file for whoever asks, and is a public, versioned contract: fields are added, and none changes its meaning.
 *
 * @module
 */
import type * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import type { Assignment } from './assignment.ts';
import { boundedInteger, boundedText, decodeJsonWith, type FieldError } from './decoding.ts';
import type { Disabling } from './disabling.ts';
import { InstantField, optionField } from './json-fields.ts';
import { EnvironmentName, NodeName, Slug, StackName, Version } from './names.ts';
import type { PendingVersion, RunCause, Running } from './node-state.ts';
import type { SummonerDecision } from './summoner/model.ts';
import type { EpochMs } from './time.ts';

const Count = boundedInteger('count', 0, Number.MAX_SAFE_INTEGER);
const Name = boundedText('name', 256);

const PendingStatus = t.type({
  version: Version,
  seen: InstantField,
  attempts: Count,
  gave_up: t.boolean,
});

const RunningStatus = t.type({ cause: Name, version: optionField(Version), started: InstantField });

const DisabledStatus = t.type({
  reason: boundedText('reason', 1024),
  owner: boundedText('owner', 256),
  until: InstantField,
  floor_too: t.boolean,
});

const LastRunStatus = t.type({ cause: Name, outcome: Name, started: InstantField, ended: InstantField });

const BusStatus = t.type({
  last_poll: optionField(InstantField),
  last_outcome: optionField(Name),
  failures: Count,
  next_poll: InstantField,
});

/** Reads and writes the status file. */
export const NodeStatusFile = t.type(
  {
    schema: boundedInteger('schema', 1, Number.MAX_SAFE_INTEGER),
    written: InstantField,
    writer: Name,
    pid: Count,
    stack: StackName,
    environment: EnvironmentName,
    node: NodeName,
    action: Name,
    reason: Name,
    next_start: optionField(InstantField),
    next_cause: optionField(Name),
    look_again: InstantField,
    applied_version: optionField(Version),
    last_success: optionField(InstantField),
    last_attempt: optionField(InstantField),
    failures: Count,
    pending: optionField(PendingStatus),
    requests: t.readonlyArray(Slug),
    running: optionField(RunningStatus),
    run_now: t.boolean,
    disabled: optionField(DisabledStatus),
    reboot_pending: t.boolean,
    state_stored: t.boolean,
    last_run: optionField(LastRunStatus),
    bus: BusStatus,
  },
  'node status',
);

/**
 * What a Summoner says of itself, its fields called as in the file.
 *
 * `written` by the process `pid`, which names itself `writer`, as its temporary files do. `action` and `reason` are the tags
 * of its decision; it starts its next run at `next_start` as things stand, for `next_cause`, and looks again at `look_again`.
 * `running` is the run under way, `last_run` the last that this process saw end. `state_stored` is false while the state is held in memory,
 * because the disk does not take it (fault 39). `bus.failures` are the polls in a row that got no answer.
 */
export type NodeStatus = t.TypeOf<typeof NodeStatusFile>;

/** {@link NodeStatus} as JSON: instants as RFC 3339, what is absent as null. */
export type NodeStatusJson = t.OutputOf<typeof NodeStatusFile>;

/** The version of the document's form. */
export const NODE_STATUS_SCHEMA = 1;

/** What the process knows beside its decision. */
export interface StatusContext {
  readonly now: EpochMs;
  readonly writer: string;
  readonly pid: number;
  /** Whether the state is on the disk as it is in memory. */
  readonly isStored: boolean;
  readonly lastPoll: O.Option<{ readonly at: EpochMs; readonly outcome: string }>;
  readonly lastRun: NodeStatus['last_run'];
}

const pendingStatus = ({ version, seenAt, attempts, gaveUp }: PendingVersion) => ({
  version,
  seen: seenAt,
  attempts,
  gave_up: gaveUp,
});

const runningStatus = ({ cause, version, startedAt }: Running) => ({ cause: cause._tag, version, started: startedAt });

const disabledStatus = ({ reason, owner, until, floorToo }: Disabling) => ({
  reason,
  owner,
  until,
  floor_too: floorToo,
});

/** What the agent that decided `decision` says of itself. */
export const nodeStatusOf = (
  { stack, environment, node: name }: Assignment,
  { action, reason, state: { node, bus }, nextStartAt, nextCause, lookAgainAt }: SummonerDecision,
  { now, writer, pid, isStored, lastPoll, lastRun }: StatusContext,
): NodeStatus => ({
  schema: NODE_STATUS_SCHEMA,
  written: now,
  writer,
  pid,
  stack,
  environment,
  node: name,
  action: action._tag,
  reason: reason._tag,
  next_start: nextStartAt,
  next_cause: O.map(({ _tag }: RunCause) => _tag)(nextCause),
  look_again: lookAgainAt,
  applied_version: node.applied,
  last_success: node.lastSuccess,
  last_attempt: node.lastAttempt,
  failures: node.failures,
  pending: O.map(pendingStatus)(node.pending),
  requests: node.requests.map(({ id }) => id),
  running: O.map(runningStatus)(node.running),
  run_now: node.runNow,
  disabled: O.map(disabledStatus)(node.disabled),
  reboot_pending: node.rebootPending,
  state_stored: isStored,
  last_run: lastRun,
  bus: {
    last_poll: O.map(({ at }: { readonly at: EpochMs }) => at)(lastPoll),
    last_outcome: O.map(({ outcome }: { readonly outcome: string }) => outcome)(lastPoll),
    failures: bus.failures,
    next_poll: bus.pollAt,
  },
});

/** A status as JSON. */
export const nodeStatusToJson = (status: NodeStatus): NodeStatusJson => NodeStatusFile.encode(status);

/** Writes a status file. */
export const encodeNodeStatus = (status: NodeStatus): string =>
  `${JSON.stringify(nodeStatusToJson(status), null, 1)}\n`;

/** Reads a status file. Fields that nobody knows are ignored, so that one of a newer agent can be read. */
export const decodeNodeStatus: (text: string) => E.Either<readonly FieldError[], NodeStatus> =
  decodeJsonWith(NodeStatusFile);
