/** A real systemd for tests, on machines that run another init as well. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inTemporaryDirectory } from './contract.ts';
import { whichExecutable } from './which-executable.ts';

const SCRIPT = fileURLToPath(new URL('systemd-sandbox.sh', import.meta.url));
const MANAGER = '/lib/systemd/systemd';

/** Where control groups are made: in a hierarchy of systemd's own, and in the one for all, as far as they are there. */
const GROUPS = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'].filter((folder) =>
  existsSync(join(folder, 'cgroup.procs')),
);

const reasonMissing = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'not root';
  // There the machine's own would have to share its control groups.
  if (existsSync('/run/systemd/private')) return 'systemd runs this machine';
  const tool = ['unshare', 'nsenter', 'systemctl', 'systemd-run'].find((name) => whichExecutable(name) === undefined);
  if (tool !== undefined || !existsSync(MANAGER)) return `no ${tool ?? MANAGER}`;
  return GROUPS.length === 0 ? 'no control groups' : undefined;
};

/** Why there is no systemd for tests here; nothing where there is one. */
export const systemdMissing = reasonMissing();

/** A systemd, and what a test has of it. */
export interface Systemd {
  /** Its own, and the test's; `units` in it holds units of the test's. */
  readonly directory: string;
  /** Holds `systemctl`, `systemd-run` and `journalctl`, which speak to it; a journal it has none. */
  readonly bin: string;
}

const tools = (bin: string, manager: number): void => {
  mkdirSync(bin);
  const inside = `exec nsenter --target ${manager} --mount --pid -- /usr/bin/env XDG_RUNTIME_DIR=/run/manager`;
  const scripts = {
    // From inside as from outside: what systemd has started calls it as well.
    systemctl: `[ -S /run/manager/systemd/private ] && XDG_RUNTIME_DIR=/run/manager exec /usr/bin/systemctl --user "$@"\n${inside} /usr/bin/systemctl --user "$@"`,
    'systemd-run': `[ -S /run/manager/systemd/private ] && XDG_RUNTIME_DIR=/run/manager exec /usr/bin/systemd-run --user "$@"\n${inside} /usr/bin/systemd-run --user "$@"`,
    journalctl: 'exit 0',
  };
  for (const [name, text] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
};

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

const LET_GO_MS = 5_000;

/** Removes a control group and those that systemd has made in it, as soon as the kernel has let go of all of them. */
const removeGroup = async (group: string): Promise<void> => {
  const deadline = performance.now() + LET_GO_MS;
  const inside = readdirSync(group, { withFileTypes: true, recursive: true }).filter((entry) => entry.isDirectory());
  const folders = [group, ...inside.map(({ parentPath, name }) => join(parentPath, name))];
  // The longer path is the deeper.
  for (const path of folders.toSorted((a, b) => b.length - a.length)) {
    while (existsSync(path)) {
      try {
        rmdirSync(path);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await delay(20);
      }
    }
  }
};

/** Calls `test` beside a systemd of its own, which ends with it. */
export const withSystemd = (test: (systemd: Systemd) => Promise<void>): Promise<void> =>
  inTemporaryDirectory(async (directory) => {
    mkdirSync(join(directory, 'units'));
    const groups = GROUPS.map((folder) => join(folder, `signalbox-test-${process.pid}`));
    for (const group of groups) mkdirSync(group, { recursive: true });
    const enter = groups.map((group) => `echo $$ >${group}/cgroup.procs`).join('; ');
    const child = spawn(
      '/bin/sh',
      ['-c', `${enter}; exec unshare --mount --pid --fork --kill-child --mount-proc "$0" "$1"`, SCRIPT, directory],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
    );
    try {
      const ended = once(child, 'exit');
      const said = await Promise.race([once(child.stdout, 'data'), ended.then(() => [])]);
      if (String(said[0]) !== 'ready\n' || child.pid === undefined) throw new Error('systemd did not start');
      const bin = join(directory, 'bin');
      tools(bin, childOf(child.pid));
      await test({ directory, bin });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close').catch(() => undefined);
      for (const group of groups) await removeGroup(group);
    }
  });
