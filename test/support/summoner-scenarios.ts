/**
 * The Summoner's laws as properties of a node's whole life, each stated from the law alone and each open to any `step`:
 * the real one has to keep them all, and a deliberately broken one has to break the law it was broken for.
 *
 * @module
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { hash32 } from '../../src/domain/hash.ts';
import { EMPTY_NODE_STATE, type NodeState } from '../../src/domain/node-state.ts';
import type { RunEnd } from '../../src/domain/run-outcome.ts';
import { timetableFor } from '../../src/domain/polling.ts';
import { isAddressedTo } from '../../src/domain/run-request.ts';
import { departureAtOrBefore } from '../../src/domain/schedule.ts';
import type { Signal } from '../../src/domain/signal.ts';
import { splayMs } from '../../src/domain/splay.ts';
import {
  policyFor,
  startingBus,
  step as realStep,
  type SummonerEvent,
  type SummonerPolicy,
} from '../../src/domain/summoner.ts';
import { compareTimestamps, DAY_MS, epochMs, HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../src/domain/time.ts';
import {
  type Ending,
  exits,
  healthyState,
  type KillPoint,
  NodeHarness,
  type Outage,
  type Run,
  type Step,
} from './node-harness.ts';
import { identityOf, requestOf, signalOf, START, timestampAt, versionOf } from './node-signals.ts';
import { propertyParameters } from './property.ts';
import { CORRELATION_LIMIT, KOLMOGOROV_LIMIT, kolmogorovSmirnov, rankCorrelation } from './statistics.ts';

/** A law that any step can be held against. */
export interface SummonerLaw {
  readonly name: string;
  /** Throws with a counterexample when the real step breaks the law. */
  readonly assert: () => void;
  /** Whether `step` breaks the law. */
  readonly isBrokenBy: (step: Step) => boolean;
}

const CONTROL_SEED = 20_250_728;

const law = <Ts extends [unknown, ...unknown[]]>(
  name: string,
  numRuns: number,
  arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  predicate: (step: Step, ...values: Ts) => void,
): SummonerLaw => ({
  name,
  assert: () => {
    fc.assert(
      fc.property(...arbitraries, (...values: Ts) => predicate(realStep, ...values)),
      propertyParameters<Ts>({ numRuns }),
    );
  },
  isBrokenBy: (step) =>
    fc.check(
      fc.property(...arbitraries, (...values: Ts) => predicate(step, ...values)),
      { numRuns, seed: CONTROL_SEED, endOnFailure: true },
    ).failed,
});

const nodeArbitrary = fc.nat(9_999).map((number) => `web-${number}`);

/** Policies of all kinds that make sense; the window is two hours as often as twelve, so that much happens in little time. */
export const policyArbitrary: fc.Arbitrary<SummonerPolicy> = fc
  .record({
    node: nodeArbitrary,
    windowMs: fc.constantFrom(2 * HOUR_MS, 12 * HOUR_MS),
    leadMs: fc.constantFrom(0, 10 * MINUTE_MS, 30 * MINUTE_MS),
    pollEveryMs: fc.constantFrom(10 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS),
    catchUpSplaySeconds: fc.constantFrom(0, 60, 300),
    attemptsMax: fc.integer({ min: 1, max: 5 }),
    backoff: fc.constantFrom(
      { baseMs: MINUTE_MS, capMs: 30 * MINUTE_MS },
      { baseMs: 5 * SECOND_MS, capMs: MINUTE_MS },
      { baseMs: 10 * MINUTE_MS, capMs: 10 * MINUTE_MS },
    ),
  })
  .map(({ node, ...chosen }) => policyFor(identityOf(node), chosen));

const V1 = versionOf('1.0.0');
const healthy = healthyState(O.some(V1), START);

/** Any end that is no success and no upgrade. */
export const failureArbitrary: fc.Arbitrary<RunEnd> = fc.oneof(
  fc
    .integer({ min: 0, max: 255 })
    .filter((code) => ![0, 35, 37, 213].includes(code))
    .map((code): RunEnd => ({ _tag: 'Exited', code })),
  fc.constantFrom<RunEnd>(
    { _tag: 'Killed', by: 'SIGKILL' },
    { _tag: 'TimedOut' },
    { _tag: 'NotStarted', detail: 'no such file' },
  ),
);

const startsOf = (runs: readonly Run[]): readonly number[] => runs.map(({ startedElapsedMs }) => startedElapsedMs);

const lastSuccessOf = ({ node }: NodeHarness): number => (O.isSome(node.lastSuccess) ? node.lastSuccess.value : -1);

/** A node that owes nothing at {@link START}, booted; its last success was then. */
const healthyNode = (
  step: Step,
  policy: SummonerPolicy,
  node: NodeState = healthy,
  ending: Ending = exits(0, 0),
): NodeHarness => new NodeHarness({ policy, step, node, ending }).start();

const onceSeen = (harness: NodeHarness): number => {
  const before = harness.node.accepted;
  assert(
    harness.passUntil(() => harness.node.accepted !== before, 2 * HOUR_MS),
    'the signal was not seen',
  );
  return harness.elapsedMs;
};

const n1: SummonerLaw = law(
  'N1: whatever is seen, however often and in whatever order, each version that is believed runs once and no applied one again',
  100,
  [
    policyArbitrary,
    fc.array(fc.record({ version: fc.nat(3), order: fc.nat(20), copies: fc.integer({ min: 1, max: 3 }) }), {
      minLength: 1,
      maxLength: 12,
    }),
  ],
  (step, policy, shown) => {
    const harness = healthyNode(step, policy);
    // The law's own reading: a signal counts when its order is above every one before, and runs when its version is new.
    const expected: string[] = [];
    let highest = -1;
    let current = '1.0.0';
    for (const { version, order, copies } of shown) {
      const name = version === 0 ? '1.0.0' : `2.0.${version}`;
      for (let copy = 0; copy < copies; copy++) {
        harness.publish(signalOf({ version: name, timestamp: timestampAt(START, order - 1_000) }));
        harness.pass(policy.pollEveryMs + 1);
      }
      if (order > highest && name !== current) expected.push((current = name));
      highest = Math.max(highest, order);
    }
    const ran = harness.runs.flatMap(({ running: { cause } }) => (cause._tag === 'NewVersion' ? [cause.version] : []));
    assert.deepEqual(ran, expected);
  },
);

