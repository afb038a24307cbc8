/** A real systemd for tests, on machines that run another init as well. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../gates/tool.ts';
import { inTemporaryDirectory } from './contract.ts';
import { controlGroupsMissing, inControlGroups } from './control-groups.ts';
import { whichExecutable } from './which-executable.ts';

const SCRIPT = fileURLToPath(new URL('systemd-sandbox.sh', import.meta.url));
const MANAGER = '/lib/systemd/systemd';

const reasonMissing = (): string | undefined => {
  if (controlGroupsMissing !== undefined) return controlGroupsMissing;
  const tool = ['unshare', 'nsenter', 'systemctl', 'systemd-run'].find((name) => whichExecutable(name) === undefined);
  return tool !== undefined || !existsSync(MANAGER) ? `no ${tool ?? MANAGER}` : undefined;
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

/** Calls `test` beside a systemd of its own, which ends with it. */
export const withSystemd = (test: (systemd: Systemd) => Promise<void>): Promise<void> =>
  inTemporaryDirectory((directory) =>
    inControlGroups(async (enter) => {
      mkdirSync(join(directory, 'units'));
      const isolated = 'unshare --mount --pid --fork --kill-child --mount-proc "$@"';
      const child = spawn('/bin/sh', ['-c', `${enter}; exec ${isolated}`, 'sh', SCRIPT, directory, ROOT], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      });
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
      }
    }),
  );
