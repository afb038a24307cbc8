/** A machine of its own for a test: this one's Debian, started by its systemd, and thrown away. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTemporaryDirectory } from './contract.ts';
import { controlGroupsMissing, inControlGroups } from './control-groups.ts';
import { eventually } from './daemon-process.ts';
import { whichExecutable } from './which-executable.ts';

const SCRIPT = fileURLToPath(new URL('booted-machine.sh', import.meta.url));
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Whether the root file system can be laid over, and holds a whole Debian: what is mounted below it does not come along. */
const canLayOver = (): boolean => {
  const script = `mount --make-rprivate / && mount -t tmpfs tmpfs /tmp && cd /tmp && mkdir upper work root &&
    mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root &&
    chroot root dpkg --version && chroot root test -x /lib/systemd/systemd`;
  return spawnSync('unshare', ['--mount', 'sh', '-c', script], { stdio: 'ignore', env: { PATH } }).status === 0;
};

/** Why no machine can be started here; nothing where one can. */
export const machineMissing = ((): string | undefined => {
  if (controlGroupsMissing !== undefined) return controlGroupsMissing;
  const tool = ['systemd-nspawn', 'dpkg', 'nsenter'].find((name) => whichExecutable(name) === undefined);
  if (tool !== undefined) return `no ${tool}`;
  return canLayOver() ? undefined : 'no whole Debian to lay over';
})();

/** A machine that has started. */
export interface BootedMachine {
  /** What a shell command in it writes to its standard output; throws where that fails. */
  readonly sh: (command: string) => string;
}

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((child) => child.trim() !== '')
    .map(Number);

/** Process 1 of the machine: below `pid`, the first that is number 1 to itself. */
const processOneBelow = (pid: number): number | undefined => {
  for (const child of childrenOf(pid)) {
    const isOne = /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${child}/status`, 'utf8'));
    const found = isOne ? child : processOneBelow(child);
    if (found !== undefined) return found;
  }
  return undefined;
};

const shellOf =
  (processOne: number): BootedMachine['sh'] =>
  (command) => {
    const inside = ['--target', String(processOne), '--mount', '--uts', '--ipc', '--net', '--pid'];
    const { status, stdout, stderr } = spawnSync('nsenter', [...inside, '--', '/bin/sh', '-c', command], {
      encoding: 'utf8',
      env: { PATH, HOME: '/root', LC_ALL: 'C' },
    });
    if (status !== 0) throw new Error(`${command}: ${String(status)}: ${stdout}${stderr}`);
    return stdout;
  };

const answers = (sh: BootedMachine['sh'], command: string): string | false => {
  try {
    return sh(command);
  } catch {
    return false;
  }
};

/**
 * Calls `test` with a machine that has started; `prepare` gets the folder whose files lie on it from the beginning, by
 * their absolute paths.
 */
export const onBootedMachine = (
  prepare: (files: string) => Promise<void>,
  test: (machine: BootedMachine) => Promise<void>,
): Promise<void> =>
  inTemporaryDirectory((directory) =>
    inControlGroups(async (enter) => {
      const files = join(directory, 'files');
      mkdirSync(files);
      await prepare(files);
      const isolated = 'unshare --mount --fork --kill-child "$@"';
      const child = spawn('/bin/sh', ['-c', `${enter}; exec ${isolated}`, 'sh', SCRIPT, directory], {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { PATH },
      });
      const ended = once(child, 'exit');
      let processOne: number | undefined;
      try {
        processOne = await eventually('a machine to start', () => processOneBelow(child.pid ?? 0));
        const sh = shellOf(processOne);
        await eventually('its systemd to be ready', () => answers(sh, 'systemctl is-active basic.target dbus.socket'));
        await test({ sh });
      } finally {
        // With it everything on that machine ends.
        if (processOne === undefined) child.kill('SIGKILL');
        else process.kill(processOne, 'SIGKILL');
        await ended;
      }
    }),
  );
