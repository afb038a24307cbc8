import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ApplierName, APPLIERS, isLockConflict } from '../../src/domain/applier.ts';
import { CHEF_OUTCOMES, runOutcomeOf } from '../../src/domain/run-outcome.ts';
import { property } from '../support/property.ts';

const NAMES = ['chef', 'cinc', 'puppet', 'salt', 'ansible'] as const satisfies readonly ApplierName[];

/** The codes that an applier calls success, and nothing else does. */
const SUCCESSES: Readonly<Record<ApplierName, readonly number[]>> = {
  chef: [0, 35, 37],
  cinc: [0, 35, 37],
  puppet: [0, 2],
  salt: [0],
  ansible: [0],
};

/** What each says when another run is under way, as its sources have it; and the code that it then exits with. */
const CONFLICTS: Readonly<Record<ApplierName, readonly [code: number, output: string]>> = {
  chef: [
    1,
    '[2026-06-23T16:01:08+00:00] FATAL: Chef::Exceptions::RunLockTimeout: Unable to acquire lock. Waited 0 seconds for 4711 to release.',
  ],
  cinc: [1, 'FATAL: Chef::Exceptions::RunLockTimeout: Unable to acquire lock. Waited 0 seconds for 4711 to release.'],
  puppet: [
    1,
    'Notice: Run of Puppet configuration client already in progress; skipping  (/var/lib/puppet/state/agent_catalog_run.lock exists)',
  ],
  salt: [1, 'local:\n    - The function "state.apply" is running as PID 4411 and was started at 2026, Jun 23 16:01:08'],
  ansible: [75, ''],
};

const anApplier = fc.constantFrom(...NAMES);
const aCode = fc.integer({ min: 0, max: 255 });

const outcomeOf = (name: ApplierName, code: number, isAfterUpgrade = false) =>
  runOutcomeOf({ _tag: 'Exited', code }, isAfterUpgrade, APPLIERS[name].outcomes);

describe('N14: every applier has its own table', () => {
  property(
    'N14: the codes that are no success are failures, but for the upgrade of Chef',
    [anApplier, aCode],
    (name, code) => {
      const outcome = outcomeOf(name, code);
      const isUpgrade = CHEF_OUTCOMES === APPLIERS[name].outcomes && code === 213;
      expect(outcome._tag).toBe(SUCCESSES[name].includes(code) ? 'Succeeded' : isUpgrade ? 'Upgraded' : 'Failed');
    },
  );

  property('N14: a failure names its code', [anApplier, aCode], (name, code) => {
    const outcome = outcomeOf(name, code);
    if (outcome._tag === 'Failed') expect(outcome.detail).toContain(`exit code ${code}`);
  });

  property('N14: after an upgrade there is no other', [anApplier, aCode], (name, code) => {
    expect(outcomeOf(name, code, true)._tag).not.toBe('Upgraded');
  });

  property('N14: what did not exit by itself is a failure by the same name, whoever applies', [anApplier], (name) => {
    const table = APPLIERS[name].outcomes;
    expect(runOutcomeOf({ _tag: 'TimedOut' }, false, table)).toEqual(runOutcomeOf({ _tag: 'TimedOut' }));
    expect(runOutcomeOf({ _tag: 'LockHeld' }, false, table)).toMatchObject({ _tag: 'Failed', name: 'LockHeld' });
  });

  it('N14: a reboot is pending after 35 and 37 of Chef only', () => {
    const pending = NAMES.flatMap((name) =>
      Array.from({ length: 256 }, (_, code) => code).flatMap((code) => {
        const outcome = outcomeOf(name, code);
        return outcome._tag === 'Succeeded' && outcome.rebootPending ? [`${name} ${code}`] : [];
      }),
    );
    expect(pending).toEqual(['chef 35', 'chef 37', 'cinc 35', 'cinc 37']);
  });
});

describe('N13: a run that leaves for another one', () => {
  it.each(NAMES)('N13: %s is told apart by what it says', (name) => {
    const [code, output] = CONFLICTS[name];
    expect(isLockConflict(APPLIERS[name], code, `before\n${output}\nafter`)).toBe(true);
    expect(isLockConflict(APPLIERS[name], code + 1, output)).toBe(false);
    if (output !== '') expect(isLockConflict(APPLIERS[name], code, 'a recipe failed')).toBe(false);
  });

  property('N13: a success is never a conflict, whatever it says', [anApplier, fc.string()], (name, words) => {
    for (const code of SUCCESSES[name]) expect(isLockConflict(APPLIERS[name], code, words)).toBe(false);
  });

  it('N13: a Puppet that its owner has wait for another run, and that has waited for too long, leaves for it', () => {
    const output = 'Notice: Exiting now because the maxwaitforlock timeout has been exceeded.';
    expect(isLockConflict(APPLIERS.puppet, 1, output)).toBe(true);
  });

  it.each([
    ['puppet', 'Notice: Skipping run of Puppet configuration client; administratively disabled'],
    ['puppet', 'Error: Could not retrieve catalog from remote server'],
    ['salt', "local:\n    - No matching sls found for 'web' in env 'base'"],
    ['chef', 'FATAL: Errno::ECONNREFUSED: Connection refused - connect(2) for "chef.example.com" port 443'],
  ] as const)('N13: what else makes %s exit 1 is no conflict: %s', (name, output) => {
    expect(isLockConflict(APPLIERS[name], 1, output)).toBe(false);
  });

  it('N14: the table of Ansible gives the code of its lock no other meaning', () => {
    expect(APPLIERS.ansible.outcomes.has(APPLIERS.ansible.lock.code)).toBe(false);
  });

  it('N13: none waits for another run, and none splays by itself', () => {
    const words = (name: ApplierName): string => (APPLIERS[name].command ?? []).join(' ');
    expect(words('chef')).toContain('--run-lock-timeout 0');
    expect(words('cinc')).toBe(words('chef').replace('chef-client', 'cinc-client'));
    expect(words('puppet')).toContain('--no-splay');
    expect(words('salt')).toContain('queue=False');
    // Nobody but its owner knows the URL of the playbook.
    expect(APPLIERS.ansible.command).toBeUndefined();
  });
});
