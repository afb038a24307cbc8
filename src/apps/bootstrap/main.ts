/**
 * Bootstrap's parts, as the machine has them and the configuration names them.
 *
 * @module
 */
import { unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { childProcessRunner } from '../../adapters/child-process/index.ts';
import { describeFailure, errnoOf, nodeFileSystem, replaceFile } from '../../adapters/durable-files/index.ts';
import { ec2Metadata } from '../../adapters/ec2-metadata/index.ts';
import { gceMetadata } from '../../adapters/gce-metadata/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import type { ZoneId } from '../../domain/names.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { describeUnmappedZone, ZoneMap } from '../../domain/zone-map.ts';
import type { MachineMetadata } from '../../ports/machine-metadata.ts';
import type { ProcessOrder } from '../../ports/process-runner.ts';
import { fail, withConfig } from '../cli/command.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../cli/exit-code.ts';
import { type LoadedConfig, loadConfig, loadDocument } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import { required } from '../config.ts';
import { badData, type Failure } from '../failure.ts';
import type { BootstrapCommand } from './cli.ts';
import type { BootstrapDeps, FileChange, FileReading } from './deps.ts';
import { findMachine, type FoundMachine, type MachineDeps, type MachineSource } from './find-machine.ts';
import { type BootstrapReport, describeBootstrap, runBootstrap } from './run-bootstrap.ts';
import { describeShares, sharesToJson, unmappedZone } from './shares.ts';
import { tellHook } from './tell-hook.ts';

/** Both files are a few hundred bytes; what is longer was not written here. */
const BYTES_MAX = 65_536;

const readFile = async (path: string): Promise<FileReading> => {
  try {
    const { bytes } = await nodeFileSystem.look(path, BYTES_MAX, 'refuse');
    if (bytes.length > BYTES_MAX) return { _tag: 'Unreadable', detail: `expected at most ${BYTES_MAX} bytes` };
    return { _tag: 'Found', text: Buffer.from(bytes).toString('utf8') };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { _tag: 'Missing' };
    return { _tag: 'Unreadable', detail: describeFailure('read', path, error) };
  }
};

const writeFileAtomically = async (path: string, text: string): Promise<FileChange> => {
  const replaced = await replaceFile(path, Buffer.from(text));
  return replaced._tag === 'Replaced' ? { _tag: 'Done' } : replaced;
};

const removeFile = async (path: string): Promise<FileChange> => {
  try {
    await unlink(path);
    return { _tag: 'Done' };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { _tag: 'Done' };
    return { _tag: 'Failed', detail: describeFailure('remove', path, error) };
  }
};

/** The machine's own files. */
export const bootstrapFiles: Pick<BootstrapDeps, 'readFile' | 'writeFileAtomically' | 'removeFile'> = {
  readFile,
  writeFileAtomically,
  removeFile,
};

const HOOK_TIME_LIMIT_MS = 30 * SECOND_MS;
const HOOK_GRACE_MS = 5 * SECOND_MS;
const HOOK_TAIL_BYTES = 4_096;

const hookOf = (words: readonly string[], environment: Terminal['environment']): ProcessOrder | undefined => {
  const [command, ...args] = words;
  if (command === undefined) return undefined;
  const env = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const limits = { timeLimitMs: HOOK_TIME_LIMIT_MS, graceMs: HOOK_GRACE_MS, outputTailBytes: HOOK_TAIL_BYTES };
  return { command, args, env, ...limits };
};

const wordsOf = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

/** EC2 as AWS's own tools find it, by the same variables. */
const ec2Of = (environment: Terminal['environment'], family: BootstrapCommand['family']): MachineMetadata => {
  if (environment['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') {
    return { describe: async () => ({ _tag: 'Refused', detail: 'AWS_EC2_METADATA_DISABLED is true' }) };
  }
  const endpoint = environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? '';
  const mode = environment['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE']?.toLowerCase() === 'ipv6' ? 'IPv6' : 'IPv4';
  return ec2Metadata({
    family: O.getOrElse((): 'IPv4' | 'IPv6' => mode)(family),
    ...(endpoint === '' ? {} : { endpoint }),
  });
};

/** GCE as Google's own tools find it, by the same variable. */
const gceOf = (environment: Terminal['environment'], family: BootstrapCommand['family']): MachineMetadata => {
  const host = environment['GCE_METADATA_HOST'] ?? '';
  return gceMetadata({ ...(O.isSome(family) ? { family: family.value } : {}), ...(host === '' ? {} : { host }) });
};

const machineDepsOf = ({ family }: BootstrapCommand, { environment }: Terminal): E.Either<Failure, MachineDeps> =>
  E.tryCatch(
    () => ({
      clock: systemClock(),
      clouds: { ec2: ec2Of(environment, family), gce: gceOf(environment, family) },
      hostname,
    }),
    (error) => badData(error instanceof Error ? error.message : String(error)),
  );

/** A bootstrap that failed, and what that makes of the process. */
interface Failed {
  readonly failure: Failure;
  readonly code: ExitCode;
}

const misconfigured = (failure: Failure): Failed => ({ failure, code: EXIT.badConfiguration });
const failedBy = (failure: Failure): Failed => ({ failure, code: exitCodeOf(failure) });

interface Bootstrapped {
  readonly machine: FoundMachine;
  readonly report: BootstrapReport;
}

const assign = async (
  command: BootstrapCommand,
  { config, pathOf }: LoadedConfig,
  terminal: Terminal,
): Promise<E.Either<Failed, Bootstrapped>> => {
  const zones = required('zones', config.zones);
  if (E.isLeft(zones)) return E.left(misconfigured(zones.left));
  const map = await loadDocument(pathOf(zones.right), ZoneMap);
  if (E.isLeft(map)) return E.left(misconfigured(map.left));
  const deps = machineDepsOf(command, terminal);
  if (E.isLeft(deps)) return E.left(misconfigured(deps.left));
  const stack = O.isSome(command.stack) ? command.stack : config.stack;
  if (O.isNone(stack) && O.isNone(command.stackTag)) {
    const missing = required('stack', stack);
    if (E.isLeft(missing)) return E.left(misconfigured(missing.left));
  }
  const machine = await findMachine(deps.right)({
    ...command,
    stack,
    source: O.getOrElse((): MachineSource => (O.isSome(command.zone) ? 'given' : 'auto'))(command.source),
    abort: terminal.abort,
  });
  if (E.isLeft(machine)) return E.left(failedBy(machine.left));
  const { zone, node } = machine.right;
  const report = await runBootstrap({ ...bootstrapFiles, log: terminal.log })({
    map: map.right,
    stack: machine.right.stack,
    zone,
    node,
    paths: { nodeFile: pathOf(config.node_file), dropIn: join(pathOf(config.client_d), 'signalbox.rb') },
    isDry: command.isDry,
    reassign: command.reassign,
  });
  if (E.isLeft(report)) return E.left(failedBy(report.left));
  return E.right({ machine: machine.right, report: report.right });
};

const print = (terminal: Terminal, { machine, report }: Bootstrapped, isJson: boolean): void => {
  const { zone, source } = machine;
  if (isJson) terminal.out(JSON.stringify({ outcome: report._tag, ...report.assignment, zone, source }));
  else terminal.out(`${describeBootstrap(report)}${source === 'given' ? '' : `: ${source} says zone ${zone}`}`);
};

const tell = async (
  hook: ProcessOrder,
  result: E.Either<Failed, Bootstrapped>,
  isDry: boolean,
  terminal: Terminal,
): Promise<void> => {
  if (isDry) return;
  const source = E.isRight(result) ? result.right.machine.node : hostname();
  await tellHook({ clock: systemClock(), processes: childProcessRunner(), log: terminal.log })(
    hook,
    source,
    E.bimap(
      ({ failure }: Failed) => failure,
      ({ machine, report }: Bootstrapped) => ({ report, zone: machine.zone }),
    )(result),
  );
};

/** `signalbox bootstrap` */
export const bootstrap = async (
  command: BootstrapCommand,
  configFile: O.Option<string>,
  terminal: Terminal,
): Promise<ExitCode> => {
  const loaded = await loadConfig(configFile, terminal.environment);
  const result = E.isLeft(loaded) ? E.left(misconfigured(loaded.left)) : await assign(command, loaded.right, terminal);
  const configured = E.isRight(loaded) ? loaded.right.config.bootstrap_hook : [];
  const words = O.isSome(command.notify) ? wordsOf(command.notify.value) : configured;
  const hook = hookOf(words, terminal.environment);
  if (hook !== undefined) await tell(hook, result, command.isDry, terminal);
  if (E.isLeft(result)) return fail(terminal, result.left.failure, result.left.code);
  print(terminal, result.right, command.isJson);
  return EXIT.done;
};

/** `signalbox zones`: what each environment gets of the fleet, before anybody uses the map (law B5). */
export const zones = (
  nodesByZone: O.Option<ReadonlyMap<ZoneId, number>>,
  isJson: boolean,
  configFile: O.Option<string>,
  terminal: Terminal,
): Promise<ExitCode> =>
  withConfig(configFile, terminal, async ({ config, pathOf }) => {
    const file = required('zones', config.zones);
    if (E.isLeft(file)) return fail(terminal, file.left, EXIT.badConfiguration);
    const map = await loadDocument(pathOf(file.right), ZoneMap);
    if (E.isLeft(map)) return fail(terminal, map.left, EXIT.badConfiguration);
    const counts = O.toUndefined(nodesByZone);
    const unmapped = counts === undefined ? undefined : unmappedZone(map.right, counts);
    if (unmapped !== undefined) {
      const wayOut = `add ${unmapped.zone} to the map, or leave it out of --nodes`;
      return fail(terminal, badData(`${describeUnmappedZone(unmapped)}; ${wayOut}`));
    }
    if (isJson) terminal.out(JSON.stringify(sharesToJson(map.right, counts)));
    else for (const line of describeShares(map.right, counts)) terminal.out(line);
    return EXIT.done;
  });
