/** The packages for Debian: what is in them, and what installing, upgrading, removing and purging them does and leaves. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, ROOT } from '../gates/tool.ts';
import { whichExecutable } from '../support/which-executable.ts';

const canBuild = ['dpkg-deb', 'gzip'].every((tool) => whichExecutable(tool) !== undefined);
const isRoot = process.getuid?.() === 0;

const EPOCH = '1767225600';

describe.skipIf(!canBuild)('the packages (skipped without dpkg-deb)', () => {
  let folder = '';
  /** Builds both packages around a stand-in for the executable, which this is not about. */
  const build = async (name: string, revision: string): Promise<Readonly<Record<'agent' | 'fallback', string>>> => {
    const executable = join(folder, 'executable/signalbox-linux-x64');
    mkdirSync(join(folder, 'executable'), { recursive: true });
    writeFileSync(executable, '#!/bin/sh\necho stand-in\n');
    writeFileSync(join(folder, 'executable/NOTICES.txt'), 'notices\n');
    const out = join(folder, name);
    const options = ['--executable', executable, '--arch', 'x64', '--out', out, '--revision', revision];
    await mustRun('node', ['build/deb.ts', ...options], { env: { SOURCE_DATE_EPOCH: EPOCH } });
    const named = (start: string): string => join(out, readdirSync(out).find((file) => file.startsWith(start)) ?? '');
    return { agent: named('signalbox_'), fallback: named('signalbox-fallback_') };
  };

  let first: Awaited<ReturnType<typeof build>>;
  let second: Awaited<ReturnType<typeof build>>;
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

  describe.skipIf(!isRoot)('on a machine (skipped when not root)', () => {
    let root = '';
    let log = '';

    /** dpkg over a root of its own; what maintainer scripts call there is noted, and changes nothing of this machine. */
    const dpkg = (...args: readonly string[]): void => {
      const bin = join(folder, 'bin');
      const { status, stderr } = spawnSync(
        'dpkg',
        [`--root=${root}`, '--force-script-chrootless', '--force-depends', ...args],
        { encoding: 'utf8', env: { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, NOTED: log } },
      );
      expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
    };
    const noted = (): readonly string[] => {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
      rmSync(log, { force: true });
      return lines.filter((line) => !/unmask|was-enabled/.test(line));
    };
    const isThere = (path: string): boolean => existsSync(join(root, path));
    const write = (path: string, text: string): void => {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    };

    /** A root with a database of packages, and stand-ins for what would speak to systemd. */
    const newRoot = (name: string): void => {
      root = join(folder, name);
      log = join(folder, `${name}.log`);
      const database = join(root, 'var/lib/dpkg');
      mkdirSync(join(database, 'info'), { recursive: true });
      mkdirSync(join(database, 'updates'));
      writeFileSync(join(database, 'status'), '');
      mkdirSync(join(folder, 'bin'), { recursive: true });
      for (const tool of ['deb-systemd-helper', 'deb-systemd-invoke', 'systemctl']) {
        const file = join(folder, 'bin', tool);
        writeFileSync(file, `#!/bin/sh\necho "${tool} $*" >>"$NOTED"\n`);
        chmodSync(file, 0o755);
      }
    };

    it('N8: an upgrade and a removal leave the state, the assignment and the configuration; a purge leaves nothing', () => {
      newRoot('agent');
      dpkg('--install', first.agent);
      expect(isThere('usr/bin/signalbox')).toBe(true);
      expect(noted()).toEqual(['deb-systemd-helper enable signalbox-summoner.service']);
      write('etc/signalbox/config.yaml', 'bus: s3://ours\n');
      write('etc/signalbox/node.json', '{}');
      write('var/lib/signalbox/summoner.json', '{}');
      const kept = ['etc/signalbox/config.yaml', 'etc/signalbox/node.json', 'var/lib/signalbox/summoner.json'];

      dpkg('--install', '--force-confold', second.agent);
      expect(readFileSync(join(root, 'etc/signalbox/config.yaml'), 'utf8')).toBe('bus: s3://ours\n');
      expect(kept.filter(isThere)).toEqual(kept);

      noted();
      dpkg('--remove', 'signalbox');
      expect(isThere('usr/bin/signalbox')).toBe(false);
      expect(kept.filter(isThere)).toEqual(kept);

      dpkg('--purge', 'signalbox');
      expect(kept.filter(isThere)).toEqual([]);
      expect(isThere('etc/signalbox')).toBe(false);
      expect(isThere('var/lib/signalbox')).toBe(false);
      expect(noted()).toEqual(['deb-systemd-helper purge signalbox-summoner.service']);
    });

    it('F3: the fallback stays whole when the agent goes, and keeps its record when it goes itself', () => {
      newRoot('both');
      dpkg('--install', first.agent, first.fallback);
      write('var/lib/signalbox-fallback/record', 'last_attempt_epoch=1\n');
      dpkg('--purge', 'signalbox');
      expect(isThere('usr/sbin/signalbox-fallback')).toBe(true);
      expect(isThere('etc/signalbox/fallback.conf')).toBe(true);
      expect(isThere('etc/cron.d/signalbox-fallback')).toBe(true);

      dpkg('--install', second.fallback);
      dpkg('--remove', 'signalbox-fallback');
      expect(isThere('usr/sbin/signalbox-fallback')).toBe(false);
      expect(isThere('var/lib/signalbox-fallback/record')).toBe(true);
      dpkg('--purge', 'signalbox-fallback');
      expect(isThere('var/lib/signalbox-fallback')).toBe(false);
      expect(isThere('etc/signalbox')).toBe(false);
    });
  });
});
