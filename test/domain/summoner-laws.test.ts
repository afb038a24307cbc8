/** The Summoner's laws and the faults that it meets, one example each; what holds for all of them are the properties. */
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { isApplied, isSeen } from '../../src/domain/dedup.ts';
import { type Disabling, isDisabled, isFloorDisabled } from '../../src/domain/disabling.ts';
import { encodeNodeState, type NodeState } from '../../src/domain/node-state.ts';
import type { RunEnd } from '../../src/domain/run-outcome.ts';
import { decodeSignal, encodeSignal, type Signal } from '../../src/domain/signal.ts';
import { splayMs } from '../../src/domain/splay.ts';
import {
  type Observation,
  policyFor,
  startingBus,
  step,
  type SummonerEvent,
  type SummonerPolicy,
} from '../../src/domain/summoner.ts';
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { exits, healthyState, NodeHarness, readState } from '../support/node-harness.ts';
import {
  identityOf,
  nodeOf,
  OTHER_ENVIRONMENT,
  OTHER_STACK,
  requestOf,
  type SignalSketch,
  signalOf,
  START,
  timestampAt,
  versionOf,
} from '../support/node-signals.ts';
import { nodeState } from '../support/node-states.ts';
import { property } from '../support/property.ts';
import { verdictText } from './summoner-table.ts';

const V1 = versionOf('1.0.0');
const V2 = versionOf('2.0.0');
const POLICY = policyFor(identityOf('web-17'));
const HEALTHY = healthyState(O.some(V1), START);

const shown = (version: string, offsetMs: number, more: Partial<SignalSketch> = {}): Signal =>
  signalOf({ version, timestamp: timestampAt(START, offsetMs), ...more });

const fresh = (signal: Signal, revision = 'r1'): SummonerEvent => ({
  _tag: 'Observed',
  observation: { _tag: 'Fresh', signal, revision },
});

/** A healthy node on version 1.0.0, booted at {@link START}. */
const booted = (policy: SummonerPolicy = POLICY, node: NodeState = HEALTHY): NodeHarness =>
  new NodeHarness({ policy, node, ending: exits(0, MINUTE_MS) }).start();

/** One decision of a healthy node that is shown `observation`. */
const shownTo = (node: NodeState, observation: Observation, now: EpochMs = START) =>
  step(POLICY, { node, bus: startingBus(POLICY, now) }, { _tag: 'Observed', observation }, now);

const verdictOf = (signal: Signal, node: NodeState = HEALTHY, now: EpochMs = START): string | undefined =>
  verdictText(shownTo(node, { _tag: 'Fresh', signal, revision: 'r1' }, now).verdict);

const versionsOf = ({ runs }: NodeHarness) => runs.map(({ running }) => O.toNullable(running.version));
const causesOf = ({ runs }: NodeHarness) => runs.map(({ running }) => running.cause._tag);

describe('which signals are believed', () => {
  it("S3, fault 24: another stack's signal in our key is refused, and so is another environment's", () => {
    expect(verdictOf(shown('2.0.0', 0, { stack: OTHER_STACK }))).toBe('Refused: WrongStack');
    expect(verdictOf(shown('2.0.0', 0, { environment: OTHER_ENVIRONMENT }))).toBe('Refused: WrongEnvironment');
  });

  it('S4, fault 20: an upload that is not complete starts nothing, and the same signal does once it is', () => {
    const harness = booted().publish(shown('2.0.0', 0, { uploadComplete: false }));
    harness.pass(HOUR_MS);
    expect(harness.runs).toEqual([]);
    expect(harness.decision.state.bus.known).toBeUndefined();
    harness.publish(shown('2.0.0', 0)).pass(2 * MINUTE_MS);
    expect(versionsOf(harness)).toEqual(['2.0.0']);
  });

  it('S5, fault 21: past its ttl a signal starts nothing, from its very second on; the floor still runs', () => {
    const ttlEpochSeconds = START / SECOND_MS;
    expect(verdictOf(shown('2.0.0', -1, { ttlEpochSeconds }), HEALTHY, START)).toBe('Expired');
    expect(verdictOf(shown('2.0.0', -1, { ttlEpochSeconds }), HEALTHY, plus(START, -1))).toBe('Accepted');
    const harness = booted().publish(shown('2.0.0', -1, { ttlEpochSeconds }));
    harness.pass(12 * HOUR_MS);
    expect(causesOf(harness)).toEqual(['Floor']);
  });

  it('S6, faults 17 and 22: a signal that is older by one nanosecond is a replay', () => {
    const at = timestampAt(START);
    const accepted = { ...HEALTHY, accepted: O.some({ ...at, nanoseconds: 5 }) };
    const verdict = (nanoseconds: number) =>
      verdictOf(signalOf({ version: '2.0.0', timestamp: { ...at, nanoseconds } }), accepted);
    expect([4, 5, 6].map(verdict)).toEqual(['Refused: Replayed', 'AlreadySeen', 'Accepted']);
  });

  it('S6, fault 23: a signal from further ahead than the tolerance is refused, and believed when its time has come', () => {
    const { clockToleranceMs } = POLICY;
    expect(verdictOf(shown('2.0.0', clockToleranceMs))).toBe('Accepted');
    expect(verdictOf(shown('2.0.0', clockToleranceMs + 1))).toBe('Refused: FromTheFuture');
    const harness = booted().publish(shown('2.0.0', HOUR_MS));
    harness.pass(50 * MINUTE_MS);
    expect(harness.runs).toEqual([]);
    harness.pass(10 * MINUTE_MS);
    expect(versionsOf(harness)).toEqual(['2.0.0']);
  });

  it('S2, fault 12: a body with a missing or empty field is refused, and the last good signal stands', () => {
    const harness = booted().publish(shown('2.0.0', 0, { splaySeconds: 3_600 }));
    harness.pass(2 * MINUTE_MS);
    const before = harness.node;
    const body = JSON.parse(encodeSignal(shown('3.0.0', 1))) as Record<string, unknown>;
    for (const spoiled of [
      { ...body, Splay: null },
      { ...body, ManifestRecord: undefined },
    ]) {
      const decoded = decodeSignal(JSON.stringify(spoiled));
      if (E.isRight(decoded)) throw new Error('a signal without a field was read');
      harness.tell({ _tag: 'Observed', observation: { _tag: 'Malformed', refusal: decoded.left } });
      expect(verdictText(harness.decision.verdict)).toBe('Refused: InvalidFields');
    }
    expect(harness.node).toBe(before);
    harness.pass(HOUR_MS);
    expect(versionsOf(harness)).toEqual(['2.0.0']);
  });
});

