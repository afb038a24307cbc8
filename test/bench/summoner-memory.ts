import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { mustRun } from '../gates/tool.ts';
import { medianOf } from './compare.ts';
import { CREDENTIALS, REGION, startPolledBucket } from './polled-bucket.ts';
import type { Effort, Section, Skipped } from './section.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Everybody polls as often as a Summoner may at most. */
const EVERY_MS = 1_000;

/** So many processes of each kind at once. */
const COPIES_MAX = 3;

/** A process that polls until it is killed, and what it reads. */
interface Poller {
  readonly args: readonly string[];
  readonly path: string;
}

/** Makes poller number `nth` of its kind, in a folder. */
type Make = (folder: string, endpoint: string, nth: number) => Poller;

/** The executable as it is published, with nothing but a configuration. */
const summoner: Make = (folder, endpoint, nth) => {
  const name = `summoner-${nth}`;
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
    // A node that has had its first run, as nearly all have.
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
  return {
    args: [join(folder, 'dist/bin/signalbox.js'), '--config', file, 'summoner'],
    path: `/bench/${name}/chef-run-triggers/basalt/prod-1`,
  };
};

/** One of the benchmark's own polls as a program, in plain JavaScript: to strip types takes memory. */
const program =
  (file: string, poll: string): Make =>
  (folder, endpoint, nth) => {
    const path = `/bench/${file}-${nth}`;
    const target = { endpoint, path, region: REGION, credentials: CREDENTIALS };
    const source = readFileSync(new URL(`./${file}.ts`, import.meta.url), 'utf8');
    const main = `setInterval(${poll}(${JSON.stringify(target)}), ${EVERY_MS});\n`;
    const script = join(folder, `${file}-${nth}.mjs`);
    writeFileSync(script, `${transformSync(source, { loader: 'ts' }).code}${main}`);
    return { args: [script], path };
  };

const KINDS = {
  summoner,
  handSigned: program('hand-signed-poll', 'handSignedPoll'),
  sdk: program('sdk-poll', 'sdkPoll'),
} satisfies Readonly<Record<string, Make>>;

type Kind = keyof typeof KINDS;

/** Memory that is this process's alone and in no file, in bytes. */
const anonymousBytes = ({ pid }: ChildProcess): number => {
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1_024;
};

const start = (folder: string, { args }: Poller): ChildProcess =>
  spawn(process.execPath, args, {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
    stdio: 'ignore',
  });

const weighAll = async ({ polls, processes }: Effort): Promise<Readonly<Record<Kind, number>>> => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const bucket = await startPolledBucket();
  const started: { readonly kind: Kind; readonly poller: Poller; readonly child: ChildProcess }[] = [];
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), readFileSync(join(ROOT, 'package.json')));
    await mustRun('node', ['build/bundle.ts', join(folder, 'dist/bin')]);
    for (let nth = 0; nth < Math.min(processes, COPIES_MAX); nth++) {
      for (const kind of ['summoner', 'handSigned', 'sdk'] as const) {
        const poller = KINDS[kind](folder, bucket.endpoint, nth);
        started.push({ kind, poller, child: start(folder, poller) });
      }
    }
    for (;;) {
      const reads = await bucket.reads();
      if (started.every(({ poller: { path } }) => (reads[path] ?? 0) >= polls)) break;
      const ended = started.find(({ child }) => child.exitCode !== null);
      if (ended !== undefined) throw new Error(`${ended.poller.args.join(' ')}: expected to go on polling, ended`);
      await sleep(EVERY_MS / 10);
    }
    const bytesOf = (wanted: Kind): number =>
      medianOf(started.filter(({ kind }) => kind === wanted).map(({ child }) => anonymousBytes(child)));
    return { summoner: bytesOf('summoner'), handSigned: bytesOf('handSigned'), sdk: bytesOf('sdk') };
  } finally {
    for (const { child } of started) child.kill('SIGKILL');
    bucket.close();
    rmSync(folder, { recursive: true });
  }
};

/** All three are weighed together, once for both sections. */
let weighing: Promise<Readonly<Record<Kind, number>>> | undefined;

const against = (name: string, alternative: string, kind: Kind, ratio: number): Section => ({
  name,
  what: 'resident anonymous memory of a Summoner that polls S3',
  alternative,
  goal: { _tag: 'RatioAtMost', ratio },
  measure: async (effort) => {
    if (!existsSync('/proc/self/status')) {
      return { _tag: 'Skipped', reason: 'only Linux tells anonymous memory from the rest, in /proc' } satisfies Skipped;
    }
    const bytes = await (weighing ??= weighAll(effort));
    return { _tag: 'Weighed', bytes: bytes.summoner, alternativeBytes: bytes[kind] };
  },
});

/** How near the agent is to the least that Node can do. */
export const summonerMemorySigned = against(
  'summoner-memory-signed',
  'a script of node:http that signs by hand',
  'handSigned',
  1.3,
);

/** How far it is from what one would write with the SDK. */
export const summonerMemorySdk = against('summoner-memory-sdk', 'a script that polls with the SDK', 'sdk', 0.75);
