import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactStoreContract } from '../../src/adapters/contracts/index.ts';
import { filesystemArtifactStore } from '../../src/adapters/filesystem/index.ts';
import { memoryArtifactStore } from '../../src/adapters/memory/index.ts';
import { keepsContract, temporaryDirectory } from '../support/contract.ts';

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
