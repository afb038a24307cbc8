/**
 * What a simulation answers, as JSON: instants as RFC 3339, durations in milliseconds.
 *
 * @module
 */
import { formatInstant } from '../../domain/time.ts';
import type { Mark, SimulationResult, Timeline } from './simulation-result.ts';

const markJson = ({ at, until, kind, label }: Mark) => ({
  at: formatInstant(at),
  until: until === undefined ? null : formatInstant(until),
  kind,
  label,
});

const timelineJson = (timeline: Timeline) => ({
  starts_at: formatInstant(timeline.startsAt),
  ends_at: formatInstant(timeline.endsAt),
  step_ms: timeline.stepMs,
  pins: timeline.pins.map((pin) => ({ ...pin, at: formatInstant(pin.at) })),
  convergence: timeline.convergence,
  load: timeline.load,
  firings: timeline.firings,
  node_faults: timeline.nodeFaults,
  marks: timeline.marks.map(markJson),
});

/**
 * One JSON document.
 *
 * @param replay - the command that goes through the same history again.
 */
export const resultJson = (result: SimulationResult, replay: string) => ({
  scenario: result.scenario,
  about: result.about,
  seed: result.seed,
  mode: result.mode,
  nodes: result.nodes,
  trace_hash: result.traceHash,
  replay,
  counts: {
    ticks: result.counts.ticks,
    promotions: result.counts.promotions,
    signals: result.counts.signals,
    runs_by_cause: result.counts.runsByCause,
    fallback_runs: result.counts.fallbackRuns,
    succeeded: result.counts.succeeded,
    failed: result.counts.failed,
    healed: result.counts.healed,
    faults: result.counts.faults,
  },
  gaps: {
    by_hour: result.gaps.byHour,
    longest_ms: result.gaps.longestMs,
    longest_on: result.gaps.longestOn ?? null,
    is_longest_open: result.gaps.isLongestOpen,
    window_ms: result.gaps.windowMs,
  },
  violations: result.violations.map((violation) => ({ ...violation, at: formatInstant(violation.at) })),
  violation_count: result.violationCount,
  timeline: timelineJson(result.timeline),
});
