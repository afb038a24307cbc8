/**
 * Nine incidents that other fleets had: each happens again in its ready scenario when the mistake is put in, with the very
 * harm that it did there, and does not happen without it.
 */
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, test } from 'vitest';
import { type Programs, SHIPPED } from '../../../src/apps/simulator/programs.ts';
import { READY_SCENARIOS } from '../../../src/apps/simulator/ready/ready-scenarios.ts';
import { nodesIn } from '../../../src/apps/simulator/resize-scenario.ts';
import type { Scenario } from '../../../src/apps/simulator/scenario.ts';
import { hashFraction } from '../../../src/domain/hash.ts';
import type { NodeState } from '../../../src/domain/node-state.ts';
import { step } from '../../../src/domain/summoner.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../../src/domain/time.ts';
import { deadAgent, keepsNoRejections, withoutDedup } from '../../support/broken-programs.ts';
import { BROKEN_SUMMONERS } from '../../support/broken-summoners.ts';
import { peakOf, record, type RecordedRun, type Recording, waitsFor } from '../../support/recorded-runs.ts';
import { CORRELATION_LIMIT, rankCorrelation } from '../../support/statistics.ts';

type Step = Programs['step'];

const ready = (name: string): Scenario => {
  const scenario = READY_SCENARIOS.get(name);
  if (scenario === undefined) throw new RangeError(`no ready scenario ${name}`);
  return scenario;
};

const withStep = (broken: Step): { readonly programs: Programs } => ({ programs: { ...SHIPPED, step: broken } });

const withNode = (node: NodeState, given: Parameters<Step>): ReturnType<Step> => {
  const [policy, state, event, now] = given;
  return step(policy, { ...state, node }, event, now);
};

const lawsOf = ({ result }: Recording): readonly string[] => [...new Set(result.violations.map(({ law }) => law))];

