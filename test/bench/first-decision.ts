import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { BARE_NODE, type Command, compareProcesses } from './compare.ts';
import { environmentIn, writeConfig, writeProgram } from './idle-pollers.ts';
import { NOT_PACKAGED, packagedExecutable } from './packaged.ts';
import { startPolledBucket } from './polled-bucket.ts';
import type { Goal, Section } from './section.ts';

/** Another process to start, which may read the bucket at `endpoint`. */
type Alternative = (folder: string, endpoint: string) => Command;

/**
 * From the start of the executable for nodes to its first decision after it has looked at its bus, and its end: a node
 * that is up to date looks once, decides to wait, and says so.
 */
const against = (name: string, alternative: string, goal: Goal, commandOf: Alternative): Section => ({
  name,
  what: 'start of the packaged Summoner to its first decision by a signal on S3, wall time',
  alternative,
  goal,
  measure: async (effort) => {
    const executable = await packagedExecutable();
    if (executable === undefined) return NOT_PACKAGED;
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
    const bucket = await startPolledBucket();
    try {
      const env = environmentIn(folder);
      const args = ['--config', writeConfig(folder, bucket.endpoint, 'first'), 'summoner', '--once'];
      const call = (...more: readonly string[]): string =>
        execFileSync(executable, [...args, ...more], { env, encoding: 'utf8' });
      // Its first run, after which it is up to date.
      call();
      const answer = call('--dry-run');
      if (!answer.startsWith('Wait (UpToDate)')) throw new Error(`expected a node that is up to date, got ${answer}`);
      const ours = { file: executable, args: [...args, '--dry-run'], env };
      return compareProcesses({ ours, alternative: commandOf(folder, bucket.endpoint) }, effort);
    } finally {
      bucket.close();
      rmSync(folder, { recursive: true });
    }
  },
});

/** What Signalbox adds to the start of Node. */
export const firstDecisionNode = against(
  'first-decision-node',
  'node -e 0, which does nothing',
  { _tag: 'RatioAtMost', ratio: 5 },
  () => BARE_NODE,
);

/** What it adds to the start of the least that polls S3. */
export const firstDecisionSigned = against(
  'first-decision-signed',
  'a script of node:http that polls once, signed by hand',
  { _tag: 'RatioAtMost', ratio: 3 },
  (folder, endpoint) => {
    const program = { file: 'hand-signed-poll', poll: 'handSignedPoll', main: (poll: string) => `await ${poll}()` };
    return { file: process.execPath, args: [writeProgram(folder, { endpoint, path: '/bench/once' }, program)] };
  },
);
