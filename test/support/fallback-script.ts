/**
 * Runs `signalbox-fallback.sh` on cases of the table, under any shell, with a clock that stands where the case says.
 *
 * @module
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FallbackCase, FileFixture } from './fallback-cases.ts';
import { whichExecutable } from './which-executable.ts';

const execFileAsync = promisify(execFile);

/** The script as it is shipped. */
export const SCRIPT = fileURLToPath(new URL('../../src/apps/fallback/signalbox-fallback.sh', import.meta.url));

const mustFind = (name: string): string => {
  const path = whichExecutable(name);
  if (path === undefined) throw new Error(`${name}: expected on the PATH; the fallback's tests need it`);
  return path;
};

/** A shell to run the script with, and the tools it finds there. */
export interface ShellUnderTest {
  readonly name: string;
  /** The shell and its arguments before the script; undefined where the machine has no such shell. */
  readonly command: readonly string[] | undefined;
  /** Tool → the executable behind it. */
  readonly tools: Readonly<Record<string, string>>;
}

/** What the script needs at most. */
const TOOLS = ['chmod', 'cksum', 'date', 'head', 'mkdir', 'mv', 'rm', 'sed', 'sleep', 'uname'];

/** The tools as the machine has them. */
export const toolsHere: Readonly<Record<string, string>> = Object.fromEntries(
  TOOLS.map((tool) => [tool, mustFind(tool)]),
);

const busyboxTools = (busybox: string): Readonly<Record<string, string>> => {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n');
  return Object.fromEntries(
    Object.entries(toolsHere).map(([tool, path]) => [tool, applets.includes(tool) ? busybox : path]),
  );
};

const [dash, busybox, bash] = ['dash', 'busybox', 'bash'].map(whichExecutable);

/** The shells that the script is meant for: dash, busybox with its own tools, and bash as `sh`. */
export const shells: readonly ShellUnderTest[] = [
  { name: 'dash', command: dash === undefined ? undefined : [dash], tools: toolsHere },
  {
    name: 'busybox sh',
    command: busybox === undefined ? undefined : [busybox, 'sh'],
    tools: busybox === undefined ? {} : busyboxTools(busybox),
  },
  { name: 'bash as sh', command: bash === undefined ? undefined : [bash, '--posix'], tools: toolsHere },
];

/** The shell of this machine that goes by `sh`. */
export const systemShell: ShellUnderTest = { name: 'sh', command: ['/bin/sh'], tools: toolsHere };

/** A directory with nothing but `tools` in it, and in place of `date` a clock that shows `$FAKE_NOW`. */
export const makeToolDirectory = (path: string, tools: Readonly<Record<string, string>>, fakeDate: boolean): void => {
  mkdirSync(path, { recursive: true });
  for (const [tool, target] of Object.entries(tools)) {
    if (tool !== 'date' || !fakeDate) symlinkSync(target, join(path, tool));
  }
  const date = tools['date'];
  if (!fakeDate || date === undefined) return;
  // An applet is chosen by the name it is called by, so the real `date` gets a directory of its own.
  mkdirSync(join(path, 'real'));
  symlinkSync(date, join(path, 'real', 'date'));
  writeFileSync(
    join(path, 'date'),
    `#!/bin/sh\ncase $1 in +%s) echo "$FAKE_NOW" ;; *) exec '${join(path, 'real', 'date')}' "$@" ;; esac\n`,
    { mode: 0o755, flag: 'wx' },
  );
};

/** Puts at `path` what `fixture` says. */
export const place = (path: string, fixture: FileFixture): void => {
  switch (fixture._tag) {
    case 'Missing':
      return;
    case 'File':
      writeFileSync(path, fixture.bytes, 'latin1');
      return;
    case 'Directory':
      mkdirSync(path);
      return;
    case 'Link':
      writeFileSync(`${path}.target`, fixture.bytes, 'latin1');
      symlinkSync(`${path}.target`, path);
      return;
    case 'DanglingLink':
      symlinkSync(`${path}.target`, path);
      return;
    case 'Pipe':
      execFileSync('mkfifo', [path]);
  }
};

