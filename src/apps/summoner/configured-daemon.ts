/**
 * The daemon as it is configured, also when the configuration is loaded again while it runs: what it tells goes to where
 * that says now.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { isSameAssignment } from '../../domain/assignment.ts';
import type { LoadedConfig } from '../cli/load.ts';
import { badData, type Failure } from '../failure.ts';
import { configuredEndpoint } from './configured-endpoint.ts';
import { runDaemon, type Surroundings } from './daemon.ts';
import { stateDirectory } from './node-files.ts';
import { publisherOf, type ToldFiles } from './publisher.ts';
import type { SummonerPorts } from './summoner-ports.ts';

/** What a Summoner keeps when its configuration is loaded again. */
export type Kept = Pick<SummonerPorts, 'clock' | 'state' | 'operator'>;

/** What surrounds the daemon wherever it is configured to be. None of it rejects. */
export interface ProcessSurroundings extends Omit<Surroundings, 'publish' | 'graceMs' | 'reload'> {
  readonly files: ToldFiles;
  /** Loads the configuration again. */
  readonly load: () => Promise<E.Either<Failure, LoadedConfig>>;
  /** Puts the Summoner together as `loaded` says, with what `kept` keeps. */
  readonly portsOf: (loaded: LoadedConfig, kept: Kept) => Promise<E.Either<Failure, SummonerPorts>>;
}

const keptOf = ({ clock, state, operator }: SummonerPorts): Kept => ({
  clock,
  state,
  ...(operator === undefined ? {} : { operator }),
});

/** Whose agent this is, and where its state lies, is settled once: the lock and the state are that node's. */
const settledIn = (
  starting: LoadedConfig,
  ports: SummonerPorts,
  again: LoadedConfig,
  next: SummonerPorts,
): E.Either<Failure, SummonerPorts> => {
  if (!isSameAssignment(next.policy.identity, ports.policy.identity)) {
    return E.left(badData('node, stack, environment: expected those of this agent; restart it to make it another'));
  }
  if (stateDirectory(again) !== stateDirectory(starting)) {
    return E.left(badData('node_state: expected that of this agent; restart it to move its state'));
  }
  return E.right(next);
};

/** Runs the Summoner that was put together from `starting` as a daemon, until `abort`. */
export const runConfiguredDaemon = async (
  starting: LoadedConfig,
  ports: SummonerPorts,
  abort: AbortSignal,
  { files, load, portsOf, ...surroundings }: ProcessSurroundings,
): Promise<void> => {
  let loaded = starting;
  let metrics = '';
  const publish = publisherOf(() => loaded, files, ports.log);
  const endpoint = configuredEndpoint(() => metrics, ports.log);

  const reload = async (): Promise<E.Either<Failure, SummonerPorts>> => {
    const again = await load();
    if (E.isLeft(again)) return again;
    const next = await portsOf(again.right, keptOf(ports));
    if (E.isLeft(next)) return next;
    const settled = settledIn(starting, ports, again.right, next.right);
    if (E.isLeft(settled)) return settled;
    loaded = again.right;
    await endpoint.listen(loaded);
    return settled;
  };

  await endpoint.listen(loaded);
  try {
    await runDaemon(ports, abort, {
      ...surroundings,
      publish: async (report) => {
        ({ metrics } = report);
        // Whoever had the port at the start may be gone by now.
        await endpoint.listen(loaded);
        await publish(report);
      },
      graceMs: () => loaded.config.run_grace,
      reload,
    });
  } finally {
    endpoint.close();
  }
};
