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
  /** How often the unit is looked at while a run is under way, in milliseconds; by default every two seconds. */
  readonly lookEveryMs?: number;
  /** For so long systemd may say nothing before a run is started all the same, in milliseconds; by default half a minute. */
  readonly silenceMsMax?: number;
}

/** systemctl(1) answers at once, or systemd is past helping. */
const ASK_MS_MAX = 30_000;
/** After the time limit and the grace systemd has killed the run; so much later it is not heard from any more. */
const MARGIN_MS = 60_000;
const LOOK_EVERY_MS = 2_000;
/** What has ended is released; ending what that has left behind may fail, which is released in its turn. */
const RELEASES_MAX = 3;
/** A line of more than 80 bytes more or less: as much as an order keeps of output. */
const JOURNAL_LINES = 200;

/**
 * Stands between systemd and the command, because systemd calls it success when a process is killed by SIGHUP, SIGINT or
 * SIGTERM (law N14, fault 52). It outlives what stops the command, and exits with 128 and the signal's number.
 */
const GUARD = ['/bin/sh', '-c', `trap : HUP INT TERM; "$@"; exit $?`, 'sh'];

/** What the guard exits with when it could not execute the command, or found none. */
const NOT_EXECUTED: readonly number[] = [126, 127];
const SIGNAL_BASE = 128;
const SIGNAL_MAX = 64;

const ABORTED: ProcessOutcome = { _tag: 'Stopped', cause: 'Aborted', outputTail: '' };
const SILENT: ProcessOutcome = {
  _tag: 'Stopped',
  cause: 'TimeLimit',
  outputTail: 'systemd does not tell how the run ended',
};

/** systemd puts the values of variables into what it starts; two of these signs are one. */
const literally = (word: string): string => word.replaceAll('$', '$$$$');

type NotStarted = Extract<ProcessOutcome, { _tag: 'NotStarted' }>;

const complaintOf = (started: Exclude<ProcessOutcome, NotStarted>): string =>
  started._tag === 'Stopped' ? `no answer within ${seconds(ASK_MS_MAX)}` : started.outputTail.trim();

const isAborted = (abort: AbortSignal | undefined): boolean => abort?.aborted === true;

