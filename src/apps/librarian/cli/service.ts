import { examples } from '../../cli/help-text.ts';
import type { LibrarianLine } from './librarian-line.ts';

/** `signalbox librarian`. */
export const registerService = ({ program, terminal, sayWhatIsDone, onLibrarian }: LibrarianLine): void => {
  const run = onLibrarian(() => import('../commands/service.ts'));

  program
    .command('librarian')
    .description('the service: HTTP API, a tick every minute, and artifacts taken in from where it watches')
    .addHelpText('after', examples('librarian --config /etc/signalbox/librarian.yaml'))
    .action(() =>
      run(({ librarian }, ports, loaded) => {
        sayWhatIsDone();
        return librarian(ports, terminal, loaded);
      }),
    );
};
