/** Processes whose clocks run faster, by libfaketime: all clocks, timers and sleeps of them and of their children. */
import { LIBFAKETIME } from './libfaketime.ts';

/**
 * The time since the machine was started is read from the kernel, past libfaketime: a Node process is told it by the same
 * clock as the time of day. So they never differ, as they do when a machine lets a process wait between two looks.
 */
const UPTIME = `
import os from 'node:os';
import { syncBuiltinESMExports } from 'node:module';
os.uptime = () => Date.now() / 1_000;
syncBuiltinESMExports();`;

export const canCompressTime: boolean = LIBFAKETIME !== undefined;

/** An instant of a clock that runs `speed` times as fast as ours, and that shows `startMs` now, in epoch milliseconds. */
export interface CompressedClock {
  readonly now: () => number;
  /** What a process that starts now needs in its environment to have this clock, to a second of its own. */
  readonly environment: () => Readonly<Record<string, string>>;
}

/** A clock that is compressed. */
export const compressedClock = (startMs: number, speed: number): CompressedClock => {
  const since = performance.now();
  const now = (): number => Math.floor(startMs + (performance.now() - since) * speed);
  return {
    now,
    environment: () => ({
      LD_PRELOAD: LIBFAKETIME ?? '',
      FAKETIME_FMT: '%s',
      // It takes whole seconds; the later one, so that no clock that is started after another is far behind it.
      FAKETIME: `@${Math.ceil(now() / 1_000)} x${speed}`,
      // The times of files are real: they are compared with each other only.
      NO_FAKE_STAT: '1',
      // A child starts where its parent's clock is, and not where that one started.
      FAKETIME_DONT_RESET: '1',
      TZ: 'UTC',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(UPTIME)}`,
    }),
  };
};
