import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessOrder, ProcessRunner } from '../../ports/process-runner.ts';
import { assertTag, casesOf, type ContractCase, type Harness, type Law } from './contract-case.ts';

/** A process runner to try, on a machine with a POSIX shell at `/bin/sh`. */
export interface ProcessRunnerHarness extends Harness {
  readonly runner: ProcessRunner;
}

const MINUTE_MS = 60_000;
const PATH = '/usr/local/bin:/usr/bin:/bin';

/** How long is waited for what must happen promptly, before it is said that it did not. */
const PROMPTLY_MS = 10_000;

const order = (script: string, more: Partial<ProcessOrder> = {}): ProcessOrder => ({
  command: '/bin/sh',
  args: ['-c', script],
  env: { PATH },
  timeLimitMs: MINUTE_MS,
  graceMs: MINUTE_MS,
  outputTailBytes: 10_000,
  ...more,
});

const promptly = async <A>(what: string, promise: Promise<A>): Promise<A> => {
  const waited = new AbortController();
  const late = delay(PROMPTLY_MS, undefined, { signal: waited.signal }).then(
    () => Promise.reject(new assert.AssertionError({ message: `expected ${what} within ${PROMPTLY_MS} ms` })),
    () => promise,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    waited.abort();
  }
};

const eventually = (what: string, isSo: () => Promise<boolean>): Promise<void> =>
  promptly(
    what,
    (async () => {
      for (const end = Date.now() + PROMPTLY_MS; Date.now() < end && !(await isSo());) await delay(10);
    })(),
  );

