import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { DAY_MS, type EpochMs, plus } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { casesOf, type ContractCase, type Harness, type Law } from './contract-case.ts';

/** A clock to try. */
export interface ClockHarness extends Harness {
  readonly clock: Clock;
  /** Lets at least so many milliseconds of the clock pass: a real clock waits, a virtual one is moved on. */
  readonly letPass: (durationMs: number) => Promise<void>;
}

/** What `elapsedMs` may be off by: a real clock's is read in steps. */
const ELAPSED_STEP_MS = 20;

/** The first delay that a timer of Node does not know, and fires after 1 ms for. */
const TIMER_OVERFLOW_MS = 2 ** 31;

/** How long is waited for a sleeper that must not wake; a real clock really waits. */
const NO_WAKE_MS = 30;

interface Sleep {
  readonly done: Promise<void>;
  /** What the clock read when the sleeper woke; nothing while it sleeps. */
  readonly wokeAt: () => EpochMs | undefined;
}

const sleep = (clock: Clock, instant: EpochMs, signal?: AbortSignal): Sleep => {
  let at: EpochMs | undefined;
  const done = clock.sleepUntil(instant, signal).then(() => {
    at = clock.now();
  });
  return { done, wokeAt: () => at };
};

const LAWS: Readonly<Record<string, Law<ClockHarness>>> = {
  'the wall clock reads whole milliseconds, and moves on': async ({ clock, letPass }) => {
    const before = clock.now();
    assert.ok(Number.isInteger(before) && before >= 0, String(before));
    await letPass(20);
    assert.ok(clock.now() >= before + 19, `${before} then ${clock.now()}`);
    return undefined;
  },
  'the time that passed is counted, and never goes back': async ({ clock, letPass }) => {
    const readings = [clock.elapsedMs()];
    for (let i = 0; i < 5; i++) {
      await letPass(10);
      readings.push(clock.elapsedMs());
    }
    assert.deepEqual(
      readings,
      readings.toSorted((a, b) => a - b),
    );
    const passedMs = (readings.at(-1) ?? 0) - (readings[0] ?? 0);
    assert.ok(passedMs >= 50 - ELAPSED_STEP_MS, `50 ms passed, ${passedMs} were counted`);
    return undefined;
  },
  'to sleep until an instant that has passed is not to sleep': async ({ clock }) => {
    for (const instant of [0 as EpochMs, plus(clock.now(), -1), clock.now()]) await clock.sleepUntil(instant);
    return undefined;
  },
  'a sleeper wakes at its instant, and not before': async ({ clock, letPass }) => {
    const instant = plus(clock.now(), 40);
    const sleeper = sleep(clock, instant);
    await letPass(40);
    await sleeper.done;
    const wokeAt = sleeper.wokeAt();
    assert.ok(wokeAt !== undefined && wokeAt >= instant, `due ${instant}, woke ${wokeAt ?? 'never'}`);
    return undefined;
  },
  'sleepers wake in the order of their instants': async ({ clock, letPass }) => {
    const start = clock.now();
    const woken: number[] = [];
    const delays = [60, 20, 40, 0, 80];
    const sleepers = delays.map((delayMs) =>
      clock.sleepUntil(plus(start, delayMs)).then(() => {
        woken.push(delayMs);
      }),
    );
    await letPass(80);
    await Promise.all(sleepers);
    assert.deepEqual(
      woken,
      delays.toSorted((a, b) => a - b),
    );
    return undefined;
  },
  'an abort wakes the sleeper at once, without a rejection': async ({ clock }) => {
    const abort = new AbortController();
    const sleeper = sleep(clock, plus(clock.now(), DAY_MS), abort.signal);
    abort.abort(new Error('wake up'));
    await sleeper.done;
    return undefined;
  },
  'who is aborted already does not sleep': async ({ clock }) => {
    await clock.sleepUntil(plus(clock.now(), DAY_MS), AbortSignal.abort());
    return undefined;
  },
  'an abort wakes only those who sleep with it': async ({ clock, letPass }) => {
    const [one, other] = [new AbortController(), new AbortController()];
    const sleepers = [one, other].map(({ signal }) => sleep(clock, plus(clock.now(), DAY_MS), signal));
    one.abort();
    await sleepers[0]?.done;
    await letPass(NO_WAKE_MS);
    assert.equal(sleepers[1]?.wokeAt(), undefined);
    other.abort();
    await sleepers[1]?.done;
    return undefined;
  },
  'a sleeper that woke leaves no listener behind': async ({ clock, letPass }) => {
    const { signal } = new AbortController();
    const sleepers = [...Array(20).keys()].map((n) => clock.sleepUntil(plus(clock.now(), n), signal));
    await letPass(20);
    await Promise.all(sleepers);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    return undefined;
  },
  'fault 15: a sleep of 2³¹ ms and more does not end early': async ({ clock, letPass }) => {
    const abort = new AbortController();
    const delays = [TIMER_OVERFLOW_MS - 1, TIMER_OVERFLOW_MS, TIMER_OVERFLOW_MS + 1, 2 * TIMER_OVERFLOW_MS, 1e15];
    const sleepers = delays.map((delayMs) => sleep(clock, plus(clock.now(), delayMs), abort.signal));
    await letPass(NO_WAKE_MS);
    assert.deepEqual(
      sleepers.map(({ wokeAt }) => wokeAt()),
      delays.map(() => undefined),
    );
    abort.abort();
    await Promise.all(sleepers.map(({ done }) => done));
    return undefined;
  },
};

/**
 * The contract of {@link Clock}.
 *
 * @param setUp - makes a clock; called once for each case.
 */
export const clockContract = (setUp: () => Promise<ClockHarness>): readonly ContractCase[] => casesOf(setUp, LAWS);
