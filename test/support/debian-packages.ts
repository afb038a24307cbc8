/** The packages for Debian, and machines to install them on: a folder each, with a database of dpkg's own. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mustRun } from '../gates/tool.ts';
import { whichExecutable } from './which-executable.ts';

/** What the packages cannot be built without, and is not here. */
export const missingToBuild: readonly string[] = ['dpkg-deb', 'gzip'].filter(
  (tool) => whichExecutable(tool) === undefined,
);

/** What they cannot be installed without, and is not here. */
export const missingToInstall: readonly string[] = [
  ...missingToBuild,
  ...(whichExecutable('dpkg') === undefined ? ['dpkg'] : []),
  ...(process.getuid?.() === 0 ? [] : ['root']),
];

/** Both packages, each as a file. */
export type Packages = Readonly<Record<'agent' | 'fallback', string>>;

const EPOCH = '1767225600';

/** Builds both packages in a folder, around a stand-in for the executable, which has tests of its own. */
export const buildPackages = async (out: string, revision = '1'): Promise<Packages> => {
  const executable = join(out, 'executable/signalbox-linux-x64');
  mkdirSync(dirname(executable), { recursive: true });
  writeFileSync(executable, '#!/bin/sh\necho stand-in\n');
  writeFileSync(join(out, 'executable/NOTICES.txt'), 'notices\n');
  const options = ['--executable', executable, '--arch', 'x64', '--out', out, '--revision', revision];
  await mustRun('node', ['build/deb.ts', ...options], { env: { SOURCE_DATE_EPOCH: EPOCH } });
  const named = (start: string): string => join(out, readdirSync(out).find((file) => file.startsWith(start)) ?? '');
  return { agent: named('signalbox_'), fallback: named('signalbox-fallback_') };
};

/** A machine, as dpkg sees it. */
export interface DebianMachine {
  readonly path: (name: string) => string;
  readonly isThere: (name: string) => boolean;
  readonly write: (name: string, text: string) => void;
  /** Calls dpkg, which has to succeed. */
  readonly dpkg: (...args: readonly string[]) => void;
  /** The packages that are installed. */
  readonly installed: () => readonly string[];
  /** What maintainer scripts have told systemd since the last time, but for what they ask it. */
  readonly told: () => readonly string[];
}

/** A machine without any package, in a folder that is made. What its maintainer scripts call changes nothing of this one. */
export const debianMachine = (root: string): DebianMachine => {
  const log = `${root}.log`;
  const bin = `${root}.bin`;
  const database = join(root, 'var/lib/dpkg');
  mkdirSync(join(database, 'info'), { recursive: true });
  mkdirSync(join(database, 'updates'));
  writeFileSync(join(database, 'status'), '');
  mkdirSync(bin);
  for (const tool of ['deb-systemd-helper', 'deb-systemd-invoke', 'systemctl']) {
    writeFileSync(join(bin, tool), `#!/bin/sh\necho "${tool} $*" >>'${log}'\n`);
    chmodSync(join(bin, tool), 0o755);
  }
  const path = (name: string): string => join(root, name);
  return {
    path,
    isThere: (name) => existsSync(path(name)),
    write: (name, text) => {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), text);
    },
    dpkg: (...args) => {
      const options = [`--root=${root}`, '--force-script-chrootless', '--force-depends', ...args];
      const env = { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin` };
      const { status, stderr } = spawnSync('dpkg', options, { encoding: 'utf8', env });
      if (status !== 0) throw new Error(`dpkg ${args.join(' ')}: ${String(status)}: ${stderr}`);
    },
    installed: () =>
      readFileSync(join(database, 'status'), 'utf8')
        .split('\n\n')
        .filter((entry) => /^Status: install ok installed$/m.test(entry))
        .map((entry) => /^Package: (.*)$/m.exec(entry)?.[1] ?? ''),
    told: () => {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
      rmSync(log, { force: true });
      return lines.filter((line) => !/unmask|was-enabled/.test(line));
    },
  };
};
