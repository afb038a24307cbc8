/** Control groups for a systemd that a test starts beside that of the machine, or on one that runs another init. */
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where control groups are made: in a hierarchy of systemd's own, and in the one for all, as far as they are there. */
const HIERARCHIES = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'].filter((folder) =>
  existsSync(join(folder, 'cgroup.procs')),
);

/** Why a test gets none; nothing where it gets some. */
export const controlGroupsMissing = ((): string | undefined => {
  if (process.getuid?.() !== 0) return 'not root';
  // There the machine's own systemd would have to share its control groups.
  if (existsSync('/run/systemd/private')) return 'systemd runs this machine';
  return HIERARCHIES.length === 0 ? 'no control groups' : undefined;
})();

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

let made = 0;

/** Gives `act` control groups of its own, as the shell commands that enter them, and removes them after that. */
export const inControlGroups = async (act: (enter: string) => Promise<void>): Promise<void> => {
  // Of one name in each, as systemd has it: it makes in the one what it finds in the other.
  const name = `signalbox-test-${process.pid}-${made++}`;
  const groups = HIERARCHIES.map((folder) => join(folder, name));
  for (const group of groups) mkdirSync(group, { recursive: true });
  try {
    await act(groups.map((group) => `echo $$ >${group}/cgroup.procs`).join('; '));
  } finally {
    for (const group of groups) await removeGroup(group);
  }
};
