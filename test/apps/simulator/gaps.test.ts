/**
 * How far apart two successes of a node may lie: the window, and on top of it what one fault can cost at most.
 */
import { describe, expect, it } from 'vitest';
import type { FaultJson } from '../../../src/apps/simulator/document/faults.ts';
import { FAULT_KINDS } from '../../../src/apps/simulator/fault-kinds.ts';
import type { NodeFaultKind, SharedFaultKind } from '../../../src/apps/simulator/scenario.ts';
import type { ScenarioJson } from '../../../src/apps/simulator/scenario-json.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import { formatDuration, HOUR_MS, MINUTE_MS } from '../../../src/domain/time.ts';
import { expectLawful, scenarioOf } from '../../support/small-scenarios.ts';

const WINDOW_MS = 12 * HOUR_MS;
/** As long as a fault that lasts is made to last. */
const LASTS_MS = 2 * HOUR_MS;
const RUN_MS = 6 * MINUTE_MS;
const TIME_LIMIT_MS = HOUR_MS;
/** The longest wait before a failed run is tried again. */
const RETRY_MS = 30 * MINUTE_MS;
const CATCH_UP_MS = 5 * MINUTE_MS;
/** From one look of the fallback to the next, and its place in the splay. */
const FALLBACK_MS = 5 * MINUTE_MS + 10 * MINUTE_MS;

/** What each kind of fault may add to the window, and why. */
const SLACK_MS: Readonly<Record<NodeFaultKind | SharedFaultKind, number>> = {
  // The run that died with its agent is tried again.
  'agent-killed': RETRY_MS + RUN_MS,
  rebooted: LASTS_MS + CATCH_UP_MS + RETRY_MS + RUN_MS,
  suspended: LASTS_MS + CATCH_UP_MS + RUN_MS,
  'clock-stepped': CATCH_UP_MS + RUN_MS,
  'disk-full': 0,
  'state-torn': RETRY_MS + RUN_MS,
  cloned: LASTS_MS + CATCH_UP_MS + RETRY_MS + RUN_MS,
  // The fallback acts at the end of the window, and has its own splay.
  'summoner-broken': FALLBACK_MS + RUN_MS,
  'run-hangs': TIME_LIMIT_MS + RETRY_MS + RUN_MS,
  'client-upgraded': 2 * RUN_MS,
  'agent-restarted': RETRY_MS + RUN_MS,
  'agent-upgraded': RETRY_MS + RUN_MS,
  'bus-down': 0,
  'bus-denied': 0,
  'bus-garbled': 0,
  'bus-replaying': 0,
  'bus-answers-lost': 0,
  'chef-server-down': LASTS_MS + RETRY_MS + RUN_MS,
  'pins-refused': 0,
  'librarian-down': 0,
  'librarian-killed': 0,
  'store-down': 0,
  'audit-unwritable': 0,
};

const LASTING: ReadonlySet<string> = new Set(
  FAULT_KINDS.filter(
    (kind) =>
      ![
        'agent-killed',
        'clock-stepped',
        'state-torn',
        'summoner-broken',
        'run-hangs',
        'client-upgraded',
        'agent-restarted',
        'agent-upgraded',
      ].includes(kind),
  ),
);

/** One fault of `kind` at every machine, or at all that they share, at an instant that the seed decides. */
const scenarioWith = (kind: NodeFaultKind | SharedFaultKind, seed: number): ScenarioJson => {
  const fault: FaultJson = {
    kind,
    at: formatDuration(((seed * 7_919) % (30 * 60)) * MINUTE_MS + 1_234),
    ...(LASTING.has(kind) ? { for: formatDuration(LASTS_MS) } : {}),
    ...(kind === 'clock-stepped' ? { step: seed % 2 === 0 ? '3h' : '-3h' } : {}),
  };
  return {
    name: 'one-fault',
    about: 'one fault of one kind, and how long a node goes without a success',
    plan: 'slack',
    lasts: '3d',
    fleet: 32,
    installed: '1.0.0',
    artifacts: [{ version: '1.1.0', at: '20h' }],
    runs: { shortest: '2m', longest: '6m', flaky_share: 0, time_limit: formatDuration(TIME_LIMIT_MS) },
    faults: [fault],
  };
};

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed + 1);

describe('N6: the gap between two successes is at most the window and the slack of the fault', () => {
  it.each(FAULT_KINDS)('N6: under %s', async (kind) => {
    for (const seed of SEEDS) {
      const document = scenarioWith(kind, seed);
      const result = await simulate(scenarioOf(document), { seed });
      expectLawful(document, result);
      expect(result.gaps.longestMs).toBeLessThanOrEqual(WINDOW_MS + SLACK_MS[kind]);
    }
  });

  it('N6: without any fault it is the window', async () => {
    const { gaps } = await simulate(scenarioOf({ ...scenarioWith('disk-full', 1), faults: [] }), { seed: 1 });
    expect(gaps.longestMs).toBeLessThanOrEqual(WINDOW_MS);
    expect(gaps.longestMs).toBeGreaterThan(WINDOW_MS - HOUR_MS);
  });

  it('control: a broken Summoner without a fallback leaves its node behind', async () => {
    const document: ScenarioJson = { ...scenarioWith('summoner-broken', 1), fallback: 'none' };
    const { gaps } = await simulate(scenarioOf(document), { seed: 1 });
    expect(gaps.longestMs).toBeGreaterThan(WINDOW_MS + SLACK_MS['summoner-broken']);
    expect(gaps.isLongestOpen).toBe(true);
  });
});

describe('what counts as a gap', () => {
  const QUIET: ScenarioJson = {
    name: 'quiet',
    plan: 'slack',
    lasts: '3d',
    fleet: 32,
    runs: { flaky_share: 0 },
  };
  const outcomeOf = (document: ScenarioJson) => simulate(scenarioOf(document), { seed: 1 });
  const countOf = (byHour: readonly number[]): number => byHour.reduce((sum, count) => sum + count, 0);

  it('is between two successes, of which what is installed is one: as many as successes, and none for the end', async () => {
    const { counts, gaps } = await outcomeOf({ ...QUIET, installed: '1.0.0' });
    expect(counts.succeeded).toBeGreaterThan(32);
    expect(countOf(gaps.byHour)).toBe(counts.succeeded);
  });

  it('is none before the first success of a node that had nothing', async () => {
    const { counts, gaps } = await outcomeOf({ ...QUIET, artifacts: [{ version: '1.0.0', at: '1d' }] });
    expect(counts.succeeded).toBeGreaterThan(32);
    expect(countOf(gaps.byHour)).toBe(counts.succeeded - 32);
  });

  it('is open still where the time is over before anything succeeded', async () => {
    const { gaps } = await outcomeOf({ ...QUIET, lasts: '1m', installed: '1.0.0' });
    expect(gaps).toMatchObject({ byHour: [], longestMs: MINUTE_MS, isLongestOpen: true });
  });

  it('is none at all where nothing ever succeeded', async () => {
    const { gaps } = await outcomeOf({ ...QUIET, lasts: '1m' });
    expect(gaps).toMatchObject({ byHour: [], longestMs: 0, longestOn: undefined, isLongestOpen: false });
  });
});
