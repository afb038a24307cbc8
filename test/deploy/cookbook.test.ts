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
        const signalbox = `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`;
        writeFileSync(join(root, 'signalbox'), signalbox, { mode: 0o755 });
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

    it('puts no configuration in place that the Summoner would not take', async (context) => {
      if ('absent' in named) return context.skip(named.absent);
      const { code, said } = await whyRun({ signalbox: { config: { bogus: 1 } } }, named);
      expect(said).toContain('bogus: expected no field of this name');
      expect(said).not.toContain('service[signalbox-summoner] action enable');
      expect(code).toBe(1);
    });
  });
});
