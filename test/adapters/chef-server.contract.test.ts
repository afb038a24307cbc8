import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChefServerHarness, chefServerContract } from '../../src/adapters/contracts/index.ts';
import { chefRepoServer } from '../../src/adapters/filesystem/index.ts';
import { memoryChefServer } from '../../src/adapters/memory/index.ts';
import { nameFromLiteral, StackName } from '../../src/domain/names.ts';
import { fakeStack } from '../support/chef-servers.ts';
import { keepsContract, skipsContract, temporaryDirectory } from '../support/contract.ts';
import type { FakeChefOptions } from '../support/fake-chef-server.ts';
import { harnessOn, namedChefServer } from '../support/named-chef-server.ts';

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

const onFake = (sign: '1.1' | '1.3', options: Partial<FakeChefOptions>) => async (): Promise<ChefServerHarness> => {
  const { fake, server, close } = await fakeStack({ sign }, options);
  return {
    server,
    plantEnvironment: async (name, json) => fake.plantEnvironment(name, json),
    environmentText: async (name) => fake.environmentText(name) ?? '',
    tearDown: close,
  };
};

keepsContract('Chef server', 'Chef Infra Server (fake)', chefServerContract(onFake('1.3', {})));

keepsContract(
  'Chef server',
  'Chef Infra Server (fake of an old one)',
  chefServerContract(onFake('1.1', { apiVersionMax: 0 })),
);

const named = namedChefServer();
const name = 'Chef Infra Server (SIGNALBOX_TEST_CHEF_SERVER_URL)';
if ('absent' in named) skipsContract('Chef server', name, named.absent);
else keepsContract('Chef server', name, chefServerContract(harnessOn(named)));
