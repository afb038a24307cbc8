import { describe, expect, test } from 'vitest';
import {
  artifactInboxContract,
  artifactStoreContract,
  chefServerContract,
  clockContract,
  type ContractCase,
  processRunnerContract,
  signalBusContract,
  stateStoreContract,
} from '../../src/adapters/contracts/index.ts';
import { childProcessRunner } from '../../src/adapters/child-process/index.ts';
import {
  memoryArtifactInbox,
  type MemoryArtifactInbox,
  memoryArtifactStore,
  memoryChefServer,
  memorySignalBus,
  memoryStateStore,
  virtualClock,
} from '../../src/adapters/memory/index.ts';
import { nameFromLiteral, StackName } from '../../src/domain/names.ts';
import { epochMs, plus } from '../../src/domain/time.ts';
import type { ArtifactInbox } from '../../src/ports/artifact-inbox.ts';
import type { ArtifactStore } from '../../src/ports/artifact-store.ts';
import type { ChefServer } from '../../src/ports/chef-server.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ProcessRunner } from '../../src/ports/process-runner.ts';
import type { SignalBus } from '../../src/ports/signal-bus.ts';
import type { StateStore } from '../../src/ports/state-store.ts';

const NOTHING = async (): Promise<void> => undefined;
const yieldOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const failuresOf = async (cases: readonly ContractCase[]): Promise<readonly string[]> => {
  const failures: string[] = [];
  for (const { name, run } of cases) {
    await run().catch(() => failures.push(name));
  }
  return failures;
};

const assertFoundOut = async (cases: readonly ContractCase[], by: RegExp): Promise<void> => {
  expect((await failuresOf(cases)).filter((name) => by.test(name))).not.toEqual([]);
};

describe('the signal bus contract finds out a bus', () => {
  const broken: Readonly<Record<string, readonly [(bus: SignalBus) => SignalBus, RegExp]>> = {
    'that writes whatever was expected': [
      (bus) => ({
        ...bus,
        write: async (key, body) => {
          const there = await bus.read(key, undefined);
          return bus.write(key, body, there._tag === 'Fresh' ? there.revision : undefined);
        },
      }),
      /^a stale revision/,
    ],
    'that looks and then writes': [
      (bus) => ({
        ...bus,
        write: async (key, body, expected) => {
          const there = await bus.read(key, undefined);
          await yieldOnce();
          const revision = there._tag === 'Fresh' ? there.revision : undefined;
          if (revision !== expected) return { _tag: 'Conflict' };
          const now = await bus.read(key, undefined);
          return bus.write(key, body, now._tag === 'Fresh' ? now.revision : undefined);
        },
      }),
      /^L4: of 20 writers that create/,
    ],
    'that never says that nothing changed': [
      (bus) => ({ ...bus, read: (key) => bus.read(key, undefined) }),
      /^fault 3/,
    ],
    'that says so whenever the reader holds a revision': [
      (bus) => ({
        ...bus,
        read: async (key, known) => (known === undefined ? bus.read(key, undefined) : { _tag: 'Unchanged' }),
      }),
      /^fault 3/,
    ],
    'that leaves out the stack': [
      (bus) => {
        const stack = nameFromLiteral(StackName)('any');
        return {
          read: (key, known) => bus.read({ ...key, stack }, known),
          write: (key, body, expected) => bus.write({ ...key, stack }, body, expected),
        };
      },
      /^places do not share/,
    ],
    'that trims': [
      (bus) => ({ ...bus, write: (key, body, expected) => bus.write(key, body.trim(), expected) }),
      /^every Unicode text/,
    ],
    'that swallows a byte order mark': [
      (bus) => ({
        ...bus,
        read: async (key, known) => {
          const reading = await bus.read(key, known);
          return reading._tag === 'Fresh' ? { ...reading, body: reading.body.replace(/^\ufeff/, '') } : reading;
        },
      }),
      /^fault 10/,
    ],
    'that decodes what is no text': [
      (bus) => ({
        ...bus,
        read: async (key, known) => {
          const reading = await bus.read(key, known);
          return reading._tag === 'Malformed' ? { _tag: 'Fresh', body: '\ufffd', revision: 'x' } : reading;
        },
      }),
      /^fault (8|10)/,
    ],
  };

  test.each(Object.entries(broken))('%s', async (_name, [breakIt, by]) => {
    const cases = signalBusContract(async () => {
      const bus = memorySignalBus();
      return { bus: breakIt(bus), plant: async (key, bytes) => bus.plant(key, bytes), tearDown: NOTHING };
    });
    await assertFoundOut(cases, by);
  });
});

