import * as O from 'fp-ts/lib/Option.js';
import { Reason } from '../../../domain/control-state.ts';
import { EnvironmentName, StackName, Version } from '../../../domain/names.ts';
import { integer, named } from '../../cli/arguments.ts';
import { examples } from '../../cli/help-text.ts';
import type { LibrarianLine } from './librarian-line.ts';

/** `signalbox promote` and `signalbox rollback`. */
export const registerPromotions = ({ program, terminal, onLibrarian }: LibrarianLine): void => {
  const run = onLibrarian(() => import('../commands/promotions.ts'));

  program
    .command('promote')
    .argument('<version>', 'which', named(Version))
    .description('promote by hand')
    .requiredOption('--environment <name>', 'where to', named(EnvironmentName))
    .option('--stack <name>', 'on one stack only', named(StackName))
    .option('--splay <seconds>', 'spread the runs over so many seconds', integer(0, 86_400))
    .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('promote 20250728.1753666491.0 --environment prod --reason "new image"'))
    .action(
      (
        version: Version,
        options: { environment: EnvironmentName; stack?: StackName; splay?: number; reason: string; json?: true },
      ) =>
        run((commands, ports) =>
          commands.promoteCommand(ports, terminal, {
            request: {
              version,
              environment: options.environment,
              stack: O.fromNullable(options.stack),
              splaySeconds: O.fromNullable(options.splay),
            },
            reason: options.reason,
            isJson: options.json === true,
          }),
        ),
    );

  program
    .command('rollback')
    .description('re-promote the earlier version, and reject the bad one')
    .option('--environment <name>', 'take back this environment', named(EnvironmentName))
    .option('--train <stage>', 'take back every stop of this train that the bad version has reached')
    .option('--to <version>', 'the version to go back to (default: what each had before)', named(Version))
    .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('rollback --train train --reason "disks fill up"'))
    .action((options: { environment?: EnvironmentName; train?: string; to?: Version; reason: string; json?: true }) =>
      run((commands, ports) =>
        commands.rollbackCommand(ports, terminal, {
          environment: O.fromNullable(options.environment),
          train: O.fromNullable(options.train),
          to: O.fromNullable(options.to),
          reason: options.reason,
          isJson: options.json === true,
        }),
      ),
    );
};
