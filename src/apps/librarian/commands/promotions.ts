/**
 * `signalbox promote` and `signalbox rollback`: promotions that somebody makes by hand.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import type { PromoteRequest } from '../../../domain/intervention.ts';
import type { Version } from '../../../domain/names.ts';
import { fail } from '../../cli/command.ts';
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { type InterventionReport, promote, rollback } from '../intervene.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import { interventionJson } from '../report-json.ts';
import { environmentsToRollBack, type RollbackScope } from '../scopes.ts';
import { afterTroubles, askAs, printJson } from './ask.ts';

const printIntervention = (terminal: Terminal, report: InterventionReport, isJson: boolean): ExitCode => {
  const json = interventionJson(report);
  if (isJson) printJson(terminal, json);
  else {
    for (const { environment, version, stacks, failed } of json.promotions) {
      if (stacks.length > 0) terminal.out(`${environment} promoted to ${version} on ${stacks.join(', ')}`);
      if (failed.length > 0) terminal.out(`${environment} not promoted to ${version} on ${failed.join(', ')}`);
    }
    for (const version of report.rejected) terminal.out(`${version} rejected`);
    if (report.promotions.length === 0) terminal.out('nothing to promote: it is pinned already');
  }
  return afterTroubles(terminal, report.troubles);
};

/** `signalbox promote` */
export const promoteCommand = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { request, reason, isJson }: { readonly request: PromoteRequest; readonly reason: string; readonly isJson: boolean },
): Promise<ExitCode> =>
  askAs(
    terminal,
    reason,
    (asker) => promote(ports)(asker, request),
    (report) => printIntervention(terminal, report, isJson),
  );

/** What `signalbox rollback` was asked. */
export interface RollbackOptions extends RollbackScope {
  readonly to: O.Option<Version>;
  readonly reason: string;
  readonly isJson: boolean;
}

/** `signalbox rollback` */
export const rollbackCommand = async (
  ports: LibrarianPorts,
  terminal: Terminal,
  options: RollbackOptions,
): Promise<ExitCode> => {
  const environments = environmentsToRollBack(ports.plan, options);
  if (E.isLeft(environments)) return fail(terminal, environments.left, EXIT.usage);
  const request = { environments: environments.right, to: options.to };
  return askAs(
    terminal,
    options.reason,
    (asker) => rollback(ports)(asker, request),
    (report) => printIntervention(terminal, report, options.isJson),
  );
};
