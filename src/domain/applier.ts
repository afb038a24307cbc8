/**
 * Who applies the configuration to a node: Chef, or another that is called in the same way. Each is a command to run, a
 * table of what its exit codes mean (law N14), and how it says that another run is under way (law N13). All of it is data.
 *
 * @module
 */
import { CHEF_OUTCOMES, type OutcomeTable, runFailed, runSucceeded } from './run-outcome.ts';

/** The appliers that are known. */
export type ApplierName = 'chef' | 'cinc' | 'puppet' | 'salt' | 'ansible';

/** How a run says that it left because another one was under way. */
export interface LockConflict {
  /** It exits with this code … */
  readonly code: number;
  /** … and, where that code has other meanings too, its output holds one of these; none: the code is enough. */
  readonly says: readonly string[];
}

/** An applier. */
export interface Applier {
  /** The executable and its arguments; none where they cannot be known beforehand. It must not wait for another run. */
  readonly command: readonly string[] | undefined;
  readonly outcomes: OutcomeTable;
  readonly lock: LockConflict;
}

/** Seen with 16.18, 17.10 and 18.11. Given no time to wait, it leaves as soon as its run lock is not to be had. */
const CHEF: Applier = {
  command: ['chef-client', '--once', '--run-lock-timeout', '0'],
  outcomes: CHEF_OUTCOMES,
  // The same code as of any failure: only the words of the exception tell.
  lock: { code: 1, says: ['Unable to acquire lock. Waited', 'RunLockTimeout'] },
};

/** Chef Infra Client as the community builds it. */
const CINC: Applier = { ...CHEF, command: ['cinc-client', '--once', '--run-lock-timeout', '0'] };

/**
 * Seen with 7.23; codes as in puppet-agent(8). It leaves when another run is under way, unless `waitforlock` of its own
 * configuration has it wait, for `maxwaitforlock` at most.
 */
const PUPPET: Applier = {
  command: [
    ...['puppet', 'agent', '--onetime', '--no-daemonize'],
    // An old catalogue that is applied because the new one could not be had is no success of the new version.
    '--no-usecacheonfailure',
    // The Summoner splays.
    '--no-splay',
    // Without them a run whose resources failed exits 0.
    '--detailed-exitcodes',
    // To syslog, by default.
    ...['--logdest', 'console'],
  ],
  outcomes: new Map([
    [0, runSucceeded()],
    [2, runSucceeded()],
    [1, runFailed('Failed', 'exit code 1: the run failed, or was not made, as where the agent is disabled')],
    [4, runFailed('Failed', 'exit code 4: resources failed')],
    [6, runFailed('Failed', 'exit code 6: some resources were changed, and some failed')],
  ]),
  lock: { code: 1, says: ['already in progress; skipping', 'maxwaitforlock timeout has been exceeded'] },
};

/**
 * Whether from a master or from files of its own, the minion's configuration says. Codes as in Salt's documentation of
 * return codes; a conflict is one of the errors of its state compiler.
 */
const SALT: Applier = {
  // Without the passing through, older releases exit 0 when a state has failed.
  command: ['salt-call', '--retcode-passthrough', 'state.apply', 'queue=False'],
  outcomes: new Map([
    [0, runSucceeded()],
    [1, runFailed('Failed', 'exit code 1: the states were not applied')],
    [2, runFailed('Failed', 'exit code 2: states failed')],
    [5, runFailed('ConfigurationFailed', 'exit code 5: the pillar cannot be compiled')],
  ]),
  lock: { code: 1, says: ['is running as PID'] },
};

/**
 * Where the playbook lies only its owner knows. Since ansible-pull knows no lock, the command begins with
 * `flock --nonblock --conflict-exit-code 75 FILE`. Seen with ansible-core 2.14; codes as its command line has them.
 */
const ANSIBLE: Applier = {
  command: undefined,
  outcomes: new Map([
    [0, runSucceeded()],
    [2, runFailed('Failed', 'exit code 2: tasks failed, or the options are faulty, or the repository was not reached')],
    [4, runFailed('Failed', 'exit code 4: the playbook cannot be read, or the host was not reached')],
    [5, runFailed('ConfigurationFailed', 'exit code 5: the options are faulty')],
    [99, runFailed('Killed', 'exit code 99: stopped by SIGINT')],
  ]),
  lock: { code: 75, says: [] },
};

/** Every applier by its name. */
export const APPLIERS: Readonly<Record<ApplierName, Applier>> = {
  chef: CHEF,
  cinc: CINC,
  puppet: PUPPET,
  salt: SALT,
  ansible: ANSIBLE,
};

/** Whether a run that exited so left because another one was under way, and so says nothing of the configuration. */
export const isLockConflict = ({ lock }: Applier, code: number, output: string): boolean =>
  code === lock.code && (lock.says.length === 0 || lock.says.some((words) => output.includes(words)));
