/**
 * Ready scenarios of artifacts that do harm, and of what stops them.
 *
 * @module
 */
import type { ScenarioJson } from '../scenario-json.ts';

/** The scenarios, as documents. */
export const BAD_ARTIFACTS: readonly ScenarioJson[] = [
  {
    name: 'broken-summoner',
    about: 'an artifact breaks every Summoner; the fallback brings the one that mends them',
    plan: 'slack',
    lasts: '3d',
    fleet: 160,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '2h15m', breaks_summoner: true },
      { version: '1.2.0', at: '12h15m' },
    ],
  },
  {
    name: 'bad-on-late-stops',
    about: 'an artifact that does well until it reaches the later half of the train, and is rolled back there',
    plan: 'slack',
    lasts: '2d',
    fleet: 160,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '2h15m', bad: [{ on: 'late-stops' }] },
      { version: '1.2.0', at: '14h15m' },
    ],
    operators: [
      {
        at: '9h',
        does: 'rollback',
        environments: ['sandbox', 'dev', 'prod-1', 'prod-2', 'prod-3', 'prod-4', 'prod-5', 'prod-6'],
      },
    ],
  },
  {
    name: 'bad-canary',
    about:
      'an artifact that fails on the canary only; an operator rolls it back and rejects it before the train goes on',
    plan: 'slack',
    lasts: '2d',
    fleet: 160,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '2h15m', bad: [{ on: 'canary' }] },
      { version: '1.2.0', at: '8h15m' },
    ],
    operators: [
      { at: '4h10m', does: 'rollback', environments: ['prod-1', 'prod-2'] },
      { at: '4h15m', does: 'reject', version: '1.1.0' },
    ],
  },
];