const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)}s`;

/** What systemd tells of the unit: the values of properties by their names. */
type Shown = ReadonlyMap<string, string>;

const shownIn = (answer: ProcessOutcome): Shown => {
  const lines = answer._tag === 'Exited' && answer.code === 0 ? answer.outputTail.split('\n') : [];
  return new Map(
    lines.map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
};

/**
 * Where the run is:
 *
 * - `UnderWay`, also while systemd ends what is left of it.
 * - `Succeeded`: the unit is kept, as `RemainAfterExit=` says, until it is released.
 * - `Failed`: the unit is kept as every one that has failed.
 * - `Gone`: there is no such unit, or not any more.
 */
type Phase = 'UnderWay' | 'Succeeded' | 'Failed' | 'Gone';

const phaseOf = (shown: Shown): Phase | undefined => {
  switch (shown.get('ActiveState')) {
    case undefined:
      return undefined;
    case 'inactive':
      return 'Gone';
    case 'failed':
      return 'Failed';
    default:
      return shown.get('SubState') === 'exited' ? 'Succeeded' : 'UnderWay';
  }
};

/** How a unit that has failed ended, as systemd tells it. */
const failureOf = (command: string, shown: Shown, outputTail: string): ProcessOutcome => {
  const result = shown.get('Result') ?? 'unknown';
  const status = Number(shown.get('ExecMainStatus'));
  switch (result) {
    case 'exit-code':
      if (NOT_EXECUTED.includes(status)) {
        return { _tag: 'NotStarted', detail: `run ${command}: expected an executable; ${outputTail.trim()}` };
      }
      return status > SIGNAL_BASE && status <= SIGNAL_BASE + SIGNAL_MAX
        ? { _tag: 'Signalled', signal: `signal ${status - SIGNAL_BASE}`, outputTail }
        : { _tag: 'Exited', code: status, outputTail };
    case 'timeout':
      return { _tag: 'Stopped', cause: 'TimeLimit', outputTail };
    default:
      return { _tag: 'Signalled', signal: `signal ${status} (${result})`, outputTail };
  }
};

/**
 * Runs processes as units of their own, which systemd starts. So a run outlives the unit of whoever ordered it, also when
 * the run itself replaces or restarts that one (fault 58), and is bound by none of its sandbox; and systemd itself stops
 * the run at its time limit, all of its processes, whatever has become of them.
 *
 * - An abort leaves the run alone, and answers at once: who orders it is going, and the run may be why. Whoever comes next
 *   takes it up by its title, also when it has ended by then: systemd keeps how, until it was heard.
 * - A run of another title that is still under way is waited for, no longer than systemd lets it run (law N13). A systemd
 *   that does not answer is borne as long while a run of ours is under way, but only for a moment before one is started.
 * - A unit of which systemd knows nothing any more, because somebody made it forget, is no success (law N7).
 * - The unit is looked at from time to time, which needs neither the message bus nor a process that waits, both of which
 *   the run may restart.
 * - What the run says goes to the journal, since a pipe would break when its reader goes; the tail is read from there, and
 *   only of a run that has failed.
 * - What the run leaves in the background ends with it, unless systemd has started that as a unit of its own.
 * - A unit has no standard input: an order with one is not started.
 */
export const transientUnitRunner = (settings: TransientUnitSettings): Required<ProcessRunner> => {
  const { processes, unit, lookEveryMs = LOOK_EVERY_MS, silenceMsMax = ASK_MS_MAX } = settings;

  const ask = (
    { env, outputTailBytes }: ProcessOrder,
    command: string,
    args: readonly string[],
  ): Promise<ProcessOutcome> =>
    processes.run({ command, args, env, timeLimitMs: ASK_MS_MAX, graceMs: 0, outputTailBytes });

  /** Asks for properties of the unit. */
  const askFor = (order: ProcessOrder, ...names: readonly string[]): Promise<ProcessOutcome> =>
    ask(order, 'systemctl', ['show', ...names.map((name) => `--property=${name}`), unit]);

  /** Properties of the unit; none while systemd does not answer. */
  const show = async (order: ProcessOrder, ...names: readonly string[]): Promise<Shown> =>
    shownIn(await askFor(order, ...names));

  /**
   * Waits for the end of the run that is under way, if any.
   *
   * @param bearsSilence - whether to go on after an answer that is none, the last that was one having come so long ago.
   */
  const ended = async (
    order: ProcessOrder,
    abort: AbortSignal | undefined,
    bearsSilence: (answer: ProcessOutcome, silentMs: number) => boolean = () => true,
  ): Promise<Exclude<Phase, 'UnderWay'> | 'Silent' | 'Aborted'> => {
    const patienceMs = order.timeLimitMs + order.graceMs + MARGIN_MS;
    const since = performance.now();
    let answeredAt = since;
    while (!isAborted(abort)) {
      const answer = await askFor(order, 'ActiveState', 'SubState');
      const phase = phaseOf(shownIn(answer));
      if (phase !== undefined && phase !== 'UnderWay') return phase;
      const now = performance.now();
      if (phase !== undefined) answeredAt = now;
      else if (!bearsSilence(answer, now - answeredAt)) return 'Silent';
      if (now - since > patienceMs) return 'Silent';
      await delay(lookEveryMs, undefined, abort === undefined ? {} : { signal: abort }).catch(() => undefined);
    }
    return 'Aborted';
  };

  /** The end of what the run of this id has said, newest last. */
  const journalOf = async (order: ProcessOrder, invocation: string | undefined): Promise<string> => {
    if (invocation === undefined || invocation === '') return '';
    const args = ['--quiet', '--no-pager', '--output=cat', `--lines=${JOURNAL_LINES}`];
    const answer = await ask(order, 'journalctl', [...args, `_SYSTEMD_INVOCATION_ID=${invocation}`]);
    return answer._tag === 'Exited' && answer.code === 0 ? answer.outputTail : '';
  };

  /** Lets systemd forget a run that has ended, and end what that has left in the background. */
  const release = async (order: ProcessOrder, phase: 'Succeeded' | 'Failed'): Promise<void> => {
    await ask(order, 'systemctl', [phase === 'Failed' ? 'reset-failed' : 'stop', unit]);
  };

  const start = async (order: ProcessOrder): Promise<ProcessOutcome> => {
    const { command, args, env, cwd, timeLimitMs, graceMs, title } = order;
    try {
      await mkdir(dirname(settings.environmentFile), { recursive: true, mode: 0o700 });
      await writeFile(settings.environmentFile, environmentFile(env), { mode: 0o600 });
    } catch (error) {
      return { _tag: 'NotStarted', detail: `write the run's environment: ${String(error)}` };
    }
    return ask(order, 'systemd-run', [
      ...['--quiet', '--service-type=exec', `--unit=${unit}`],
      ...(title === undefined ? [] : [`--description=${title}`]),
      `--property=EnvironmentFile=${settings.environmentFile}`,
      `--property=RuntimeMaxSec=${seconds(timeLimitMs)}`,
      // What stops chef-client at once; and then whatever is left of it is killed.
      '--property=KillSignal=SIGINT',
      `--property=TimeoutStopSec=${seconds(graceMs)}`,
      '--property=RemainAfterExit=yes',
      ...(cwd === undefined ? [] : [`--working-directory=${cwd}`]),
      '--',
      ...[...GUARD, command, ...args].map(literally),
    ]);
  };

  /** Waits for the end of the run of `order`, and hears how it was. */
  const hear = async (order: ProcessOrder, abort: AbortSignal | undefined): Promise<ProcessOutcome> => {
    const end = await ended(order, abort);
    switch (end) {
      case 'Aborted':
        return ABORTED;
      case 'Silent':
        return SILENT;
      case 'Gone':
        return { _tag: 'Signalled', signal: 'somebody who made systemd forget the run', outputTail: '' };
      case 'Succeeded':
        await release(order, end);
        return { _tag: 'Exited', code: 0, outputTail: '' };
      case 'Failed': {
        const shown = await show(order, 'Result', 'ExecMainStatus', 'InvocationID');
        return failureOf(order.command, shown, await journalOf(order, shown.get('InvocationID')));
      }
    }
  };

  /** Whether systemd knows of the run of `order`, going on or ended. */
  const isThere = async (order: ProcessOrder): Promise<boolean> => {
    const shown = await show(order, 'ActiveState', 'SubState', 'Description');
    const phase = phaseOf(shown);
    const isItself = order.title !== undefined && shown.get('Description') === order.title;
    return phase !== undefined && phase !== 'Gone' && isItself;
  };

  /**
   * Waits until the name of the unit is free; who starts a run is told if it is not even then. While nothing was started, a
   * systemd that does not answer is waited for only as long as one may take that starts anew: what is wrong with it,
   * systemd-run tells. Answers why systemd cannot even be asked; without that, a run would be started that nobody follows.
   */
  const free = async (order: ProcessOrder, abort: AbortSignal | undefined): Promise<NotStarted | undefined> => {
    let notAsked: NotStarted | undefined;
    const bearsSilence = (answer: ProcessOutcome, silentMs: number): boolean => {
      if (answer._tag === 'NotStarted') notAsked = answer;
      return notAsked === undefined && silentMs < silenceMsMax;
    };
    for (let tries = 0; tries < RELEASES_MAX; tries++) {
      const end = await ended(order, abort, bearsSilence);
      if (end !== 'Succeeded' && end !== 'Failed') break;
      await release(order, end);
    }
    return notAsked;
  };

  return {
    run: async (order, abort) => {
      if (order.input !== undefined) {
        return { _tag: 'NotStarted', detail: `run ${order.command}: a unit has no standard input to be given` };
      }
      const notAsked = await free(order, abort);
      if (isAborted(abort)) return ABORTED;
      if (notAsked !== undefined) return notAsked;
      const started = await start(order);
      if (started._tag === 'NotStarted') return started;
      const isStarted = started._tag === 'Exited' && started.code === 0;
      // A run that fails at once may be told of as one that was not started.
      return isStarted || (await isThere(order))
        ? hear(order, abort)
        : { _tag: 'NotStarted', detail: `systemd-run: ${complaintOf(started)}` };
    },
    takeUp: async (order, abort) => ((await isThere(order)) ? { outcome: hear(order, abort) } : undefined),
  };
};
