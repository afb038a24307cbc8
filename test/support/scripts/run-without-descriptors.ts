/** Opens files until there is no descriptor left, then runs a process, and prints the outcome as JSON. */
import { openSync } from 'node:fs';
import { childProcessRunner } from '../../../src/adapters/child-process/index.ts';

const order = {
  command: '/bin/sh',
  args: ['-c', 'exit 0'],
  env: {},
  timeLimitMs: 10_000,
  graceMs: 1_000,
  outputTailBytes: 100,
};
await childProcessRunner().run(order);
try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  process.stdout.write(`${JSON.stringify(await childProcessRunner().run(order))}\n`);
}
process.exit(0);
