import * as O from 'fp-ts/lib/Option.js';
import { type EpochMs, parseInstant } from '../../domain/time.ts';
import { lasting, parsed } from '../cli/arguments.ts';
import type { CommandLine, Loader } from '../cli/command-line.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { examples } from '../cli/help-text.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { ForecastOptions } from './commands.ts';

/** What the command needs of the forecast's `main.ts`. */
export interface ForecastMain {
  readonly forecast: (file: string, options: ForecastOptions, terminal: Terminal) => Promise<ExitCode>;
}

/** `signalbox forecast`. */
export const registerForecast = ({ program, terminal, finish }: CommandLine, main: Loader<ForecastMain>): void => {
  program
    .command('forecast')
    .argument('<file>', 'plan, pins, artifacts, holds and a time, YAML or JSON')
    .description('when each version reaches each environment, and what it waits for until then')
    .option(
      '--until <instant>',
      'look so far, RFC 3339 (default: what the file says, else a week)',
      parsed(parseInstant),
    )
    .option('--for <duration>', 'look so far, such as 36h', lasting)
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('forecast freeze.yaml', 'forecast freeze.yaml --for 36h --json'))
    .action((file: string, options: { until?: EpochMs; for?: number; json?: true }) =>
      finish(
        main().then(({ forecast }) =>
          forecast(
            file,
            {
              until: O.fromNullable(options.until),
              forMs: O.fromNullable(options.for),
              isJson: options.json === true,
            },
            terminal,
          ),
        ),
      ),
    );
};
