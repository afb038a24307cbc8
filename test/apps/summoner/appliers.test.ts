/** The appliers that are not Chef, as the machine has them: runs that the Summoner starts by their presets. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApplierName, APPLIERS } from '../../../src/domain/applier.ts';
import { type RunOutcome, runSucceeded } from '../../../src/domain/run-outcome.ts';
import { convergeBy, isRunning, processIn } from '../../support/converge-by.ts';
import { textFile } from '../../support/node-under-test.ts';
import { whichExecutable } from '../../support/which-executable.ts';

/** They take seconds to start, on a busy machine many. */
const TIMEOUT_MS = 180_000;

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-applier-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const at = (...names: readonly string[]): string => join(root, ...names);

/** What the Summoner makes of a run of `command`. */
const converge = (name: ApplierName, command: readonly string[], abort?: AbortSignal): Promise<RunOutcome> => {
  const env = { PATH: process.env['PATH'] ?? '', HOME: root, LANG: 'C.UTF-8' };
  return convergeBy(name, command, { env, ...(abort === undefined ? {} : { abort }) });
};

/** A command that hangs, and tells of its process. */
const HANG = (): string => `echo $$ > ${at('child')}; exec sleep 600`;

/** While a run hangs, another one leaves; stopped, it leaves no lock, and what it ran is `left` or is not. */
const leavesOnConflict = async (
  name: ApplierName,
  hanging: () => readonly string[],
  other: () => readonly string[],
  left: boolean,
): Promise<void> => {
  const stop = new AbortController();
  const first = converge(name, hanging(), stop.signal);
  const child = await processIn(at('child'));
  expect(await converge(name, other())).toMatchObject({ _tag: 'Failed', name: 'LockHeld' });
  stop.abort();
  expect(await first).toMatchObject({ _tag: 'Failed', name: 'Interrupted' });
  expect(isRunning(child)).toBe(left);
  if (left) kill(child, 'SIGKILL');
  expect(await converge(name, other())).toEqual(runSucceeded());
};

const missing = (...names: readonly string[]): string =>
  names.filter((name) => whichExecutable(name) === undefined).join(', ');
const skipped = (absent: string): string => (absent === '' ? '' : ` (skipped: no ${absent} on this machine)`);

const noPuppet = missing('puppet', 'openssl');

describe.skipIf(noPuppet !== '')(`puppet agent${skipped(noPuppet)}`, { timeout: TIMEOUT_MS }, () => {
  const FILE = () => ({ type: 'File', title: at('converged'), parameters: { ensure: 'file', content: 'converged' } });
  const exec = (command: string) => ({ type: 'Exec', title: command, parameters: { provider: 'shell' } });

  /** The preset's command, on a node that has a certificate and a catalogue in its cache: no server is asked. */
  const agent = (...resources: readonly object[]): readonly string[] => {
    const catalogue = { name: 'web-17', version: 1, environment: 'production', catalog_format: 1 };
    writeFileSync(
      at('var/client_data/catalog/web-17.json'),
      JSON.stringify({ ...catalogue, tags: [], classes: [], edges: [], resources }),
    );
    return [...(APPLIERS.puppet.command ?? []), '--confdir', at('conf')];
  };

  beforeEach(() => {
    for (const directory of ['conf', 'var/client_data/catalog', 'ssl/certs', 'ssl/private_keys']) {
      mkdirSync(at(directory), { recursive: true });
    }
    const openssl = (args: string) => execFileSync('openssl', args.split(' '), { cwd: at('ssl'), stdio: 'ignore' });
    openssl('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out certs/ca.pem -subj /CN=ca -days 2');
    openssl('req -newkey rsa:2048 -nodes -keyout private_keys/web-17.pem -out request -subj /CN=web-17');
    openssl('x509 -req -in request -CA certs/ca.pem -CAkey ca.key -CAcreateserial -out certs/web-17.pem -days 2');
    const settings = {
      certname: 'web-17',
      vardir: at('var'),
      rundir: at('run'),
      ssldir: at('ssl'),
      certificate_revocation: false,
      use_cached_catalog: true,
      report: false,
      server: '127.0.0.1',
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(at('conf/puppet.conf'), `[main]\n${lines.join('')}`);
  });

  it('N14: succeeds with and without changes, and fails where a resource does', async () => {
    expect(await converge('puppet', agent(FILE()))).toEqual(runSucceeded());
    expect(textFile(at('converged'))).toBe('converged');
    expect(await converge('puppet', agent(FILE()))).toEqual(runSucceeded());
    const failed = { _tag: 'Failed', name: 'Failed' };
    expect(await converge('puppet', agent(exec('exit 1')))).toMatchObject({
      ...failed,
      detail: expect.stringContaining('exit code 4: ') as unknown,
    });
    rmSync(at('converged'));
    expect(await converge('puppet', agent(FILE(), exec('exit 1')))).toMatchObject(failed);
    expect(existsSync(at('converged'))).toBe(true);
  });

  it('N13: leaves while another run is under way', () =>
    leavesOnConflict(
      'puppet',
      () => agent(exec(HANG())),
      () => agent(FILE()),
      // Its commands have sessions of their own, and it forgets them when it is stopped: a unit of systemd ends them.
      true,
    ));

  it('N14: that is administratively disabled makes no run, and that is no success', async () => {
    execFileSync('puppet', ['agent', '--confdir', at('conf'), '--disable', 'a test'], { stdio: 'ignore' });
    expect(await converge('puppet', agent(FILE()))).toMatchObject({ _tag: 'Failed', name: 'Failed' });
    expect(existsSync(at('converged'))).toBe(false);
  });
});

const noAnsible = missing('ansible-pull', 'git', 'flock');

describe.skipIf(noAnsible !== '')(`ansible-pull${skipped(noAnsible)}`, { timeout: TIMEOUT_MS }, () => {
  const COPY = () => ({ copy: { content: 'converged', dest: at('converged') } });

  /** Under flock(1), as the preset's lock has it; the playbook comes from a repository of its own. */
  const pull = (...tasks: readonly object[]): readonly string[] => {
    const play = { hosts: 'localhost', connection: 'local', gather_facts: false, tasks };
    writeFileSync(at('playbooks/local.yml'), JSON.stringify([play]));
    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--message', 'a', '--allow-empty');
    return [
      ...['flock', '--nonblock', '--conflict-exit-code', String(APPLIERS.ansible.lock.code), at('lock')],
      ...['ansible-pull', '--url', `file://${at('playbooks')}`, '--directory', at('checkout')],
      ...['--inventory', 'localhost,', 'local.yml'],
    ];
  };
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: at('playbooks'), stdio: 'ignore' });

  beforeEach(() => {
    mkdirSync(at('playbooks'));
    git('init', '--quiet');
  });

  it('N14: succeeds, and fails where a task does or the playbook cannot be read', async () => {
    expect(await converge('ansible', pull(COPY()))).toEqual(runSucceeded());
    expect(textFile(at('converged'))).toBe('converged');
    expect(await converge('ansible', pull({ fail: { msg: 'asked for' } }))).toMatchObject({
      _tag: 'Failed',
      detail: expect.stringContaining('exit code 2: ') as unknown,
    });
    expect(await converge('ansible', pull({ 'no.such.module': {} }))).toMatchObject({
      _tag: 'Failed',
      detail: expect.stringContaining('exit code 4: ') as unknown,
    });
  });

  it('N13: leaves while another run is under way', () =>
    leavesOnConflict(
      'ansible',
      () => pull({ shell: HANG() }),
      () => pull(COPY()),
      false,
    ));
});
