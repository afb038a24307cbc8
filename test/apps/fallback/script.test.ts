/**
 * What `signalbox-fallback.sh` does besides deciding: running, recording, telling, and staying out of trouble.
 */
import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STATE_KEY } from '../../../src/apps/summoner/summoner-ports.ts';
import { NOW_EPOCH_SECONDS, stateText } from '../../support/fallback-cases.ts';
import {
  makeToolDirectory,
  SCRIPT,
  type ScriptAnswer,
  type ShellUnderTest,
  shells,
  temporaryDirectory,
} from '../../support/fallback-script.ts';
import { frozenAt, LIBFAKETIME } from '../../support/libfaketime.ts';
import { whichExecutable } from '../../support/which-executable.ts';

const THRESHOLD_SECONDS = 43_200;

/** A node on the disk: the Summoner's file, the fallback's, a client that ends as it is told, and a clock. */
interface TestNode {
  readonly root: string;
  readonly stateFile: string;
  readonly recordFile: string;
  readonly spareFile: string;
  readonly metricsFile: string;
  readonly tools: string;
  /** The arguments of every run so far. */
  readonly runs: () => readonly string[];
  /** How the next runs end; the last one's exit code is also that of all further ones. */
  readonly runsEnd: (...codes: readonly number[]) => void;
  /** Puts an executable into the PATH. */
  readonly install: (name: string, body: string) => void;
  readonly conf: (...lines: readonly string[]) => void;
  /** Runs the script at `now` with further environment variables; `meanwhile` gets its process. */
  readonly fallback: (
    now: number,
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
    meanwhile?: (script: ChildProcess) => void,
  ) => Promise<ScriptAnswer>;
}

const run = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  meanwhile?: (process: ChildProcess) => void,
): Promise<ScriptAnswer> =>
  new Promise((resolve, reject) => {
    const child = execFile(command, args, { env, cwd }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({ stdout, stderr, exitCode });
      else reject(error ?? new Error('no exit code'));
    });
    meanwhile?.(child);
  });

let directory: ReturnType<typeof temporaryDirectory>;
let node: TestNode;

const makeNode = (root: string, shell: ShellUnderTest): TestNode => {
  const [command, ...shellArgs] = shell.command ?? [];
  if (command === undefined) throw new Error(`${shell.name}: expected on this machine`);
  const at = (name: string) => join(root, name);
  const tools = at('bin');
  makeToolDirectory(tools, shell.tools, true);
  mkdirSync(at('summoner'));
  const install = (name: string, body: string): void => {
    // What stands there may be a link to the machine's own tool, which must not be written through.
    rmSync(join(tools, name), { force: true });
    writeFileSync(join(tools, name), `#!/bin/sh\n${body}\n`, { mode: 0o755, flag: 'wx' });
  };
  install(
    'chef-client',
    `echo "$*" >>'${at('runs')}'
[ -e '${at('codes')}' ] || exit 0
code=$(sed -n "$(sed -n '$=' '${at('runs')}')p" '${at('codes')}')
exit "\${code:-$(sed -n '$p' '${at('codes')}')}"`,
  );
  return {
    root,
    tools,
    install,
    stateFile: at('summoner/summoner.json'),
    recordFile: at('own/record'),
    spareFile: at('spare/record'),
    metricsFile: at('own/fallback.prom'),
    runs: () => (existsSync(at('runs')) ? readFileSync(at('runs'), 'utf8').trimEnd().split('\n') : []),
    runsEnd: (...codes) => writeFileSync(at('codes'), codes.map((code) => `${code}\n`).join('')),
    conf: (...lines) => writeFileSync(at('conf'), lines.map((line) => `${line}\n`).join('')),
    fallback: (now, args = [], env = {}, meanwhile) =>
      run(
        command,
        [...shellArgs, SCRIPT, ...args],
        {
          PATH: tools,
          FAKE_NOW: String(now),
          SIGNALBOX_FALLBACK_CONF: at('conf'),
          SIGNALBOX_FALLBACK_STATE_FILE: at('summoner/summoner.json'),
          SIGNALBOX_FALLBACK_RECORD_FILE: at('own/record'),
          SIGNALBOX_FALLBACK_SPARE_FILE: at('spare/record'),
          SIGNALBOX_FALLBACK_LOCK_FILE: at('own/lock'),
          SIGNALBOX_FALLBACK_METRICS_FILE: at('own/fallback.prom'),
          SIGNALBOX_FALLBACK_SPLAY_SECONDS: '0',
          ...env,
        },
        root,
        meanwhile,
      ),
  };
};

