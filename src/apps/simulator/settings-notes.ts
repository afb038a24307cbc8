/**
 * What the settings of a scenario make likely of themselves, before anything goes wrong.
 *
 * @module
 */
import { formatDuration, SECOND_MS } from '../../domain/time.ts';
import type { Scenario } from './scenario.ts';

/**
 * How long after a success the next one comes at the latest on a healthy node, in milliseconds: the floor starts a run in
 * the first half of its lead, and that takes its time.
 */
const nextSuccessMs = ({ node: { windowMs, leadMs }, runs }: Scenario): number =>
  windowMs - Math.min(leadMs, windowMs / 2) / 2 + runs.longestMs;

/**
 * What a reader of the answer has to know of the settings, one line each; none where they fit together.
 *
 * A fallback that looks before the floor's run has ended runs on nodes that are healthy (F2). That is a configuration
 * which somebody may have, and want to see the consequences of.
 */
export const settingsNotes = (scenario: Scenario): readonly string[] => {
  const { node, runs, fallback } = scenario;
  if (fallback === undefined) return [];
  const thresholdMs = fallback.thresholdSeconds * SECOND_MS;
  if (nextSuccessMs(scenario) <= thresholdMs) return [];
  const settings = [
    `fallback.threshold ${formatDuration(thresholdMs)}`,
    `node.window ${formatDuration(node.windowMs)}`,
    `node.lead ${formatDuration(node.leadMs)}`,
    `runs.longest ${formatDuration(runs.longestMs)}`,
  ].join(', ');
  return [`with these settings the fallback looks while a run for the floor may be under way (F2): ${settings}`];
};
