import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessOrder, ProcessOutcome, ProcessRunner } from '../../ports/process-runner.ts';
import { environmentFile } from './environment-file.ts';

/** Where and under what name the runs are. */
export interface TransientUnitSettings {
  /** Runs systemd's own tools. */
  readonly processes: ProcessRunner;
  /** The unit, such as `signalbox-run.service`. There is one of that name at a time, whoever starts it. */
  readonly unit: string;
  /** Keeps the environment of the run, readable to its owner only, in a directory that is made if it is missing. */
  readonly environmentFile: string;
  /** How often a run that somebody else has started is looked at, in milliseconds; by default five seconds. */
  readonly lookEveryMs?: number;
}

/** systemctl(1) answers at once, or systemd is past helping. */
const ASK_MS_MAX = 30_000;
/** After the time limit and the grace systemd has killed the run; so much later it is not heard from any more. */
const MARGIN_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
/** A line of more than 80 bytes more or less: as much as an order keeps of output. */
const JOURNAL_LINES = 200;

/** What systemd exits a unit's process with when it could not execute the command (`EXIT_EXEC`). */
const EXIT_EXEC = 203;

const isAborted = (abort: AbortSignal | undefined): boolean => abort?.aborted === true;

const ABORTED: ProcessOutcome = { _tag: 'Stopped', cause: 'Aborted', outputTail: '' };

const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)}s`;

/** How a unit's process ended, as systemd tells it of a unit that has failed; `said` is what systemd-run said. */
const failureOf = (
  command: string,
  shown: ReadonlyMap<string, string>,
  said: string,
  outputTail: string,
): ProcessOutcome => {
  const result = shown.get('Result');
  const status = Number(shown.get('ExecMainStatus'));
  switch (result) {
    case 'exit-code':
      return status === EXIT_EXEC
        ? { _tag: 'NotStarted', detail: `run ${command}: expected an executable that root may use; ${said}` }
        : { _tag: 'Exited', code: status, outputTail };
    case 'timeout':
      return { _tag: 'Stopped', cause: 'TimeLimit', outputTail };
    case undefined:
    case 'success':
      return { _tag: 'NotStarted', detail: `systemd-run: ${said}` };
    default:
      return { _tag: 'Signalled', signal: `${status} (${result})`, outputTail };
  }
};

/**
 * Runs processes as units of their own, which systemd starts. So a run outlives the unit of whoever ordered it, also when
 * the run itself replaces or restarts that one (fault 58), and is bound by none of its sandbox; and systemd itself stops
 * the run at its time limit, all of its processes, whatever has become of them.
 *
 * - An abort leaves the run alone, and answers at once: who orders it is going, and the run may be why.
 * - A run that is still under way from before is waited for, no longer than systemd lets it run.
 * - How it ended is what systemd says of the unit: systemd-run(1) itself makes less of it.
 * - What it says goes to the journal, since a pipe would break when its reader goes; the tail is read from there, and only
 *   of a run that has failed.
 */
export const transientUnitRunner = (settings: TransientUnitSettings): ProcessRunner => {
  const { processes, unit, lookEveryMs = LOOK_EVERY_MS } = settings;

  const ask = (
    { env, outputTailBytes }: ProcessOrder,
    command: string,
    args: readonly string[],
  ): Promise<ProcessOutcome> =>
    processes.run({ command, args, env, timeLimitMs: ASK_MS_MAX, graceMs: 0, outputTailBytes });

  const show = async (order: ProcessOrder, ...names: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const answer = await ask(order, 'systemctl', ['show', ...names.map((name) => `--property=${name}`), unit]);
    const lines = answer._tag === 'Exited' && answer.code === 0 ? answer.outputTail.split('\n') : [];
    return new Map(
      lines.map((line) => {
        const at = line.indexOf('=');
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
  };

  /** Resolves when no run is under way; systemd sees to its end. */
  const free = async (order: ProcessOrder, abort: AbortSignal | undefined): Promise<void> => {
    while (!isAborted(abort)) {
      const state = (await show(order, 'ActiveState')).get('ActiveState') ?? 'inactive';
      if (state === 'inactive' || state === 'failed') break;
      await delay(lookEveryMs, undefined, abort === undefined ? {} : { signal: abort }).catch(() => undefined);
    }
  };

  /** The end of what the run of this id has said, newest last. */
  const journalOf = async (order: ProcessOrder, invocation: string | undefined): Promise<string> => {
    if (invocation === undefined || invocation === '') return '';
    const args = ['--quiet', '--no-pager', '--output=cat', `--lines=${JOURNAL_LINES}`];
    const answer = await ask(order, 'journalctl', [...args, `_SYSTEMD_INVOCATION_ID=${invocation}`]);
    return answer._tag === 'Exited' && answer.code === 0 ? answer.outputTail : '';
  };

  const start = ({ command, args, env, cwd, timeLimitMs, graceMs, outputTailBytes }: ProcessOrder): ProcessOrder => ({
    command: 'systemd-run',
    args: [
      ...['--quiet', '--wait', '--service-type=exec', `--unit=${unit}`],
      `--property=EnvironmentFile=${settings.environmentFile}`,
      `--property=RuntimeMaxSec=${seconds(timeLimitMs)}`,
      // What stops chef-client at once, and then whatever is left of it.
      '--property=KillSignal=SIGINT',
      `--property=TimeoutStopSec=${seconds(graceMs)}`,
      ...(cwd === undefined ? [] : [`--working-directory=${cwd}`]),
      '--',
      command,
      ...args,
    ],
    env,
    timeLimitMs: timeLimitMs + graceMs + MARGIN_MS,
    graceMs: 0,
    outputTailBytes,
  });

  const writeEnvironment = async ({ env }: ProcessOrder): Promise<void> => {
    await mkdir(dirname(settings.environmentFile), { recursive: true, mode: 0o700 });
    await writeFile(settings.environmentFile, environmentFile(env), { mode: 0o600 });
  };

  return {
    run: async (order, abort) => {
      await free(order, abort);
      if (isAborted(abort)) return ABORTED;
      try {
        await writeEnvironment(order);
      } catch (error) {
        return { _tag: 'NotStarted', detail: `${settings.environmentFile}: ${String(error)}` };
      }
      // A failed unit is kept for whoever wants to know, and would be in the way.
      await ask(order, 'systemctl', ['reset-failed', unit]);
      const outcome = await processes.run(start(order), abort);
      if (isAborted(abort)) return ABORTED;
      if (outcome._tag !== 'Exited' || outcome.code === 0) return outcome;
      const shown = await show(order, 'Result', 'ExecMainStatus', 'InvocationID');
      const journal = await journalOf(order, shown.get('InvocationID'));
      return failureOf(order.command, shown, outcome.outputTail.trim(), journal);
    },
  };
};