describe.each(shells.filter(({ command }) => command !== undefined))('under $name:', (shell) => {
  beforeEach(() => {
    directory = temporaryDirectory();
    node = makeNode(directory.path, shell);
  });
  afterEach(() => directory.remove());

  const NOW = NOW_EPOCH_SECONDS;
  const overdue = (): void => writeFileSync(node.stateFile, stateText(NOW - THRESHOLD_SECONDS));
  const record = (): string => readFileSync(node.recordFile, 'utf8');

  describe('F1, F2: the script', () => {
    it('runs nothing and says nothing while the Summoner is healthy', async () => {
      writeFileSync(node.stateFile, stateText(NOW - THRESHOLD_SECONDS + 1));
      expect(await node.fallback(NOW)).toEqual({ stdout: '', stderr: '', exitCode: 0 });
      expect(node.runs()).toEqual([]);
      expect(existsSync(node.recordFile)).toBe(false);
    });

    it('runs chef-client once the threshold is reached, without waiting for a run that is under way', async () => {
      overdue();
      expect((await node.fallback(NOW)).exitCode).toBe(69);
      expect(node.runs()).toEqual(['--once --run-lock-timeout 0']);
    });
  });

  describe('F3: the script never touches the Summoner', () => {
    it('its directory is as it was, byte for byte, after a firing', async () => {
      overdue();
      const [text, before] = [readFileSync(node.stateFile, 'utf8'), statSync(node.stateFile)];
      await node.fallback(NOW);
      expect(readFileSync(node.stateFile, 'utf8')).toBe(text);
      expect(statSync(node.stateFile).mtimeMs).toBe(before.mtimeMs);
      expect(readdirSync(join(node.root, 'summoner'))).toEqual(['summoner.json']);
    });

    it('it reads by default where the Summoner keeps its state', () => {
      expect(readFileSync(SCRIPT, 'utf8')).toContain(`\nSTATE_FILE=/var/lib/signalbox/${STATE_KEY} `);
    });
  });

  describe('F4: the script’s own record', () => {
    it('holds attempt and success after a run that succeeded, and keeps the fallback silent for the threshold', async () => {
      overdue();
      await node.fallback(NOW);
      expect(record()).toBe(`last_attempt_epoch=${NOW}\nlast_success_epoch=${NOW}\n`);
      expect((await node.fallback(NOW + THRESHOLD_SECONDS - 1)).exitCode).toBe(0);
      expect(node.runs()).toHaveLength(1);
      expect((await node.fallback(NOW + THRESHOLD_SECONDS)).exitCode).toBe(69);
      expect(node.runs()).toHaveLength(2);
    });

    it('after a run that failed lets none follow within the retry interval, and keeps the success before it', async () => {
      overdue();
      await node.fallback(NOW);
      node.runsEnd(0, 1);
      const later = NOW + THRESHOLD_SECONDS;
      expect((await node.fallback(later)).exitCode).toBe(1);
      expect(record()).toBe(`last_attempt_epoch=${later}\nlast_success_epoch=${NOW}\n`);
      expect((await node.fallback(later + 3_599)).exitCode).toBe(0);
      expect(node.runs()).toHaveLength(2);
      expect((await node.fallback(later + 3_600)).exitCode).toBe(1);
      expect(node.runs()).toHaveLength(3);
    });

    it('is written before the run, so that one which takes the machine down is an attempt too', async () => {
      overdue();
      node.install(
        'chef-client',
        `while read -r line; do echo "$line" >>'${node.root}/seen'; done <'${node.recordFile}'`,
      );
      await node.fallback(NOW);
      expect(readFileSync(join(node.root, 'seen'), 'utf8')).toBe(`last_attempt_epoch=${NOW}\n`);
    });

    it('drops a success from the future when it is written', async () => {
      mkdirSync(join(node.root, 'own'));
      writeFileSync(node.recordFile, `last_attempt_epoch=${NOW + 90}\nlast_success_epoch=${NOW + 90}\n`);
      node.runsEnd(1);
      expect((await node.fallback(NOW)).exitCode).toBe(1);
      expect(record()).toBe(`last_attempt_epoch=${NOW}\n`);
    });

    it('leaves no temporary behind', async () => {
      overdue();
      await node.fallback(NOW);
      expect(readdirSync(join(node.root, 'own')).toSorted()).toEqual(['fallback.prom', 'record']);
    });

    it('fault 39: on a full disk it lies in the second place, and keeps the fallback as silent as ever', async () => {
      overdue();
      writeFileSync(join(node.root, 'own'), 'a file stands where the directory should be');
      const { exitCode, stderr } = await node.fallback(NOW);
      expect(exitCode).toBe(69);
      expect(stderr).toContain(`${node.recordFile}: cannot be written`);
      expect(readFileSync(node.spareFile, 'utf8')).toBe(`last_attempt_epoch=${NOW}\nlast_success_epoch=${NOW}\n`);
      expect((await node.fallback(NOW + 600)).exitCode).toBe(0);
      expect(node.runs()).toHaveLength(1);
    });

    it('fault 39: once the disk takes it again it is in its own place alone', async () => {
      overdue();
      mkdirSync(join(node.root, 'spare'));
      writeFileSync(node.spareFile, `last_attempt_epoch=${NOW - 3_600}\n`);
      expect((await node.fallback(NOW)).exitCode).toBe(69);
      expect([record(), existsSync(node.spareFile)]).toEqual([
        `last_attempt_epoch=${NOW}\nlast_success_epoch=${NOW}\n`,
        false,
      ]);
    });

    it('fault 39: where it can be written nowhere, chef-client runs all the same, and the exit code says so', async () => {
      overdue();
      for (const name of ['own', 'spare']) {
        writeFileSync(join(node.root, name), 'a file stands where the directory should be');
      }
      const { exitCode, stderr } = await node.fallback(NOW);
      expect(node.runs()).toHaveLength(1);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`${node.spareFile}: cannot be written`);
    });

    it('fault 32: a look that finds the Summoner ahead of the clock says so, and is not late when the clock has caught up', async () => {
      const success = NOW + 3_600;
      writeFileSync(node.stateFile, stateText(success));
      expect((await node.fallback(NOW)).exitCode).toBe(69);
      expect(record()).toBe(`last_attempt_epoch=${NOW}\nlast_success_epoch=${NOW}\ndisbelieved_epoch=${success}\n`);
      // Less than the threshold after what the Summoner claims, and the threshold after what was.
      expect((await node.fallback(NOW + THRESHOLD_SECONDS - 1)).exitCode).toBe(0);
      expect((await node.fallback(NOW + THRESHOLD_SECONDS)).exitCode).toBe(69);
      expect(node.runs()).toHaveLength(2);
    });

    it('fault 32: so does one that runs nothing, and it writes once', async () => {
      writeFileSync(node.stateFile, stateText(NOW + 3_600));
      mkdirSync(join(node.root, 'own'));
      writeFileSync(node.recordFile, `last_success_epoch=${NOW - 60}\n`);
      expect((await node.fallback(NOW)).exitCode).toBe(0);
      const text = `last_success_epoch=${NOW - 60}\ndisbelieved_epoch=${NOW + 3_600}\n`;
      expect(record()).toBe(text);
      const { mtimeMs, ino } = statSync(node.recordFile);
      expect((await node.fallback(NOW + 60)).exitCode).toBe(0);
      expect([record(), statSync(node.recordFile).mtimeMs, statSync(node.recordFile).ino]).toEqual([
        text,
        mtimeMs,
        ino,
      ]);
    });

    describe('is not written through what somebody has put in the way of its temporary', () => {
      const ln = whichExecutable('ln') ?? 'ln';
      const plant = (): string => {
        const victim = join(node.root, 'victim');
        writeFileSync(victim, 'precious');
        overdue();
        // Without timeout(1) the run is the script's own child, so that it knows the names.
        node.install(
          'chef-client',
          `for file in '${node.recordFile}' '${node.metricsFile}'; do ${ln} -s '${victim}' "$file.$PPID"; done`,
        );
        return victim;
      };

      it('which is taken away', async () => {
        const victim = plant();
        expect((await node.fallback(NOW)).exitCode).toBe(69);
        expect(readFileSync(victim, 'utf8')).toBe('precious');
        expect([node.recordFile, node.metricsFile].map((path) => lstatSync(path).isFile())).toEqual([true, true]);
        expect(record()).toBe(`last_attempt_epoch=${NOW}\nlast_success_epoch=${NOW}\n`);
      });

      it('nor where it comes back at once', async () => {
        const victim = plant();
        node.install('rm', 'exit 0');
        const { exitCode, stderr } = await node.fallback(NOW);
        expect([exitCode, readFileSync(victim, 'utf8')]).toEqual([69, 'precious']);
        for (const path of [node.recordFile, node.metricsFile]) expect(stderr).toContain(`${path}: cannot be written`);
      });
    });

    it('is not moved into a directory of its name', async () => {
      overdue();
      mkdirSync(node.recordFile, { recursive: true });
      expect((await node.fallback(NOW)).stderr).toContain(`${node.recordFile}: cannot be written`);
      expect(readdirSync(node.recordFile)).toEqual([]);
    });
  });

  describe('N14: the end of the run', () => {
    it.each([
      [[0], 69, 1],
      [[35], 69, 1],
      [[37], 69, 1],
      [[213, 0], 69, 2],
      [[213, 213, 0], 1, 2],
      [[213, 1], 1, 2],
      [[1], 1, 1],
      [[2], 1, 1],
      [[41], 1, 1],
      [[43], 1, 1],
      [[173], 1, 1],
    ])('chef-client’s codes %j make the exit code %i after %i runs', async (codes, exitCode, runs) => {
      overdue();
      node.runsEnd(...codes);
      expect((await node.fallback(NOW)).exitCode).toBe(exitCode);
      expect(node.runs()).toHaveLength(runs);
    });

    it('fault 52: killed by a signal is a failure', async () => {
      overdue();
      node.install('chef-client', 'kill -9 $$');
      expect((await node.fallback(NOW)).exitCode).toBe(1);
    });

    it('fault 53: a client that is missing is a failed attempt, and no tight loop', async () => {
      overdue();
      rmSync(join(node.tools, 'chef-client'));
      expect((await node.fallback(NOW)).exitCode).toBe(1);
      expect((await node.fallback(NOW + 1)).exitCode).toBe(0);
    });

    it('fault 49: the run has a time limit: SIGINT, and after a minute SIGKILL', async () => {
      overdue();
      node.install('timeout', `echo "$*" >>'${node.root}/limits'; shift 5; exec "$@"`);
      expect((await node.fallback(NOW)).exitCode).toBe(69);
      expect(readFileSync(join(node.root, 'limits'), 'utf8')).toBe(
        '-s INT -k 60 7200 chef-client --once --run-lock-timeout 0\n',
      );
      expect(node.runs()).toHaveLength(1);
    });

    it.each([whichExecutable('timeout'), whichExecutable('busybox')].filter((path) => path !== undefined))(
      'fault 49: %s understands how the limit is asked for',
      (path) => {
        const args = ['-s', 'INT', '-k', '60', '7200', 'true'];
        expect(execFileSync(path, path.endsWith('busybox') ? ['timeout', ...args] : args).toString()).toBe('');
      },
    );
  });

  describe('fault 57: asked to end during the run, the script lets it end first', () => {
    it.each([
      { how: 'without timeout(1)', tools: [] },
      { how: 'with timeout(1)', tools: ['timeout'] },
    ])('$how: it records the end, and leaves nothing behind', async ({ tools }) => {
      overdue();
      for (const tool of tools) symlinkSync(whichExecutable(tool) ?? '', join(node.tools, tool));
      const [started, go] = [join(node.root, 'started'), join(node.root, 'go')];
      execFileSync('mkfifo', [started, go]);
      node.install('chef-client', `echo >'${started}'; read -r line <'${go}'; echo over >>'${node.root}/runs'`);
      let asked: Promise<void> | undefined;
      const { exitCode, stderr } = await node.fallback(NOW, [], {}, (script) => {
        asked = readFile(started).then(async () => {
          script.kill('SIGTERM');
          await writeFile(go, '\n');
        });
      });
      await asked;
      expect([exitCode, node.runs()]).toEqual([69, ['over']]);
      expect(record()).toBe(`last_attempt_epoch=${NOW}\nlast_success_epoch=${NOW}\n`);
      expect(stderr).toContain('the run ended with exit status 0: Succeeded');
    });

    it('what it runs is not deaf to that', async () => {
      overdue();
      node.install('chef-client', 'kill -TERM $$; exit 0');
      const { exitCode, stderr } = await node.fallback(NOW);
      expect(exitCode).toBe(1);
      expect(stderr).toContain('the run ended with exit status 143: Failed');
    });
  });

  it.each([
    ['8:1234', 0],
    ['8:1235', 2],
  ])('F6: on standard error that is the journal it logs there alone: stream %s', async (stream, lines) => {
    overdue();
    writeFileSync(join(node.root, 'syslog'), '');
    node.install('logger', `echo "$*" >>'${node.root}/syslog'`);
    node.install('stat', 'echo 8:1234');
    expect((await node.fallback(NOW, [], { JOURNAL_STREAM: stream })).exitCode).toBe(69);
    expect(readFileSync(join(node.root, 'syslog'), 'utf8').split('\n')).toHaveLength(lines + 1);
  });

  describe('F5: the wait before the run', () => {
    const waits = { SIGNALBOX_FALLBACK_SPLAY_SECONDS: '600', SIGNALBOX_FALLBACK_NODE_NAME: 'web-17.example.com' };

    it('is slept after the decision and before the run', async () => {
      overdue();
      node.install('sleep', `echo "$* $(sed -n '$=' '${node.root}/runs' 2>/dev/null)" >>'${node.root}/slept'`);
      expect((await node.fallback(NOW, [], waits)).exitCode).toBe(69);
      expect(readFileSync(join(node.root, 'slept'), 'utf8')).toMatch(/^\d{1,3} \n$/);
      expect(node.runs()).toHaveLength(1);
    });

    it('fault 32: what lay ahead of the clock stays none when the clock catches up with it meanwhile', async () => {
      overdue();
      mkdirSync(join(node.root, 'own'));
      // The last attempt, by a clock that has been set back since.
      writeFileSync(node.recordFile, `last_attempt_epoch=${NOW + 120}\n`);
      node.install('sleep', `echo "$((FAKE_NOW + $1))" >'${node.root}/woken'`);
      node.install('date', `if [ -e '${node.root}/woken' ]; then cat '${node.root}/woken'; else echo "$FAKE_NOW"; fi`);
      node.install('cat', 'while read -r line; do echo "$line"; done <"$1"');
      expect((await node.fallback(NOW, [], waits)).exitCode).toBe(69);
      expect(node.runs()).toHaveLength(1);
    });

    it('fault 60: a Summoner that heals meanwhile is left to itself', async () => {
      overdue();
      const healed = join(node.root, 'healed');
      writeFileSync(healed, stateText(NOW - 1));
      node.install('sleep', `mv '${healed}' '${node.stateFile}'`);
      const { exitCode, stderr } = await node.fallback(NOW, [], waits);
      expect(node.runs()).toEqual([]);
      expect(exitCode).toBe(0);
      expect(stderr).toContain('healed meanwhile, runs nothing: Healthy');
      expect(existsSync(node.recordFile)).toBe(false);
    });
  });

  describe('F6: every firing is visible', () => {
    it('on stderr and in syslog, before the run and after it', async () => {
      overdue();
      node.install('logger', `echo "$*" >>'${node.root}/syslog'`);
      const { stdout, stderr } = await node.fallback(NOW);
      const lines = [
        'fires: Overdue; runs after 0 s: chef-client --once --run-lock-timeout 0',
        'the run ended with exit status 0: Succeeded',
      ];
      expect(stdout).toBe('');
      expect(stderr).toBe(lines.map((line) => `signalbox-fallback: ${line}\n`).join(''));
      expect(readFileSync(join(node.root, 'syslog'), 'utf8')).toBe(
        lines.map((line) => `-t signalbox-fallback -p daemon.warning -- ${line}\n`).join(''),
      );
    });

    it('a syslog that fails changes nothing', async () => {
      overdue();
      node.install('logger', 'exit 1');
      expect((await node.fallback(NOW)).exitCode).toBe(69);
      expect((await node.fallback(NOW, ['--drill'])).exitCode).toBe(69);
      expect(node.runs()).toHaveLength(1);
    });

    it('the client’s own output does not mix with the answer', async () => {
      overdue();
      node.install('chef-client', 'echo converging');
      const { stdout, stderr } = await node.fallback(NOW, ['--json']);
      expect(stdout).toBe('{"decision":"Fire","reason":"Overdue","retryAt":null}\n');
      expect(stderr).toContain('converging\n');
    });

    it('in the metrics, which are kept while it waits as well', async () => {
      writeFileSync(node.stateFile, stateText(NOW - 1));
      await node.fallback(NOW);
      expect(readFileSync(node.metricsFile, 'utf8')).toBe(
        `signalbox_fallback_check_timestamp_seconds ${NOW}\n` +
          'signalbox_fallback_decision{decision="Wait",reason="Healthy"} 1\n' +
          'signalbox_fallback_attempt_timestamp_seconds 0\n' +
          'signalbox_fallback_success_timestamp_seconds 0\n',
      );
      node.runsEnd(1);
      await node.fallback(NOW + THRESHOLD_SECONDS);
      expect(readFileSync(node.metricsFile, 'utf8')).toBe(
        `signalbox_fallback_check_timestamp_seconds ${NOW + THRESHOLD_SECONDS}\n` +
          'signalbox_fallback_decision{decision="Fire",reason="Overdue"} 1\n' +
          `signalbox_fallback_attempt_timestamp_seconds ${NOW + THRESHOLD_SECONDS}\n` +
          'signalbox_fallback_success_timestamp_seconds 0\n',
      );
    });

    it('metrics that cannot be written make it neither fire nor fail to', async () => {
      writeFileSync(node.stateFile, stateText(NOW - 1));
      writeFileSync(join(node.root, 'own'), '');
      const healthy = await node.fallback(NOW);
      expect([healthy.exitCode, node.runs()]).toEqual([0, []]);
      expect(healthy.stderr).toContain(`${node.metricsFile}: cannot be written`);
    });

    it.each([
      [0, 'Succeeded'],
      [1, 'Failed'],
    ])('after chef-client’s %i the hook is called with %s and the reason', async (code, outcome) => {
      overdue();
      node.runsEnd(code);
      node.install('page-me', `echo "$*" >>'${node.root}/hooked'`);
      await node.fallback(NOW, [], { SIGNALBOX_FALLBACK_HOOK: 'page-me --to night-shift' });
      expect(readFileSync(join(node.root, 'hooked'), 'utf8')).toBe(`--to night-shift ${outcome} Overdue\n`);
    });

    it('a hook that fails is told of and changes nothing', async () => {
      overdue();
      const { exitCode, stderr } = await node.fallback(NOW, [], { SIGNALBOX_FALLBACK_HOOK: 'no-such-hook' });
      expect(exitCode).toBe(69);
      expect(stderr).toContain('the hook failed: no-such-hook');
    });

    it('--drill goes all the way but for the run, on a node that is healthy', async () => {
      writeFileSync(node.stateFile, stateText(NOW - 1));
      node.install('page-me', `echo "$*" >>'${node.root}/hooked'`);
      const env = { SIGNALBOX_FALLBACK_HOOK: 'page-me' };
      const drill = await node.fallback(NOW, ['--drill', '--json'], env);
      expect(drill).toEqual({
        stdout: '{"decision":"Fire","reason":"Overdue","retryAt":null}\n',
        stderr: 'signalbox-fallback: a drill: fires, but runs nothing (really: Wait, Healthy)\n',
        exitCode: 69,
      });
      expect(readFileSync(join(node.root, 'hooked'), 'utf8')).toBe('Drill Overdue\n');
      expect(node.runs()).toEqual([]);
      expect(existsSync(node.recordFile)).toBe(false);
      expect(existsSync(node.metricsFile)).toBe(false);
    });

    it('--dry-run answers and leaves no trace', async () => {
      overdue();
      const answer = await node.fallback(NOW, ['--dry-run']);
      expect(answer.stdout).toBe('Fire: Overdue, after 0 s: chef-client --once --run-lock-timeout 0\n');
      expect([answer.exitCode, node.runs(), existsSync(join(node.root, 'own'))]).toEqual([0, [], false]);
    });

    it('--dry-run goes before --drill: it answers what is, and does nothing', async () => {
      writeFileSync(node.stateFile, stateText(NOW - 1));
      const answer = await node.fallback(NOW, ['--drill', '--dry-run'], { SIGNALBOX_FALLBACK_HOOK: 'no-such-hook' });
      expect(answer).toMatchObject({
        exitCode: 0,
        stderr: '',
        stdout: expect.stringMatching(/^Wait: Healthy/) as unknown,
      });
    });
  });

  describe('faults 47, 48: one at a time', () => {
    const flock = whichExecutable('flock');
    const why = flock === undefined ? ' (skipped: no flock(1) on this machine)' : '';

    it.skipIf(flock === undefined)(`a second fallback leaves at once and runs nothing${why}`, async () => {
      overdue();
      symlinkSync(flock ?? '', join(node.tools, 'flock'));
      // The first one, in the middle of its run, starts the second one.
      node.install(
        'chef-client',
        `echo first >>'${node.root}/runs'
exec 2>'${node.root}/second'
SIGNALBOX_FALLBACK_COMMAND="echo second" /bin/sh '${SCRIPT}'
echo $? >&2`,
      );
      writeFileSync(join(node.root, 'conf'), 'RETRY_SECONDS=1\n');
      const { exitCode } = await node.fallback(NOW, [], {
        SIGNALBOX_FALLBACK_RECORD_FILE: '/dev/null/record',
        SIGNALBOX_FALLBACK_SPARE_FILE: '/dev/null/record',
      });
      expect(exitCode).toBe(1);
      expect(readFileSync(join(node.root, 'second'), 'utf8')).toContain(
        'signalbox-fallback: another fallback is at work\n75\n',
      );
      expect(node.runs()).toEqual(['first']);
    });

    it.skipIf(flock === undefined)(
      `the run does not inherit the lock, which it could keep for ever${why}`,
      async () => {
        overdue();
        symlinkSync(flock ?? '', join(node.tools, 'flock'));
        node.install('chef-client', `if (: >&9) 2>/dev/null; then exit 1; fi`);
        expect((await node.fallback(NOW)).exitCode).toBe(69);
      },
    );

    it.skipIf(flock === undefined)(`nobody else can open the lock, and so hold it for ever${why}`, async () => {
      symlinkSync(flock ?? '', join(node.tools, 'flock'));
      const lock = join(node.root, 'own/lock');
      const mode = async (): Promise<number> => {
        overdue();
        rmSync(node.recordFile, { force: true });
        expect((await node.fallback(NOW)).exitCode).toBe(69);
        return statSync(lock).mode & 0o777;
      };
      expect(await mode()).toBe(0o600);
      chmodSync(lock, 0o644);
      expect(await mode()).toBe(0o600);
      rmSync(lock);
      node.install('chmod', 'exit 0');
      expect(await mode()).toBe(0o600);
    });

    it.skipIf(flock === undefined)(`what lies in the lock’s place is left as it is${why}`, async () => {
      symlinkSync(flock ?? '', join(node.tools, 'flock'));
      const victim = join(node.root, 'victim');
      writeFileSync(victim, 'precious', { mode: 0o644 });
      overdue();
      mkdirSync(join(node.root, 'own'));
      symlinkSync(victim, join(node.root, 'own/lock'));
      expect((await node.fallback(NOW)).exitCode).toBe(69);
      expect([statSync(victim).mode & 0o777, readFileSync(victim, 'utf8')]).toEqual([0o644, 'precious']);
    });

    it.skipIf(flock === undefined)(`a pipe in the lock’s place is not waited for${why}`, async () => {
      symlinkSync(flock ?? '', join(node.tools, 'flock'));
      overdue();
      mkdirSync(join(node.root, 'own'));
      execFileSync('mkfifo', [join(node.root, 'own/lock')]);
      expect((await node.fallback(NOW)).exitCode).toBe(69);
    });

    it('a lock file that cannot be made does not disarm it', async () => {
      overdue();
      const { exitCode } = await node.fallback(NOW, [], { SIGNALBOX_FALLBACK_LOCK_FILE: '/dev/null/lock' });
      expect([exitCode, node.runs().length]).toEqual([69, 1]);
    });
  });

  describe('settings', () => {
    const healthyFor = async (seconds: number, ...conf: readonly string[]): Promise<ScriptAnswer> => {
      writeFileSync(node.stateFile, stateText(NOW - seconds));
      node.conf(...conf);
      return node.fallback(NOW);
    };

    it('come from the file, with blanks, remarks and Windows line ends', async () => {
      const answer = await healthyFor(100, '# ours', '', 'THRESHOLD_SECONDS=100\r', 'RETRY_SECONDS=', 'HOOK=');
      expect([answer.exitCode, node.runs().length]).toEqual([69, 1]);
    });

    it('from the environment go before those from the file', async () => {
      writeFileSync(node.stateFile, stateText(NOW - 100));
      node.conf('THRESHOLD_SECONDS=100');
      expect((await node.fallback(NOW, [], { SIGNALBOX_FALLBACK_THRESHOLD_SECONDS: '101' })).exitCode).toBe(0);
    });

    it.each([
      ['THRESHOLD_SECONDS=0', 'THRESHOLD_SECONDS=0: expected 1 to 9999999, in seconds'],
      ['THRESHOLD_SECONDS=010', 'THRESHOLD_SECONDS=010: expected 1 to 9999999, in seconds'],
      ['THRESHOLD_SECONDS=12h', 'THRESHOLD_SECONDS=12h: expected 1 to 9999999, in seconds'],
      ['THRESHOLD_SECONDS=-1', 'THRESHOLD_SECONDS=-1: expected 1 to 9999999, in seconds'],
      ['THRESHOLD_SECONDS=99999999', 'THRESHOLD_SECONDS=99999999: expected 1 to 9999999, in seconds'],
      ['SPLAY_SECONDS=x', 'SPLAY_SECONDS=x: expected 0 to 9999999, in seconds'],
      ['STATE_FILE=state.json', 'STATE_FILE=state.json: expected an absolute path'],
      ['COMMAND="chef-client -z"', 'COMMAND="chef-client -z": expected no quotes'],
      ['TRESHOLD_SECONDS=1', 'TRESHOLD_SECONDS=1: expected the name of a setting'],
      ['PATH=/tmp', 'PATH=/tmp: expected the name of a setting'],
      ['bad=0', 'bad=0: expected the name of a setting'],
      ['$(touch obeyed)=1', '$(touch obeyed)=1: expected the name of a setting'],
      ['HOOK', 'HOOK: expected NAME=VALUE'],
    ])('%s is complained of, exit 78, and left at its default', async (line, complaint) => {
      const healthy = await healthyFor(THRESHOLD_SECONDS - 1, line);
      expect([healthy.exitCode, healthy.stderr]).toEqual([78, `signalbox-fallback: ${complaint}\n`]);
      const overdueToo = await healthyFor(THRESHOLD_SECONDS, line);
      expect([overdueToo.exitCode, node.runs().length]).toEqual([69, 1]);
      expect(existsSync(join(node.root, 'obeyed'))).toBe(false);
    });

    it('values are never obeyed', async () => {
      await healthyFor(
        THRESHOLD_SECONDS,
        'NODE_NAME=$(touch obeyed)`touch obeyed`;touch obeyed',
        'HOOK=$(touch obeyed)',
      );
      expect(existsSync(join(node.root, 'obeyed'))).toBe(false);
    });

    it('what is no file is complained of and does not disarm it', async () => {
      mkdirSync(join(node.root, 'conf'));
      writeFileSync(node.stateFile, stateText(NOW - 1));
      const healthy = await node.fallback(NOW);
      expect([healthy.exitCode, healthy.stderr]).toEqual([
        78,
        `signalbox-fallback: ${node.root}/conf: cannot be read\n`,
      ]);
      overdue();
      expect((await node.fallback(NOW)).exitCode).toBe(69);
    });

    it('a last line without its end counts too', async () => {
      writeFileSync(node.stateFile, stateText(NOW - 100));
      writeFileSync(join(node.root, 'conf'), 'THRESHOLD_SECONDS=100');
      expect((await node.fallback(NOW)).exitCode).toBe(69);
    });

    it.skipIf(process.getuid?.() === 0)('a file without permission is complained of (skipped as root)', async () => {
      node.conf('THRESHOLD_SECONDS=100');
      chmodSync(join(node.root, 'conf'), 0);
      writeFileSync(node.stateFile, stateText(NOW - 100));
      const { exitCode, stderr } = await node.fallback(NOW);
      expect(exitCode).toBe(78);
      expect(stderr).toContain('conf: cannot be read');
    });
  });

  describe('command line', () => {
    it('an unknown argument is exit 64 and starts nothing', async () => {
      overdue();
      const { exitCode, stderr } = await node.fallback(NOW, ['--force']);
      expect([exitCode, stderr, node.runs()]).toEqual([64, '--force: unknown; see --help\n', []]);
    });

    it('--help tells what there is', async () => {
      const { exitCode, stdout } = await node.fallback(NOW, ['--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^signalbox-fallback\.sh \[--dry-run \| --drill\] \[--json\]/);
      expect(stdout).toContain('64 usage');
      expect(stdout).not.toContain('set -u');
    });

    it('without a clock it decides nothing, and says so', async () => {
      overdue();
      node.install('date', 'exit 1');
      const { exitCode, stderr } = await node.fallback(NOW);
      expect([exitCode, node.runs()]).toEqual([1, []]);
      expect(stderr).toContain('date +%s tells no time');
    });
  });

  describe('F1, F3: with the Summoner, its configuration, its runtime and every Node removed', () => {
    const why = LIBFAKETIME === undefined ? ' (skipped: no faketime on this machine)' : '';
    const SUCCESS_AT = Date.UTC(2025, 6, 28, 2, 2, 31) / 1000;
    const HOUR_SECONDS = 3_600;

    /** The script at a frozen instant, with the machine's own `date`. */
    const at = (epochSeconds: number): Promise<ScriptAnswer> => {
      const [command, ...args] = [...(shell.command ?? []), SCRIPT];
      return run(
        command,
        args,
        {
          ...frozenAt(epochSeconds),
          PATH: join(node.root, 'bare'),
          SIGNALBOX_FALLBACK_CONF: join(node.root, 'no-conf'),
          SIGNALBOX_FALLBACK_STATE_FILE: node.stateFile,
          SIGNALBOX_FALLBACK_RECORD_FILE: node.recordFile,
          SIGNALBOX_FALLBACK_SPARE_FILE: join(node.root, 'spare/record'),
          SIGNALBOX_FALLBACK_LOCK_FILE: join(node.root, 'own/lock'),
          SIGNALBOX_FALLBACK_SPLAY_SECONDS: '0',
        },
        node.root,
      );
    };

    beforeEach(() => {
      makeToolDirectory(join(node.root, 'bare'), shell.tools, false);
      symlinkSync(join(node.tools, 'chef-client'), join(node.root, 'bare', 'chef-client'));
    });

    it('there is no Node on the PATH', async () => {
      const { exitCode } = await run(
        '/bin/sh',
        ['-c', 'command -v node || command -v signalbox'],
        {
          PATH: join(node.root, 'bare'),
        },
        node.root,
      );
      expect(exitCode).not.toBe(0);
    });

    it.skipIf(LIBFAKETIME === undefined)(`it is silent for 12 hours, and then fires${why}`, async () => {
      writeFileSync(node.stateFile, stateText(SUCCESS_AT));
      for (const age of [0, 1, HOUR_SECONDS, 6 * HOUR_SECONDS, 11 * HOUR_SECONDS, 12 * HOUR_SECONDS - 1]) {
        expect(await at(SUCCESS_AT + age)).toEqual({ stdout: '', stderr: '', exitCode: 0 });
      }
      expect(node.runs()).toEqual([]);
      expect((await at(SUCCESS_AT + 12 * HOUR_SECONDS)).exitCode).toBe(69);
      expect(node.runs()).toHaveLength(1);
      // It carries the node from then on, once in 12 hours.
      expect((await at(SUCCESS_AT + 24 * HOUR_SECONDS - 1)).exitCode).toBe(0);
      expect((await at(SUCCESS_AT + 24 * HOUR_SECONDS)).exitCode).toBe(69);
      expect(node.runs()).toHaveLength(2);
    });

    it.skipIf(LIBFAKETIME === undefined)(
      `with the Summoner’s directory gone it fires at once, and then rests${why}`,
      async () => {
        rmSync(join(node.root, 'summoner'), { recursive: true });
        expect((await at(SUCCESS_AT)).exitCode).toBe(69);
        expect((await at(SUCCESS_AT + 12 * HOUR_SECONDS - 1)).exitCode).toBe(0);
        expect(node.runs()).toHaveLength(1);
        expect(existsSync(join(node.root, 'summoner'))).toBe(false);
      },
    );

    it.skipIf(LIBFAKETIME === undefined)(
      `fault 35: a machine that booted in 1970 fires once, not for ever${why}`,
      async () => {
        writeFileSync(node.stateFile, stateText(SUCCESS_AT));
        expect((await at(120)).exitCode).toBe(69);
        expect((await at(300)).exitCode).toBe(0);
        expect((await at(SUCCESS_AT + 60)).exitCode).toBe(0);
        expect(node.runs()).toHaveLength(1);
      },
    );
  });
});

it.skip.each(shells.filter(({ command }) => command === undefined))(
  'under $name: not on this machine',
  () => undefined,
);

describe('the script as a text', () => {
  const shellcheck = whichExecutable('shellcheck');

  it.skipIf(shellcheck === undefined)(
    `passes shellcheck${shellcheck === undefined ? ' (skipped: not on this machine)' : ''}`,
    () => {
      expect(execFileSync(shellcheck ?? '', ['--shell=sh', '--norc', SCRIPT]).toString()).toBe('');
    },
  );

  it('F7: stays about a page, fits a terminal and is executable', () => {
    const lines = readFileSync(SCRIPT, 'utf8').split('\n');
    expect(lines.length).toBeLessThanOrEqual(166);
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
    expect(statSync(SCRIPT).mode & 0o111).toBe(0o111);
  });
});
