import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childProcessRunner } from '../../../src/adapters/child-process/index.ts';
import { environmentFile } from '../../../src/adapters/transient-unit/environment-file.ts';
import { transientUnitRunner } from '../../../src/adapters/transient-unit/index.ts';
import type { ProcessOrder, ProcessOutcome } from '../../../src/ports/process-runner.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { systemdMissing, withSystemd } from '../../support/systemd-sandbox.ts';

const UNIT = 'signalbox-test-run.service';

const ORDER: ProcessOrder = {
  title: 'Signalbox run: Floor 2026-01-05T12:00:00Z',
  command: 'chef-client',
  args: ['--once'],
  env: { PATH: '/usr/bin:/bin', https_proxy: 'http://user:secret@proxy:3128' },
  timeLimitMs: 7_200_000,
  graceMs: 60_000,
  outputTailBytes: 1_000,
};

/** A systemd of one unit. `states` are what it tells of the unit's state, one after the other, the last for ever. */
interface Told {
  readonly states: readonly ('inactive' | 'activating' | 'active' | 'exited' | 'deactivating' | 'failed' | '')[];
  readonly description?: string;
  readonly failure?: string;
  readonly journal?: string;
  readonly starting?: ProcessOutcome;
}

const TEXT = { encoding: 'utf8' } as const;

/** Looks again and again, until the test's own time limit. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

const said = (outputTail: string, code = 0): ProcessOutcome => ({ _tag: 'Exited', code, outputTail });

/** A systemd that tells what it is told to, and what it was asked. */
const systemd = ({ states, failure = '', journal = '', starting = said(''), description = '' }: Told) => {
  const asked: string[] = [];
  let looks = 0;
  const answer = ({ command, args }: ProcessOrder): ProcessOutcome => {
    asked.push([command, ...args].join(' '));
    if (command === 'systemd-run') return starting;
    if (command === 'journalctl') return said(journal);
    if (args.includes('--property=ActiveState')) {
      const state = states[Math.min(looks++, states.length - 1)] ?? '';
      if (state === '') return said('no answer', 1);
      const [active, sub] = state === 'exited' ? ['active', 'exited'] : [state, 'running'];
      return said(`ActiveState=${active}\nSubState=${sub}\nDescription=${description}\n`);
    }
    return said(failure);
  };
  return { asked, processes: { run: (order: ProcessOrder) => Promise.resolve(answer(order)) } };
};

const runWith = async (
  told: Told,
  directory: string,
  order: ProcessOrder = ORDER,
  abort?: AbortSignal,
): Promise<{ readonly outcome: ProcessOutcome; readonly asked: readonly string[] }> => {
  const { asked, processes } = systemd(told);
  const settings = { processes, unit: UNIT, environmentFile: join(directory, 'run/run.env'), lookEveryMs: 1 };
  const outcome = await transientUnitRunner(settings).run(order, abort);
  return { outcome, asked };
};

const failing = async (failure: string, journal = ''): Promise<ProcessOutcome> => {
  let outcome: ProcessOutcome | undefined;
  await inTemporaryDirectory(async (directory) => {
    const told: Told = { states: ['inactive', 'active', 'failed'], failure: `${failure}\nInvocationID=abc\n`, journal };
    ({ outcome } = await runWith(told, directory));
  });
  if (outcome === undefined) throw new Error('the run was not made');
  return outcome;
};

