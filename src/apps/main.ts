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
import { DISABLED_MS_MAX } from '../domain/node-request.ts';
import { NodePattern } from '../domain/signal.ts';
import { type EpochMs, formatDuration, HOUR_MS, parseDuration, parseInstant } from '../domain/time.ts';
import type { MachineSource, NodeNaming } from './bootstrap/find-machine.ts';
import { EXIT, type ExitCode } from './cli/exit-code.ts';
import type { LoadedConfig } from './cli/load.ts';
import { keepHeapSmall } from './cli/small-heap.ts';
import type { Terminal } from './cli/terminal.ts';

import type * as LibrarianCommands from './librarian/commands.ts';
import type { LibrarianPorts } from './librarian/librarian-ports.ts';
import type * as NodeCommands from './node/commands.ts';
import type { NodePorts } from './node/node-ports.ts';
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

/** A duration that is one, and not too long. */
const lastingAtMost =
  (maxMs: number) =>
  (text: string): number => {
    const durationMs = lasting(text);
    if (durationMs > maxMs) throw new InvalidArgumentError(`expected at most ${formatDuration(maxMs)}, got ${text}`);
    return durationMs;
  };

/** Ends a command whose options say nothing together. */
const refuseUsage = (detail: string): Promise<ExitCode> => {
  terminal.err(`signalbox: ${detail}`);
  return Promise.resolve(EXIT.usage);
};

const finish = async (work: Promise<ExitCode>): Promise<void> => {
  process.exitCode = await work;
};

/** The version of the package, where the bundler has put it in: in an executable, beside which there is no package.json. */
declare const SIGNALBOX_VERSION: string | undefined;

const packageVersion = (): string => {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
};

