import * as O from 'fp-ts/lib/Option.js';
import { Person, Reason } from '../../domain/control-state.ts';
import { DISABLED_MS_MAX } from '../../domain/node-request.ts';
import { formatDuration } from '../../domain/time.ts';
import { lastingAtMost, named } from '../cli/arguments.ts';
import type { CommandLine, Loader } from '../cli/command-line.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { examples, exitCodes } from '../cli/help-text.ts';
import type { Terminal } from '../cli/terminal.ts';
import type * as Commands from './commands.ts';
import type { NodePorts } from './node-ports.ts';

/** What the commands need of the node's `main.ts`. */
export interface NodeMain {
  /** Runs a command for the node that is configured here. */
  readonly withNode: (
    configFile: O.Option<string>,
    terminal: Terminal,
    command: (ports: NodePorts) => Promise<ExitCode>,
  ) => Promise<ExitCode>;
}

/** What the exit codes of a command that asks the Summoner for something mean. */
const ASK_EXIT_CODES = exitCodes([
  [EXIT.done, 'the Summoner has taken it in, or takes it in when it starts'],
  [EXIT.unavailable, 'it cannot be left for the Summoner'],
  [EXIT.tryAgain, 'the Summoner is alive and has not taken it in yet: it does before it starts anything'],
  [EXIT.notPermitted, 'only root and who owns node_state may ask'],
]);

/** `signalbox node`. */
export const registerNode = ({ program, terminal, configFile, finish }: CommandLine, main: Loader<NodeMain>): void => {
  const run = (command: (commands: typeof Commands, ports: NodePorts) => Promise<ExitCode>): Promise<void> =>
    finish(
      Promise.all([main(), import('./commands.ts')]).then(([{ withNode }, commands]) =>
        withNode(configFile(), terminal, (ports) => command(commands, ports)),
      ),
    );

  const node = program.command('node').description('this node: how it is, and what its Summoner shall do');

  node
    .command('status')
    .description('what is on the node, what its Summoner does and why, what comes next and when')
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('node status', 'node status --json'))
    .action((options: { json?: true }) =>
      run((commands, ports) => commands.nodeStatus(ports, terminal, options.json === true)),
    );

  node
    .command('disable')
    .description('start no run for signals and requests; the compliance floor runs all the same')
    .requiredOption('--reason <text>', 'why', named(Reason))
    .requiredOption(
      '--for <duration>',
      `until so long from now, such as 4h; at most ${formatDuration(DISABLED_MS_MAX)}`,
      lastingAtMost(DISABLED_MS_MAX),
    )
    .option('--floor-too', 'the compliance floor starts no run either; the fallback does, which knows of no disabling')
    .option('--owner <name>', 'who to ask (default: you)', named(Person))
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      examples(
        'node disable --reason "debugging the disk" --for 4h',
        'node disable --reason "incident 7" --for 2h --floor-too --owner ann',
      ) + ASK_EXIT_CODES,
    )
    .action((options: { reason: string; for: number; floorToo?: true; owner?: string; json?: true }) =>
      run((commands, ports) =>
        commands.nodeAsk(
          ports,
          terminal,
          {
            _tag: 'Disable',
            reason: options.reason,
            owner: O.fromNullable(options.owner),
            forMs: options.for,
            floorToo: options.floorToo === true,
          },
          options.json === true,
        ),
      ),
    );

  node
    .command('enable')
    .description('end a disabling')
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('node enable') + ASK_EXIT_CODES)
    .action((options: { json?: true }) =>
      run((commands, ports) => commands.nodeAsk(ports, terminal, { _tag: 'Enable' }, options.json === true)),
    );

  node
    .command('run-now')
    .description('run now, whatever version the node is on; while it is disabled, when that ends')
    .option('--reason <text>', 'why; it goes into the log', named(Reason))
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('node run-now', 'node run-now --reason "new certificates"') + ASK_EXIT_CODES)
    .action((options: { reason?: string; json?: true }) =>
      run((commands, ports) =>
        commands.nodeAsk(
          ports,
          terminal,
          { _tag: 'RunNow', reason: O.fromNullable(options.reason) },
          options.json === true,
        ),
      ),
    );
};
