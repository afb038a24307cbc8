/** Faults 31–37 on the real daemon: a wall clock that is wrong, is set, or jumps. */
import { kill } from 'node:process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { floorDueAt, LEAD_MS_DEFAULT, WINDOW_MS_DEFAULT } from '../../../../src/domain/compliance.ts';
import { pollAfter, pollingFor } from '../../../../src/domain/polling.ts';
import {
  DAY_MS,
  type EpochMs,
  epochMs,
  formatInstant,
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
} from '../../../../src/domain/time.ts';
import { type DaemonProcess, eventually } from '../../../support/daemon-process.ts';
import { canFakeTime, type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { identityOf, nodeOf } from '../../../support/node-signals.ts';
import { type NodeUnderTest, nodeUnderTest, says, stateOf } from '../../../support/node-under-test.ts';
import { canMount } from '../../../support/small-disk.ts';

let node: NodeUnderTest;
let clock: FakeClock;

beforeEach(() => {
  node = nodeUnderTest();
  clock = fakeClock(node.path('ahead'));
});
afterEach(() => node.remove());

const started = (env: Readonly<Record<string, string>> = {}): DaemonProcess =>
  node.started({ env: { ...clock.env, ...env } });

const stepped = (daemon: DaemonProcess): Promise<string> =>
  daemon.line('the step to be noticed', says('the wall clock was stepped'));

/** By the clock of the node, of which it heard at once. */
const appliedAfterSignal = async (version: string): Promise<void> => {
  node.signalled({ version }, clock.now());
  await eventually(`${version} to be applied`, () => node.state()?.['artifact_version'] === version);
};

describe.skipIf(!canFakeTime)('under faketime (skipped without libfaketime)', () => {
  it('fault 31: a state from the future counts as none: one run, and no second', async () => {
    clock.set(2 * DAY_MS);
    const before = started();
    await node.settled();
    await before.stop();
    clock.set(0);
    const daemon = started();
    await eventually('a run', () => node.runs() === 2);
    await node.polled(2);
    expect(node.runs()).toBe(2);
    expect(Date.parse(String(node.state()?.['last_run_time']))).toBeLessThanOrEqual(clock.now());
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 32: a step back of the clock is no second run, and what is signalled after it is applied', async () => {
    const daemon = started();
    await node.settled();
    clock.set(-2 * HOUR_MS);
    await stepped(daemon);
    await node.polled(2);
    expect(node.runs()).toBe(1);
    await appliedAfterSignal('1.0.0');
    expect(node.runs()).toBe(2);
    expect(await daemon.stop()).toBe(0);
  });

  it('fault 32: a step back while no agent looks costs one run at most, and the floor acts a window later', async () => {
    const before = started();
    await node.settled();
    await before.stop();
    clock.set(-2 * HOUR_MS);
    const daemon = started();
    // Its success lies in the future now, so it counts as none.
    await eventually('a run', () => node.runs() === 2);
    await node.polled(2);
    expect(node.runs()).toBe(2);
    await daemon.stop();
    clock.set(-2 * HOUR_MS + WINDOW_MS_DEFAULT);
    started();
    await eventually('the floor', () => node.runs() === 3);
    await node.polled(2);
    expect(node.runs()).toBe(3);
  });

  it('fault 33: a step forward over the whole window is no run while it is watched, and one otherwise', async () => {
    const daemon = started();
    await node.settled();
    clock.set(13 * HOUR_MS);
    await stepped(daemon);
    await node.polled(2);
    expect(node.runs()).toBe(1);
    await daemon.stop();
    clock.set(26 * HOUR_MS);
    started();
    await eventually('the floor', () => node.runs() === 2);
    await node.polled(2);
    expect(node.runs()).toBe(2);
  });

  it('fault 35: booted in 1970 it runs once, not again when the clock is set, and applies what is signalled then', async () => {
    clock.set(MINUTE_MS - Date.now());
    const daemon = started();
    await node.settled();
    expect(node.state()?.['last_run_time']).toMatch(/^1970-01-01T00:0/);
    clock.set(0);
    await stepped(daemon);
    await node.polled(2);
    expect(node.runs()).toBe(1);
    await appliedAfterSignal('1.0.0');
    expect(node.runs()).toBe(2);
    expect(node.state()?.['last_run_time']).not.toMatch(/^1970/);
    expect(await daemon.stop()).toBe(0);
  });

  // The clocks of Berlin go back an hour at 01:00 UTC that day; in Apia it is the afternoon of it.
  const CHANGE = epochMs(Date.UTC(2026, 9, 25, 1));
  it.each(['Europe/Berlin', 'Pacific/Apia'])(
    'fault 36: the floor is due twelve hours after the success, also over the change of the clocks, in %s',
    async (TZ) => {
      const success = epochMs(CHANGE - 6 * HOUR_MS);
      node.stored(stateOf({ succeeded: success }));
      // It polls at either side of the change.
      clock.set(CHANGE - 2 * SECOND_MS - Date.now());
      const daemon = started({ TZ });
      await eventually('the change', () => Date.parse(String(node.status()?.['written'])) > CHANGE + SECOND_MS);
      const due = floorDueAt({ windowMs: WINDOW_MS_DEFAULT, leadMs: LEAD_MS_DEFAULT }, identityOf().node, success);
      expect(node.status()).toMatchObject({ next_start: formatInstant(due), reason: 'UpToDate' });
      expect(node.runs()).toBe(0);
      expect(daemon.lines().filter(says('the wall clock was stepped'))).toEqual([]);
      expect(await daemon.stop()).toBe(0);
    },
  );

  describe.skipIf(!canMount)('whose machine is suspended (skipped unless root, who may mount)', () => {
    /** The time since the machine was started, as the node sees it: suspension counts, which no fake of the clock has. */
    const suspension = () => {
      const file = node.path('uptime');
      const descriptor = openSync(file, 'w');
      let suspendedMs = 0;
      // In place and of one length: whoever reads it meanwhile finds it whole.
      const write = (): void => {
        const [seconds = ''] = readFileSync('/proc/uptime', 'utf8').split(' ');
        const text = (Number(seconds) + suspendedMs / SECOND_MS).toFixed(2).padStart(20);
        writeSync(descriptor, `${text} 0.00\n`, 0);
      };
      write();
      const pace = setInterval(write, 20);
      node.stopping({
        stop: () => {
          clearInterval(pace);
          closeSync(descriptor);
          return Promise.resolve();
        },
      });
      const mount = 'mount --bind "$0" /proc/uptime && exec "$@"';
      return {
        within: ['unshare', '--mount', '/bin/sh', '-c', mount, file],
        /** Stops the process, lets the time go by, and lets it go on. */
        sleep: (daemon: DaemonProcess, forMs: number): void => {
          kill(daemon.pid, 'SIGSTOP');
          while (!/\) T /.test(readFileSync(`/proc/${daemon.pid}/stat`, 'utf8')));
          suspendedMs += forMs;
          clock.set(suspendedMs);
          write();
          kill(daemon.pid, 'SIGCONT');
        },
      };
    };

    it('fault 34: resumed past its floor it is due at once and splayed, and runs once', async () => {
      node.configured({ catch_up_splay: 3_600 });
      node.stored(stateOf({ succeeded: clock.now() }));
      const { within, sleep } = suspension();
      const daemon = node.started({ env: clock.env, within });
      await node.polled(1);
      sleep(daemon, 13 * HOUR_MS);
      const resumed = clock.now();
      const next = await eventually('the catch-up', () => {
        const { floor } = (node.state() ?? {}) as { readonly floor?: { readonly startAt: string } | null };
        return floor?.startAt;
      });
      expect(Date.parse(next)).toBeGreaterThan(resumed);
      expect(Date.parse(next)).toBeLessThan(resumed + HOUR_MS + MINUTE_MS);
      expect(node.runs()).toBe(0);
      sleep(daemon, HOUR_MS);
      await node.settled();
      await node.polled(2);
      expect(node.runs()).toBe(1);
      // It was no setting of the clock.
      expect(daemon.lines().filter(says('the wall clock was stepped'))).toEqual([]);
      expect(await daemon.stop()).toBe(0);
    });
  });
});

