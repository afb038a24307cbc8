/**
 * The fallback: one look, and a run of chef-client where nothing else has run it for the compliance window. The same
 * decisions are taken by `signalbox-fallback.sh`, which lies beside this and needs no Node.
 *
 * @module
 */
export type { FallbackDeps, FallbackLock, FallbackOptions, FileWriting, RecordWriting } from './deps.ts';
export { fallbackMetrics } from './metrics.ts';
export { describeDecision, describeOutcome, fallbackExitCode, type FallbackReport } from './report.ts';
export { runFallback } from './run-fallback.ts';
