import { liveBytes } from './heap.ts';
import type { GrownSize, Section } from './section.ts';
import { nodeHoursOf, scenarioOf, simulated } from './simulated-fleet.ts';

/** A day in which nothing is released: every node runs twice for the compliance floor. */
const HOURS = 24;

/** From a tenth of the usual fleet to a hundred times as large: from a thousand to a million. */
const SIZES = [0.1, 1, 10, 100];

const grow = async (nodes: number): Promise<GrownSize> => {
  const scenario = scenarioOf({ nodes, hours: HOURS, isQuiet: true });
  const before = liveBytes() ?? NaN;
  const start = performance.now();
  let weighingMs = 0;
  let bytes = NaN;
  await simulated(scenario, 'skip', (share) => {
    if (share !== 0.5) return;
    const weighedFrom = performance.now();
    bytes = (liveBytes() ?? NaN) - before;
    weighingMs = performance.now() - weighedFrom;
  });
  const elapsedMs = performance.now() - start - weighingMs;
  return { nodes, elapsedMs, perSecond: (1_000 * nodeHoursOf(scenario)) / elapsedMs, bytesPerNode: bytes / nodes };
};

/** The slope of the line through the logarithms, by least squares: 1 where the time grows with the fleet, 2 with its square. */
const exponentOf = (sizes: readonly GrownSize[]): number => {
  const points = sizes.map(({ nodes, elapsedMs }) => [Math.log(nodes), Math.log(elapsedMs)] as const);
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
};

/**
 * How the time grows with the fleet. Linear is an exponent of 1; what the Librarian does for a fleet of any size makes it
 * less, caches that a large fleet no longer fits into make it more, and of either the goal leaves a tenth. The smallest
 * fleet is not part of the fit, because of the former.
 */
export const simulateGrowth: Section = {
  name: 'simulate-growth',
  what: 'time for a quiet day of fleets of growing size',
  alternative: 'growth in proportion',
  goal: { _tag: 'ExponentAtMost', exponent: 1.1 },
  measure: async ({ nodes }) => {
    if (globalThis.gc === undefined) return { _tag: 'Skipped', reason: 'node was started without --expose-gc' };
    const sizes: GrownSize[] = [];
    for (const size of SIZES) sizes.push(await grow(Math.round(size * nodes)));
    return { _tag: 'Grown', exponent: exponentOf(sizes.slice(1)), sizes };
  },
};
