import { examples } from '../../cli/help-text.ts';
import type { LibrarianLine } from './librarian-line.ts';

/** `signalbox train`. */
export const registerTrain = ({ program, terminal, onLibrarian }: LibrarianLine): void => {
  const run = onLibrarian(() => import('../commands/train.ts'));

  program
    .command('train')
    .description('the release train')
    .command('tick')
    .description('one tick: what a CronJob runs; prints one outcome for each environment')
    .option('--dry-run', 'say what a tick would do now, and do nothing')
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('train tick', 'train tick --dry-run --json'))
    .action((options: { dryRun?: true; json?: true }) =>
      run((commands, ports) =>
        commands.trainTick(ports, terminal, { isDry: options.dryRun === true, isJson: options.json === true }),
      ),
    );
};
