import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import { type Notification, notificationOf, type NoticeType } from '../../src/domain/notification.ts';
import {
  claim,
  CLAIM_MS,
  claimedBy,
  CLAIMS_MAX,
  conclude,
  decodeOutbox,
  DELIVERIES_MAX,
  DELIVERY_AGE_MS_MAX,
  type DeliveryEnd,
  deliveryKey,
  EMPTY_OUTBOX,
  encodeOutbox,
  enqueue,
  nextDelivery,
  type Outbox,
  type Receiver,
  TOLD_MAX,
} from '../../src/domain/outbox.ts';
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';

const NOON = epochMs(Date.UTC(2026, 0, 5, 12));
const slug = nameFromLiteral(Slug);
const [OPS, CHAT] = [slug('ops'), slug('chat')];
const BOTH = new Set([OPS, CHAT]);

const noticeOf = (subject: string, at: EpochMs = NOON): Notification =>
  notificationOf('web', { type: 'artifact.refused', data: { name: subject, reason: 'bad' } }, subject, at);

const receiver = (name: Slug, ...types: readonly NoticeType[]): Receiver => ({
  name,
  takes: (type) => types.length === 0 || types.includes(type),
});
const RECEIVERS = [receiver(OPS), receiver(CHAT, 'hold.added')];

const withNotices = (...subjects: readonly string[]): Outbox =>
  enqueue(
    EMPTY_OUTBOX,
    subjects.map((subject) => noticeOf(subject)),
    [receiver(OPS)],
    NOON,
  );

const endOf = (outbox: Outbox, holder: string, end: DeliveryEnd, now: EpochMs): Outbox =>
  conclude(outbox, holder, new Map(claimedBy(outbox, holder).map((delivery) => [deliveryKey(delivery), end])), now);

const keysOf = (outbox: Outbox, holder: string): readonly string[] => claimedBy(outbox, holder).map(deliveryKey);

const FAILED: DeliveryEnd = { _tag: 'Failed', retryAfterMs: 0 };

describe('enqueue', () => {
  it('gives an event to the receivers that take its kind', () => {
    const { deliveries } = enqueue(EMPTY_OUTBOX, [noticeOf('a')], RECEIVERS, NOON);
    expect(deliveries.map(({ target }) => target)).toEqual([OPS]);
    expect(deliveries[0]).toMatchObject({ failures: 0, dueAt: NOON, holder: O.none });
  });

  it('L8: an event that was told is not told again, also once it was delivered', () => {
    const told = withNotices('a');
    expect(enqueue(told, [noticeOf('a', plus(NOON, 1))], RECEIVERS, plus(NOON, 1))).toBe(told);
    const taken = endOf(claim(told, BOTH, 'one', NOON), 'one', { _tag: 'Delivered' }, NOON);
    expect(taken.deliveries).toEqual([]);
    expect(enqueue(taken, [noticeOf('a')], RECEIVERS, NOON)).toBe(taken);
  });

  it('an event that is told of at every tick is never forgotten, however many others there are', () => {
    let outbox = withNotices('stuck');
    let now = NOON;
    for (let n = 0; n < 3 * TOLD_MAX; n++) {
      now = plus(now, 10 * MINUTE_MS);
      outbox = enqueue(outbox, [noticeOf('stuck', now), noticeOf(`other ${n}`, now)], [], now);
    }
    expect(outbox.told.size).toBe(TOLD_MAX);
    expect(outbox.deliveries.map(({ notification }) => notification.id)).toEqual(['web/artifact.refused/stuck']);
  });

  it('the oldest deliveries are given up when there are too many', () => {
    const { deliveries } = withNotices(...Array.from({ length: DELIVERIES_MAX + 3 }, (_, n) => `n${n}`));
    expect(deliveries).toHaveLength(DELIVERIES_MAX);
    expect(deliveries[0]?.notification.id).toBe('web/artifact.refused/n3');
  });
});

