/**
 * The Librarian's parts, as the configuration names them.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { artifactSpool } from '../../adapters/artifact-spool/index.ts';
import { chefRepoServer } from '../../adapters/filesystem/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import type { StackName } from '../../domain/names.ts';
import { ReleasePlan } from '../../domain/release-plan.ts';
import type { ChefServer } from '../../ports/chef-server.ts';
import { fail, withConfig } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { type LoadedConfig, loadDocument } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import { type Config, required } from '../config.ts';
import { badData, type Failure } from '../failure.ts';
import type { Log } from '../log.ts';
import { openArtifactStore, openSignalBus, openStateStore } from '../places/main.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

const chefServersOf = (
  plan: ReleasePlan,
  { config, pathOf }: LoadedConfig,
): E.Either<Failure, ReadonlyMap<StackName, ChefServer>> => {
  const servers = new Map<StackName, ChefServer>();
  for (const stack of plan.stacks) {
    const path = config.chef_servers.get(stack);
    if (path === undefined) {
      return E.left(badData(`chef_servers.${stack}: expected a chef-repo directory, since the plan names this stack`));
    }
    servers.set(stack, chefRepoServer(stack, pathOf(path)));
  }
  return E.right(servers);
};

/** Where artifacts arrive when they are kept in a bucket. */
const SPOOL_DEFAULT = '/var/lib/signalbox/spool';

/** An artifact store on files has room for what arrives. */
const spoolOf = ({ config: { artifacts, spool }, pathOf }: LoadedConfig): string => {
  if (O.isSome(spool)) return pathOf(spool.value);
  return pathOf(O.isSome(artifacts) && artifacts.value._tag === 'Files' ? artifacts.value.path : SPOOL_DEFAULT);
};

const portsOf = async (loaded: LoadedConfig, log: Log): Promise<E.Either<Failure, LibrarianPorts>> => {
  const { config, pathOf } = loaded;
  const planFile = required('plan', config.plan);
  if (E.isLeft(planFile)) return planFile;
  const bus = await openSignalBus(loaded);
  if (E.isLeft(bus)) return bus;
  const state = await openStateStore(loaded);
  if (E.isLeft(state)) return state;
  const artifacts = await openArtifactStore(loaded);
  if (E.isLeft(artifacts)) return artifacts;
  const plan = await loadDocument(pathOf(planFile.right), ReleasePlan);
  if (E.isLeft(plan)) return plan;
  const chefServers = chefServersOf(plan.right, loaded);
  if (E.isLeft(chefServers)) return chefServers;
  return E.right({
    plan: plan.right,
    clock: systemClock(),
    bus: bus.right,
    state: state.right,
    artifacts: artifacts.right,
    chefServers: chefServers.right,
    bucket: config.bucket,
    intake: artifactSpool(spoolOf(loaded)),
    log,
  });
};

/** Runs a command with a Librarian that is put together as it is configured. */
export const withLibrarian = (
  configFile: O.Option<string>,
  terminal: Terminal,
  command: (ports: LibrarianPorts, config: Config) => Promise<ExitCode>,
): Promise<ExitCode> =>
  withConfig(configFile, terminal, async (loaded) => {
    const ports = await portsOf(loaded, terminal.log);
    return E.isLeft(ports) ? fail(terminal, ports.left, EXIT.badConfiguration) : command(ports.right, loaded.config);
  });
