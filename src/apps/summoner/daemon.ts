/**
 * The Summoner as a daemon: what reaches it from outside while it runs, and what it tells of itself.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { formatDuration, MINUTE_MS } from '../../domain/time.ts';
import { type Failure, formatFailure } from '../failure.ts';
import { newBell } from './bell.ts';
import { latestTo } from './latest.ts';
import { type Audience, type Report, type ReportHooks, reportTo } from './node-report.ts';
import { runSummoner } from './summoner.ts';
import type { SummonerPorts } from './summoner-ports.ts';
import { patienceMs } from './watchdog.ts';

/** What people and the system ask of the process. */
export interface Demands {
  /** SIGHUP: load the configuration again. */
  readonly reload: () => void;
  /** SIGUSR1: run now. */
  readonly runNow: () => void;
}

/** What surrounds the daemon. None of it rejects. */
export interface Surroundings {
  readonly writer: string;
  readonly pid: number;
  /** Writes what the daemon tells of itself to where it is read. */
  readonly publish: (report: Report) => Promise<void>;
  /** Tells the service manager, and resolves when that has heard it; absent where there is none. */
  readonly tell?: (fields: Readonly<Record<string, string>>) => Promise<void>;
  readonly watchdogMs?: number;
  /** How long a run may take to stop, in milliseconds, as it is configured now. */
  readonly graceMs: () => number;
  /** Passes on what is demanded; answers how to stop. */
  readonly onDemands: (demands: Demands) => () => void;
  /** Calls `arrived` when a request was left; answers how to stop. */
  readonly watchRequests: (arrived: () => void) => Promise<() => void>;
  /** Loads the configuration again, for the same node and the same state. */
  readonly reload: () => Promise<E.Either<Failure, SummonerPorts>>;
  /** Microseconds by the clock that the service manager has. */
  readonly monotonicUs: () => bigint;
}

const withHooks = (ports: SummonerPorts, hooks: ReportHooks): SummonerPorts => ({ ...ports, ...hooks });

/** Polls that are further apart than the unit's watchdog has patience for are no fault, but somebody's mistake. */
const checkWatchdog = ({ log, policy }: SummonerPorts, watchdogMs: number | undefined): void => {
  const neededMs = patienceMs(policy.pollIdleMs);
  if (watchdogMs === undefined || watchdogMs >= neededMs) return;
  log('warn', 'WatchdogSec is too short for poll_idle, and is lengthened', {
    watchdog_seconds: watchdogMs / 1_000,
    needed_seconds: neededMs / 1_000,
  });
};

/** After the grace of a run: for a poll that is under way and for the disk, in milliseconds. */
const STOP_MARGIN_MS = MINUTE_MS;

/** Runs the Summoner until `abort`: see `runSummoner`. */
export const runDaemon = async (
  starting: SummonerPorts,
  abort: AbortSignal,
  surroundings: Surroundings,
): Promise<void> => {
  const { writer, pid, publish, tell, watchdogMs, graceMs, onDemands, watchRequests, reload, monotonicUs } =
    surroundings;
  const { log } = starting;
  const bell = newBell();
  const published = latestTo(publish);
  const audience: Audience = {
    writer,
    pid,
    publish: published.set,
    ...(tell === undefined ? {} : { tell: (fields) => void tell(fields) }),
    ...(watchdogMs === undefined ? {} : { watchdogMs }),
  };
  let current = starting;
  let loaded: SummonerPorts | undefined;
  const hooks = reportTo(() => current.policy, starting.clock, audience);

  const loadAgain = async (): Promise<void> => {
    await tell?.({ RELOADING: '1', MONOTONIC_USEC: String(monotonicUs()) });
    const ports = await reload();
    if (E.isLeft(ports)) {
      log('error', 'the configuration was not taken, and the old one stays', { detail: formatFailure(ports.left) });
    } else {
      log('info', 'the configuration was loaded again');
      checkWatchdog(ports.right, watchdogMs);
      loaded = withHooks(ports.right, hooks);
      bell.ring();
    }
    await tell?.({ READY: '1' });
  };

  const reloads = latestTo(loadAgain);
  const stopDemands = onDemands({
    reload: () => reloads.set(undefined),
    runNow: () => {
      log('info', 'asked by a signal to run now');
      starting.operator?.askRunNow();
      bell.ring();
    },
  });
  const onStop = (): void => {
    log('info', 'asked to stop');
    const patienceUsec = (graceMs() + STOP_MARGIN_MS) * 1_000;
    const status = 'stopping; a run under way has its grace';
    void tell?.({ STOPPING: '1', STATUS: status, EXTEND_TIMEOUT_USEC: String(patienceUsec) });
  };
  abort.addEventListener('abort', onStop, { once: true });
  checkWatchdog(starting, watchdogMs);
  log('info', 'the Summoner starts', {
    ...starting.policy.identity,
    pid,
    window: formatDuration(starting.policy.windowMs),
  });
  const stopWatching = await watchRequests(bell.ring);
  try {
    await runSummoner(withHooks(starting, hooks), abort, {
      listen: bell.listen,
      reloaded: () => {
        const ports = loaded;
        current = ports ?? current;
        loaded = undefined;
        return ports;
      },
    });
  } finally {
    stopWatching();
    stopDemands();
    abort.removeEventListener('abort', onStop);
    await reloads.settled();
    await published.settled();
  }
};