const grouped = <A>(items: readonly A[], keyOf: (item: A) => string): ReadonlyMap<string, readonly A[]> => {
  const groups = new Map<string, A[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
};

const byNode = (runs: readonly RecordedRun[]): ReadonlyMap<string, readonly RecordedRun[]> =>
  grouped(runs, ({ node }) => node);

const between = (runs: readonly RecordedRun[], fromMs: number, toMs: number): readonly RecordedRun[] =>
  runs.filter(({ startedMs }) => startedMs >= fromMs && startedMs < toMs);

const withoutFallback = (scenario: Scenario): Scenario => {
  const { fallback: _fallback, ...rest } = scenario;
  return rest;
};

describe('splay-redrawn: a splay that was redrawn at every configuration check', () => {
  const scenario = ready('splay-redrawn');
  const splayMs = 2 * HOUR_MS;

  /** Looks its place in the splay up at every check, and draws it anew: whose first draws were late has another try. */
  const redraws: Step = (...given) => {
    const [policy, { node }, event, now] = given;
    const { pending } = node;
    const isCheck = event._tag === 'Observed' || event._tag === 'Started';
    if (!isCheck || O.isNone(pending) || pending.value.attempts > 0) return step(...given);
    const drawnMs = Math.floor(hashFraction(`${policy.identity.node} ${now}`) * splayMs);
    return withNode(
      { ...node, pending: O.some({ ...pending.value, startAt: plus(pending.value.seenAt, drawnMs) }) },
      given,
    );
  };
  const inFirstThird = (recording: Recording): number => {
    const waits = [...waitsFor(recording, '1.1.0').values()];
    expect(waits).toHaveLength(nodesIn(scenario.fleet));
    return waits.filter((wait) => wait < splayMs / 3).length / waits.length;
  };

  test('with it, all runs come in the first third of the window', async () => {
    const broken = await record(scenario, { ...withStep(redraws), mode: 'poll' });
    expect(inFirstThird(broken)).toBeGreaterThan(0.95);
    expect(lawsOf(broken)).toContain('N3');
  });

  test('without it, a third of the runs do', async () => {
    const shipped = await record(scenario, { mode: 'poll' });
    expect(inFirstThird(shipped)).toBeGreaterThan(0.2);
    expect(inFirstThird(shipped)).toBeLessThan(0.45);
    expect(lawsOf(shipped)).toEqual([]);
  });
});

describe('late-first-run: a whole interval was waited before the first run', () => {
  const scenario = ready('late-first-run');
  const { catchUpSplaySeconds } = scenario.node;
  /** A poll, and the few seconds by which timers blur. */
  const soonMs = catchUpSplaySeconds * SECOND_MS + MINUTE_MS;

  const waitsAnInterval: Step = (policy, state, event, now) => {
    const patient = { ...policy, catchUpSplaySeconds: policy.windowMs / SECOND_MS };
    const { node } = state;
    const isNew = O.isNone(node.lastSuccess) && O.isNone(node.floor);
    const floor = O.some({ startAt: plus(now, policy.windowMs), attempts: 0 });
    return step(patient, isNew ? { ...state, node: { ...node, floor } } : state, event, now);
  };
  const firstStarts = ({ runs }: Recording): readonly number[] =>
    [...byNode(runs).values()].map(([first]) => first?.startedMs ?? Infinity);

  test('with it, machines stay bare for hours, until a release or the interval', async () => {
    const broken = await record(withoutFallback(scenario), withStep(waitsAnInterval));
    expect(Math.min(...firstStarts(broken))).toBeGreaterThan(3 * HOUR_MS);
    expect(lawsOf(broken)).toContain('N6');
  });

  test('with it, the fallback is what brings every machine its first run', async () => {
    const healed = await record(scenario, withStep(waitsAnInterval));
    expect(Math.min(...firstStarts(healed))).toBeGreaterThan(3 * HOUR_MS);
    expect(healed.result.counts.fallbackRuns).toBeGreaterThanOrEqual(nodesIn(scenario.fleet));
  });

  test('without it, every machine runs within the splay of a first run', async () => {
    const shipped = await record(withoutFallback(scenario));
    expect(firstStarts(shipped)).toHaveLength(nodesIn(scenario.fleet));
    expect(Math.max(...firstStarts(shipped))).toBeLessThan(soonMs);
    expect(lawsOf(shipped)).toEqual([]);
    expect(lawsOf(await record(scenario))).toEqual([]);
  });
});

describe('hung-lock: runs stacked behind a hung one', () => {
  const scenario = ready('hung-lock');

  /** Has a run started at every poll while one is owed, as a cron job does, and leaves it to the lock to keep them apart. */
  const startsAtEveryPoll: Step = (...given) => {
    const [, { node }, event, now] = given;
    const { pending, running } = node;
    if (event._tag !== 'Observed' || O.isNone(pending)) return step(...given);
    const isBegun = O.isSome(running) || pending.value.attempts > 0;
    const due = O.some({ ...pending.value, startAt: now, attempts: 0, gaveUp: false });
    return isBegun ? withNode({ ...node, running: O.none, pending: due }, given) : step(...given);
  };
  /** By hung node: the runs that were started behind the one that hung, for four hours at most. */
  const behindTheLock = ({ runs }: Recording): readonly number[] =>
    [...byNode(runs).values()].flatMap((ofNode) => {
      const hung = ofNode.find(({ version }) => version === '1.1.0');
      const isHung =
        hung !== undefined && (hung.endedMs === undefined || hung.endedMs - hung.startedMs > 10 * MINUTE_MS);
      return isHung ? [between(ofNode, hung.startedMs + 1, hung.startedMs + 4 * HOUR_MS).length] : [];
    });

  test('with it, runs pile up by the hundred on each node that hangs', async () => {
    const stacked = await record(scenario, { ...withStep(startsAtEveryPoll), mode: 'poll' });
    const counts = behindTheLock(stacked).filter((count) => count > 100);
    expect(counts.length).toBeGreaterThan(nodesIn(scenario.fleet) / 4);
    expect(lawsOf(stacked)).toContain('N13');
  });

  test('without it, there are no more than the attempts of what is owed, and each leaves at once', async () => {
    const shipped = await record(scenario);
    const counts = behindTheLock(shipped);
    expect(counts.length).toBeGreaterThan(nodesIn(scenario.fleet) / 4);
    // Two versions, two wishes of a person, and what was cut short.
    expect(Math.max(...counts)).toBeLessThanOrEqual(2 * scenario.node.attemptsMax + 3);
    expect(lawsOf(shipped)).toEqual([]);
  });
});

describe('run-twice-after-reconnect: every job ran twice after a reconnect', () => {
  const scenario = ready('run-twice-after-reconnect');

  /** Begins afresh when the bus comes back: whatever it shows then is taken for new. */
  const startsAfresh: Step = (...given) => {
    const [, , event] = given;
    const decision = withoutDedup(...given);
    const isAway = event._tag === 'Observed' && event.observation._tag === 'Unavailable';
    return isAway
      ? { ...decision, state: { ...decision.state, bus: { ...decision.state.bus, known: undefined } } }
      : decision;
  };
  /** By node and version: the runs that brought it, for no other reason than that it was signalled. */
  const successes = ({ runs }: Recording): readonly number[] => {
    const signalled = runs.filter(({ cause, hasSucceeded }) => cause === 'NewVersion' && hasSucceeded);
    return [...grouped(signalled, ({ node, version }) => `${node} ${version ?? ''}`).values()].map(
      ({ length }) => length,
    );
  };

  test('with it, each node runs for each version at least twice', async () => {
    const broken = await record(scenario, withStep(startsAfresh));
    const counts = successes(broken);
    expect(counts).toHaveLength(2 * nodesIn(scenario.fleet));
    expect(counts.filter((count) => count >= 2).length).toBeGreaterThan(0.95 * counts.length);
    expect(lawsOf(broken)).toContain('N1');
  });

  test('without it, each node runs for each version exactly once', async () => {
    const shipped = await record(scenario);
    expect(successes(shipped)).toEqual(new Array(2 * nodesIn(scenario.fleet)).fill(1));
    expect(lawsOf(shipped)).toEqual([]);
  });
});

describe('rollback-undone: the next cycle brought back what had been rolled back', () => {
  const scenario = ready('rollback-undone');
  const rolledBackMs = scenario.operators[0]?.atMs ?? NaN;
  /** The environments that were pinned to the bad version after the rollback. */
  const broughtBack = ({ result }: Recording): readonly string[] => [
    ...new Set(
      result.timeline.pins
        .filter(({ at, version }) => at > scenario.startsAt + rolledBackMs && version === '1.1.0')
        .map(({ environment }) => environment),
    ),
  ];
  const failedAfterwards = ({ runs }: Recording): number =>
    between(runs, rolledBackMs + HOUR_MS, Infinity).filter(
      ({ version, hasSucceeded }) => version === '1.1.0' && !hasSucceeded,
    ).length;

  test('with it, the bad version is back at the next departure, and goes further than before', async () => {
    const broken = await record(scenario, { programs: keepsNoRejections() });
    expect(broughtBack(broken)).toEqual(expect.arrayContaining(['sandbox', 'dev', 'prod-1', 'prod-2', 'prod-6']));
    expect(failedAfterwards(broken)).toBeGreaterThan(nodesIn(scenario.fleet));
    expect(lawsOf(broken)).toContain('T12');
  });

  test('without it, no environment is pinned to it again, and nothing fails any more', async () => {
    const shipped = await record(scenario);
    expect(broughtBack(shipped)).toEqual([]);
    expect(failedAfterwards(shipped)).toBe(0);
    expect(lawsOf(shipped)).toEqual([]);
  });
});

describe('same-nodes-first: the hash ignored the version', () => {
  const scenario = ready('same-nodes-first');
  const broken = BROKEN_SUMMONERS.find(({ name }) => name.startsWith('draws the splay from the node alone'));

  /** For each version and the one after it: how alike the orders were in which the nodes ran. */
  const likeness = (recording: Recording): readonly number[] => {
    const versions = [...new Set(recording.runs.flatMap(({ version }) => version ?? []))];
    const waits = versions.map((version) => waitsFor(recording, version));
    return waits.slice(1).flatMap((later, i) => {
      const both = [...later].flatMap(([node, wait]) => {
        const before = waits[i]?.get(node);
        return before === undefined ? [] : [[before, wait] as const];
      });
      return both.length < nodesIn(scenario.fleet) / 2
        ? []
        : [
            rankCorrelation(
              both.map(([one]) => one),
              both.map(([, other]) => other),
            ),
          ];
    });
  };

  test('with it, the order is the same for every version', async () => {
    expect(broken).toBeDefined();
    const recording = await record(scenario, withStep(broken?.step ?? step));
    const alike = likeness(recording);
    expect(alike.length).toBeGreaterThan(10);
    expect(Math.min(...alike)).toBeGreaterThan(0.95);
    expect(lawsOf(recording)).toContain('N3');
  });

  test('without it, the order is another for every version', async () => {
    const shipped = await record(scenario);
    const alike = likeness(shipped);
    expect(alike.length).toBeGreaterThan(10);
    const limit = CORRELATION_LIMIT / Math.sqrt(nodesIn(scenario.fleet));
    expect(Math.max(...alike.map(Math.abs))).toBeLessThan(limit);
    expect(lawsOf(shipped)).toEqual([]);
  });
});

describe('doubled-configuration: a file of twice the size crashed every reader', () => {
  const scenario = ready('doubled-configuration');
  const COOKBOOKS_MAX = 3_000;

  /** Has room for so many cookbooks, and dies of more, again whenever it is started. */
  const diesOfMore =
    (dead: Set<string>): Step =>
    (...given) => {
      const [policy, state, event, now] = given;
      const { node } = policy.identity;
      if (event._tag === 'Observed' && event.observation._tag === 'Fresh') {
        const { manifest } = event.observation.signal.manifestRecord;
        if (Object.keys(manifest.siteCookbookVersions).length > COOKBOOKS_MAX) dead.add(node);
      }
      return dead.has(node) ? deadAgent(state, now) : step(...given);
    };
  const runsForTheLarger = ({ runs }: Recording): number => runs.filter(({ version }) => version === '1.2.0').length;
  const convergedAtTheEnd = ({ result }: Recording): number =>
    result.timeline.convergence.reduce((sum, { converged }) => sum + (converged.at(-1) ?? 0), 0);

  test('with it, every Summoner is dead, and only the fallback brings the version', async () => {
    const dead = new Set<string>();
    const broken = await record(scenario, withStep(diesOfMore(dead)));
    expect(dead.size).toBe(nodesIn(scenario.fleet));
    expect(runsForTheLarger(broken)).toBe(0);
    expect(broken.result.counts.fallbackRuns).toBeGreaterThanOrEqual(nodesIn(scenario.fleet));
    expect(convergedAtTheEnd(broken)).toBe(nodesIn(scenario.fleet));
    expect(lawsOf(broken)).toContain('F2');
  });

  test('without it, every Summoner runs for it, and the fallback keeps silent', async () => {
    const shipped = await record(scenario);
    expect(runsForTheLarger(shipped)).toBeGreaterThanOrEqual(nodesIn(scenario.fleet));
    expect(shipped.result.counts.fallbackRuns).toBe(0);
    expect(convergedAtTheEnd(shipped)).toBe(nodesIn(scenario.fleet));
    expect(lawsOf(shipped)).toEqual([]);
  });
});

describe('blank-fields: blank fields everywhere in seconds, then a stampede at the recovery', () => {
  const scenario = ready('blank-fields');
  const nodes = nodesIn(scenario.fleet);
  const [garbled] = scenario.sharedFaults;
  const fromMs = garbled?.when._tag === 'At' ? garbled.when.atMs : NaN;
  const toMs = fromMs + (garbled?.forMs ?? NaN);
  /** What an agent remembers of a body that it cannot read. */
  const CRASHED = 'crashed';

  /** Dies of a body that it cannot read, again and again; and starts with a run at once when it can read one at last. */
  const stampedes: Step = (policy, state, event, now) => {
    const wait = (at: EpochMs): ReturnType<Step> => ({
      action: { _tag: 'Wait' },
      reason: { _tag: 'UpToDate' },
      state: { node: state.node, bus: { ...state.bus, failures: 0, pollAt: at, known: CRASHED } },
      lookAgainAt: at,
      nextStartAt: O.none,
      nextCause: O.none,
      verdict: O.none,
    });
    if (event._tag === 'Observed' && event.observation._tag === 'Malformed') return wait(plus(now, MINUTE_MS));
    if (state.bus.known !== CRASHED) return step(policy, state, event, now);
    if (event._tag !== 'Observed' || event.observation._tag !== 'Fresh') return wait(state.bus.pollAt);
    const signal = { ...event.observation.signal, splaySeconds: 0 };
    return withoutDedup(policy, state, { ...event, observation: { ...event.observation, signal } }, now);
  };
  const duringTheOutage = ({ runs }: Recording): readonly RecordedRun[] => between(runs, fromMs + 10 * MINUTE_MS, toMs);
  const atTheRecovery = ({ runs }: Recording): readonly RecordedRun[] => between(runs, toMs, toMs + 2 * MINUTE_MS);

  test('with it, no Summoner runs while it lasts, and all of them within two minutes of its end', async () => {
    const broken = await record(scenario, withStep(stampedes));
    expect(duringTheOutage(broken)).toEqual([]);
    expect(broken.result.counts.fallbackRuns).toBeGreaterThanOrEqual(nodes);
    expect(atTheRecovery(broken).length).toBeGreaterThan(0.95 * nodes);
    expect(peakOf(broken, toMs, toMs + HOUR_MS)).toBeGreaterThan(0.9 * (nodes / scenario.plan.stacks.length));
    expect(lawsOf(broken)).toEqual(expect.arrayContaining(['F2', 'load']));
  });

  test('without it, the last good state stands, the floor goes on, and the recovery is splayed', async () => {
    const shipped = await record(scenario);
    expect(new Set(duringTheOutage(shipped).map(({ node }) => node)).size).toBe(nodes);
    expect(shipped.result.counts.fallbackRuns).toBe(0);
    expect(atTheRecovery(shipped).length).toBeLessThan(nodes / 5);
    expect(peakOf(shipped, toMs, toMs + HOUR_MS)).toBeLessThan(nodes / scenario.plan.stacks.length / 2);
    expect(lawsOf(shipped)).toEqual([]);
  });
});

describe('one-update-hour: all regions shared one hour', () => {
  const scenario = ready('one-update-hour');
  const nodes = nodesIn(scenario.fleet);

  /** Everybody at the full hour: no splay, and a floor that runs when the window closes, to the second. */
  const atTheFullHour: Scenario = {
    ...scenario,
    plan: { ...scenario.plan, stages: scenario.plan.stages.map((stage) => ({ ...stage, splaySeconds: 0 })) },
    node: { ...scenario.node, leadMs: 0 },
  };
  /** The load half a day after the update, when the floors of all that ran together are due. */
  const peakOfFloors = (recording: Recording): number => peakOf(recording, 14 * HOUR_MS, 16 * HOUR_MS);

  test('with it, the whole fleet is on the Chef server at once', async () => {
    const together = await record(atTheFullHour);
    expect(peakOf(together)).toBeGreaterThan(0.9 * nodes);
    expect(peakOfFloors(together)).toBeGreaterThan(0.75 * nodes);
  });

  test('without it, splay and lead keep the load near what a perfect spread comes to', async () => {
    const apart = await record(scenario);
    const perfect = Math.max(...apart.result.timeline.load.flatMap(({ floor }) => floor));
    expect(perfect).toBeLessThan(nodes / 4);
    expect(peakOf(apart)).toBeLessThan(2 * perfect);
    expect(peakOfFloors(apart)).toBeLessThan(nodes / 4);
    expect(lawsOf(apart)).toEqual([]);
  });
});