describe('what the bus does', () => {
  it('fault 1: a missing key is nothing to worry about: idle, and the floor applies', () => {
    const harness = booted().setOutage('Missing').pass(HOUR_MS);
    expect(harness.decision.reason).toEqual({ _tag: 'UpToDate' });
    expect(harness.decision.state.bus.failures).toBe(0);
    expect(causesOf(harness.pass(12 * HOUR_MS))).toEqual(['Floor']);
  });

  it('fault 2: denied, it keeps polling at its own pace', () => {
    const harness = booted().setOutage('Denied').pass(HOUR_MS);
    expect(harness.polls).toHaveLength(60);
    expect(causesOf(harness.pass(12 * HOUR_MS))).toEqual(['Floor']);
  });

  it('fault 3: unchanged is no news and no failure: the state is the very same value', () => {
    const before = booted()
      .publish(shown('1.0.0', 0))
      .pass(5 * MINUTE_MS).decision;
    const after = step(
      POLICY,
      before.state,
      { _tag: 'Observed', observation: { _tag: 'Unchanged' } },
      plus(START, HOUR_MS),
    );
    expect(after.state.node).toBe(before.state.node);
    expect(after.state.bus).toEqual({ ...before.state.bus, pollAt: after.state.bus.pollAt });
    expect(after.verdict).toEqual(O.none);
  });

  it('fault 3: what was understood is asked for conditionally, what was refused is asked for whole', () => {
    const understood = (signal: Signal) => shownTo(HEALTHY, { _tag: 'Fresh', signal, revision: 'r7' }).state.bus.known;
    expect(understood(shown('2.0.0', 0))).toBe('r7');
    expect(understood(shown('1.0.0', 0))).toBe('r7');
    expect(understood(shown('2.0.0', DAY_MS))).toBeUndefined();
    expect(understood(shown('2.0.0', 0, { uploadComplete: false }))).toBeUndefined();
    expect(understood(shown('2.0.0', 0, { ttlEpochSeconds: 1 }))).toBeUndefined();
  });

  it('faults 4 and 5: unavailable, the polls back off up to the cap, spread, and are back at once when it answers', () => {
    const polls = ['web-1', 'web-2'].map(
      (node) =>
        booted(policyFor(identityOf(node)))
          .setOutage('Unavailable')
          .pass(6 * HOUR_MS).polls,
    );
    const gaps = polls.map((times) => times.slice(1).map((time, i) => time - (times[i] ?? 0)));
    for (const each of gaps) {
      expect(Math.max(...each)).toBeLessThanOrEqual(30 * MINUTE_MS);
      expect(Math.max(...each)).toBeGreaterThan(10 * MINUTE_MS);
      expect(Math.min(...each)).toBeGreaterThanOrEqual(SECOND_MS);
    }
    expect(gaps[0]).not.toEqual(gaps[1]);
    const harness = booted()
      .setOutage('Unavailable')
      .pass(6 * HOUR_MS)
      .setOutage();
    harness.pass(harness.decision.state.bus.pollAt - harness.now);
    expect(harness.decision.state.bus.failures).toBe(0);
    expect(harness.decision.state.bus.pollAt - harness.now).toBeLessThanOrEqual(MINUTE_MS);
  });

  it('N9: polls that a wrong clock put off are brought back', () => {
    const harness = booted()
      .pass(HOUR_MS)
      .setClock(-30 * DAY_MS, false);
    const polls = harness.polls.length;
    harness.pass(HOUR_MS);
    expect(harness.polls.length - polls).toBeGreaterThan(50);
  });
});

