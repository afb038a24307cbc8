import { kill } from 'node:process';
import { expect, test } from 'vitest';
import { childProcessRunner } from '../../../src/adapters/child-process/index.ts';
import type { ProcessOrder } from '../../../src/ports/process-runner.ts';
import { runScript } from '../../support/run-node.ts';

const order = (script: string): ProcessOrder => ({
  command: '/bin/sh',
  args: ['-c', script],
  env: { PATH: '/usr/bin:/bin' },
  timeLimitMs: 60_000,
  graceMs: 60_000,
  outputTailBytes: 10_000,
});

test('fault 50: what a run left in the background, writing or not, does not keep this process alive', async () => {
  const script = runScript(
    'run-and-end.ts',
    'sleep 300 & echo "pid $!"; (while :; do echo more; sleep 0.01; done) & echo "pid $!"',
  );
  const [first, second] = [
    await script.line((line) => line.startsWith('pid ')),
    await script.line((line) => line === 'done'),
  ];
  expect([first.startsWith('pid '), second]).toEqual([true, 'done']);
  expect(await script.ended).toBe(0);
  for (const line of script.lines().filter((text) => text.startsWith('pid '))) {
    try {
      kill(Number(line.slice(4)), 'SIGKILL');
    } catch {
      // The one that writes ended when its pipe did.
    }
  }
});

test('fault 57: a run in a group of its own is not stopped by what stops its starter’s group', async () => {
  const { outputTail } = (await childProcessRunner().run(order('ps -o pgid= -p $$; echo $$'))) as {
    outputTail: string;
  };
  const [group, leader] = outputTail.trim().split(/\s+/);
  expect(group).toBe(leader);
});

test('fault 45: without a descriptor left, it is not started, and says why', async () => {
  const script = runScript('run-without-descriptors.ts');
  expect(JSON.parse(await script.line((line) => line.startsWith('{')))).toMatchObject({
    _tag: 'NotStarted',
    detail: expect.stringMatching(/EMFILE|EAGAIN|EBADF/) as string,
  });
  expect(await script.ended).toBe(0);
});