const n2: SummonerLaw = law(
  'N2: a new version causes exactly one successful run, started within [seen, seen + splay)',
  200,
  [policyArbitrary, fc.oneof(fc.integer({ min: 0, max: 3_600 }), fc.constant(0)), fc.nat(99), fc.nat(10 * MINUTE_MS)],
  (step, policy, splaySeconds, patch, afterMs) => {
    const harness = healthyNode(step, { ...policy, windowMs: 12 * HOUR_MS });
    harness.pass(afterMs);
    harness.publish(
      signalOf({
        version: `2.0.${patch}`,
        timestamp: timestampAt(START),
        splaySeconds,
        ttlEpochSeconds: 2_000_000_000,
      }),
    );
    harness.ending = exits(0, MINUTE_MS);
    const seenMs = onceSeen(harness);
    harness.pass(4 * HOUR_MS);
    assert.equal(harness.runs.length, 1);
    const [run] = harness.successes;
    assert(run !== undefined, 'the run did not succeed');
    // The harness looks once a second whether the signal has been seen.
    assert(run.startedElapsedMs > seenMs - 1_000, 'started before it was seen');
    assert(run.startedElapsedMs <= seenMs + Math.max(splaySeconds * 1_000 - 1, 0), 'started after its splay');
    assert.deepEqual(harness.node.applied, O.some(versionOf(`2.0.${patch}`)));
  },
);

const n3: SummonerLaw = law(
  'N3, fault 55: whatever restarts there are during the splay, the run starts when it would have started without them',
  100,
  [policyArbitrary, fc.integer({ min: 60, max: 7_200 }), fc.array(fc.nat(30 * MINUTE_MS), { maxLength: 6 })],
  (step, policy, splaySeconds, restarts) => {
    const signal = signalOf({ version: '2.0.0', timestamp: timestampAt(START), splaySeconds });
    const lives = [[], restarts].map((kills) => {
      const harness = healthyNode(step, { ...policy, windowMs: 12 * HOUR_MS }).publish(signal);
      onceSeen(harness);
      for (const afterMs of kills) {
        harness.pass(afterMs);
        if (harness.runs.length === 0) harness.kill(0).pass(0);
      }
      return startsOf(harness.pass(5 * HOUR_MS).runs);
    });
    assert.equal(lives[0]?.length, 1);
    assert.deepEqual(lives[1], lives[0]);
  },
);

const POLL_MS = 10 * SECOND_MS;

/** Where each of `nodes` starts after one signal that asks for `splaySeconds`, as a fraction of the splay. */
const splayFractions = (step: Step, nodes: readonly string[], version: string, splaySeconds: number): number[] =>
  nodes.map((node) => {
    const policy = policyFor(identityOf(node));
    const signal = signalOf({ version, timestamp: timestampAt(START), splaySeconds });
    const seen: SummonerEvent = { _tag: 'Observed', observation: { _tag: 'Fresh', signal, revision: 'r1' } };
    const { action, nextStartAt } = step(policy, { node: healthy, bus: startingBus(policy, START) }, seen, START);
    // One node in millions draws less than a millisecond, and starts at once.
    if (action._tag === 'Start') return 0;
    assert(O.isSome(nextStartAt), 'nothing is scheduled');
    return (nextStartAt.value - START) / (splaySeconds * SECOND_MS);
  });

/** Names as fleets have them: they differ in one digit, in an address, in a random id. */
export const FLEETS: Readonly<Record<string, (i: number) => string>> = {
  counted: (i) => `web-${i}`,
  addressed: (i) => `ip-10-${Math.floor(i / 65_536)}-${Math.floor(i / 256) % 256}-${i % 256}.ec2.internal`,
  random: (i) => `i-0${hash32(`node ${i}`).toString(16).padStart(8, '0')}${hash32(`more ${i}`).toString(16)}`,
};

const fleetOf = (kind: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => FLEETS[kind]?.(i) ?? `${i}`);

const fleetArbitrary = fc.constantFrom(...Object.keys(FLEETS));

/** Versions as trains make them, one minute after the other. */
const versionArbitrary = fc.nat(2_000).map((i) => `20250728.${1_753_666_491 + 60 * i}.0`);

const FLEET = 1_000;

const n3Uniform: SummonerLaw = law(
  'N3: the starts of a fleet are uniform over the splay, for any version',
  20,
  [fleetArbitrary, versionArbitrary],
  (step, kind, version) => {
    const distance = kolmogorovSmirnov(splayFractions(step, fleetOf(kind, FLEET), version, 3_600));
    assert(distance < KOLMOGOROV_LIMIT / Math.sqrt(FLEET), `a distance of ${distance} from uniform`);
  },
);

const n3Order: SummonerLaw = law(
  'N3: each version draws a fresh order of the nodes, however alike two versions are',
  20,
  [fleetArbitrary, versionArbitrary, fc.constantFrom('.1', '0', '1', '-rc1')],
  (step, kind, version, more) => {
    const nodes = fleetOf(kind, FLEET);
    const correlation = rankCorrelation(
      splayFractions(step, nodes, version, 3_600),
      splayFractions(step, nodes, `${version}${more}`, 3_600),
    );
    assert(Math.abs(correlation) < CORRELATION_LIMIT / Math.sqrt(FLEET), `a rank correlation of ${correlation}`);
  },
);

const fault37: SummonerLaw = law(
  'faults 34 and 37: a fleet that boots or resumes in one second polls and runs spread out',
  10,
  [fleetArbitrary, fc.boolean()],
  (step, kind, isResume) => {
    const starts: number[] = [];
    const polls: number[] = [];
    for (const node of fleetOf(kind, FLEET)) {
      const policy = policyFor(identityOf(node));
      const bus = startingBus(policy, START);
      polls.push((bus.pollAt - START) / policy.pollEveryMs);
      const since = healthyState(O.some(V1), plus(START, -3 * DAY_MS));
      const event: SummonerEvent = isResume ? { _tag: 'Woke' } : { _tag: 'Started' };
      const { nextStartAt } = step(policy, { node: isResume ? since : EMPTY_NODE_STATE, bus }, event, START);
      assert(O.isSome(nextStartAt), 'nothing is scheduled');
      starts.push((nextStartAt.value - START) / (policy.catchUpSplaySeconds * SECOND_MS));
    }
    for (const [what, fractions] of Object.entries({ polls, starts })) {
      const distance = kolmogorovSmirnov(fractions);
      assert(distance < KOLMOGOROV_LIMIT / Math.sqrt(FLEET), `${what}: a distance of ${distance} from uniform`);
    }
  },
);

