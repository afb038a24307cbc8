/** Faults 38–46 on the real daemon: a state that is of no use, and disks that fail. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { kill } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../../src/adapters/durable-files/index.ts';
import { type DaemonProcess, eventually } from '../../../support/daemon-process.ts';
import { type NodeUnderTest, nodeUnderTest, says, stateOf, textFile } from '../../../support/node-under-test.ts';
import { canMount, type SmallDisk, smallDisk } from '../../../support/small-disk.ts';
import { whichExecutable } from '../../../support/which-executable.ts';

let node: NodeUnderTest;

beforeEach(() => {
  node = nodeUnderTest();
});
afterEach(() => node.remove());

const KEPT_ASIDE = /^summoner\.json\.kept-aside-\d+$/;
const NOT_STORED = says('the state cannot be stored; it is held in memory');

const stateFile = (): string => node.path('node', 'summoner.json');
const entries = (): readonly string[] => readdirSync(node.path('node'));

const metric = (name: string): number =>
  Number(new RegExp(`^signalbox_summoner_${name} (.*)$`, 'm').exec(textFile(node.path('metrics.prom')))?.[1]);

/** Asks for a run, and waits until it has ended. */
const runNow = async (daemon: DaemonProcess): Promise<void> => {
  const before = node.runs();
  daemon.child.kill('SIGUSR1');
  await eventually('another run', () => node.runs() === before + 1);
};

describe('what lies where the state is', () => {
  it('control: with a state that says so, nothing is owed and nothing runs', async () => {
    node.stored(stateOf({}));
    const daemon = node.started();
    await node.polled(2);
    expect(node.runs()).toBe(0);
    expect(await daemon.stop()).toBe(0);
  });

  const whole = Buffer.from(stateOf({}));
  it.each([
    ['fault 38', 'empty', Buffer.alloc(0)],
    ['fault 38', 'torn', whole.subarray(0, whole.length / 2)],
    ['fault 38', 'full of zeros, as after a power loss', Buffer.alloc(whole.length)],
    ['fault 38', 'garbage', Buffer.from('<html>login</html>')],
    ['fault 43', "another node's, from a cloned image", Buffer.from(stateOf({ node: 'web-1' }))],
  ])('%s: %s, it is kept aside, and the node runs once as one that never ran', async (_fault, _what, body) => {
    node.stored(body);
    const daemon = node.started();
    await node.settled();
    await node.polled(1);
    expect(node.runs()).toBe(1);
    const kept = entries().filter((entry) => KEPT_ASIDE.test(entry));
    expect(kept).toHaveLength(1);
    expect(readFileSync(node.path('node', kept[0] ?? ''))).toEqual(body);
    expect(
      daemon.lines().filter(says('the state was kept aside; this node goes on as one that never ran')),
    ).toHaveLength(1);
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 42: of a newer version, it is believed, and what is unknown of it survives a run', async () => {
    const unknownFields = { schema: 7, hibernation: { until: ['dawn', 4] } };
    node.stored(stateOf({ applied: '1.0.0', unknownFields }));
    const daemon = node.started();
    await node.polled(1);
    expect(node.runs()).toBe(0);
    await runNow(daemon);
    await eventually('its end to be stored', () => node.state()?.['running'] === null);
    expect(node.state()).toMatchObject({ ...unknownFields, artifact_version: '1.0.0', failures: 0 });
    expect(await daemon.stop()).toBe(0);
  });

  it.each([
    [
      'a symbolic link',
      (body: string): void => {
        writeFileSync(node.path('elsewhere'), body);
        symlinkSync(node.path('elsewhere'), stateFile());
      },
    ],
    [
      'writable by others',
      (body: string): void => {
        node.stored(body);
        chmodSync(stateFile(), 0o666);
      },
    ],
  ])('fault 44: %s, it is refused and left as it is, and the floor runs from memory once', async (_what, plant) => {
    node.configured({ metrics_file: 'metrics.prom' });
    mkdirSync(node.path('node'));
    const body = stateOf({ applied: '1.0.0' });
    plant(body);
    const daemon = node.started();
    await eventually('a run', () => node.status()?.['last_run'] !== null && node.runs() === 1);
    await node.polled(1);
    expect(node.runs()).toBe(1);
    expect(readFileSync(stateFile(), 'utf8')).toBe(body);
    expect(node.status()).toMatchObject({ state_stored: false, applied_version: null });
    expect(metric('state_stored')).toBe(0);
    expect(daemon.lines().some(says('the state cannot be read; it is held in memory'))).toBe(true);
    // Somebody looked, and found nothing wrong with it.
    unlinkSync(stateFile());
    node.stored(body);
    await eventually('it to be believed', () => node.status()?.['applied_version'] === '1.0.0');
    await eventually('the alarm to end', () => metric('state_stored') === 1);
    expect(node.runs()).toBe(1);
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 41: what a killed agent left half written is cleared by the next, and what another writes is not', async () => {
    node.configured({ metrics_file: 'textfiles/metrics.prom' });
    const killed = node.started();
    await node.settled();
    const writer = await eventually('a status', () => node.status()?.['writer']);
    await eventually('metrics', () => existsSync(node.path('textfiles', 'metrics.prom')));
    killed.child.kill('SIGKILL');
    await killed.ended;
    const temporary = (directory: string, name: string, author: unknown): string =>
      node.path(directory, `.${name}.${String(author)}.0123456789abcdef.tmp`);
    const left = [
      temporary('node', 'summoner.json', writer),
      temporary('node', 'status.json', writer),
      temporary('textfiles', 'metrics.prom', writer),
    ];
    const living = await nodeFileSystem.author();
    const others = [temporary('node', 'summoner.json', living), temporary('textfiles', 'metrics.prom', living)];
    for (const path of [...left, ...others]) writeFileSync(path, 'half a fi');
    const daemon = node.started();
    await eventually('them to be cleared', () => !left.some((path) => existsSync(path)));
    await node.polled(1);
    expect(others.map((path) => existsSync(path))).toEqual([true, true]);
    expect(await daemon.stop()).toBe(0);
  });
});

