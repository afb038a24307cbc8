/**
 * A result whose every text tries to be something else than text. Names of a fleet are validated where they enter, so
 * only their types let these through; a report must not rely on that.
 */
import type { SimulationResult } from '../../src/apps/simulator/simulation-result.ts';
import type { EnvironmentName, NodeName, StackName, Version } from '../../src/domain/names.ts';
import { exampleSimulation } from './example-simulation.ts';

/** Ends elements, attributes, comments and scripts, and begins others. */
export const HOSTILE = `<script>alert(1)</script></script>"'><img src=x onerror=alert(1)><!--&lt;\${x}\u2028]]>`;

/** {@link HOSTILE} everywhere. */
export const hostileSimulation = (): SimulationResult => {
  const result = exampleSimulation();
  const { timeline, gaps, counts } = result;
  const environment = (name: EnvironmentName): EnvironmentName => `${name}${HOSTILE}` as EnvironmentName;
  const stack = (name: StackName): StackName => `${name}${HOSTILE}` as StackName;
  return {
    ...result,
    scenario: HOSTILE,
    about: HOSTILE,
    traceHash: HOSTILE,
    counts: { ...counts, runsByCause: { [HOSTILE]: 3 }, faults: { [HOSTILE]: 1 } },
    gaps: { ...gaps, longestOn: HOSTILE as NodeName },
    violations: result.violations.map((each) => ({ ...each, law: HOSTILE, where: HOSTILE, what: HOSTILE })),
    timeline: {
      ...timeline,
      pins: timeline.pins.map((pin) => ({
        ...pin,
        environment: environment(pin.environment),
        stack: stack(pin.stack),
        version: `${pin.version}${HOSTILE}` as Version,
      })),
      convergence: timeline.convergence.map((series) => ({ ...series, environment: environment(series.environment) })),
      load: timeline.load.map((series) => ({ ...series, stack: stack(series.stack) })),
      marks: timeline.marks.map((mark) => ({ ...mark, label: HOSTILE })),
    },
  };
};
