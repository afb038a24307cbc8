import { Option } from 'commander';
import * as O from 'fp-ts/lib/Option.js';
import { type EpochMs, parseInstant } from '../../domain/time.ts';
import { integer, lastingAtLeast, parsed, refuseUsage } from '../cli/arguments.ts';
import type { CommandLine, Loader } from '../cli/command-line.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { examples, exitCodes } from '../cli/help-text.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { SimulateOptions } from './commands.ts';
import { LASTS_MS_MIN } from './scenario.ts';
import type { SimulationMode } from './simulation-result.ts';

/** What the command needs of the simulator's `main.ts`. */
export interface SimulatorMain {
  readonly runSimulation: (options: SimulateOptions, terminal: Terminal) => Promise<ExitCode>;
}

/** `signalbox simulate`. */
export const registerSimulator = ({ program, terminal, finish }: CommandLine, main: Loader<SimulatorMain>): void => {
  program
    .command('simulate')
    .argument('[scenario]', 'the name of a ready scenario, or a file, YAML or JSON')
    .description('a whole fleet through days or years in seconds, every law watched')
    .option('--list', 'the ready scenarios')
    .option('--seed <n>', 'what chance draws: the same seed, the same history', integer(0, 0xffff_ffff), 1)
    .addOption(
      new Option('--mode <mode>', 'poll by poll, or skipping what decides nothing')
        .choices(['poll', 'skip'])
        .default('skip'),
    )
    .option('--from <export>', 'in place of a scenario: go on from what signalbox export has written')
    .option('--plan <file>', 'with --from: under this plan')
    .option(
      '--replay-since <instant>',
      'with --from: what would have happened since, such as 2026-01-05T12:00:00Z',
      parsed(parseInstant),
    )
    .option('--nodes <n>', 'so many nodes, in the same proportions', integer(1, 5_000_000))
    .option('--for <duration>', 'so long, such as 30d', lastingAtLeast(LASTS_MS_MIN))
    .option('--report <file>', 'write a report to look at, one HTML file')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      examples(
        'simulate --list',
        'simulate default-faults',
        'simulate year --nodes 500 --for 30d --seed 7',
        'simulate freeze.yaml --report freeze.html',
        'simulate --from export.json --for 6h',
        'simulate --from export.json --plan other-plan.yaml --replay-since 2026-01-05T00:00:00Z',
      ) +
        exitCodes([
          [EXIT.done, 'every law held'],
          [EXIT.failed, 'a law was broken; the last line replays it'],
          [EXIT.badData, 'there is no such scenario, or its file is none'],
          [EXIT.unavailable, 'the report cannot be written'],
          [EXIT.tryAgain, 'it was stopped before its end'],
        ]),
    )
    .action(
      (
        scenario: string | undefined,
        options: {
          list?: true;
          seed: number;
          mode: SimulationMode;
          from?: string;
          plan?: string;
          replaySince?: EpochMs;
          nodes?: number;
          for?: number;
          report?: string;
          json?: true;
        },
      ) =>
        finish(
          options.from === undefined && (options.plan !== undefined || options.replaySince !== undefined)
            ? refuseUsage(terminal, 'expected --plan and --replay-since only with --from')
            : options.list === true
              ? import('./commands.ts').then(({ listScenarios }) =>
                  listScenarios(terminal, { isJson: options.json === true, scenario: O.fromNullable(scenario) }),
                )
              : main().then(({ runSimulation }) =>
                  runSimulation(
                    {
                      scenario: O.fromNullable(scenario),
                      from: O.map((file: string) => ({
                        file,
                        plan: O.fromNullable(options.plan),
                        replaySince: O.fromNullable(options.replaySince),
                      }))(O.fromNullable(options.from)),
                      seed: options.seed,
                      mode: options.mode,
                      nodes: O.fromNullable(options.nodes),
                      forMs: O.fromNullable(options.for),
                      report: O.fromNullable(options.report),
                      isJson: options.json === true,
                    },
                    terminal,
                  ),
                ),
        ),
    );
};
