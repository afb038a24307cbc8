/**
 * Processes that poll one bucket, all at once, and what each takes of the machine while nothing changes.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { transformSync } from 'esbuild';
import { medianOf } from './compare.ts';
import type { HandSignedTarget } from './hand-signed-poll.ts';
import { CREDENTIALS, REGION, startPolledBucket } from './polled-bucket.ts';
import type { Effort, Skipped } from './section.ts';

/** Everybody polls as often as a Summoner may at most. */
const EVERY_MS = 1_000;

/** So many processes of each kind at once. */
const COPIES_MAX = 3;

/** A process that polls until it is killed, and what it reads. */
export interface Poller {
  readonly file: string;
  readonly args: readonly string[];
  readonly path: string;
}

/** Makes poller number `nth` of its kind, in a folder. */
export type MakePoller = (folder: string, endpoint: string, nth: number) => Poller;

/** The environment of a process of the bench: of this one's only the path, and keys that nobody checks. */
export const environmentIn = (folder: string): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: folder,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
});

/** The configuration of a Summoner called `name`, of a node that has had its first run, as nearly all have. */
export const writeConfig = (folder: string, endpoint: string, name: string): string => {
  const config = {
    bus: `s3://bench/${name}`,
    s3_endpoint: endpoint,
    s3_path_style: true,
    s3_region: REGION,
    poll_soon: `${EVERY_MS}ms`,
    poll_every: `${EVERY_MS}ms`,
    poll_idle: `${EVERY_MS}ms`,
    node: name,
    stack: 'basalt',
    environment: 'prod-1',
    node_state: name,
    command: [process.execPath, '--version'],
    catch_up_splay: 0,
  };
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    Object.entries(config)
      .map(([field, value]) => `${field}: ${JSON.stringify(value)}\n`)
      .join(''),
  );
  return file;
};

/** A Summoner, by the command that starts Signalbox. */
export const summonerBy =
  (kind: string, commandIn: (folder: string) => readonly [file: string, ...args: readonly string[]]): MakePoller =>
  (folder, endpoint, nth) => {
    const name = `${kind}-${nth}`;
    const [file, ...args] = commandIn(folder);
    return {
      file,
      args: [...args, '--config', writeConfig(folder, endpoint, name), 'summoner'],
      path: `/bench/${name}/chef-run-triggers/basalt/prod-1`,
    };
  };

/**
 * Writes one of the benchmark's own polls as a program, in plain JavaScript, since to strip types takes memory.
 *
 * @param program - the name of its file and of itself, and what makes a program of the poll, which is a function.
 */
export const writeProgram = (
  folder: string,
  target: Pick<HandSignedTarget, 'endpoint' | 'path'>,
  program: { readonly file: string; readonly poll: string; readonly main: (poll: string) => string },
): string => {
  const { file, poll, main } = program;
  const source = readFileSync(new URL(`./${file}.ts`, import.meta.url), 'utf8');
  const polled = JSON.stringify({ ...target, region: REGION, credentials: CREDENTIALS });
  const script = join(folder, `${target.path.replaceAll('/', '-')}.mjs`);
  writeFileSync(script, `${transformSync(source, { loader: 'ts' }).code}${main(`${poll}(${polled})`)};\n`);
  return script;
};

/** A poll of the benchmark, again and again. */
export const programOf =
  (file: string, poll: string): MakePoller =>
  (folder, endpoint, nth) => {
    const path = `/bench/${file}-${nth}`;
    const main = (made: string): string => `setInterval(${made}, ${EVERY_MS})`;
    return { file: process.execPath, args: [writeProgram(folder, { endpoint, path }, { file, poll, main })], path };
  };

/** What a process takes. */
export interface Taken {
  /** Memory that is the process's alone and in no file, in bytes. */
  readonly anonymousBytes: number;
  /** The same and what it has in memory of files, above all of its executable. */
  readonly residentBytes: number;
  /** CPU of one poll after the first half of them, in milliseconds. */
  readonly cpuMsPerPoll: number;
}

