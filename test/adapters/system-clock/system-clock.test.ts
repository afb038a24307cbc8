import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/adapters/system-clock/index.ts';
import { DAY_MS, epochMs, HOUR_MS, MINUTE_MS, plus } from '../../../src/domain/time.ts';

const START = epochMs(1_753_668_151_054);

describe('with the timers of the test', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Real time is what the timers of the test say, whatever the wall clock is set to. */
  const clockOfTest = () => systemClock(() => performance.now() / 1000);

  const sleeping = (delayMs: number): (() => boolean) => {
    let isAwake = false;
    void clockOfTest()
      .sleepUntil(plus(START, delayMs))
      .then(() => {
        isAwake = true;
      });
    return () => isAwake;
  };

  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 60 * DAY_MS])(
    'fault 15: a sleep of %d ms ends when it is over',
    async (delayMs) => {
      const isAwake = sleeping(delayMs);
      await vi.advanceTimersByTimeAsync(delayMs - 1);
      expect(isAwake()).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(isAwake()).toBe(true);
    },
  );

  test('fault 33: a wall clock stepped forward is noticed within a minute', async () => {
    const isAwake = sleeping(12 * HOUR_MS);
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    vi.setSystemTime(plus(START, 13 * HOUR_MS));
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(isAwake()).toBe(true);
  });

  test('fault 32: a wall clock stepped back is noticed within a minute, since the instant was of another clock', async () => {
    const isAwake = sleeping(HOUR_MS);
    await vi.advanceTimersByTimeAsync(30 * MINUTE_MS);
    vi.setSystemTime(plus(START, -HOUR_MS));
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(isAwake()).toBe(true);
  });

  test('fault 32: a wall clock that is slewed back makes the sleep longer, not shorter', async () => {
    const isAwake = sleeping(HOUR_MS);
    await vi.advanceTimersByTimeAsync(30 * MINUTE_MS);
    vi.setSystemTime(plus(START, 30 * MINUTE_MS - 500));
    await vi.advanceTimersByTimeAsync(30 * MINUTE_MS);
    expect(isAwake()).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(isAwake()).toBe(true);
  });

  test('a sleep that is aborted keeps no timer', async () => {
    const abort = new AbortController();
    const sleep = clockOfTest().sleepUntil(plus(START, DAY_MS), abort.signal);
    expect(vi.getTimerCount()).toBe(1);
    abort.abort();
    await sleep;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('fault 35: a clock before 1970 reads 1970', () => {
    vi.setSystemTime(-5_000);
    expect(systemClock().now()).toBe(0);
  });
});

test('fault 15, control: Node itself fires a timer of 2³¹ ms after 1 ms', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  try {
    await new Promise((resolve) => setTimeout(resolve, 2 ** 31));
    expect(warned).toHaveBeenCalledOnce();
  } finally {
    warned.mockRestore();
  }
});