describe('claim', () => {
  it('L4: what one has in hand is nobody else’s, until that one is given up', () => {
    const claimed = claim(withNotices('a', 'b'), BOTH, 'one', NOON);
    expect(keysOf(claimed, 'one')).toHaveLength(2);
    expect(claim(claimed, BOTH, 'two', plus(NOON, CLAIM_MS - 1))).toBe(claimed);
    const taken = claim(claimed, BOTH, 'two', plus(NOON, CLAIM_MS));
    expect([keysOf(taken, 'one'), keysOf(taken, 'two')].map(({ length }) => length)).toEqual([0, 2]);
  });

  it('takes so many at once, the oldest first', () => {
    const subjects = Array.from({ length: CLAIMS_MAX + 1 }, (_, n) => `n${n}`);
    const keys = keysOf(claim(withNotices(...subjects), BOTH, 'one', NOON), 'one');
    expect(keys).toEqual(subjects.slice(0, CLAIMS_MAX).map((subject) => `ops web/artifact.refused/${subject}`));
  });

  it('leaves what is for a receiver that this one does not know, until it is too old', () => {
    const outbox = withNotices('a');
    expect(claim(outbox, new Set([CHAT]), 'one', NOON)).toBe(outbox);
    expect(claim(outbox, new Set([CHAT]), 'one', plus(NOON, DELIVERY_AGE_MS_MAX)).deliveries).toEqual([]);
  });

  it('fault 32: does not wait for an instant that another clock computed', () => {
    const [delivery] = withNotices('a').deliveries;
    if (delivery === undefined) throw new Error('expected a delivery');
    const outbox = { ...EMPTY_OUTBOX, deliveries: [{ ...delivery, dueAt: plus(NOON, DAY_MS) }] };
    expect(keysOf(claim(outbox, BOTH, 'one', NOON), 'one')).toHaveLength(1);
  });
});

