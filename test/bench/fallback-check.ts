import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BARE_NODE, type Command, compareProcesses } from './compare.ts';
import type { Goal, Section } from './section.ts';

const SCRIPT = fileURLToPath(new URL('../../src/apps/fallback/signalbox-fallback.sh', import.meta.url));

const against = (name: string, alternative: string, command: Command, goal?: Goal): Section => ({
  name,
  what: 'signalbox-fallback.sh on a healthy node, wall time',
  alternative,
  ...(goal === undefined ? {} : { goal }),
  measure: async (effort) => {
    if (!existsSync(SCRIPT)) return { _tag: 'Skipped', reason: 'src/apps/fallback/signalbox-fallback.sh is not there' };
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
    try {
      const state = join(folder, 'summoner.json');
      writeFileSync(state, `{\n"last_run_epoch": ${Math.floor(Date.now() / 1_000)},\n"artifact_version": "1.0.0"\n}\n`);
      const env = {
        SIGNALBOX_FALLBACK_CONF: join(folder, 'none.conf'),
        SIGNALBOX_FALLBACK_STATE_FILE: state,
        SIGNALBOX_FALLBACK_RECORD_FILE: join(folder, 'record'),
        SIGNALBOX_FALLBACK_SPARE_FILE: join(folder, 'spare'),
        SIGNALBOX_FALLBACK_COMMAND: 'false',
      };
      const ours = { file: '/bin/sh', args: [SCRIPT], env };
      // Without a word it tells by its exit code alone that it waits; so it is asked once what it thinks.
      const answer = execFileSync(ours.file, [...ours.args, '--dry-run'], {
        env: { ...process.env, ...env },
        encoding: 'utf8',
      });
      if (!answer.startsWith('Wait: Healthy')) throw new Error(`expected a healthy node, got ${answer}`);
      return compareProcesses({ ours, alternative: command }, effort);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});

/** The check that every node makes every few minutes for ever, on a healthy node: it looks, and waits. */
export const fallbackCheck = against('fallback-check', 'node -e 0, which does nothing', BARE_NODE, {
  _tag: 'RatioAtMost',
  ratio: 0.2,
});

/** The same against the least that a process takes: about as many times as the script starts another. */
export const fallbackCheckTrue = against('fallback-check-true', 'true, which does nothing', { file: 'true', args: [] });
