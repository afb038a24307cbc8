import { expect, test } from 'vitest';
import { chefServerContract } from '../../../src/adapters/contracts/index.ts';
import { CHEF_KEY_FILE } from '../../support/chef-keys.ts';
import { fakeStack } from '../../support/chef-servers.ts';
import { harnessOn } from '../../support/named-chef-server.ts';

test('a server that the environment names is left as it was found, whatever the contract made there', async () => {
  const { fake, close } = await fakeStack();
  const cases = chefServerContract(harnessOn({ url: fake.url, user: 'librarian', keyFile: CHEF_KEY_FILE }));
  const chosen = cases.filter(({ name }) =>
    /^L2: what else|^uploads of several|^a pin creates|^environments are/.test(name),
  );
  const verdicts: unknown[] = [];
  for (const { run } of chosen) verdicts.push(await run());
  expect(verdicts).toEqual(Array(4).fill({ _tag: 'Kept' }));
  expect(fake.requests.some(({ method }) => method === 'PUT')).toBe(true);
  expect([...fake.dataBags.keys()]).toEqual([]);
  expect(fake.environmentText('prod-1') ?? fake.environmentText('prod-2')).toBeUndefined();
  expect(fake.cookbook('apt', '7.5.23')).toBeUndefined();
  await close();
});
