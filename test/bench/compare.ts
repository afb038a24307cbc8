/**
 * Measures two things in turn, in the same process or as processes, so that whatever else the machine does meets both.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { Bench } from 'tinybench';
import type { Effort, Measurement } from './section.ts';

/** What is measured: its result is kept, so that no compiler finds out that nobody needs it. */
export type Operation = () => unknown;

/** The middle of some figures. */
export const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** One round: how long either of the two took for one operation, in milliseconds. */
interface Round {
  readonly oursMs: number;
  readonly alternativeMs: number;
}

const measurementOf = (rounds: readonly Round[]): Measurement => {
  const ratios = rounds.map(({ oursMs, alternativeMs }) => oursMs / alternativeMs);
  return {
    _tag: 'Measured',
    ratio: medianOf(ratios),
    ratioRange: [Math.min(...ratios), Math.max(...ratios)],
    perSecond: 1_000 / medianOf(rounds.map(({ oursMs }) => oursMs)),
    alternativePerSecond: 1_000 / medianOf(rounds.map(({ alternativeMs }) => alternativeMs)),
  };
};

/** One sample takes about this long: far above the clock's resolution, and far below a round. */
const SAMPLE_MS = 1;

let kept: unknown;

const repeat = (operation: Operation, times: number): void => {
  for (let i = 0; i < times; i++) kept = operation();
};

/** How many operations make a sample. */
const batchOf = (operation: Operation): number => {
  for (let times = 1; ; times *= 2) {
    const start = performance.now();
    repeat(operation, times);
    if (performance.now() - start >= SAMPLE_MS) return times;
  }
};

/** Collects garbage where Node was told to allow it, so that no side pays for what the other left. */
const collectGarbage = (): void => globalThis.gc?.();

/** Milliseconds for one operation: the median of a round's samples. */
const millisecondsPer = (operation: Operation, roundMs: number, warmup: boolean): number => {
  const times = batchOf(operation);
  collectGarbage();
  const bench = new Bench({
    time: roundMs,
    iterations: 5,
    warmup,
    warmupTime: roundMs,
    warmupIterations: 5,
    throws: true,
  });
  bench.add('operation', () => repeat(operation, times), { async: false });
  const [task] = bench.runSync();
  if (task?.result.state !== 'completed') throw new Error(`the benchmark ended as ${task?.result.state}`);
  return task.result.latency.p50 / times;
};

/** Compares two functions in this process. Which goes first changes from round to round. */
export const compareOperations = (
  { ours, alternative }: { readonly ours: Operation; readonly alternative: Operation },
  { rounds, roundMs }: Effort,
): Measurement =>
  measurementOf(
    Array.from({ length: rounds }, (_, round): Round => {
      const warmup = round === 0;
      if (round % 2 === 0) {
        const oursMs = millisecondsPer(ours, roundMs, warmup);
        return { oursMs, alternativeMs: millisecondsPer(alternative, roundMs, warmup) };
      }
      const alternativeMs = millisecondsPer(alternative, roundMs, warmup);
      return { oursMs: millisecondsPer(ours, roundMs, warmup), alternativeMs };
    }),
  );

/** Compares what two ways of doing the same take for one unit of it: each answers its own milliseconds. */
export const compareTimes = async (
  { ours, alternative }: { readonly ours: () => Promise<number>; readonly alternative: () => Promise<number> },
  rounds: number,
): Promise<Measurement> => {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    collectGarbage();
    const oursMs = await ours();
    collectGarbage();
    measured.push({ oursMs, alternativeMs: await alternative() });
  }
  return measurementOf(measured);
};

/** A process to start: an executable, its arguments, and what is added to this process's environment. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** So many processes are started in a row by a shell that is there already. */
const IN_A_ROW = 5;

/** Starts its arguments so often in a row; the first that fails ends it. */
const REPEAT = `n=${IN_A_ROW}; while [ "$n" -gt 0 ]; do "$@" >/dev/null || exit; n=$((n - 1)); done`;

/**
 * Wall time from the start of a process to its exit, in milliseconds. They are started by a small shell, as cron would: to
 * be started by this process, which is large, costs more than some of them take.
 */
const wallMs = ({ file, args, env }: Command): number => {
  const start = performance.now();
  const { status, error, stderr } = spawnSync('/bin/sh', ['-c', REPEAT, 'repeat', file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const elapsedMs = (performance.now() - start) / IN_A_ROW;
  if (status !== 0) {
    throw new Error(`${file} ${args.join(' ')}: expected exit 0, got ${status ?? 'none'}: ${error?.message ?? stderr}`);
  }
  return elapsedMs;
};

/** Compares two processes by wall time; both have to end with exit code 0. */
export const compareProcesses = (
  { ours, alternative }: { readonly ours: Command; readonly alternative: Command },
  { processes }: Effort,
): Measurement => {
  // The first of each fills the disk cache, and is not counted.
  wallMs(ours);
  wallMs(alternative);
  return measurementOf(
    Array.from({ length: processes }, (): Round => ({ oursMs: wallMs(ours), alternativeMs: wallMs(alternative) })),
  );
};

/** The Node that runs the benchmark, doing nothing: what any program in JavaScript costs at least. */
export const BARE_NODE: Command = { file: process.execPath, args: ['-e', '0'] };

/** What was measured last; read by nobody, but a compiler cannot know. */
export const lastKept = (): unknown => kept;
