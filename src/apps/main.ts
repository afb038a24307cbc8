#!/usr/bin/env node
/**
 * The executable: reads the command line, hands each command its parts, and turns what came of it into an exit code.
 *
 * Every command is loaded only when it is called: a Summoner does not carry a Librarian along.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type * as t from 'io-ts';
import pino from 'pino';
import { Person, Reason } from '../domain/control-state.ts';
import type { HoldScope } from '../domain/hold.ts';
import { parseHoldScope } from '../domain/hold-text.ts';
import { EnvironmentName, NodeName, parseName, Slug, StackName, Version, ZoneId } from '../domain/names.ts';
import { NodePattern } from '../domain/signal.ts';
import { type EpochMs, formatDuration, HOUR_MS, parseDuration, parseInstant } from '../domain/time.ts';
import { EXIT, type ExitCode } from './cli/exit-code.ts';
import type { LoadedConfig } from './cli/load.ts';
import { keepHeapSmall } from './cli/small-heap.ts';
import type { Terminal } from './cli/terminal.ts';

import type * as LibrarianCommands from './librarian/commands.ts';
import type { LibrarianPorts } from './librarian/librarian-ports.ts';
import { parsePlace, type Place } from './places/place.ts';
import { LASTS_MS_MIN } from './simulator/scenario.ts';
import type { SimulationMode } from './simulator/simulation-result.ts';
import type { SummonerOptions } from './summoner/commands.ts';

const stop = new AbortController();

/** A command that answers a question says only what went wrong; a daemon also says what it does. */
const logDestination = pino.destination({ dest: 2, sync: true });
const logger = pino({ level: 'warn', base: null, timestamp: pino.stdTimeFunctions.isoTime }, logDestination);
const sayWhatIsDone = (): void => {
  logger.level = 'info';
};

/** Whoever read the output is gone and wants no more of it: a command ends in its own way, as when it is asked to. */
const onOutputError = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error;
  stop.abort();
};
process.stdout.on('error', onOutputError);
process.stderr.on('error', onOutputError);
logDestination.on('error', onOutputError);

const terminal: Terminal = {
  out: (line) => {
    process.stdout.write(`${line}\n`);
  },
  err: (line) => {
    process.stderr.write(`${line}\n`);
  },
  ...(process.stderr.isTTY
    ? {
        progress: (line) => {
          process.stderr.write(`\r\u001b[K${line}`);
        },
      }
    : {}),
  isColoured: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
  environment: process.env,
  abort: stop.signal,
  log: (level, message, fields) => {
    logger[level](fields ?? {}, message);
  },
};

/** Asked once to end, a command ends in its own way; asked twice, at once. */
const stopOnSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop.abort();
    });
  }
};

/** Reads an argument with `parse`; what it refuses is a fault of usage. */
const parsed =
  <A>(parse: (text: string) => E.Either<string, A>) =>
  (text: string): A => {
    const read = parse(text);
    if (E.isLeft(read)) throw new InvalidArgumentError(read.left);
    return read.right;
  };

const named = <A extends string>(codec: t.Type<A, string>): ((text: string) => A) => parsed(parseName(codec));

/** For an option that takes several values. */
const collected =
  <A>(read: (text: string) => A) =>
  (text: string, before: readonly A[] | undefined): readonly A[] => [...(before ?? []), read(text)];

