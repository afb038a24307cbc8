/** The shell that takes the place of process 1; as process 1 itself it is tested in `faults/process.test.ts`. */
import { describe, expect, it } from 'vitest';
import { initArguments } from '../../../src/apps/summoner/process-one.ts';
import { startProcess } from '../../support/daemon-process.ts';
import { shells } from '../../support/fallback-script.ts';

describe.each(shells)('fault 61: $name in the place of process 1', ({ command }) => {
  const started = (script: string) => {
    const [executable = '', ...options] = command ?? [];
    // What the shell is called is said by how it is started here.
    const [, ...args] = initArguments(['/bin/sh', '-c', script]);
    return startProcess(executable, [...options, ...args], '/');
  };

  it.skipIf(command === undefined).each([
    ['exit 0', 0],
    ['exit 78', 78],
    ['kill -9 $$', 137],
  ])('ends as its child ends: %s (skipped without the shell)', async (script, code) => {
    expect(await started(script).ended).toBe(code);
  });

  it.skipIf(command === undefined).each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)(
    'passes on %s, and waits for what comes of it (skipped without the shell)',
    async (signal) => {
      // Node, like the agent: a shell could not catch an interrupt that it was started to ignore.
      const program = `process.on('${signal}', () => setTimeout(() => process.exit(7), 50)); setInterval(() => 0, 1e6); console.log('ready')`;
      const init = started(`exec '${process.execPath}' -e "${program}"`);
      await init.line('the child', (line) => line === 'ready');
      init.child.kill(signal);
      expect(await init.ended).toBe(7);
    },
  );
});
