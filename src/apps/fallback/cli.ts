import type { CommandLine, Loader } from '../cli/command-line.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { examples } from '../cli/help-text.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { FallbackOptions } from './deps.ts';

/** What the command needs of the fallback's `main.ts`. */
export interface FallbackMain {
  readonly fallback: (mode: FallbackOptions['mode'], isJson: boolean, terminal: Terminal) => Promise<ExitCode>;
}

/** `signalbox fallback`. */
export const registerFallback = (
  { program, terminal, seeToTheEnd, finish }: CommandLine,
  main: Loader<FallbackMain>,
): void => {
  program
    .command('fallback')
    .description('run chef-client if nothing else has for twelve hours; for images without Node there is the sh form')
    .option('--dry-run', 'say what it would do, and do nothing')
    .option('--drill', 'show that it would fire: all but the run itself')
    .option('--json', 'the decision as one JSON document')
    .addHelpText('after', examples('fallback', 'fallback --dry-run --json'))
    .action((options: { dryRun?: true; drill?: true; json?: true }) => {
      seeToTheEnd();
      return finish(
        main().then(({ fallback }) =>
          fallback(
            options.dryRun === true ? 'DryRun' : options.drill === true ? 'Drill' : 'Run',
            options.json === true,
            terminal,
          ),
        ),
      );
    });
};
