/**
 * Debian's libfaketime, which tells the processes that load it another time. It is loaded without the command faketime(1):
 * what that shares with all that it starts, it leaves behind in memory when it is killed.
 */
import { globSync } from 'node:fs';

/** The library, in the directory of the machine's architecture; none where faketime is not installed. */
export const [LIBFAKETIME] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');

/** What makes a process, and all that it starts, live at an instant that does not pass. */
export const frozenAt = (epochSeconds: number): Readonly<Record<string, string>> => ({
  LD_PRELOAD: LIBFAKETIME ?? '',
  FAKETIME: new Date(epochSeconds * 1_000).toISOString().slice(0, 19).replace('T', ' '),
  TZ: 'UTC',
});
