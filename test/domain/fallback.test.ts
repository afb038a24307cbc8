import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import {
  defaultFallbackPolicy,
  drillDecision,
  FALLBACK_SECONDS_MAX,
  type FallbackDecision,
  fallbackDecision,
  fallbackDecisionToJson,
  fallbackDelaySeconds,
  type FallbackPolicy,
} from '../../src/domain/fallback.ts';
import {
  CLOCK_TOLERANCE_SECONDS,
  EMPTY_FALLBACK_RECORD,
  type FallbackRecord,
} from '../../src/domain/fallback-record.ts';
import type { LastRun } from '../../src/domain/last-run.ts';
import { nameFromLiteral, NodeName } from '../../src/domain/names.ts';
import { epochMs, plus, SECOND_MS } from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const NOW_SECONDS = 1_753_668_151;
const NOW = epochMs(NOW_SECONDS * SECOND_MS);
const policy = defaultFallbackPolicy(nameFromLiteral(NodeName)('web-17'));
const HOURS = 3_600;

const succeeded = (epochSeconds: number): LastRun => ({ _tag: 'Succeeded', epochSeconds });
const own = (attempt: number | undefined, success: number | undefined): FallbackRecord => ({
  lastAttemptEpochSeconds: O.fromNullable(attempt),
  lastSuccessEpochSeconds: O.fromNullable(success),
  disbelievedEpochSeconds: O.none,
});
const summary = (decision: FallbackDecision): string => `${decision._tag} ${decision.reason}`;

/** An age in seconds, close to the limits more often than chance would have it; negative is the future. */
const age = fc.oneof(
  fc.integer({ min: -100_000, max: 200_000 }),
  fc.tuple(fc.constantFrom(0, 3_600, 43_200), fc.integer({ min: -2, max: 2 })).map(([limit, offset]) => limit + offset),
);
const lastRun: fc.Arbitrary<LastRun> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<LastRun>({ _tag: 'Never' }, { _tag: 'Torn' }) },
  { weight: 4, arbitrary: age.map((seconds) => succeeded(NOW_SECONDS - seconds)) },
);
const ownRecord: fc.Arbitrary<FallbackRecord> = fc
  .tuple(fc.option(age, { nil: undefined }), fc.option(age, { nil: undefined }))
  .map(([attempt, success]) =>
    own(
      attempt === undefined ? undefined : NOW_SECONDS - attempt,
      success === undefined ? undefined : NOW_SECONDS - success,
    ),
  );
const anyPolicy: fc.Arbitrary<FallbackPolicy> = fc.record(
  {
    node: arb.nodeName,
    thresholdSeconds: fc.oneof(fc.constant(43_200), fc.integer({ min: 1, max: FALLBACK_SECONDS_MAX })),
    retryIntervalSeconds: fc.oneof(fc.constant(3_600), fc.integer({ min: 1, max: FALLBACK_SECONDS_MAX })),
    splaySeconds: fc.oneof(fc.constantFrom(0, 600), fc.integer({ min: 0, max: FALLBACK_SECONDS_MAX })),
  },
  { noNullPrototype: true },
);

const isFresh = (when: O.Option<number>, limitSeconds: number): boolean =>
  O.isSome(when) && when.value <= NOW_SECONDS + CLOCK_TOLERANCE_SECONDS && NOW_SECONDS - when.value < limitSeconds;

