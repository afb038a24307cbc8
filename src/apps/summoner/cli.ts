import type * as O from 'fp-ts/lib/Option.js';
import type { CaughtSignals, CommandLine, Loader } from '../cli/command-line.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { refuseUsage } from '../cli/arguments.ts';
import { examples } from '../cli/help-text.ts';
import { keepHeapSmall } from '../cli/small-heap.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { SummonerOptions } from './commands.ts';
import type { ConfiguredSummoner } from './configured-summoner.ts';

/** What the command needs of the Summoner's `main.ts`. */
export interface SummonerMain {
  /** Runs a command with the Summoner of this node, put together as it is configured. */
  readonly withSummoner: (
    configFile: O.Option<string>,
    terminal: Terminal,
    signals: CaughtSignals,
    command: (summoner: ConfiguredSummoner) => Promise<ExitCode>,
  ) => Promise<ExitCode>;
}

/** `signalbox summoner`. */
export const registerSummoner = (
  { program, terminal, configFile, sayWhatIsDone, seeToTheEnd, catchSignals, finish }: CommandLine,
  main: Loader<SummonerMain>,
): void => {
  const summon = async (options: SummonerOptions): Promise<ExitCode> => {
    seeToTheEnd();
    const signals = catchSignals();
    const [{ withSummoner }, { summonerCommand }] = await Promise.all([main(), import('./commands.ts')]);
    return withSummoner(configFile(), terminal, signals, ({ ports, takeLock, isServed, serve }) => {
      keepHeapSmall();
      if (!options.isOnce && !options.isDry) sayWhatIsDone();
      return summonerCommand(ports, takeLock, terminal, options, { serve, isServed });
    });
  };

  program
    .command('summoner')
    .description('the node agent')
    .option('--once', 'look once, run if a run is due, and end')
    .option('--dry-run', 'with --once: say what it would do, and do nothing')
    .option('--json', 'with --once: the decision as one JSON document')
    .addHelpText('after', examples('summoner', 'summoner --once --dry-run --json'))
    .action(({ once, dryRun, json }: { once?: true; dryRun?: true; json?: true }) =>
      finish(
        json === true && once !== true && dryRun !== true
          ? refuseUsage(terminal, 'expected --json only with --once: a daemon tells what it does in its log')
          : summon({ isOnce: once === true, isDry: dryRun === true, isJson: json === true }),
      ),
    );
};
