/** The units of systemd: that it finds nothing wrong with them, and how much it finds them exposed to. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decodeConfig } from '../../src/apps/config.ts';
import { ROOT } from '../gates/tool.ts';
import { inTemporaryDirectory } from '../support/contract.ts';
import { whichExecutable } from '../support/which-executable.ts';

const UNITS = globSync('deploy/**/*.{service,timer}', { cwd: ROOT }).toSorted();
const FOLDER = 'lib/systemd/system';

/** What the units start, and the least that each unit of a machine leans on. */
const EXECUTABLES = ['usr/bin/env', 'usr/bin/signalbox', 'usr/sbin/signalbox-fallback', 'bin/kill'];
const TARGETS = ['basic', 'shutdown', 'sysinit'];

/** Calls `look` with a machine on which the units are installed, and nothing but what they need. */
const installed = (look: (root: string) => void): Promise<void> =>
  inTemporaryDirectory(async (root) => {
    mkdirSync(join(root, FOLDER), { recursive: true });
    for (const unit of UNITS) copyFileSync(join(ROOT, unit), join(root, FOLDER, basename(unit)));
    for (const target of TARGETS) {
      writeFileSync(join(root, FOLDER, `${target}.target`), '[Unit]\nDefaultDependencies=no\n');
    }
    for (const executable of EXECUTABLES) {
      mkdirSync(dirname(join(root, executable)), { recursive: true });
      writeFileSync(join(root, executable), '#!/bin/sh\n', { mode: 0o755 });
    }
    look(root);
  });

const analyze = (root: string, ...args: readonly string[]) => {
  const { stdout, stderr } = spawnSync('systemd-analyze', [`--root=${root}`, '--no-pager', ...args], {
    encoding: 'utf8',
  });
  return { stdout, stderr };
};

describe.skipIf(whichExecutable('systemd-analyze') === undefined)('units (skipped without systemd-analyze)', () => {
  it('are such that systemd finds nothing wrong with them', () =>
    installed((root) => {
      // It says what it finds, and exits with 0 nevertheless.
      const names = UNITS.map((unit) => basename(unit));
      expect(names).toHaveLength(4);
      expect(analyze(root, '--man=no', 'verify', ...names)).toEqual({ stdout: '', stderr: '' });

      const broken = readFileSync(join(ROOT, 'deploy/signalbox-summoner.service'), 'utf8');
      writeFileSync(join(root, FOLDER, 'broken.service'), broken.replace('KillMode=mixed', 'KillMood=mixed'));
      expect(analyze(root, '--man=no', 'verify', 'broken.service').stderr).toContain('KillMood');
    }));

  it.each([
    ['signalbox-summoner.service', 2],
    ['signalbox-librarian.service', 1.3],
    ['signalbox-fallback.service', 9.6],
  ])('%s is exposed to no more than %d of 10, as docs/packaging.md says', (name, most) =>
    installed((root) => {
      const { stdout } = analyze(root, 'security', '--offline=true', name);
      const exposure = Number(/Overall exposure level[^:]*: ([\d.]+)/.exec(stdout)?.[1]);
      expect(exposure).toBeLessThanOrEqual(most);
      const docs = readFileSync(join(ROOT, 'docs/packaging.md'), 'utf8');
      expect(docs).toContain(`| \`${name}\` | ${most.toFixed(1)} |`);
    }),
  );
});

describe('the unit of the Summoner', () => {
  const unit = readFileSync(join(ROOT, 'deploy/signalbox-summoner.service'), 'utf8');
  const settings = new Map([...unit.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));

  it('fault 58: runs are units of their own, which its environment says in a way that the configuration knows', () => {
    const [name = '', value] = (settings.get('Environment') ?? '').split('=');
    const config = decodeConfig({}, { [name]: value }, JSON.parse);
    expect(E.isRight(config) && config.right.run_in).toBe('unit');
  });

  it('fault 57: a run in a child has its grace before systemd kills', () => {
    const config = decodeConfig({}, {}, JSON.parse);
    const graceMs = E.isRight(config) ? config.right.run_grace : Infinity;
    expect(settings.get('KillMode')).toBe('mixed');
    expect(Number(settings.get('TimeoutStopSec')) * 1_000).toBeGreaterThanOrEqual(graceMs + 60_000);
  });

  it('N8: may write where the state lies by default', () => {
    const config = decodeConfig({}, {}, JSON.parse);
    expect(E.isRight(config) && config.right.node_state).toBe(`/var/lib/${settings.get('StateDirectory') ?? ''}`);
  });
});
