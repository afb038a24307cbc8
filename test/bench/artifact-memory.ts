/**
 * The memory of a whole process while it handles a large artifact, against a Node that does nothing. What cannot be packed
 * any smaller is made up on the way, so that the artifact is as large as its folder.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MAIN } from '../support/run-signalbox.ts';
import type { Finding, Section, Skipped } from './section.ts';

const FILE_BYTES = 16 * 1024 ** 2;

const PIECE_BYTES = 65_536;

/** Bytes that no archiver packs smaller. */
function* noise(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE_BYTES) yield randomBytes(Math.min(PIECE_BYTES, left));
}

/** A cookbook of so many bytes, in files of 16 MiB at most. */
const layOut = async (root: string, bytes: number): Promise<void> => {
  const cookbook = join(root, 'chef', 'site-cookbooks', 'large');
  await mkdir(join(cookbook, 'files'), { recursive: true });
  await writeFile(join(cookbook, 'metadata.rb'), "name 'large'\nversion '1.0.0'\n");
  for (let file = 0; file * FILE_BYTES < bytes; file++) {
    const path = join(cookbook, 'files', `${file}`);
    const length = Math.min(FILE_BYTES, bytes - file * FILE_BYTES);
    await pipeline(Readable.from(noise(length)), createWriteStream(path));
  }
  await writeFile(
    join(root, 'plan.yaml'),
    'name: bench\nstacks: [basalt]\nstages: [{ name: latest, kind: latest, environments: [dev], every: 1h }]\n',
  );
  const places = [
    'plan: plan.yaml',
    'bus: bus',
    'state: state',
    'artifacts: artifacts',
    'chef_servers: { basalt: chef-server }',
  ];
  await writeFile(join(root, 'config.yaml'), `${places.join('\n')}\n`);
};

/**
 * The memory that a process has for itself, in bytes: not the pages of Node's own executable, which every Node shares.
 * Nothing when the process is gone, or Linux is not there to ask.
 */
const anonymousBytes = async (pid: number): Promise<number | undefined> => {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(text) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024;
};

const SAMPLE_EVERY_MS = 20;

/** The most memory that a process of Node has for itself while it runs, in bytes. */
const peakOf = (args: readonly string[], cwd: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd,
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let [peak, said] = [0, ''];
    const sampling = setInterval(() => {
      if (child.pid === undefined) return;
      void anonymousBytes(child.pid).then((bytes = 0) => (peak = Math.max(peak, bytes)));
    }, SAMPLE_EVERY_MS);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(sampling);
      if (code === 0 && peak > 0) resolve(peak);
      else
        reject(
          new Error(`node ${args.join(' ')}: expected exit 0 and a peak of memory, got ${code ?? 'none'}: ${said}`),
        );
    });
  });

const IDLE = ['-e', 'setTimeout(() => {}, 500)'];

const BUILD = [
  'artifact',
  'build',
  'chef',
  '--out',
  'artifact.tar.gz',
  '--version',
  '1.0.0',
  '--author',
  'Bench',
  '--commit',
  '0',
];
const ADD = ['--config', 'config.yaml', 'artifact', 'add', 'artifact.tar.gz'];

/** Weighs the last of `commands`, each of which is run in one folder with a cookbook of so many bytes. */
const weigh = async (bytes: number, commands: readonly (readonly string[])[]): Promise<Finding | Skipped> => {
  if ((await anonymousBytes(process.pid)) === undefined) {
    return { _tag: 'Skipped', reason: 'the memory of a process is read from /proc, which this machine has not' };
  }
  const root = await mkdtemp(join(tmpdir(), 'signalbox-bench-'));
  try {
    await layOut(root, bytes);
    let peak = 0;
    for (const command of commands) peak = await peakOf([MAIN, ...command], root);
    return { _tag: 'Weighed', bytes: peak, alternativeBytes: await peakOf(IDLE, root) };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
};

const ALTERNATIVE = 'a Node that does nothing';
const GOAL = { _tag: 'BytesAtMost', bytes: 200_000_000 } as const;

/** Building an artifact of a gigabyte. */
export const artifactBuildMemory: Section = {
  name: 'artifact-build-memory',
  what: 'memory of a process that builds an artifact of 1 GB',
  alternative: ALTERNATIVE,
  goal: GOAL,
  measure: ({ artifactBytes }) => weigh(artifactBytes, [BUILD]),
};

/** Taking in an artifact of a gigabyte: received, checked, stored and uploaded to one stack. */
export const artifactAddMemory: Section = {
  name: 'artifact-add-memory',
  what: 'memory of a process that takes in and uploads an artifact of 1 GB',
  alternative: ALTERNATIVE,
  goal: GOAL,
  measure: ({ artifactBytes }) => weigh(artifactBytes, [BUILD, ADD]),
};
