import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** The module reads the environment once, so every test loads it anew. */
const load = async (env: Readonly<Record<string, string>>) => {
  for (const name of ['SIGNALBOX_TEST_SEED', 'SIGNALBOX_TEST_RUNS']) vi.stubEnv(name, env[name] ?? '');
  return import('./property.ts');
};

const failureOf = (run: () => void): Error => {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected the property to fail');
};

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllEnvs());

test("a failure keeps fast-check's report and cause, and says how to see it again", async () => {
  const { propertyParameters } = await load({});
  const property = fc.property(fc.nat(), (n) => {
    if (n > 9) throw new RangeError('too much');
  });
  const failure = failureOf(() => fc.assert(property, propertyParameters()));
  expect(failure.message).toMatch(/^Property failed after \d+ tests\n\{ seed: -?\d+, path: "[\d:]+"/);
  expect(failure.message).toContain('Counterexample: [10]');
  const seed = /seed: (-?\d+)/.exec(failure.message)?.[1];
  expect(failure.message).toContain(`Replay: SIGNALBOX_TEST_SEED=${seed} npx vitest run test/support/property.test.ts`);
  expect(failure.cause).toBeInstanceOf(RangeError);
});

test('the seed of a failure brings the same failure', async () => {
  const { propertyParameters } = await load({ SIGNALBOX_TEST_SEED: '-42', SIGNALBOX_TEST_RUNS: '300' });
  const property = fc.property(fc.nat(), (n) => n % 50 !== 7);
  const [first, second] = [1, 2].map(() => failureOf(() => fc.assert(property, propertyParameters())).message);
  expect(first).toBe(second);
  expect(first).toContain('seed: -42');
  expect(first).toContain('SIGNALBOX_TEST_SEED=-42 SIGNALBOX_TEST_RUNS=300 npx vitest run');
});

test('a property that takes its test’s time says with which seed', { timeout: 2_000 }, async () => {
  const { propertyParameters } = await load({});
  const property = fc.asyncProperty(
    fc.nat(),
    (n) => new Promise<void>((resolve) => setTimeout(resolve, 10 + (n % 10))),
  );
  await expect(fc.assert(property, propertyParameters({ numRuns: 1_000 }))).rejects.toThrow(
    /interrupted[^]*seed: -?\d+/,
  );
});

test.each([
  [undefined, undefined, 100],
  ['250', undefined, 250],
  ['250', 1_000, 2_500],
  ['10', 5, 1],
])('with SIGNALBOX_TEST_RUNS=%s a property that asked for %s values tries %i', async (runs, numRuns, expected) => {
  const { propertyParameters } = await load(runs === undefined ? {} : { SIGNALBOX_TEST_RUNS: runs });
  let tried = 0;
  const property = fc.property(fc.nat(), () => {
    tried++;
  });
  fc.assert(property, propertyParameters(numRuns === undefined ? {} : { numRuns }));
  expect(tried).toBe(expected);
});

test.each([
  ['SIGNALBOX_TEST_SEED', 'seven'],
  ['SIGNALBOX_TEST_RUNS', '0'],
  ['SIGNALBOX_TEST_RUNS', '1.5'],
])('%s=%s is refused, not ignored', async (name, value) => {
  await expect(load({ [name]: value })).rejects.toThrow(`${name}: expected an integer of at least`);
});
