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

keepsContract(
  'artifact store',
  'memory',
  artifactStoreContract(async () => {
    const store = memoryArtifactStore();
    return {
      store,
      another: () => store,
      damage: async (version, bytes) => store.damage(version, bytes),
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
      damage: (version, bytes) => writeFile(join(root, version, 'artifact.tar.gz'), bytes),
      tearDown: remove,
    };
  }),
);

keepsContractOnGcs('artifact store', (makeBucket) =>
  artifactStoreContract(async () => {
    const { settings, plant, names, remove } = await makeBucket();
    return {
      store: gcsArtifactStore(settings),
      another: () => gcsArtifactStore(settings),
      damage: async (version, bytes) => {
        const tarballs = (await names()).filter((name) => name.startsWith(`${version}/`) && name.endsWith('.tar.gz'));
        for (const name of tarballs) await plant(name, bytes);
      },
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
      damage: async (version, bytes) => {
        const listing = await store.list();
        const artifacts = listing._tag === 'Listed' ? listing.artifacts : [];
        const sha256 = artifacts.find((one) => one.version === version)?.sha256 ?? 'of nothing';
        await plant(`${version}/${sha256}.tar.gz`, bytes);
      },
      tearDown: async () => undefined,
    };
  }),
);
