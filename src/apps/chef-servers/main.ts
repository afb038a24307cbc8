/**
 * Picks the adapter of each stack's Chef server, and reads the keys that it is asked with.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { chefInfraServer } from '../../adapters/chef-infra-server/index.ts';
import { chefRepoServer } from '../../adapters/filesystem/index.ts';
import type { StackName } from '../../domain/names.ts';
import type { ChefServer } from '../../ports/chef-server.ts';
import type { LoadedConfig } from '../cli/load.ts';
import { readPrivateFile, readPublicFile } from '../cli/private-file.ts';
import { badData, type Failure } from '../failure.ts';
import type { ChefInfraServerPlace } from './chef-server-place.ts';

const openInfraServer = async (
  stack: StackName,
  { url, user, key, sign, ca, deadline, check_dependencies: checkDependencies }: ChefInfraServerPlace,
  pathOf: LoadedConfig['pathOf'],
  directory: string,
): Promise<E.Either<string, ChefServer>> => {
  const keyText = await readPrivateFile(pathOf(key));
  if (E.isLeft(keyText)) return E.left(`key: ${keyText.left}`);
  const caText = O.isSome(ca) ? await readPublicFile(pathOf(ca.value)) : E.right(undefined);
  if (E.isLeft(caText)) return E.left(`ca: ${caText.left}`);
  const certificates = caText.right === undefined ? {} : { ca: caText.right };
  try {
    return E.right(
      chefInfraServer(stack, {
        url,
        user,
        key: keyText.right,
        sign,
        ...certificates,
        directory,
        checkDependencies,
        deadlineMs: deadline,
      }),
    );
  } catch (error) {
    if (error instanceof TypeError) return E.left(error.message);
    throw error;
  }
};

/**
 * The Chef servers of `stacks`, as the field `chef_servers` has them.
 *
 * @param directory - where artifacts are unpacked on their way to a Chef Infra Server.
 */
export const openChefServers = async (
  stacks: readonly StackName[],
  { config, pathOf }: LoadedConfig,
  directory: string,
): Promise<E.Either<Failure, ReadonlyMap<StackName, ChefServer>>> => {
  const servers = new Map<StackName, ChefServer>();
  for (const stack of stacks) {
    const place = config.chef_servers.get(stack);
    if (place === undefined) {
      return E.left(
        badData(
          `chef_servers.${stack}: expected a chef-repo directory or a Chef Infra Server, since the plan names this stack`,
        ),
      );
    }
    const opened =
      place._tag === 'ChefRepo'
        ? E.right(chefRepoServer(stack, pathOf(place.path)))
        : await openInfraServer(stack, place.server, pathOf, directory);
    if (E.isLeft(opened)) return E.left(badData(`chef_servers.${stack}.${opened.left}`));
    servers.set(stack, opened.right);
  }
  return E.right(servers);
};
