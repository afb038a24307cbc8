/** A process that runs until it is told to stop, and what it writes meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MAIN } from './run-signalbox.ts';

/** Anything that a test waits for comes within so long, or never. */
const DEADLINE_MS = 30_000;
const LOOK_MS = 20;

/** Waits until `answer` is something, looking again and again, and gives up with `what` at a deadline. */
export const eventually = async <A>(what: string, answer: () => A | undefined | false): Promise<A> => {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const got = answer();
    if (got !== undefined && got !== false) return got;
    if (performance.now() > deadline) throw new Error(`expected ${what} within ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

export interface DaemonProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The whole lines of its two outputs so far. */
  readonly lines: () => readonly string[];
  /** Resolves with the first line that `isIt` among those after the first `after`. */
  readonly line: (what: string, isIt: (line: string) => boolean, after?: number) => Promise<string>;
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly stop: () => Promise<number | NodeJS.Signals | null>;
}

/** Starts a process, and keeps what it writes. */
export const startProcess = (
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): DaemonProcess => {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const lines = (): readonly string[] => text.split('\n').slice(0, -1);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(code ?? signal);
    });
  });
  return {
    child,
    pid: child.pid ?? 0,
    lines,
    line: async (what, isIt, after = 0) => {
      try {
        return await eventually(what, () => lines().slice(after).find(isIt));
      } catch (error) {
        throw new Error(`${String(error)}; it wrote: ${text}`, { cause: error });
      }
    },
    ended,
    stop: () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      return ended;
    },
  };
};

/** Starts the executable. */
export const startSignalbox = (
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): DaemonProcess => startProcess(process.execPath, [MAIN, ...args], cwd, env);

const RECEIVER = fileURLToPath(new URL('./scripts/notify-receiver.py', import.meta.url));

/** A service manager's end of the socket that daemons tell it by. */
export interface NotifyReceiver {
  /** What was told so far, each message as its variables; what only waits for being heard is left out. */
  readonly told: () => readonly Readonly<Record<string, string>>[];
  readonly stop: () => Promise<unknown>;
}

/** Listens at `socket`. It takes Python, because Node has no datagram sockets of the local kind. */
export const startNotifyReceiver = async (socket: string): Promise<NotifyReceiver> => {
  const receiver = startProcess('python3', [RECEIVER, socket], '/');
  await receiver.line('the receiver to listen', (line) => line === '"bound"');
  return {
    told: () =>
      receiver
        .lines()
        .slice(1)
        .map((line) => JSON.parse(line) as string)
        .filter((message) => message !== 'BARRIER=1')
        .map((message) =>
          Object.fromEntries(
            message.split('\n').map((pair) => {
              const at = pair.indexOf('=');
              return [pair.slice(0, at), pair.slice(at + 1)] as const;
            }),
          ),
        ),
    stop: receiver.stop,
  };
};

/** A JSON document that is written whole, or nothing while it is not there. */
export const jsonFile = (path: string): Readonly<Record<string, unknown>> | undefined =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>) : undefined;
