import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stateStoreContract } from '../../src/adapters/contracts/index.ts';
import { filesystemStateStore } from '../../src/adapters/filesystem/index.ts';
import { memoryStateStore } from '../../src/adapters/memory/index.ts';
import { keepsContract, temporaryDirectory } from '../support/contract.ts';

keepsContract(
  'state store',
  'memory',
  stateStoreContract(async () => {
    const store = memoryStateStore();
    return {
      store,
      another: () => store,
      plant: async (key, bytes) => store.plant(key, bytes),
      tearDown: async () => undefined,
    };
  }),
);

keepsContract(
  'state store',
  'filesystem',
  stateStoreContract(async () => {
    const { path: root, remove } = await temporaryDirectory();
    return {
      store: filesystemStateStore(root),
      another: () => filesystemStateStore(root),
      plant: async (key, bytes) => {
        const path = join(root, key);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, bytes, { mode: 0o644 });
      },
      tearDown: remove,
    };
  }),
);
