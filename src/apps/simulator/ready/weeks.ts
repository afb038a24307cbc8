/**
 * Ready scenarios of ordinary life: how the published plan runs when little goes wrong, and when as much does as usual.
 *
 * @module
 */
import type { ScenarioJson } from '../scenario-json.ts';

/** The scenarios, as documents. */
export const WEEKS: readonly ScenarioJson[] = [
  {
    name: 'quiet-week',
    about: 'a week of the published plan with three releases, and nothing that goes wrong',
    plan: 'slack',
    lasts: '7d',
    fleet: 200,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '10h' },
      { version: '1.2.0', at: '2d10h' },
      { version: '1.3.0', at: '4d10h' },
    ],
    runs: { flaky_share: 0 },
  },
  {
    name: 'slack-day',
    about: 'the published timetable: from half an hour before X, six artifacts that come an hour apart',
    plan: 'slack',
    starts_at: '2026-01-04T23:30:00Z',
    lasts: '1d',
    fleet: 160,
    installed: '20260104.1767569400.0',
    artifacts: [
      { version: '20260104.1767570300.0', at: '15m' },
      { version: '20260105.1767573900.0', at: '1h15m' },
      { version: '20260105.1767577500.0', at: '2h15m' },
      { version: '20260105.1767581100.0', at: '3h15m' },
      { version: '20260105.1767584700.0', at: '4h15m' },
      { version: '20260105.1767588300.0', at: '5h15m' },
    ],
  },
  {
    name: 'default-faults',
    about: 'a week in which everything goes wrong as often as it does in a large fleet',
    plan: 'slack',
    lasts: '7d',
    fleet: 500,
    installed: '1.0.0',
    stream: { every: '4h', bad_share: 0.03 },
    faults: 'default',
  },
  {
    name: 'year',
    about: 'a year of ten thousand nodes on two stacks and eight environments, with the default faults',
    plan: 'slack',
    lasts: '365d',
    fleet: 10_000,
    installed: '1.0.0',
    stream: { every: '6h', bad_share: 0.02 },
    faults: 'default',
  },
];
