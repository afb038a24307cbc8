/**
 * Runs of chef-client, as the Summoner and the fallback start them, on the stand-in and on the chef-client that
 * SIGNALBOX_TEST_CHEF_CLIENT names.
 */
import { kill } from 'node:process';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSucceeded } from '../../../src/domain/run-outcome.ts';
import {
  type AskedCode,
  type ChefClient,
  chefNode,
  type ChefNode,
  namedChefClient,
  STAND_IN,
} from '../../support/chef-clients.ts';
import { isRunning } from '../../support/converge-by.ts';
import { eventually, startProcess } from '../../support/daemon-process.ts';
import { SCRIPT } from '../../support/fallback-script.ts';
import { type NodeUnderTest, nodeUnderTest, textFile } from '../../support/node-under-test.ts';
import { runSignalbox } from '../../support/run-signalbox.ts';

const named = namedChefClient();

if ('absent' in named) {
  describe('chef-client: that of SIGNALBOX_TEST_CHEF_CLIENT', () => {
    it('is run as its stand-in is', (context) => context.skip(named.absent));
  });
}

/** A real one takes seconds to start, on a busy machine many. */
const TIMEOUT_MS = 180_000;

const CLIENTS: readonly ChefClient[] = 'absent' in named ? [STAND_IN] : [STAND_IN, named];