describe('the state store contract finds out a store', () => {
  const broken: Readonly<Record<string, readonly [(store: StateStore) => StateStore, RegExp]>> = {
    'that takes any key': [
      (store) => ({
        read: (key) => store.read(`k${Buffer.from(key).toString('hex')}`.slice(0, 100)),
        write: (key, body, expected) =>
          store.write(`k${Buffer.from(key).toString('hex')}`.slice(0, 100), body, expected),
      }),
      /^a key that could lead elsewhere/,
    ],
    'that flattens its keys': [
      (store) => ({
        read: (key) => store.read(key.replaceAll('/', '-')),
        write: (key, body, expected) => store.write(key.replaceAll('/', '-'), body, expected),
      }),
      /^places do not share/,
    ],
    'that overwrites what it refuses': [
      (store) => ({
        ...store,
        write: async (key, body, expected) =>
          (await store.read(key))._tag === 'Refused'
            ? { _tag: 'Landed', revision: 'x' }
            : store.write(key, body, expected),
      }),
      /^fault 38/,
    ],
  };

  test.each(Object.entries(broken))('%s', async (_name, [breakIt, by]) => {
    const cases = stateStoreContract(async () => {
      const store = memoryStateStore();
      return { store: breakIt(store), plant: async (key, bytes) => store.plant(key, bytes), tearDown: NOTHING };
    });
    await assertFoundOut(cases, by);
  });
});

describe('the artifact store contract finds out a store', () => {
  const broken: Readonly<Record<string, readonly [(store: ArtifactStore) => ArtifactStore, RegExp]>> = {
    'that does not check what arrives': [
      (store) => ({
        ...store,
        add: async (record, tarball) => {
          const answer = await store.add(record, tarball);
          return answer._tag === 'Corrupt' ? { _tag: 'Added' } : answer;
        },
      }),
      /^fault 70: bytes/,
    ],
    'that says added to everyone': [
      (store) => ({
        ...store,
        add: async (record, tarball) => {
          const answer = await store.add(record, tarball);
          return answer._tag === 'AlreadyThere' ? { _tag: 'Added' } : answer;
        },
      }),
      /^of several who add the same/,
    ],
    'that streams what it has, whatever it is': [
      (store) => ({
        ...store,
        open: async (version) => {
          const opened = await store.open(version);
          if (opened._tag !== 'Opened') return opened;
          const forgiving = async function* (): AsyncGenerator<Uint8Array> {
            try {
              yield* opened.tarball;
            } catch {
              // Nobody is told.
            }
          };
          return { ...opened, tarball: forgiving() };
        },
      }),
      /^fault 70: a stored tarball that is damaged/,
    ],
  };

  test.each(Object.entries(broken))('%s', async (_name, [breakIt, by]) => {
    const cases = artifactStoreContract(async () => {
      const store = memoryArtifactStore();
      return {
        store: breakIt(store),
        damage: async (key, bytes) => store.damage(key, bytes),
        tearDown: NOTHING,
      };
    });
    await assertFoundOut(cases, by);
  });
});

describe('the artifact inbox contract finds out an inbox', () => {
  const broken: Readonly<Record<string, readonly [(inbox: MemoryArtifactInbox) => ArtifactInbox, RegExp]>> = {
    'that opens whatever lies there': [
      (inbox) => ({
        ...inbox,
        open: async (name) => {
          const listing = await inbox.list();
          const tarballs = listing._tag === 'Listed' ? listing.tarballs : [];
          return inbox.open(name, tarballs.find((one) => one.name === name)?.revision ?? '');
        },
      }),
      /^fault 71/,
    ],
    'that names a tarball by its size': [
      (inbox) => ({
        ...inbox,
        list: async () => {
          const listing = await inbox.list();
          if (listing._tag !== 'Listed') return listing;
          return {
            ...listing,
            tarballs: listing.tarballs.map((one) => ({ ...one, revision: String(one.sizeBytes) })),
          };
        },
      }),
      /^fault 71/,
    ],
    'that calls half a tarball whole': [
      (inbox) => ({
        ...inbox,
        list: async () => {
          const listing = await inbox.list();
          if (listing._tag !== 'Listed') return listing;
          return { ...listing, tarballs: listing.tarballs.map((one) => ({ ...one, mayGrow: false })) };
        },
      }),
      /^fault 70: half a tarball/,
    ],
  };

  test.each(Object.entries(broken))('%s', async (_name, [breakIt, by]) => {
    const cases = artifactInboxContract(async () => {
      const inbox = memoryArtifactInbox();
      return {
        inbox: breakIt(inbox),
        put: async (name, bytes) => inbox.put(name, bytes),
        remove: async (name) => inbox.remove(name),
        begin: async (name, bytes) => inbox.put(name, bytes, true),
        tearDown: NOTHING,
      };
    });
    await assertFoundOut(cases, by);
  });
});