describe('conclude', () => {
  const claimed = claim(withNotices('a'), BOTH, 'one', NOON);

  it.each([{ _tag: 'Delivered' }, { _tag: 'Refused' }] as const)('%j ends a delivery, whoever says so', (end) => {
    const stolen = claim(claimed, BOTH, 'two', plus(NOON, CLAIM_MS));
    const ends = new Map(claimedBy(claimed, 'one').map((delivery) => [deliveryKey(delivery), end]));
    expect(conclude(stolen, 'one', ends, plus(NOON, CLAIM_MS)).deliveries).toEqual([]);
  });

  it('a failure waits longer each time, and at least as long as it was asked to', () => {
    const waits: number[] = [];
    let outbox = withNotices('a');
    let now = NOON;
    for (let n = 0; n < 20; n++) {
      outbox = endOf(claim(outbox, BOTH, 'one', now), 'one', FAILED, now);
      const [delivery] = outbox.deliveries;
      expect(delivery).toMatchObject({ failures: n + 1, holder: O.none });
      waits.push((delivery?.dueAt ?? now) - now);
      now = delivery?.dueAt ?? now;
      if (now - NOON > DELIVERY_AGE_MS_MAX - HOUR_MS) break;
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(HOUR_MS);
    expect(waits.every((wait, n) => wait >= 1_000 && wait <= 10_000 * 2 ** n)).toBe(true);
    const asked = endOf(claimed, 'one', { _tag: 'Failed', retryAfterMs: 40 * MINUTE_MS }, NOON);
    expect(asked.deliveries[0]?.dueAt).toBe(plus(NOON, 40 * MINUTE_MS));
    const greedy = endOf(claimed, 'one', { _tag: 'Failed', retryAfterMs: DAY_MS }, NOON);
    expect(greedy.deliveries[0]?.dueAt).toBe(plus(NOON, HOUR_MS));
  });

  it('a failure of one who was given up is not the failure of whoever has it in hand now', () => {
    const stolen = claim(claimed, BOTH, 'two', plus(NOON, CLAIM_MS));
    const ends = new Map(claimedBy(claimed, 'one').map((delivery) => [deliveryKey(delivery), FAILED]));
    expect(conclude(stolen, 'one', ends, plus(NOON, CLAIM_MS))).toEqual(stolen);
  });
});

describe('nextDelivery', () => {
  it('is the first that is due to a receiver that is known, and no instant in the past', () => {
    expect(nextDelivery(EMPTY_OUTBOX, BOTH, NOON)).toEqual(O.none);
    expect(nextDelivery(withNotices('a'), new Set([CHAT]), NOON)).toEqual(O.none);
    expect(nextDelivery(withNotices('a'), BOTH, plus(NOON, 5))).toEqual(O.some(plus(NOON, 5)));
    const failed = endOf(claim(withNotices('a'), BOTH, 'one', NOON), 'one', FAILED, NOON);
    expect(nextDelivery(failed, BOTH, NOON)).toEqual(O.some(failed.deliveries[0]?.dueAt));
  });
});

describe('the document', () => {
  it('fault 72: refuses what is damaged, and names the field', () => {
    const json = JSON.parse(encodeOutbox(withNotices('a'))) as object;
    const without = decodeOutbox(JSON.stringify({ ...json, told: undefined }));
    expect(E.isLeft(without) ? without.left.map(({ field }) => field) : []).toEqual(['told']);
    expect(E.isLeft(decodeOutbox(''))).toBe(true);
  });
});

type Step =
  | { readonly do: 'tell'; readonly subject: number }
  | { readonly do: 'claim'; readonly who: 'one' | 'two' }
  | { readonly do: 'end'; readonly who: 'one' | 'two'; readonly end: DeliveryEnd['_tag'] }
  | { readonly do: 'wait'; readonly ms: number };

const who = fc.constantFrom('one' as const, 'two' as const);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('tell' as const), subject: fc.nat(5) }),
    fc.record({ do: fc.constant('claim' as const), who }),
    fc.record({
      do: fc.constant('end' as const),
      who,
      end: fc.constantFrom('Delivered' as const, 'Refused' as const, 'Failed' as const),
    }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1_000, CLAIM_MS / 2, CLAIM_MS, HOUR_MS) }),
  ),
  { maxLength: 60 },
);

property(
  'L4: two Librarians never have a delivery in hand at once, end none twice, and read back what they wrote',
  [steps],
  (history) => {
    let outbox = EMPTY_OUTBOX;
    let now = NOON;
    const ended = new Set<string>();
    const inHand = new Map<string, { readonly who: string; readonly until: EpochMs }>();
    for (const step of history) {
      if (step.do === 'wait') now = plus(now, step.ms);
      if (step.do === 'tell') outbox = enqueue(outbox, [noticeOf(`n${step.subject}`, now)], RECEIVERS, now);
      if (step.do === 'claim') {
        const before = new Set(keysOf(outbox, step.who));
        outbox = claim(outbox, BOTH, step.who, now);
        for (const delivery of claimedBy(outbox, step.who)) {
          const key = deliveryKey(delivery);
          const other = inHand.get(key);
          if (other !== undefined && other.who !== step.who) expect(now).toBeGreaterThanOrEqual(other.until);
          if (!before.has(key)) inHand.set(key, { who: step.who, until: plus(now, CLAIM_MS) });
        }
      }
      if (step.do === 'end') {
        const keys = keysOf(outbox, step.who);
        const end: DeliveryEnd = step.end === 'Failed' ? FAILED : { _tag: step.end };
        outbox = endOf(outbox, step.who, end, now);
        for (const key of keys) {
          inHand.delete(key);
          if (step.end !== 'Failed') {
            expect(ended.has(key)).toBe(false);
            ended.add(key);
          }
        }
      }
      expect(decodeOutbox(encodeOutbox(outbox))).toEqual(E.right(outbox));
      expect(new Set(outbox.deliveries.map(deliveryKey)).size).toBe(outbox.deliveries.length);
    }
  },
);
