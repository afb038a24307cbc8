/**
 * Pins: environments read, changed and read back. The server has no conditional write, so what is written is what was read
 * an instant before, with nothing but the pin changed (law L2), and counts only once it reads back.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { allCookbooks, type Manifest } from '../../domain/manifest.ts';
import type { EnvironmentName, Version } from '../../domain/names.ts';
import { type ChefEnvironment, emptyChefEnvironment, isPinnedTo, pinnedVersion, pinTo } from '../../domain/pin.ts';
import { versionOfThree } from '../artifact-format/index.ts';
import { decodeEnvironmentJson, encodeEnvironmentJson } from '../chef-environment/index.ts';
import type { ChefRequests } from './chef-requests.ts';
import { Trouble } from './trouble.ts';

/** So many times a pin is written that does not read back. */
const WRITES_MAX = 3;

const environmentPath = (name: EnvironmentName): string => `/environments/${name}`;

/** The environment as it stands on the server; nothing when there is none. */
export const environmentOn = async (
  { send }: ChefRequests,
  name: EnvironmentName,
): Promise<ChefEnvironment | undefined> => {
  const { status, text } = await send({ method: 'GET', path: environmentPath(name), expects: [404] });
  if (status === 404) return undefined;
  const environment = decodeEnvironmentJson(name, text);
  if (E.isLeft(environment)) throw new Trouble(`environment ${name}: ${environment.left}`);
  return environment.right;
};

/** Whoever creates or removes the environment meanwhile makes this a write in vain, which does not read back. */
const write = async ({ send }: ChefRequests, environment: ChefEnvironment, isNew: boolean): Promise<void> => {
  const json = encodeEnvironmentJson(environment);
  if (isNew) await send({ method: 'POST', path: '/environments', json, expects: [409] });
  else await send({ method: 'PUT', path: environmentPath(environment.name), json, expects: [404] });
};

/**
 * Lets the server's solver see whether the artifact's cookbooks go together. It solves under the constraints that an
 * environment has stored, which are the old ones still; so it is asked in `_default`, which has none and never will, for
 * every cookbook of the artifact at exactly its version.
 *
 * @throws Trouble with the solver's reason when there is no solution.
 */
const checkDependencies = async ({ send }: ChefRequests, manifest: Manifest): Promise<void> => {
  const cookbooks = Object.entries(allCookbooks(manifest));
  const json = JSON.stringify({ run_list: cookbooks.map(([name, version]) => `${name}@${versionOfThree(version)}`) });
  const path = '/environments/_default/cookbook_versions';
  const { status, said } = await send({ method: 'POST', path, json, expects: [412], isUnread: true });
  if (status !== 412) return;
  throw new Trouble(`${manifest.baseVersion} is not pinned, its cookbooks do not go together: ${said}`);
};

const isMovedElsewhere = (from: O.Option<Version>, now: O.Option<Version>, to: Version): boolean =>
  O.isSome(now) && now.value !== to && !(O.isSome(from) && from.value === now.value);

/**
 * Pins `name` to the artifact of `manifest`. What somebody else pinned in between stays: this one was overtaken.
 *
 * @param isChecked - whether the solver is asked first.
 * @throws Trouble when it does not read back, or somebody else moved it.
 */
export const pinEnvironment = async (
  requests: ChefRequests,
  name: EnvironmentName,
  manifest: Manifest,
  isChecked: boolean,
): Promise<void> => {
  const found = await environmentOn(requests, name);
  if (found !== undefined && isPinnedTo(found, manifest)) return;
  if (isChecked) await checkDependencies(requests, manifest);
  const from = found === undefined ? O.none : pinnedVersion(found);
  let current = found;
  for (let writes = 0; writes < WRITES_MAX; writes++) {
    await write(requests, pinTo(current ?? emptyChefEnvironment(name), manifest), current === undefined);
    current = await environmentOn(requests, name);
    if (current !== undefined && isPinnedTo(current, manifest)) return;
    const now = current === undefined ? O.none : pinnedVersion(current);
    if (O.isSome(now) && isMovedElsewhere(from, now, manifest.baseVersion)) {
      throw new Trouble(`environment ${name} was pinned to ${now.value} by somebody else meanwhile`);
    }
  }
  throw new Trouble(
    `environment ${name} was written ${WRITES_MAX} times, and does not read back as ${manifest.baseVersion}`,
  );
};