describe('versions', () => {
  it('N1, fault 25: the same signal over and over is one run', () => {
    const harness = booted();
    for (let i = 0; i < 5; i++) harness.publish(shown('2.0.0', 0)).pass(10 * MINUTE_MS);
    expect(versionsOf(harness)).toEqual(['2.0.0']);
  });

  it('N1: an applied version that is signalled during a run of the floor which fails causes no run', () => {
    const harness = booted().pass(11 * HOUR_MS);
    harness.endings.push({ durationMs: 20 * MINUTE_MS, end: { _tag: 'TimedOut' } });
    harness.passUntil(() => harness.runs.length === 1, HOUR_MS);
    harness.publish(shown('1.0.0', 0)).pass(2 * HOUR_MS);
    expect(causesOf(harness)).toEqual(['Floor', 'Floor']);
  });

  it('N1: a rollback to a version that was applied before the present one is a new version', () => {
    const harness = booted()
      .publish(shown('2.0.0', 0))
      .pass(10 * MINUTE_MS);
    harness.publish(shown('1.0.0', 1)).pass(10 * MINUTE_MS);
    expect(versionsOf(harness)).toEqual(['2.0.0', '1.0.0']);
  });

  it('N1, N7: after a failed attempt at another version, going back to the applied one takes a run, and its failure a retry', () => {
    const backoff = { baseMs: 30 * MINUTE_MS, capMs: 30 * MINUTE_MS };
    const harness = booted({ ...POLICY, backoff, pollEveryMs: SECOND_MS });
    harness.endings.push(exits(1), exits(1));
    harness.publish(shown('2.0.0', 0)).pass(MINUTE_MS + 2 * SECOND_MS);
    expect(harness.decision.reason).toEqual({ _tag: 'BackingOff' });
    harness.publish(shown('1.0.0', 1)).pass(2 * HOUR_MS);
    expect(versionsOf(harness)).toEqual(['2.0.0', '1.0.0', '1.0.0']);
    expect(harness.node.tried).toEqual(O.none);
  });

  it('N1: half-way between two versions, the applied one stays news until a run of it succeeds', () => {
    const halfWay = { ...HEALTHY, tried: O.some(V2) };
    expect([isApplied(HEALTHY, V1), isApplied(halfWay, V1), isApplied(halfWay, V2)]).toEqual([true, false, false]);
    const harness = booted();
    harness.ending = exits(1);
    harness.publish(shown('2.0.0', 0)).pass(2 * MINUTE_MS);
    harness.publish(shown('1.0.0', 1)).pass(2 * MINUTE_MS);
    expect(harness.node.failures).toBeGreaterThan(1);
    expect(verdictText(step(POLICY, harness.decision.state, fresh(shown('1.0.0', 2)), harness.now).verdict)).toBe(
      'Accepted',
    );
  });

  it('N2: with a splay of 0 a version starts in the instant in which it is seen', () => {
    const decision = shownTo(HEALTHY, { _tag: 'Fresh', signal: shown('2.0.0', 0), revision: 'r1' });
    expect(decision.action).toMatchObject({
      _tag: 'Start',
      running: { cause: { _tag: 'NewVersion', version: V2 }, startedAt: START },
    });
  });

  it('N3: the start is the hash of node and version, and nextStartAt tells it', () => {
    const decision = shownTo(HEALTHY, {
      _tag: 'Fresh',
      signal: shown('2.0.0', 0, { splaySeconds: 900 }),
      revision: 'r1',
    });
    expect(decision.nextStartAt).toEqual(O.some(plus(START, splayMs(nodeOf('web-17'), '2.0.0', 900))));
    expect(decision.nextCause).toEqual(O.some({ _tag: 'NewVersion', version: '2.0.0' }));
    const started = step(POLICY, decision.state, { _tag: 'Woke' }, O.getOrElse(() => START)(decision.nextStartAt));
    expect(O.some(started.reason)).toEqual(decision.nextCause);
  });

  it('N4, fault 26: a newer signal during the splay replaces the version; a shorter splay may bring the start forward', () => {
    const waiting = shownTo(HEALTHY, {
      _tag: 'Fresh',
      signal: shown('2.0.0', 0, { splaySeconds: 86_400 }),
      revision: 'r1',
    });
    const later = step(
      POLICY,
      waiting.state,
      fresh(shown('3.0.0', 1, { splaySeconds: 86_400 })),
      plus(START, MINUTE_MS),
    );
    expect(later.nextStartAt).toEqual(waiting.nextStartAt);
    const urgent = step(POLICY, later.state, fresh(shown('4.0.0', 2)), plus(START, 2 * MINUTE_MS));
    expect(urgent.action).toMatchObject({ _tag: 'Start', running: { version: O.some('4.0.0') } });
  });

  it('N4, N5: of two signals that arrive during a run the second replaces the first and keeps its start', () => {
    const harness = booted();
    harness.endings.push(exits(0, 3 * HOUR_MS));
    harness.publish(shown('2.0.0', 0)).pass(2 * MINUTE_MS);
    harness.publish(shown('3.0.0', 1, { splaySeconds: 3_600 })).pass(MINUTE_MS);
    const { pending } = harness.node;
    harness
      .pass(30 * MINUTE_MS)
      .publish(shown('4.0.0', 2, { splaySeconds: 3_600 }))
      .pass(MINUTE_MS);
    const startAt = O.map(({ startAt: at }: { readonly startAt: EpochMs }) => at);
    expect(startAt(harness.node.pending)).toEqual(startAt(pending));
    expect(versionsOf(harness.pass(4 * HOUR_MS))).toEqual(['2.0.0', '4.0.0']);
  });

  it('N5, fault 27: signals during a run cause one follow-up, for the last of them', () => {
    const harness = booted();
    harness.endings.push(exits(0, HOUR_MS));
    harness.publish(shown('2.0.0', 0)).pass(2 * MINUTE_MS);
    for (const [i, version] of ['3.0.0', '2.0.0', '4.0.0'].entries())
      harness.publish(shown(version, i + 1)).pass(10 * MINUTE_MS);
    expect(versionsOf(harness.pass(3 * HOUR_MS))).toEqual(['2.0.0', '4.0.0']);
  });

  it('N3, N5: a follow-up has a splay of its own, counted from when its signal was seen', () => {
    const harness = booted();
    harness.endings.push(exits(0, HOUR_MS));
    harness.publish(shown('2.0.0', 0)).pass(2 * MINUTE_MS);
    harness.publish(shown('3.0.0', 1, { splaySeconds: 86_400 })).pass(2 * MINUTE_MS);
    const seenAt = O.isSome(harness.node.pending) ? harness.node.pending.value.seenAt : START;
    harness.pass(HOUR_MS);
    expect(harness.node.pending).toMatchObject({
      value: { version: '3.0.0', startAt: plus(seenAt, splayMs(nodeOf('web-17'), '3.0.0', 86_400)) },
    });
  });

  it('fault 25: the timestamp tells a signal that was seen from one that was not, to the nanosecond', () => {
    const node = { ...HEALTHY, accepted: O.some({ epochSeconds: 7, nanoseconds: 8 }) };
    expect(isSeen(node, { epochSeconds: 7, nanoseconds: 8 })).toBe(true);
    expect(isSeen(node, { epochSeconds: 7, nanoseconds: 9 })).toBe(false);
    expect(isSeen(HEALTHY, { epochSeconds: 7, nanoseconds: 8 })).toBe(false);
  });
});

