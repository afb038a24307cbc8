/**
 * `signalbox train`: the release train, tick by tick.
 *
 * @module
 */
import { explainOutcome } from '../../../domain/outcome.ts';
import type { ExitCode } from '../../cli/exit-code.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import { explainProspect, tickJson } from '../report-json.ts';
import { dryRun, tick } from '../tick.ts';
import { afterTroubles, ask, printJson, printTable } from './ask.ts';

/** `signalbox train tick` */
export const trainTick = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isDry, isJson }: { readonly isDry: boolean; readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, isDry ? dryRun(ports) : tick(ports), (report) => {
    if (isJson) printJson(terminal, tickJson(report, isDry));
    else {
      printTable(
        terminal,
        report.outcomes.map((outcome) => [
          outcome.environment,
          outcome._tag,
          isDry ? explainProspect(outcome) : explainOutcome(outcome),
        ]),
      );
    }
    return afterTroubles(terminal, report.troubles);
  });