const n4: SummonerLaw = law(
  'N4, fault 26: while waiting, a newer signal replaces the version and keeps the earlier start',
  200,
  [
    policyArbitrary,
    fc.array(fc.record({ splaySeconds: fc.integer({ min: 120, max: 3_600 }), afterMs: fc.nat(10 * MINUTE_MS) }), {
      minLength: 2,
      maxLength: 5,
    }),
  ],
  (step, policy, signals) => {
    const harness = healthyNode(step, { ...policy, pollEveryMs: POLL_MS, windowMs: 12 * HOUR_MS });
    let dueMs = Infinity;
    for (const [i, { splaySeconds, afterMs }] of signals.entries()) {
      const newest = `2.0.${i}`;
      harness.publish(signalOf({ version: newest, timestamp: timestampAt(START, i), splaySeconds }));
      harness.pass(POLL_MS);
      // It started before it could see the newer signal: that is the law of another day.
      if (harness.runs.length > 0) return;
      const { pending } = harness.node;
      assert(O.isSome(pending) && pending.value.version === newest, 'the version was not replaced');
      // Seen within the last ten seconds.
      const waitMs = splayMs(policy.identity.node, newest, splaySeconds);
      dueMs = Math.min(dueMs, harness.elapsedMs + waitMs);
      assert(pending.value.startAt - START <= dueMs, 'the earlier start was not kept');
      assert(pending.value.startAt - START > dueMs - POLL_MS, 'it was moved forward');
      harness.pass(Math.min(afterMs, pending.value.startAt - harness.now - 1));
    }
    harness.pass(2 * HOUR_MS);
    assert.equal(harness.runs.length, 1);
    const [run] = harness.runs;
    assert(run !== undefined && run.startedElapsedMs <= dueMs && run.startedElapsedMs > dueMs - POLL_MS);
  },
);

