/** A release train over two Chef Infra Servers, one of which is in trouble: real requests, everything else in memory. */
import * as O from 'fp-ts/lib/Option.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { streamed } from '../../../src/adapters/contracts/example-artifact.ts';
import { addArtifact } from '../../../src/apps/librarian/add-artifact.ts';
import type { LibrarianPorts } from '../../../src/apps/librarian/librarian-ports.ts';
import { tick, type TickReport } from '../../../src/apps/librarian/tick.ts';
import type { EnvironmentName, StackName } from '../../../src/domain/names.ts';
import { pinnedVersion } from '../../../src/domain/pin.ts';
import { MINUTE_MS, plus } from '../../../src/domain/time.ts';
import { DEADLINE_MS, type FakeStack, fakeStack } from '../../support/chef-servers.ts';
import { CHEF_FAULTS, lying } from '../../support/fake-chef-server.ts';
import { BASALT, IRONSTONE, must, NOON, tarballOf, TESTER, world, type World } from '../../support/librarian-world.ts';
import { environmentName } from '../../support/slack.ts';

const PROD_1 = environmentName('prod-1');
const PROD_2 = environmentName('prod-2');

const FAULTS = { ...CHEF_FAULTS, lying } as const;

let on: World;
let stacks: ReadonlyMap<StackName, FakeStack>;
let librarian: LibrarianPorts;

const stackOf = (name: StackName): FakeStack => {
  const stack = stacks.get(name);
  if (stack === undefined) throw new Error(`expected a stack ${name}`);
  return stack;
};

const tickAt = async (minutesPastNoon: number): Promise<TickReport> => {
  await on.clock.advanceTo(plus(NOON, minutesPastNoon * MINUTE_MS));
  return must(await tick(librarian)());
};

const add = async (name: string): Promise<void> => {
  const { troubles } = must(await addArtifact(librarian)(streamed(tarballOf(name)), TESTER)());
  expect(troubles).toEqual([]);
};

/** What nodes of an environment converge on: the pin, as the server itself has it, and the version they were told of. */
const standOf = async (stack: StackName, environment: EnvironmentName) => {
  const found = await stackOf(stack).another().environment(environment);
  const pinned = found._tag === 'Found' ? O.toUndefined(pinnedVersion(found.environment)) : undefined;
  return { pinned, told: (await on.signal(stack, environment))?.manifestRecord.version };
};

const V1 = { pinned: '1.0.1', told: '1.0.1' };
const V2 = { pinned: '1.0.2', told: '1.0.2' };

beforeEach(async () => {
  on = world(undefined, plus(NOON, -MINUTE_MS));
  const started = [BASALT, IRONSTONE].map(
    async (name) => [name, await fakeStack({ deadlineMs: DEADLINE_MS }, {}, name)] as const,
  );
  stacks = new Map(await Promise.all(started));
  librarian = {
    ...on.librarian(),
    chefServers: new Map([...stacks].map(([name, { server }]) => [name, server])),
  };
  await add('1.0.1');
  for (const minute of [0, 30, 60, 90]) await tickAt(minute);
  await add('1.0.2');
  // The second tick sees that what the first began is done.
  for (const minute of [120, 121]) await tickAt(minute);
});

afterEach(async () => {
  for (const stack of stacks.values()) await stack.close();
});

describe('fault 63: one stack’s Chef server', () => {
  it.each(Object.entries(FAULTS))(
    'that is %s holds up its own stack, and the train, and nothing else',
    async (_fault, act) => {
      expect(await standOf(IRONSTONE, PROD_1)).toEqual(V1);
      expect(await standOf(BASALT, PROD_2)).toEqual(V1);
      const { fake } = stackOf(BASALT);

      fake.interfere(act);
      const departed = await tickAt(150);
      expect(departed.troubles.map(({ stack, environment }) => [stack, environment])).toEqual([[BASALT, PROD_1]]);
      expect(departed.outcomes.find(({ environment }) => environment === PROD_1)).toMatchObject({
        _tag: 'Waiting',
        reason: { _tag: 'StepIncomplete', stacks: [BASALT] },
      });
      expect(await standOf(IRONSTONE, PROD_1)).toEqual(V2);

      const next = await tickAt(210);
      expect(next.outcomes.find(({ environment }) => environment === PROD_2)?._tag).toBe('Waiting');
      expect(await standOf(IRONSTONE, PROD_2)).toEqual(V1);
      fake.interfere();
      expect(await standOf(BASALT, PROD_1)).toEqual(V1);

      const mended = await tickAt(211);
      expect(mended.troubles).toEqual([]);
      expect(await standOf(BASALT, PROD_1)).toEqual(V2);
      await tickAt(270);
      for (const stack of [BASALT, IRONSTONE]) expect(await standOf(stack, PROD_2)).toEqual(V2);
    },
  );
});
