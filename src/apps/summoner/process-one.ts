/**
 * The Summoner as process 1, as in a container without an init. What a run leaves behind, such as a daemon that a recipe
 * has started, becomes a child of process 1 when its parent ends, and once it has ended itself it stays a zombie until
 * process 1 waits for it. Node waits only for what it has started; a shell waits for every child that it has. So a shell
 * takes the place of process 1, and the Summoner is its child (fault 61).
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Log } from '../log.ts';

/** The shell that takes the place of process 1. */
const INIT_SHELL = '/bin/sh';

/**
 * Starts its arguments, passes on what they are to be told, and ends as they end. A `wait` is over when a signal comes; one
 * that finds the status taken already answers 127.
 */
const INIT = `
"$@" & agent=$!
for signal in TERM INT HUP USR1; do trap "kill -s $signal $agent" $signal; done
while :; do
  wait $agent; code=$?
  kill -0 $agent 2>/dev/null && continue
  wait $agent; again=$?
  [ $again = 127 ] || code=$again
  exit $code
done`;

/** The arguments of the shell that make it start `command` and reap whatever becomes its child. */
export const initArguments = (command: readonly string[]): readonly string[] => [
  'sh',
  '-c',
  INIT,
  'signalbox-init',
  ...command,
];

/** What a process knows of itself, and how it gives its place to another: Node can since 22.15. */
export type ThisProcess = Pick<NodeJS.Process, 'pid' | 'execPath' | 'execve'>;

/** As process 1, gives its place to a shell and goes on as its child; any other process stays what it is. */
export const giveWayToInit = (process: ThisProcess, log: Log): void => {
  if (process.pid !== 1) return;
  if (process.execve === undefined || !existsSync(INIT_SHELL) || !existsSync('/proc/self/cmdline')) {
    log(
      'warn',
      'as process 1 it reaps nothing that runs leave behind; start it under an init, as docker run --init does',
    );
    return;
  }
  // As it was called, whether by Node or as an executable of its own.
  const [, ...args] = readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
  process.execve(INIT_SHELL, initArguments([process.execPath, ...args]));
};