describe.each(CLIENTS)('chef-client: $name', { timeout: TIMEOUT_MS }, (client) => {
  const configurationFailed = client.hasCodeForConfiguration ? 'ConfigurationFailed' : 'Failed';
  let under: NodeUnderTest;
  let node: ChefNode;

  beforeEach(() => {
    under = nodeUnderTest();
    node = chefNode(under.directory, client);
  });
  afterEach(() => under.remove());

  const daemon = (fields: Readonly<Record<string, unknown>>) => {
    under.configured({ backoff_base: '1s', backoff_cap: '1s', ...fields });
    return under.started({ env: node.env });
  };

  const fallback = async (recipe: 'converges' | 'fails') => {
    const settings = {
      CONF: '/dev/null',
      COMMAND: node.command(recipe).join(' '),
      STATE_FILE: node.path('node', 'summoner.json'),
      RECORD_FILE: node.path('fallback', 'record'),
      SPARE_FILE: node.path('spare', 'record'),
      LOCK_FILE: node.path('fallback', 'lock'),
      SPLAY_SECONDS: '0',
    };
    const variables = Object.entries(settings).map(([name, value]) => [`SIGNALBOX_FALLBACK_${name}`, value] as const);
    const script = startProcess('sh', [SCRIPT], under.directory, { ...node.env, ...Object.fromEntries(variables) });
    return { code: await script.ended, said: script.lines().join('\n') };
  };

  describe('a converge', () => {
    it('N14: that succeeds is a success, and has applied what the recipe says', async () => {
      expect(await node.converge('converges')).toEqual(runSucceeded());
      expect(node.converged()).toBe('unnamed is in sandbox\n');
      expect(node.logged()).toBe('[]');
    });

    it('N14: whose recipe fails is a failure by name, and the log tells which', async () => {
      expect(await node.converge('fails')).toMatchObject({ _tag: 'Failed', name: 'Failed' });
      expect(node.logged()).toContain('RuntimeError: ');
      expect(node.logged()).toContain('the recipe fails');
    });

    it.each<readonly [AskedCode, object]>([
      [35, { _tag: 'Succeeded', rebootPending: true }],
      [37, { _tag: 'Succeeded', rebootPending: true }],
      [41, { _tag: 'Failed', name: 'RebootFailed' }],
      [43, { _tag: 'Failed', name: configurationFailed }],
      [213, { _tag: 'Upgraded' }],
    ])('N14: that ends with %i is told apart', async (code, outcome) => {
      expect(await node.converge(`exits-${code}`)).toMatchObject(outcome);
    });

    it('N14: whose configuration is faulty is a failure by name', async () => {
      writeFileSync(node.path('chef', 'client.rb'), '(\n');
      expect(await node.converge('converges')).toMatchObject({ _tag: 'Failed', name: configurationFailed });
    });
  });

  describe('the run lock', () => {
    it('N13: that another run holds is no failure of the configuration, and is not waited for', async () => {
      const other = under.stopping(node.started('waits'));
      await node.processIn('leader');
      expect(await node.converge('converges')).toMatchObject({ _tag: 'Failed', name: 'LockHeld' });
      expect([node.converged(), other.child.exitCode]).toEqual(['', null]);
      node.letGo();
      expect(await other.ended).toBe(0);
      // Its file stays, and means nothing.
      expect(await node.converge('converges')).toEqual(runSucceeded());
    });

    it('N13: the Summoner tries again, and converges when the other run has ended', async () => {
      const other = under.stopping(node.started('waits'));
      await node.processIn('leader');
      daemon({ command: node.command('converges') });
      await eventually('a conflict', () => under.status()?.['last_run'] ?? undefined);
      expect(under.status()).toMatchObject({ last_run: { outcome: 'LockHeld' } });
      node.letGo();
      expect(await other.ended).toBe(0);
      await eventually('a success', () => typeof under.state()?.['last_run_time'] === 'string');
    });

    it('N13: the fallback leaves as well', async () => {
      const other = under.stopping(node.started('waits'));
      await node.processIn('leader');
      const { code, said } = await fallback('converges');
      expect([code, said]).toEqual([1, expect.stringContaining('Unable to acquire lock')]);
      node.letGo();
      expect(await other.ended).toBe(0);
    });
  });

  describe('a stop', () => {
    it('fault 49: at its time limit a run that hangs ends, with all that it started, and leaves the lock', async () => {
      expect(await node.converge('hangs', { timeLimitMs: client.startsWithinMs })).toMatchObject({
        _tag: 'Failed',
        name: 'TimedOut',
      });
      expect(isRunning(await node.processIn('child'))).toBe(false);
      expect(await node.converge('converges')).toEqual(runSucceeded());
    });

    it('fault 57: so does one that is aborted', async () => {
      const stop = new AbortController();
      const outcome = node.converge('hangs', { abort: stop.signal });
      const child = await node.processIn('child');
      expect(isRunning(child)).toBe(true);
      stop.abort();
      expect(await outcome).toMatchObject({ _tag: 'Failed', name: 'Interrupted' });
      expect(isRunning(child)).toBe(false);
    });

    it('fault 57: and one whose Summoner is stopped', async () => {
      const summoner = daemon({ command: node.command('hangs'), run_grace: '20s' });
      const child = await node.processIn('child');
      expect(await summoner.stop()).toBe(0);
      expect(isRunning(child)).toBe(false);
      expect(under.state()).toMatchObject({ running: null, last_run_time: null });
    });

    it('N14: is SIGINT, since SIGTERM lets a converge finish', async () => {
      const run = under.stopping(node.started('waits'));
      kill(await node.processIn('leader'), 'SIGTERM');
      node.letGo();
      expect(await run.ended).toBe(0);
      expect(node.converged()).not.toBe('');
    });
  });

  it('B4: bootstrap pins the environment and the name that the run has', async () => {
    writeFileSync(node.path('zones.yaml'), JSON.stringify({ strategy: 'table', zones: { 'use1-az4': 'prod-1' } }));
    const files = { zones: 'zones.yaml', node_file: 'node.json', client_d: 'chef/client.d' };
    writeFileSync(node.path('config.yaml'), JSON.stringify({ stack: 'basalt', ...files }));
    const args = ['--config', 'config.yaml', 'bootstrap', '--zone', 'use1-az4', '--node', 'web-17'];
    expect(await runSignalbox(args, under.directory)).toMatchObject({ code: 0 });
    expect(await node.converge('converges')).toEqual(runSucceeded());
    expect(node.converged()).toBe('web-17 is in prod-1\n');
  });

  describe('the Summoner', () => {
    it('N2: runs it for a version, and has applied that', async () => {
      under.signalled({ version: '20250728.1753666491.0' });
      daemon({ command: node.command('converges') });
      await eventually('a success', () => under.state()?.['artifact_version'] === '20250728.1753666491.0');
      expect(under.state()).toMatchObject({ failures: 0 });
      expect(node.converged()).toBe('unnamed is in sandbox\n');
    });

    it('N7: a recipe that fails applies nothing', async () => {
      under.signalled({ version: '20250728.1753666491.0' });
      daemon({ command: node.command('fails') });
      await eventually('a failure', () => under.status()?.['last_run'] ?? undefined);
      expect(under.status()).toMatchObject({ last_run: { outcome: 'Failed' } });
      expect(under.state()).toMatchObject({ artifact_version: null, last_run_time: null });
    });
  });

  it('F4: the fallback records a run that succeeded, and only the attempt of one that failed', async () => {
    expect((await fallback('fails')).code).toBe(1);
    expect(textFile(node.path('fallback', 'record'))).toMatch(/^last_attempt_epoch=\d+\n$/);
    writeFileSync(node.path('fallback', 'record'), '');
    expect((await fallback('converges')).code).toBe(69);
    expect(textFile(node.path('fallback', 'record'))).toMatch(/^last_success_epoch=\d+$/m);
    expect(node.converged()).toBe('unnamed is in sandbox\n');
  });
});