describe('fault 37: a thousand nodes boot in one second', () => {
  const everyMs = MINUTE_MS;
  const firstPoll = (name: string, at: EpochMs): EpochMs =>
    pollAfter(nodeOf(name), pollingFor({ pollEveryMs: everyMs }), undefined, at);

  it('fault 37: their first polls are spread over the interval, no tenth of which gets a fifth of them', () => {
    const booted = epochMs(Date.UTC(2026, 0, 1));
    const tenths = Array.from({ length: 1_000 }, (_, i) =>
      Math.floor(((firstPoll(`web-${i}`, booted) - booted) / everyMs) * 10),
    );
    const counts = [...Array(10).keys()].map((tenth) => tenths.filter((each) => each === tenth).length);
    expect(counts.reduce((sum, count) => sum + count)).toBe(1_000);
    expect(Math.max(...counts)).toBeLessThan(200);
    expect(Math.min(...counts)).toBeGreaterThan(50);
  });

  it('fault 37: a daemon polls first at its own moment, and not when it starts', async () => {
    node.configured({ poll_every: '1h', poll_idle: '1h', poll_soon: '1h' });
    const before = epochMs(Date.now());
    const daemon = node.started();
    await node.settled();
    const bus = node.status()?.['bus'];
    const next = pollAfter(nodeOf('web-17'), pollingFor({ pollEveryMs: HOUR_MS }), undefined, before);
    expect(bus).toMatchObject({ last_poll: null, next_poll: formatInstant(next) });
    expect(await daemon.stop()).toBe(0);
  });
});