describe('F1: when it fires', () => {
  it.each<readonly [string, LastRun, FallbackRecord]>([
    ['Fire NeverSucceeded', { _tag: 'Never' }, EMPTY_FALLBACK_RECORD],
    ['Fire RecordTorn', { _tag: 'Torn' }, EMPTY_FALLBACK_RECORD],
    ['Fire RecordFromTheFuture', succeeded(NOW_SECONDS + 61), EMPTY_FALLBACK_RECORD],
    ['Fire Overdue', succeeded(NOW_SECONDS - 12 * HOURS), EMPTY_FALLBACK_RECORD],
    ['Fire Overdue', succeeded(NOW_SECONDS - 12 * HOURS), own(NOW_SECONDS - HOURS, NOW_SECONDS - 12 * HOURS)],
    ['Fire NeverSucceeded', { _tag: 'Never' }, own(NOW_SECONDS + 61, NOW_SECONDS + 61)],
    [
      'Fire RecordFromTheFuture',
      succeeded(NOW_SECONDS),
      { ...own(undefined, undefined), disbelievedEpochSeconds: O.some(NOW_SECONDS) },
    ],
    ['Wait Healthy', succeeded(NOW_SECONDS + 60), EMPTY_FALLBACK_RECORD],
    ['Wait Healthy', succeeded(NOW_SECONDS), EMPTY_FALLBACK_RECORD],
    ['Wait Healthy', succeeded(NOW_SECONDS - 12 * HOURS + 1), own(NOW_SECONDS, NOW_SECONDS)],
    ['Wait HealedByFallback', { _tag: 'Torn' }, own(NOW_SECONDS - 9, NOW_SECONDS - 12 * HOURS + 1)],
    ['Wait HealedByFallback', succeeded(NOW_SECONDS + 61), own(NOW_SECONDS, NOW_SECONDS)],
    ['Wait RetryIntervalNotOver', { _tag: 'Never' }, own(NOW_SECONDS - HOURS + 1, undefined)],
    ['Wait RetryIntervalNotOver', { _tag: 'Torn' }, own(NOW_SECONDS, NOW_SECONDS - 12 * HOURS)],
  ])('%s: %j, %j', (expected, run, record) => {
    expect(summary(fallbackDecision(policy, run, record, NOW))).toBe(expected);
  });

  property(
    'exactly when no record shows a success within the threshold, nor an attempt within the retry interval',
    [anyPolicy, lastRun, ownRecord],
    (limits, run, record) => {
      const decision = fallbackDecision(limits, run, record, NOW);
      const primary = run._tag === 'Succeeded' ? O.some(run.epochSeconds) : O.none;
      const waits =
        isFresh(primary, limits.thresholdSeconds) ||
        isFresh(record.lastSuccessEpochSeconds, limits.thresholdSeconds) ||
        isFresh(record.lastAttemptEpochSeconds, limits.retryIntervalSeconds);
      expect(decision._tag).toBe(waits ? 'Wait' : 'Fire');
    },
  );

  property(
    'fault 31: a success from the future counts as little as none',
    [fc.integer({ min: CLOCK_TOLERANCE_SECONDS + 1 }), ownRecord],
    (ahead, record) => {
      const future = fallbackDecision(policy, succeeded(NOW_SECONDS + ahead), record, NOW);
      const never = fallbackDecision(policy, { _tag: 'Never' }, record, NOW);
      expect(future._tag).toBe(never._tag);
      if (future._tag === 'Fire') expect(future.reason).toBe('RecordFromTheFuture');
    },
  );

  property(
    'faults 32, 35: nothing that is recorded silences it for longer than the threshold',
    [lastRun, ownRecord],
    (run, record) => {
      let now = NOW;
      let fired = false;
      for (let looks = 0; looks < 3 && !fired; looks++) {
        const decision = fallbackDecision(policy, run, record, now);
        fired = decision._tag === 'Fire';
        if (decision._tag === 'Wait') now = decision.retryAt;
      }
      // Records from the future come of age while it waits, and each then silences it once.
      const later = plus(now, 200_000 * SECOND_MS);
      expect(fired || fallbackDecision(policy, run, record, later)._tag === 'Fire').toBe(true);
    },
  );
});