describe('the floor', () => {
  it('N6: a node that never ran runs at first sight, splayed, and whatever is signalled meanwhile runs with it', () => {
    const harness = new NodeHarness({ policy: POLICY, ending: exits(0, SECOND_MS) }).start();
    expect(harness.decision).toMatchObject({ reason: { _tag: 'Splay' }, nextStartAt: { _tag: 'Some' } });
    harness.publish(shown('2.0.0', 0, { splaySeconds: 86_400 })).pass(POLICY.catchUpSplaySeconds * SECOND_MS);
    expect(causesOf(harness)).toEqual(['FirstRun']);
    expect(harness.pass(5 * HOUR_MS).node.applied).toEqual(O.some(V2));
    expect(harness.runs).toHaveLength(1);
  });

  it('N6: with a lead of 0 it starts at last success + window, to the millisecond', () => {
    const harness = booted({ ...POLICY, leadMs: 0 }).pass(12 * HOUR_MS - 1);
    expect(harness.runs).toEqual([]);
    expect(harness.pass(1).runs).toHaveLength(1);
  });

  it('N6, N7: a run of the floor applies the version that had been given up', () => {
    const harness = booted();
    harness.ending = exits(1, SECOND_MS);
    harness.publish(shown('2.0.0', 0)).pass(6 * HOUR_MS);
    expect(harness.decision.reason).toEqual({ _tag: 'GaveUp' });
    harness.ending = exits(0, SECOND_MS);
    harness.pass(6 * HOUR_MS);
    expect(harness.node.applied).toEqual(O.some(V2));
    expect(harness.node.pending).toEqual(O.none);
  });

  it('F4: a success of the fallback puts the floor off, in whole seconds; one from the future does not', () => {
    const harness = booted()
      .pass(10 * HOUR_MS)
      .tell({ _tag: 'FallbackSucceeded', at: plus(START, 5 * HOUR_MS + 999) });
    expect(harness.node.lastSuccess).toEqual(O.some(plus(START, 5 * HOUR_MS)));
    expect(harness.node.applied).toEqual(O.some(V1));
    harness.tell({ _tag: 'FallbackSucceeded', at: plus(harness.now, 1) });
    expect(harness.node.lastSuccess).toEqual(O.some(plus(START, 5 * HOUR_MS)));
    harness.pass(6 * HOUR_MS);
    expect(harness.runs).toEqual([]);
    expect(causesOf(harness.pass(HOUR_MS))).toEqual(['Floor']);
  });

  it('F4, N12: a record that was heard of is no news when the clock has been set back since', () => {
    const at = plus(START, 3 * HOUR_MS);
    const harness = booted()
      .pass(5 * HOUR_MS)
      .tell({ _tag: 'FallbackSucceeded', at });
    harness.tell({ _tag: 'ClockStepped', byMs: -4 * HOUR_MS });
    const stepped = harness.node.lastSuccess;
    expect(stepped).toEqual(O.some(plus(START, -HOUR_MS)));
    harness.tell({ _tag: 'FallbackSucceeded', at });
    expect(harness.node.lastSuccess).toEqual(stepped);
  });

  it('F4, N12: a success from the future is none, also when the clock has caught up with it', () => {
    const harness = booted().pass(HOUR_MS);
    const at = plus(harness.now, 2 * HOUR_MS);
    harness
      .tell({ _tag: 'FallbackSucceeded', at })
      .pass(3 * HOUR_MS)
      .tell({ _tag: 'FallbackSucceeded', at });
    expect(harness.node.lastSuccess).toEqual(O.some(START));
  });

  it('F4, N12: a success of the fallback takes the place of one from the future', () => {
    const harness = booted(POLICY, healthyState(O.some(V1), plus(START, 9 * DAY_MS)));
    harness.tell({ _tag: 'FallbackSucceeded', at: plus(START, -HOUR_MS) });
    expect(harness.decision.reason).toEqual({ _tag: 'UpToDate' });
    expect(harness.pass(10 * HOUR_MS).runs).toEqual([]);
  });
});

