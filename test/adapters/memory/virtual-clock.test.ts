import { expect, test } from 'vitest';
import { virtualClock } from '../../../src/adapters/memory/index.ts';
import { epochMs, type EpochMs, plus } from '../../../src/domain/time.ts';

const START = epochMs(1_000_000);

test('sleepers wake in order, each at its own instant, those of one instant in the order they went to sleep', async () => {
  const clock = virtualClock(START);
  const woken: string[] = [];
  for (const [name, delayMs] of [
    ['c', 30],
    ['a', 10],
    ['b1', 20],
    ['b2', 20],
    ['late', 41],
  ] as const) {
    void clock.sleepUntil(plus(START, delayMs)).then(() => woken.push(`${name}@${clock.now() - START}`));
  }
  expect(clock.nextWake()).toBe(plus(START, 10));
  await clock.advanceTo(plus(START, 40));
  expect(woken).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30']);
  expect(clock.now()).toBe(plus(START, 40));
  expect(clock.elapsedMs()).toBe(40);
  expect(clock.nextWake()).toBe(plus(START, 41));
});

test('a sleeper that sleeps on wakes again within the same move', async () => {
  const clock = virtualClock(START);
  const woken: number[] = [];
  const everyTen = async (): Promise<void> => {
    for (let n = 1; n <= 5; n++) {
      await clock.sleepUntil(plus(START, n * 10));
      await Promise.resolve();
      woken.push(clock.now() - START);
    }
  };
  void everyTen();
  void clock.sleepUntil(plus(START, 25)).then(() => woken.push(25));
  await clock.advanceTo(plus(START, 100));
  expect(woken).toEqual([10, 20, 25, 30, 40, 50]);
  expect(clock.nextWake()).toBe(undefined);
});

test('it never moves back, but may be stepped', async () => {
  const clock = virtualClock(START);
  await clock.advanceTo(plus(START, 10));
  await clock.advanceTo(START);
  expect(clock.now()).toBe(plus(START, 10));
  let wokeAt: EpochMs | undefined;
  void clock.sleepUntil(plus(START, 500)).then(() => {
    wokeAt = clock.now();
  });
  await clock.stepTo(plus(START, -900));
  expect([clock.now(), clock.elapsedMs(), wokeAt]).toEqual([plus(START, -900), 10, undefined]);
  await clock.stepTo(plus(START, 1_000));
  expect([clock.now(), clock.elapsedMs(), wokeAt]).toEqual([plus(START, 1_000), 10, plus(START, 1_000)]);
});

test('ten thousand sleepers wake in order', async () => {
  const clock = virtualClock(START, () => Promise.resolve());
  const woken: number[] = [];
  for (let n = 0; n < 10_000; n++) {
    const delayMs = (n * 7_919) % 10_000;
    void clock.sleepUntil(plus(START, delayMs + 1)).then(() => woken.push(delayMs));
  }
  await clock.advanceTo(plus(START, 10_000));
  expect(woken).toEqual([...Array(10_000).keys()]);
});
