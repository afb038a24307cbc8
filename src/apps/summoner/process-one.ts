/**
 * The Summoner as process 1, as in a container without an init. What a run leaves behind, such as a daemon that a recipe
 * has started, becomes a child of process 1 when its parent ends, and once it has ended itself it stays a zombie until
 * process 1 waits for it. Node waits only for what it has started; a shell waits for every child that it has. So a shell
 * takes the place of process 1, and the Summoner is its child (fault 61).
 *
 * @module
 */

/** The shell that takes the place of process 1. */
export const INIT_SHELL = '/bin/sh';

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

/** The arguments of {@link INIT_SHELL} that make it start `command` and reap whatever becomes its child. */
export const initArguments = (command: readonly string[]): readonly string[] => [
  'sh',
  '-c',
  INIT,
  'signalbox-init',
  ...command,
];