describe.skipIf(!canMount)('on a disk of its own (skipped unless root, who may mount)', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = smallDisk(node.path('node'));
    node.configured({ metrics_file: 'metrics.prom' });
  });
  afterEach(() => disk.unmount());

  it.each([
    ['full', 'ENOSPC', (): (() => void) => disk.fill()],
    [
      'read-only',
      'EROFS',
      (): (() => void) => {
        disk.remount('ro');
        return () => disk.remount('rw');
      },
    ],
  ])(
    'fault 39: %s, it runs all the same, holds its state in memory, says so, and stores it later',
    async (_what, errno, breaks) => {
      const daemon = node.started();
      await node.settled();
      const before = readFileSync(stateFile(), 'utf8');
      await eventually('all to be well', () => metric('state_stored') === 1);
      const heal = breaks();
      node.signalled({ version: '1.0.0' });
      await eventually('the version to be applied', () =>
        textFile(node.path('metrics.prom')).includes('applied_info{version="1.0.0"} 1'),
      );
      expect(node.runs()).toBe(2);
      expect(metric('state_stored')).toBe(0);
      expect(await daemon.line('an alarm', NOT_STORED)).toContain(errno);
      // The old state is there, whole: the fallback reads it.
      expect(readFileSync(stateFile(), 'utf8')).toBe(before);
      heal();
      await eventually('it to be stored', () => metric('state_stored') === 1);
      expect(node.state()).toMatchObject({ artifact_version: '1.0.0', failures: 0 });
      await node.polled(1);
      expect(node.runs()).toBe(2);
      expect(await daemon.stop()).toBe(0);
    },
  );

  it('fault 39: full when it starts, a node that never ran runs once', async () => {
    disk.fill();
    const daemon = node.started();
    await eventually('a run', () =>
      /^signalbox_summoner_last_success_timestamp_seconds [1-9]/m.test(textFile(node.path('metrics.prom'))),
    );
    const polls = daemon.lines().filter(NOT_STORED).length;
    await eventually('it to try again', () => daemon.lines().filter(NOT_STORED).length > polls + 1);
    expect(node.runs()).toBe(1);
    expect(existsSync(stateFile())).toBe(false);
    expect(await daemon.stop()).toBe(0);
  });
});