const n5: SummonerLaw = law(
  'N5, fault 27: a signal that arrives during a run causes exactly one follow-up; one for the very version that runs, none',
  100,
  [
    policyArbitrary,
    fc.array(fc.record({ patch: fc.nat(3), afterMs: fc.integer({ min: 1, max: 20 * MINUTE_MS }) }), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.nat(600),
  ],
  (step, policy, arrivals, splaySeconds) => {
    const harness = healthyNode(step, { ...policy, windowMs: 12 * HOUR_MS, pollEveryMs: 10 * SECOND_MS });
    harness.endings.push(exits(0, 90 * MINUTE_MS));
    harness.publish(signalOf({ version: '2.0.0', timestamp: timestampAt(START) }));
    onceSeen(harness);
    assert.equal(harness.runs.length, 1);
    arrivals.forEach(({ patch, afterMs }, i) => {
      harness.publish(signalOf({ version: `2.0.${patch}`, timestamp: timestampAt(START, i + 1), splaySeconds }));
      onceSeen(harness);
      harness.pass(afterMs);
    });
    const last = `2.0.${arrivals.at(-1)?.patch}`;
    harness.pass(4 * HOUR_MS);
    assert.deepEqual(
      harness.runs.map(({ running }) => O.toNullable(running.version)),
      last === '2.0.0' ? ['2.0.0'] : ['2.0.0', last],
    );
    assert.deepEqual(harness.node.applied, O.some(last));
  },
);

const outageArbitrary = fc.constantFrom<Outage | undefined>(undefined, 'Missing', 'Denied', 'Unavailable', 'Malformed');

const n6: SummonerLaw = law(
  'N6, N9, fault 1: whatever the bus does, a run starts no later than last success + window, and no earlier than the lead',
  60,
  [policyArbitrary, fc.array(fc.record({ outage: outageArbitrary, forMs: fc.nat(10 * HOUR_MS) }), { maxLength: 6 })],
  (step, policy, outages) => {
    const harness = healthyNode(step, { ...policy, pollEveryMs: 5 * MINUTE_MS });
    harness.ending = exits(0, 3 * MINUTE_MS);
    for (const { outage, forMs } of outages) harness.setOutage(outage).pass(forMs);
    harness.pass(3 * policy.windowMs + 1);
    assert(harness.runs.length >= 2, `only ${harness.runs.length} runs in ${harness.elapsedMs} ms`);
    let lastSuccess: number = START;
    for (const { startedAt, endedAt, running } of harness.runs) {
      const sinceMs = startedAt - Math.floor(lastSuccess / 1_000) * 1_000;
      assert.equal(running.cause._tag, 'Floor');
      assert(sinceMs <= policy.windowMs, `a gap of ${sinceMs} ms`);
      assert(sinceMs >= policy.windowMs - policy.leadMs, `only ${sinceMs} ms since the last success`);
      if (endedAt !== undefined) lastSuccess = endedAt;
    }
    if (policy.leadMs === 0) assert.equal(harness.runs[0]?.startedAt, plus(START, policy.windowMs));
  },
);

const n6Signals: SummonerLaw = law(
  'N6: with signals of any kind coming and going, and every run succeeding, no gap between successes is longer than the window',
  60,
  [
    policyArbitrary,
    fc.array(
      fc.record({
        version: fc.nat(4),
        offsetMs: fc.integer({ min: -DAY_MS, max: DAY_MS }),
        splaySeconds: fc.nat(7_200),
        forMs: fc.nat(8 * HOUR_MS),
      }),
      { maxLength: 8 },
    ),
  ],
  (step, policy, signals) => {
    const harness = healthyNode(step, { ...policy, pollEveryMs: 5 * MINUTE_MS });
    harness.ending = exits(0, MINUTE_MS);
    for (const { version, offsetMs, splaySeconds, forMs } of signals) {
      const timestamp = timestampAt(harness.now, offsetMs);
      harness.publish(signalOf({ version: `2.0.${version}`, timestamp, splaySeconds })).pass(forMs);
    }
    harness.pass(2 * policy.windowMs);
    const ends = [START, ...harness.runs.flatMap(({ endedAt }) => (endedAt === undefined ? [] : [endedAt]))];
    for (const [i, { startedAt }] of harness.runs.entries()) {
      assert(startedAt - (ends[i] ?? 0) <= policy.windowMs, `run ${i} started ${startedAt - (ends[i] ?? 0)} ms after`);
    }
    assert(harness.now - (ends.at(-1) ?? 0) <= policy.windowMs + MINUTE_MS, 'the last gap');
  },
);

/** At most so many starts of a floor that keeps failing in `spanMs`: a ramp up to the cap, and from there two a cap. */
const floorStartsMax = ({ backoff }: SummonerPolicy, spanMs: number): number =>
  Math.ceil(Math.log2(Math.max(backoff.capMs / backoff.baseMs, 1))) + 3 + Math.ceil((2 * spanMs) / backoff.capMs);

const n7: SummonerLaw = law(
  'N7, fault 56: a version that always fails is tried a bounded number of times, moves nothing, and then only the floor runs, at the cap and for ever',
  100,
  [policyArbitrary, fc.array(failureArbitrary, { minLength: 1, maxLength: 8 }), fc.nat(120)],
  (step, anyPolicy, failures, splaySeconds) => {
    const policy = { ...anyPolicy, pollEveryMs: 5 * MINUTE_MS };
    const harness = healthyNode(step, policy);
    harness.publish(signalOf({ version: '2.0.0', timestamp: timestampAt(START), splaySeconds }));
    const before = harness.node;
    const spanMs = 2 * policy.windowMs;
    for (let i = 0; i < 1_000; i++) {
      harness.endings.push({ durationMs: 10 * SECOND_MS, end: failures[i % failures.length] ?? { _tag: 'TimedOut' } });
    }
    harness.pass(spanMs);
    const byVersion = harness.runs.filter(({ running }) => running.cause._tag === 'NewVersion');
    const byFloor = harness.runs.filter(({ running }) => running.cause._tag === 'Floor');
    assert.equal(byVersion.length, policy.attemptsMax);
    assert.equal(byVersion.length + byFloor.length, harness.runs.length);
    assert.deepEqual([harness.node.applied, harness.node.lastSuccess], [before.applied, before.lastSuccess]);
    assert(byFloor.length <= floorStartsMax(policy, spanMs), `${byFloor.length} starts by the floor`);
    const [first] = byFloor;
    assert(
      first !== undefined && first.startedAt <= START + policy.windowMs,
      'the failures kept the floor from running',
    );
    const since = harness.now - (harness.runs.at(-1)?.startedAt ?? 0);
    assert(since <= policy.backoff.capMs + 20 * SECOND_MS, `the floor gave up ${since} ms ago`);
    for (const [i, run] of harness.runs.entries()) {
      const previous = harness.runs[i - 1]?.endedElapsedMs;
      assert(previous === undefined || run.startedElapsedMs >= previous + SECOND_MS, 'a retry without a wait');
    }
  },
);

const n7Resignalled: SummonerLaw = law(
  'N7: a failing version that is signalled again and again, as for the sake of run requests, is not tried more often while it backs off',
  60,
  [policyArbitrary, fc.integer({ min: 20, max: 600 }), fc.integer({ min: 1, max: 4 })],
  (step, policy, everySeconds, minutes) => {
    const attemptsMax = 5;
    const backoff = { baseMs: 10 * MINUTE_MS, capMs: 40 * MINUTE_MS };
    const chosen = { ...policy, windowMs: 12 * HOUR_MS, pollEveryMs: 10 * SECOND_MS, attemptsMax, backoff };
    const harness = healthyNode(step, chosen);
    harness.ending = exits(1, minutes * MINUTE_MS);
    const quiet = healthyNode(step, chosen);
    quiet.ending = harness.ending;
    const signalled = (i: number): Signal => signalOf({ version: '2.0.0', timestamp: timestampAt(START, i) });
    quiet.publish(signalled(0));
    for (let i = 0; i < 2_000 && harness.node.failures < attemptsMax; i++) {
      harness.publish(signalled(i)).pass(everySeconds * SECOND_MS);
      quiet.pass(everySeconds * SECOND_MS);
    }
    assert(harness.node.failures >= attemptsMax, 'the attempts were not used up');
    assert.deepEqual(startsOf(harness.runs.slice(0, attemptsMax)), startsOf(quiet.runs.slice(0, attemptsMax)));
  },
);

const n7Upgrades: SummonerLaw = law(
  'N7, N14: a client that says of every run that it upgraded itself is run again once each time, and bounded like any failure',
  60,
  [policyArbitrary, fc.constantFrom('Version', 'Floor', 'First', 'RunNow', 'Request')],
  (step, anyPolicy, cause) => {
    const policy = { ...anyPolicy, pollEveryMs: 5 * MINUTE_MS };
    const node = cause === 'First' ? EMPTY_NODE_STATE : healthy;
    const harness = healthyNode(step, policy, node, exits(213, 10 * SECOND_MS));
    const requests = cause === 'Request' ? [requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS) })] : [];
    if (cause === 'Version' || cause === 'Request') {
      const version = cause === 'Version' ? '2.0.0' : '1.0.0';
      harness.publish(signalOf({ version, timestamp: timestampAt(START), runRequests: requests }));
    }
    if (cause === 'RunNow') harness.tell({ _tag: 'RunNowAsked' });
    const spanMs = 2 * policy.windowMs;
    harness.pass(spanMs);
    const starts = harness.runs.length;
    assert(starts > 0 && starts <= 2 * (policy.attemptsMax + 1 + floorStartsMax(policy, spanMs)), `${starts} starts`);
    for (const [i, run] of harness.runs.entries()) {
      const previous = harness.runs[i - 1];
      if (previous?.endedElapsedMs === undefined) continue;
      const isRerun = run.running.cause._tag === 'Upgraded';
      assert.notEqual(isRerun, previous.running.cause._tag === 'Upgraded', 'run again once, and then no more');
      if (isRerun) assert.equal(run.startedElapsedMs, previous.endedElapsedMs, 'run again at once');
      else assert(run.startedElapsedMs >= previous.endedElapsedMs + SECOND_MS, 'then it is a failure like any other');
    }
  },
);

