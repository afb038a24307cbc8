/**
 * The cookbooks of an artifact on their way to the server. One that is there already is not sent again, and never
 * overwritten with other bytes (law L7); each is frozen.
 *
 * @module
 */
import type { UploadedFiles } from '../../ports/chef-server.ts';
import type { ChefRequests } from './chef-requests.ts';
import { concurrently } from './concurrently.ts';
import {
  areSameFiles,
  cookbookDocument,
  type CookbookId,
  cookbookPath,
  readCookbookDocument,
  type StoredCookbook,
} from './cookbook-document.ts';
import { patiently } from './patiently.ts';
import type { SpooledArtifact, SpooledCookbook } from './spooled-artifact.ts';
import { Trouble } from './trouble.ts';
import { uploadFiles } from './upload-files.ts';

/** How the cookbooks of an artifact got there. */
export type CookbooksUpload =
  | { readonly _tag: 'AllThere' }
  /** `cookbook` is there with other bytes. */
  | { readonly _tag: 'DifferentBytes'; readonly cookbook: string };

const stored = async ({ send }: ChefRequests, id: CookbookId): Promise<StoredCookbook | undefined> => {
  const path = cookbookPath(id);
  const { status, text } = await send({ method: 'GET', path, expects: [404] });
  if (status === 404) return undefined;
  const cookbook = readCookbookDocument(text);
  if (cookbook === undefined) throw new Trouble(`GET ${path}: expected a cookbook with its files, got something else`);
  return cookbook;
};

/** What is to be done for a cookbook. */
type Standing = 'Missing' | 'Unfrozen' | 'There' | 'Different';

const standingOf = ({ checksums }: SpooledCookbook, there: StoredCookbook | undefined): Standing => {
  if (there === undefined) return 'Missing';
  if (!areSameFiles(checksums, there.checksums)) return 'Different';
  return there.isFrozen ? 'There' : 'Unfrozen';
};

/**
 * Uploads what the server does not have of `artifact`, and reads back what it took.
 *
 * @param onFiles - is told how many files are there, each content counted once.
 */
export const uploadCookbooks = async (
  requests: ChefRequests,
  artifact: SpooledArtifact,
  pauseMs: number,
  onFiles: (files: UploadedFiles) => void,
): Promise<CookbooksUpload> => {
  const look = async (cookbook: SpooledCookbook): Promise<Standing> =>
    standingOf(cookbook, await patiently(pauseMs, () => stored(requests, cookbook)));

  const standings = async (
    cookbooks: readonly SpooledCookbook[],
  ): Promise<(standing: Standing) => readonly SpooledCookbook[]> => {
    const known = new Map<SpooledCookbook, Standing>();
    await concurrently(cookbooks, async (cookbook) => void known.set(cookbook, await look(cookbook)));
    return (standing) => cookbooks.filter((cookbook) => known.get(cookbook) === standing);
  };

  const put = async (cookbook: SpooledCookbook): Promise<void> => {
    const json = cookbookDocument(cookbook, await cookbook.metadata(), cookbook.checksums, requests.apiVersion());
    // Frozen by another upload meanwhile: the look that follows tells with which bytes.
    await patiently(pauseMs, () =>
      requests.send({ method: 'PUT', path: cookbookPath(cookbook), json, expects: [409] }),
    );
  };

  const before = await standings(artifact.cookbooks);
  const [differing] = before('Different');
  if (differing !== undefined) return { _tag: 'DifferentBytes', cookbook: differing.name };
  const missing = before('Missing');
  const checksums = new Set(missing.flatMap((cookbook) => [...cookbook.checksums.values()]));
  const total = artifact.sizes.size;
  let done = total - checksums.size;
  onFiles({ done, total });
  await uploadFiles(requests, artifact, [...checksums], pauseMs, () => onFiles({ done: ++done, total }));
  const changed = [...missing, ...before('Unfrozen')];
  await concurrently(changed, put);

  const after = await standings(changed);
  const [overtaken] = after('Different');
  if (overtaken !== undefined) return { _tag: 'DifferentBytes', cookbook: overtaken.name };
  const [lost] = [...after('Missing'), ...after('Unfrozen')];
  if (lost === undefined) return { _tag: 'AllThere' };
  throw new Trouble(`the server took cookbook ${lost.name} ${lost.version}, and does not have it frozen`);
};
