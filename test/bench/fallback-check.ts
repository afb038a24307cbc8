import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BARE_NODE, compareProcesses } from './compare.ts';
import type { Section } from './section.ts';

const SCRIPT = fileURLToPath(new URL('../../src/apps/fallback/signalbox-fallback.sh', import.meta.url));

/** The check that every node makes every few minutes for ever, on a healthy node: it looks, and waits. */
export const fallbackCheck: Section = {
  name: 'fallback-check',
  what: 'signalbox-fallback.sh --dry-run, wall time',
  alternative: 'node -e 0, which does nothing',
  goal: { _tag: 'RatioAtMost', ratio: 0.2 },
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
      };
      const ours = { file: '/bin/sh', args: [SCRIPT, '--dry-run'], env };
      const answer = execFileSync(ours.file, ours.args, { env: { ...process.env, ...env }, encoding: 'utf8' });
      if (!answer.startsWith('Wait: Healthy')) throw new Error(`expected a healthy node, got ${answer}`);
      return compareProcesses({ ours, alternative: BARE_NODE }, effort);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