/** A life in which everything is owed: two versions, a request, what a person asked for, and the floor. */
const eventful = (step: Step, policy: SummonerPolicy, prepare: (harness: NodeHarness) => void): NodeHarness => {
  const harness = new NodeHarness({ policy, step, ending: exits(0, 2 * MINUTE_MS) });
  prepare(harness);
  harness.start();
  const request = requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS), splaySeconds: 300 });
  harness.pass(30 * MINUTE_MS);
  for (const [i, version] of ['1.0.0', '2.0.0'].entries()) {
    const timestamp = timestampAt(START, i);
    harness.publish(signalOf({ version, timestamp, splaySeconds: 600, runRequests: [request] }));
    harness.pass(30 * MINUTE_MS);
  }
  // Nobody can ask an agent that is down.
  if (!harness.isUp) harness.pass(30 * MINUTE_MS);
  harness.tell({ _tag: 'RunNowAsked' });
  return harness.pass(policy.windowMs + HOUR_MS);
};

/** Kills the agent at the `nth` time that it comes to `point`. */
const killingAt = (step: Step, policy: SummonerPolicy, point: KillPoint, nth: number, downMs: number) => {
  let passed = 0;
  let isKilled = false;
  const harness: NodeHarness = eventful(
    (...input) => {
      const decision = step(...input);
      const [, state, event] = input;
      const isThere =
        point === 'BeforeStore'
          ? decision.state.node !== state.node
          : point === 'BeforeStart'
            ? decision.action._tag === 'Start'
            : decision.action._tag === 'Start' || event._tag === 'RunEnded';
      if (isThere && !isKilled && passed++ === nth) {
        isKilled = true;
        arm.current?.killAt(point, downMs);
      }
      return decision;
    },
    policy,
    (made) => (arm.current = made),
  );
  return { harness, isKilled };
};

/** The harness that a wrapped step belongs to, which is made only after it. */
const arm: { current: NodeHarness | undefined } = { current: undefined };

const n8: SummonerLaw = law(
  'N8, fault 54: killed at any instant, nothing is lost and at worst one run happens again',
  120,
  [
    policyArbitrary,
    fc.constantFrom<KillPoint>('BeforeStore', 'BeforeStart', 'BeforeEndIsTaken'),
    fc.nat(14),
    fc.constantFrom(0, SECOND_MS, 20 * MINUTE_MS),
  ],
  (step, anyPolicy, point, nth, downMs) => {
    const attemptsMax = Math.max(anyPolicy.attemptsMax, 2);
    const policy = { ...anyPolicy, attemptsMax, windowMs: 12 * HOUR_MS, pollEveryMs: MINUTE_MS };
    const calm = eventful(step, policy, () => undefined);
    const { harness, isKilled } = killingAt(step, policy, point, nth, downMs);
    if (!isKilled) return;
    const successes = harness.successes.length;
    assert(harness.isUp);
    assert.deepEqual(harness.node.applied, O.some(versionOf('2.0.0')), 'the version was lost');
    assert.deepEqual(harness.node.pending, O.none);
    assert.deepEqual(harness.node.requests, [], 'the request was left over');
    assert.equal(harness.node.runNow, false);
    assert(successes <= calm.successes.length + 1, `${successes} runs instead of ${calm.successes.length}`);
    // A signal or a person may have met the run that a kill delayed, so that one run does for two; never for none.
    const isFor = (tag: string) => harness.runs.some(({ running }) => running.cause._tag === tag);
    assert(isFor('RunNow') || point === 'BeforeStore', 'what the person asked for was lost');
    const asked = harness.runs.findLastIndex(({ running }) => running.cause._tag === 'RunNow');
    if (asked !== -1)
      assert(
        harness.runs.slice(asked).some(({ end }) => end !== undefined),
        'the run-now was lost',
      );
    const requested = harness.runs.filter(({ running, end }) => end !== undefined && running.requests.includes(R1));
    assert(requested.length >= 1, 'the request was lost');
    assert(requested.length <= 2, 'the request ran more than twice');
  },
);

const R1 = requestOf({ id: 'r-1', expiresAt: START }).id;

const n8Interrupted: SummonerLaw = law(
  'N8: a run that is cut short at any moment with the agent is made good for whatever it was started',
  80,
  [
    policyArbitrary,
    fc.constantFrom('Version', 'Request', 'RunNow', 'Floor', 'First', 'Upgraded'),
    fc.nat(10 * MINUTE_MS - 1),
    fc.nat(30 * MINUTE_MS),
  ],
  (step, anyPolicy, cause, afterMs, downMs) => {
    const policy = { ...anyPolicy, attemptsMax: Math.max(anyPolicy.attemptsMax, 2) };
    const node = cause === 'First' ? EMPTY_NODE_STATE : healthy;
    const harness = healthyNode(step, policy, node, exits(0, 10 * MINUTE_MS));
    const request = requestOf({ id: 'r-1', expiresAt: plus(START, 3 * DAY_MS) });
    const shown: Readonly<Record<string, Signal>> = {
      Version: signalOf({ version: '2.0.0', timestamp: timestampAt(START) }),
      Request: signalOf({ version: '1.0.0', timestamp: timestampAt(START), runRequests: [request] }),
    };
    const signal = shown[cause];
    if (signal !== undefined) harness.publish(signal);
    if (cause === 'Upgraded') harness.endings.push(exits(213, SECOND_MS));
    if (cause === 'RunNow' || cause === 'Upgraded') harness.tell({ _tag: 'RunNowAsked' });
    const wanted = cause === 'Upgraded' ? 2 : 1;
    assert(harness.passUntil(() => harness.runs.length === wanted, 2 * policy.windowMs, MINUTE_MS / 4));
    harness.pass(afterMs % MINUTE_MS);
    harness.kill(downMs).pass(downMs + policy.backoff.capMs + 20 * MINUTE_MS);
    assert.equal(harness.successes.length, 1, 'it was not made good exactly once');
    assert.equal(harness.runs.length, wanted + 1);
    if (cause === 'Version') assert.deepEqual(harness.node.applied, O.some(versionOf('2.0.0')));
    assert.deepEqual([harness.node.requests, harness.node.runNow], [[], false]);
  },
);

