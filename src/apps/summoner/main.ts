/**
 * The Summoner's parts, as the configuration names them.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { childProcessRunner } from '../../adapters/child-process/index.ts';
import { clearTemporaries, nodeFileSystem, replaceFile } from '../../adapters/durable-files/index.ts';
import { takeFileLock } from '../../adapters/file-lock/index.ts';
import { filesystemStateStore } from '../../adapters/filesystem/index.ts';
import { requestBox } from '../../adapters/request-box/index.ts';
import { systemdServiceManager, watchdogMsOf } from '../../adapters/service-manager/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import { transientUnitRunner } from '../../adapters/transient-unit/index.ts';
import { APPLIERS } from '../../domain/applier.ts';
import { Assignment, isSameAssignment } from '../../domain/assignment.ts';
import { fallbackRecordOf, fallbackSuccess } from '../../domain/fallback-record.ts';
import { encodeNodeStatus } from '../../domain/node-status.ts';
import { pollingFor } from '../../domain/polling.ts';
import { policyFor, type SummonerPolicy } from '../../domain/summoner.ts';
import type { ProcessOrder, ProcessRunner } from '../../ports/process-runner.ts';
import { fail, withConfig } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { type LoadedConfig, loadConfig, loadDocument } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { Config } from '../config.ts';
import { badData, type Failure } from '../failure.ts';
import { readOwnRecord } from '../fallback/main.ts';
import { formatListenAddress } from '../listen-address.ts';
import type { Log } from '../log.ts';
import { openSignalBus } from '../places/main.ts';
import { convergeWith, takeUpWith } from './converge.ts';
import { runDaemon, type Surroundings } from './daemon.ts';
import { requestsPath, statusPath } from './node-files.ts';
import type { TakeNodeLock } from './node-lock.ts';
import { operatorOf } from './operator.ts';
import { INIT_SHELL, initArguments } from './process-one.ts';
import type { SummonerPorts } from './summoner-ports.ts';

/** Who this node is: what the configuration says, and the rest from the file that bootstrap wrote. */
const identityOf = async ({ config, pathOf }: LoadedConfig): Promise<E.Either<Failure, Assignment>> => {
  const { node, stack, environment } = config;
  if (O.isSome(node) && O.isSome(stack) && O.isSome(environment)) {
    return E.right({ node: node.value, stack: stack.value, environment: environment.value });
  }
  const file = await loadDocument(pathOf(config.node_file), Assignment);
  if (E.isLeft(file)) {
    return E.left(
      badData(
        `${file.left._tag === 'BadData' ? file.left.detail : ''}; bootstrap writes it, or set node, stack and environment`,
      ),
    );
  }
  return E.right({
    node: O.getOrElse(() => file.right.node)(node),
    stack: O.getOrElse(() => file.right.stack)(stack),
    environment: O.getOrElse(() => file.right.environment)(environment),
  });
};

const policyOf = (identity: Assignment, config: Config): SummonerPolicy =>
  policyFor(identity, {
    windowMs: config.window,
    leadMs: config.lead,
    ...pollingFor({
      pollEveryMs: config.poll_every,
      pollSoonMs: O.toUndefined(config.poll_soon),
      pollIdleMs: O.toUndefined(config.poll_idle),
    }),
    clockToleranceMs: config.clock_tolerance,
    catchUpSplaySeconds: config.catch_up_splay,
    attemptsMax: config.attempts_max,
    backoff: { baseMs: config.backoff_base, capMs: config.backoff_cap },
    outcomes: APPLIERS[config.applier].outcomes,
  });

/** How the node is to behave that `loaded` is the configuration of. */
export const policyFrom = async (loaded: LoadedConfig): Promise<E.Either<Failure, SummonerPolicy>> =>
  E.map((identity: Assignment) => policyOf(identity, loaded.config))(await identityOf(loaded));

const OUTPUT_TAIL_BYTES = 16_384;

/** What the service manager has told this process: a run that spoke in its name could call a dead agent alive. */
const SERVICE_VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

/** What the converge sees of the environment: all of it, a proxy for one, but what is ours. */
const inherited = (environment: Terminal['environment']): ProcessOrder['env'] =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || name.startsWith('SIGNALBOX_') || SERVICE_VARIABLES.includes(name) ? [] : [[name, value]],
    ),
  );

