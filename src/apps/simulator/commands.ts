/**
 * `signalbox simulate`: finds a scenario, simulates it, and says what came of it.
 *
 * @module
 */
import type { Stats } from 'node:fs';
import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describeValue } from '../../domain/decoding.ts';
import { fail } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { table } from '../cli/table.ts';
import type { Terminal } from '../cli/terminal.ts';
import { type Failure, unavailable } from '../failure.ts';
import { findExport, type FoundScenario, type FromExport, wordsOfExport } from './find-export.ts';
import { findScenario } from './find-scenario.ts';
import { showProgress } from './progress.ts';
import { READY_SCENARIOS } from './ready/ready-scenarios.ts';
import { replayCommand } from './replay-command.ts';
import { resizeScenario } from './resize-scenario.ts';
import { resultJson } from './result-json.ts';
import type { Scenario } from './scenario.ts';
import { SimulationAborted } from './simulation-aborted.ts';
import type { SimulationMode, SimulationResult } from './simulation-result.ts';
import { settingsNotes } from './settings-notes.ts';
import { summaryOf } from './summary.ts';
import { versionHistory, versionLines, versionsJson } from './version-history.ts';

/** What the command is made of. */
export interface Simulator {
  readonly simulate: (
    scenario: Scenario,
    options: {
      readonly seed: number;
      readonly mode: SimulationMode;
      /** Told how much of the scenario is over, 0 … 1. */
      readonly onProgress?: (share: number) => void;
      /** Aborted: it rejects with {@link SimulationAborted} as soon as it can. */
      readonly abort: AbortSignal;
    },
  ) => Promise<SimulationResult>;
  /** The report as one HTML document; `replay` is the command that goes through the same history again. */
  readonly renderReport: (result: SimulationResult, replay: string) => string;
}

/** What `signalbox simulate` was asked. */
export interface SimulateOptions {
  /** A ready scenario's name, or a file. */
  readonly scenario: O.Option<string>;
  /** In place of a scenario: what a Librarian has exported. */
  readonly from: O.Option<FromExport>;
  readonly seed: number;
  readonly mode: SimulationMode;
  /** How many nodes, in the proportions of the scenario's fleet; none: as many as it says. */
  readonly nodes: O.Option<number>;
  /** How long, in milliseconds; none: as long as it says. */
  readonly forMs: O.Option<number>;
  /** Where to write the report; none: nowhere. */
  readonly report: O.Option<string>;
  readonly isJson: boolean;
}

/** `signalbox simulate --list`; it lists all, so that a `scenario` beside it is a misunderstanding. */
export const listScenarios = (
  terminal: Terminal,
  { isJson, scenario }: Pick<SimulateOptions, 'isJson' | 'scenario'>,
): ExitCode => {
  if (O.isSome(scenario)) {
    const given = describeValue(scenario.value);
    terminal.err(`signalbox: scenario: expected none beside --list, got ${given}; leave out the one or the other`);
    return EXIT.usage;
  }
  const listed = [...READY_SCENARIOS].map(([name, { about }]) => ({ name, about }));
  if (isJson) terminal.out(JSON.stringify(listed));
  else for (const line of table(listed.map(({ name, about }) => [name, about]))) terminal.out(line);
  return EXIT.done;
};

const run = async (
  simulator: Simulator,
  terminal: Terminal,
  scenario: Scenario,
  { seed, mode, nodes, forMs }: SimulateOptions,
): Promise<SimulationResult> => {
  const resized = resizeScenario(scenario, {
    ...(O.isSome(nodes) ? { nodes: nodes.value } : {}),
    ...(O.isSome(forMs) ? { lastsMs: forMs.value } : {}),
  });
  const { progress, abort } = terminal;
  try {
    const onProgress = progress === undefined ? {} : { onProgress: showProgress(progress) };
    return await simulator.simulate(resized, { seed, mode, abort, ...onProgress });
  } finally {
    progress?.('');
  }
};

