/**
 * Property tests: one call declares a test that holds a law against generated values.
 *
 * Two variables of the environment steer every property at once. `SIGNALBOX_TEST_SEED` fixes the seed, so that a
 * failure is seen again. `SIGNALBOX_TEST_RUNS` sets how many values a usual property tries, more at night than at the
 * desk; a property that asked for fewer or more keeps its proportion.
 *
 * @module
 */
import { relative } from 'node:path';
import fc from 'fast-check';
import { expect, test, TestRunner } from 'vitest';

/** An integer from the environment; what is set but is no such number stops the tests instead of being ignored. */
export const integerFromEnvironment = (name: string, min: number): number | undefined => {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new RangeError(`${name}: expected an integer of at least ${min}, got ${JSON.stringify(text)}`);
  }
  return value;
};

const SEED = integerFromEnvironment('SIGNALBOX_TEST_SEED', -0x8000_0000);
const RUNS = integerFromEnvironment('SIGNALBOX_TEST_RUNS', 1);

/** How many values a property tries that does not say: fast-check's own default. */
const RUNS_USUAL = 100;

/** The command that shows a failure again: the same seed over the same number of runs meets the same value. */
const replayCommand = (seed: number): string => {
  const file = relative(process.cwd(), expect.getState().testPath ?? '');
  const runs = RUNS === undefined ? '' : `SIGNALBOX_TEST_RUNS=${RUNS} `;
  return `SIGNALBOX_TEST_SEED=${seed} ${runs}npx vitest run ${file}`;
};

/** fast-check's own report, which carries seed, path and counterexample, and below it the command that replays it. */
const reportFailure = <Ts>(details: fc.RunDetails<Ts>): void => {
  if (!details.failed) return;
  throw new Error(`${fc.defaultReportMessage(details)}\n\nReplay: ${replayCommand(details.seed)}`, {
    cause: details.errorInstance,
  });
};

/** Ends a property, its shrinking too, before the time of its test is up: else that would be all that a failure told. */
const withinTestTime = <Ts>(): fc.Plugin<Ts>[] => {
  const timeoutMs = TestRunner.getCurrentTest()?.timeout ?? 0;
  if (timeoutMs <= 0) return [];
  // It draws nothing and only counts the time, so that it is good for values of every type.
  return [fc.interruptAfterTimeLimit(0.9 * timeoutMs, { failOnInterrupt: true }) as fc.Plugin<Ts>];
};

/**
 * The parameters that every property of this project runs with, for the few that call `fc.assert` themselves, such as
 * model-based ones. `own` gives a test's own number of runs or examples.
 */
export const propertyParameters = <Ts = unknown>(own: fc.Parameters<Ts> = {}): fc.Parameters<Ts> => ({
  ...own,
  numRuns: Math.ceil(((own.numRuns ?? RUNS_USUAL) * (RUNS ?? RUNS_USUAL)) / RUNS_USUAL),
  ...(SEED === undefined ? {} : { seed: SEED }),
  plugins: [...withinTestTime<Ts>(), () => ({ onAllRunsComplete: reportFailure })],
});

/**
 * Declares a test of a law: for all values of `arbitraries`, `predicate` neither throws nor answers `false`.
 *
 * @example
 * ```ts
 * property('S6: an older timestamp is refused', [arb.timestamp, arb.timestamp], (a, b) => { … });
 * ```
 */
export const property = <Ts extends [unknown, ...unknown[]]>(
  name: string,
  arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  predicate: (...values: Ts) => boolean | void,
  own: fc.Parameters<Ts> = {},
): void => {
  test(name, () => {
    fc.assert(fc.property(...arbitraries, predicate), propertyParameters(own));
  });
};

/** {@link property} for a predicate that waits for something. */
export const asyncProperty = <Ts extends [unknown, ...unknown[]]>(
  name: string,
  arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  predicate: (...values: Ts) => Promise<boolean | void>,
  own: fc.Parameters<Ts> = {},
): void => {
  test(name, () => fc.assert(fc.asyncProperty(...arbitraries, predicate), propertyParameters(own)));
};
