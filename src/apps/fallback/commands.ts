import { fallbackDecisionToJson } from '../../domain/fallback.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { FallbackDeps, FallbackOptions } from './deps.ts';
import { fallbackExitCode, type FallbackReport } from './report.ts';
import { runFallback } from './run-fallback.ts';

const decisionOf = (report: FallbackReport): string =>
  report._tag === 'Fired'
    ? JSON.stringify({ decision: 'Fire', reason: report.reason, retryAt: null })
    : JSON.stringify(fallbackDecisionToJson(report.decision));

/** `signalbox fallback`; bad settings show in the exit code when there is nothing graver to tell. */
export const fallbackCommand = async (
  deps: FallbackDeps,
  terminal: Terminal,
  options: FallbackOptions,
  isJson: boolean,
  complaints: readonly string[],
): Promise<ExitCode> => {
  for (const complaint of complaints) terminal.err(`signalbox: ${complaint}`);
  const report = await runFallback(deps)(options);
  if (isJson) terminal.out(decisionOf(report));
  else terminal.out(`${report._tag}: ${report._tag === 'Fired' ? report.reason : report.decision.reason}`);
  const code = fallbackExitCode(report);
  return code === EXIT.done && complaints.length > 0 ? EXIT.badConfiguration : code;
};