const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}, got ${text}`);
    }
    return value;
  };

/** A duration that is one. */
const lasting = parsed((text) =>
  E.filterOrElse(
    (ms: number) => ms > 0,
    () => 'expected more than 0s',
  )(parseDuration(text)),
);

/** A duration that is long enough. */
const lastingAtLeast = (minMs: number) =>
  parsed((text) =>
    E.filterOrElse(
      (ms: number) => ms >= minMs,
      () => `expected at least ${formatDuration(minMs)}, got ${text}`,
    )(parseDuration(text)),
  );

/** Ends a command whose options say nothing together. */
const refuseUsage = (detail: string): Promise<ExitCode> => {
  terminal.err(`signalbox: ${detail}`);
  return Promise.resolve(EXIT.usage);
};

const finish = async (work: Promise<ExitCode>): Promise<void> => {
  process.exitCode = await work;
};

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const program = new Command('signalbox')
  .description('Safe configuration rollout for fleets.')
  .option('-c, --config <file>', 'configuration, YAML or JSON (default: /etc/signalbox/config.yaml if it is there)')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(signalbox COMMAND --help says more)');

// Commander takes the program's options wherever they stand; behind `artifact build`, --version is the artifact's.
if (!process.argv.includes('build')) program.version(version);

/** The options that every command sees. */
const configOption = (): O.Option<string> => O.fromNullable(program.opts<{ config?: string }>().config);

/** Runs a command of the Librarian. */
const onLibrarian = (
  command: (commands: typeof LibrarianCommands, ports: LibrarianPorts, loaded: LoadedConfig) => Promise<ExitCode>,
): Promise<void> =>
  finish(
    Promise.all([import('./librarian/main.ts'), import('./librarian/commands.ts')]).then(([main, commands]) =>
      main.withLibrarian(configOption(), terminal, (ports, loaded) => command(commands, ports, loaded)),
    ),
  );

const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ signalbox ${line}`).join('\n')}\n`;

/** What the exit codes of a command mean, beyond those that every command has. */
const exitCodes = (meanings: readonly (readonly [code: ExitCode, meaning: string])[]): string =>
  `\nExit codes:\n${meanings.map(([code, meaning]) => `  ${String(code).padEnd(3)} ${meaning}`).join('\n')}\n`;

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
        import('./demo/main.ts').then(({ demo }) =>
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

program
  .command('librarian')
  .description('the service: HTTP API, a tick every minute, and artifacts taken in from where it watches')
  .addHelpText('after', examples('librarian --config /etc/signalbox/librarian.yaml'))
  .action(() =>
    onLibrarian((commands, ports, loaded) => {
      sayWhatIsDone();
      return commands.librarian(ports, terminal, loaded);
    }),
  );

program
  .command('token')
  .description('tokens for the HTTP API')
  .command('hash')
  .description('read a token from the input, and print what the configuration shall know of it')
  .addHelpText('after', `\nExamples:\n  $ openssl rand -base64 32 | tee token | signalbox token hash\n`)
  .action(() =>
    finish(import('./librarian/http/token-command.ts').then(({ tokenHash }) => tokenHash(process.stdin, terminal))),
  );

program
  .command('train')
  .description('the release train')
  .command('tick')
  .description('one tick: what a CronJob runs; prints one outcome for each environment')
  .option('--dry-run', 'say what a tick would do now, and do nothing')
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('train tick', 'train tick --dry-run --json'))
  .action((options: { dryRun?: true; json?: true }) =>
    onLibrarian((commands, ports) =>
      commands.trainTick(ports, terminal, { isDry: options.dryRun === true, isJson: options.json === true }),
    ),
  );

const artifact = program.command('artifact').description('artifacts: build, add, list, show, reject, approve');

artifact
  .command('build')
  .argument('<directory>', 'holds the cookbooks, as cookbooks/<name> and site-cookbooks/<name>')
  .description('make an artifact of a folder of cookbooks; the same folder and options make the same bytes')
  .requiredOption('--out <file>', 'the tarball, such as artifact.tar.gz; it appears whole')
  .option(
    '--version <version>',
    'its version (default: YYYYMMDD.SECONDS.0 of now, or of SOURCE_DATE_EPOCH)',
    named(Version),
  )
  .option('--author <text>', 'who made the commit (default: as Git knows it)')
  .option('--commit <hash>', 'what it is built from (default: as Git knows it)')
  .option('--stamp-site', 'give the site cookbooks the version of the artifact in the place of their own')
  .option('--json', 'one JSON document')
  .addHelpText(
    'after',
    examples(
      'artifact build . --out artifact.tar.gz',
      'artifact build . --out artifact.tar.gz --stamp-site --json',
      'artifact build /srv/chef --out 1.4.0.tar.gz --version 1.4.0 --author "Ops <ops@example.com>" --commit 3f2a9c1',
    ) +
      exitCodes([
        [EXIT.done, 'it was built'],
        [EXIT.badData, 'the folder is none to build from, or Git does not know the commit'],
        [EXIT.unavailable, 'the tarball cannot be written'],
      ]),
  )
  .action(
    (
      directory: string,
      options: {
        out: string;
        version?: Version;
        author?: string;
        commit?: string;
        stampSite?: true;
        json?: true;
      },
    ) =>
      finish(
        import('./builder/main.ts').then(({ artifactBuild }) =>
          artifactBuild(
            {
              directory,
              file: options.out,
              version: O.fromNullable(options.version),
              author: O.fromNullable(options.author),
              commit: O.fromNullable(options.commit),
              stampsSite: options.stampSite === true,
            },
            options.json === true,
            terminal,
          ),
        ),
      ),
  );

artifact
  .command('add <file>')
  .description('store an artifact and upload it to every stack')
  .option('--reason <text>', 'why; it goes into the audit trail', named(Reason))
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('artifact add 20250728.1753666491.0.tar.gz'))
  .action((file: string, options: { reason?: string; json?: true }) =>
    onLibrarian((commands, ports) =>
      commands.artifactAdd(ports, terminal, {
        file,
        reason: O.fromNullable(options.reason),
        isJson: options.json === true,
      }),
    ),
  );

artifact
  .command('list')
  .description('every artifact, the newest first')
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('artifact list', 'artifact list --json'))
  .action((options: { json?: true }) =>
    onLibrarian((commands, ports) => commands.artifactList(ports, terminal, { isJson: options.json === true })),
  );

artifact
  .command('show')
  .argument('<version>', 'which', named(Version))
  .description('one artifact: what it holds, which stacks have it, which environments are on it')
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('artifact show 20250728.1753666491.0', 'artifact show 20250728.1753666491.0 --json'))
  .action((version: Version, options: { json?: true }) =>
    onLibrarian((commands, ports) =>
      commands.artifactShow(ports, terminal, { version, isJson: options.json === true }),
    ),
  );

for (const [verb, description] of [
  ['reject', 'a version that is rejected neither boards nor travels'],
  ['approve', 'take a rejection back'],
] as const) {
  artifact
    .command(verb)
    .argument('<version>', 'which', named(Version))
    .description(description)
    .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
    .addHelpText('after', examples(`artifact ${verb} 20250728.1753666491.0 --reason "disks fill up"`))
    .action((version: Version, options: { reason: string }) =>
      onLibrarian((commands, ports) =>
        commands.artifactJudge(ports, terminal, { verb, version, reason: options.reason }),
      ),
    );
}

program
  .command('export')
  .description('all that the Librarian knows, in one document: to keep, or for signalbox simulate --from')
  .option('--out <path>', 'a new file, or a directory to put one into (default: print it)')
  .option('--json', 'with --out: say what was written as one JSON document')
  .addHelpText('after', examples('export --out export.json', 'export --out /var/backups/signalbox --json'))
  .action((options: { out?: string; json?: true }) =>
    onLibrarian(async (_, ports) =>
      (await import('./librarian/export-state.ts')).exportCommand(ports, terminal, {
        out: O.fromNullable(options.out),
        isJson: options.json === true,
      }),
    ),
  );

program
  .command('promote')
  .argument('<version>', 'which', named(Version))
  .description('promote by hand')
  .requiredOption('--environment <name>', 'where to', named(EnvironmentName))
  .option('--stack <name>', 'on one stack only', named(StackName))
  .option('--splay <seconds>', 'spread the runs over so many seconds', integer(0, 86_400))
  .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('promote 20250728.1753666491.0 --environment prod --reason "new image"'))
  .action(
    (
      version: Version,
      options: { environment: EnvironmentName; stack?: StackName; splay?: number; reason: string; json?: true },
    ) =>
      onLibrarian((commands, ports) =>
        commands.promoteCommand(ports, terminal, {
          request: {
            version,
            environment: options.environment,
            stack: O.fromNullable(options.stack),
            splaySeconds: O.fromNullable(options.splay),
          },
          reason: options.reason,
          isJson: options.json === true,
        }),
      ),
  );

program
  .command('rollback')
  .description('re-promote the earlier version, and reject the bad one')
  .option('--environment <name>', 'take back this environment', named(EnvironmentName))
  .option('--train <stage>', 'take back every stop of this train that the bad version has reached')
  .option('--to <version>', 'the version to go back to (default: what each had before)', named(Version))
  .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('rollback --train train --reason "disks fill up"'))
  .action((options: { environment?: EnvironmentName; train?: string; to?: Version; reason: string; json?: true }) =>
    onLibrarian((commands, ports) =>
      commands.rollbackCommand(ports, terminal, {
        environment: O.fromNullable(options.environment),
        train: O.fromNullable(options.train),
        to: O.fromNullable(options.to),
        reason: options.reason,
        isJson: options.json === true,
      }),
    ),
  );

const runRequest = program.command('run-request').description('ask nodes to run, whatever version they are on');

runRequest
  .command('add', { isDefault: true })
  .description('ask nodes to run; the command may be left out')
  .requiredOption('--environment <name>', 'whose nodes', named(EnvironmentName))
  .option('--stack <name>', 'on one stack only', named(StackName))
  .option('--nodes <globs...>', 'names, or globs with * and ? (default: all)', collected(named(NodePattern)))
  .option('--splay <seconds>', 'spread the runs over so many seconds', integer(0, 86_400), 300)
  .option('--expires <duration>', 'start nothing after so long', lasting, 4 * HOUR_MS)
  .option('--id <name>', 'a name, so that asking again is no second request', named(Slug))
  .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('run-request --environment prod-1 --nodes "web-*" --reason "new certificates"'))
  .action(
    (options: {
      environment: EnvironmentName;
      stack?: StackName;
      nodes?: readonly string[];
      splay: number;
      expires: number;
      id?: Slug;
      reason: string;
      json?: true;
    }) =>
      onLibrarian((commands, ports) =>
        commands.runRequestAdd(ports, terminal, {
          order: {
            id: O.fromNullable(options.id),
            environment: options.environment,
            stack: O.fromNullable(options.stack),
            nodes: O.fromNullable(options.nodes),
            splaySeconds: options.splay,
            opensForMs: options.expires,
          },
          reason: options.reason,
          isJson: options.json === true,
        }),
      ),
  );

runRequest
  .command('list')
  .description('the run requests that are open')
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('run-request list'))
  .action((options: { json?: true }) =>
    onLibrarian((commands, ports) => commands.runRequestList(ports, terminal, { isJson: options.json === true })),
  );

runRequest
  .command('withdraw')
  .argument('<id>', 'which', named(Slug))
  .description('take a run request back')
  .requiredOption('--environment <name>', 'where', named(EnvironmentName))
  .option('--stack <name>', 'on one stack only', named(StackName))
  .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('run-request withdraw run-mecx9p-1k2 --environment prod-1 --reason "done by hand"'))
  .action((id: Slug, options: { environment: EnvironmentName; stack?: StackName; reason: string; json?: true }) =>
    onLibrarian((commands, ports) =>
      commands.runRequestWithdraw(ports, terminal, {
        withdrawal: { id, environment: options.environment, stack: O.fromNullable(options.stack) },
        reason: options.reason,
        isJson: options.json === true,
      }),
    ),
  );

const hold = program.command('hold').description('stop promotions in a scope');

hold
  .command('add')
  .argument('<id>', 'its name', named(Slug))
  .description('stop promotions until the hold is lifted or expires')
  .requiredOption('--scope <scope>', 'plan, stage:NAME, environment:NAME or stack:NAME', parsed(parseHoldScope))
  .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
  .option('--owner <name>', 'who to ask (default: you)', named(Person))
  .option('--expires <duration>', 'end by itself after so long, such as 4h', lasting)
  .addHelpText('after', examples('hold add freeze --scope plan --reason "end of the year" --expires 72h'))
  .action((id: Slug, options: { scope: HoldScope; reason: string; owner?: string; expires?: number }) =>
    onLibrarian((commands, ports) =>
      commands.holdAdd(ports, terminal, {
        id,
        scope: options.scope,
        reason: options.reason,
        owner: O.fromNullable(options.owner),
        expiresInMs: O.fromNullable(options.expires),
      }),
    ),
  );

hold
  .command('lift')
  .argument('<id>', 'its name', named(Slug))
  .description('let promotions go on')
  .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
  .action((id: Slug, options: { reason: string }) =>
    onLibrarian((commands, ports) => commands.holdLift(ports, terminal, { id, reason: options.reason })),
  );

hold
  .command('list')
  .description('every hold')
  .option('--json', 'one JSON document')
  .action((options: { json?: true }) =>
    onLibrarian((commands, ports) => commands.holdList(ports, terminal, { isJson: options.json === true })),
  );

program
  .command('status')
  .description('the board: what every environment is on, and why')
  .option('--json', 'one JSON document')
  .action((options: { json?: true }) =>
    onLibrarian((commands, ports) => commands.statusCommand(ports, terminal, { isJson: options.json === true })),
  );

program
  .command('explain')
  .argument('<environment>', 'which', named(EnvironmentName))
  .description('why an environment is where it is, and when that can change')
  .option('--json', 'one JSON document')
  .action((environment: EnvironmentName, options: { json?: true }) =>
    onLibrarian((commands, ports) =>
      commands.explainCommand(ports, terminal, {
        isJson: options.json === true,
        environment,
      }),
    ),
  );

program
  .command('forecast')
  .argument('<file>', 'plan, pins, artifacts, holds and a time, YAML or JSON')
  .description('when each version reaches each environment, and what it waits for until then')
  .option('--until <instant>', 'look so far, RFC 3339 (default: what the file says, else a week)', parsed(parseInstant))
  .option('--for <duration>', 'look so far, such as 36h', lasting)
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('forecast freeze.yaml', 'forecast freeze.yaml --for 36h --json'))
  .action((file: string, options: { until?: EpochMs; for?: number; json?: true }) =>
    finish(
      import('./forecast/main.ts').then(({ forecast }) =>
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
          ? refuseUsage('expected --plan and --replay-since only with --from')
          : options.list === true
            ? import('./simulator/commands.ts').then(({ listScenarios }) =>
                listScenarios(terminal, { isJson: options.json === true, scenario: O.fromNullable(scenario) }),
              )
            : import('./simulator/main.ts').then(({ runSimulation }) =>
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

const summon = async (options: SummonerOptions): Promise<ExitCode> => {
  keepHeapSmall();
  const [main, commands] = await Promise.all([import('./summoner/main.ts'), import('./summoner/commands.ts')]);
  return main.withSummoner(configOption(), terminal, (ports, takeLock) => {
    if (!options.isOnce && !options.isDry) sayWhatIsDone();
    return commands.summonerCommand(ports, takeLock, terminal, options);
  });
};

program
  .command('summoner')
  .description('the node agent')
  .option('--once', 'look once, run if a run is due, and end')
  .option('--dry-run', 'with --once: say what it would do, and do nothing')
  .option('--json', 'with --once: the decision as one JSON document')
  .addHelpText('after', examples('summoner', 'summoner --once --dry-run --json'))
  .action((options: { once?: true; dryRun?: true; json?: true }) =>
    finish(summon({ isOnce: options.once === true, isDry: options.dryRun === true, isJson: options.json === true })),
  );

program
  .command('fallback')
  .description('run chef-client if nothing else has for twelve hours; for images without Node there is the sh form')
  .option('--dry-run', 'say what it would do, and do nothing')
  .option('--drill', 'show that it would fire: all but the run itself')
  .option('--json', 'the decision as one JSON document')
  .addHelpText('after', examples('fallback', 'fallback --dry-run --json'))
  .action((options: { dryRun?: true; drill?: true; json?: true }) =>
    finish(
      import('./fallback/main.ts').then(({ fallback }) =>
        fallback(
          options.dryRun === true ? 'DryRun' : options.drill === true ? 'Drill' : 'Run',
          options.json === true,
          terminal,
        ),
      ),
    ),
  );

program
  .command('bootstrap')
  .description('assign a node to its environment by its zone, before its first run')
  .requiredOption('--zone <id>', 'the availability zone', named(ZoneId))
  .requiredOption('--node <name>', "the node's name", named(NodeName))
  .option('--dry-run', 'print the assignment, and write nothing')
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('bootstrap --zone use1-az4 --node web-17'))
  .action((options: { zone: ZoneId; node: NodeName; dryRun?: true; json?: true }) =>
    finish(
      import('./bootstrap/main.ts').then(({ bootstrap }) =>
        bootstrap(
          { zone: options.zone, node: options.node, isDry: options.dryRun === true, isJson: options.json === true },
          configOption(),
          terminal,
        ),
      ),
    ),
  );

stopOnSignals();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    terminal.err(`signalbox: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT.failed;
  }
}
