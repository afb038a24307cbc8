import assert from 'node:assert/strict';
import { EnvironmentName, nameFromLiteral, StackName } from '../../domain/names.ts';
import { SIGNAL_BYTES_MAX, type SignalKey } from '../../domain/signal.ts';
import type { SignalBus } from '../../ports/signal-bus.ts';
import { conditionalWriteLaws, type Place } from './conditional-writes.ts';
import {
  assertTag,
  casesOf,
  type ContractCase,
  handles,
  type Harness,
  type Law,
  withoutHook,
} from './contract-case.ts';

/** An empty signal bus to try. */
export interface SignalBusHarness extends Harness {
  readonly bus: SignalBus;
  /** The same bus as another process would reach it; without it, the races are run through `bus` alone. */
  readonly another?: () => SignalBus;
  /** Puts bytes under a key behind the adapter's back, for what no adapter would write. */
  readonly plant?: (key: SignalKey, bytes: Uint8Array) => Promise<void>;
}

const keyOf = (stack: string, environment: string): SignalKey => ({
  stack: nameFromLiteral(StackName)(stack),
  environment: nameFromLiteral(EnvironmentName)(environment),
});

const KEY = keyOf('basalt', 'prod-1');

/** Keys that are one and the same when their parts are joined carelessly, and then as many more as are asked for. */
const keyNumber = (n: number): SignalKey =>
  [
    KEY,
    keyOf('basalt', 'prod-2'),
    keyOf('ironstone', 'prod-1'),
    keyOf('basalt-prod', '1'),
    keyOf('basalt_prod', '1'),
    keyOf('b', 'asaltprod-1'),
    keyOf('prod-1', 'basalt'),
    keyOf('basalt', 'prod-11'),
  ][n] ?? keyOf('basalt', `environment-${n}`);

const placeOn = (bus: SignalBus, key: SignalKey): Place => ({
  read: async () => {
    const reading = assertTag(await bus.read(key, undefined), 'Fresh', 'Missing');
    return reading._tag === 'Missing' ? undefined : reading;
  },
  write: (body, expected) => bus.write(key, body, expected),
});

