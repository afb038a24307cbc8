import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { artifactInboxContract } from '../../src/adapters/contracts/index.ts';
import { filesystemArtifactInbox } from '../../src/adapters/filesystem/index.ts';
import { gcsArtifactInbox } from '../../src/adapters/gcs/index.ts';
import { memoryArtifactInbox } from '../../src/adapters/memory/index.ts';
import { s3ArtifactInbox } from '../../src/adapters/s3/index.ts';
import { inTemporaryDirectory, keepsContract, temporaryDirectory } from '../support/contract.ts';
import { keepsContractOnGcs } from '../support/gcs-buckets.ts';
import { keepsContractOnS3 } from '../support/s3-buckets.ts';

keepsContract(
  'artifact inbox',
  'memory',
  artifactInboxContract(async () => {
    const inbox = memoryArtifactInbox();
    return {
      inbox,
      put: async (name, bytes) => inbox.put(name, bytes),
      remove: async (name) => inbox.remove(name),
      begin: async (name, bytes) => inbox.put(name, bytes, true),
      tearDown: async () => undefined,
    };
  }),
);

keepsContract(
  'artifact inbox',
  'filesystem',
  artifactInboxContract(async () => {
    const { path: root, remove } = await temporaryDirectory();
    const put = async (name: string, bytes: Uint8Array): Promise<void> => {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), bytes);
    };
    return {
      inbox: filesystemArtifactInbox(root),
      put,
      remove: (name) => rm(join(root, name)),
      begin: put,
      tearDown: remove,
    };
  }),
);

keepsContractOnGcs('artifact inbox', (makeBucket) =>
  artifactInboxContract(async () => {
    const { settings, plant, erase, remove } = await makeBucket();
    return { inbox: gcsArtifactInbox(settings), put: plant, remove: erase, tearDown: remove };
  }),
);

keepsContractOnS3('artifact inbox', (makeBucket) =>
  artifactInboxContract(async () => {
    const { settings, plant, erase } = await makeBucket();
    return { inbox: s3ArtifactInbox(settings), put: plant, remove: erase, tearDown: async () => undefined };
  }),
);

test('fault 70: a link in the inbox, or a directory, is refused and says what to put there', () =>
  inTemporaryDirectory(async (root) => {
    await symlink('/etc/passwd', join(root, 'link.tar.gz'));
    await mkdir(join(root, 'directory.tar.gz'));
    const inbox = filesystemArtifactInbox(root);
    const listing = await inbox.list();
    const tarballs = listing._tag === 'Listed' ? listing.tarballs : [];
    expect(tarballs.map(({ name }) => name)).toEqual(['directory.tar.gz', 'link.tar.gz']);
    for (const { name, revision } of tarballs) {
      expect(await inbox.open(name, revision)).toMatchObject({
        _tag: 'Refused',
        detail: expect.stringContaining('expected a file') as unknown,
      });
    }
  }));

test('fault 70: a file that is written to while it is read is never given out as whole', () =>
  inTemporaryDirectory(async (root) => {
    const file = join(root, '1.0.0.tar.gz');
    await writeFile(file, Buffer.alloc(300_000));
    const inbox = filesystemArtifactInbox(root);
    const listing = await inbox.list();
    const revision = listing._tag === 'Listed' ? (listing.tarballs[0]?.revision ?? '') : '';
    const opened = await inbox.open('1.0.0.tar.gz', revision);
    if (opened._tag !== 'Opened') throw new Error(opened._tag);
    const read = async (): Promise<void> => {
      let first = true;
      for await (const _piece of opened.tarball) {
        if (first) await truncate(file, 200_000);
        first = false;
      }
    };
    await expect(read()).rejects.toThrow('expected a file that nobody writes to');
  }));

test('a directory that is not there is said', async () => {
  const listing = await filesystemArtifactInbox('/dev/null/inbox').list();
  expect(listing).toMatchObject({ _tag: 'Unavailable', detail: expect.stringContaining('/dev/null/inbox') as unknown });
  const opened = await filesystemArtifactInbox('/dev/null/inbox').open('1.0.0.tar.gz', '1');
  expect(opened).toMatchObject({ _tag: 'Unavailable' });
});
