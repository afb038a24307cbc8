import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { signalBusContract } from '../../src/adapters/contracts/index.ts';
import { filesystemSignalBus } from '../../src/adapters/filesystem/index.ts';
import { gcsSignalBus } from '../../src/adapters/gcs/index.ts';
import { memorySignalBus } from '../../src/adapters/memory/index.ts';
import { s3SignalBus } from '../../src/adapters/s3/index.ts';
import { signalPath } from '../../src/domain/signal.ts';
import { keepsContract, temporaryDirectory } from '../support/contract.ts';
import { keepsContractOnS3 } from '../support/s3-buckets.ts';
import { keepsContractOnGcs } from '../support/gcs-buckets.ts';

keepsContract(
  'signal bus',
  'memory',
  signalBusContract(async () => {
    const bus = memorySignalBus();
    return {
      bus,
      another: () => bus,
      plant: async (key, bytes) => bus.plant(key, bytes),
      tearDown: async () => undefined,
    };
  }),
);

keepsContract(
  'signal bus',
  'filesystem',
  signalBusContract(async () => {
    const { path: root, remove } = await temporaryDirectory();
    return {
      bus: filesystemSignalBus(root),
      another: () => filesystemSignalBus(root),
      plant: async (key, bytes) => {
        const path = join(root, signalPath(key));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, bytes);
      },
      tearDown: remove,
    };
  }),
);

keepsContractOnGcs('signal bus', (makeBucket) =>
  signalBusContract(async () => {
    const { settings, plant, remove } = await makeBucket();
    return {
      bus: gcsSignalBus(settings),
      another: () => gcsSignalBus(settings),
      plant: (key, bytes) => plant(signalPath(key), bytes),
      tearDown: remove,
    };
  }),
);

keepsContractOnS3('signal bus', (makeBucket) =>
  signalBusContract(async () => {
    const { settings, plant } = await makeBucket();
    return {
      bus: s3SignalBus(settings),
      another: () => s3SignalBus(settings),
      plant: (key, bytes) => plant(signalPath(key), bytes),
      tearDown: async () => undefined,
    };
  }),
);