describe('failures', () => {
  it('N7, fault 56: five attempts, each further away than a second, and then the floor alone', () => {
    const harness = booted();
    harness.ending = exits(1, 10 * SECOND_MS);
    harness.publish(shown('2.0.0', 0)).pass(11 * HOUR_MS);
    expect(causesOf(harness)).toEqual(Array.from({ length: 5 }, () => 'NewVersion'));
    expect(harness.node).toMatchObject({ applied: O.some(V1), lastSuccess: HEALTHY.lastSuccess, failures: 5 });
    expect(harness.decision.reason).toEqual({ _tag: 'GaveUp' });
  });

  it('N7: a newer signal for the version that was given up starts another series; one that carries run requests does not', () => {
    const harness = booted();
    harness.ending = exits(1, 10 * SECOND_MS);
    harness.publish(shown('2.0.0', 0)).pass(3 * HOUR_MS);
    const forOthers = requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS), nodes: ['db-*'] });
    harness.publish(shown('2.0.0', 1, { runRequests: [forOthers] })).pass(2 * HOUR_MS);
    expect(harness.runs).toHaveLength(5);
    harness.publish(shown('2.0.0', 2)).pass(3 * HOUR_MS);
    expect(harness.runs).toHaveLength(10);
  });

  it('N7: a request for the node runs the version that was given up', () => {
    const harness = booted();
    harness.ending = exits(1, 10 * SECOND_MS);
    harness.publish(shown('2.0.0', 0)).pass(3 * HOUR_MS);
    harness.ending = exits(0, 10 * SECOND_MS);
    const forMe = requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS), nodes: ['web-*'] });
    harness.publish(shown('2.0.0', 1, { runRequests: [forMe] })).pass(2 * MINUTE_MS);
    expect(causesOf(harness).at(-1)).toBe('Request');
    expect(harness.node.applied).toEqual(O.some(V2));
  });

  it('N7: a failing request is tried as often as a version, and then never again', () => {
    const harness = booted();
    harness.ending = exits(1, 10 * SECOND_MS);
    const request = requestOf({ id: 'r-1', expiresAt: plus(START, 9 * DAY_MS) });
    // Carried by signal after signal, as it is when other requests come and go.
    for (let i = 0; i < 600; i++) harness.publish(shown('1.0.0', i, { runRequests: [request] })).pass(MINUTE_MS);
    expect(causesOf(harness)).toEqual(Array.from({ length: 5 }, () => 'Request'));
  });

  it('N7: a success wipes the slate', () => {
    const harness = booted();
    harness.endings.push(exits(1, SECOND_MS), exits(1, SECOND_MS));
    harness.publish(shown('2.0.0', 0)).pass(2 * HOUR_MS);
    expect(harness.runs).toHaveLength(3);
    expect(harness.node).toMatchObject({ failures: 0, pending: O.none, floor: O.none, tried: O.none });
  });

  it.each<[string, RunEnd]>([
    ['exit code 1', { _tag: 'Exited', code: 1 }],
    ['a signal, fault 52', { _tag: 'Killed', by: 'SIGKILL' }],
    ['the time limit, fault 49', { _tag: 'TimedOut' }],
    ['an executable that is missing, fault 53', { _tag: 'NotStarted', detail: 'ENOENT' }],
  ])(
    'N7, N14: %s moves neither the applied version nor the last success, and is retried after a wait',
    (_what, end) => {
      const harness = booted();
      harness.endings.push({ durationMs: 0, end });
      harness.publish(shown('2.0.0', 0)).pass(MINUTE_MS);
      const [first] = harness.runs;
      expect(harness.node).toMatchObject({ applied: O.some(V1), lastSuccess: HEALTHY.lastSuccess });
      harness.pass(2 * MINUTE_MS);
      const [, second] = harness.runs;
      expect((second?.startedElapsedMs ?? 0) - (first?.startedElapsedMs ?? 0)).toBeGreaterThanOrEqual(SECOND_MS);
      expect(harness.node.applied).toEqual(O.some(V2));
    },
  );

  it('N14: a pending reboot is a success that is remembered until the next one', () => {
    const harness = booted();
    harness.endings.push(exits(35), exits(0));
    harness.publish(shown('2.0.0', 0)).pass(5 * MINUTE_MS);
    expect(harness.node).toMatchObject({ applied: O.some(V2), rebootPending: true });
    harness.publish(shown('3.0.0', 1)).pass(5 * MINUTE_MS);
    expect(harness.node.rebootPending).toBe(false);
  });

  it('N14: an upgraded client is run again at once, once, whatever else is due', () => {
    const harness = booted();
    harness.endings.push(exits(213, 10 * SECOND_MS), exits(213, 10 * SECOND_MS));
    harness.publish(shown('2.0.0', 0)).pass(MINUTE_MS + 25 * SECOND_MS);
    expect(causesOf(harness).slice(0, 2)).toEqual(['NewVersion', 'Upgraded']);
    expect(harness.runs[1]?.startedElapsedMs).toBe(harness.runs[0]?.endedElapsedMs);
    harness.pass(5 * MINUTE_MS);
    expect(causesOf(harness)).toEqual(['NewVersion', 'Upgraded', 'NewVersion']);
    expect(harness.node.applied).toEqual(O.some(V2));
  });
});

describe('killed', () => {
  it('N8: the version waits through a kill with the start that it had (fault 55), and its state is the file', () => {
    const harness = booted()
      .publish(shown('2.0.0', 0, { splaySeconds: 86_400 }))
      .pass(2 * MINUTE_MS);
    const { pending } = harness.node;
    harness.kill(10 * MINUTE_MS).pass(HOUR_MS);
    expect(harness.node.pending).toEqual(pending);
    expect(readState(harness.stored)).toEqual(harness.node);
  });

  it('N8, fault 54: a success of which nothing was stored is one more run', () => {
    const harness = booted().killAt('BeforeEndIsTaken', SECOND_MS);
    harness.publish(shown('2.0.0', 0)).pass(HOUR_MS);
    expect(versionsOf(harness)).toEqual(['2.0.0', '2.0.0']);
    expect(harness.node.applied).toEqual(O.some(V2));
  });

  it('N8: killed after the start was stored and before the run began, it runs after a wait', () => {
    const harness = booted().killAt('BeforeStart', 0);
    harness.publish(shown('2.0.0', 0)).pass(HOUR_MS);
    expect(harness.runs).toHaveLength(1);
    expect(harness.node).toMatchObject({ applied: O.some(V2), interruptions: 0 });
  });

  it('N8: what a person asked for is run again when the agent was killed in it', () => {
    const harness = booted().tell({ _tag: 'RunNowAsked' }).pass(SECOND_MS);
    harness.kill(HOUR_MS).pass(HOUR_MS);
    expect(causesOf(harness)).toEqual(['RunNow', 'RunNow']);
  });

  it('N8, fault 58: a run that takes the agent down with it every time is not started for ever', () => {
    const harness = booted();
    harness.ending = exits(0, HOUR_MS);
    harness.tell({ _tag: 'RunNowAsked' });
    for (let i = 0; i < 20; i++)
      harness
        .pass(10 * SECOND_MS)
        .kill(SECOND_MS)
        .pass(SECOND_MS);
    expect(harness.runs).toHaveLength(POLICY.attemptsMax + 1);
  });

  it("fault 38, fault 43: without a state, or with another node's, it goes on as one that never ran", () => {
    const other = encodeNodeState({ identity: identityOf('image'), state: HEALTHY, unknownFields: {} });
    for (const text of ['', '\0\0\0', other, other.slice(0, 100)]) {
      const harness = new NodeHarness({ policy: POLICY }).replaceStored(text).start();
      expect(harness.decision.reason).toEqual({ _tag: 'Splay' });
      expect(causesOf(harness.pass(10 * MINUTE_MS))).toEqual(['FirstRun']);
    }
  });
});