describe('a run as a unit of systemd', () => {
  it('is started with its limits, which systemd itself keeps, and is done when the unit is', () =>
    inTemporaryDirectory(async (directory) => {
      const { outcome, asked } = await runWith({ states: ['inactive', 'activating', 'active', 'exited'] }, directory);
      expect(outcome).toEqual({ _tag: 'Exited', code: 0, outputTail: '' });
      const run = asked.find((line) => line.startsWith('systemd-run')) ?? '';
      for (const word of [`--unit=${UNIT}`, `--description=${ORDER.title ?? ''}`, 'RemainAfterExit=yes']) {
        expect(run).toContain(word);
      }
      for (const word of ['RuntimeMaxSec=7200s', 'TimeoutStopSec=60s', 'KillSignal=SIGINT'])
        expect(run).toContain(word);
      expect(run).toMatch(/ -- \/bin\/sh -c trap .* chef-client --once$/);
      expect(asked.filter((line) => line.includes('ActiveState'))).toHaveLength(4);
      expect(asked.at(-1)).toBe(`systemctl stop ${UNIT}`);
    }));

  it('N7: a run that systemd knows nothing of any more is no success', () =>
    inTemporaryDirectory(async (directory) => {
      const { outcome } = await runWith({ states: ['inactive', 'active', 'inactive'] }, directory);
      expect(outcome).toMatchObject({ _tag: 'Signalled' });
    }));

  it('has its environment from a file that only its owner reads, and from nowhere that others see', () =>
    inTemporaryDirectory(async (directory) => {
      const { asked } = await runWith({ states: ['inactive'] }, directory);
      const file = join(directory, 'run/run.env');
      expect(readFileSync(file, 'utf8')).toContain('https_proxy="http://user:secret@proxy:3128"');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(asked.join('\n')).not.toContain('secret');
    }));

  it('N13, fault 58: waits for the run that is under way from before, and only then starts', () =>
    inTemporaryDirectory(async (directory) => {
      for (const [end, release] of [
        ['failed', 'reset-failed'],
        ['exited', 'stop'],
      ] as const) {
        const told: Told = { states: ['active', 'deactivating', end, 'inactive', 'active', 'exited'] };
        const { outcome, asked } = await runWith(told, directory);
        expect(outcome).toMatchObject({ _tag: 'Exited', code: 0 });
        expect(asked[3]).toBe(`systemctl ${release} ${UNIT}`);
        expect(asked.findIndex((line) => line.startsWith('systemd-run'))).toBe(5);
      }
    }));

  it('a unit that cannot be released is left to systemd-run to complain of', () =>
    inTemporaryDirectory(async (directory) => {
      const told: Told = { states: ['failed'], starting: said('Unit was already loaded', 1) };
      const { outcome } = await runWith(told, directory);
      expect(outcome).toEqual({ _tag: 'NotStarted', detail: 'systemd-run: Unit was already loaded' });
    }));

  it('N14: a run that fails before systemd-run has heard of its start is a run all the same', () =>
    inTemporaryDirectory(async (directory) => {
      const told: Told = {
        states: ['inactive', 'failed'],
        description: ORDER.title ?? '',
        failure: 'Result=exit-code\nExecMainStatus=43\n',
        starting: said('Job for signalbox-test-run.service failed.', 1),
      };
      expect((await runWith(told, directory)).outcome).toEqual({ _tag: 'Exited', code: 43, outputTail: '' });
    }));

  it('what it starts is taken as it is, by systemd and by the guard', () =>
    inTemporaryDirectory(async (directory) => {
      const { asked } = await runWith({ states: ['inactive'] }, directory, { ...ORDER, args: ['$HOME', '${HOME}'] });
      expect(asked.find((line) => line.startsWith('systemd-run'))).toMatch(
        /trap : HUP INT TERM; "\$\$@"; exit \$\$\? sh chef-client \$\$HOME \$\$\{HOME\}$/,
      );
    }));

  describe('is taken up by whoever comes next', () => {
    const takenUp = async (told: Told, order: ProcessOrder = ORDER): Promise<ProcessOutcome | undefined> => {
      const { processes } = systemd(told);
      const settings = { processes, unit: UNIT, environmentFile: '/nowhere/run.env', lookEveryMs: 1 };
      const taken = await transientUnitRunner(settings).takeUp(order);
      return taken === undefined ? undefined : await taken.outcome;
    };
    const description = ORDER.title ?? '';

    it('fault 58: under way, and when it has ended, well or not', async () => {
      expect(await takenUp({ states: ['active', 'active', 'exited'], description })).toMatchObject({ code: 0 });
      expect(await takenUp({ states: ['exited'], description })).toMatchObject({ _tag: 'Exited', code: 0 });
      const failure = 'Result=exit-code\nExecMainStatus=35\n';
      expect(await takenUp({ states: ['failed'], description, failure })).toMatchObject({ _tag: 'Exited', code: 35 });
    });

    it('N8: not where systemd does not know it, does not answer, or knows another', async () => {
      expect(await takenUp({ states: ['inactive'], description })).toBeUndefined();
      expect(await takenUp({ states: [''], description })).toBeUndefined();
      expect(await takenUp({ states: ['exited'], description: `${description}1` })).toBeUndefined();
      const { title: _, ...untitled } = ORDER;
      expect(await takenUp({ states: ['exited'] }, untitled)).toBeUndefined();
    });
  });

  it('fault 58: an abort leaves the run alone, before it and during it', () =>
    inTemporaryDirectory(async (directory) => {
      const before = await runWith({ states: ['active'] }, directory, ORDER, AbortSignal.abort());
      expect(before).toEqual({ outcome: { _tag: 'Stopped', cause: 'Aborted', outputTail: '' }, asked: [] });

      const going = new AbortController();
      const { asked, processes } = systemd({ states: ['inactive', 'active'] });
      const watched = {
        run: (order: ProcessOrder) => {
          if (asked.filter((line) => line.includes('ActiveState')).length === 3) going.abort();
          return processes.run(order);
        },
      };
      const settings = { processes: watched, unit: UNIT, environmentFile: join(directory, 'run.env'), lookEveryMs: 1 };
      const outcome = await transientUnitRunner(settings).run(ORDER, going.signal);
      expect(outcome).toMatchObject({ _tag: 'Stopped', cause: 'Aborted' });
      expect(asked.filter((line) => /systemctl (?:stop|kill)/.test(line))).toEqual([]);
    }));

  it('N14: exit codes come through as they are, with the end of what the run said', async () => {
    for (const code of [1, 35, 37, 41, 43, 213]) {
      expect(await failing(`Result=exit-code\nExecMainStatus=${code}`, 'FATAL: no recipe\n')).toEqual({
        _tag: 'Exited',
        code,
        outputTail: 'FATAL: no recipe\n',
      });
    }
  });

  it('fault 52: killed by a signal, by itself or for want of memory', async () => {
    expect(await failing('Result=exit-code\nExecMainStatus=137')).toMatchObject({
      _tag: 'Signalled',
      signal: 'signal 9',
    });
    expect(await failing('Result=oom-kill\nExecMainStatus=9')).toMatchObject({ _tag: 'Signalled' });
    expect(await failing('Result=signal\nExecMainStatus=9')).toMatchObject({ _tag: 'Signalled' });
  });

  it('fault 49: over its time limit', async () => {
    expect(await failing('Result=timeout\nExecMainStatus=130')).toMatchObject({ _tag: 'Stopped', cause: 'TimeLimit' });
  });

  it('fault 53: an executable that is missing, and a systemd that starts nothing', () =>
    inTemporaryDirectory(async (directory) => {
      expect(await failing('Result=exit-code\nExecMainStatus=127', 'sh: 1: chef-client: not found')).toEqual({
        _tag: 'NotStarted',
        detail: 'run chef-client: expected an executable; sh: 1: chef-client: not found',
      });
      const refused: Told = { states: ['inactive'], starting: said('Failed to start transient service unit: …', 1) };
      expect((await runWith(refused, directory)).outcome).toEqual({
        _tag: 'NotStarted',
        detail: 'systemd-run: Failed to start transient service unit: …',
      });
      const missing: Told = {
        states: ['inactive'],
        starting: { _tag: 'NotStarted', detail: 'run systemd-run: ENOENT' },
      };
      expect((await runWith(missing, directory)).outcome).toEqual(missing.starting);
    }));

  it('fault 39: an environment that cannot be written starts nothing, and says where', () =>
    inTemporaryDirectory(async (directory) => {
      writeFileSync(join(directory, 'run'), 'no directory');
      const { outcome, asked } = await runWith({ states: ['inactive'] }, directory);
      expect(outcome).toMatchObject({ _tag: 'NotStarted', detail: expect.stringContaining('run') as string });
      expect(asked.filter((line) => line.startsWith('systemd-run'))).toEqual([]);
    }));

  it('a systemd that does not answer is waited for, and not for ever', () =>
    inTemporaryDirectory(async (directory) => {
      const impatient = { ...ORDER, timeLimitMs: 1, graceMs: -60_000 };
      const { outcome } = await runWith({ states: ['inactive', ''] }, directory, impatient);
      expect(outcome).toMatchObject({ _tag: 'Stopped', cause: 'TimeLimit' });
      const recovered = await runWith({ states: ['inactive', '', '', 'exited'] }, directory);
      expect(recovered.outcome).toMatchObject({ _tag: 'Exited', code: 0 });
    }));

  describe('before a run is started', () => {
    const NOT_BOOTED = 'System has not been booted with systemd as init system';

    it('a systemd that does not answer is waited for a moment, and then systemd-run says what is wrong', () =>
      inTemporaryDirectory(async (directory) => {
        const { processes, asked } = systemd({ states: [''], starting: said(NOT_BOOTED, 1) });
        const settings = { processes, unit: UNIT, environmentFile: join(directory, 'run.env') };
        const runner = transientUnitRunner({ ...settings, lookEveryMs: 1, silenceMsMax: 20 });
        expect(await runner.run(ORDER)).toEqual({ _tag: 'NotStarted', detail: `systemd-run: ${NOT_BOOTED}` });
        expect(asked.findIndex((line) => line.startsWith('systemd-run'))).toBeGreaterThan(1);
      }));

    it('one that starts anew is waited for, and so is a run that it knows', () =>
      inTemporaryDirectory(async (directory) => {
        const told: Told = { states: ['', '', 'active', '', 'inactive', 'active', 'exited'] };
        const { outcome, asked } = await runWith(told, directory);
        expect(outcome).toMatchObject({ _tag: 'Exited', code: 0 });
        expect(asked.findIndex((line) => line.startsWith('systemd-run'))).toBe(5);
      }));

    it('one that hangs is named', () =>
      inTemporaryDirectory(async (directory) => {
        const starting: ProcessOutcome = { _tag: 'Stopped', cause: 'TimeLimit', outputTail: '' };
        const { outcome } = await runWith({ states: ['inactive'], starting }, directory);
        expect(outcome).toEqual({ _tag: 'NotStarted', detail: 'systemd-run: no answer within 30s' });
      }));

    it('fault 53: where systemctl cannot be started nothing is, and nothing is waited for', () =>
      inTemporaryDirectory(async (directory) => {
        const missing: ProcessOutcome = { _tag: 'NotStarted', detail: 'run systemctl: ENOENT' };
        const commands: string[] = [];
        const processes = {
          run: ({ command }: ProcessOrder): Promise<ProcessOutcome> => {
            commands.push(command);
            return Promise.resolve(missing);
          },
        };
        const settings = { processes, unit: UNIT, environmentFile: join(directory, 'run.env'), lookEveryMs: 3_600_000 };
        expect(await transientUnitRunner(settings).run(ORDER)).toEqual(missing);
        expect(commands).toEqual(['systemctl']);
      }));
  });

  it('has nothing to read', () =>
    inTemporaryDirectory(async (directory) => {
      const { outcome, asked } = await runWith({ states: ['inactive'] }, directory, { ...ORDER, input: 'text' });
      expect(outcome).toMatchObject({ _tag: 'NotStarted' });
      expect(asked).toEqual([]);
    }));

  it('what it starts in is told of nothing that is about another unit, and takes every value as it is', () => {
    const env = {
      NOTIFY_SOCKET: '/run/systemd/notify',
      WATCHDOG_USEC: '1',
      A: 'a "b" $c `d` \\e',
      'no-name': 'x',
      B: '',
    };
    expect(environmentFile(env)).toBe('A="a \\"b\\" \\$c \\`d\\` \\\\e"\nB=""\n');
  });
});