const n9: SummonerLaw = law(
  'N9, faults 2 to 5: whatever the bus answers, the agent goes on polling, no more slowly than its cap',
  60,
  [policyArbitrary, fc.array(outageArbitrary, { minLength: 1, maxLength: 5 })],
  (step, policy, outages) => {
    const harness = healthyNode(step, policy);
    for (const outage of outages) harness.setOutage(outage).pass(HOUR_MS);
    const slowest = Math.max(policy.pollEveryMs, policy.backoff.capMs) + SECOND_MS;
    for (const [i, poll] of harness.polls.entries()) {
      const gap = poll - (harness.polls[i - 1] ?? START);
      assert(gap <= slowest, `no poll for ${gap} ms`);
      // One may follow at once, back into the node's own phase.
      assert(poll - (harness.polls[i - 2] ?? 0) >= SECOND_MS, 'three polls within a second');
    }
    assert(harness.now - (harness.polls.at(-1) ?? 0) <= slowest, 'it has stopped polling');
    harness
      .setOutage()
      .publish(signalOf({ version: '2.0.0', timestamp: timestampAt(START) }))
      .pass(slowest);
    assert.deepEqual(harness.node.applied, O.some(versionOf('2.0.0')), 'it missed the signal after the outage');
  },
);

const n10: SummonerLaw = law(
  'N10: while disabled neither signal nor request runs, the floor does unless the disabling says otherwise, and afterwards all that was owed runs once',
  100,
  [policyArbitrary, fc.boolean(), fc.integer({ min: 1, max: 30 }), fc.nat(1_200), fc.nat(20 * MINUTE_MS), fc.boolean()],
  (step, policy, floorToo, hours, splaySeconds, afterMs, isEnabledEarly) => {
    const harness = healthyNode(step, policy);
    harness.ending = exits(0, MINUTE_MS);
    const request = requestOf({ id: 'r-1', expiresAt: plus(START, 9 * DAY_MS), splaySeconds });
    harness.publish(
      signalOf({ version: '2.0.0', timestamp: timestampAt(START), splaySeconds, runRequests: [request] }),
    );
    harness.pass(afterMs);
    const before = harness.runs.length;
    const isOwed = O.isSome(harness.node.running) || O.isNone(harness.node.accepted) || O.isSome(harness.node.pending);
    const until = plus(harness.now, hours * HOUR_MS);
    harness.disable({ reason: 'maintenance', owner: 'ops', until, floorToo });
    harness.pass(isEnabledEarly ? (hours * HOUR_MS) / 2 : hours * HOUR_MS - 1);
    for (const { running } of harness.runs.slice(before)) {
      assert(!floorToo, 'the floor ran although it was disabled too');
      assert.equal(running.cause._tag, 'Floor', 'something other than the floor ran');
    }
    const during = harness.runs.length;
    if (!floorToo && !isEnabledEarly && hours * HOUR_MS > policy.windowMs + 5 * MINUTE_MS) {
      assert(during > before, 'the floor did not run');
    }
    if (isEnabledEarly) harness.enable();
    const endedAt = isEnabledEarly ? harness.now : until;
    const limitMs = Math.max(splaySeconds, policy.catchUpSplaySeconds) * 1_000 + 7 * MINUTE_MS;
    harness.pass(limitMs);
    assert.deepEqual(harness.node.applied, O.some(versionOf('2.0.0')), 'the version was not made up for');
    assert.deepEqual(harness.node.requests, []);
    if (isOwed && floorToo && policy.windowMs > limitMs && afterMs > 6 * MINUTE_MS) {
      const after = harness.runs.slice(during).filter(({ startedAt }) => startedAt >= endedAt);
      assert(after.length <= 1 + (hours * HOUR_MS > policy.windowMs / 2 ? 1 : 0), `${after.length} runs afterwards`);
    }
  },
);

const n11: SummonerLaw = law(
  'N11: a run request runs once, on the nodes that it names and until it expires, whether or not there is anything new to apply',
  150,
  [
    policyArbitrary,
    fc.constantFrom<readonly string[] | undefined>(
      undefined,
      ['*'],
      ['web-*'],
      ['web-?'],
      ['db-*', '*-1*'],
      ['db-1'],
      [],
    ),
    fc.integer({ min: -600, max: 3_600 }),
    fc.nat(1_800),
    fc.integer({ min: 1, max: 5 }),
  ],
  (step, policy, nodes, expiresInSeconds, splaySeconds, copies) => {
    const harness = healthyNode(step, { ...policy, windowMs: 12 * HOUR_MS, pollEveryMs: 10 * SECOND_MS });
    const expiresAt = plus(START, expiresInSeconds * 1_000);
    const request = requestOf({ id: 'r-1', expiresAt, splaySeconds, ...(nodes === undefined ? {} : { nodes }) });
    for (let copy = 0; copy < copies; copy++) {
      harness.publish(signalOf({ version: '1.0.0', timestamp: timestampAt(START, copy), runRequests: [request] }));
      harness.pass(10 * MINUTE_MS);
    }
    harness.pass(HOUR_MS);
    const isMeant = isAddressedTo(request, policy.identity.node);
    // Seen within ten seconds of the start.
    const dueAt = START + splayMs(policy.identity.node, 'r-1', splaySeconds);
    const ran = harness.runs.length;
    assert(ran <= 1, `${ran} runs for one request`);
    for (const { startedAt } of harness.runs) assert(startedAt < expiresAt, 'an expired request ran');
    if (!isMeant) assert.equal(ran, 0, 'a request for others ran');
    else if (dueAt + 10 * SECOND_MS < expiresAt) assert.equal(ran, 1, 'the request did not run');
  },
);

const n11Flapping: SummonerLaw = law(
  'N11: a request that a signal drops and a later one carries again still runs only once, even when it was dropped during its run',
  60,
  [policyArbitrary, fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), fc.boolean()],
  (step, policy, carried, isFailing) => {
    const harness = healthyNode(step, { ...policy, windowMs: 12 * HOUR_MS, pollEveryMs: 10 * SECOND_MS });
    harness.ending = exits(isFailing ? 1 : 0, 5 * MINUTE_MS);
    const request = requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS) });
    [true, ...carried].forEach((isCarried, i) => {
      const runRequests = isCarried ? [request] : [];
      harness.publish(signalOf({ version: '1.0.0', timestamp: timestampAt(START, i), runRequests }));
      harness.pass(MINUTE_MS);
    });
    harness.pass(3 * HOUR_MS);
    const most = isFailing ? policy.attemptsMax : 1;
    assert(harness.runs.length >= 1 && harness.runs.length <= most, `${harness.runs.length} runs`);
  },
);

