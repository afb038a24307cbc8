import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFieldErrors } from '../../src/domain/decoding.ts';
import {
  askedBy,
  decodeNodeRequest,
  DISABLED_MS_MAX,
  encodeNodeRequest,
  type NodeAsk,
  type NodeRequest,
  NOTHING_ASKED,
  RUN_NOW_MS_MAX,
} from '../../src/domain/node-request.ts';
import { type EpochMs, epochMs, HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';

const NOW = epochMs(1_767_614_400_000);

const disabling = (until: EpochMs, reason = 'incident 7') => ({ reason, owner: 'ann', until, floorToo: false });

const request = (ask: NodeAsk, askedAt = NOW): NodeRequest => ({ ask, askedAt, by: 'ann', reason: O.none });

const disable = (forMs: number, askedAt = NOW, reason?: string): NodeRequest =>
  request({ _tag: 'Disable', disabling: disabling(plus(askedAt, forMs), reason) }, askedAt);

const ENABLE = request({ _tag: 'Enable' });
const RUN_NOW = request({ _tag: 'RunNow' });

const line = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
const instant = fc.integer({ min: 0, max: 4_102_444_800_000 }).map(epochMs);
const requests: fc.Arbitrary<NodeRequest> = fc.oneof(
  fc.record({
    ask: fc.record({
      _tag: fc.constant('Disable' as const),
      disabling: fc.record({ reason: line, owner: line, until: instant, floorToo: fc.boolean() }),
    }),
    askedAt: instant,
    by: line,
    reason: fc.constant(O.none),
  }),
  fc.record({
    ask: fc.constantFrom<NodeAsk>({ _tag: 'Enable' }, { _tag: 'RunNow' }),
    askedAt: instant,
    by: line,
    reason: fc.option(line).map(O.fromNullable),
  }),
);

describe('the document of a request', () => {
  property('decode∘encode is the identity', [requests], (asked) => {
    expect(decodeNodeRequest(encodeNodeRequest(asked))).toEqual(E.right(asked));
  });

  it.each([
    ['no JSON', 'x', 'document: expected JSON'],
    [
      'an ask that nobody knows',
      '{"schema":1,"ask":"reboot","asked":"2026-01-05T12:00:00Z","by":"ann"}',
      'ask: expected',
    ],
    ['no instant', '{"schema":1,"ask":"enable","by":"ann"}', 'asked: expected'],
    [
      'no end',
      '{"schema":1,"ask":"disable","asked":"2026-01-05T12:00:00Z","by":"a","reason":"r","owner":"o"}',
      'until: expected a value',
    ],
    ['no reason', '{"schema":1,"ask":"disable","asked":"2026-01-05T12:00:00Z","by":"a"}', 'reason: expected a value'],
    [
      'no owner',
      '{"schema":1,"ask":"disable","asked":"2026-01-05T12:00:00Z","by":"a","reason":"r"}',
      'owner: expected a value',
    ],
    [
      'a name that steers a terminal',
      '{"schema":1,"ask":"enable","asked":"2026-01-05T12:00:00Z","by":"\\u001b"}',
      'by: expected',
    ],
  ])('%s is a typed error that names the field', (_what, text, message) => {
    const decoded = decodeNodeRequest(text);
    expect(E.isLeft(decoded) ? formatFieldErrors(decoded.left) : 'decoded').toContain(message);
  });

  it('ignores fields that nobody knows', () => {
    const text = JSON.stringify({ ...(JSON.parse(encodeNodeRequest(ENABLE)) as object), more: 1 });
    expect(decodeNodeRequest(text)).toEqual(E.right(ENABLE));
  });
});

describe('what requests come to', () => {
  it('is nothing where there is none, and the very same value', () => {
    expect(askedBy([], NOW)).toBe(NOTHING_ASKED);
  });

  it('is, of disabling and enabling, what was asked last', () => {
    const last = disable(HOUR_MS, NOW, 'incident 8');
    expect(askedBy([disable(HOUR_MS), ENABLE, last], NOW).switched).toEqual(O.some(last.ask));
    expect(askedBy([disable(HOUR_MS), ENABLE], NOW).switched).toEqual(O.some(ENABLE.ask));
  });

  it('is one run, however often it was asked for, beside the other', () => {
    expect(askedBy([RUN_NOW, disable(HOUR_MS), RUN_NOW], NOW)).toMatchObject({
      runNow: true,
      switched: { _tag: 'Some' },
    });
  });

  it('is no run that was asked for too long ago to be waited for', () => {
    expect(askedBy([RUN_NOW], plus(NOW, RUN_NOW_MS_MAX)).runNow).toBe(true);
    expect(askedBy([RUN_NOW], plus(NOW, RUN_NOW_MS_MAX + 1))).toBe(NOTHING_ASKED);
  });

  const untilOf = (asked: NodeRequest, now: EpochMs): number => {
    const { switched } = askedBy([asked], now);
    return O.isSome(switched) && switched.value._tag === 'Disable' ? switched.value.disabling.until - now : -1;
  };

  it('N12: a disabling by a clock that was ahead lasts as long as it was meant to', () => {
    expect(untilOf(disable(HOUR_MS), NOW)).toBe(HOUR_MS);
    expect(untilOf(disable(HOUR_MS), plus(NOW, MINUTE_MS))).toBe(HOUR_MS - MINUTE_MS);
    expect(untilOf(disable(HOUR_MS, plus(NOW, 1_000 * HOUR_MS)), NOW)).toBe(HOUR_MS);
  });

  property('no disabling lasts longer than 30 days from when it is taken in', [requests, instant], (asked, now) => {
    fc.pre(asked.ask._tag === 'Disable');
    expect(untilOf(asked, now)).toBeLessThanOrEqual(DISABLED_MS_MAX);
  });
});
