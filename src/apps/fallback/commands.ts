import { fallbackDecisionToJson } from '../../domain/fallback.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { FallbackDeps, FallbackOptions } from './deps.ts';
import { describeDecision, fallbackExitCode, type FallbackReport } from './report.ts';
import { runFallback } from './run-fallback.ts';

const jsonOf = (report: FallbackReport): string =>
  JSON.stringify(
    report._tag === 'Fired'
      ? { decision: 'Fire', reason: report.reason, retryAt: null }
      : fallbackDecisionToJson(report.decision),
  );

/** What is printed without `--json`: an answer where one was asked for. A look that runs nothing is silent, for cron. */
const printAnswer = (terminal: Terminal, report: FallbackReport, { run }: FallbackOptions): void => {
  if (report._tag !== 'DryRun' && report._tag !== 'Drilled') return;
  terminal.out(describeDecision(report.decision, [run.command, ...run.args].join(' ')));
};

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
  if (isJson) terminal.out(jsonOf(report));
  else printAnswer(terminal, report, options);
  const code = fallbackExitCode(report);
  return code === EXIT.done && complaints.length > 0 ? EXIT.badConfiguration : code;
};