describe('the Chef server contract finds out a server', () => {
  const stack = nameFromLiteral(StackName)('basalt');
  const broken: Readonly<Record<string, readonly [(server: ChefServer) => ChefServer, RegExp]>> = {
    'that calls everything complete': [
      (server) => ({
        ...server,
        upload: async (record, tarball) => {
          await server.upload(record, tarball);
          return { _tag: 'Complete' };
        },
      }),
      /^fault 70/,
    ],
    'that constrains only what the last artifact holds': [
      (server) => ({
        ...server,
        pin: async (name, manifest) => {
          const fresh = memoryChefServer(stack);
          await fresh.pin(name, manifest);
          const environment = await fresh.environment(name);
          if (environment._tag === 'Found') planters.get(server)?.(name, JSON.stringify(environment.environment));
          return { _tag: 'Pinned' };
        },
      }),
      /^L2: exactly the cookbooks/,
    ],
  };
  const planters = new WeakMap<ChefServer, ReturnType<typeof memoryChefServer>['plantEnvironment']>();

  test.each(Object.entries(broken))('%s', async (_name, [breakIt, by]) => {
    const cases = chefServerContract(async () => {
      const server = memoryChefServer(stack);
      planters.set(server, server.plantEnvironment);
      return { server: breakIt(server), tearDown: NOTHING };
    });
    await assertFoundOut(cases, by);
  });
});

describe('the clock contract finds out a clock', () => {
  const broken: Readonly<Record<string, readonly [(clock: Clock) => Clock, RegExp]>> = {
    'that takes 2³¹ ms for 1 ms, as a timer of Node does': [
      (clock) => ({
        ...clock,
        sleepUntil: (instant, signal) =>
          clock.sleepUntil(instant - clock.now() >= 2 ** 31 ? plus(clock.now(), 1) : instant, signal),
      }),
      /^fault 15/,
    ],
    'that wakes early': [
      (clock) => ({ ...clock, sleepUntil: (instant, signal) => clock.sleepUntil(plus(instant, -5), signal) }),
      /^a sleeper wakes at its instant/,
    ],
    'that keeps its listeners': [
      (clock) => ({
        ...clock,
        sleepUntil: (instant, signal) => {
          signal?.addEventListener('abort', () => undefined);
          return clock.sleepUntil(instant, signal);
        },
      }),
      /^a sleeper that woke leaves no listener/,
    ],
  };

  test.each(Object.entries(broken))('%s', async (_name, [breakIt, by]) => {
    const cases = clockContract(async () => {
      const clock = virtualClock(epochMs(1_753_668_151_054));
      return {
        clock: breakIt(clock),
        letPass: (durationMs) => clock.advanceTo(plus(clock.now(), durationMs)),
        tearDown: NOTHING,
      };
    });
    await assertFoundOut(cases, by);
  });
});

describe('the process runner contract finds out a runner', () => {
  const broken: Readonly<Record<string, readonly [(runner: ProcessRunner) => ProcessRunner, RegExp]>> = {
    'that flattens exit codes': [
      (runner) => ({
        run: async (order, abort) => {
          const outcome = await runner.run(order, abort);
          return outcome._tag === 'Exited' && outcome.code !== 0 ? { ...outcome, code: 1 } : outcome;
        },
      }),
      /^N14/,
    ],
    'that lets the environment in': [
      (runner) => ({ run: (order, abort) => runner.run({ ...order, env: { ...order.env, LEAKED: '1' } }, abort) }),
      /^the environment is the one/,
    ],
  };

  test.each(Object.entries(broken))('%s', async (_name, [breakIt, by]) => {
    const cases = processRunnerContract(async () => ({ runner: breakIt(childProcessRunner()), tearDown: NOTHING }));
    await assertFoundOut(
      cases.filter(({ name }) => by.test(name)),
      by,
    );
  });
});