describe('disabled', () => {
  const until = plus(START, 2 * HOUR_MS);
  const disabling: Disabling = { reason: 'maintenance', owner: 'ops', until, floorToo: false };

  it('N10: until the instant that it names, and not in it', () => {
    expect([plus(until, -1), until].map((now) => isDisabled(disabling, now))).toEqual([true, false]);
    expect(isFloorDisabled(disabling, START)).toBe(false);
    expect([plus(until, -1), until].map((now) => isFloorDisabled({ ...disabling, floorToo: true }, now))).toEqual([
      true,
      false,
    ]);
  });

  it('N10: what comes before the splay, during it and at its end is held, and made up for once', () => {
    const harness = booted()
      .disable(disabling)
      .publish(shown('2.0.0', 0, { splaySeconds: 60 }))
      .pass(HOUR_MS);
    expect(harness.decision.reason).toEqual({ _tag: 'Disabled', disabling });
    harness.publish(shown('3.0.0', 1, { splaySeconds: 60 })).pass(HOUR_MS - 1);
    expect(harness.runs).toEqual([]);
    expect(versionsOf(harness.pass(5 * MINUTE_MS))).toEqual(['3.0.0']);
  });

  it('N10: a disabling ends in its own instant, whenever the next poll may be', () => {
    const harness = booted({ ...POLICY, pollEveryMs: HOUR_MS });
    harness.publish(shown('2.0.0', 0)).disable({ ...disabling, until: plus(START, 90 * MINUTE_MS) });
    harness.pass(2 * HOUR_MS);
    expect(harness.runs.map(({ startedElapsedMs }) => startedElapsedMs)).toEqual([90 * MINUTE_MS]);
  });

  it('N10: disabled during the splay, it does not start', () => {
    const harness = booted()
      .publish(shown('2.0.0', 0, { splaySeconds: 86_400 }))
      .pass(2 * MINUTE_MS);
    const startAt = O.toUndefined(harness.decision.nextStartAt) ?? START;
    harness.pass(startAt - harness.now - 1);
    harness.disable({ ...disabling, until: plus(harness.now, HOUR_MS) });
    expect(harness.pass(MINUTE_MS).runs).toEqual([]);
  });

  it('N10: nodes that were disabled together do not start together, be it for a version, a request or the floor', () => {
    const request = requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS) });
    const signals: Readonly<Record<string, Signal>> = {
      version: shown('2.0.0', 0, { splaySeconds: 600 }),
      request: shown('1.0.0', 0, { runRequests: [request] }),
      floor: shown('1.0.0', 0),
      retry: shown('2.0.0', 0),
    };
    for (const [what, signal] of Object.entries(signals)) {
      const starts = Array.from({ length: 40 }, (_, i) => {
        const harness = booted(policyFor(identityOf(`web-${i}`)));
        const isRetry = what === 'retry';
        if (isRetry) harness.publish(signal).endings.push(exits(1, 0));
        if (isRetry) expect(harness.passUntil(() => harness.node.failures === 1, 2 * MINUTE_MS, 100)).toBe(true);
        harness.disable({ ...disabling, until: plus(START, 13 * HOUR_MS), floorToo: true }).publish(signal);
        const before = harness.runs.length;
        harness.pass(13 * HOUR_MS - harness.elapsedMs);
        expect(harness.runs).toHaveLength(before);
        return harness.pass(HOUR_MS).runs[before]?.startedElapsedMs ?? Number.NaN;
      });
      const inFirstMinute = starts.filter((at) => at < 13 * HOUR_MS + MINUTE_MS).length;
      expect(inFirstMinute).toBeLessThan(20);
      expect(Math.max(...starts)).toBeLessThanOrEqual(13 * HOUR_MS + 600 * SECOND_MS);
    }
  });

  it('N10: a signal that asks for haste after the disabling is not held by what was seen during it', () => {
    const harness = booted()
      .disable(disabling)
      .publish(shown('2.0.0', 0, { splaySeconds: 86_400 }))
      .pass(2 * HOUR_MS);
    harness.publish(shown('3.0.0', 1)).pass(MINUTE_MS);
    expect(versionsOf(harness)).toEqual(['3.0.0']);
  });

  it('N10, N12: a disabling that another clock stated lasts no longer than it was meant to', () => {
    for (const watched of [true, false]) {
      const harness = booted(POLICY).setClock(70 * 365 * DAY_MS, true);
      harness.disable({ ...disabling, until: plus(harness.now, HOUR_MS), floorToo: true });
      harness.setClock(START - harness.now, watched).pass(HOUR_MS + 10 * MINUTE_MS);
      expect(harness.decision.reason._tag).not.toBe('Disabled');
    }
  });

  it('N10, N12: enabled is enabled, also during a run and by a clock that is set back afterwards', () => {
    const harness = booted().tell({ _tag: 'RunNowAsked' }).disable(disabling);
    harness
      .setClock(400 * DAY_MS, false)
      .enable()
      .setClock(-400 * DAY_MS, false);
    expect(harness.pass(5 * MINUTE_MS).decision.reason._tag).not.toBe('Disabled');
    expect(harness.node.disabled).toEqual(O.none);
  });

  it('N10: enabled again, and run-now waits until then', () => {
    const harness = booted().disable(disabling).tell({ _tag: 'RunNowAsked' }).pass(HOUR_MS);
    expect(harness.runs).toEqual([]);
    expect(causesOf(harness.enable())).toEqual(['RunNow']);
  });
});

