import { EnvironmentName } from '../../../domain/names.ts';
import { named } from '../../cli/arguments.ts';
import type { LibrarianLine } from './librarian-line.ts';

/** `signalbox status` and `signalbox explain`. */
export const registerStatus = ({ program, terminal, onLibrarian }: LibrarianLine): void => {
  const run = onLibrarian(() => import('../commands/status.ts'));

  program
    .command('status')
    .description('the board: what every environment is on, and why')
    .option('--json', 'one JSON document')
    .action((options: { json?: true }) =>
      run((commands, ports) => commands.statusCommand(ports, terminal, { isJson: options.json === true })),
    );

  program
    .command('explain')
    .argument('<environment>', 'which', named(EnvironmentName))
    .description('why an environment is where it is, and when that can change')
    .option('--json', 'one JSON document')
    .action((environment: EnvironmentName, options: { json?: true }) =>
      run((commands, ports) =>
        commands.explainCommand(ports, terminal, { environment, isJson: options.json === true }),
      ),
    );
};
