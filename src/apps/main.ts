#!/usr/bin/env node
/**
 * The executable: reads the command line, hands each command its parts, and turns what came of it into an exit code.
 *
 * A command stands in the `cli.ts` of its app, and is loaded only when it is called: a Summoner does not carry a Librarian
 * along.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Command, CommanderError } from 'commander';
import * as O from 'fp-ts/lib/Option.js';
import pino from 'pino';
import { registerBootstrap } from './bootstrap/cli.ts';
import type { CaughtSignals, CommandLine, DaemonSignal } from './cli/command-line.ts';
import { EXIT } from './cli/exit-code.ts';
import type { Terminal } from './cli/terminal.ts';
import { registerDemo } from './demo/cli.ts';
import { registerFallback } from './fallback/cli.ts';
import { registerForecast } from './forecast/cli.ts';
import { registerLibrarian } from './librarian/cli.ts';
import { registerNode } from './node/cli.ts';
import { registerSimulator } from './simulator/cli.ts';
import { registerSummoner } from './summoner/cli.ts';

const stop = new AbortController();

/** A command that answers a question says only what went wrong; a daemon also says what it does. */
const logDestination = pino.destination({ dest: 2, sync: true });
const logger = pino(
  {
    level: 'warn',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  },
  logDestination,
);

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

let isSeenToTheEnd = false;

/** Asked once to end, a command ends in its own way; asked twice, at once, unless it has others to see to their end. */
const stopOnSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted && !isSeenToTheEnd) {
        process.removeAllListeners(signal);
        process.kill(process.pid, signal);
      }
      stop.abort();
    });
  }
};

const catchSignals = (): CaughtSignals => {
  const waiting = new Set<DaemonSignal>();
  let handle = (signal: DaemonSignal): void => void waiting.add(signal);
  for (const signal of ['SIGHUP', 'SIGUSR1'] as const) {
    process.on(signal, () => {
      handle(signal);
    });
  }
  return {
    passOn: (to) => {
      handle = (signal) => {
        to[signal]();
      };
      waiting.forEach(handle);
      return () => {
        handle = () => undefined;
      };
    },
  };
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

const line: CommandLine = {
  program,
  terminal,
  input: () => process.stdin,
  configFile: () => O.fromNullable(program.opts<{ config?: string }>().config),
  sayWhatIsDone: () => {
    logger.level = 'info';
  },
  seeToTheEnd: () => {
    isSeenToTheEnd = true;
  },
  catchSignals,
  finish: async (work) => {
    process.exitCode = await work;
  },
};

// Help lists the commands in this order.
registerDemo(line, () => import('./demo/main.ts'));
registerLibrarian(
  line,
  () => import('./librarian/main.ts'),
  () => import('./builder/main.ts'),
);
registerForecast(line, () => import('./forecast/main.ts'));
registerSimulator(line, () => import('./simulator/main.ts'));
registerSummoner(line, () => import('./summoner/main.ts'));
registerNode(line, () => import('./node/main.ts'));
registerFallback(line, () => import('./fallback/main.ts'));
registerBootstrap(line, () => import('./bootstrap/main.ts'));

stopOnSignals();
// Not awaited here: the single executable is a CommonJS file, which waits for nothing at its top level.
void program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    terminal.err(`signalbox: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT.failed;
  }
});
