import * as O from 'fp-ts/lib/Option.js';
import { Person, Reason } from '../../../domain/control-state.ts';
import type { HoldScope } from '../../../domain/hold.ts';
import { parseHoldScope } from '../../../domain/hold-text.ts';
import { Slug } from '../../../domain/names.ts';
import { lasting, named, parsed } from '../../cli/arguments.ts';
import { examples } from '../../cli/help-text.ts';
import type { LibrarianLine } from './librarian-line.ts';

/** `signalbox hold`. */
export const registerHolds = ({ program, terminal, onLibrarian }: LibrarianLine): void => {
  const run = onLibrarian(() => import('../commands/holds.ts'));

  const hold = program.command('hold').description('stop promotions in a scope');

  hold
    .command('add')
    .argument('<id>', 'its name', named(Slug))
    .description('stop promotions until the hold is lifted or expires')
    .requiredOption('--scope <scope>', 'plan, stage:NAME, environment:NAME or stack:NAME', parsed(parseHoldScope))
    .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
    .option('--owner <name>', 'who to ask (default: you)', named(Person))
    .option('--expires <duration>', 'end by itself after so long, such as 4h', lasting)
    .addHelpText('after', examples('hold add freeze --scope plan --reason "end of the year" --expires 72h'))
    .action((id: Slug, options: { scope: HoldScope; reason: string; owner?: string; expires?: number }) =>
      run((commands, ports) =>
        commands.holdAdd(ports, terminal, {
          id,
          scope: options.scope,
          reason: options.reason,
          owner: O.fromNullable(options.owner),
          expiresInMs: O.fromNullable(options.expires),
        }),
      ),
    );

  hold
    .command('lift')
    .argument('<id>', 'its name', named(Slug))
    .description('let promotions go on')
    .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
    .action((id: Slug, options: { reason: string }) =>
      run((commands, ports) => commands.holdLift(ports, terminal, { id, reason: options.reason })),
    );

  hold
    .command('list')
    .description('every hold')
    .option('--json', 'one JSON document')
    .action((options: { json?: true }) =>
      run((commands, ports) => commands.holdList(ports, terminal, { isJson: options.json === true })),
    );
};
