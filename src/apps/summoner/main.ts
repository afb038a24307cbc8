/**
 * The Summoner's parts, as the configuration names them.
 *
 * @module
 */
import { join } from 'node:path';
import process from 'node:process';
import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import { childProcessRunner } from '../../adapters/child-process/index.ts';
import { clearTemporaries, nodeFileSystem, replaceFile } from '../../adapters/durable-files/index.ts';
import { takeFileLock } from '../../adapters/file-lock/index.ts';
import { filesystemStateStore } from '../../adapters/filesystem/index.ts';
import { requestBox } from '../../adapters/request-box/index.ts';
import { systemdServiceManager, watchdogMsOf } from '../../adapters/service-manager/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import { transientUnitRunner } from '../../adapters/transient-unit/index.ts';
import { APPLIERS } from '../../domain/applier.ts';
import { fallbackRecordOf, fallbackSuccess } from '../../domain/fallback-record.ts';
import { decodeNodeStatus } from '../../domain/node-status.ts';
import type { ProcessRunner } from '../../ports/process-runner.ts';
import { fail, withConfig } from '../cli/command.ts';
import type { CaughtSignals } from '../cli/command-line.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { type LoadedConfig, loadConfig } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { Failure } from '../failure.ts';
import { readOwnRecord } from '../fallback/main.ts';
import type { Log } from '../log.ts';
import { readNodeFile } from '../node/main.ts';
import { openSignalBus } from '../places/main.ts';
import { type Kept, type ProcessSurroundings, runConfiguredDaemon } from './configured-daemon.ts';
import { orderFrom } from './configured-order.ts';
import { policyFrom } from './configured-policy.ts';
import type { ConfiguredSummoner } from './configured-summoner.ts';
import { convergeWith, takeUpWith } from './converge.ts';
import { requestsPath, stateDirectory, statusPath } from './node-files.ts';
import { operatorOf } from './operator.ts';
import { giveWayToInit } from './process-one.ts';
import type { ToldFiles } from './publisher.ts';
import type { SummonerPorts } from './summoner-ports.ts';

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
  const policy = await policyFrom(loaded);
  if (E.isLeft(policy)) return policy;
  const bus = await openSignalBus(loaded, 'summoner');
  if (E.isLeft(bus)) return bus;
  const order = orderFrom(config, environment);
  if (E.isLeft(order)) return order;
  const runner = runnerFor(loaded, environment);
  const applier = APPLIERS[config.applier];
  const takeUp = takeUpWith(runner, order.right, log, applier);
  const [fallbackRecord, fallbackSpare] = [pathOf(config.fallback_record), pathOf(config.fallback_spare_record)];
  return E.right({
    ...kept,
    policy: policy.right,
    bus: bus.right,
    converge: convergeWith(runner, order.right, log, applier),
    ...(takeUp === undefined ? {} : { takeUp }),
    fallbackSuccess: async () => fallbackSuccess(fallbackRecordOf(await readOwnRecord(fallbackRecord, fallbackSpare))),
    log,
  });
};

const LOCK_FILE = 'summoner.lock';

const toldFiles: ToldFiles = {
  replace: (path, text) => replaceFile(path, Buffer.from(text)),
  clear: (directory) => clearTemporaries(nodeFileSystem, directory).catch(() => undefined),
};

const surroundingsOf = async (
  loaded: LoadedConfig,
  configFile: O.Option<string>,
  { environment, log }: Terminal,
  signals: CaughtSignals,
): Promise<ProcessSurroundings> => {
  const manager = systemdServiceManager(environment, (detail) => {
    log('warn', 'the service manager cannot be told', { detail });
  });
  const watchdogMs = manager === undefined ? undefined : watchdogMsOf(environment, process.pid);
  return {
    writer: await nodeFileSystem.author(),
    pid: process.pid,
    files: toldFiles,
    ...(manager === undefined ? {} : { tell: manager.tell }),
    ...(watchdogMs === undefined ? {} : { watchdogMs }),
    onDemands: ({ reload, runNow }) => signals.passOn({ SIGHUP: reload, SIGUSR1: runNow }),
    watchRequests: requestBox(requestsPath(stateDirectory(loaded))).watch,
    load: () => loadConfig(configFile, environment),
    portsOf: (again, kept) => portsOf(again, environment, log, kept),
    monotonicUs: () => process.hrtime.bigint() / 1_000n,
  };
};

const isServed = async (loaded: LoadedConfig): Promise<boolean> => {
  const reading = await readNodeFile(statusPath(stateDirectory(loaded)));
  const status = reading._tag === 'Found' ? decodeNodeStatus(reading.text) : E.left([]);
  return E.isRight(status) && (await nodeFileSystem.authorIsGone(status.right.writer)) === false;
};

/** Runs a command with a Summoner that is put together as it is configured, and with the lock of its node. */
export const withSummoner = (
  configFile: O.Option<string>,
  terminal: Terminal,
  signals: CaughtSignals,
  command: (summoner: ConfiguredSummoner) => Promise<ExitCode>,
): Promise<ExitCode> => {
  giveWayToInit(process, terminal.log);
  return withConfig(configFile, terminal, async (loaded) => {
    const ports = await portsOf(loaded, terminal.environment, terminal.log);
    if (E.isLeft(ports)) return fail(terminal, ports.left, EXIT.badConfiguration);
    return command({
      ports: ports.right,
      takeLock: () => takeFileLock(join(stateDirectory(loaded), LOCK_FILE)),
      isServed: () => isServed(loaded),
      serve: async (given) =>
        runConfiguredDaemon(loaded, given, terminal.abort, await surroundingsOf(loaded, configFile, terminal, signals)),
    });
  });
};
