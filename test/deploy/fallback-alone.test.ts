/** The fallback's package alone, on a machine that the Summoner's has left: its units, its cron line, and what it does. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../gates/tool.ts';
import { inTemporaryDirectory } from '../support/contract.ts';
import { buildPackages, debianMachine, missingToInstall } from '../support/debian-packages.ts';
import { stateText } from '../support/fallback-cases.ts';
import { frozenAt, LIBFAKETIME } from '../support/libfaketime.ts';

const DEPLOY = join(ROOT, 'deploy/fallback');
const read = (name: string): string => readFileSync(join(DEPLOY, name), 'utf8');

const missing = [...missingToInstall, ...(LIBFAKETIME === undefined ? ['faketime'] : [])];

describe('the fallback’s package alone', () => {
  const SUCCESS_AT = Date.UTC(2025, 6, 28, 2, 2, 31) / 1000;
  const MINUTES = 60;

  it.skipIf(missing.length > 0)(
    `F3, F4: with the Summoner’s package removed it fires, and two minutes later its record keeps it quiet${missing.length > 0 ? ` (skipped without ${missing.join(', ')})` : ''}`,
    () =>
      inTemporaryDirectory(async (directory) => {
        const { agent, fallback } = await buildPackages(join(directory, 'built'));
        const { dpkg, installed, isThere, path, write } = debianMachine(join(directory, 'machine'));
        write('var/lib/signalbox-fallback/lock', '');
        chmodSync(path('var/lib/signalbox-fallback/lock'), 0o644);
        dpkg('--install', agent, fallback);
        expect(statSync(path('var/lib/signalbox-fallback/lock')).mode & 0o777).toBe(0o600);
        write('var/lib/signalbox/summoner.json', stateText(SUCCESS_AT));
        dpkg('--remove', 'signalbox');
        expect(installed()).toEqual(['signalbox-fallback']);
        expect([isThere('usr/bin/signalbox'), isThere('lib/systemd/system/signalbox-summoner.service')]).toEqual([
          false,
          false,
        ]);

        const runsFile = join(directory, 'runs');
        writeFileSync(join(directory, 'chef-client'), `#!/bin/sh\necho "$*" >>'${runsFile}'\n`, { mode: 0o755 });
        // Its own paths, below this root and not that of the machine; everything else is as it is installed.
        const conf = path('etc/signalbox/fallback.conf');
        const paths = [...readFileSync(conf, 'utf8').matchAll(/^#([A-Z]+_FILE)=(\/.*)$/gm)];
        expect(paths).toHaveLength(4);
        const own = paths.map(([, name = '', file = '']) => `${name}=${path(file)}\n`).join('');
        writeFileSync(conf, `${readFileSync(conf, 'utf8')}${own}SPLAY_SECONDS=0\n`);

        const look = (epochSeconds: number): number | null => {
          const env = { ...frozenAt(epochSeconds), SIGNALBOX_FALLBACK_CONF: conf };
          return spawnSync(path('usr/sbin/signalbox-fallback'), [], {
            env: { ...env, PATH: `${directory}:/usr/bin:/bin` },
            stdio: 'ignore',
          }).status;
        };
        const runs = (): number =>
          existsSync(runsFile) ? readFileSync(runsFile, 'utf8').trimEnd().split('\n').length : 0;

        const threshold = SUCCESS_AT + 12 * 60 * MINUTES;
        expect([look(threshold - 1), runs()]).toEqual([0, 0]);
        expect([look(threshold), runs()]).toEqual([69, 1]);
        expect([look(threshold + 2 * MINUTES), runs()]).toEqual([0, 1]);
        expect([look(threshold + 12 * 60 * MINUTES), runs()]).toEqual([69, 2]);
        expect(readFileSync(path('var/lib/signalbox/summoner.json'), 'utf8')).toBe(stateText(SUCCESS_AT));
      }),
  );

  it('F5: looks far more often than the retry interval, by timer and by cron', () => {
    expect(read('signalbox-fallback.timer')).toMatch(/^OnUnitInactiveSec=5min$/m);
    const [line = ''] = read('signalbox-fallback.cron').match(/^\*\/5 .*$/m) ?? [];
    expect(line).toMatch(/^\*\/5 \* \* \* \* root .*\/usr\/sbin\/signalbox-fallback/);
  });

  it('fault 57: asked to end, the script alone is asked, which lets the run end first', () => {
    expect(read('signalbox-fallback.service')).toMatch(/^TimeoutStopSec=1h\nKillMode=mixed$/m);
  });

  it('F6: that it fired is no failure of its unit, and that the run failed is one', () => {
    expect(read('signalbox-fallback.service')).toMatch(/^SuccessExitStatus=69 75$/m);
  });
});
