/** The Summoner as the executable puts it together: real files, real processes, a real lock. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeFileLock } from '../../../src/adapters/file-lock/index.ts';
import { APPLIERS } from '../../../src/domain/applier.ts';
import { decodeConfig } from '../../../src/apps/config.ts';
import { type Ended, runSignalbox } from '../../support/run-signalbox.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-summoner-'));
  writeFileSync(
    join(directory, 'config.yaml'),
    [
      'node: web-17',
      'stack: basalt',
      'environment: prod-1',
      'bus: bus',
      'node_state: node',
      'fallback_record: fallback-record',
      'catch_up_splay: 0',
      'command: [/bin/sh, -c, "env > environment; exit $EXIT"]',
    ].join('\n'),
  );
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const summoner = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runSignalbox(['--config', 'config.yaml', 'summoner', ...args], directory, { EXIT: '0', ...env });

describe('the Summoner of the executable', () => {
  it('N13: leaves at once while another one holds the lock of the node, which a dry run does not need', async () => {
    const lock = await takeFileLock(join(directory, 'node', 'summoner.lock'));
    if (lock._tag !== 'Held') throw new Error(`the lock is ${lock._tag}`);
    try {
      expect(await summoner(['--once'])).toEqual({
        code: 75,
        out: '',
        err: 'signalbox: another Summoner is at work on this node; stop it, or try again when it has ended\n',
      });
      expect(await summoner(['--once', '--dry-run'])).toMatchObject({ code: 0, err: '' });
    } finally {
      await lock.release();
    }
    expect(await summoner(['--once', '--json'])).toMatchObject({ code: 0, err: '' });
    const after = await takeFileLock(join(directory, 'node', 'summoner.lock'));
    expect(after._tag).toBe('Held');
    if (after._tag === 'Held') await after.release();
  });

  it('a failed run fails the command', async () => {
    const ended = await summoner(['--once', '--json'], { EXIT: '43' });
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.out)).toMatchObject({ action: 'Start', outcome: 'ConfigurationFailed' });
  });

  it("the converge has the environment of the process, but for what is Signalbox's own", async () => {
    const env = { https_proxy: 'http://proxy:3128', SSL_CERT_FILE: '/etc/ca.pem', SIGNALBOX_POLL_EVERY: '30s' };
    await summoner(['--once'], env);
    const lines = readFileSync(join(directory, 'environment'), 'utf8').split('\n');
    expect(lines).toContain('https_proxy=http://proxy:3128');
    expect(lines).toContain('SSL_CERT_FILE=/etc/ca.pem');
    expect(lines.filter((line) => line.startsWith('SIGNALBOX_'))).toEqual([]);
  });

  it('N13: unless told otherwise, chef-client is not to wait for the run of another', () => {
    const config = decodeConfig({}, {}, JSON.parse);
    expect(E.isRight(config) && config.right.command).toEqual(O.none);
    expect(E.isRight(config) && APPLIERS[config.right.applier].command).toEqual([
      'chef-client',
      '--once',
      '--run-lock-timeout',
      '0',
    ]);
  });
});