/** Fails system calls of the daemon, the real ones, as its disk would. */
const injecting = (what: string): readonly string[] => [
  'strace',
  ...[
    '--follow-forks',
    '--quiet=all',
    '--output=/dev/null',
    '--seccomp-bpf',
    '--trace=fsync',
    `--inject=fsync:${what}`,
  ],
];

const canInject = ((): boolean => {
  try {
    execFileSync('strace', [...injecting('error=EIO').slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!canInject)('whose fsync fails (skipped where there is no strace, or it may not trace)', () => {
  const traced = async (what: string, act: (daemon: DaemonProcess) => Promise<void>): Promise<void> => {
    // The calls are counted for each thread by itself.
    const daemon = node.started({ within: injecting(what), env: { UV_THREADPOOL_SIZE: '1' } });
    try {
      await act(daemon);
    } finally {
      // A strace that is asked to end lets go of what it traces, and waits for it.
      kill(Number.parseInt(textFile(`/proc/${daemon.pid}/task/${daemon.pid}/children`), 10), 'SIGTERM');
      await daemon.ended;
    }
  };

  it('fault 40: once, a new temporary is written in its place, and nobody notices', () =>
    traced('error=EIO:when=1', async (daemon) => {
      await node.settled();
      await node.polled(1);
      expect(node.runs()).toBe(1);
      expect(daemon.lines().filter(NOT_STORED)).toEqual([]);
      expect(entries().filter((entry) => entry.endsWith('.tmp'))).toEqual([]);
    }));

  it('fault 39: for ever (EIO), it runs once, in memory, and says so', () =>
    traced('error=EIO', async (daemon) => {
      expect(await daemon.line('an alarm', NOT_STORED)).toContain('EIO');
      await eventually('a run', () => node.runs() === 1);
      const complaints = daemon.lines().filter(NOT_STORED).length;
      await eventually('it to try again', () => daemon.lines().filter(NOT_STORED).length > complaints + 1);
      expect(node.runs()).toBe(1);
      expect(node.state()).toBeUndefined();
    }));
});

describe.skipIf(whichExecutable('prlimit') === undefined)('without descriptors (skipped without prlimit)', () => {
  const limit = (daemon: DaemonProcess, descriptors: number): void => {
    execFileSync('prlimit', ['--pid', String(daemon.pid), `--nofile=${descriptors}:`]);
  };

  it('fault 45: it backs off, stays up, and heals when there are some again', async () => {
    node.configured({ backoff_base: '1s', backoff_cap: '2s' });
    const daemon = node.started();
    await node.settled();
    limit(daemon, 3);
    node.signalled({ version: '1.0.0' });
    const failed = (line: string): boolean => line.includes('"msg":"poll failed"') && line.includes('EMFILE');
    await daemon.line('a failed poll', failed);
    await eventually('it to go on polling', () => daemon.lines().filter(failed).length === 3);
    expect(node.runs()).toBe(1);
    limit(daemon, 1_024);
    await eventually('the version to be applied', () => node.state()?.['artifact_version'] === '1.0.0');
    expect(node.runs()).toBe(2);
    expect(node.status()).toMatchObject({ bus: { failures: 0 }, state_stored: true });
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 45: a run that cannot be started for want of them is a failure, and is made when there are some', async () => {
    node.configured({ backoff_base: '1s', backoff_cap: '2s' });
    node.signalled({ version: '1.0.0', splaySeconds: 0 });
    const daemon = node.started();
    await node.settled();
    limit(daemon, 3);
    daemon.child.kill('SIGUSR1');
    const line = await daemon.line('a failed run', says('the run did not exit 0'));
    expect(line).toContain('EMFILE');
    limit(daemon, 1_024);
    await runNow(daemon);
    await eventually('its end', () => node.state()?.['failures'] === 0);
    expect(node.runs()).toBe(2);
    expect(await daemon.stop()).toBe(0);
  });
});
