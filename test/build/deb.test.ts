/** The packages for Debian: what is in them, and what installing, upgrading, removing and purging them does and leaves. */
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, ROOT } from '../gates/tool.ts';
import {
  buildPackages,
  debianMachine,
  missingToBuild,
  missingToInstall,
  type Packages,
} from '../support/debian-packages.ts';
import { whichExecutable } from '../support/which-executable.ts';

describe.skipIf(missingToBuild.length > 0)('the packages (skipped without dpkg-deb)', () => {
  let folder = '';
  const build = (name: string, revision: string): Promise<Packages> => buildPackages(join(folder, name), revision);

  let first: Packages;
  let second: Packages;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-deb-test-'));
    first = await build('first', '1');
    second = await build('second', '2');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const field = (deb: string, name: string): string =>
    execFileSync('dpkg-deb', ['--field', deb, name], { encoding: 'utf8' }).trim();
  const listed = (deb: string): string => execFileSync('dpkg-deb', ['--contents', deb], { encoding: 'utf8' });

  it('are the same bytes from the same sources', async () => {
    const again = await build('again', '1');
    for (const which of ['agent', 'fallback'] as const) {
      expect(readFileSync(again[which]).equals(readFileSync(first[which]))).toBe(true);
      expect(readFileSync(second[which]).equals(readFileSync(first[which]))).toBe(false);
    }
  });

  it('carry the version of the package, and belong to root', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    for (const deb of Object.values(first)) {
      expect(field(deb, 'Version')).toBe(`${version}-1`);
      const owners = listed(deb)
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)[1]);
      expect(new Set(owners)).toEqual(new Set(['root/root']));
    }
  });

  it('F3: the fallback depends on nothing, and holds all that it needs', () => {
    expect(field(first.fallback, 'Architecture')).toBe('all');
    for (const relation of ['Depends', 'Pre-Depends', 'Conflicts', 'Breaks']) {
      expect(field(first.fallback, relation)).toBe('');
    }
    const root = join(folder, 'only-fallback');
    execFileSync('dpkg-deb', ['--extract', first.fallback, root]);
    const { stdout } = spawnSync(join(root, 'usr/sbin/signalbox-fallback'), ['--dry-run', '--json'], {
      encoding: 'utf8',
      env: {
        PATH: '/usr/bin:/bin',
        SIGNALBOX_FALLBACK_CONF: join(root, 'etc/signalbox/fallback.conf'),
        SIGNALBOX_FALLBACK_STATE_FILE: join(root, 'none'),
        SIGNALBOX_FALLBACK_RECORD_FILE: join(root, 'none'),
      },
    });
    expect(JSON.parse(stdout)).toEqual({ decision: 'Fire', reason: 'NeverSucceeded', retryAt: null });
  });

  it('F3: the settings as they are installed say what the script does anyway', () => {
    const script = readFileSync(join(ROOT, 'src/apps/fallback/signalbox-fallback.sh'), 'utf8');
    const settings = readFileSync(join(ROOT, 'deploy/fallback/fallback.conf'), 'utf8').match(/^#[A-Z_]+=.*$/gm) ?? [];
    expect(settings.length).toBe(12);
    for (const setting of settings) {
      const [, name = '', value = ''] = /^#([A-Z_]+)=(.*)$/.exec(setting) ?? [];
      const [, plain, quoted] = new RegExp(`(?:^| )${name}=(?:([^' ]*)|'([^']*)')(?: |$)`, 'm').exec(script) ?? [];
      expect(`${name}=${quoted ?? plain ?? 'nothing'}`).toBe(`${name}=${value}`);
    }
  });

  it.skipIf(whichExecutable('lintian') === undefined)('please lintian (skipped without it)', () => {
    const debs = Object.values(first);
    const { stdout } = spawnSync('lintian', ['--no-cfg', '--suppress-tags', 'executable-not-elf-or-script', ...debs], {
      encoding: 'utf8',
    });
    // That the stand-in is a script, an override expects no more than it does a program.
    expect(stdout.split('\n').filter((line) => /^[EW]: /.test(line))).toEqual([]);
  });

  const SCRIPTS = globSync('deploy/debian/*/{pre,post}{inst,rm}', { cwd: ROOT }).toSorted();

  it('have maintainer scripts that every sh reads', () => {
    expect(SCRIPTS).toHaveLength(6);
    for (const script of SCRIPTS) {
      for (const shell of ['dash', 'bash', 'busybox']) {
        if (whichExecutable(shell) === undefined) continue;
        const { stderr } = spawnSync(shell, shell === 'busybox' ? ['sh', '-n', script] : ['-n', script], {
          cwd: ROOT,
          encoding: 'utf8',
        });
        expect({ script, shell, stderr }).toEqual({ script, shell, stderr: '' });
      }
    }
  });

  it.skipIf(whichExecutable('shellcheck') === undefined)('please shellcheck (skipped without it)', async () => {
    const more = ['deploy/fallback-hook.sh', ...globSync('deploy/appliers/*.sh', { cwd: ROOT })];
    expect(await mustRun('shellcheck', [...SCRIPTS, ...more])).toBe('');
  });

  describe.skipIf(missingToInstall.length > 0)('on a machine (skipped when not root)', () => {
    it('N8: an upgrade and a removal leave the state, the assignment and the configuration; a purge leaves nothing', () => {
      const { dpkg, isThere, path, told, write } = debianMachine(join(folder, 'agent'));
      dpkg('--install', first.agent);
      expect(isThere('usr/bin/signalbox')).toBe(true);
      expect(told()).toEqual(['deb-systemd-helper enable signalbox-summoner.service']);
      write('etc/signalbox/config.yaml', 'bus: s3://ours\n');
      write('etc/signalbox/node.json', '{}');
      write('var/lib/signalbox/summoner.json', '{}');
      const kept = ['etc/signalbox/config.yaml', 'etc/signalbox/node.json', 'var/lib/signalbox/summoner.json'];

      dpkg('--install', '--force-confold', second.agent);
      expect(readFileSync(path('etc/signalbox/config.yaml'), 'utf8')).toBe('bus: s3://ours\n');
      expect(kept.filter(isThere)).toEqual(kept);

      told();
      dpkg('--remove', 'signalbox');
      expect(isThere('usr/bin/signalbox')).toBe(false);
      expect(kept.filter(isThere)).toEqual(kept);
      // Whoever installs it again goes on where it was.
      dpkg('--install', '--force-confold', second.agent);
      expect(readFileSync(path('etc/signalbox/config.yaml'), 'utf8')).toBe('bus: s3://ours\n');
      told();

      dpkg('--purge', 'signalbox');
      expect(kept.filter(isThere)).toEqual([]);
      expect(isThere('etc/signalbox')).toBe(false);
      expect(isThere('var/lib/signalbox')).toBe(false);
      expect(told()).toEqual(['deb-systemd-helper purge signalbox-summoner.service']);
    });

    it('F3: the fallback stays whole when the agent goes, and keeps its record when it goes itself', () => {
      const { dpkg, installed, isThere, path, write } = debianMachine(join(folder, 'both'));
      dpkg('--install', first.agent, first.fallback);
      expect(installed()).toEqual(['signalbox', 'signalbox-fallback']);
      write('var/lib/signalbox-fallback/record', 'last_attempt_epoch=1\n');
      write('etc/signalbox/fallback.conf', 'SPLAY_SECONDS=60\n');
      dpkg('--purge', 'signalbox');
      expect(installed()).toEqual(['signalbox-fallback']);
      expect(isThere('usr/sbin/signalbox-fallback')).toBe(true);
      expect(isThere('etc/signalbox/fallback.conf')).toBe(true);
      expect(isThere('etc/cron.d/signalbox-fallback')).toBe(true);

      dpkg('--install', '--force-confold', second.fallback);
      expect(readFileSync(path('etc/signalbox/fallback.conf'), 'utf8')).toBe('SPLAY_SECONDS=60\n');
      dpkg('--remove', 'signalbox-fallback');
      expect(isThere('usr/sbin/signalbox-fallback')).toBe(false);
      expect(isThere('var/lib/signalbox-fallback/record')).toBe(true);
      dpkg('--purge', 'signalbox-fallback');
      expect(isThere('var/lib/signalbox-fallback')).toBe(false);
      expect(isThere('etc/signalbox')).toBe(false);
    });

    it('installs without the other package, and without anything that is not essential', () => {
      const machine = debianMachine(join(folder, 'alone'));
      machine.dpkg('--no-force-depends', '--install', first.fallback);
      expect(machine.installed()).toEqual(['signalbox-fallback']);
    });
  });
});
