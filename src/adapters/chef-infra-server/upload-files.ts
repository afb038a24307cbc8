/**
 * Files on their way to the server: a sandbox names those that it does not have, they are put where it says, and the
 * sandbox is committed.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeJsonWith, formatFieldErrors } from '../../domain/decoding.ts';
import type { ChefRequests } from './chef-requests.ts';
import { concurrently } from './concurrently.ts';
import { patiently } from './patiently.ts';
import type { SpooledArtifact } from './spooled-artifact.ts';
import { Trouble } from './trouble.ts';

/** The addresses in a sandbox are good for 15 minutes, so one does not hold more files than go there in that time. */
const SANDBOX_FILES_MAX = 1_000;

const Sandbox = t.type(
  {
    sandbox_id: t.string,
    checksums: t.record(t.string, t.intersection([t.type({ needs_upload: t.boolean }), t.partial({ url: t.string })])),
  },
  'sandbox',
);

const decodeSandbox = decodeJsonWith(Sandbox);

const openSandbox = async ({ send }: ChefRequests, checksums: readonly string[]): Promise<t.TypeOf<typeof Sandbox>> => {
  const json = JSON.stringify({ checksums: Object.fromEntries(checksums.map((md5) => [md5, null])) });
  const { text } = await send({ method: 'POST', path: '/sandboxes', json });
  const sandbox = decodeSandbox(text);
  if (E.isLeft(sandbox)) throw new Trouble(`sandbox: ${formatFieldErrors(sandbox.left)}`);
  const { sandbox_id: id } = sandbox.right;
  if (/^[A-Za-z0-9_-]+$/.test(id)) return sandbox.right;
  throw new Trouble(`sandbox: sandbox_id: expected letters and digits, got ${JSON.stringify(id.slice(0, 60))}`);
};

/**
 * A file that is there may not be seen yet; older servers say so with 400, later ones with 503. A sandbox that is gone was
 * committed, and the answer lost; a file that is not there after all is missed by the cookbook that names it.
 */
const commitSandbox = async ({ send }: ChefRequests, id: string): Promise<void> => {
  const path = `/sandboxes/${id}`;
  const json = JSON.stringify({ is_completed: true });
  const { status, said } = await send({ method: 'PUT', path, json, expects: [400, 404] });
  if (status === 400) throw new Trouble(`the server does not see all files of a sandbox: ${said}`, true);
};

/**
 * Puts those of `checksums`, each once, that the server does not have.
 *
 * @param onFile - is called for each of them once it is there.
 */
export const uploadFiles = async (
  requests: ChefRequests,
  artifact: SpooledArtifact,
  checksums: readonly string[],
  pauseMs: number,
  onFile: () => void,
): Promise<void> => {
  for (let start = 0; start < checksums.length; start += SANDBOX_FILES_MAX) {
    const part = checksums.slice(start, start + SANDBOX_FILES_MAX);
    const sandbox = await openSandbox(requests, part);
    await concurrently(part, async (md5) => {
      const place = sandbox.checksums[md5];
      if (place === undefined) throw new Trouble(`sandbox: checksums.${md5}: expected needs_upload, got nothing`);
      if (place.needs_upload) {
        const { url = '' } = place;
        const sizeBytes = artifact.sizes.get(md5) ?? 0;
        const content = () => artifact.content(md5);
        await patiently(pauseMs, () => requests.putFile({ url, md5, sizeBytes, content }));
      }
      onFile();
    });
    await patiently(pauseMs, () => commitSandbox(requests, sandbox.sandbox_id));
  }
};
