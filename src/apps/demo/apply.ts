/**
 * What a run of the demo's nodes does: a small stand-in for chef-client, as a process of its own. It looks up what the
 * node's environment is pinned to in the stack's chef-repo, and makes the node's directory hold the files of exactly
 * those cookbooks.
 *
 * `node apply.ts CHEF_REPO ENVIRONMENT NODE_DIRECTORY`; exits 0 when applied, 1 when not.
 *
 * @module
 */
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv, exit, pid, stderr } from 'node:process';

interface EnvironmentFile {
  readonly cookbook_versions: Readonly<Record<string, string>>;
  readonly default_attributes: { readonly signalbox?: { readonly artifact_version?: string } };
}

/** The directory of a cookbook, whose version always has three numbers there. */
const directoryOf = (cookbook: string, constraint: string): string => {
  const version = constraint.replace(/^= /, '');
  return `${cookbook}-${/^\d+\.\d+$/.test(version) ? `${version}.0` : version}`;
};

const applyCookbooks = async (chefRepo: string, environment: string, nodeDirectory: string): Promise<string> => {
  const file = join(chefRepo, 'environments', `${environment}.json`);
  const pinned = JSON.parse(await readFile(file, 'utf8')) as EnvironmentFile;
  const version = pinned.default_attributes.signalbox?.artifact_version;
  if (version === undefined) throw new Error(`${environment} is pinned to nothing`);
  const staged = `${nodeDirectory}.${pid}.new`;
  await mkdir(staged, { recursive: true });
  for (const [cookbook, constraint] of Object.entries(pinned.cookbook_versions)) {
    const directory = join(chefRepo, 'cookbooks', directoryOf(cookbook, constraint));
    await cp(join(directory, 'files'), staged, { recursive: true });
  }
  await writeFile(join(staged, 'artifact_version'), `${version}\n`);
  await rm(nodeDirectory, { recursive: true, force: true });
  await rename(staged, nodeDirectory);
  return version;
};

const [chefRepo = '', environment = '', nodeDirectory = ''] = argv.slice(2);
try {
  await applyCookbooks(chefRepo, environment, nodeDirectory);
} catch (error) {
  stderr.write(`apply: ${String(error)}\n`);
  exit(1);
}
