/**
 * What a run's end means (law N14): the exit code by the table of whoever applies the configuration, everything else
 * alike. Codes survive only where no wrapper flattens them.
 *
 * @module
 */

/** How a run's process ended, as far as its meaning goes. */
export type RunEnd =
  | { readonly _tag: 'Exited'; readonly code: number }
  /** Killed by a signal, ours or another's. */
  | { readonly _tag: 'Killed'; readonly by: string }
  | { readonly _tag: 'TimedOut' }
  /** It left because another run was under way, which nobody waits for (law N13). */
  | { readonly _tag: 'LockHeld' }
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
  | 'LockHeld'
  | 'TimedOut'
  | 'NotStarted'
  | 'RebootFailed'
  | 'ConfigurationFailed'
  | 'LicenceMissing'
  | 'UpgradedTwice';

/** What the exit codes of an applier mean. A code that is not in it is a failure without a name of its own. */
export type OutcomeTable = ReadonlyMap<number, RunOutcome>;

/** The outcome of a code that says success; a reboot may be pending. */
export const runSucceeded = (rebootPending = false): RunOutcome => ({ _tag: 'Succeeded', rebootPending });

/** The outcome of a code that says failure, by name. */
export const runFailed = (name: FailureName, detail: string): RunOutcome => ({ _tag: 'Failed', name, detail });

/** The outcome of a code that says that the client has replaced itself. */
export const CLIENT_UPGRADED: RunOutcome = { _tag: 'Upgraded' };

const LICENCE_MISSING = 'the licence is not set or not entitled';

/**
 * The exit codes of Chef Infra Client 18, and of what is built from its source: chef's client_exit_codes.md, and those that
 * end it before a run, of the licence's acceptance (172) and of its entitlement (173, 174).
 */
export const CHEF_OUTCOMES: OutcomeTable = new Map([
  [0, runSucceeded()],
  [35, runSucceeded(true)],
  [37, runSucceeded(true)],
  [213, CLIENT_UPGRADED],
  [2, runFailed('Killed', 'exit code 2: stopped by SIGINT')],
  [3, runFailed('Killed', 'exit code 3: stopped by SIGTERM')],
  [41, runFailed('RebootFailed', 'exit code 41: the reboot failed')],
  [43, runFailed('ConfigurationFailed', 'exit code 43: the configuration is faulty')],
  [172, runFailed('LicenceMissing', 'exit code 172: the licence is not accepted')],
  [173, runFailed('LicenceMissing', `exit code 173: ${LICENCE_MISSING}`)],
  [174, runFailed('LicenceMissing', `exit code 174: ${LICENCE_MISSING}`)],
]);

const outcomeOfExit = (code: number, isAfterUpgrade: boolean, table: OutcomeTable): RunOutcome => {
  const outcome = table.get(code) ?? runFailed('Failed', `exit code ${code}`);
  // Once: a client that upgrades itself on every run would never stop.
  return outcome._tag === 'Upgraded' && isAfterUpgrade
    ? runFailed('UpgradedTwice', `exit code ${code}: the client upgraded itself again right after it had done so`)
    : outcome;
};

/**
 * What `end` means.
 *
 * @param isAfterUpgrade - whether the run was the one that an upgraded client is answered with: a second upgrade is a
 * failure.
 * @param table - what the exit codes mean; those of Chef unless somebody else applies the configuration.
 */
export const runOutcomeOf = (end: RunEnd, isAfterUpgrade = false, table: OutcomeTable = CHEF_OUTCOMES): RunOutcome => {
  switch (end._tag) {
    case 'Exited':
      return outcomeOfExit(end.code, isAfterUpgrade, table);
    case 'Killed':
      return runFailed('Killed', `killed by ${end.by}`);
    case 'TimedOut':
      return runFailed('TimedOut', 'ran longer than its time limit');
    case 'LockHeld':
      return runFailed('LockHeld', 'another run was under way');
    case 'NotStarted':
      return runFailed('NotStarted', end.detail);
    case 'Interrupted':
      return runFailed('Interrupted', 'the agent ended before the run did');
  }
};
