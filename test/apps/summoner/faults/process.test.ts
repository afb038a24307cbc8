/** Faults 47–61 on the real daemon: what goes wrong with processes, its runs' and its own. 57–59 are in `daemon.test.ts`. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { kill } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splayMs } from '../../../../src/domain/splay.ts';
import { HOUR_MS } from '../../../../src/domain/time.ts';
import { type DaemonProcess, eventually, startProcess } from '../../../support/daemon-process.ts';
import { canFakeTime, fakeClock } from '../../../support/fake-clock.ts';
import { SCRIPT } from '../../../support/fallback-script.ts';
import { nodeOf } from '../../../support/node-signals.ts';
import {
  COMMAND,
  fallbackEnvironment,
  lockingClient,
  type NodeUnderTest,
  nodeUnderTest,
  says,
  shell,
  stateOf,
  textFile,
} from '../../../support/node-under-test.ts';
import { canMount } from '../../../support/small-disk.ts';
import { whichExecutable } from '../../../support/which-executable.ts';

let node: NodeUnderTest;

beforeEach(() => {
  node = nodeUnderTest();
});
afterEach(() => node.remove());

/** Whether a process, or a group by its negative number, is there. */
const isThere = (pid: number): boolean => {
  try {
    kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Long enough to see that nothing is tried again. */
const ONCE = { backoff_base: '1h', backoff_cap: '1h' };

const failed = (): Promise<unknown> => eventually('a failure', () => Number(node.state()?.['failures']) > 0);
const lastOutcome = (): Promise<unknown> =>
  eventually('the end of a run', () => (node.status()?.['last_run'] as { readonly outcome?: string } | null)?.outcome);
const outputTail = (line: string): string => (JSON.parse(line) as { readonly output_tail: string }).output_tail;
const notZero = says('the run did not exit 0');

describe.skipIf(whichExecutable('flock') === undefined)('locks (skipped without flock)', () => {
  it('fault 47: a lock file that was left behind, with the number of a process that lives, is no lock', async () => {
    node.stored(stateOf({}));
    writeFileSync(node.path('node', 'summoner.lock'), `${process.pid}\n`);
    const daemon = node.started();
    await node.polled(1);
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 47: of two Summoners the second leaves promptly, and one whose first was killed does not', async () => {
    const first = node.started();
    await node.settled();
    const second = node.started();
    expect(await second.ended).toBe(75);
    expect(second.lines().join('\n')).toContain('another Summoner is at work on this node');
    first.child.kill('SIGKILL');
    await first.ended;
    const third = node.started();
    await eventually('the third to be at work', () => node.status()?.['pid'] === third.pid);
    expect(node.runs()).toBe(1);
    expect(await third.stop()).toBe(0);
  });

  it('fault 48: Summoner and fallback start at once: one run is made, and the other leaves', async () => {
    const command = lockingClient(node);
    node.configured({ command, ...ONCE });
    node.touch('hold');
    const fallback = node.stopping(
      startProcess('/bin/sh', [SCRIPT], node.directory, fallbackEnvironment(node, command.join(' '))),
    );
    const daemon = node.started();
    let left: unknown;
    void fallback.ended.then((code) => (left = code));
    await eventually('one of them to leave', () => left === 1 || node.state()?.['failures'] === 1);
    expect(node.runs()).toBe(1);
    node.touch('go');
    await fallback.ended;
    daemon.child.kill('SIGHUP');
    await eventually('nothing to be owed', () => node.status()?.['reason'] === 'UpToDate');
    expect(node.runs()).toBe(1);
    expect(await daemon.stop()).toBe(0);
  });
});

describe('runs that do not end as they should', () => {
  it('fault 49: one that hangs gets SIGINT, and after its grace SIGKILL, with all that it has started', async () => {
    const deaf = `sh -c 'trap "" INT; echo $$ > grandchild; while :; do sleep 1; done' &`;
    const leader = 'trap "echo told >> told" INT; echo $$ > leader; while :; do sleep 0.1; done';
    node.configured({ ...shell(`${deaf} ${leader}`), ...ONCE, run_time_limit: '1s', run_grace: '1s' });
    const daemon = node.started();
    const group = await eventually('the run', () => node.numberIn('leader'));
    const grandchild = await eventually('what it has started', () => node.numberIn('grandchild'));
    await failed();
    expect(textFile(node.path('told'))).toBe('told\n');
    await eventually('the group to be gone', () => !isThere(-group) && !isThere(grandchild));
    expect(await lastOutcome()).toBe('TimedOut');
    expect(node.state()).toMatchObject({ failures: 1, last_run_time: null });
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 50: a grandchild that holds the pipes keeps neither the run nor the agent from ending', async () => {
    node.configured(shell('sleep 300 & echo $! > grandchild; echo run >> runs; exit 0'));
    const daemon = node.started();
    await node.settled();
    const grandchild = node.numberIn('grandchild') ?? 0;
    try {
      await node.polled(1);
      expect(await daemon.stop()).toBe(0);
      expect(isThere(grandchild)).toBe(true);
    } finally {
      kill(grandchild, 'SIGKILL');
    }
  });

  it('fault 51: 200 MB of output are drained; the end of them is in the log, and the agent stays small', async () => {
    node.configured({ ...shell('head -c 200000000 /dev/zero | tr "\\0" x; echo the end; exit 1'), ...ONCE });
    const daemon = node.started();
    const line = await daemon.line('the end of the run', notZero);
    expect(outputTail(line)).toMatch(/^x+the end\n$/);
    expect(Buffer.byteLength(outputTail(line))).toBe(16_384);
    const [, peakKb] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8')) ?? [];
    expect(Number(peakKb)).toBeGreaterThan(10_000);
    expect(Number(peakKb)).toBeLessThan(200_000);
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 52: killed by a signal is a failure by name', async () => {
    node.configured({ ...shell('echo run >> runs; kill -9 $$'), ...ONCE });
    const daemon = node.started();
    await failed();
    expect(await lastOutcome()).toBe('Killed');
    await node.polled(2);
    expect(node.runs()).toBe(1);
    expect(node.state()).toMatchObject({ failures: 1, last_run_time: null });
    expect(await daemon.stop()).toBe(0);
  });

  it.each([
    ['fault 53: an executable that is missing', 'NotStarted', () => ({ command: [node.path('missing')] })],
    [
      'fault 53: a file that is not executable',
      'NotStarted',
      () => {
        writeFileSync(node.path('plain'), '#!/bin/sh\n');
        chmodSync(node.path('plain'), 0o644);
        return { command: [node.path('plain')] };
      },
    ],
    ['fault 56: a version that always fails', 'Failed', () => shell('exit 1')],
  ])('%s is tried a bounded number of times, backing off, and then given up', async (_what, outcome, broken) => {
    node.configured({ ...broken(), attempts_max: 2, backoff_base: '1s', backoff_cap: '1s' });
    node.stored(stateOf({}));
    node.signalled({ version: '1.0.0' });
    const daemon = node.started();
    await eventually(
      'it to be given up',
      () => node.status()?.['pending'] !== null && node.status()?.['failures'] === 2,
    );
    await node.polled(2);
    expect(node.status()).toMatchObject({
      pending: { version: '1.0.0', attempts: 2, gave_up: true },
      last_run: { outcome },
      applied_version: null,
    });
    const starts = daemon.lines().filter(says('run started'));
    expect(starts).toHaveLength(2);
    const times = starts.map((line) => Date.parse((JSON.parse(line) as { readonly time: string }).time));
    expect(Math.min(...times.slice(1).map((time, i) => time - (times[i] ?? 0)))).toBeGreaterThanOrEqual(990);
    expect(await daemon.stop()).toBe(0);
  });
});

describe('an agent that is killed', () => {
  it('fault 54: after a success of which nothing is stored yet, the next makes one more run, and no third', async () => {
    node.configured({ ...shell(`echo $$ > leader; ${COMMAND}`), backoff_base: '1s', backoff_cap: '1s' });
    node.touch('hold');
    const daemon = node.started();
    const leader = await eventually('a run', () => node.runs() === 1 && node.numberIn('leader'));
    daemon.child.kill('SIGSTOP');
    node.touch('go');
    await eventually('its end', () => /\) Z /.test(readFileSync(`/proc/${leader}/stat`, 'utf8')));
    daemon.child.kill('SIGKILL');
    expect(await daemon.ended).toBe('SIGKILL');
    expect(node.state()).toMatchObject({ last_run_time: null, running: { cause: { _tag: 'FirstRun' } } });
    const next = node.started();
    await eventually('a success', () => typeof node.state()?.['last_run_time'] === 'string');
    await node.polled(2);
    expect(node.runs()).toBe(2);
    expect(await next.stop()).toBe(0);
  });

  it('fault 55: during the splay, the next starts the run when it would have', async () => {
    // Of any splay this node waits the same part.
    const part = splayMs(nodeOf('web-17'), '1.0.0', 1_000) / 1_000_000;
    node.stored(stateOf({}));
    node.signalled({ version: '1.0.0', splaySeconds: Math.ceil(4 / part) });
    const pending = () => node.state()?.['pending'] as { readonly startAt: string } | null | undefined;
    const daemon = node.started();
    const { startAt } = await eventually('the version to be seen', () => pending() ?? undefined);
    daemon.child.kill('SIGKILL');
    await daemon.ended;
    const next = node.started();
    await eventually('the next to have looked', () => node.status()?.['pid'] === next.pid);
    expect(pending()).toMatchObject({ startAt });
    expect(node.status()).toMatchObject({ next_start: startAt });
    await eventually('the run', () => node.state()?.['artifact_version'] === '1.0.0');
    const lateMs = Date.parse(String(node.state()?.['last_attempt_time'])) - Date.parse(startAt);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(2_000);
    expect(node.runs()).toBe(1);
    expect(await next.stop()).toBe(0);
  });
});

describe.skipIf(!canFakeTime)('fault 60: a broken Summoner (skipped without libfaketime)', () => {
  const look = (env: Readonly<Record<string, string>>): Promise<unknown> =>
    startProcess('/bin/sh', [SCRIPT], node.directory, env).ended;

  it.each([
    [
      'that hangs',
      (daemon: DaemonProcess): Promise<DaemonProcess> => {
        daemon.child.kill('SIGSTOP');
        return Promise.resolve(daemon);
      },
      (daemon: DaemonProcess): DaemonProcess => {
        daemon.child.kill('SIGCONT');
        return daemon;
      },
    ],
    [
      'that ends whenever it is started',
      async (daemon: DaemonProcess): Promise<DaemonProcess> => {
        await daemon.stop();
        node.configured({ bogus: 1 });
        for (const start of [1, 2]) expect([start, await node.started().ended]).toEqual([start, 78]);
        return daemon;
      },
      (): DaemonProcess => {
        node.configured();
        return node.started();
      },
    ],
  ])(
    'fault 60: one %s is healed by the fallback, and runs nothing twice when it is back',
    async (_what, breaks, mends) => {
      const clock = fakeClock(node.path('ahead'));
      clock.set(-13 * HOUR_MS);
      const env = { ...clock.env, TZ: 'UTC' };
      const daemon = node.started({ env });
      await node.settled();
      const broken = await breaks(daemon);
      const state = readFileSync(node.path('node', 'summoner.json'), 'utf8');
      writeFileSync(node.path('converge.sh'), `cd ${node.directory}\n${COMMAND}\n`);
      const fallback = { ...env, ...fallbackEnvironment(node, `/bin/sh ${node.path('converge.sh')}`) };
      // Not yet, for all it knows.
      expect([await look(fallback), node.runs()]).toEqual([0, 1]);
      clock.set(0);
      expect([await look(fallback), node.runs()]).toEqual([69, 2]);
      expect([await look(fallback), node.runs()]).toEqual([0, 2]);
      expect(readFileSync(node.path('node', 'summoner.json'), 'utf8')).toBe(state);
      const mended = mends(broken);
      await eventually('it to hear of that', () => typeof node.state()?.['fallback_heard'] === 'string');
      await node.polled(2);
      expect(node.runs()).toBe(2);
      expect(await mended.stop()).toBe(0);
    },
  );
});

describe.skipIf(!canMount)('as process 1 (skipped unless root, who may make namespaces)', () => {
  const childrenOf = (pid: number): readonly number[] =>
    textFile(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);

  it('fault 61: what runs leave behind is reaped, and signals and the exit code pass through', async () => {
    // Its parent ends before it does, as that of a daemon that a recipe starts.
    node.configured(shell('(sleep 0.2; echo ended >> orphans) & echo run >> runs; exit 0'));
    const within = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const daemon = node.started({ within });
    const [first = 0] = await eventually('process 1', () => {
      const children = childrenOf(daemon.pid);
      return children.length > 0 && children;
    });
    try {
      await node.settled();
      kill(first, 'SIGUSR1');
      await eventually('another run', () => node.runs() === 2);
      await eventually('the orphans to end', () => textFile(node.path('orphans')) === 'ended\nended\n');
      await eventually('them to be reaped, and the agent alone to be left', () => childrenOf(first).length === 1);
      const second = node.started({ within });
      expect(await second.ended).toBe(75);
      kill(first, 'SIGTERM');
      expect(await daemon.ended).toBe(0);
    } finally {
      if (existsSync(`/proc/${first}`)) kill(first, 'SIGKILL');
    }
  });
});
