import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BACKOFF_MS_MIN, backoffAtCapMs, backoffCeilingMs, backoffMs } from '../../src/domain/backoff.ts';
import { MINUTE_MS } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';
import { kolmogorovSmirnov } from '../support/statistics.ts';

const backoff = fc.record(
  { baseMs: fc.integer({ min: 0, max: 10 * MINUTE_MS }), capMs: fc.integer({ min: 0, max: 60 * MINUTE_MS }) },
  { noNullPrototype: true },
);
const failures = fc.integer({ min: 1, max: 1_000_000 });

describe('N7: waits after failures', () => {
  property(
    'N7: lie between the least wait and the ceiling, and never above the cap',
    [backoff, fc.string(), failures],
    (how, salt, count) => {
      const ceilingMs = backoffCeilingMs(how, count);
      const waitMs = backoffMs(how, salt, count);
      expect(ceilingMs).toBeLessThanOrEqual(how.capMs);
      expect(waitMs).toBeGreaterThanOrEqual(BACKOFF_MS_MIN);
      expect(waitMs).toBeLessThanOrEqual(Math.max(ceilingMs, BACKOFF_MS_MIN));
      expect(backoffMs(how, salt, count)).toBe(waitMs);
    },
  );

  it('N7: double from one failure to the next, up to the cap', () => {
    const how = { baseMs: MINUTE_MS, capMs: 30 * MINUTE_MS };
    const minutes = [1, 2, 3, 4, 5, 6, 7, 1_000].map((count) => backoffCeilingMs(how, count) / MINUTE_MS);
    expect(minutes).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  it('N7: are drawn anew for every node and every failure, over all that is allowed', () => {
    const how = { baseMs: MINUTE_MS, capMs: 30 * MINUTE_MS };
    const fractions = Array.from({ length: 5_000 }, (_, i) => {
      const spanMs = backoffCeilingMs(how, 4) - BACKOFF_MS_MIN;
      return (backoffMs(how, `web-${i}`, 4) - BACKOFF_MS_MIN) / spanMs;
    });
    expect(kolmogorovSmirnov(fractions)).toBeLessThan(1.63 / Math.sqrt(5_000));
  });

  property(
    'N7: of what never gives up lie in the upper half of the cap',
    [backoff, fc.string(), failures],
    (how, salt, count) => {
      const waitMs = backoffAtCapMs(how, salt, count);
      expect(waitMs).toBeGreaterThanOrEqual(Math.max(Math.floor(how.capMs / 2), BACKOFF_MS_MIN));
      expect(waitMs).toBeLessThanOrEqual(Math.max(how.capMs, BACKOFF_MS_MIN));
    },
  );
});