const version = typeof SIGNALBOX_VERSION === 'string' ? SIGNALBOX_VERSION : packageVersion();

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
  return main.withSummoner(configOption(), terminal, ({ ports, takeLock, serve }) => {
    if (!options.isOnce && !options.isDry) sayWhatIsDone();
    return commands.summonerCommand(ports, takeLock, terminal, options, serve);
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

/** Runs a command for the node that this is. */
const onNode = (command: (commands: typeof NodeCommands, ports: NodePorts) => Promise<ExitCode>): Promise<void> =>
  finish(
    Promise.all([import('./node/main.ts'), import('./node/commands.ts')]).then(([main, commands]) =>
      main.withNode(configOption(), terminal, (ports) => command(commands, ports)),
    ),
  );

const node = program.command('node').description('this node: how it is, and what its Summoner shall do');

node
  .command('status')
  .description('what is on the node, what its Summoner does and why, what comes next and when')
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('node status', 'node status --json'))
  .action((options: { json?: true }) =>
    onNode((commands, ports) => commands.nodeStatus(ports, terminal, options.json === true)),
  );

/** What the exit codes of a command that asks the Summoner for something mean. */
const ASK_EXIT_CODES = exitCodes([
  [EXIT.done, 'the Summoner has taken it in, or takes it in when it starts'],
  [EXIT.unavailable, 'it cannot be left for the Summoner'],
  [EXIT.tryAgain, 'the Summoner is alive and has not taken it in yet: it does before it starts anything'],
  [EXIT.notPermitted, 'only root and who owns node_state may ask'],
]);

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
    onNode((commands, ports) =>
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
    onNode((commands, ports) => commands.nodeAsk(ports, terminal, { _tag: 'Enable' }, options.json === true)),
  );

node
  .command('run-now')
  .description('run now, whatever version the node is on; while it is disabled, when that ends')
  .option('--reason <text>', 'why; it goes into the log', named(Reason))
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('node run-now', 'node run-now --reason "new certificates"') + ASK_EXIT_CODES)
  .action((options: { reason?: string; json?: true }) =>
    onNode((commands, ports) =>
      commands.nodeAsk(
        ports,
        terminal,
        { _tag: 'RunNow', reason: O.fromNullable(options.reason) },
        options.json === true,
      ),
    ),
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
  .description('assign this machine to its environment by its zone, before its first chef-client run')
  .addOption(
    new Option('--source <who>', 'who knows the zone (default: given with --zone, else auto)').choices([
      'ec2',
      'gce',
      'auto',
      'given',
    ]),
  )
  .option('--zone <id>', 'the availability zone', named(ZoneId))
  .option('--node <name>', "the node's name (default: by --node-from)", named(NodeName))
  .addOption(
    new Option('--node-from <what>', 'what names the node; without a cloud it is the host name')
      .choices(['instance-id', 'instance-name', 'hostname'])
      .default('instance-id'),
  )
  .option('--stack <name>', 'the stack (default: that of the configuration)', named(StackName))
  .option('--stack-tag <name>', 'the tag of the machine, on GCE the attribute, that names the stack', named(Slug))
  .addOption(
    new Option('--zone-by <what>', 'whether the zone map has ids such as use1-az4 or names such as us-east-1a')
      .choices(['id', 'name'])
      .default('id'),
  )
  .addOption(
    new Option('--ip <version>', 'by which address a cloud is asked (default: ipv4)').choices(['ipv4', 'ipv6']),
  )
  .option('--notify <command>', 'is told how it ended, as JSON on its input (default: bootstrap_hook)')
  .option('--reassign', 'move a machine that is assigned otherwise; wants a reason')
  .option('--reason <text>', 'with --reassign: why', named(Reason))
  .option('--dry-run', 'print the assignment, and write nothing')
  .option('--json', 'one JSON document')
  .addHelpText(
    'after',
    examples(
      'bootstrap --zone use1-az4 --node web-17',
      'bootstrap --source ec2 --stack-tag signalbox-stack',
      'bootstrap --reassign --reason "moved to the canary" --dry-run',
    ),
  )
  .action(
    (options: {
      source?: MachineSource;
      zone?: ZoneId;
      node?: NodeName;
      nodeFrom: NodeNaming;
      stack?: StackName;
      stackTag?: Slug;
      zoneBy: 'id' | 'name';
      ip?: 'ipv4' | 'ipv6';
      notify?: string;
      reassign?: true;
      reason?: string;
      dryRun?: true;
      json?: true;
    }) =>
      finish(
        (options.reassign === true) !== (options.reason !== undefined)
          ? refuseUsage('expected --reassign and --reason together')
          : import('./bootstrap/main.ts').then(({ bootstrap }) =>
              bootstrap(
                {
                  source: O.fromNullable(options.source),
                  zone: O.fromNullable(options.zone),
                  node: O.fromNullable(options.node),
                  nodeFrom: options.nodeFrom,
                  stack: O.fromNullable(options.stack),
                  stackTag: O.fromNullable(options.stackTag),
                  zoneBy: options.zoneBy,
                  family: O.fromNullable(
                    options.ip === undefined ? undefined : options.ip === 'ipv6' ? 'IPv6' : 'IPv4',
                  ),
                  notify: O.fromNullable(options.notify),
                  reassign: O.fromNullable(options.reason),
                  isDry: options.dryRun === true,
                  isJson: options.json === true,
                },
                configOption(),
                terminal,
              ),
            ),
      ),
  );

/** `use1-az4=120`: a zone and how many nodes stand in it. */
const nodesInZone = parsed((text): E.Either<string, readonly [ZoneId, number]> => {
  const [, zone = '', count = ''] = /^([^=]*)=(\d{1,7})$/.exec(text) ?? [];
  return count === ''
    ? E.left(`expected ZONE=COUNT, such as use1-az4=120, got ${text}`)
    : E.map((id: ZoneId) => [id, Number(count)] as const)(parseName(ZoneId)(zone));
});

program
  .command('zones')
  .description('what each environment gets of the fleet by the zone map, before anybody uses it')
  .option(
    '--nodes <zone=count...>',
    'how many nodes stand in a zone (default: all zones alike)',
    collected(nodesInZone),
  )
  .option('--json', 'one JSON document')
  .addHelpText('after', examples('zones', 'zones --nodes use1-az4=120 use1-az6=80 --json'))
  .action((options: { nodes?: readonly (readonly [ZoneId, number])[]; json?: true }) =>
    finish(
      import('./bootstrap/main.ts').then(({ zones }) =>
        zones(
          O.map((nodes: readonly (readonly [ZoneId, number])[]) => new Map(nodes))(O.fromNullable(options.nodes)),
          options.json === true,
          configOption(),
          terminal,
        ),
      ),
    ),
  );

stopOnSignals();
// Not awaited here: the single executable is a CommonJS file, which waits for nothing at its top level.
void program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    terminal.err(`signalbox: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT.failed;
  }
});
