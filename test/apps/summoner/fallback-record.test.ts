/** The fallback's record, as the Summoner of the executable reads it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { runSignalbox } from '../../support/run-signalbox.ts';

const DAY_SECONDS = 86_400;

describe('F4: a success of the fallback counts for the floor', () => {
  const now = Math.floor(Date.now() / 1000);
  const success = (epochSeconds: number): string => `last_success_epoch=${epochSeconds}\n`;

  it.each([
    ['not without one', undefined, undefined, 'FirstRun'],
    ['in its own place', success(now - 60), undefined, 'UpToDate'],
    ['in the place for a full disk', undefined, success(now - 60), 'UpToDate'],
    ['of the two that for a full disk, which is the newer', success(now - 60), success(now - DAY_SECONDS), 'Floor'],
  ])('%s', (_where, record, spare, reason) =>
    inTemporaryDirectory(async (directory) => {
      mkdirSync(join(directory, 'bus'));
      if (record !== undefined) writeFileSync(join(directory, 'record'), record);
      if (spare !== undefined) writeFileSync(join(directory, 'spare'), spare);
      const config = {
        ...{ node: 'web-17', stack: 'basalt', environment: 'prod-1', bus: 'bus', node_state: 'node' },
        ...{ fallback_record: 'record', fallback_spare_record: 'spare', catch_up_splay: 0 },
      };
      writeFileSync(join(directory, 'config.yaml'), JSON.stringify(config));
      const args = ['--config', 'config.yaml', 'summoner', '--once', '--dry-run', '--json'];
      const { code, out } = await runSignalbox(args, directory);
      expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({ code: 0, reason });
    }),
  );
});