describe('the guard before the command', () => {
  const unescaped = (word: string): string => word.replaceAll('$$', '$');

  /** What the guard makes of a command, outside of any unit. */
  const guarded = async (...command: readonly string[]): Promise<ProcessOutcome> => {
    let guard: readonly string[] = [];
    const processes = {
      run: (order: ProcessOrder): Promise<ProcessOutcome> => {
        if (order.command === 'systemd-run') guard = order.args.slice(order.args.indexOf('--') + 1).map(unescaped);
        return Promise.resolve(said(order.command === 'systemctl' ? 'ActiveState=inactive\n' : ''));
      },
    };
    const [name = '', ...args] = command;
    await inTemporaryDirectory(async (directory) => {
      const settings = { processes, unit: UNIT, environmentFile: join(directory, 'run.env'), lookEveryMs: 1 };
      await transientUnitRunner(settings).run({ ...ORDER, command: name, args });
    });
    const [shell = '', ...rest] = guard;
    return childProcessRunner().run({ ...ORDER, command: shell, args: rest });
  };

  it('N14: passes on the exit code, and the arguments as they are', async () => {
    expect(await guarded('/bin/sh', '-c', 'printf "<%s>" "$@"; exit 213', 'sh', 'a b', '$HOME', '')).toEqual({
      _tag: 'Exited',
      code: 213,
      outputTail: '<a b><$HOME><>',
    });
  });

  it('fault 52: makes a code of every signal, also of those that systemd calls a clean end', async () => {
    for (const [signal, number] of [
      ['HUP', 1],
      ['INT', 2],
      ['TERM', 15],
      ['KILL', 9],
    ] as const) {
      expect(await guarded('/bin/sh', '-c', `kill -${signal} $$`)).toMatchObject({
        _tag: 'Exited',
        code: 128 + number,
      });
    }
  });

  it('fault 49: outlives what stops the whole group, and tells how the command ended', async () => {
    const outcome = await guarded('/bin/sh', '-c', 'trap "exit 2" INT; kill -INT 0; sleep 5');
    expect(outcome).toMatchObject({ _tag: 'Exited', code: 2 });
  });
});

