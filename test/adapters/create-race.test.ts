/**
 * What everything else rests on, shown for every adapter under one roof: of several who create one key at the same time
 * exactly one does. The contracts say it as well; here the key is read by whoever lost, and the adapters stand in one list.
 */
import { describe, expect, test } from 'vitest';
import { filesystemSignalBus, filesystemStateStore } from '../../src/adapters/filesystem/index.ts';
import { gcsSignalBus, gcsStateStore } from '../../src/adapters/gcs/index.ts';
import { memorySignalBus, memoryStateStore } from '../../src/adapters/memory/index.ts';
import { s3SignalBus, s3StateStore } from '../../src/adapters/s3/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../src/domain/names.ts';
import type { WriteOutcome } from '../../src/ports/conditional-write.ts';
import type { SignalBus } from '../../src/ports/signal-bus.ts';
import type { StateStore } from '../../src/ports/state-store.ts';
import { temporaryDirectory } from '../support/contract.ts';
import { bucketOnFake } from '../support/gcs-buckets.ts';
import { type AbsentServer, radosgw, testBuckets } from '../support/s3-buckets.ts';

const WRITERS = 20;
const ROUNDS = 100;

/** One adapter's bus and store; `open` gives another way to the same ones, as another process would have. */
interface Contest {
  readonly open: () => { readonly bus: SignalBus; readonly store: StateStore };
  readonly remove: () => Promise<void>;
}

const CONTESTS: Readonly<Record<string, () => Promise<Contest | AbsentServer>>> = {
  memory: async () => {
    const both = { bus: memorySignalBus(), store: memoryStateStore() };
    return { open: () => both, remove: async () => undefined };
  },
  filesystem: async () => {
    const { path, remove } = await temporaryDirectory();
    return { open: () => ({ bus: filesystemSignalBus(path), store: filesystemStateStore(path) }), remove };
  },
  GCS: async () => {
    const { settings, remove } = await bucketOnFake();
    return { open: () => ({ bus: gcsSignalBus(settings), store: gcsStateStore(settings) }), remove };
  },
  'S3 (radosgw)': async () => {
    const server = await radosgw();
    if ('absent' in server) return server;
    const { make, removeAll } = testBuckets(server);
    const { settings } = await make();
    return { open: () => ({ bus: s3SignalBus(settings), store: s3StateStore(settings) }), remove: removeAll };
  },
};

type Create = (key: string, body: string) => Promise<WriteOutcome>;
type Read = (key: string) => Promise<string | undefined>;

const race = async (writers: readonly { readonly create: Create; readonly read: Read }[]): Promise<void> => {
  for (let round = 0; round < ROUNDS; round++) {
    const key = `round-${round}`;
    const outcomes = await Promise.all(
      writers.map(async ({ create, read }, writer) => {
        const body = `round ${round}, writer ${writer}`;
        const outcome = await create(key, body);
        return { body, outcome, seen: await read(key) };
      }),
    );
    const winners = outcomes.filter(({ outcome }) => outcome._tag === 'Landed').map(({ body }) => body);
    expect(winners).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome._tag === 'Conflict')).toHaveLength(WRITERS - 1);
    // Whoever is told how it ended finds the winner there, and never a moment of nothing.
    expect(new Set(outcomes.map(({ seen }) => seen))).toEqual(new Set(winners));
  }
};

const onBus = (bus: SignalBus): { readonly create: Create; readonly read: Read } => {
  const keyOf = (key: string) => ({
    stack: nameFromLiteral(StackName)('basalt'),
    environment: nameFromLiteral(EnvironmentName)(key),
  });
  return {
    create: (key, body) => bus.write(keyOf(key), body, undefined),
    read: async (key) => {
      const reading = await bus.read(keyOf(key), undefined);
      return reading._tag === 'Fresh' ? reading.body : undefined;
    },
  };
};

const inStore = (store: StateStore): { readonly create: Create; readonly read: Read } => ({
  create: (key, body) => store.write(key, body, undefined),
  read: async (key) => {
    const reading = await store.read(key);
    return reading._tag === 'Found' ? reading.body : undefined;
  },
});

describe.each(Object.entries(CONTESTS))(
  `L4: of ${WRITERS} writers that create one key exactly one lands, ${ROUNDS} times, and all see it: %s`,
  (_adapter, begin) => {
    test.for([
      ['signal bus', ({ bus }: ReturnType<Contest['open']>) => onBus(bus)],
      ['state store', ({ store }: ReturnType<Contest['open']>) => inStore(store)],
    ] as const)('%s', async ([_port, sideOf], context) => {
      const contest = await begin();
      if ('absent' in contest) return context.skip(contest.absent);
      const { open, remove } = contest;
      try {
        await race(Array.from({ length: WRITERS }, () => sideOf(open())));
      } finally {
        await remove();
      }
    });
  },
);
