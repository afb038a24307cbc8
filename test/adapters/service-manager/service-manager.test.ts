import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ServiceManager,
  systemdServiceManager,
  watchdogMsOf,
} from '../../../src/adapters/service-manager/index.ts';

let directory = '';
const failures: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-notify-'));
  failures.length = 0;
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A manager behind a stand-in for systemd-notify that writes down what it is told, or fails. */
const manager = (script = `echo "$NOTIFY_SOCKET|$*" >> ${join(directory, 'told')}`): ServiceManager => {
  writeFileSync(join(directory, 'systemd-notify'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, 'systemd-notify'), 0o755);
  const made = systemdServiceManager({ NOTIFY_SOCKET: '/run/notify', PATH: `${directory}:/usr/bin:/bin` }, (detail) =>
    failures.push(detail),
  );
  if (made === undefined) throw new Error('expected a manager');
  return made;
};

const told = (): readonly string[] =>
  existsSync(join(directory, 'told')) ? readFileSync(join(directory, 'told'), 'utf8').trimEnd().split('\n') : [];

describe('the service manager', () => {
  it.each([{}, { NOTIFY_SOCKET: '' }])('is not there where it does not listen: %j', (environment) => {
    expect(systemdServiceManager(environment, () => undefined)).toBeUndefined();
  });

  it('is told one after the other, each on one line', async () => {
    const { tell } = manager();
    void tell({ READY: '1', STATUS: 'a\nSTOPPING=1' });
    await tell({ STOPPING: '1' });
    expect(told()).toEqual(['/run/notify|READY=1 STATUS=a STOPPING=1', '/run/notify|STOPPING=1']);
    expect(failures).toEqual([]);
  });

  it('is told together what it has yet to hear, but not a change of state together with another', async () => {
    const { tell } = manager();
    void tell({ STATUS: 'first' });
    void tell({ STATUS: 'second', WATCHDOG: '1' });
    void tell({ STATUS: 'third' });
    void tell({ RELOADING: '1' });
    void tell({ READY: '1' });
    await tell({ STATUS: 'last' });
    expect(told().map((line) => line.replace('/run/notify|', ''))).toEqual([
      'STATUS=first',
      'STATUS=third WATCHDOG=1',
      'RELOADING=1',
      'READY=1',
      'STATUS=last',
    ]);
  });

  it('that cannot be told is complained of once, until it can be again', async () => {
    const flag = join(directory, 'broken');
    writeFileSync(flag, '');
    const { tell } = manager(`[ -e ${flag} ] && { echo "no socket" >&2; exit 1; }; exit 0`);
    await tell({ STATUS: 'a' });
    await tell({ STATUS: 'b' });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('no socket');
    rmSync(flag);
    await tell({ STATUS: 'c' });
    writeFileSync(flag, '');
    await tell({ STATUS: 'd' });
    expect(failures).toHaveLength(2);
  });
});

describe('the watchdog of the unit', () => {
  it.each([
    ['none', {}, undefined],
    ['this process’s', { WATCHDOG_USEC: '900000000', WATCHDOG_PID: '17' }, 900_000],
    ['everybody’s', { WATCHDOG_USEC: '900000000' }, 900_000],
    ['another’s', { WATCHDOG_USEC: '900000000', WATCHDOG_PID: '18' }, undefined],
    ['no number', { WATCHDOG_USEC: '1e9' }, undefined],
    ['no time', { WATCHDOG_USEC: '0' }, undefined],
  ])('%s', (_what, environment, ms) => {
    expect(watchdogMsOf(environment, 17)).toBe(ms);
  });
});
