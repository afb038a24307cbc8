/**
 * Who a node is and how it is to behave, as the configuration says.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { APPLIERS } from '../../domain/applier.ts';
import { Assignment } from '../../domain/assignment.ts';
import { pollingFor } from '../../domain/polling.ts';
import { policyFor, type SummonerPolicy } from '../../domain/summoner.ts';
import { type LoadedConfig, loadDocument } from '../cli/load.ts';
import type { Config } from '../config.ts';
import { badData, type Failure, formatFailure } from '../failure.ts';

/** Who this node is: what the configuration says, and the rest from the file that bootstrap wrote. */
const identityOf = async ({ config, pathOf }: LoadedConfig): Promise<E.Either<Failure, Assignment>> => {
  const { node, stack, environment } = config;
  if (O.isSome(node) && O.isSome(stack) && O.isSome(environment)) {
    return E.right({ node: node.value, stack: stack.value, environment: environment.value });
  }
  const file = await loadDocument(pathOf(config.node_file), Assignment);
  if (E.isLeft(file)) {
    return E.left(badData(`${formatFailure(file.left)}; bootstrap writes it, or set node, stack and environment`));
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
