/** `run-and-end.ts SCRIPT`: runs a shell script through the runner, prints its output and `done`, and has nothing more to do. */
import { childProcessRunner } from '../../../src/adapters/child-process/index.ts';

const outcome = await childProcessRunner().run({
  command: '/bin/sh',
  args: ['-c', process.argv[2] ?? ''],
  env: { PATH: '/usr/bin:/bin' },
  timeLimitMs: 2 ** 33,
  graceMs: 1_000,
  outputTailBytes: 10_000,
});
process.stdout.write(`${'outputTail' in outcome ? outcome.outputTail : ''}done\n`);
