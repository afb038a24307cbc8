/** The fallback's package alone, on a machine that the Summoner's has left: its units, its cron line, and what it does. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mustRun, ROOT } from '../gates/tool.ts';
import { inTemporaryDirectory } from '../support/contract.ts';
import { stateText } from '../support/fallback-cases.ts';
import { whichExecutable } from '../support/which-executable.ts';

const DEPLOY = join(ROOT, 'deploy/fallback');
const read = (name: string): string => readFileSync(join(DEPLOY, name), 'utf8');

/** Installs the package, as dpkg lays it out, below `root`. */
const install = async (root: string): Promise<void> => {
  const built = join(root, 'built');
  mkdirSync(built);
  writeFileSync(join(built, 'signalbox-linux-x64'), '#!/bin/sh\n');
  writeFileSync(join(built, 'NOTICES.txt'), '');
  const executable = join(built, 'signalbox-linux-x64');
  await mustRun('node', ['build/deb.ts', '--executable', executable, '--arch', 'x64', '--out', built], {
    env: { SOURCE_DATE_EPOCH: '1767225600' },
  });
  const deb = readdirSync(built).find((file) => file.startsWith('signalbox-fallback_')) ?? '';
  execFileSync('dpkg-deb', ['--extract', join(built, deb), root]);
};

const missing = ['dpkg-deb', 'gzip', 'faketime'].filter((tool) => whichExecutable(tool) === undefined);

describe('the fallback’s package alone', () => {
  const SUCCESS_AT = Date.UTC(2025, 6, 28, 2, 2, 31) / 1000;
  const MINUTES = 60;

  it.skipIf(missing.length > 0)(
    `F3, F4: with the Summoner’s package removed it fires, and two minutes later its record keeps it quiet${missing.length > 0 ? ` (skipped without ${missing.join(', ')})` : ''}`,
    () =>
      inTemporaryDirectory(async (root) => {
        await install(root);
        // What a removal leaves of the other package: its state.
        mkdirSync(join(root, 'var/lib/signalbox'), { recursive: true });
        writeFileSync(join(root, 'var/lib/signalbox/summoner.json'), stateText(SUCCESS_AT));
        expect(readdirSync(join(root, 'usr')).filter((name) => name === 'bin')).toEqual([]);

        writeFileSync(join(root, 'chef-client'), `#!/bin/sh\necho "$*" >>'${root}/runs'\n`, { mode: 0o755 });
        // Its own paths, below this root and not that of the machine; everything else is as it is installed.
        const conf = join(root, 'etc/signalbox/fallback.conf');
        const paths = [...readFileSync(conf, 'utf8').matchAll(/^#([A-Z]+_FILE)=(\/.*)$/gm)];
        expect(paths).toHaveLength(4);
        const own = paths.map(([, name = '', path = '']) => `${name}=${join(root, path)}\n`).join('');
        writeFileSync(conf, `${readFileSync(conf, 'utf8')}${own}SPLAY_SECONDS=0\n`);

        const look = (epochSeconds: number): Promise<unknown> =>
          new Promise((resolve) => {
            const instant = new Date(epochSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
            const env = { PATH: `${root}:/usr/bin:/bin`, TZ: 'UTC', SIGNALBOX_FALLBACK_CONF: conf };
            execFile('faketime', ['-f', instant, join(root, 'usr/sbin/signalbox-fallback')], { env }, (error) => {
              resolve(error === null ? 0 : error.code);
            });
          });
        const runs = (): number =>
          existsSync(join(root, 'runs')) ? readFileSync(join(root, 'runs'), 'utf8').trimEnd().split('\n').length : 0;

        const threshold = SUCCESS_AT + 12 * 60 * MINUTES;
        expect([await look(threshold - 1), runs()]).toEqual([0, 0]);
        expect([await look(threshold), runs()]).toEqual([69, 1]);
        expect([await look(threshold + 2 * MINUTES), runs()]).toEqual([0, 1]);
        expect([await look(threshold + 12 * 60 * MINUTES), runs()]).toEqual([69, 2]);
        expect(readFileSync(join(root, 'var/lib/signalbox/summoner.json'), 'utf8')).toBe(stateText(SUCCESS_AT));
      }),
  );

  it('F5: looks far more often than the retry interval, by timer and by cron', () => {
    expect(read('signalbox-fallback.timer')).toMatch(/^OnUnitInactiveSec=5min$/m);
    const [line = ''] = read('signalbox-fallback.cron').match(/^\*\/5 .*$/m) ?? [];
    expect(line).toMatch(/^\*\/5 \* \* \* \* root .*\/usr\/sbin\/signalbox-fallback/);
  });

  it('F6: that it fired is no failure of its unit, and that the run failed is one', () => {
    expect(read('signalbox-fallback.service')).toMatch(/^SuccessExitStatus=69 75$/m);
  });

  it.skipIf(whichExecutable('systemd-analyze') === undefined)(
    'has units that systemd finds nothing wrong with (skipped without systemd-analyze)',
    () =>
      inTemporaryDirectory(async (directory) => {
        const units = ['signalbox-fallback.service', 'signalbox-fallback.timer'].map((name) => {
          const unit = join(directory, name);
          // The script is not installed on this machine, and whether it is there is not what is asked.
          writeFileSync(unit, read(name).replace('=/usr/sbin/signalbox-fallback', '=/bin/true'));
          return unit;
        });
        const verify = (files: readonly string[]): Promise<string> =>
          new Promise((resolve) => {
            execFile('systemd-analyze', ['verify', '--man=no', ...files], (_error, _out, stderr) => {
              resolve(stderr);
            });
          });
        // It says what it finds and exits with 0.
        expect((await verify(units)).split('\n').filter((line) => line.includes('signalbox'))).toEqual([]);
        const broken = join(directory, 'signalbox-broken.service');
        writeFileSync(broken, read('signalbox-fallback.service').replace('Type=oneshot', 'Typo=oneshot'));
        expect(await verify([broken])).toContain('Typo');
      }),
  );
});
