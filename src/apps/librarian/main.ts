/**
 * The Librarian's parts, as the configuration names them.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { artifactSpool } from '../../adapters/artifact-spool/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import { ReleasePlan } from '../../domain/release-plan.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { openChefServers } from '../chef-servers/main.ts';
import { fail, withConfig } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { type LoadedConfig, loadDocument } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import { bucketInSignals, required } from '../config.ts';
import type { Failure } from '../failure.ts';
import type { Log } from '../log.ts';
import { openNotifiers } from '../notifiers/main.ts';
import { openArtifactInbox, openArtifactStore, openSignalBus, openStateStore } from '../places/main.ts';
import { deliverBriefly } from './deliver-notices.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { noticesOf } from './notice-settings.ts';
import { uploadsOf } from './uploads.ts';

/** How long a command waits for receivers once it has done its work, in milliseconds: longer than any may take. */
const DELIVER_MS_MAX = 15 * SECOND_MS;

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
  const bus = await openSignalBus(loaded, 'librarian');
  if (E.isLeft(bus)) return bus;
  const state = await openStateStore(loaded, 'librarian');
  if (E.isLeft(state)) return state;
  const artifacts = await openArtifactStore(loaded, 'librarian');
  if (E.isLeft(artifacts)) return artifacts;
  const plan = await loadDocument(pathOf(planFile.right), ReleasePlan);
  if (E.isLeft(plan)) return plan;
  const spool = spoolOf(loaded);
  const chefServers = await openChefServers(plan.right.stacks, loaded, spool);
  if (E.isLeft(chefServers)) return chefServers;
  const inbox = await openArtifactInbox(loaded, 'librarian');
  if (E.isLeft(inbox)) return inbox;
  const clock = systemClock();
  const targets = await openNotifiers(loaded, clock);
  if (E.isLeft(targets)) return targets;
  return E.right({
    plan: plan.right,
    clock,
    bus: bus.right,
    state: state.right,
    artifacts: artifacts.right,
    chefServers: chefServers.right,
    bucket: bucketInSignals(config),
    intake: artifactSpool(spool),
    uploads: uploadsOf(clock),
    ...(O.isSome(inbox.right) ? { inbox: inbox.right.value } : {}),
    ...(targets.right.length === 0
      ? {}
      : { notices: noticesOf({ targets: targets.right, stuckAfterMs: config.stuck_after }) }),
    log,
  });
};

/** Runs a command with a Librarian that is put together as it is configured. */
export const withLibrarian = (
  configFile: O.Option<string>,
  terminal: Terminal,
  command: (ports: LibrarianPorts, loaded: LoadedConfig) => Promise<ExitCode>,
): Promise<ExitCode> =>
  withConfig(configFile, terminal, async (loaded) => {
    const ports = await portsOf(loaded, terminal.log);
    if (E.isLeft(ports)) return fail(terminal, ports.left, EXIT.badConfiguration);
    const told = ports.right.notices?.rung();
    const code = await command(ports.right, loaded);
    // A service that was asked to end has told people all along; a command does it now.
    if (told?.aborted === true && !terminal.abort.aborted) await deliverBriefly(ports.right, DELIVER_MS_MAX);
    return code;
  });
