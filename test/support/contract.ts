import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import type { ContractCase } from '../../src/adapters/contracts/index.ts';

/** How the suite of a port's contract over an adapter is called in what the tests tell. */
const suiteOf = (port: string, adapter: string): string => `${port} contract: ${adapter}`;

/** Declares a suite with a test for each case of a port's contract; one that its harness cannot try says that it was skipped. */
export const keepsContract = (port: string, adapter: string, cases: readonly ContractCase[]): void => {
  describe(suiteOf(port, adapter), () => {
    for (const { name, run } of cases) {
      test(name, async (context) => {
        const verdict = await run();
        if (verdict._tag === 'NotApplicable') context.skip(verdict.reason);
      });
    }
  });
};

/** Declares a suite that cannot be run here, and says why. */
export const skipsContract = (port: string, adapter: string, reason: string): void => {
  describe(suiteOf(port, adapter), () => {
    test('is kept', (context) => context.skip(reason));
  });
};

/** A directory of its own for a test, and a way to remove it. */
export const temporaryDirectory = async (): Promise<{
  readonly path: string;
  readonly remove: () => Promise<void>;
}> => {
  const path = await mkdtemp(join(tmpdir(), 'signalbox-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
};

/** Gives `act` a directory of its own, and removes it after that. */
export const inTemporaryDirectory = async (act: (path: string) => Promise<void>): Promise<void> => {
  const { path, remove } = await temporaryDirectory();
  try {
    await act(path);
  } finally {
    await remove();
  }
};
