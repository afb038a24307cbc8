import * as O from 'fp-ts/lib/Option.js';
import { examples } from '../../cli/help-text.ts';
import type { LibrarianLine } from './librarian-line.ts';

/** `signalbox export`. */
export const registerExport = ({ program, terminal, onLibrarian }: LibrarianLine): void => {
  const run = onLibrarian(() => import('../commands/export.ts'));

  program
    .command('export')
    .description('all that the Librarian knows, in one document: to keep, or for signalbox simulate --from')
    .option('--out <path>', 'a new file, or a directory to put one into (default: print it)')
    .option('--json', 'with --out: say what was written as one JSON document')
    .addHelpText('after', examples('export --out export.json', 'export --out /var/backups/signalbox --json'))
    .action((options: { out?: string; json?: true }) =>
      run(({ exportCommand }, ports) =>
        exportCommand(ports, terminal, {
          out: O.fromNullable(options.out),
          isJson: options.json === true,
        }),
      ),
    );
};
