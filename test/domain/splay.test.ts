import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32, hashFraction, hashFractionFor } from '../../src/domain/hash.ts';
import { splayMs } from '../../src/domain/splay.ts';
import * as arb from '../support/arbitraries.ts';
import { nodeOf } from '../support/node-signals.ts';
import { property } from '../support/property.ts';
import { kolmogorovSmirnov, rankCorrelation } from '../support/statistics.ts';
import { FLEETS } from '../support/summoner-scenarios.ts';

const NODES = 20_000;
/** What chance exceeds once in a thousand times. The samples never change, so neither does the verdict. */
const KOLMOGOROV_1_PER_MILLE = 1.95;
const CORRELATION_1_PER_MILLE = 3.29;

const VERSIONS = ['20250728.1753666491.0', '20250728.1753666491.1', '20250728.1753670091.0', '1.9.0', '1.10.0'];

/** Computed by another program from the definitions of FNV-1a and fmix32. */
const GOLDEN = [2_872_998_923, 444_641_715, 2_283_665_024, 152_177_498, 27_964_860, 134_528_209];

describe('the hash', () => {
  it('N3: gives the numbers that it has always given, since they decide when nodes run', () => {
    expect(['', 'a', 'web-17', 'web-18', 'web-17\n20250728.1753666491.0', 'ü'].map(hash32)).toEqual(GOLDEN);
  });

  property('N3: two texts draw what they draw together', [fc.string(), fc.string()], (subject, purpose) => {
    expect(hashFractionFor(subject, purpose)).toBe(hashFraction(`${subject}\n${purpose}`));
  });

  property('N3: is a fraction from 0 to before 1', [fc.string()], (text) => {
    const fraction = hashFraction(text);
    expect(fraction >= 0 && fraction < 1).toBe(true);
  });
});

describe('the splay', () => {
  property(
    'N2, N3: lies in [0, splay) and is the same every time',
    [arb.nodeName, arb.version, arb.splaySeconds],
    (node, version, seconds) => {
      const waitMs = splayMs(node, version, seconds);
      expect(Number.isInteger(waitMs)).toBe(true);
      expect(waitMs >= 0 && (waitMs < seconds * 1_000 || waitMs === 0)).toBe(true);
      expect(splayMs(node, version, seconds)).toBe(waitMs);
    },
  );

  describe.each(Object.entries(FLEETS))('of 20 000 nodes whose names are %s', (_kind, nameOf) => {
    const nodes = Array.from({ length: NODES }, (_, i) => nodeOf(nameOf(i)));
    const fractions = (version: string) => nodes.map((node) => splayMs(node, version, 3_600) / 3_600_000);

    it.each(VERSIONS)('N3: is uniform for version %s', (version) => {
      expect(kolmogorovSmirnov(fractions(version))).toBeLessThan(KOLMOGOROV_1_PER_MILLE / Math.sqrt(NODES));
    });

    it('N3: has no more nodes in any minute than chance puts there', () => {
      for (const version of VERSIONS) {
        const minutes = new Array<number>(60).fill(0);
        for (const fraction of fractions(version)) {
          const minute = Math.floor(fraction * 60);
          minutes[minute] = (minutes[minute] ?? 0) + 1;
        }
        const mean = NODES / 60;
        const chiSquare = minutes.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
        // 59 degrees of freedom: exceeded once in a thousand times.
        expect(chiSquare).toBeLessThan(98.3);
      }
    });

    it('N3: draws a fresh order for each version', () => {
      for (const [i, version] of VERSIONS.entries()) {
        for (const other of VERSIONS.slice(i + 1)) {
          const correlation = rankCorrelation(fractions(version), fractions(other));
          expect(Math.abs(correlation)).toBeLessThan(CORRELATION_1_PER_MILLE / Math.sqrt(NODES));
        }
      }
    });
  });

  it('N3: is uniform over versions for one node, so that no node is always first', () => {
    const node = nodeOf('web-17');
    const fractions = Array.from(
      { length: 5_000 },
      (_, i) => splayMs(node, `20250728.${1_753_666_491 + 3_600 * i}.0`, 3_600) / 3_600_000,
    );
    expect(kolmogorovSmirnov(fractions)).toBeLessThan(KOLMOGOROV_1_PER_MILLE / Math.sqrt(5_000));
  });
});
