/**
 * A node's status for people.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { NodeRequest } from '../../domain/node-request.ts';
import type { NodeStatus } from '../../domain/node-status.ts';
import { type EpochMs, formatDuration, formatInstant, SECOND_MS } from '../../domain/time.ts';
import type { NodeAnswer, SummonerPresence } from './node-answer.ts';

const wholeSeconds = (durationMs: number): string => formatDuration(Math.floor(durationMs / SECOND_MS) * SECOND_MS);

/** An instant, and how far it is from `now`. */
export const relative = (instant: EpochMs, now: EpochMs): string =>
  instant <= now
    ? `${formatInstant(instant)} (${wholeSeconds(now - instant)} ago)`
    : `${formatInstant(instant)} (in ${wholeSeconds(instant - now)})`;

/** What each reason of a decision means. */
const REASONS: Readonly<Record<string, string>> = {
  NewVersion: 'a new version was signalled',
  Request: 'a run request is addressed to it',
  Floor: 'the compliance window is about to close',
  FirstRun: 'it never ran, or has no success that can be believed',
  RunNow: 'somebody on the node asked for it',
  Upgraded: 'the client upgraded itself, and is run again',
  AlreadyRunning: 'a run is under way',
  Splay: 'it waits its splay',
  BackingOff: 'it waits after a failure',
  Disabled: 'a person disabled it',
  GaveUp: 'the attempts at its version are used up; a new signal, a request or the floor is next',
  UpToDate: 'it owes nothing before the floor',
};

const meaningIn = (meanings: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(meanings, name) ? meanings[name] : undefined;

/** What a reason means; the reason itself where it is of a newer Summoner. */
export const explainReason = (reason: string): string => meaningIn(REASONS, reason) ?? reason;

const presenceText = (presence: SummonerPresence, { pid, written, look_again }: NodeStatus, now: EpochMs): string => {
  switch (presence) {
    case 'Running':
      return `running, process ${pid}; told this at ${relative(written, now)}`;
    case 'Stalled':
      return `process ${pid} is alive and wanted to look again at ${relative(look_again, now)}: it hangs, or the disk does not take its status`;
    case 'NotRunning':
      return 'not running; below is what it would do if it started now';
    case 'Unknown':
      return `cannot be seen from here; process ${pid} told this at ${relative(written, now)}`;
  }
};

const orNothing = <A>(option: O.Option<A>, text: (a: A) => string): string =>
  O.isSome(option) ? text(option.value) : '-';

const pendingText = (status: NodeStatus, now: EpochMs): string =>
  orNothing(status.pending, ({ version, seen, attempts, gave_up }) => {
    const tried = attempts === 0 ? '' : `; ${attempts} failed attempts${gave_up ? ', given up' : ''}`;
    return `${version}, seen ${relative(seen, now)}${tried}`;
  });

const nextRunText = ({ next_start, next_cause }: NodeStatus, now: EpochMs): string => {
  const why = O.isSome(next_cause) ? ` for ${next_cause.value}: ${explainReason(next_cause.value)}` : '';
  return orNothing(next_start, (at) => `${relative(at, now)}${why}`);
};

/** What became of a poll that showed no signal, and the way out. */
const POLLS: Readonly<Record<string, string>> = {
  Missing: 'nothing was ever promoted to its stack and environment, or it looks in another place',
  Denied: 'the bus refuses these credentials',
  Unavailable: 'the bus does not answer',
  Malformed: 'what lies under its key is no signal; a promotion writes one',
};

const explainPoll = (outcome: string): string => {
  const meaning = meaningIn(POLLS, outcome);
  return meaning === undefined ? '' : `: ${meaning}`;
};

const busText = ({ bus: { last_poll, last_outcome, failures, next_poll } }: NodeStatus, now: EpochMs): string => {
  const last =
    O.isSome(last_poll) && O.isSome(last_outcome)
      ? `${last_outcome.value} at ${relative(last_poll.value, now)}${explainPoll(last_outcome.value)}`
      : 'not polled yet';
  const failing = failures === 0 ? '' : `; ${failures} polls in a row got no answer`;
  return `${last}${failing}; next poll ${relative(next_poll, now)}`;
};

const askText = ({ ask, by, askedAt }: NodeRequest, now: EpochMs): string =>
  `${ask._tag} by ${by} at ${relative(askedAt, now)}, not taken in yet`;

/** A node's status as rows of a table, below a line that names it. */
export const nodeRows = (
  { presence, status, waiting }: NodeAnswer,
  now: EpochMs,
): readonly (readonly [string, string])[] => {
  const { action, reason, running, disabled, last_run, failures } = status;
  return [
    ['summoner', presenceText(presence, status, now)],
    ['applied', orNothing(status.applied_version, String)],
    ['last success', orNothing(status.last_success, (at) => relative(at, now))],
    ['last attempt', orNothing(status.last_attempt, (at) => relative(at, now))],
    ...(O.isSome(last_run)
      ? [
          [
            'last run',
            `${last_run.value.outcome} (${last_run.value.cause}) at ${relative(last_run.value.ended, now)}`,
          ] as const,
        ]
      : []),
    ...(failures === 0 ? [] : [['failures', `${failures} since the last success`] as const]),
    ['pending', pendingText(status, now)],
    ...(status.requests.length === 0 ? [] : [['requests', status.requests.join(', ')] as const]),
    ...(O.isSome(running)
      ? [['running', `${running.value.cause} since ${relative(running.value.started, now)}`] as const]
      : []),
    ['decision', `${action === 'Start' ? 'start' : 'wait'} (${reason}): ${explainReason(reason)}`],
    ['next run', nextRunText(status, now)],
    ...(O.isSome(disabled)
      ? [
          [
            'disabled',
            `until ${relative(disabled.value.until, now)} by ${disabled.value.owner}: ${disabled.value.reason}; ${disabled.value.floor_too ? 'the floor too' : 'the floor runs all the same'}`,
          ] as const,
        ]
      : []),
    ...(status.run_now ? [['run now', 'asked for, and not started yet'] as const] : []),
    ...(status.reboot_pending ? [['reboot', 'pending'] as const] : []),
    ...(status.state_stored ? [] : [['state', 'held in memory: the disk does not take it'] as const]),
    ['bus', busText(status, now)],
    ...waiting.map((request) => ['asked', askText(request, now)] as const),
  ];
};
