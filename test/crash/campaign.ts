/**
 * Kills the daemon of one node again and again, over real files, and writes down what the judge wants to know.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { configText } from '../support/config-text.ts';
import { BRISK } from '../support/node-under-test.ts';
import { decodeNodeState, type NodeState } from '../../src/domain/node-state.ts';
import { decodeNodeStatus } from '../../src/domain/node-status.ts';
import { IDENTITY } from '../apps/summoner/machine.ts';
import type { Daemon } from './daemons.ts';
import type { History, Settlement, Wreck } from './judge.ts';
import type { KillAt, Round } from './plan.ts';
import { worldOf } from './world.ts';

/** A daemon is there in a tenth of a second, and later looks at its bus every second. */
const LIFE_MS = 2_000;
const REST_MS_MAX = 60_000;
const LOOK_MS = 10;

/** Takes a lock as chef-client does, notes down by which state it was started, and takes up to 0.7 seconds. */
const RUN = `exec 9>>lock; flock -n 9 || { echo 'Chef Infra Client is already running'; exit 1; }
{ cat node/summoner.json; echo '=== started'; } >> starts
exec sleep 0.$(($$ % 8))`;
const STARTED = '=== started\n';

const CONFIG = {
  ...IDENTITY,
  ...BRISK,
  backoff_base: '1s',
  backoff_cap: '2s',
  // A campaign cuts more runs short than any real life.
  attempts_max: 100,
  command: ['/bin/sh', '-c', RUN],
};

/** What belongs into the node's directory. */
const FILES: readonly string[] = ['summoner.json', 'status.json', 'summoner.lock', 'requests'];

const textOf = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

const stateOf = (text: string | undefined): NodeState | undefined => {
  const read = text === undefined ? undefined : decodeNodeState(text);
  return read !== undefined && E.isRight(read) ? read.right.state : undefined;
};

const startsIn = (directory: string): readonly string[] =>
  (textOf(join(directory, 'starts')) ?? '').split(STARTED).slice(0, -1);

const wreckIn = (directory: string): Wreck => {
  const node = join(directory, 'node');
  const names = existsSync(node) ? readdirSync(node) : [];
  return {
    state: textOf(join(node, 'summoner.json')),
    status: textOf(join(node, 'status.json')),
    leftovers: names.filter((name) => !FILES.includes(name)),
  };
};

/** Whether a process is at work in `directory`. */
const isBusy = (directory: string): boolean =>
  readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === directory;
    } catch {
      return false;
    }
  });

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('close', resolve));

/** Resolves after `us` microseconds, which is too short for a timer. */
const busily = (us: number): void => {
  const until = performance.now() + us / 1_000;
  while (performance.now() < until);
};

/** Kills `child` when the plan says so, or at the end of a usual life. */
const killAsPlanned = async (child: ChildProcess, node: string, killAt: KillAt): Promise<void> => {
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  const gone = ended(child);
  let writes = 0;
  const watcher =
    killAt._tag === 'Share'
      ? undefined
      : watch(node, () => {
          writes += 1;
          if (writes !== killAt.nth) return;
          busily(killAt.afterUs);
          kill();
        });
  const timer = setTimeout(kill, LIFE_MS * (killAt._tag === 'Share' ? killAt.share : 1));
  await gone;
  clearTimeout(timer);
  watcher?.close();
};

/** A run that a daemon had just begun when it was killed: it notes down how it found the state before the next one writes. */
const runToBegin = async (directory: string, { state }: Wreck): Promise<void> => {
  const running = O.toUndefined(stateOf(state)?.running ?? O.none);
  const isNoted = (): boolean =>
    startsIn(directory).some(
      (text) => O.toUndefined(stateOf(text)?.running ?? O.none)?.startedAt === running?.startedAt,
    );
  while (running !== undefined && isBusy(directory) && !isNoted()) await delay(LOOK_MS);
};

/**
 * Runs a campaign in `directory`, an empty one.
 *
 * @param roundsToRest - after so many rounds the daemon is left alone until everything that was promised has come true.
 */
export const campaign = async (
  directory: string,
  [command, ...args]: Daemon,
  rounds: readonly Round[],
  roundsToRest: number,
): Promise<History> => {
  const node = join(directory, 'node');
  mkdirSync(join(directory, 'bus'), { recursive: true });
  mkdirSync(node, { mode: 0o755 });
  writeFileSync(join(directory, 'config.yaml'), configText(CONFIG));
  const world = worldOf(directory, () => Date.now());
  const wrecks: Wreck[] = [];
  const settlements: Settlement[] = [];

  const log = openSync(join(directory, 'log'), 'a');
  const start = (): ChildProcess =>
    spawn(command, args, {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', log, log],
    });

  /** A daemon that tells what it does has cleared away what the one before it had left. */
  const isThere = ({ pid }: ChildProcess): boolean => {
    const status = decodeNodeStatus(textOf(join(node, 'status.json')) ?? '');
    return E.isRight(status) && status.right.pid === pid;
  };

  const rest = async (): Promise<void> => {
    const child = start();
    const gone = ended(child);
    const deadline = performance.now() + REST_MS_MAX;
    let owed: string | undefined;
    do {
      await delay(LOOK_MS);
      owed = isThere(child)
        ? await world.owed(stateOf(textOf(join(node, 'summoner.json'))))
        : 'the daemon has not said a word';
    } while (owed !== undefined && child.exitCode === null && performance.now() < deadline);
    settlements.push({ wrecks: wrecks.length, ...world.settle(owed) });
    child.kill('SIGKILL');
    await gone;
  };

  for (const [index, round] of rounds.entries()) {
    await world.before(round);
    await killAsPlanned(start(), node, round.killAt);
    const wreck = wreckIn(directory);
    wrecks.push(wreck);
    await runToBegin(directory, wreck);
    if ((index + 1) % roundsToRest === 0 || index + 1 === rounds.length) await rest();
  }
  closeSync(log);
  return { wrecks, starts: startsIn(directory), settlements };
};
