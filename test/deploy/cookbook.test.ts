/** deploy/cookbooks/signalbox: the example that keeps the Summoner up to date. */
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeConfig } from '../../src/apps/config.ts';
import { readCookbookMetadata } from '../../src/domain/cookbook-metadata.ts';
import { type ChefClient, namedChefClient } from '../support/chef-clients.ts';
import { configText } from '../support/config-text.ts';
import { inTemporaryDirectory } from '../support/contract.ts';
import { MAIN } from '../support/run-signalbox.ts';
import { whichExecutable } from '../support/which-executable.ts';

const COOKBOOKS = fileURLToPath(new URL('../../deploy/cookbooks', import.meta.url));
const COOKBOOK = join(COOKBOOKS, 'signalbox');
const RENDER = fileURLToPath(new URL('../support/scripts/render-cookbook.rb', import.meta.url));
const RUBY_FILES = globSync('**/*.rb', { cwd: COOKBOOK }).toSorted();

const text = (name: string): string => readFileSync(join(COOKBOOK, name), 'utf8');
/** What a recipe does, without what it says about that. */
const recipe = (name: string): string => text(`recipes/${name}.rb`).replaceAll(/^\s*#.*$/gm, '');

/** The executable, as a node has it on its path. */
const SIGNALBOX = `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`;

const ruby = whichExecutable('ruby');
const named = namedChefClient();

describe('the cookbook', () => {
  it('has metadata that an artifact is built from', () => {
    const metadata = readCookbookMetadata('metadata.rb', text('metadata.rb'));
    expect(metadata).toMatchObject(E.right({ name: 'signalbox', version: '1.0.0' }));
  });

  it.skipIf(ruby === undefined).each(RUBY_FILES)('%s is Ruby (skipped without ruby)', (name) => {
    expect(execFileSync('ruby', ['-c', join(COOKBOOK, name)], { encoding: 'utf8' })).toBe('Syntax OK\n');
  });

  it.skipIf(ruby === undefined)('writes a configuration that the Summoner takes (skipped without ruby)', () => {
    const written = execFileSync('ruby', [RENDER, COOKBOOK], { encoding: 'utf8' });
    const config = decodeConfig(parse(written), {}, JSON.parse);
    if (E.isLeft(config)) throw new Error(JSON.stringify(config.left));
    expect(config.right.bus).toEqual(O.some({ _tag: 'S3', bucket: 'signals', prefix: '' }));
    expect(config.right.s3_region).toEqual(O.some('us-east-1'));
  });

  describe('verifies a configuration before it is put in place', () => {
    /** What its `verify` ends with for these fields, on a node that bootstrap has been to. */
    const verified = async (fields: Readonly<Record<string, unknown>>) => {
      let ended: { readonly code: number | null; readonly err: string } = { code: null, err: '' };
      await inTemporaryDirectory((root) => {
        const [, verify = ''] = /^ +verify '(.*)'$/m.exec(recipe('default')) ?? [];
        const file = join(root, 'new.yaml');
        writeFileSync(file, configText({ bus: join(root, 'bus'), node_state: root, ...NODE, ...fields }));
        writeFileSync(join(root, 'signalbox'), SIGNALBOX, { mode: 0o755 });
        const credentials = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
        const env = { PATH: `${root}:/usr/bin:/bin`, HOME: root, ...credentials };
        const line = verify.replaceAll('%{path}', file);
        const { status: code, stderr: err } = spawnSync('/bin/sh', ['-c', line], { cwd: root, env, encoding: 'utf8' });
        ended = { code, err };
        return Promise.resolve();
      });
      return ended;
    };
    const NODE = { node: 'web-17', stack: 'basalt', environment: 'prod-1' };

    it.each([
      ['a directory that is not there yet', {}, ''],
      [
        'a server that is not reached',
        { bus: 's3://signals', s3_region: 'us-east-1', s3_endpoint: 'http://127.0.0.1:9' },
        'ECONNREFUSED',
      ],
      // The SDK may find one later, in a profile for one: so the Summoner starts, and its polls say what is missing.
      ['a bus whose region is not given', { bus: 's3://signals' }, 'Region is missing'],
      ['an applier with its command', { applier: 'ansible', command: ['ansible-pull'] }, ''],
    ])('one with %s is taken', async (_name, fields, said) => {
      const { code, err } = await verified(fields);
      expect(code).toBe(0);
      if (said === '') expect(err).toBe('');
      else expect(err).toContain(said);
    });

    it.each([
      ['a field that nobody knows', { bogus: 1 }, 'bogus: expected no field of this name'],
      ['no bus', { bus: null }, 'bus: expected a value'],
      ['a bus that is no bucket', { bus: 's3://b' }, 'bus: bucket: expected 3 to 63'],
      ['an applier without a command', { applier: 'ansible' }, 'command: expected an executable and its arguments'],
      ['nobody to be', { node: null, node_file: '/nonexistent/node.json' }, '/nonexistent/node.json'],
    ])('one with %s is refused', async (_name, fields, fault) => {
      const { code, err } = await verified(fields);
      expect(err).toContain(fault);
      expect(code).toBe(78);
    });
  });

  it('F3: touches the fallback in a recipe of its own only, and there nothing but whether it is installed', () => {
    expect(recipe('default')).not.toContain('fallback');
    expect(recipe('fallback').trim()).toBe("apt_package 'signalbox-fallback'");
  });

  it('B3: leaves what bootstrap has written', () => {
    const written = RUBY_FILES.map(text)
      .join('\n')
      .replaceAll(/^\s*#.*$/gm, '');
    expect(written).not.toMatch(/client\.d|node\.json/);
  });

  it('fault 58: restarts the Summoner at the end of the run only', () => {
    const notices = recipe('default').match(/(?:notifies|subscribes).*/g) ?? [];
    expect(notices).toEqual(["notifies :restart, 'service[signalbox-summoner]', :delayed"]);
    expect(recipe('default')).toContain('action [:enable, :start]');
  });

  describe('under chef-client, which only says what it would do', () => {
    /** With the executable, which verifies the configuration, and as on a node that bootstrap has been to. */
    const whyRun = async (attributes: object, { executable }: ChefClient) => {
      let ended: { readonly code: number | null; readonly said: string } = { code: null, said: '' };
      await inTemporaryDirectory(async (root) => {
        const settings = { chef_repo_path: root, cookbook_path: COOKBOOKS, file_cache_path: join(root, 'cache') };
        const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}"\n`);
        writeFileSync(join(root, 'client.rb'), `${lines.join('')}minimal_ohai true\n`);
        const run = { run_list: ['signalbox', 'signalbox::fallback'], ...attributes };
        writeFileSync(join(root, 'run.json'), JSON.stringify(run));
        writeFileSync(join(root, 'signalbox'), SIGNALBOX, { mode: 0o755 });
        const args = ['--why-run', '--local-mode', '--config', 'client.rb', '--json-attributes', 'run.json'];
        const env = {
          PATH: `${root}:${process.env['PATH'] ?? ''}`,
          HOME: root,
          LANG: 'C.UTF-8',
          CHEF_LICENSE: 'accept-no-persist',
          SIGNALBOX_NODE: 'web-17',
          SIGNALBOX_STACK: 'basalt',
          SIGNALBOX_ENVIRONMENT: 'prod-1',
          SIGNALBOX_NODE_STATE: root,
        };
        const { status: code, stdout: said } = spawnSync(executable, args, { cwd: root, env, encoding: 'utf8' });
        ended = { code, said };
      });
      return ended;
    };

    it('converges', async (context) => {
      if ('absent' in named) return context.skip(named.absent);
      const { code, said } = await whyRun({}, named);
      expect(said).toContain('template[/etc/signalbox/config.yaml] action create');
      expect(said).toContain('service[signalbox-summoner] action enable');
      expect(said).toContain('apt_package[signalbox-fallback] action install');
      expect(code).toBe(0);
    });

    it.skipIf('absent' in named).each([
      [{ bogus: 1 }, 'bogus: expected no field of this name'],
      [{ applier: 'ansible' }, 'command: expected an executable and its arguments'],
    ])('puts no configuration in place that the Summoner would not take: %j', async (config, fault) => {
      if ('absent' in named) throw new Error(named.absent);
      const { code, said } = await whyRun({ signalbox: { config } }, named);
      expect(said).toContain(fault);
      expect(said).not.toContain('service[signalbox-summoner] action enable');
      expect(code).toBe(1);
    });
  });
});
