import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { ProcessOrder, ProcessOutcome, ProcessRunner } from '../../ports/process-runner.ts';
import { type OutputTail, outputTail } from './output-tail.ts';
import { processGroup } from './process-group.ts';
import { startTimer } from './timer.ts';

/** How a child ended by itself, as `exit` tells it. */
interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type StopCause = Extract<ProcessOutcome, { _tag: 'Stopped' }>['cause'];

/**
 * After the exit, output that was written before it may still lie in the pipe. It is read in turns of the event loop, each
 * of which takes all that is there; so many without any mean that the pipe is empty, and at most so many are taken where a
 * grandchild keeps writing (fault 50).
 */
const QUIET_TURNS = 2;
const TURNS_MAX = 50;

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const drainWhatIsThere = async (tail: OutputTail): Promise<void> => {
  let quiet = 0;
  for (let turn = 0; turn < TURNS_MAX && quiet < QUIET_TURNS; turn++) {
    const before = tail.pieces();
    await nextTurn();
    quiet = tail.pieces() === before ? quiet + 1 : 0;
  }
};

/** Whatever still holds the pipe may go on writing, and neither blocks nor keeps this process alive. */
const letGo = (pipe: Readable | null): void => {
  if (pipe instanceof Socket) pipe.unref();
};

const notStarted = ({ command, cwd }: ProcessOrder, error: unknown): ProcessOutcome => {
  const reason = error instanceof Error ? error.message : String(error);
  const where = cwd === undefined ? '' : ` in ${cwd}`;
  return {
    _tag: 'NotStarted',
    detail: `run ${command}${where}: ${reason}; expected an executable${cwd === undefined ? '' : ' and a directory'} that this user may use`,
  };
};

const launch = ({ command, args, env, cwd, input }: ProcessOrder): ChildProcess =>
  spawn(command, args, {
    // A group of its own: a stop reaches all that the run started, and what stops us does not stop the run.
    detached: true,
    env,
    shell: false,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });

const outcomeOf = ({ code, signal }: Exit, stopped: StopCause | undefined, tail: OutputTail): ProcessOutcome => {
  const text = tail.text();
  if (stopped !== undefined) return { _tag: 'Stopped', cause: stopped, outputTail: text };
  if (signal !== null) return { _tag: 'Signalled', signal, outputTail: text };
  return { _tag: 'Exited', code: code ?? 0, outputTail: text };
};

const run = async (order: ProcessOrder, abort: AbortSignal | undefined): Promise<ProcessOutcome> => {
  if (abort?.aborted === true) return { _tag: 'Stopped', cause: 'Aborted', outputTail: '' };
  const tail = outputTail(order.outputTailBytes);
  let child: ChildProcess;
  try {
    child = launch(order);
  } catch (error) {
    return notStarted(order, error);
  }
  // Attached before anything is awaited: an event that nobody listens to is lost, an error thrown.
  const ended = new Promise<Exit | { readonly error: Error }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', (error) => resolve({ error }));
  });
  for (const pipe of [child.stdout, child.stderr]) {
    pipe?.on('data', tail.add);
    pipe?.on('error', () => undefined);
  }
  // Whoever does not read it, or ends before, breaks the pipe; and one that is full holds nothing up here.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(order.input);
  if (child.pid === undefined) {
    const failure = await ended;
    return notStarted(order, 'error' in failure ? failure.error : new Error('no process was made'));
  }

  const group = processGroup(child.pid);
  let stopped: StopCause | undefined;
  let isKilled = false;
  let callOffKill = (): void => undefined;
  const stop = (cause: StopCause): void => {
    if (stopped !== undefined) return;
    stopped = cause;
    group.send('SIGINT');
    callOffKill = startTimer(order.graceMs, () => {
      group.send('SIGKILL');
      isKilled = true;
    });
  };
  const onAbort = (): void => stop('Aborted');
  const callOffLimit = startTimer(order.timeLimitMs, () => stop('TimeLimit'));
  abort?.addEventListener('abort', onAbort, { once: true });

  const exit = await ended;
  callOffLimit();
  abort?.removeEventListener('abort', onAbort);
  if (stopped !== undefined) await group.gone(() => isKilled);
  callOffKill();
  await drainWhatIsThere(tail);
  letGo(child.stdout);
  letGo(child.stderr);
  child.stdin?.destroy();
  return 'error' in exit ? notStarted(order, exit.error) : outcomeOf(exit, stopped, tail);
};

/**
 * Runs processes of this machine, each the leader of a process group of its own and without a shell.
 *
 * A name without a slash is looked up on the `PATH` of the order's own environment. Standard input is what the order has, or
 * empty; output and error output are drained as they come, and their common tail is kept. A run that ends by itself leaves alone what it
 * started in the background, as a recipe may start a daemon; a run that is stopped leaves nothing of its group.
 */
export const childProcessRunner = (): ProcessRunner => ({ run });
