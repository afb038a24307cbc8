/**
 * What a run's end means (law N14). The codes are those of Chef Infra Client 18; they survive only where no wrapper
 * flattens them.
 *
 * @module
 */

/** How a run's process ended, as far as its meaning goes. */
export type RunEnd =
  | { readonly _tag: 'Exited'; readonly code: number }
  /** Killed by a signal, ours or another's. */
  | { readonly _tag: 'Killed'; readonly by: string }
  | { readonly _tag: 'TimedOut' }
  | { readonly _tag: 'NotStarted'; readonly detail: string }
  /** The agent was gone when the run ended, so nobody knows how. */
  | { readonly _tag: 'Interrupted' };

/** What that means. */
export type RunOutcome =
  | { readonly _tag: 'Succeeded'; readonly rebootPending: boolean }
  /** The client replaced itself: run again at once, once. */
  | { readonly _tag: 'Upgraded' }
  /** `name` is from a closed set, fit for a metric label; `detail` is for people. */
  | { readonly _tag: 'Failed'; readonly name: FailureName; readonly detail: string };

/** Why a run failed. */
export type FailureName =
  | 'Failed'
  | 'Interrupted'
  | 'Killed'
  | 'TimedOut'
  | 'NotStarted'
  | 'RebootFailed'
  | 'ConfigurationFailed'
  | 'LicenceMissing'
  | 'UpgradedTwice';

const SUCCEEDED: RunOutcome = { _tag: 'Succeeded', rebootPending: false };
const SUCCEEDED_REBOOT_PENDING: RunOutcome = { _tag: 'Succeeded', rebootPending: true };
const UPGRADED: RunOutcome = { _tag: 'Upgraded' };

const UPGRADED_TWICE = 'exit code 213: the client upgraded itself again right after it had done so';

const failed = (name: FailureName, detail: string): RunOutcome => ({ _tag: 'Failed', name, detail });

const outcomeOfExit = (code: number, isAfterUpgrade: boolean): RunOutcome => {
  switch (code) {
    case 0:
      return SUCCEEDED;
    case 35:
    case 37:
      return SUCCEEDED_REBOOT_PENDING;
    case 213:
      // Once: a client that upgrades itself on every run would never stop.
      return isAfterUpgrade ? failed('UpgradedTwice', UPGRADED_TWICE) : UPGRADED;
    case 2:
      return failed('Killed', 'exit code 2: stopped by SIGINT');
    case 3:
      return failed('Killed', 'exit code 3: stopped by SIGTERM');
    case 41:
      return failed('RebootFailed', 'exit code 41: the reboot failed');
    case 43:
      return failed('ConfigurationFailed', 'exit code 43: the configuration is faulty');
    case 173:
    case 174:
      return failed('LicenceMissing', `exit code ${code}: the licence is not set or not entitled`);
    default:
      return failed('Failed', `exit code ${code}`);
  }
};

/**
 * What `end` means.
 *
 * @param isAfterUpgrade - whether the run was the one that an upgraded client is answered with: a second upgrade is a
 * failure.
 */
export const runOutcomeOf = (end: RunEnd, isAfterUpgrade = false): RunOutcome => {
  switch (end._tag) {
    case 'Exited':
      return outcomeOfExit(end.code, isAfterUpgrade);
    case 'Killed':
      return failed('Killed', `killed by ${end.by}`);
    case 'TimedOut':
      return failed('TimedOut', 'ran longer than its time limit');
    case 'NotStarted':
      return failed('NotStarted', end.detail);
    case 'Interrupted':
      return failed('Interrupted', 'the agent ended before the run did');
  }
};
