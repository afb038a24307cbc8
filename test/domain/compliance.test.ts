import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floorDueAt, LEAD_MS_DEFAULT, WINDOW_MS_DEFAULT } from '../../src/domain/compliance.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, plus } from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { nodeOf, START } from '../support/node-signals.ts';
import { property } from '../support/property.ts';
import { kolmogorovSmirnov } from '../support/statistics.ts';

describe('N6: when the floor falls due', () => {
  property(
    'N6: inside the lead before the window closes, and never after',
    [arb.nodeName, fc.integer({ min: MINUTE_MS, max: 7 * DAY_MS }), fc.double({ min: 0, max: 0.5, noNaN: true })],
    (node, windowMs, share) => {
      const leadMs = Math.floor(windowMs * share);
      const afterMs = floorDueAt({ windowMs, leadMs }, node, START) - START;
      expect(afterMs).toBeLessThanOrEqual(windowMs);
      expect(afterMs).toBeGreaterThanOrEqual(windowMs - leadMs);
      if (leadMs > 0) expect(afterMs).toBeLessThan(windowMs);
    },
  );

  property('N6: with a lead of 0 it is the published rule to the letter', [arb.nodeName], (node) => {
    expect(floorDueAt({ windowMs: WINDOW_MS_DEFAULT, leadMs: 0 }, node, START)).toBe(plus(START, 12 * HOUR_MS));
  });

  property(
    'N6, N7: a lead that swallows the window does not make a floor that follows on itself',
    [arb.nodeName],
    (node) => {
      for (const leadMs of [HOUR_MS, 2 * HOUR_MS, 100 * DAY_MS]) {
        expect(floorDueAt({ windowMs: HOUR_MS, leadMs }, node, START) - START).toBeGreaterThanOrEqual(HOUR_MS / 2);
      }
    },
  );

  property(
    'N6, F2: half the lead is left for the run, which ends before the fallback looks',
    [arb.nodeName],
    (node) => {
      const beforeMs = START + WINDOW_MS_DEFAULT - floorDueAt({ windowMs: WINDOW_MS_DEFAULT, leadMs: 30 }, node, START);
      expect(beforeMs).toBeGreaterThan(15);
      expect(beforeMs).toBeLessThanOrEqual(30);
    },
  );

  it('N6: a fleet that ran together is spread over the first half of the lead', () => {
    const floor = { windowMs: WINDOW_MS_DEFAULT, leadMs: LEAD_MS_DEFAULT };
    const fractions = Array.from({ length: 5_000 }, (_, i) => {
      const beforeMs = START + WINDOW_MS_DEFAULT - floorDueAt(floor, nodeOf(`web-${i}`), START);
      return 2 * (1 - beforeMs / LEAD_MS_DEFAULT);
    });
    expect(kolmogorovSmirnov(fractions)).toBeLessThan(1.63 / Math.sqrt(5_000));
  });
});
