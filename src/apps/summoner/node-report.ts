/**
 * What a Summoner tells of itself while it runs: a status and metrics for whoever reads them, and signs of life for the
 * service manager.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type NodeStatus, nodeStatusOf } from '../../domain/node-status.ts';
import { runOutcomeOf } from '../../domain/run-outcome.ts';
import type { Observation, SummonerDecision, SummonerPolicy } from '../../domain/summoner.ts';
import { type EpochMs, formatInstant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { summonerTally } from './metrics.ts';
import type { EndedRun, SummonerPorts } from './summoner-ports.ts';
import { fedWith } from './watchdog.ts';

/** What is told to whoever reads it. */
export interface Report {
  readonly status: NodeStatus;
  /** In Prometheus's text format. */
  readonly metrics: string;
}

/** Who is told, and in whose name. */
export interface Audience {
  /** This process, as it names its temporaries; see `NodeStatus`. */
  readonly writer: string;
  readonly pid: number;
  readonly publish: (report: Report) => void;
  /** Tells the service manager variables of sd_notify(3); absent where there is none. */
  readonly tell?: (fields: Readonly<Record<string, string>>) => void;
  /** How long the service manager waits for a sign of life; absent where it waits for none. */
  readonly watchdogMs?: number;
}

/** The hooks by which a Summoner tells of itself. */
export type ReportHooks = Required<Pick<SummonerPorts, 'onDecision' | 'onPolled' | 'onRunEnded'>>;

/** What the node does, in one line. */
export const statusLine = ({ running, disabled, reason, next_start: nextStart }: NodeStatus): string => {
  if (O.isSome(running)) return `running (${running.value.cause}) since ${formatInstant(running.value.started)}`;
  const next = O.isSome(nextStart) ? `; next run at ${formatInstant(nextStart.value)}` : '';
  if (O.isNone(disabled)) return `${reason}${next}`;
  const { until, owner, reason: why } = disabled.value;
  return `disabled until ${formatInstant(until)} by ${owner} (${why})${next}`;
};

const lastRunOf = ({ outcomes }: SummonerPolicy, { cause, startedAt, endedAt, end }: EndedRun) => {
  const outcome = runOutcomeOf(end, cause._tag === 'Upgraded', outcomes);
  return {
    cause: cause._tag,
    outcome: outcome._tag === 'Failed' ? outcome.name : outcome._tag,
    started: startedAt,
    ended: endedAt,
  };
};

/**
 * The hooks of one process. The service manager hears that it is ready when the state has been loaded and the first
 * decision taken, and is told again only what has changed.
 *
 * @param policy - by which the agent goes now.
 */
export const reportTo = (
  policy: () => SummonerPolicy,
  clock: Pick<Clock, 'now'>,
  { writer, pid, publish, tell, watchdogMs }: Audience,
): ReportHooks => {
  const tally = summonerTally(clock.now());
  let last: { readonly decision: SummonerDecision; readonly isStored: boolean } | undefined;
  let lastPoll: O.Option<{ readonly at: EpochMs; readonly outcome: Observation['_tag'] }> = O.none;
  let lastRun: NodeStatus['last_run'] = O.none;
  let told = '';

  const report = (): NodeStatus | undefined => {
    if (last === undefined) return undefined;
    const context = { now: clock.now(), writer, pid, isStored: last.isStored, lastPoll, lastRun };
    const status = nodeStatusOf(policy().identity, last.decision, context);
    publish({ status, metrics: tally.text(status) });
    return status;
  };

  const food = ({ state }: SummonerDecision): Readonly<Record<string, string>> =>
    watchdogMs === undefined ? {} : fedWith(watchdogMs, state.bus.pollAt - clock.now());

  return {
    onDecision: (decision, isStored) => {
      const isFirst = last === undefined;
      last = { decision, isStored };
      const { verdict } = decision;
      if (O.isSome(verdict) && verdict.value._tag === 'Refused') tally.refused(verdict.value.refusal._tag);
      const status = report();
      if (status === undefined || tell === undefined) return;
      const line = statusLine(status);
      if (isFirst) tell({ READY: '1', STATUS: line, ...food(decision) });
      else if (line !== told) tell({ STATUS: line });
      told = line;
    },
    onPolled: (outcome) => {
      lastPoll = O.some({ at: clock.now(), outcome });
      tally.polled(outcome);
      report();
      if (last !== undefined && watchdogMs !== undefined) tell?.(food(last.decision));
    },
    onRunEnded: (run) => {
      const ended = lastRunOf(policy(), run);
      lastRun = O.some(ended);
      tally.ran(ended.cause, ended.outcome);
      report();
    },
  };
};
