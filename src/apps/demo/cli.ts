import * as O from 'fp-ts/lib/Option.js';
import { integer, parsed } from '../cli/arguments.ts';
import type { CommandLine, Loader } from '../cli/command-line.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { examples } from '../cli/help-text.ts';
import type { Terminal } from '../cli/terminal.ts';
import { parsePlace, type Place } from '../places/place.ts';

/** What may be chosen of the demo. */
export interface DemoOptions {
  readonly hours: number;
  readonly nodes: number;
  readonly isJson: boolean;
  /** An executable to run instead of the small stand-in; it is given chef-client's own arguments. */
  readonly chefClient: O.Option<string>;
  /** Where signals go; else they are files in the demo's own directory. */
  readonly bus: O.Option<Place>;
  /** The server of the bus, where that is not Amazon's or Google's. */
  readonly endpoint: O.Option<string>;
}

/** What the command needs of the demo's `main.ts`. */
export interface DemoMain {
  readonly demo: (options: DemoOptions, terminal: Terminal) => Promise<ExitCode>;
}

/** `signalbox demo`. */
export const registerDemo = ({ program, terminal, finish }: CommandLine, main: Loader<DemoMain>): void => {
  program
    .command('demo')
    .description('the whole system on this machine, with time compressed')
    .option('--hours <n>', 'end after so many simulated hours', integer(1, 1000), 18)
    .option('--nodes <n>', 'how many nodes', integer(16, 2000), 48)
    .option('--chef-client <executable>', 'run this instead of the small stand-in')
    .option('--bus <place>', 'signals there: a directory, s3://bucket/prefix, gs://bucket/prefix', parsed(parsePlace))
    .option('--endpoint <url>', 'with --bus: the server of the bucket')
    .option('--json', 'print what every environment is pinned to after each departure, one JSON document a line')
    .addHelpText(
      'after',
      examples('demo', 'demo --hours 6 --json', 'demo --bus s3://bucket/prefix --endpoint https://s3.example.com'),
    )
    .action(
      (options: { hours: number; nodes: number; chefClient?: string; bus?: Place; endpoint?: string; json?: true }) =>
        finish(
          main().then(({ demo }) =>
            demo(
              {
                hours: options.hours,
                nodes: options.nodes,
                isJson: options.json === true,
                chefClient: O.fromNullable(options.chefClient),
                bus: O.fromNullable(options.bus),
                endpoint: O.fromNullable(options.endpoint),
              },
              terminal,
            ),
          ),
        ),
    );
};
