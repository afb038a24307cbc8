import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stateStoreContract } from '../../src/adapters/contracts/index.ts';
import { filesystemStateStore } from '../../src/adapters/filesystem/index.ts';
import { gcsStateStore } from '../../src/adapters/gcs/index.ts';
import { memoryStateStore } from '../../src/adapters/memory/index.ts';
import { s3StateStore } from '../../src/adapters/s3/index.ts';
import { keepsContract, temporaryDirectory } from '../support/contract.ts';
import { keepsContractOnS3 } from '../support/s3-buckets.ts';
import { keepsContractOnGcs } from '../support/gcs-buckets.ts';

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

keepsContractOnGcs('state store', (makeBucket) =>
  stateStoreContract(async () => {
    const { settings, plant, remove } = await makeBucket();
    return { store: gcsStateStore(settings), another: () => gcsStateStore(settings), plant, tearDown: remove };
  }),
);

keepsContractOnS3('state store', (makeBucket) =>
  stateStoreContract(async () => {
    const { settings, plant } = await makeBucket();
    return {
      store: s3StateStore(settings),
      another: () => s3StateStore(settings),
      plant,
      tearDown: async () => undefined,
    };
  }),
);
