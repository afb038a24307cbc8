/** Runs of an applier as the Summoner makes them, and what becomes of their processes. */
import { kill } from 'node:process';
import * as O from 'fp-ts/lib/Option.js';
import { childProcessRunner } from '../../src/adapters/child-process/index.ts';
import { type Log, silentLog } from '../../src/apps/log.ts';
import { convergeWith } from '../../src/apps/summoner/converge.ts';
import { type ApplierName, APPLIERS } from '../../src/domain/applier.ts';
import { type RunOutcome, runOutcomeOf } from '../../src/domain/run-outcome.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/domain/time.ts';
import { eventually } from './daemon-process.ts';
import { START } from './node-signals.ts';
import { textFile } from './node-under-test.ts';

/** How long a run may take, what else may end it, and where its failures are told. */
export interface RunSetting {
  readonly env: Readonly<Record<string, string>>;
  readonly timeLimitMs?: number;
  readonly abort?: AbortSignal;
  readonly log?: Log;
}

/** Runs `command` as that of the applier `name`, and says what its end means to the Summoner. */
export const convergeBy = async (
  name: ApplierName,
  [command = '', ...args]: readonly string[],
  { env, timeLimitMs = MINUTE_MS, abort = new AbortController().signal, log = silentLog }: RunSetting,
): Promise<RunOutcome> => {
  const order = { command, args, env, timeLimitMs, graceMs: 20 * SECOND_MS, outputTailBytes: 16_384 };
  const cause = { _tag: 'FirstRun' } as const;
  const running = { cause, version: O.none, requests: [], startedAt: START, floorDue: false };
  const end = await convergeWith(childProcessRunner(), order, log, APPLIERS[name])(running, abort);
  return runOutcomeOf(end, false, APPLIERS[name].outcomes);
};

/** The number of the process that a file tells of, as soon as it does. */
export const processIn = (path: string): Promise<number> =>
  eventually(`the number of a process in ${path}`, () => {
    const [, digits] = /^(\d+)\n/.exec(textFile(path)) ?? [];
    return digits === undefined ? undefined : Number(digits);
  });

/** Whether there is a process of that number. */
export const isRunning = (pid: number): boolean => {
  try {
    return kill(pid, 0);
  } catch {
    return false;
  }
};