/** By how much a clock is set: a little, a lot, absurdly. */
export const clockStepArbitrary: fc.Arbitrary<number> = fc
  .tuple(
    fc.oneof(
      fc.integer({ min: 1, max: 2 * MINUTE_MS }),
      fc.integer({ min: 2 * MINUTE_MS, max: 20 * HOUR_MS }),
      fc.integer({ min: DAY_MS, max: 400 * DAY_MS }),
      fc.constant(60 * 365 * DAY_MS),
    ),
    fc.boolean(),
  )
  .map(([byMs, isForward]) => (isForward ? byMs : -byMs));

const n12: SummonerLaw = law(
  'N12, faults 32, 33 and 35: set the clock by anything at any time, watched or not: at most one extra run, and never none',
  150,
  [policyArbitrary, clockStepArbitrary, fc.boolean(), fc.nat(24 * 60), fc.boolean(), fc.boolean()],
  (step, policy, byMs, watched, minutesBefore, isSplaying, isRestarted) => {
    const lives = [0, byMs].map((stepMs) => {
      const harness = healthyNode(step, { ...policy, pollEveryMs: 5 * MINUTE_MS });
      harness.ending = exits(0, MINUTE_MS);
      harness.pass(minutesBefore * MINUTE_MS);
      if (isSplaying) {
        harness.publish(signalOf({ version: '2.0.0', timestamp: timestampAt(START), splaySeconds: 3_600 }));
        onceSeen(harness);
      }
      const before = harness.runs.length;
      if (isRestarted) harness.kill();
      if (stepMs !== 0) harness.setClock(stepMs, watched);
      if (isRestarted) harness.start();
      const setMs = harness.elapsedMs;
      harness.pass(policy.windowMs + policy.catchUpSplaySeconds * 1_000 + policy.clockToleranceMs + HOUR_MS);
      return { runs: harness.runs.slice(before), setMs, harness };
    });
    const [calm, set] = lives;
    assert(calm !== undefined && set !== undefined);
    const extra = set.runs.length - calm.runs.length;
    assert(extra <= 1, `${extra} extra runs`);
    assert(set.runs.length >= 1, 'no run at all');
    const latestMs = set.setMs + policy.windowMs + policy.clockToleranceMs + policy.catchUpSplaySeconds * 1_000;
    assert((set.runs[0]?.startedElapsedMs ?? Infinity) <= latestMs + MINUTE_MS, 'the floor came late');
    if (isSplaying) assert.deepEqual(set.harness.node.applied, O.some(versionOf('2.0.0')));
  },
);

const n12Future: SummonerLaw = law(
  'N12, fault 31: a state file from the future brings at most one extra run, and never none',
  80,
  [policyArbitrary, fc.integer({ min: MINUTE_MS, max: 70 * 365 * DAY_MS }), fc.boolean()],
  (step, policy, aheadMs, isPending) => {
    const at = plus(START, aheadMs);
    const node: NodeState = {
      ...healthyState(O.some(V1), at),
      pending: isPending
        ? O.some({ version: versionOf('2.0.0'), seenAt: at, startAt: plus(at, HOUR_MS), attempts: 0, gaveUp: false })
        : O.none,
    };
    const harness = healthyNode(step, { ...policy, pollEveryMs: 5 * MINUTE_MS }, node);
    const isBelieved = aheadMs <= policy.clockToleranceMs;
    const soonMs = isBelieved ? HOUR_MS + policy.clockToleranceMs : Math.max(policy.catchUpSplaySeconds, 1) * 1_000 + 1;
    harness.pass(soonMs);
    const expected = isPending || !isBelieved ? 1 : 0;
    assert.equal(harness.runs.length, expected);
    harness.pass(policy.windowMs + policy.clockToleranceMs);
    assert(harness.runs.length >= 1, 'the floor never ran');
    const byFloor = Math.ceil((harness.elapsedMs + aheadMs) / (policy.windowMs - policy.leadMs));
    assert(harness.runs.length <= expected + (isBelieved ? byFloor : 1), `${harness.runs.length} runs`);
    assert(lastSuccessOf(harness) <= harness.now);
  },
);

const fault34: SummonerLaw = law(
  'fault 34: resumed past its floor a node runs soon, spread over the catch-up splay, and once',
  60,
  [policyArbitrary, fc.integer({ min: 13, max: 2_000 })],
  (step, policy, hours) => {
    const harness = healthyNode(step, policy);
    harness.ending = exits(0, MINUTE_MS);
    harness.suspend(hours * HOUR_MS);
    const resumedMs = harness.elapsedMs;
    harness.pass(HOUR_MS);
    assert.equal(harness.runs.length, 1);
    const afterMs = (harness.runs[0]?.startedElapsedMs ?? 0) - resumedMs;
    assert(afterMs >= 0 && afterMs <= policy.catchUpSplaySeconds * 1_000, `started ${afterMs} ms after the resume`);
  },
);

const fault35: SummonerLaw = law(
  'fault 35: a node that boots in 1970 runs, and once more at most when its clock is set; what is signalled then is applied',
  60,
  [policyArbitrary, fc.nat(10 * DAY_MS), fc.nat(3 * HOUR_MS), fc.boolean()],
  (step, policy, bootMs, wrongForMs, watched) => {
    const harness = new NodeHarness({ policy, step, startAt: epochMs(bootMs), ending: exits(0, MINUTE_MS) });
    harness.publish(signalOf({ version: '2.0.0', timestamp: timestampAt(START, -HOUR_MS), splaySeconds: 60 }));
    harness.start().pass(wrongForMs);
    const wrong = harness.runs.length;
    const byFloor = Math.ceil(wrongForMs / (policy.windowMs - policy.leadMs)) + 1;
    assert(wrong <= byFloor, `${wrong} runs in 1970`);
    harness.setClock(START - harness.now, watched);
    harness.pass(policy.catchUpSplaySeconds * 1_000 + policy.pollEveryMs + 5 * MINUTE_MS);
    assert.deepEqual(harness.node.applied, O.some(versionOf('2.0.0')));
    assert(harness.runs.length - wrong <= 3, 'runs after the clock was set');
    assert(harness.runs.length >= 1);
  },
);

