/**
 * The Summoner's parts, as the configuration names them.
 *
 * @module
 */
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { childProcessRunner } from '../../adapters/child-process/index.ts';
import { takeFileLock } from '../../adapters/file-lock/index.ts';
import { filesystemStateStore } from '../../adapters/filesystem/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import { Assignment } from '../../domain/assignment.ts';
import { fallbackRecordOf, fallbackSuccess } from '../../domain/fallback-record.ts';
import { pollingFor } from '../../domain/polling.ts';
import { policyFor, type SummonerPolicy } from '../../domain/summoner.ts';
import type { ProcessOrder } from '../../ports/process-runner.ts';
import { fail, withConfig } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { type LoadedConfig, loadDocument } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { Config } from '../config.ts';
import { badData, type Failure } from '../failure.ts';
import { readRecord } from '../fallback/main.ts';
import type { Log } from '../log.ts';
import { openSignalBus } from '../places/main.ts';
import { convergeWith } from './converge.ts';
import type { TakeNodeLock } from './node-lock.ts';
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
  });

const OUTPUT_TAIL_BYTES = 16_384;

/** What the converge sees of the environment: all of it, a proxy for one, but what is ours. */
const inherited = (environment: Terminal['environment']): ProcessOrder['env'] =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || name.startsWith('SIGNALBOX_') ? [] : [[name, value]],
    ),
  );

const orderOf = (config: Config, environment: Terminal['environment']): E.Either<Failure, ProcessOrder> => {
  const [command, ...args] = config.command;
  if (command === undefined) return E.left(badData('command: expected an executable and its arguments'));
  return E.right({
    command,
    args,
    env: inherited(environment),
    timeLimitMs: config.run_time_limit,
    graceMs: config.run_grace,
    outputTailBytes: OUTPUT_TAIL_BYTES,
  });
};

const portsOf = async (
  loaded: LoadedConfig,
  environment: Terminal['environment'],
  log: Log,
): Promise<E.Either<Failure, SummonerPorts>> => {
  const { config, pathOf } = loaded;
  const identity = await identityOf(loaded);
  if (E.isLeft(identity)) return identity;
  const bus = await openSignalBus(loaded, 'summoner');
  if (E.isLeft(bus)) return bus;
  const order = orderOf(config, environment);
  if (E.isLeft(order)) return order;
  const clock = systemClock();
  const fallbackRecord = pathOf(config.fallback_record);
  return E.right({
    policy: policyOf(identity.right, config),
    clock,
    bus: bus.right,
    state: filesystemStateStore(pathOf(config.node_state)),
    converge: convergeWith(childProcessRunner(), order.right, log),
    fallbackSuccess: async () => fallbackSuccess(fallbackRecordOf(await readRecord(fallbackRecord))),
    log,
  });
};

const LOCK_FILE = 'summoner.lock';

/** Runs a command with a Summoner that is put together as it is configured, and with the lock of its node. */
export const withSummoner = (
  configFile: O.Option<string>,
  terminal: Terminal,
  command: (ports: SummonerPorts, takeLock: TakeNodeLock) => Promise<ExitCode>,
): Promise<ExitCode> =>
  withConfig(configFile, terminal, async (loaded) => {
    const ports = await portsOf(loaded, terminal.environment, terminal.log);
    if (E.isLeft(ports)) return fail(terminal, ports.left, EXIT.badConfiguration);
    const lockFile = join(loaded.pathOf(loaded.config.node_state), LOCK_FILE);
    return command(ports.right, () => takeFileLock(lockFile));
  });
