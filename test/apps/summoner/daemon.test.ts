/** The Summoner as a daemon: the real process, its signals, its service manager, and what it tells of itself. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { kill } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DaemonProcess,
  eventually,
  jsonFile,
  type NotifyReceiver,
  startNotifyReceiver,
  startSignalbox,
} from '../../support/daemon-process.ts';
import {
  fallbackEnvironment,
  lockingClient,
  type NodeUnderTest,
  nodeUnderTest,
  says,
} from '../../support/node-under-test.ts';
import { runSignalbox } from '../../support/run-signalbox.ts';
import { whichExecutable } from '../../support/which-executable.ts';

const canNotify = whichExecutable('systemd-notify') !== undefined && whichExecutable('python3') !== undefined;

let under: NodeUnderTest;

beforeEach(() => {
  under = nodeUnderTest();
});
afterEach(() => under.remove());

const configured: NodeUnderTest['configured'] = (fields) => under.configured(fields);
const started = (env: Readonly<Record<string, string>> = {}): DaemonProcess => under.started({ env });
const runs = (): number => under.runs();
const state = () => under.state();
const status = () => under.status();
const settled = () => under.settled();
const touch: NodeUnderTest['touch'] = (name) => under.touch(name);

const receiving = async (): Promise<NotifyReceiver> => under.stopping(await startNotifyReceiver(under.path('notify')));

const node = (...args: readonly string[]) =>
  runSignalbox(['--config', 'config.yaml', 'node', ...args], under.directory);

const SIGHUP_BIT = 1n;

/** Whether a process answers a signal itself; bit 0 is the first, SIGHUP. */
const catches = ({ pid }: DaemonProcess, bit: bigint): boolean => {
  const [, caught = '0'] = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & bit) !== 0n;
};

