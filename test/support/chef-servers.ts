/** Chef Infra Servers to test the adapter against: the fake, and the one that the environment names. */
import { chefInfraServer, type ChefInfraServerSettings } from '../../src/adapters/chef-infra-server/index.ts';
import { nameFromLiteral, StackName } from '../../src/domain/names.ts';
import type { ChefServer } from '../../src/ports/chef-server.ts';
import { CHEF_KEY, CHEF_PUBLIC_KEY } from './chef-keys.ts';
import { temporaryDirectory } from './contract.ts';
import { type FakeChef, fakeChef, type FakeChefOptions } from './fake-chef-server.ts';

export const BASALT: StackName = nameFromLiteral(StackName)('basalt');

/** Long enough for a slow machine, short enough to wait for. */
export const DEADLINE_MS = 250;

/** A fake with one user, and the adapter that asks it. */
export interface FakeStack {
  readonly fake: FakeChef;
  readonly server: ChefServer;
  /** Another adapter for it, as another process would have. */
  readonly another: (settings?: Partial<ChefInfraServerSettings>) => ChefServer;
  readonly directory: string;
  readonly close: () => Promise<void>;
}

/** Starts a fake, and asks it with `settings`. */
export const fakeStack = async (
  settings: Partial<ChefInfraServerSettings> = {},
  options: Partial<FakeChefOptions> = {},
  stack: StackName = BASALT,
): Promise<FakeStack> => {
  const fake = await fakeChef({ users: { librarian: { publicKey: CHEF_PUBLIC_KEY } }, ...options });
  const { path: directory, remove } = await temporaryDirectory();
  const another = (changed: Partial<ChefInfraServerSettings> = {}): ChefServer =>
    chefInfraServer(stack, {
      url: fake.url,
      user: 'librarian',
      key: CHEF_KEY,
      directory,
      pauseMs: 1,
      ...settings,
      ...changed,
    });
  return {
    fake,
    server: another(),
    another,
    directory,
    close: async () => {
      await fake.close();
      await remove();
    },
  };
};
