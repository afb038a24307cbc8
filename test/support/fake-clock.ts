/** A wall clock that a test sets while processes go by it: Debian's libfaketime reads how far it is off from a file. */
import { renameSync, writeFileSync } from 'node:fs';
import { type EpochMs, epochMs, SECOND_MS } from '../../src/domain/time.ts';
import { LIBFAKETIME } from './libfaketime.ts';

/** Whether the machine has faketime. */
export const canFakeTime = LIBFAKETIME !== undefined;

/** A wall clock that is off by as much as it was last set to. It runs on at the pace of the machine's. */
export interface FakeClock {
  /** What makes a process go by it. Its timers, and the time since the machine was started, stay what they are. */
  readonly env: Readonly<Record<string, string>>;
  /** What it shows. */
  readonly now: () => EpochMs;
  /** Sets it, for every process that goes by it, also while they run. */
  readonly set: (aheadMs: number) => void;
}

/** A clock whose setting is kept in `file`, and that is right at first. */
export const fakeClock = (file: string): FakeClock => {
  let aheadMs = 0;
  const set: FakeClock['set'] = (byMs) => {
    aheadMs = byMs;
    writeFileSync(`${file}.new`, `${byMs < 0 ? '' : '+'}${byMs / SECOND_MS}\n`);
    // A process looks at any moment, and must not find half of it.
    renameSync(`${file}.new`, file);
  };
  set(0);
  return {
    env: {
      LD_PRELOAD: LIBFAKETIME ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    now: () => epochMs(Date.now() + aheadMs),
    set,
  };
};