describe.skipIf(systemdMissing !== undefined)(
  `with a real systemd${systemdMissing === undefined ? '' : ` (skipped: ${systemdMissing})`}`,
  () => {
    const settingsIn = (directory: string, systemctl: string) => ({
      settings: {
        processes: childProcessRunner(),
        unit: UNIT,
        environmentFile: join(directory, 'run.env'),
        lookEveryMs: 50,
      },
      order: { ...ORDER, env: { ...ORDER.env, PATH: `${systemctl}:/usr/sbin:/usr/bin:/sbin:/bin` } },
    });

    it('N14: exit codes, signals and time limits come through, and every word as it is', { timeout: 60_000 }, () =>
      withSystemd(async ({ directory, bin }) => {
        const { settings, order } = settingsIn(directory, bin);
        const sh = (script: string, more: Partial<ProcessOrder> = {}): Promise<ProcessOutcome> =>
          transientUnitRunner(settings).run({ ...order, command: '/bin/sh', args: ['-c', script], ...more });
        expect(await sh('[ "$https_proxy" = http://user:secret@proxy:3128 ]')).toMatchObject({ code: 0 });
        expect(await sh('exit 43')).toMatchObject({ _tag: 'Exited', code: 43 });
        expect(await sh('kill -HUP $$')).toMatchObject({ _tag: 'Signalled', signal: 'signal 1' });
        expect(await sh('kill -KILL $$')).toMatchObject({ _tag: 'Signalled', signal: 'signal 9' });
        expect(await sh('exec /nowhere/chef-client')).toMatchObject({ _tag: 'NotStarted' });
        expect(await sh('sleep 60', { timeLimitMs: 1_000, graceMs: 1_000 })).toMatchObject({ cause: 'TimeLimit' });
        const words = ['a b', '$HOME', '${HOME}', '$$', '%n', '"', '\\n', ''];
        const printed = join(directory, 'printed');
        await sh(`printf '<%s>' "$@" >'${printed}'`, {
          args: ['-c', `printf '<%s>' "$@" >'${printed}'`, 'sh', ...words],
        });
        expect(readFileSync(printed, 'utf8')).toBe(words.map((word) => `<${word}>`).join(''));
      }),
    );

    it('fault 58: a run is left, and taken up under way and when it has ended', { timeout: 60_000 }, () =>
      withSystemd(async ({ directory, bin }) => {
        const { settings, order } = settingsIn(directory, bin);
        const runner = transientUnitRunner(settings);
        const at = (name: string): string => join(directory, name);
        const script = `echo run >>'${at('runs')}'; while [ ! -e '${at('go')}'$1 ]; do sleep 0.05; done; exit $1`;
        const exiting = (code: string): ProcessOrder => ({
          ...order,
          title: `run that exits with ${code}`,
          command: '/bin/sh',
          args: ['-c', script, 'sh', code],
        });
        /** Starts a run and leaves it under way. */
        const leave = async (code: string): Promise<void> => {
          const going = new AbortController();
          const run = transientUnitRunner(settings).run(exiting(code), going.signal);
          await until(async () => (await runner.takeUp(exiting(code), AbortSignal.abort())) !== undefined);
          going.abort();
          expect(await run).toMatchObject({ _tag: 'Stopped', cause: 'Aborted' });
        };
        const state = (): string =>
          execFileSync(join(bin, 'systemctl'), ['show', '--property=ActiveState', UNIT], TEXT);

        await leave('0');
        const under = await runner.takeUp(exiting('0'));
        writeFileSync(at('go0'), '');
        expect(await under?.outcome).toMatchObject({ _tag: 'Exited', code: 0 });
        expect(await runner.takeUp(exiting('0'))).toBeUndefined();

        await leave('35');
        writeFileSync(at('go35'), '');
        await until(() => Promise.resolve(state() === 'ActiveState=failed\n'));
        expect(await (await runner.takeUp(exiting('35')))?.outcome).toMatchObject({ _tag: 'Exited', code: 35 });
        expect(readFileSync(join(directory, 'runs'), 'utf8')).toBe('run\nrun\n');
      }),
    );
  },
);