const expiredByClock: SummonerLaw = law(
  'N12, S5: a signal that only a wrong clock took for expired, and a request likewise, are acted on once the clock is right',
  60,
  [policyArbitrary, fc.integer({ min: 29, max: 4_000 }), fc.boolean()],
  (step, policy, daysAhead, watched) => {
    const request = requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS) });
    const harness = new NodeHarness({ policy, step, startAt: plus(START, daysAhead * DAY_MS), ending: exits(0, 0) });
    harness.publish(signalOf({ version: '2.0.0', timestamp: timestampAt(START), runRequests: [request] }));
    harness.start().pass(HOUR_MS);
    assert.deepEqual(harness.node.pending, O.none);
    harness.setClock(START - harness.now, watched).pass(2 * policy.pollEveryMs + policy.backoff.capMs + MINUTE_MS);
    assert.deepEqual(harness.node.applied, O.some(versionOf('2.0.0')));
  },
);

const f4: SummonerLaw = law(
  'F4: a success of the fallback counts for the floor',
  60,
  [policyArbitrary, fc.nat(110), fc.nat(120)],
  (step, policy, minutes, ageMinutes) => {
    const harness = healthyNode(step, policy);
    harness.pass(minutes * MINUTE_MS);
    const before = harness.runs.length;
    const at = plus(harness.now, -ageMinutes * MINUTE_MS);
    harness.tell({ _tag: 'FallbackSucceeded', at });
    const success = Math.max(lastSuccessOf(harness), Math.floor(at / 1_000) * 1_000);
    assert.equal(lastSuccessOf(harness), success);
    assert.equal(success % 1_000, 0);
    harness.pass(policy.windowMs);
    const [run] = harness.runs.slice(before);
    assert(run !== undefined && run.startedAt >= success + policy.windowMs - policy.leadMs, 'the floor came early');
    assert(run.startedAt <= success + policy.windowMs);
  },
);

const n14: SummonerLaw = law(
  'N14: of all exit codes 0, 35 and 37 are successes, 213 is run again at once, and everything else is a failure',
  256,
  [policyArbitrary, fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 35, 37, 41, 43, 213))],
  (step, policy, code) => {
    const harness = healthyNode(step, policy, EMPTY_NODE_STATE, exits(code, SECOND_MS));
    assert(harness.passUntil(() => harness.runs.length > 0, HOUR_MS));
    harness.ending = exits(0, SECOND_MS);
    harness.pass(SECOND_MS);
    const { node } = harness;
    const isSuccess = [0, 35, 37].includes(code);
    const isUpgrade = code === 213;
    assert.equal(O.isSome(node.lastSuccess), isSuccess);
    assert.equal(node.rebootPending, code === 35 || code === 37);
    assert.equal(harness.runs.length, isUpgrade ? 2 : 1);
    assert.equal(node.failures, isSuccess || isUpgrade ? 0 : 1);
  },
);

const pollingDepartures = fc
  .constantFrom(5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS)
  .chain((everyMs) => fc.nat(everyMs / SECOND_MS - 1).map((offset) => ({ everyMs, offsetMs: offset * SECOND_MS })));

const n15: SummonerLaw = law(
  'N15: what lies under the key is seen within poll_idle, sooner just after a departure, and within the budget of polls',
  60,
  [policyArbitrary, pollingDepartures, fc.array(fc.nat(2 * HOUR_MS), { minLength: 1, maxLength: 12 })],
  (step, policy, departures, waits) => {
    const harness = healthyNode(step, { ...policy, windowMs: 12 * HOUR_MS });
    const soonMs = timetableFor(policy, departures)?.soonMs;
    const told = (i: number) => signalOf({ version: '1.0.0', timestamp: timestampAt(harness.now, i), departures });
    harness.publish(told(0)).pass(policy.pollIdleMs + SECOND_MS);
    for (const [i, waitMs] of waits.entries()) {
      const publishedAt = harness.pass(waitMs).now;
      const signal = told(i + 1);
      const isSeen = () =>
        O.isSome(harness.node.accepted) && compareTimestamps(harness.node.accepted.value, signal.timestamp) === 0;
      const isInTime = harness.publish(signal).passUntil(isSeen, policy.pollIdleMs + 2 * SECOND_MS);
      assert(isInTime, 'a signal was not seen within poll_idle');
      const lateMs = publishedAt - departureAtOrBefore(departures, publishedAt);
      if (soonMs !== undefined && lateMs < 5 * soonMs) {
        const delayMs = harness.now - publishedAt;
        assert(delayMs <= soonMs + 2 * SECOND_MS, `${lateMs} ms after a departure: not seen before ${delayMs} ms`);
      }
    }
    const budget = (harness.elapsedMs + 2 * departures.everyMs) / policy.pollEveryMs + 2;
    assert(harness.polls.length <= budget, `${harness.polls.length} polls where ${budget} are allowed`);
  },
);

const n15Fleet: SummonerLaw = law(
  'N15: a fleet that waits for the same departure polls spread out',
  10,
  [fleetArbitrary],
  (step, kind) => {
    const departures = { everyMs: HOUR_MS, offsetMs: 0 };
    const departure = departureAtOrBefore(departures, plus(START, DAY_MS));
    const signal = signalOf({ version: '1.0.0', timestamp: timestampAt(START), departures });
    const toldAt = plus(departure, -1);
    const shares = fleetOf(kind, FLEET).map((node) => {
      const policy = policyFor(identityOf(node));
      const state = { node: healthyState(O.some(V1), toldAt), bus: startingBus(policy, toldAt) };
      const event: SummonerEvent = { _tag: 'Observed', observation: { _tag: 'Fresh', signal, revision: 'r1' } };
      return (step(policy, state, event, toldAt).state.bus.pollAt - departure) / policy.pollSoonMs;
    });
    const distance = kolmogorovSmirnov(shares);
    assert(distance < KOLMOGOROV_LIMIT / Math.sqrt(FLEET), `a distance of ${distance} from uniform`);
  },
);

/** All laws but those of the model, which {@link module:summoner-model} holds. */
export const SUMMONER_LAWS: readonly SummonerLaw[] = [
  n1,
  n2,
  n3,
  n3Uniform,
  n3Order,
  fault37,
  n4,
  n5,
  n6,
  n6Signals,
  n7,
  n7Resignalled,
  n7Upgrades,
  n8,
  n8Interrupted,
  n9,
  n10,
  n11,
  n11Flapping,
  n12,
  n12Future,
  fault34,
  fault35,
  expiredByClock,
  n14,
  n15,
  n15Fleet,
  f4,
];