describe('run requests', () => {
  const request = requestOf({ id: 'r-1', expiresAt: plus(START, HOUR_MS), splaySeconds: 60 });

  it('N11: one run settles a version and every request that is open', () => {
    const second = requestOf({ id: 'r-2', expiresAt: plus(START, HOUR_MS), splaySeconds: 3_600 });
    const harness = booted().publish(shown('2.0.0', 0, { splaySeconds: 3_600, runRequests: [request, second] }));
    harness.pass(3 * HOUR_MS);
    expect(harness.runs).toHaveLength(1);
    expect(harness.node.handled.map(({ id }) => id)).toEqual(['r-1', 'r-2']);
  });

  it('N11: a request that is withdrawn before its time starts nothing', () => {
    const slow = requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS), splaySeconds: 86_400 });
    const harness = booted()
      .publish(shown('1.0.0', 0, { runRequests: [slow] }))
      .pass(2 * MINUTE_MS);
    expect(harness.node.requests).toHaveLength(1);
    harness.publish(shown('1.0.0', 1)).pass(2 * MINUTE_MS);
    expect(harness.node.requests).toEqual([]);
    expect(harness.decision.reason).toEqual({ _tag: 'UpToDate' });
  });

  it('N11: a later signal may give an open request more time or less, and a settled one no second run', () => {
    const slow = { ...request, splaySeconds: 7_200 };
    const harness = booted()
      .publish(shown('1.0.0', 0, { runRequests: [slow] }))
      .pass(2 * MINUTE_MS);
    const longer = { ...slow, expiresEpochSeconds: slow.expiresEpochSeconds + 7_200 };
    harness.publish(shown('1.0.0', 1, { runRequests: [longer] })).pass(3 * HOUR_MS);
    expect(harness.runs).toHaveLength(1);
    const longest = { ...slow, expiresEpochSeconds: slow.expiresEpochSeconds + 86_400 };
    harness.publish(shown('1.0.0', 2, { runRequests: [longest] })).pass(HOUR_MS);
    harness.publish(shown('1.0.0', 3, { runRequests: [longest] })).pass(4 * HOUR_MS);
    expect(harness.runs).toHaveLength(1);
  });

  it('N11: a request that failed and was withdrawn is not tried anew when it is carried again', () => {
    const harness = booted();
    harness.ending = exits(1, SECOND_MS);
    harness.publish(shown('1.0.0', 0, { runRequests: [request] }));
    expect(harness.passUntil(() => harness.node.failures === 1, 10 * MINUTE_MS)).toBe(true);
    // Between the attempts: the first wait is a minute at most, and the polls are as far apart.
    const withdrawn = step(POLICY, harness.decision.state, fresh(shown('1.0.0', 1)), harness.now);
    const again = step(POLICY, withdrawn.state, fresh(shown('1.0.0', 2, { runRequests: [request] })), harness.now);
    expect(again.state.node.requests).toEqual([]);
    expect(again.reason).toEqual({ _tag: 'UpToDate' });
  });

  it('N11: what was handled is forgotten when it expires', () => {
    const harness = booted()
      .publish(shown('1.0.0', 0, { runRequests: [request] }))
      .pass(10 * MINUTE_MS);
    expect(harness.node.handled).toHaveLength(1);
    harness
      .pass(2 * HOUR_MS)
      .publish(shown('1.0.0', 1))
      .pass(2 * MINUTE_MS);
    expect(harness.node.handled).toEqual([]);
  });
});

describe('clocks', () => {
  it('fault 31: a state from the future is no success: one run, soon', () => {
    const harness = booted(POLICY, healthyState(O.some(V1), plus(START, 400 * DAY_MS)));
    expect(causesOf(harness.pass(10 * MINUTE_MS))).toEqual(['FirstRun']);
    expect(harness.pass(11 * HOUR_MS).runs).toHaveLength(1);
  });

  it('fault 32: a step back that is watched causes no second run and loses no wait', () => {
    const harness = booted()
      .publish(shown('2.0.0', 0))
      .pass(10 * MINUTE_MS)
      .setClock(-6 * HOUR_MS, true);
    expect(harness.runs).toHaveLength(1);
    expect(harness.pass(11 * HOUR_MS).runs).toHaveLength(1);
    expect(harness.pass(HOUR_MS).runs).toHaveLength(2);
  });

  it('fault 33: a step forward costs one run at most', () => {
    for (const watched of [true, false]) {
      const harness = booted()
        .pass(HOUR_MS)
        .setClock(5 * DAY_MS, watched)
        .pass(10 * HOUR_MS);
      expect(harness.runs).toHaveLength(watched ? 0 : 1);
    }
  });

  it('fault 34: resumed long after its floor it runs within the catch-up splay', () => {
    const harness = booted().suspend(3 * DAY_MS);
    expect(harness.decision.reason).toEqual({ _tag: 'Splay' });
    expect(causesOf(harness.pass(5 * MINUTE_MS))).toEqual(['Floor']);
  });

  it('fault 34: a timer that fires late is no standstill', () => {
    const harness = booted({ ...POLICY, leadMs: 0 })
      .pass(12 * HOUR_MS - 1)
      .suspend(30 * SECOND_MS);
    expect(causesOf(harness)).toEqual(['Floor']);
  });

  it('fault 35: set back to 1970 while watched, a success that 1970 cannot tell of counts as none', () => {
    const harness = booted()
      .pass(8 * HOUR_MS)
      .setClock(HOUR_MS - START - 8 * HOUR_MS, true);
    expect(harness.node.lastSuccess).toEqual(O.none);
    expect(causesOf(harness.pass(10 * MINUTE_MS))).toEqual(['FirstRun']);
    expect(harness.setClock(START - harness.now, true).pass(11 * HOUR_MS).runs).toHaveLength(1);
  });

  it('fault 36: the clocks of summer and winter are none of ours: a window is twelve hours', () => {
    const eveOfWinter = epochMs(Date.UTC(2025, 9, 25, 20, 0));
    const harness = new NodeHarness({
      policy: { ...POLICY, leadMs: 0 },
      node: healthyState(O.some(V1), eveOfWinter),
      startAt: eveOfWinter,
    });
    harness.start().pass(12 * HOUR_MS);
    expect(harness.runs.map(({ startedAt }) => startedAt)).toEqual([plus(eveOfWinter, 12 * HOUR_MS)]);
  });

  it('N12: a success is kept in whole seconds, however the clock is set', () => {
    const harness = booted().setClock(12_345, true);
    expect(harness.node.lastSuccess).toEqual(O.some(plus(START, 12_000)));
  });

  // In these, the last success can still be believed after the step, so that no first run covers up for what is lost.
  it('N12: retries that another clock computed wait no longer than the cap', () => {
    const request = requestOf({ id: 'r-1', expiresAt: plus(START, DAY_MS) });
    for (const signal of [shown('2.0.0', 0), shown('1.0.0', 0, { runRequests: [request] })]) {
      const harness = booted().pass(8 * HOUR_MS);
      harness.endings.push(exits(1, SECOND_MS));
      harness.publish(signal);
      expect(harness.passUntil(() => harness.node.failures === 1, 5 * MINUTE_MS)).toBe(true);
      harness.setClock(-7 * HOUR_MS, false);
      harness.pass(POLICY.backoff.capMs + POLICY.catchUpSplaySeconds * SECOND_MS);
      expect(harness.runs).toHaveLength(2);
    }
  });

  it('N12: a splay that another clock began waits no longer than it would have', () => {
    const harness = booted().pass(8 * HOUR_MS);
    harness.publish(shown('2.0.0', 0, { splaySeconds: 3_600 })).pass(2 * MINUTE_MS);
    harness.setClock(-7 * HOUR_MS, false).pass(HOUR_MS);
    expect(versionsOf(harness)).toEqual(['2.0.0']);
  });

  it('N12: a step that is watched changes no wait: not of a version, a request, a retry, or the next poll', () => {
    const request = requestOf({ id: 'r-1', expiresAt: plus(START, 9 * DAY_MS), splaySeconds: 7_200 });
    const scenes: readonly NodeHarness[] = [
      booted().publish(shown('2.0.0', 0, { splaySeconds: 7_200 })),
      booted().publish(shown('1.0.0', 0, { runRequests: [request] })),
      booted(),
    ];
    for (const harness of scenes) {
      harness.pass(90 * SECOND_MS);
      const waits = () => {
        const { nextStartAt, lookAgainAt } = harness.decision;
        return [O.isSome(nextStartAt) ? nextStartAt.value - harness.now : undefined, lookAgainAt - harness.now];
      };
      const before = waits();
      for (const byMs of [9 * HOUR_MS, -30 * HOUR_MS]) {
        harness.setClock(byMs, true);
        expect(waits()).toEqual(before);
      }
    }
  });
});

