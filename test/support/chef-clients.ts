/**
 * The chef-clients that tests can run: one that stands in for it, and the one that the environment names. Either needs no
 * server: it runs one recipe on a node that lies, with its chef-repo, below a directory.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { APPLIERS } from '../../src/domain/applier.ts';
import type { RunOutcome } from '../../src/domain/run-outcome.ts';
import { SECOND_MS } from '../../src/domain/time.ts';
import { convergeBy, processIn, type RunSetting } from './converge-by.ts';
import { type DaemonProcess, startProcess } from './daemon-process.ts';
import { textFile } from './node-under-test.ts';

/** An executable that is chef-client, or stands in for it. */
export interface ChefClient {
  readonly name: string;
  readonly executable: string;
  /** So long after its start it converges, on a slow machine too. */
  readonly startsWithinMs: number;
  /** Whether it has a code for a faulty configuration, 43, which came with 16.5. */
  readonly hasCodeForConfiguration: boolean;
}

/** What behaves as chef-client does, as far as Signalbox has to do with it. */
export const STAND_IN: ChefClient = {
  name: 'its stand-in',
  executable: fileURLToPath(new URL('./scripts/chef-client.sh', import.meta.url)),
  startsWithinMs: 2 * SECOND_MS,
  hasCodeForConfiguration: true,
};

const VARIABLE = 'SIGNALBOX_TEST_CHEF_CLIENT';

/** The chef-client that the environment names, of Chef or of Cinc, or why there is none. */
export const namedChefClient = (): ChefClient | { readonly absent: string } => {
  const executable = process.env[VARIABLE];
  if (executable === undefined) return { absent: `${VARIABLE} is not set` };
  const [, major, minor] = /(\d+)\.(\d+)\./.exec(execFileSync(executable, ['--version'], { encoding: 'utf8' })) ?? [];
  return {
    name: `that of ${VARIABLE}`,
    executable,
    startsWithinMs: 20 * SECOND_MS,
    hasCodeForConfiguration: Number(major) > 16 || (Number(major) === 16 && Number(minor) >= 5),
  };
};

/** Exceptions of Chef by the code that it exits with when a recipe raises them. */
const EXCEPTIONS = {
  35: 'Reboot',
  37: 'RebootPending',
  41: 'RebootFailed',
  43: 'ConfigurationError',
  213: 'ClientUpgraded',
};

/** A code that a recipe can ask for. */
export type AskedCode = keyof typeof EXCEPTIONS;

/**
 * What the recipes do: `converges` writes who the node is into `converged`; `fails`; `hangs` in a command whose process
 * is in `child`; `waits` until `go` is there and then converges, its process in `leader`; or ends with a code.
 */
export type RecipeName = 'converges' | 'fails' | 'hangs' | 'waits' | `exits-${AskedCode}`;

/** A recipe as Chef reads it, and as the stand-in does. */
interface Recipe {
  readonly ruby: string;
  readonly sh: string;
}

/** A command that is its own child would take the lock along, if it were not closed. */
const UNLOCKED = '9>&-';

const recipesIn = (root: string): Readonly<Record<RecipeName, Recipe>> => {
  const at = (name: string): string => join(root, name);
  const converges: Recipe = {
    ruby: `file '${at('converged')}' do\n  content "#{node.name} is in #{node.chef_environment}\\n"\nend\n`,
    sh: `echo "$node_name is in $environment" >'${at('converged')}'\n`,
  };
  const command = `echo $$ >${at('child')}; exec sleep 600`;
  const wait = `File.write('${at('leader')}', "#{Process.pid}\\n"); sleep 0.05 until File.exist?('${at('go')}')`;
  const exits = (code: AskedCode): Recipe => ({
    ruby: `ruby_block('code') { block { raise Chef::Exceptions::${EXCEPTIONS[code]}, 'asked for' } }\n`,
    sh: `exit ${code}\n`,
  });
  return {
    converges,
    fails: {
      ruby: `ruby_block('failure') { block { raise 'the recipe fails' } }\n`,
      sh: `fatal 'RuntimeError: the recipe fails'; exit 1\n`,
    },
    hangs: { ruby: `execute '${command}'\n`, sh: `sh -c '${command}' ${UNLOCKED} & child=$!\nwait "$child"\n` },
    waits: {
      ruby: `ruby_block('wait') { block { ${wait} } }\n${converges.ruby}`,
      sh: `echo $$ >'${at('leader')}'; until [ -e '${at('go')}' ]; do sleep 0.05 ${UNLOCKED}; done\n${converges.sh}`,
    },
    'exits-35': exits(35),
    'exits-37': exits(37),
    'exits-41': exits(41),
    'exits-43': exits(43),
    'exits-213': exits(213),
  };
};

