/**
 * The demo's cookbooks: a folder that changes with every release.
 *
 * @module
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactVersionAt } from '../../domain/artifact-version.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { nameFromLiteral, Version } from '../../domain/names.ts';
import type { Release } from './conductor.ts';

/** The example cookbooks that come with the package; the same place from the sources and from the compiled files. */
const EXAMPLE_COOKBOOKS = new URL('../../../src/apps/demo/cookbooks/', import.meta.url);

const SITE_COOKBOOKS = ['motd', 'summoner'];
const COOKBOOKS = ['base'];

const metadataVersion = async (directory: string): Promise<Version> => {
  const metadata = JSON.parse(await readFile(join(directory, 'metadata.json'), 'utf8')) as { readonly version: string };
  return nameFromLiteral(Version)(metadata.version);
};

/** Puts the example cookbooks where a release is built from: `cookbooks/` and `site-cookbooks/`. */
export const checkOutCookbooks = async (directory: string): Promise<void> => {
  for (const [folder, names] of [
    ['cookbooks', COOKBOOKS],
    ['site-cookbooks', SITE_COOKBOOKS],
  ] as const) {
    for (const name of names) {
      await mkdir(join(directory, folder), { recursive: true });
      await cp(new URL(`${name}/`, EXAMPLE_COOKBOOKS), join(directory, folder, name), { recursive: true });
    }
  }
};

/** Changes the cookbooks as `release` has them, and answers the manifest of the artifact to be built from them. */
export const editCookbooks = async (directory: string, release: Release): Promise<Manifest> => {
  const version = artifactVersionAt(release.builtAt);
  const site = join(directory, 'site-cookbooks');
  await writeFile(join(site, 'motd', 'files', 'motd'), `Welcome. This machine is on ${version}.\n`);
  await writeFile(
    join(site, 'summoner', 'files', 'summoner-health'),
    `${release.isBroken ? 'broken' : 'works'} since ${version}\n`,
  );
  for (const name of SITE_COOKBOOKS) {
    await writeFile(join(site, name, 'metadata.json'), `${JSON.stringify({ name, version })}\n`);
  }
  return {
    baseVersion: version,
    latestCommitHash: version.replaceAll('.', '').padEnd(40, '0'),
    author: 'Demo <demo@example.com>',
    cookbookVersions: Object.fromEntries(
      await Promise.all(
        COOKBOOKS.map(async (name) => [name, await metadataVersion(join(directory, 'cookbooks', name))] as const),
      ),
    ),
    siteCookbookVersions: Object.fromEntries(SITE_COOKBOOKS.map((name) => [name, version])),
  };
};
