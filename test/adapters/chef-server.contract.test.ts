import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chefServerContract } from '../../src/adapters/contracts/index.ts';
import { chefRepoServer } from '../../src/adapters/filesystem/index.ts';
import { memoryChefServer } from '../../src/adapters/memory/index.ts';
import { nameFromLiteral, StackName } from '../../src/domain/names.ts';
import { keepsContract, temporaryDirectory } from '../support/contract.ts';

const STACK = nameFromLiteral(StackName)('basalt');

keepsContract(
  'Chef server',
  'memory',
  chefServerContract(async () => {
    const server = memoryChefServer(STACK);
    return {
      server,
      plantEnvironment: async (name, json) => server.plantEnvironment(name, json),
      tearDown: async () => undefined,
    };
  }),
);

keepsContract(
  'Chef server',
  'chef-repo',
  chefServerContract(async () => {
    const { path: root, remove } = await temporaryDirectory();
    return {
      server: chefRepoServer(STACK, root),
      plantEnvironment: async (name, json) => {
        await mkdir(join(root, 'environments'), { recursive: true });
        await writeFile(join(root, 'environments', `${name}.json`), json);
      },
      environmentText: (name) => readFile(join(root, 'environments', `${name}.json`), 'utf8'),
      tearDown: remove,
    };
  }),
);
