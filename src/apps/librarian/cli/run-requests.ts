import * as O from 'fp-ts/lib/Option.js';
import { Reason } from '../../../domain/control-state.ts';
import { EnvironmentName, Slug, StackName } from '../../../domain/names.ts';
import { NodePattern } from '../../../domain/signal.ts';
import { HOUR_MS } from '../../../domain/time.ts';
import { collected, integer, lasting, named } from '../../cli/arguments.ts';
import { examples } from '../../cli/help-text.ts';
import type { LibrarianLine } from './librarian-line.ts';

/** `signalbox run-request`. */
export const registerRunRequests = ({ program, terminal, onLibrarian }: LibrarianLine): void => {
  const run = onLibrarian(() => import('../commands/run-requests.ts'));

  const runRequest = program.command('run-request').description('ask nodes to run, whatever version they are on');

  runRequest
    .command('add', { isDefault: true })
    .description('ask nodes to run; the command may be left out')
    .requiredOption('--environment <name>', 'whose nodes', named(EnvironmentName))
    .option('--stack <name>', 'on one stack only', named(StackName))
    .option('--nodes <globs...>', 'names, or globs with * and ? (default: all)', collected(named(NodePattern)))
    .option('--splay <seconds>', 'spread the runs over so many seconds', integer(0, 86_400), 300)
    .option('--expires <duration>', 'start nothing after so long', lasting, 4 * HOUR_MS)
    .option('--id <name>', 'a name, so that asking again is no second request', named(Slug))
    .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('run-request --environment prod-1 --nodes "web-*" --reason "new certificates"'))
    .action(
      (options: {
        environment: EnvironmentName;
        stack?: StackName;
        nodes?: readonly string[];
        splay: number;
        expires: number;
        id?: Slug;
        reason: string;
        json?: true;
      }) =>
        run((commands, ports) =>
          commands.runRequestAdd(ports, terminal, {
            order: {
              id: O.fromNullable(options.id),
              environment: options.environment,
              stack: O.fromNullable(options.stack),
              nodes: O.fromNullable(options.nodes),
              splaySeconds: options.splay,
              opensForMs: options.expires,
            },
            reason: options.reason,
            isJson: options.json === true,
          }),
        ),
    );

  runRequest
    .command('list')
    .description('the run requests that are open')
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('run-request list'))
    .action((options: { json?: true }) =>
      run((commands, ports) => commands.runRequestList(ports, terminal, { isJson: options.json === true })),
    );

  runRequest
    .command('withdraw')
    .argument('<id>', 'which', named(Slug))
    .description('take a run request back')
    .requiredOption('--environment <name>', 'where', named(EnvironmentName))
    .option('--stack <name>', 'on one stack only', named(StackName))
    .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('run-request withdraw run-mecx9p-1k2 --environment prod-1 --reason "done by hand"'))
    .action((id: Slug, options: { environment: EnvironmentName; stack?: StackName; reason: string; json?: true }) =>
      run((commands, ports) =>
        commands.runRequestWithdraw(ports, terminal, {
          withdrawal: { id, environment: options.environment, stack: O.fromNullable(options.stack) },
          reason: options.reason,
          isJson: options.json === true,
        }),
      ),
    );
};
