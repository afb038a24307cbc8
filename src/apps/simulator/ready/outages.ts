/**
 * Ready scenarios of parts that are away for long, and of a freeze, in which people keep everything as it is.
 *
 * @module
 */
import type { ScenarioJson } from '../scenario-json.ts';

/** The scenarios, as documents. */
export const OUTAGES: readonly ScenarioJson[] = [
  {
    name: 'freeze',
    about: 'the whole plan is held from Friday evening to Monday morning, and artifacts come nevertheless',
    plan: 'slack',
    starts_at: '2026-01-09T00:00:00Z',
    lasts: '4d',
    fleet: 160,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '15h15m' },
      { version: '1.2.0', at: '1d10h' },
      { version: '1.3.0', at: '2d10h' },
    ],
    operators: [{ at: '18h', does: 'hold', id: 'weekend', scope: 'plan', for: '62h' }],
  },
  {
    name: 'stack-down',
    about: "one stack's Chef server is down for a night, in the middle of a release",
    plan: 'slack',
    lasts: '2d',
    fleet: 160,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '16h15m' },
      { version: '1.2.0', at: '1d4h15m' },
    ],
    faults: [{ kind: 'chef-server-down', at: '20h', for: '10h', on: { stacks: ['basalt'] } }],
  },
  {
    name: 'bus-down-two-days',
    about: 'no signal reaches any node for two days; the compliance floor brings what is released',
    plan: 'slack',
    lasts: '4d',
    fleet: 160,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '8h15m' },
      { version: '1.2.0', at: '1d8h15m' },
      { version: '1.3.0', at: '3d8h15m' },
    ],
    faults: [{ kind: 'bus-down', at: '12h', for: '2d' }],
  },
  {
    name: 'librarian-dead-for-a-day',
    about: 'nobody ticks for a day; then the train goes on where it stood, one step at a time',
    plan: 'slack',
    lasts: '3d',
    fleet: 160,
    installed: '1.0.0',
    stream: { every: '6h' },
    faults: [{ kind: 'librarian-down', at: '10h', for: '1d' }],
  },
];