const anyInstant = fc.oneof(
  arb.instant,
  fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }).map((byMs) => plus(START, byMs)),
);

const anyEvent: fc.Arbitrary<SummonerEvent> = fc.oneof(
  fc.constantFrom<SummonerEvent>({ _tag: 'Started' }, { _tag: 'Woke' }, { _tag: 'Enabled' }, { _tag: 'RunNowAsked' }),
  fc
    .constantFrom<Observation['_tag'] & ('Unchanged' | 'Missing' | 'Denied' | 'Unavailable')>(
      'Unchanged',
      'Missing',
      'Denied',
      'Unavailable',
    )
    .map((_tag): SummonerEvent => ({ _tag: 'Observed', observation: { _tag } })),
  arb.signal.map((signal) => fresh(signal)),
  fc
    .record({ version: arb.version, timestamp: arb.timestamp, splaySeconds: arb.splaySeconds })
    .map((sketch) => fresh(signalOf(sketch))),
  fc.nat(255).map((code): SummonerEvent => ({ _tag: 'RunEnded', end: { _tag: 'Exited', code } })),
  fc
    .constantFrom<RunEnd>({ _tag: 'TimedOut' }, { _tag: 'Interrupted' })
    .map((end): SummonerEvent => ({ _tag: 'RunEnded', end })),
  anyInstant.map((at): SummonerEvent => ({ _tag: 'FallbackSucceeded', at })),
  fc.tuple(anyInstant, fc.boolean()).map(([until, floorToo]): SummonerEvent => ({
    _tag: 'Disabled',
    disabling: { reason: '', owner: '', until, floorToo },
  })),
  fc
    .integer({ min: -100 * 365 * DAY_MS, max: 100 * 365 * DAY_MS })
    .map((byMs): SummonerEvent => ({ _tag: 'ClockStepped', byMs })),
);

const OVER_RUN: ReadonlySet<SummonerEvent['_tag']> = new Set(['Started', 'RunEnded']);

describe('from any state, reachable or not', () => {
  property(
    'N8, N13: a step answers, starts nothing beside a run, and leaves a state that can be stored and read',
    [nodeState(anyInstant), anyEvent, anyInstant],
    (node, event, now) => {
      const bus = startingBus(POLICY, now);
      const decision = step(POLICY, { node, bus }, event, now);
      const after = decision.state.node;
      if (decision.action._tag === 'Start') {
        expect(O.isNone(node.running) || OVER_RUN.has(event._tag)).toBe(true);
        expect(after.running).toEqual(O.some(decision.action.running));
        expect(decision.action.running.startedAt).toBe(now);
      }
      expect(decision.lookAgainAt).toBeLessThanOrEqual(decision.state.bus.pollAt);
      expect(readState(encodeNodeState({ identity: POLICY.identity, state: after, unknownFields: {} }))).toEqual({
        ...after,
        lastSuccess: after.lastSuccess,
      });
      expect(step(POLICY, { node, bus }, event, now)).toEqual(decision);
    },
    { numRuns: 1_000 },
  );

  property(
    'N6, N12: from any state, a run starts within the window and what a wrong clock may add',
    [nodeState(fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }).map((byMs) => plus(START, byMs)))],
    (any) => {
      const harness = booted({ ...POLICY, pollEveryMs: 10 * MINUTE_MS }, { ...any, disabled: O.none });
      harness.pass(POLICY.windowMs + POLICY.clockToleranceMs + POLICY.backoff.capMs);
      expect(harness.runs.length).toBeGreaterThan(0);
    },
    { numRuns: 200 },
  );

  property(
    'N7: from any state, with every run failing, no more runs start in a day than the attempts of what it owes and the floor at its cap',
    [
      nodeState(fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }).map((byMs) => plus(START, byMs))),
      fc.constantFrom(1, 213),
    ],
    (any, code) => {
      const node = { ...any, failures: 0, interruptions: 0 };
      const harness = new NodeHarness({
        policy: { ...POLICY, pollEveryMs: 10 * MINUTE_MS },
        node,
        ending: exits(code, SECOND_MS),
      });
      harness.start().pass(DAY_MS);
      const { attemptsMax, backoff } = POLICY;
      const owed = attemptsMax * (1 + node.requests.length) + 2;
      const byFloor = 7 + Math.ceil((2 * DAY_MS) / backoff.capMs);
      expect(harness.runs.length).toBeLessThanOrEqual((owed + byFloor) * (code === 213 ? 2 : 1));
    },
    { numRuns: 200 },
  );
});