const LAWS: Readonly<Record<string, Law<SignalBusHarness>>> = {
  'fault 1: a key that is not there is missing, whatever revision the reader holds': async ({ bus }) => {
    assertTag(await bus.read(KEY, undefined), 'Missing');
    assertTag(await bus.read(KEY, 'a-revision'), 'Missing');
    return undefined;
  },
  'fault 3: a reader that holds the revision is told that nothing changed': async ({ bus }) => {
    const first = assertTag(await bus.write(KEY, 'first', undefined), 'Landed').revision;
    assertTag(await bus.read(KEY, first), 'Unchanged');
    assertTag(await bus.read(KEY, first), 'Unchanged');
    const second = assertTag(await bus.write(KEY, 'second', first), 'Landed').revision;
    const fresh = assertTag(await bus.read(KEY, first), 'Fresh');
    assert.deepEqual(fresh, { _tag: 'Fresh', body: 'second', revision: second });
    assertTag(await bus.read(KEY, second), 'Unchanged');
    return undefined;
  },
  'a reader that holds a revision of nobody is given the body': async ({ bus }) => {
    await bus.write(KEY, 'first', undefined);
    assert.equal(assertTag(await bus.read(KEY, 'no-such-revision'), 'Fresh').body, 'first');
    return undefined;
  },
  'what one process wrote, another reads': async ({ bus, another }) => {
    if (another === undefined) return withoutHook('another');
    const revision = assertTag(await bus.write(KEY, 'first', undefined), 'Landed').revision;
    assert.deepEqual(await another().read(KEY, undefined), { _tag: 'Fresh', body: 'first', revision });
    assertTag(await another().read(KEY, revision), 'Unchanged');
    return undefined;
  },
  'a body of exactly 1 MiB is written and read': async ({ bus }) => {
    const body = `${'é'.repeat(SIGNAL_BYTES_MAX / 2 - 1)}ab`;
    assertTag(await bus.write(KEY, body, undefined), 'Landed');
    assert.ok(assertTag(await bus.read(KEY, undefined), 'Fresh').body === body, 'expected the body that was written');
    return undefined;
  },
  'fault 8: a body of more than 1 MiB is not written': async ({ bus }) => {
    const tooLarge = 'é'.repeat(SIGNAL_BYTES_MAX / 2) + 'a';
    assertTag(await bus.write(KEY, tooLarge, undefined), 'Unknown', 'Conflict');
    assertTag(await bus.read(KEY, undefined), 'Missing');
    const revision = assertTag(await bus.write(KEY, 'first', undefined), 'Landed').revision;
    assertTag(await bus.write(KEY, tooLarge, revision), 'Unknown', 'Conflict');
    assertTag(await bus.read(KEY, revision), 'Unchanged');
    return undefined;
  },
  'fault 8: a body of more than 1 MiB that lies there is malformed': async ({ bus, plant }) => {
    if (plant === undefined) return withoutHook('plant');
    await plant(KEY, new Uint8Array(SIGNAL_BYTES_MAX + 1).fill(0x20));
    assertTag(await bus.read(KEY, undefined), 'Malformed');
    return undefined;
  },
  'fault 10: bytes that are not UTF-8 are malformed': async ({ bus, plant }) => {
    if (plant === undefined) return withoutHook('plant');
    const notUtf8 = [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0x7b, 0x22, 0xe2, 0x82]];
    for (const [n, bytes] of notUtf8.entries()) {
      await plant(keyNumber(n), Uint8Array.from(bytes));
      assertTag(await bus.read(keyNumber(n), undefined), 'Malformed');
    }
    return undefined;
  },
  'a malformed body is replaced by whoever names its revision, so that no key is poisoned for ever': async ({
    bus,
    plant,
  }) => {
    if (plant === undefined) return withoutHook('plant');
    const malformed = [Uint8Array.from([0xff]), new Uint8Array(SIGNAL_BYTES_MAX + 1).fill(0x20)];
    for (const [n, bytes] of malformed.entries()) {
      await plant(keyNumber(n), bytes);
      const { revision } = assertTag(await bus.read(keyNumber(n), undefined), 'Malformed');
      assert.notEqual(revision, undefined);
      assertTag(await bus.write(keyNumber(n), '{}', 'another revision'), 'Conflict');
      assertTag(await bus.write(keyNumber(n), '{}', revision), 'Landed');
      assert.equal(assertTag(await bus.read(keyNumber(n), undefined), 'Fresh').body, '{}');
    }
    return undefined;
  },
  'fault 10: a byte order mark reaches the reader, who refuses it by name': async ({ bus, plant }) => {
    if (plant === undefined) return withoutHook('plant');
    await plant(KEY, Uint8Array.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]));
    assert.equal(assertTag(await bus.read(KEY, undefined), 'Fresh').body, '\ufeff{}');
    return undefined;
  },
  'fault 9: an empty body is a body': async ({ bus, plant }) => {
    if (plant === undefined) return withoutHook('plant');
    await plant(KEY, new Uint8Array());
    assert.equal(assertTag(await bus.read(KEY, undefined), 'Fresh').body, '');
    return undefined;
  },
  'what another program put there is read, and replaced under its revision': async ({ bus, plant }) => {
    if (plant === undefined) return withoutHook('plant');
    await plant(KEY, new TextEncoder().encode('{"Splay": 60}'));
    const { body, revision } = assertTag(await bus.read(KEY, undefined), 'Fresh');
    assert.equal(body, '{"Splay": 60}');
    assertTag(await bus.read(KEY, revision), 'Unchanged');
    assertTag(await bus.write(KEY, 'second', undefined), 'Conflict');
    assertTag(await bus.write(KEY, 'second', revision), 'Landed');
    assert.equal(assertTag(await bus.read(KEY, revision), 'Fresh').body, 'second');
    return undefined;
  },
};

/**
 * The contract of {@link SignalBus}.
 *
 * @param setUp - makes an empty bus; called once for each case.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 * import { memorySignalBus } from 'signalbox/adapters/memory';
 * import { signalBusContract } from 'signalbox/testing';
 *
 * for (const { name, run } of signalBusContract(async () => ({
 *   bus: memorySignalBus(),
 *   tearDown: async () => undefined,
 * }))) {
 *   test(name, () => run().then(() => undefined));
 * }
 * ```
 */
export const signalBusContract = (setUp: () => Promise<SignalBusHarness>): readonly ContractCase[] => {
  const busOf = handles<SignalBusHarness, SignalBus>(
    ({ bus }) => bus,
    ({ another }) => another,
  );
  return casesOf(setUp, {
    ...LAWS,
    ...conditionalWriteLaws<SignalBusHarness>((harness, n, writer = 0) =>
      placeOn(busOf(harness, writer), keyNumber(n)),
    ),
  });
};