/** A node with a chef-client. */
export interface ChefNode {
  /** Where something of that name lies in its directory. */
  readonly path: (...names: readonly string[]) => string;
  readonly env: Readonly<Record<string, string>>;
  /** What runs a recipe: the command of the applier `chef`, and where the chef-repo lies. */
  readonly command: (recipe: RecipeName) => readonly [string, ...(readonly string[])];
  /** Runs it as the Summoner does, and says what that means to it. */
  readonly converge: (recipe: RecipeName, limits?: Pick<RunSetting, 'timeLimitMs' | 'abort'>) => Promise<RunOutcome>;
  /** The output of failed runs, as the Summoner logs it. */
  readonly logged: () => string;
  /** Starts a run that is nobody's whom the Summoner knows. */
  readonly started: (recipe: RecipeName) => DaemonProcess;
  /** The process that a recipe tells of. */
  readonly processIn: (name: 'child' | 'leader') => Promise<number>;
  /** Lets the recipe go on that waits. */
  readonly letGo: () => void;
  /** Who the node was at its last converge; nothing where it never did. */
  readonly converged: () => string;
}

const ENVIRONMENTS = ['sandbox', 'prod-1'];

/**
 * Makes a node below `root`, an existing directory. It is `unnamed` in `sandbox`, unless a drop-in in `chef/client.d` says
 * otherwise.
 */
export const chefNode = (root: string, { executable }: ChefClient): ChefNode => {
  const path = (...names: readonly string[]): string => join(root, ...names);
  const written = (text: string, ...names: readonly string[]): void => {
    mkdirSync(path(...names.slice(0, -1)), { recursive: true });
    writeFileSync(path(...names), text);
  };
  const config = {
    chef_repo_path: path('repo'),
    file_cache_path: path('cache'),
    cache_path: path('cache'),
    file_backup_path: path('backup'),
    node_name: 'unnamed',
    environment: 'sandbox',
  };
  mkdirSync(path('cache'));
  written(
    `${Object.entries(config)
      .map(([name, value]) => `${name} "${value}"\n`)
      .join('')}minimal_ohai true\n`,
    'chef',
    'client.rb',
  );
  for (const name of ENVIRONMENTS) {
    written(
      JSON.stringify({ name, json_class: 'Chef::Environment', chef_type: 'environment' }),
      ...['repo', 'environments', `${name}.json`],
    );
  }
  for (const [name, { ruby, sh }] of Object.entries(recipesIn(root))) {
    written(`name '${name}'\nversion '1.0.0'\n`, 'repo', 'cookbooks', name, 'metadata.rb');
    written(ruby, 'repo', 'cookbooks', name, 'recipes', 'default.rb');
    written(sh, 'repo', 'cookbooks', name, 'recipes', 'default.sh');
    written(JSON.stringify({ run_list: [`recipe[${name}]`] }), 'run-lists', `${name}.json`);
  }

  const env = { PATH: process.env['PATH'] ?? '', HOME: root, LANG: 'C.UTF-8', CHEF_LICENSE: 'accept-no-persist' };
  const command: ChefNode['command'] = (recipe) => [
    executable,
    ...(APPLIERS.chef.command ?? []).slice(1),
    '--local-mode',
    ...['--config', path('chef', 'client.rb')],
    ...['--json-attributes', path('run-lists', `${recipe}.json`)],
  ];
  const log: unknown[] = [];
  return {
    path,
    env,
    command,
    converge: (recipe, limits = {}) =>
      convergeBy('chef', command(recipe), { ...limits, env, log: (_level, _message, fields) => log.push(fields) }),
    logged: () => JSON.stringify(log),
    started: (recipe) => {
      const [program, ...args] = command(recipe);
      return startProcess(program, args, root, env);
    },
    processIn: (name) => processIn(path(name)),
    letGo: () => written('', 'go'),
    converged: () => textFile(path('converged')),
  };
};