describe('F2: silent while the primary is healthy', () => {
  property(
    'over any history of successes less than the threshold apart it starts no run',
    [
      fc.array(fc.integer({ min: 1, max: 12 * HOURS - 1 }), { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.nat()),
    ],
    (gaps, looks) => {
      let success = NOW_SECONDS;
      for (const gap of gaps) {
        for (let i = 0; i < 5; i++) {
          const sinceSuccess = Number(looks.next().value) % (gap + 1);
          const now = epochMs((success + sinceSuccess) * SECOND_MS + 999);
          const decision = fallbackDecision(policy, succeeded(success), EMPTY_FALLBACK_RECORD, now);
          expect(summary(decision)).toBe('Wait Healthy');
        }
        success += gap;
      }
    },
  );

  it('control: one gap of the threshold breaks the silence', () => {
    const now = epochMs((NOW_SECONDS + 12 * HOURS) * SECOND_MS);
    expect(fallbackDecision(policy, succeeded(NOW_SECONDS), EMPTY_FALLBACK_RECORD, now)._tag).toBe('Fire');
  });
});

describe('F4: its own attempts', () => {
  property(
    'however often it is asked, attempts that fail are the retry interval apart, and it never gives up',
    [fc.integer({ min: 1, max: 1_200 })],
    (everySeconds) => {
      const attempts: number[] = [];
      let record = EMPTY_FALLBACK_RECORD;
      for (let now = NOW_SECONDS; now < NOW_SECONDS + 5 * HOURS; now += everySeconds) {
        const decision = fallbackDecision(policy, { _tag: 'Torn' }, record, epochMs(now * SECOND_MS));
        if (decision._tag === 'Wait') continue;
        attempts.push(now);
        record = own(now, undefined);
      }
      const gaps = attempts.slice(1).map((attempt, i) => attempt - (attempts[i] ?? 0));
      expect(attempts.length).toBeGreaterThanOrEqual(4);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(HOURS);
      expect(Math.max(...gaps)).toBeLessThan(HOURS + everySeconds);
    },
  );
});

describe('the next look', () => {
  property(
    'before retryAt the answer is the same, and at retryAt it is another',
    [anyPolicy, lastRun, ownRecord],
    (limits, run, record) => {
      const decision = fallbackDecision(limits, run, record, NOW);
      if (decision._tag === 'Fire') return;
      expect(decision.retryAt).toBeGreaterThan(NOW);
      const justBefore = fallbackDecision(limits, run, record, plus(decision.retryAt, -1));
      // A record from the future that comes of age can change the reason meanwhile, but never to firing.
      expect(justBefore._tag).toBe('Wait');
      const then = fallbackDecision(limits, run, record, decision.retryAt);
      expect(then._tag === 'Fire' || then.retryAt > decision.retryAt).toBe(true);
    },
  );
});

describe('F5: the wait before the run', () => {
  property(
    'is at least 0, less than the splay, and always the same for one node',
    [arb.nodeName, fc.integer({ min: 1, max: FALLBACK_SECONDS_MAX })],
    (node, splay) => {
      const delay = fallbackDelaySeconds(node, splay);
      expect(Number.isInteger(delay)).toBe(true);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(splay);
      expect(fallbackDelaySeconds(node, splay)).toBe(delay);
    },
  );

  property('is none when the splay is none', [arb.nodeName], (node) => {
    expect(fallbackDelaySeconds(node, 0)).toBe(0);
  });

  it('spreads a fleet whose Summoners died at one instant: no minute of ten gets more than its share and a half', () => {
    const perMinute = new Map<number, number>();
    const nodes = Array.from({ length: 2_000 }, (_, i) => nameFromLiteral(NodeName)(`web-${i}.example.com`));
    for (const node of nodes) {
      const decision = fallbackDecision(defaultFallbackPolicy(node), { _tag: 'Never' }, EMPTY_FALLBACK_RECORD, NOW);
      const minute = decision._tag === 'Fire' ? Math.floor(decision.delaySeconds / 60) : -1;
      perMinute.set(minute, (perMinute.get(minute) ?? 0) + 1);
    }
    expect([...perMinute.keys()].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(Math.max(...perMinute.values())).toBeLessThan(300);
  });

  it('is drawn by cksum, so that it can be foretold with a shell: these never change', () => {
    const delays = ['web-17', 'a', '123456789'].map((name) =>
      fallbackDelaySeconds(nameFromLiteral(NodeName)(name), 600),
    );
    expect(delays).toEqual([254, 566, 65]);
  });
});

describe('F6: what is shown', () => {
  it('a drill fires as though overdue, at the node’s own wait', () => {
    expect(drillDecision(policy)).toEqual(
      fallbackDecision(policy, succeeded(NOW_SECONDS - 12 * HOURS), EMPTY_FALLBACK_RECORD, NOW),
    );
  });

  it('JSON has the decision, the reason and the next instant', () => {
    const wait = fallbackDecision(policy, succeeded(NOW_SECONDS), EMPTY_FALLBACK_RECORD, NOW);
    expect(fallbackDecisionToJson(wait)).toEqual({
      decision: 'Wait',
      reason: 'Healthy',
      retryAt: '2025-07-28T14:02:31Z',
    });
    expect(fallbackDecisionToJson(drillDecision(policy))).toEqual({
      decision: 'Fire',
      reason: 'Overdue',
      retryAt: null,
    });
  });
});