/** A case as it lies on the disk. */
export interface PlacedCase extends FallbackCase {
  readonly directory: string;
  readonly stateFile: string;
  readonly recordFile: string;
  readonly spareFile: string;
}

/** Puts the files of each case into a directory of its own below `root`, with the script's configuration beside them. */
export const placeCases = (root: string, cases: readonly FallbackCase[]): readonly PlacedCase[] =>
  cases.map((row, i) => {
    const directory = join(root, `case-${i}`);
    const [stateFile, recordFile, spareFile] = ['state', 'record', 'spare'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(directory, { recursive: true });
    place(stateFile, row.state);
    place(recordFile, row.record);
    place(spareFile, row.spare);
    writeFileSync(join(directory, 'now'), `${row.nowEpochSeconds}\n`);
    writeFileSync(
      join(directory, 'conf'),
      [
        `STATE_FILE=${stateFile}`,
        `RECORD_FILE=${recordFile}`,
        `SPARE_FILE=${spareFile}`,
        `LOCK_FILE=${join(directory, 'lock')}`,
        `THRESHOLD_SECONDS=${row.thresholdSeconds}`,
        `RETRY_SECONDS=${row.retryIntervalSeconds}`,
        `SPLAY_SECONDS=${row.splaySeconds}`,
        `NODE_NAME=${row.node}`,
        '',
      ].join('\n'),
    );
    return { ...row, directory, stateFile, recordFile, spareFile };
  });

/** What the script printed for one case, and how it ended. */
export interface ScriptAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

// One process for many cases, and within it one for each, started by the shell: Node would take longer to start them.
const DRIVER = `
for directory; do
  cd "$directory" && read -r FAKE_NOW <now && export FAKE_NOW
  SIGNALBOX_FALLBACK_CONF=$directory/conf $SHELL_UNDER_TEST "$SCRIPT_UNDER_TEST" $ARGUMENTS >stdout 2>stderr
  echo $? >status
done`;

const CASES_AT_ONCE = 50;

/** Asks the script about each case, in order. The time zone is one that is far from UTC and changes its clocks. */
export const askScript = async (
  script: string,
  shell: ShellUnderTest,
  toolDirectory: string,
  cases: readonly PlacedCase[],
  args: readonly string[],
): Promise<readonly ScriptAnswer[]> => {
  const chunks = Array.from({ length: Math.ceil(cases.length / CASES_AT_ONCE) }, (_, i) =>
    cases.slice(i * CASES_AT_ONCE, (i + 1) * CASES_AT_ONCE).map(({ directory }) => directory),
  );
  if (shell.command === undefined) throw new Error(`${shell.name}: expected on this machine`);
  const env = {
    PATH: toolDirectory,
    TZ: 'Pacific/Auckland',
    SCRIPT_UNDER_TEST: script,
    SHELL_UNDER_TEST: shell.command.join(' '),
    ARGUMENTS: args.join(' '),
  };
  // Two at a time: as many as a small machine has cores.
  const lanes = [0, 1].map(async (lane) => {
    for (const directories of chunks.filter((_, i) => i % 2 === lane)) {
      await execFileAsync('/bin/sh', ['-c', DRIVER, 'driver', ...directories], { env });
    }
  });
  await Promise.all(lanes);
  return cases.map(({ directory }) => ({
    stdout: readFileSync(join(directory, 'stdout'), 'utf8'),
    stderr: readFileSync(join(directory, 'stderr'), 'utf8'),
    exitCode: Number(readFileSync(join(directory, 'status'), 'utf8')),
  }));
};

/** A new directory for one test, and what removes it. */
export const temporaryDirectory = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), 'signalbox-fallback-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};