const bytesIn = (status: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1_024;

/** CPU time of all threads of a process so far, in milliseconds; `/proc/PID/stat` counts it in hundredths of a second only. */
const cpuMsOf = ({ pid }: ChildProcess): number =>
  globSync(`/proc/${pid}/task/*/schedstat`)
    .map((file) => Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, each) => sum + each, 0);

/** Why what a process takes cannot be told here, if so. */
export const cannotTell = (): Skipped | undefined =>
  existsSync('/proc/self/status') && existsSync('/proc/self/schedstat')
    ? undefined
    : { _tag: 'Skipped', reason: 'only Linux tells what a process takes, in /proc' };

/** A process that is watched. */
interface Watched {
  readonly kind: string;
  readonly poller: Poller;
  readonly child: ChildProcess;
}

/** So far. */
interface Tally {
  readonly polls: number;
  readonly cpuMs: number;
}

/** What a process of each kind takes after the polls of `effort`: the middle of several, which run at once. */
export const watchPollers = async <Kind extends string>(
  kinds: Readonly<Record<Kind, MakePoller>>,
  prepare: (folder: string) => Promise<void>,
  { polls, processes }: Effort,
): Promise<(kind: Kind) => Taken> => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const bucket = await startPolledBucket();
  const started: Watched[] = [];

  const tallyWhen = async (
    isEnough: (polls: number, watched: Watched) => boolean,
  ): Promise<ReadonlyMap<Watched, Tally>> => {
    for (;;) {
      const reads = await bucket.reads();
      const pollsOf = ({ poller: { path } }: Watched): number => reads[path] ?? 0;
      if (started.every((each) => isEnough(pollsOf(each), each))) {
        return new Map(started.map((each) => [each, { polls: pollsOf(each), cpuMs: cpuMsOf(each.child) }]));
      }
      const ended = started.find(({ child }) => child.exitCode !== null);
      if (ended !== undefined) throw new Error(`${ended.poller.args.join(' ')}: expected to go on polling, ended`);
      await sleep(EVERY_MS / 10);
    }
  };

  try {
    await prepare(folder);
    for (let nth = 0; nth < Math.min(processes, COPIES_MAX); nth++) {
      for (const [kind, make] of Object.entries<MakePoller>(kinds)) {
        const poller = make(folder, bucket.endpoint, nth);
        const child = spawn(poller.file, poller.args, { cwd: folder, env: environmentIn(folder), stdio: 'ignore' });
        started.push({ kind, poller, child });
      }
    }
    const half = polls / 2;
    const warm = await tallyWhen((made) => made >= half);
    const pollsWarm = (watched: Watched): number => warm.get(watched)?.polls ?? 0;
    const done = await tallyWhen((made, watched) => made >= pollsWarm(watched) + half);

    const takenBy = (watched: Watched): Taken => {
      const status = readFileSync(`/proc/${watched.child.pid}/status`, 'utf8');
      const [before, after] = [warm.get(watched), done.get(watched)];
      return {
        anonymousBytes: bytesIn(status, 'RssAnon'),
        residentBytes: bytesIn(status, 'VmRSS'),
        cpuMsPerPoll:
          before === undefined || after === undefined
            ? Number.NaN
            : (after.cpuMs - before.cpuMs) / (after.polls - before.polls),
      };
    };
    const taken = started.map((watched) => ({ kind: watched.kind, ...takenBy(watched) }));
    return (kind) => {
      const ofKind = taken.filter((each) => each.kind === kind);
      return {
        anonymousBytes: medianOf(ofKind.map(({ anonymousBytes }) => anonymousBytes)),
        residentBytes: medianOf(ofKind.map(({ residentBytes }) => residentBytes)),
        cpuMsPerPoll: medianOf(ofKind.map(({ cpuMsPerPoll }) => cpuMsPerPoll)),
      };
    };
  } finally {
    for (const { child } of started) child.kill('SIGKILL');
    bucket.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