const orderOf = (config: Config, environment: Terminal['environment']): E.Either<Failure, ProcessOrder> => {
  const [command, ...args] = O.toUndefined(config.command) ?? APPLIERS[config.applier].command ?? [];
  if (command === undefined) {
    return E.left(
      badData(`command: expected an executable and its arguments, which ${config.applier} cannot do without`),
    );
  }
  return E.right({
    command,
    args,
    env: inherited(environment),
    timeLimitMs: config.run_time_limit,
    graceMs: config.run_grace,
    outputTailBytes: OUTPUT_TAIL_BYTES,
  });
};

/** Of the runs that are units of systemd. */
const RUN_UNIT = 'signalbox-run.service';
const RUN_ENVIRONMENT_FILE = 'run.env';

/** Runs a converge where the configuration says. */
const runnerFor = (loaded: LoadedConfig, environment: Terminal['environment']): ProcessRunner => {
  const processes = childProcessRunner();
  if (loaded.config.run_in === 'child') return processes;
  const directory = environment['RUNTIME_DIRECTORY'] ?? stateDirectory(loaded);
  return transientUnitRunner({ processes, unit: RUN_UNIT, environmentFile: join(directory, RUN_ENVIRONMENT_FILE) });
};

/** The directory of the node's own state. */
const stateDirectory = ({ config, pathOf }: LoadedConfig): string => pathOf(config.node_state);

/** What a Summoner keeps when its configuration is loaded again. */
type Kept = Pick<SummonerPorts, 'clock' | 'state' | 'operator'>;

const keptFor = (loaded: LoadedConfig, log: Log): Kept => ({
  clock: systemClock(),
  state: filesystemStateStore(stateDirectory(loaded)),
  operator: operatorOf(requestBox(requestsPath(stateDirectory(loaded))), log),
});

const portsOf = async (
  loaded: LoadedConfig,
  environment: Terminal['environment'],
  log: Log,
  kept: Kept = keptFor(loaded, log),
): Promise<E.Either<Failure, SummonerPorts>> => {
  const { config, pathOf } = loaded;
  const identity = await identityOf(loaded);
  if (E.isLeft(identity)) return identity;
  const bus = await openSignalBus(loaded, 'summoner');
  if (E.isLeft(bus)) return bus;
  const order = orderOf(config, environment);
  if (E.isLeft(order)) return order;
  const runner = runnerFor(loaded, environment);
  const applier = APPLIERS[config.applier];
  const takeUp = takeUpWith(runner, order.right, log, applier);
  const [fallbackRecord, fallbackSpare] = [pathOf(config.fallback_record), pathOf(config.fallback_spare_record)];
  return E.right({
    ...kept,
    policy: policyOf(identity.right, config),
    bus: bus.right,
    converge: convergeWith(runner, order.right, log, applier),
    ...(takeUp === undefined ? {} : { takeUp }),
    fallbackSuccess: async () => fallbackSuccess(fallbackRecordOf(await readOwnRecord(fallbackRecord, fallbackSpare))),
    log,
  });
};

const LOCK_FILE = 'summoner.lock';

/** The Summoner of a node as it is configured. */
export interface ConfiguredSummoner {
  readonly ports: SummonerPorts;
  readonly takeLock: TakeNodeLock;
  /** Runs it as a daemon until it is asked to stop. */
  readonly serve: (ports: SummonerPorts) => Promise<void>;
}

/**
 * Writes what the daemon tells of itself; a file that cannot be written is complained of once, until it can again. What an
 * agent that was killed left of its metrics goes first (fault 41); the directory of the state is cleared by its store.
 */
const publisherOf = (loaded: () => LoadedConfig, log: Log): Surroundings['publish'] => {
  const failing = new Set<string>();
  const cleared = new Set<string>();
  const clear = async (directory: string): Promise<void> => {
    if (cleared.has(directory)) return;
    cleared.add(directory);
    await clearTemporaries(nodeFileSystem, directory).catch(() => undefined);
  };
  const write = async (path: string, text: string): Promise<void> => {
    const replaced = await replaceFile(path, Buffer.from(text));
    if (replaced._tag === 'Replaced') {
      failing.delete(path);
      return;
    }
    const { detail } = replaced;
    if (!failing.has(path)) log('error', 'what is told cannot be written', { detail });
    failing.add(path);
  };
  return async ({ status, metrics }) => {
    const now = loaded();
    await write(statusPath(stateDirectory(now)), encodeNodeStatus(status));
    if (O.isNone(now.config.metrics_file)) return;
    const metricsFile = now.pathOf(now.config.metrics_file.value);
    await clear(dirname(metricsFile));
    await write(metricsFile, metrics);
  };
};

