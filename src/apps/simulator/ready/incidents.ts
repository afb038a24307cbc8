/**
 * Ready scenarios of nine incidents that other fleets had. Each sets up the circumstances in which a mistake hurt
 * there; without the mistake, nothing happens here.
 *
 * @module
 */
import type { ReleasePlanJson } from '../../../domain/release-plan.ts';
import { formatDuration, HOUR_MS, MINUTE_MS } from '../../../domain/time.ts';
import type { FaultJson } from '../document/faults.ts';
import type { ScenarioJson } from '../scenario-json.ts';

/** One environment that takes every artifact at the full hour, and spreads its runs over `splay` seconds. */
const oneStage = (splay: number): ReleasePlanJson => ({
  name: 'one-stage',
  stacks: ['basalt'],
  stages: [{ name: 'latest', kind: 'latest', environments: ['prod'], every: '1h', splay }],
});

/** Everybody's agent is killed, every ten minutes of the two hours over which the runs are spread. */
const RESTARTS: readonly FaultJson[] = Array.from({ length: 12 }, (_, i) => ({
  kind: 'agent-killed',
  at: formatDuration(2 * HOUR_MS + (5 + 10 * i) * MINUTE_MS),
}));

const REGIONS = ['africa', 'america', 'asia', 'australia', 'europe'];

/** The scenarios, as documents. */
export const INCIDENTS: readonly ScenarioJson[] = [
  {
    name: 'splay-redrawn',
    about: 'agents restart every ten minutes of a long splay: drawn anew each time, all runs come early',
    plan: oneStage(7_200),
    lasts: '6h',
    fleet: 200,
    installed: '1.0.0',
    artifacts: [{ version: '1.1.0', at: '1h30m' }],
    faults: RESTARTS,
  },
  {
    name: 'late-first-run',
    about: 'machines without any run before, and some that lose their state: whoever waits an interval first is late',
    plan: 'slack',
    lasts: '1d',
    fleet: 160,
    artifacts: [{ version: '1.0.0', at: '3h15m' }],
    faults: [{ kind: 'state-torn', at: '10h', on: { share: 0.3 } }],
  },
  {
    name: 'hung-lock',
    about:
      'half of the runs hang, their agents die beside them, and more work comes: nothing may queue behind the lock',
    plan: oneStage(900),
    lasts: '1d',
    fleet: 120,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '1h30m' },
      { version: '1.2.0', at: '3h30m' },
    ],
    runs: { time_limit: '4h' },
    faults: [
      { kind: 'run-hangs', at: '1h', on: { share: 0.5 } },
      { kind: 'agent-killed', at: '2h45m' },
    ],
    operators: [
      { at: '2h30m', does: 'run-now' },
      { at: '4h30m', does: 'run-now' },
    ],
  },
  {
    name: 'run-twice-after-reconnect',
    about: 'the bus goes and comes back, and shows old signals: whoever takes what is known for new runs it twice',
    plan: oneStage(300),
    lasts: '1d',
    fleet: 120,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '1h30m' },
      { version: '1.2.0', at: '3h30m' },
    ],
    faults: [
      { kind: 'bus-down', at: '2h15m', for: '30m' },
      { kind: 'bus-answers-lost', at: '3h55m', for: '10m' },
      { kind: 'bus-down', at: '4h15m', for: '15m' },
      { kind: 'bus-replaying', at: '4h30m', for: '30m' },
      { kind: 'bus-down', at: '6h15m', for: '1h' },
    ],
    operators: [{ at: '6h', does: 'run-now' }],
  },
  {
    name: 'rollback-undone',
    about: 'a bad artifact is rolled back while it is still the newest: the next departures must not bring it again',
    plan: 'slack',
    lasts: '1d12h',
    fleet: 160,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '2h30m', bad: [{}] },
      { version: '1.2.0', at: '20h30m' },
    ],
    operators: [{ at: '5h10m', does: 'rollback', environments: ['sandbox', 'dev', 'prod-1', 'prod-2', 'prod-3'] }],
  },
  {
    name: 'same-nodes-first',
    about: 'a dozen releases a day: if the splay knows the node only, the same nodes always meet a version first',
    plan: oneStage(3_600),
    lasts: '2d',
    fleet: 200,
    installed: '1.0.0',
    stream: { every: '2h' },
  },
  {
    name: 'doubled-configuration',
    about: 'an artifact has twice the cookbooks, and its signal twice the size, of any before: readers must not mind',
    plan: 'slack',
    lasts: '1d',
    fleet: 64,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '30m', cookbooks: 2_000 },
      { version: '1.2.0', at: '8h30m', cookbooks: 4_000 },
    ],
  },
  {
    name: 'blank-fields',
    about: 'every signal is garbage for longer than the window, then all is well at once: nobody may stampede',
    plan: 'slack',
    lasts: '2d',
    fleet: 300,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '30m' },
      { version: '1.2.0', at: '10h30m' },
    ],
    faults: [{ kind: 'bus-garbled', at: '9h', for: '16h' }],
  },
  {
    name: 'one-update-hour',
    about: 'all regions update in the same hour of the day, and every node was installed at the same instant',
    plan: {
      name: 'regions',
      stacks: ['basalt'],
      stages: REGIONS.map((region) => ({
        name: region,
        kind: 'latest',
        environments: [region],
        every: '24h',
        offset: '3h',
        splay: 3_600,
      })),
    },
    lasts: '3d',
    fleet: 300,
    installed: '1.0.0',
    artifacts: [
      { version: '1.1.0', at: '2h' },
      { version: '1.2.0', at: '1d2h' },
    ],
  },
];
