import type { Failure } from '../failure.ts';

/** The exit codes of every command, from sysexits(3). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 64,
  badData: 65,
  unavailable: 69,
  tryAgain: 75,
  notPermitted: 77,
  badConfiguration: 78,
} as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code that tells of `failure`. */
export const exitCodeOf = (failure: Failure): ExitCode => {
  switch (failure._tag) {
    case 'BadData':
    case 'Damaged':
      return EXIT.badData;
    case 'Refused':
    case 'NotFound':
      return EXIT.failed;
    case 'Unavailable':
      return EXIT.unavailable;
    case 'TryAgain':
    case 'Stale':
      return EXIT.tryAgain;
  }
};