/** Whether a process runs; one that ended and that nobody has waited for does not. */
const isRunning = async (pid: number): Promise<boolean> => {
  try {
    kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
};

const pidIn = (outputTail: string): number => {
  const pid = Number(/pid (\d+)/.exec(outputTail)?.[1]);
  assert.ok(Number.isInteger(pid), `expected a pid in ${JSON.stringify(outputTail)}`);
  return pid;
};

const assertEnds = (pid: number): Promise<void> =>
  eventually(`process ${pid} to end`, async () => !(await isRunning(pid)));

const inDirectory = async (act: (directory: string) => Promise<void>): Promise<undefined> => {
  const directory = await mkdtemp(join(tmpdir(), 'process-runner-'));
  try {
    await act(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const exists = async (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  );

/** Runs `script`, which makes the file `$1` when it is ready, and aborts it then. */
const abortWhenReady = ({ runner }: ProcessRunnerHarness, script: string, more: Partial<ProcessOrder> = {}) => {
  const abort = new AbortController();
  return {
    run: async (directory: string) => {
      const ready = join(directory, 'ready');
      const running = runner.run({ ...order(script, more), args: ['-c', script, 'sh', ready] }, abort.signal);
      await eventually('the process to be ready', () => exists(ready));
      abort.abort();
      return promptly('the process to be stopped', running);
    },
  };
};

const EXIT_CODES = [0, 1, 2, 3, 35, 37, 41, 42, 43, 126, 127, 128, 137, 143, 173, 174, 213, 255];

const LAWS: Readonly<Record<string, Law<ProcessRunnerHarness>>> = {
  'N14: every exit code is passed on as it is': async ({ runner }) => {
    for (const code of EXIT_CODES) {
      assert.equal(assertTag(await runner.run(order(`exit ${code}`)), 'Exited').code, code);
    }
    return undefined;
  },
  'arguments are passed as they are, to no shell': async ({ runner }) => {
    const args = ['', ' ', '$HOME', '`id`', '"', "'", '\\', '*', 'ä\n', '; exit 1', '--'];
    const script = 'for argument; do printf "<%s>" "$argument"; done';
    const { outputTail } = assertTag(await runner.run({ ...order(''), args: ['-c', script, 'sh', ...args] }), 'Exited');
    assert.equal(outputTail, args.map((argument) => `<${argument}>`).join(''));
    return undefined;
  },
  'what a process is given to read, it can read to its end; without, there is nothing': async ({ runner }) => {
    const input = 'two lines\nand no end of line: ä $HOME "';
    const given = assertTag(await runner.run(order('cat', { input })), 'Exited');
    assert.equal(given.outputTail, input);
    assert.equal(assertTag(await runner.run(order('cat')), 'Exited').outputTail, '');
    return undefined;
  },
  'what a process does not read holds up nobody': async ({ runner }) => {
    const input = 'x'.repeat(1_000_000);
    for (const script of ['exit 3', 'exec <&-; exit 3', 'sleep 60 & exit 3']) {
      const ended = await promptly(`the end of ${script}`, runner.run(order(script, { input })));
      assert.equal(assertTag(ended, 'Exited').code, 3);
    }
    return undefined;
  },
  'the environment is the one that was ordered, and nothing is inherited': async ({ runner }) => {
    const ordered = { command: '/usr/bin/env', args: [], env: { A: '1', B: 'b c' } };
    const { outputTail } = assertTag(await runner.run({ ...order(''), ...ordered }), 'Exited');
    assert.deepEqual(outputTail.trimEnd().split('\n').sort(), ['A=1', 'B=b c']);
    return undefined;
  },
  'a name is looked up on the PATH that was ordered': async ({ runner }) =>
    inDirectory(async (directory) => {
      await writeFile(join(directory, 'example-client'), '#!/bin/sh\necho found\n', { mode: 0o755 });
      const ordered = { command: 'example-client', args: [] };
      const answer = await runner.run({ ...order(''), ...ordered, env: { PATH: `${directory}:${PATH}` } });
      assert.equal(assertTag(answer, 'Exited').outputTail, 'found\n');
      assertTag(await runner.run({ ...order(''), ...ordered }), 'NotStarted');
    }),
  'it runs in the directory that was ordered': async ({ runner }) =>
    inDirectory(async (directory) => {
      const { outputTail } = assertTag(await runner.run(order('pwd -P', { cwd: directory })), 'Exited');
      assert.ok(outputTail.trimEnd().endsWith(directory), outputTail);
      assertTag(await runner.run(order('exit 0', { cwd: join(directory, 'missing') })), 'NotStarted');
    }),
  'its input is empty': async ({ runner }) => {
    const answer = await promptly('the end of the input', runner.run(order('cat; echo done')));
    assert.equal(assertTag(answer, 'Exited').outputTail, 'done\n');
    return undefined;
  },
  'output and error output are both kept': async ({ runner }) => {
    const { outputTail } = assertTag(await runner.run(order('echo one; echo two >&2')), 'Exited');
    assert.deepEqual(outputTail.trimEnd().split('\n').sort(), ['one', 'two']);
    return undefined;
  },
  'what was written just before the exit is kept': async ({ runner }) => {
    for (let i = 0; i < 10; i++) {
      const script = 'head -c 60000 /dev/zero | tr "\\0" x; echo last words';
      assert.ok(assertTag(await runner.run(order(script)), 'Exited').outputTail.endsWith('xlast words\n'));
    }
    return undefined;
  },
  'fault 52: killed by a signal is not an exit code': async ({ runner }) => {
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGSEGV', 'SIGINT']) {
      const script = `kill -${signal.slice(3)} $$; sleep 60`;
      assert.equal(assertTag(await runner.run(order(script)), 'Signalled').signal, signal);
    }
    return undefined;
  },
  'fault 51: any amount of output is drained, and its tail kept': async ({ runner }) => {
    const outputTailBytes = 1_000;
    const script = 'head -c 30000000 /dev/zero | tr "\\0" y; head -c 30000000 /dev/zero >&2; echo; echo END';
    const { code, outputTail } = assertTag(
      await promptly('60 MB to be drained', runner.run(order(script, { outputTailBytes }))),
      'Exited',
    );
    assert.equal(code, 0);
    assert.ok(outputTail.endsWith('\nEND\n'), 'expected the last line');
    assert.ok(Buffer.byteLength(outputTail) <= outputTailBytes, `${Buffer.byteLength(outputTail)} bytes`);
    return undefined;
  },
  'a tail never begins within a character': async ({ runner }) => {
    for (const outputTailBytes of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const answer = assertTag(await runner.run(order('printf "€€€€"', { outputTailBytes })), 'Exited');
      assert.equal(answer.outputTail, '€'.repeat(Math.floor(outputTailBytes / 3)));
    }
    return undefined;
  },
  'output that is not UTF-8 is no failure': async ({ runner }) => {
    assert.match(assertTag(await runner.run(order('printf "a\\377b"')), 'Exited').outputTail, /^a.b$/);
    return undefined;
  },
  'fault 50: it is done at the exit, although a grandchild holds the pipes': async ({ runner }) => {
    const script = 'sleep 300 & echo "pid $!"; exit 37';
    const { code, outputTail } = assertTag(await promptly('the exit to be told', runner.run(order(script))), 'Exited');
    const pid = pidIn(outputTail);
    try {
      assert.equal(code, 37);
      assert.ok(await isRunning(pid), 'expected what the run left in the background to live on');
    } finally {
      kill(pid, 'SIGKILL');
    }
    return undefined;
  },
  'fault 49: over its time limit it gets SIGINT, and may end in order': async ({ runner }) => {
    const script = 'trap "echo ended in order; exit 0" INT; while :; do sleep 0.1; done';
    const answer = await promptly('the stop', runner.run(order(script, { timeLimitMs: 300 })));
    const { cause, outputTail } = assertTag(answer, 'Stopped');
    assert.equal(cause, 'TimeLimit');
    assert.equal(outputTail, 'ended in order\n');
    return undefined;
  },
  'fault 49: who ignores SIGINT gets SIGKILL after the grace': async ({ runner }) => {
    const script = 'trap "" INT; echo "pid $$"; while :; do sleep 1; done';
    const answer = await promptly('the stop', runner.run(order(script, { timeLimitMs: 300, graceMs: 100 })));
    const { cause, outputTail } = assertTag(answer, 'Stopped');
    assert.equal(cause, 'TimeLimit');
    await assertEnds(pidIn(outputTail));
    return undefined;
  },
  'fault 49: a stop reaches the whole group': async ({ runner }) => {
    const deaf = '(trap "" INT; echo "pid $(exec sh -c \'echo $PPID\')"; while :; do sleep 1; done) &';
    for (const leader of ['trap "exit 0" INT; while :; do sleep 1; done', 'trap "" INT; while :; do sleep 1; done']) {
      const limits = { timeLimitMs: 500, graceMs: 200 };
      const answer = await promptly('the stop', runner.run(order(`${deaf} ${leader}`, limits)));
      await assertEnds(pidIn(assertTag(answer, 'Stopped').outputTail));
    }
    return undefined;
  },
  'the grace is over when nothing is left': async (harness) =>
    inDirectory(async (directory) => {
      const { cause } = assertTag(
        await abortWhenReady(harness, 'trap "exit 1" INT; : > "$1"; while :; do sleep 0.1; done').run(directory),
        'Stopped',
      );
      assert.equal(cause, 'Aborted');
    }),
  'an abort stops it in the same two steps': async (harness) =>
    inDirectory(async (directory) => {
      const script = 'trap "" INT; echo "pid $$"; : > "$1"; while :; do sleep 1; done';
      const stopped = assertTag(await abortWhenReady(harness, script, { graceMs: 100 }).run(directory), 'Stopped');
      assert.equal(stopped.cause, 'Aborted');
      await assertEnds(pidIn(stopped.outputTail));
    }),
  'who is aborted already does not run': async ({ runner }) =>
    inDirectory(async (directory) => {
      const ran = join(directory, 'ran');
      const answer = await runner.run({ ...order(''), args: ['-c', ': > "$1"', 'sh', ran] }, AbortSignal.abort());
      assert.equal(assertTag(answer, 'Stopped').cause, 'Aborted');
      assert.equal(await exists(ran), false);
    }),
  'an abort after the end changes nothing': async ({ runner }) => {
    const abort = new AbortController();
    assertTag(await runner.run(order('exit 0'), abort.signal), 'Exited');
    abort.abort();
    return undefined;
  },
  'fault 53: an executable that is missing is not started': async ({ runner }) => {
    for (const command of ['/nonexistent/chef-client', 'nonexistent-chef-client', '/', '']) {
      const { detail } = assertTag(await runner.run({ ...order(''), command }), 'NotStarted');
      assert.ok(detail.includes(command), detail);
    }
    return undefined;
  },
  'fault 53: a file that is not executable is not started': async ({ runner }) =>
    inDirectory(async (directory) => {
      const command = join(directory, 'chef-client');
      await writeFile(command, '#!/bin/sh\nexit 0\n');
      await chmod(command, 0o644);
      assertTag(await runner.run({ ...order(''), command, args: [] }), 'NotStarted');
    }),
  'fault 53: an argument that no process can be given is not started': async ({ runner }) => {
    assertTag(await runner.run({ ...order(''), args: ['a\u0000b'] }), 'NotStarted');
    assertTag(await runner.run({ ...order(''), args: ['-c', ':', 'x'.repeat(3_000_000)] }), 'NotStarted');
    return undefined;
  },
  'fault 15: a time limit of 2³¹ ms and more does not end it early': async ({ runner }) => {
    for (const timeLimitMs of [2 ** 31 - 1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      assertTag(await runner.run(order('sleep 0.05', { timeLimitMs })), 'Exited');
    }
    return undefined;
  },
  'several run at once': async ({ runner }) => {
    const codes = [...Array(10).keys()];
    const answers = await Promise.all(codes.map((code) => runner.run(order(`echo ${code}; exit ${code}`))));
    assert.deepEqual(
      answers,
      codes.map((code) => ({ _tag: 'Exited', code, outputTail: `${code}\n` })),
    );
    return undefined;
  },
};

/**
 * The contract of {@link ProcessRunner}. It starts real processes, most of them of `/bin/sh`.
 *
 * @param setUp - makes a runner; called once for each case.
 */
export const processRunnerContract = (setUp: () => Promise<ProcessRunnerHarness>): readonly ContractCase[] =>
  casesOf(setUp, LAWS);
