import { expect, test } from 'vitest';
import { mustRun } from '../../gates/tool.ts';

const MODULE = new URL('../../../src/apps/cli/small-heap.ts', import.meta.url).href;

/** Runs a function until any compiler would have taken it, and says whether one has: bit 4 of what V8 tells of it. */
const isCompiled = async (before: string): Promise<boolean> => {
  const script = `import { keepHeapSmall } from '${MODULE}';
    ${before}
    const twice = (n) => { let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum; };
    for (let i = 0; i < 2_000; i++) twice(1_000);
    console.log((%GetOptimizationStatus(twice) >> 4) & 1);`;
  return (await mustRun('node', ['--allow-natives-syntax', '--input-type=module', '--eval', script])).trim() === '1';
};

test('nothing is compiled to machine code any more, however often it runs', async () => {
  expect(await isCompiled('')).toBe(true);
  expect(await isCompiled('keepHeapSmall();')).toBe(false);
});