/** The endpoint for metrics, where one is configured; it moves when that is loaded again. */
const metricsEndpoint = (text: () => string, log: Log) => {
  let at = '';
  let close = (): void => undefined;
  return {
    listen: async ({ config: { metrics_listen: listen } }: LoadedConfig): Promise<void> => {
      const wanted = O.isSome(listen) ? formatListenAddress(listen.value) : '';
      if (wanted === at) return;
      close();
      [at, close] = [wanted, () => undefined];
      if (O.isNone(listen)) return;
      const { serveMetrics } = await import('./metrics-endpoint.ts');
      const endpoint = await serveMetrics(listen.value, text);
      if (endpoint._tag === 'Failed') log('error', 'metrics are not served', { detail: endpoint.detail });
      else {
        close = endpoint.close;
        log('info', 'metrics are served', { host: listen.value.host, port: endpoint.port });
      }
    },
    close: () => close(),
  };
};

const serveWith =
  (starting: LoadedConfig, configFile: O.Option<string>, { environment, abort, log }: Terminal) =>
  async (ports: SummonerPorts): Promise<void> => {
    let loaded = starting;
    let metrics = '';
    const publish = publisherOf(() => loaded, log);
    const endpoint = metricsEndpoint(() => metrics, log);

    /** Whose agent this is, and where its state lies, is settled once: the lock and the state are that node's. */
    const reload = async (): Promise<E.Either<Failure, SummonerPorts>> => {
      const again = await loadConfig(configFile, environment);
      if (E.isLeft(again)) return again;
      const { clock, state, operator } = ports;
      const kept = { clock, state, ...(operator === undefined ? {} : { operator }) };
      const next = await portsOf(again.right, environment, log, kept);
      if (E.isLeft(next)) return next;
      if (!isSameAssignment(next.right.policy.identity, ports.policy.identity)) {
        return E.left(badData('node, stack, environment: expected those of this agent; restart it to make it another'));
      }
      if (stateDirectory(again.right) !== stateDirectory(starting)) {
        return E.left(badData('node_state: expected that of this agent; restart it to move its state'));
      }
      loaded = again.right;
      await endpoint.listen(loaded);
      return next;
    };

    const manager = systemdServiceManager(environment, (detail) => {
      log('warn', 'the service manager cannot be told', { detail });
    });
    const watchdogMs = manager === undefined ? undefined : watchdogMsOf(environment, process.pid);
    await endpoint.listen(loaded);
    try {
      await runDaemon(ports, abort, {
        writer: await nodeFileSystem.author(),
        pid: process.pid,
        publish: async (report) => {
          ({ metrics } = report);
          await publish(report);
        },
        ...(manager === undefined ? {} : { tell: manager.tell }),
        ...(watchdogMs === undefined ? {} : { watchdogMs }),
        graceMs: () => loaded.config.run_grace,
        onDemands: ({ reload: onReload, runNow }) => {
          process.on('SIGHUP', onReload);
          process.on('SIGUSR1', runNow);
          return () => {
            process.off('SIGHUP', onReload);
            process.off('SIGUSR1', runNow);
          };
        },
        watchRequests: requestBox(requestsPath(stateDirectory(starting))).watch,
        reload,
        monotonicUs: () => process.hrtime.bigint() / 1_000n,
      });
    } finally {
      endpoint.close();
    }
  };

/** As process 1, gives its place to a shell and goes on as its child; see `process-one.ts`. */
const giveWayToInit = ({ log }: Terminal): void => {
  if (process.pid !== 1) return;
  if (process.execve === undefined || !existsSync(INIT_SHELL) || !existsSync('/proc/self/cmdline')) {
    log(
      'warn',
      'as process 1 it reaps nothing that runs leave behind; start it under an init, as docker run --init does',
    );
    return;
  }
  // As it was called, whether by Node or as an executable of its own.
  const [, ...args] = readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
  process.execve(INIT_SHELL, initArguments([process.execPath, ...args]));
};

/** Runs a command with a Summoner that is put together as it is configured, and with the lock of its node. */
export const withSummoner = (
  configFile: O.Option<string>,
  terminal: Terminal,
  command: (summoner: ConfiguredSummoner) => Promise<ExitCode>,
): Promise<ExitCode> => {
  giveWayToInit(terminal);
  return withConfig(configFile, terminal, async (loaded) => {
    const ports = await portsOf(loaded, terminal.environment, terminal.log);
    if (E.isLeft(ports)) return fail(terminal, ports.left, EXIT.badConfiguration);
    return command({
      ports: ports.right,
      takeLock: () => takeFileLock(join(stateDirectory(loaded), LOCK_FILE)),
      serve: serveWith(loaded, configFile, terminal),
    });
  });
};