describe('signals', () => {
  it('SIGUSR1 starts a run now', async () => {
    const daemon = started();
    await settled();
    daemon.child.kill('SIGUSR1');
    await daemon.line('it to be asked', says('asked by a signal to run now'));
    await eventually('a second run', () => runs() === 2);
    expect(await daemon.stop()).toBe(0);
  });

  it('while it runs, a dry run says so, and would start nothing beside it', async () => {
    touch('hold');
    const daemon = started();
    await eventually('the run to start', () => runs() === 1 && status()?.['running'] !== null);
    const dry = await runSignalbox(
      ['--config', 'config.yaml', 'summoner', '--once', '--dry-run', '--json'],
      under.directory,
    );
    expect(JSON.parse(dry.out)).toMatchObject({ action: 'Wait', reason: 'AlreadyRunning' });
    touch('go');
    await settled();
    expect(await daemon.stop()).toBe(0);
  });

  it('SIGHUP loads the configuration again, and goes by it', async () => {
    const daemon = started();
    await settled();
    configured({ command: ['/bin/sh', '-c', 'echo other >> other'] });
    daemon.child.kill('SIGHUP');
    await daemon.line('the configuration to be loaded', says('the configuration was loaded again'));
    daemon.child.kill('SIGUSR1');
    await eventually('a run of the new command', () => existsSync(under.path('other')));
    expect(runs()).toBe(1);
    expect(await daemon.stop()).toBe(0);
  });

  it.each([
    ['a field that nobody knows', { bogus: 1 }, 'bogus: expected no field of this name'],
    ['another node', { node: 'web-18' }, 'node, stack, environment: expected those of this agent'],
    ['another place for its state', { node_state: 'elsewhere' }, 'node_state: expected that of this agent'],
  ])('SIGHUP: %s is refused, and the old configuration stays', async (_what, fields, detail) => {
    const daemon = started();
    await settled();
    configured({ ...fields, command: ['/bin/sh', '-c', 'echo other >> other'] });
    daemon.child.kill('SIGHUP');
    const line = await daemon.line('a refusal', says('the configuration was not taken, and the old one stays'));
    expect(line).toContain(detail);
    daemon.child.kill('SIGUSR1');
    await eventually('a run of the old command', () => runs() === 2);
    expect(existsSync(under.path('other'))).toBe(false);
    expect(await daemon.stop()).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'fault 57: %s during a run ends the run within its grace, stores that, and orphans nothing',
    async (signal) => {
      configured({
        command: ['/bin/sh', '-c', 'trap "" INT; echo run >> runs; echo $$ > leader; exec sleep 60'],
      });
      const daemon = started();
      const leader = await eventually('the run to start', () => under.numberIn('leader'));
      daemon.child.kill(signal);
      expect(await daemon.ended).toBe(0);
      expect(() => kill(-leader, 0)).toThrow('ESRCH');
      expect(state()).toMatchObject({ running: null, interruptions: 1, last_run_time: null });
    },
  );

  it('fault 57: asked to end again and again, it still sees the run to its end', async () => {
    configured({ command: ['/bin/sh', '-c', 'trap "" INT TERM; echo run >> runs; echo $$ > leader; exec sleep 60'] });
    const daemon = started();
    const leader = await eventually('the run to start', () => under.numberIn('leader'));
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT'] as const) {
      daemon.child.kill(signal);
      await daemon.line('it to be asked', says('asked to stop'));
    }
    expect(await daemon.ended).toBe(0);
    expect(() => kill(-leader, 0)).toThrow('ESRCH');
    expect(state()).toMatchObject({ running: null, interruptions: 1 });
  });

  it.skipIf(process.platform !== 'linux')(
    'SIGUSR1 and SIGHUP that come while it starts are answered when it has (skipped without /proc)',
    async () => {
      const daemon = started();
      await eventually('it to listen', () => catches(daemon, SIGHUP_BIT));
      daemon.child.kill('SIGUSR1');
      daemon.child.kill('SIGHUP');
      await daemon.line('the configuration to be loaded', says('the configuration was loaded again'));
      await daemon.line('a run to be asked for', says('asked by a signal to run now'));
      expect(daemon.lines().join('\n')).not.toContain('Debugger');
      expect(await daemon.stop()).toBe(0);
    },
  );

  it('SIGHUP: a pipe in the place of the configuration is refused, and holds nothing up', async () => {
    const daemon = started();
    await settled();
    rmSync(under.path('config.yaml'));
    execFileSync('mkfifo', [under.path('config.yaml')]);
    daemon.child.kill('SIGHUP');
    const line = await daemon.line('a refusal', says('the configuration was not taken, and the old one stays'));
    expect(line).toContain('expected a plain file');
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 58: a run that kills its agent is found interrupted by the next one, which runs again', async () => {
    configured({
      command: ['/bin/sh', '-c', 'echo run >> runs; if [ ! -e killed ]; then touch killed; kill -9 $PPID; fi'],
      backoff_base: '1s',
      backoff_cap: '1s',
    });
    expect(await started().ended).toBe('SIGKILL');
    expect(state()).toMatchObject({ running: { cause: { _tag: 'FirstRun' } } });
    const next = started();
    await eventually('a success', () => typeof state()?.['last_run_time'] === 'string');
    expect(runs()).toBe(2);
    expect(await next.stop()).toBe(0);
  });

  it('fault 58: a run that stops its agent, as an upgrade of the package does, is stopped with it and run again', async () => {
    configured({
      command: [
        '/bin/sh',
        '-c',
        'echo run >> runs; [ -e stopped ] && exit 0; touch stopped; kill -TERM $PPID; sleep 30',
      ],
      backoff_base: '1s',
      backoff_cap: '1s',
    });
    expect(await started().ended).toBe(0);
    expect(state()).toMatchObject({ running: null, interruptions: 1 });
    const next = started();
    await eventually('a success', () => typeof state()?.['last_run_time'] === 'string');
    expect(state()).toMatchObject({ interruptions: 0, failures: 0 });
    expect(await next.stop()).toBe(0);
  });
});

