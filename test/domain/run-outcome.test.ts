import { describe, expect, it } from 'vitest';
import { type RunOutcome, runOutcomeOf } from '../../src/domain/run-outcome.ts';

const exited = (code: number, isAfterUpgrade = false): RunOutcome =>
  runOutcomeOf({ _tag: 'Exited', code }, isAfterUpgrade);

/** What Chef Infra Client says with a code; every other one is a failure without a name of its own. */
const NAMED: Readonly<Record<number, string>> = {
  0: 'Succeeded',
  2: 'Failed: Killed',
  3: 'Failed: Killed',
  35: 'Succeeded, reboot pending',
  37: 'Succeeded, reboot pending',
  41: 'Failed: RebootFailed',
  43: 'Failed: ConfigurationFailed',
  172: 'Failed: LicenceMissing',
  173: 'Failed: LicenceMissing',
  174: 'Failed: LicenceMissing',
  213: 'Upgraded',
};

const inWords = (outcome: RunOutcome): string => {
  switch (outcome._tag) {
    case 'Succeeded':
      return outcome.rebootPending ? 'Succeeded, reboot pending' : 'Succeeded';
    case 'Upgraded':
      return 'Upgraded';
    case 'Failed':
      return `Failed: ${outcome.name}`;
  }
};

describe('N14: what the end of a run means', () => {
  it.each(Array.from({ length: 256 }, (_, code) => code))('N14: exit code %i', (code) => {
    const outcome = exited(code);
    expect(inWords(outcome)).toBe(NAMED[code] ?? 'Failed: Failed');
    if (outcome._tag === 'Failed') expect(outcome.detail).toContain(`exit code ${code}`);
  });

  it('N14: a second upgrade in a row is a failure, and nothing else changes after an upgrade', () => {
    expect(inWords(exited(213, true))).toBe('Failed: UpgradedTwice');
    for (const code of Object.keys(NAMED).map(Number)) {
      if (code !== 213) expect(exited(code, true)).toEqual(exited(code));
    }
  });

  it('N14, fault 52: killed, over time, never started and interrupted are failures by name', () => {
    expect(runOutcomeOf({ _tag: 'Killed', by: 'SIGKILL' })).toEqual({
      _tag: 'Failed',
      name: 'Killed',
      detail: 'killed by SIGKILL',
    });
    expect(inWords(runOutcomeOf({ _tag: 'TimedOut' }))).toBe('Failed: TimedOut');
    expect(runOutcomeOf({ _tag: 'NotStarted', detail: 'ENOENT' })).toEqual({
      _tag: 'Failed',
      name: 'NotStarted',
      detail: 'ENOENT',
    });
    expect(inWords(runOutcomeOf({ _tag: 'Interrupted' }))).toBe('Failed: Interrupted');
  });

  it('N14: a code that no process has is a failure too', () => {
    for (const code of [-1, 256, 213.5, Number.NaN]) expect(exited(code)._tag).toBe('Failed');
  });
});