/** The result; nothing where somebody had no patience to wait for it. */
const resultUnlessStopped = async (result: Promise<SimulationResult>): Promise<SimulationResult | undefined> => {
  try {
    return await result;
  } catch (error) {
    if (error instanceof SimulationAborted) return undefined;
    throw error;
  }
};

const unwritable = (file: string, why: unknown): Failure => {
  const detail = why instanceof Error ? why.message : String(why);
  return unavailable(`report: expected a file that can be written, got ${file}: ${detail}`);
};

const statIfThere = (file: string): Promise<Stats | undefined> =>
  stat(file).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });

/**
 * Why no report can be written to `file`, as far as that shows without touching it: a simulation that is stopped leaves
 * nothing behind, and a pipe must not be opened to be tried.
 */
const reportTrouble = async (file: string): Promise<Failure | undefined> => {
  try {
    const found = await statIfThere(file);
    if (found?.isDirectory() === true) return unwritable(file, 'it is a directory');
    await access(found === undefined ? dirname(file) : file, constants.W_OK);
    return undefined;
  } catch (error) {
    return unwritable(file, error);
  }
};

const writeReport = async (terminal: Terminal, file: string, html: string): Promise<ExitCode> => {
  try {
    await writeFile(file, html);
    return EXIT.done;
  } catch (error) {
    return fail(terminal, unwritable(file, error));
  }
};

const given = ({ scenario }: SimulateOptions): string => O.getOrElse(() => '')(scenario);

const foundFor = async (options: SimulateOptions): Promise<E.Either<Failure, FoundScenario>> => {
  if (O.isSome(options.from)) return findExport(options.from.value);
  return E.map((scenario: Scenario): FoundScenario => ({ scenario, was: O.none }))(await findScenario(given(options)));
};

/**
 * `signalbox simulate`; 0 when every law held, 1 when not, 75 when it was stopped before its end. A report that could not
 * be written is told of, but hides no law that was broken.
 */
export const simulateCommand = async (
  simulator: Simulator,
  terminal: Terminal,
  options: SimulateOptions,
): Promise<ExitCode> => {
  const { report, from } = options;
  if (O.isSome(options.scenario) === O.isSome(from)) {
    terminal.err(
      'signalbox: expected a scenario: a file, or a name that signalbox simulate --list tells; or --from an export, and not both',
    );
    return EXIT.usage;
  }
  if (O.isSome(report) && report.value === '') {
    terminal.err('signalbox: report: expected the name of a file, got ""');
    return EXIT.usage;
  }
  const found = await foundFor(options);
  if (E.isLeft(found)) return fail(terminal, found.left);
  const { scenario, was } = found.right;
  const trouble = O.isSome(report) ? await reportTrouble(report.value) : undefined;
  if (trouble !== undefined) return fail(terminal, trouble);
  const result = await resultUnlessStopped(run(simulator, terminal, scenario, options));
  if (result === undefined) {
    return fail(terminal, { _tag: 'TryAgain', detail: 'stopped before its end: no law was judged over the whole' });
  }
  const replay = replayCommand({ ...options, scenario: O.isSome(from) ? wordsOfExport(from.value) : given(options) });
  const would = O.isSome(from) ? versionHistory(scenario.plan, result.timeline.pins) : undefined;
  if (options.isJson) {
    const versions = would === undefined ? {} : { versions: versionsJson(would, O.toUndefined(was)) };
    terminal.out(JSON.stringify({ ...resultJson(result, replay), ...versions }));
  } else {
    for (const line of summaryOf(result, replay, settingsNotes(scenario))) terminal.out(line);
    if (would !== undefined) for (const line of ['', ...versionLines(would, O.toUndefined(was))]) terminal.out(line);
  }
  const written = O.isSome(report)
    ? await writeReport(terminal, report.value, simulator.renderReport(result, replay))
    : EXIT.done;
  return result.violationCount === 0 ? written : EXIT.failed;
};