describe('the service manager', () => {
  const notified = { NOTIFY_SOCKET: '' };
  beforeEach(() => {
    notified.NOTIFY_SOCKET = under.path('notify');
  });

  it.skipIf(!canNotify)(
    'hears that it is ready, loads again and stops, and what it does (skipped without systemd-notify or python3)',
    async () => {
      const { told } = await receiving();
      const daemon = started(notified);
      await eventually('READY', () => told().some((message) => message['READY'] === '1'));
      expect(told()[0]).toMatchObject({ READY: '1' });
      await settled();
      await eventually('a status', () => told().some(({ STATUS }) => STATUS?.startsWith('UpToDate; next run at ')));
      const before = told().length;
      daemon.child.kill('SIGHUP');
      await eventually('READY again', () =>
        told()
          .slice(before)
          .some(({ READY }) => READY === '1'),
      );
      const [reloading] = told()
        .slice(before)
        .filter(({ RELOADING }) => RELOADING === '1');
      expect(reloading?.['MONOTONIC_USEC']).toMatch(/^\d+$/);
      expect(await daemon.stop()).toBe(0);
      expect(told().at(-1)).toMatchObject({ STOPPING: '1' });
      // No watchdog was asked for.
      expect(told().filter((message) => 'WATCHDOG' in message)).toEqual([]);
    },
  );

  it.skipIf(!canNotify)('is not spoken to by a run, which could call a dead agent alive', async () => {
    configured({ command: ['/bin/sh', '-c', 'env > environment'] });
    await receiving();
    const daemon = started({ ...notified, WATCHDOG_USEC: '900000000' });
    await eventually('the run', () => typeof state()?.['last_run_time'] === 'string');
    expect(readFileSync(under.path('environment'), 'utf8')).not.toMatch(/NOTIFY_SOCKET|WATCHDOG/);
    await daemon.stop();
  });

  it('N9: one that cannot be told does not hold the agent up', async () => {
    const daemon = started({ ...notified, PATH: '/nowhere' });
    await daemon.line('a complaint', says('the service manager cannot be told'));
    await settled();
    expect(daemon.lines().filter(says('the service manager cannot be told'))).toHaveLength(1);
    await daemon.stop();
  });

  describe('fault 59: the watchdog', () => {
    let server: Server;
    let isAnswering = false;
    let asked = 0;
    const held: (() => void)[] = [];

    beforeEach(async () => {
      [isAnswering, asked] = [false, 0];
      server = createServer((_request, response) => {
        asked += 1;
        const answer = () => response.writeHead(404).end();
        if (isAnswering) answer();
        else held.push(answer);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });

    it.skipIf(!canNotify)('is fed by polls that have been answered, and not by one that never ends', async () => {
      configured({
        bus: 's3://bucket',
        s3_endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        s3_path_style: true,
        s3_region: 'eu-west-1',
      });
      const { told } = await receiving();
      const fed = () => told().filter((message) => message['WATCHDOG'] === '1' && message['READY'] === undefined);
      const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', HOME: under.directory };
      const daemon = started({ ...notified, ...keys, WATCHDOG_USEC: '900000000' });
      await eventually('a poll', () => asked > 0);
      // It lives: it is ready, and its run ended and is told of. Only the poll has not ended.
      await settled();
      expect(fed()).toEqual([]);
      isAnswering = true;
      for (const answer of held.splice(0)) answer();
      await eventually('to be fed', () => fed().length > 0);
      expect(Number(fed()[0]?.['WATCHDOG_USEC'])).toBe(900_000_000);
      await daemon.stop();
    });
  });

  it.skipIf(!canNotify)(
    'fault 59: a watchdog with less patience than the polls is lengthened, and complained of',
    async () => {
      configured({ poll_every: '1h', poll_idle: '1h', poll_soon: '1h' });
      const { told } = await receiving();
      const daemon = started({ ...notified, WATCHDOG_USEC: '30000000' });
      const line = await daemon.line('a complaint', says('WatchdogSec is too short for poll_idle, and is lengthened'));
      expect(JSON.parse(line)).toMatchObject({ watchdog_seconds: 30, needed_seconds: 7_320 });
      const ready = await eventually('READY', () => told().find(({ READY }) => READY === '1'));
      expect(Number(ready['WATCHDOG_USEC'])).toBeGreaterThan(30_000_000);
      await daemon.stop();
    },
  );

  it.skipIf(!canNotify)("fault 59: another process's watchdog is not fed", async () => {
    const { told } = await receiving();
    const daemon = started({ ...notified, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' });
    await eventually(
      'some polls',
      () =>
        typeof (jsonFile(under.path('node', 'status.json'))?.['bus'] as { last_poll?: string | null } | undefined)
          ?.last_poll === 'string',
    );
    await daemon.stop();
    expect(told().filter((message) => 'WATCHDOG' in message)).toEqual([]);
  });
});

describe('what it tells of itself', () => {
  it('is a status file and metrics, in a file and on this machine only', async () => {
    configured({ metrics_file: 'textfiles/signalbox.prom', metrics_listen: '127.0.0.1:0' });
    const daemon = started();
    await settled();
    const listening = await daemon.line('an endpoint', says('metrics are served'));
    const { port } = JSON.parse(listening) as { readonly port: number };
    const file = under.path('textfiles', 'signalbox.prom');
    const polled = await eventually('a poll to be told', () => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      return /^signalbox_summoner_polls_total\{outcome="Missing"\} [1-9]/m.test(text) ? text : undefined;
    });
    expect(polled).toMatch(/^signalbox_summoner_runs_total\{cause="FirstRun",outcome="Succeeded"\} 1$/m);
    const served = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(served.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await served.text()).toContain('signalbox_summoner_polls_total{outcome="Missing"}');
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect(status()).toMatchObject({ schema: 1, pid: daemon.pid, node: 'web-17', reason: 'UpToDate' });
    configured();
    daemon.child.kill('SIGHUP');
    await daemon.line('the configuration to be loaded', says('the configuration was loaded again'));
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 39: where that cannot be written it says so once, and goes on', async () => {
    touch('textfiles');
    configured({ metrics_file: 'textfiles/signalbox.prom' });
    const daemon = started();
    await settled();
    daemon.child.kill('SIGUSR1');
    await eventually('a second run', () => runs() === 2);
    await daemon.stop();
    expect(daemon.lines().filter(says('what is told cannot be written'))).toHaveLength(1);
  });
});

describe('people on the node', () => {
  it('N10: disable it, run it and enable it while it runs', async () => {
    const daemon = started();
    await settled();
    const disabled = await node('disable', '--reason', 'incident 7', '--for', '4h', '--owner', 'ann', '--json');
    expect(disabled).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(disabled.out)).toMatchObject({ ask: 'Disable', summoner: 'Running', taken: true });
    await eventually('it to be disabled', () => status()?.['reason'] === 'Disabled');
    expect(state()).toMatchObject({ disabled: { reason: 'incident 7', owner: 'ann', floorToo: false } });
    const asked = await node('run-now', '--reason', 'certificates');
    expect(asked.out).toMatch(
      /^asked to run now: the Summoner has taken it in; the node is disabled until .* and runs then/,
    );
    await eventually('the run to wait', () => status()?.['run_now'] === true);
    expect(runs()).toBe(1);
    expect(await node('enable')).toMatchObject({ code: 0, out: 'asked to be enabled: the Summoner has taken it in\n' });
    await eventually('the run', () => runs() === 2);
    expect(await daemon.stop()).toBe(0);
  });

  it('N10: what they ask while no Summoner runs is taken in by the next, before it starts anything', async () => {
    const asked = await node('disable', '--reason', 'incident 7', '--for', '4h', '--floor-too', '--json');
    expect(JSON.parse(asked.out)).toMatchObject({ summoner: 'NotRunning', taken: false });
    expect(asked.code).toBe(0);
    const daemon = started();
    await eventually(
      'a poll',
      () => (status()?.['bus'] as { last_poll?: string | null } | undefined)?.last_poll !== undefined,
    );
    expect(status()).toMatchObject({ reason: 'Disabled', next_start: null });
    expect(await daemon.stop()).toBe(0);
    expect(runs()).toBe(0);
    expect(
      await runSignalbox(['--config', 'config.yaml', 'summoner', '--once', '--json'], under.directory),
    ).toMatchObject({
      code: 0,
    });
    expect(runs()).toBe(0);
    await node('enable');
    await runSignalbox(['--config', 'config.yaml', 'summoner', '--once'], under.directory);
    expect(runs()).toBe(1);
  });

  it('N8: killed with what it took in, the next agent knows of it', async () => {
    const daemon = started();
    await settled();
    await node('disable', '--reason', 'incident 7', '--for', '4h', '--floor-too');
    daemon.child.kill('SIGKILL');
    await daemon.ended;
    expect((await node('status', '--json')).out).toContain('"summoner":"NotRunning"');
    const next = started();
    await eventually('it to be disabled', () => status()?.['pid'] === next.pid && status()?.['reason'] === 'Disabled');
    await next.stop();
  });
});

describe('fault 48: the Summoner and the fallback at once', () => {
  const fallback = (): DaemonProcess =>
    under.stopping(
      startSignalbox(['fallback'], under.directory, fallbackEnvironment(under, lockingClient(under).join(' '))),
    );

  const title = (second: string) => `while one runs, ${second} leaves promptly (skipped without flock)`;

  it.skipIf(whichExecutable('flock') === undefined)(title('the Summoner'), async () => {
    configured({ command: lockingClient(under), backoff_base: '1h', backoff_cap: '1h' });
    touch('hold');
    const first = fallback();
    await eventually('the fallback to run', () => runs() === 1);
    const daemon = started();
    await eventually('the Summoner to leave', () => state()?.['failures'] === 1);
    expect(runs()).toBe(1);
    touch('go');
    // It fired, with success.
    expect(await first.ended).toBe(69);
    // The success of the fallback is the Summoner's too: nothing is owed any more.
    daemon.child.kill('SIGHUP');
    await eventually('it to hear of that', () => status()?.['reason'] === 'UpToDate');
    expect(runs()).toBe(1);
    expect(await daemon.stop()).toBe(0);
  });

  it.skipIf(whichExecutable('flock') === undefined)(title('the fallback'), async () => {
    configured({ command: lockingClient(under) });
    touch('hold');
    const daemon = started();
    await eventually('the Summoner to run', () => runs() === 1);
    expect(await fallback().ended).toBe(1);
    expect(runs()).toBe(1);
    touch('go');
    await settled();
    expect(await daemon.stop()).toBe(0);
  });
});
