import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactStoreContract } from '../../src/adapters/contracts/index.ts';
import { filesystemArtifactStore } from '../../src/adapters/filesystem/index.ts';
import { gcsArtifactStore } from '../../src/adapters/gcs/index.ts';
import { memoryArtifactStore } from '../../src/adapters/memory/index.ts';
import { s3ArtifactStore } from '../../src/adapters/s3/index.ts';
import { keepsContract, temporaryDirectory } from '../support/contract.ts';
import { keepsContractOnS3 } from '../support/s3-buckets.ts';
import { keepsContractOnGcs } from '../support/gcs-buckets.ts';

/** Where a key lies below the prefix of a bucket. */
const belowPrefix = ({ prefix = '' }: { readonly prefix?: string }, key: string): string =>
  key.slice(prefix.length + 1);

keepsContract(
  'artifact store',
  'memory',
  artifactStoreContract(async () => {
    const store = memoryArtifactStore();
    return {
      store,
      another: () => store,
      damage: async (key, bytes) => store.damage(key, bytes),
      tearDown: async () => undefined,
    };
  }),
);

keepsContract(
  'artifact store',
  'filesystem',
  artifactStoreContract(async () => {
    const { path: root, remove } = await temporaryDirectory();
    return {
      store: filesystemArtifactStore(root),
      another: () => filesystemArtifactStore(root),
      damage: (key, bytes) => writeFile(join(root, key), bytes),
      tearDown: remove,
    };
  }),
);

keepsContractOnGcs('artifact store', (makeBucket) =>
  artifactStoreContract(async () => {
    const { settings, plant, remove } = await makeBucket();
    return {
      store: gcsArtifactStore(settings),
      another: () => gcsArtifactStore(settings),
      damage: (key, bytes) => plant(belowPrefix(settings, key), bytes),
      tearDown: remove,
    };
  }),
);

keepsContractOnS3('artifact store', (makeBucket) =>
  artifactStoreContract(async () => {
    const { settings, plant } = await makeBucket();
    const store = s3ArtifactStore(settings);
    return {
      store,
      another: () => s3ArtifactStore(settings),
      damage: (key, bytes) => plant(belowPrefix(settings, key), bytes),
      tearDown: async () => undefined,
    };
  }),
);
