/** The executable as an operator meets it: real processes, real files, exit codes. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tarballOf } from '../support/librarian-world.ts';
import { type Ended, runSignalbox } from '../support/run-signalbox.ts';

const MAIN = fileURLToPath(new URL('../../src/apps/main.ts', import.meta.url));
let directory = '';

const run = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> =>
  runSignalbox(args, directory, env);

const signalbox = (...args: readonly string[]): Promise<Ended> => run(['--config', 'config.yaml', ...args]);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-executable-'));
  writeFileSync(
    join(directory, 'plan.yaml'),
    [
      'name: web',
      'stacks: [basalt]',
      'stages:',
      '  - { name: latest, kind: latest, environments: [dev], every: 1m, grace: 1m }',
      '  - { name: train, kind: train, environments: [prod-1, prod-2], boards: dev, every: 1m }',
      'by_hand: [image]',
    ].join('\n'),
  );
  writeFileSync(
    join(directory, 'config.yaml'),
    [
      'plan: plan.yaml',
      'bus: bus',
      'state: state',
      'artifacts: artifacts',
      'chef_servers: { basalt: chef }',
      'stack: basalt',
      'node_file: node.json',
      'node_state: node',
      'client_d: client.d',
      'zones: zones.yaml',
      'fallback_record: fallback-record',
      'catch_up_splay: 0',
      'command: [/bin/sh, -c, "echo run >> runs"]',
    ].join('\n'),
  );
  writeFileSync(
    join(directory, 'any-port.yaml'),
    `${readFileSync(join(directory, 'config.yaml'), 'utf8')}\nlisten: 127.0.0.1:0\n`,
  );
  writeFileSync(join(directory, 'zones.yaml'), 'strategy: table\nzones: { use1-az4: dev }\n');
  for (const name of ['1.0.1', '1.0.2']) writeFileSync(join(directory, `${name}.tar.gz`), tarballOf(name));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('the executable, from an artifact to a node', () => {
  it('adds an artifact, promotes, explains, and a node follows', async () => {
    expect(await signalbox('artifact', 'add', '1.0.1.tar.gz')).toMatchObject({ code: 0, err: '' });
    expect((await signalbox('artifact', 'add', '1.0.1.tar.gz')).out).toContain('was there already');
    expect((await signalbox('artifact', 'list')).out).toMatch(/1\.0\.1 +basalt/);

    const dry = await signalbox('train', 'tick', '--dry-run', '--json');
    expect(JSON.parse(dry.out)).toMatchObject({ outcomes: [{ environment: 'dev', outcome: 'Promoted' }, {}, {}, {}] });
    expect((await signalbox('train', 'tick', '--dry-run')).out).toMatch(
      /^dev +Promoted +would be promoted to 1\.0\.1 on basalt \(TookNewest\) at the next tick$/m,
    );
    expect((await signalbox('explain', 'dev')).out).toMatch(/^dev would be promoted to 1\.0\.1 on basalt/);
    expect((await signalbox('status')).out).toMatch(/^dev +- +would be promoted to 1\.0\.1 on basalt/m);
    const ticked = await signalbox('train', 'tick');
    expect(ticked).toMatchObject({ code: 0 });
    expect(ticked.out).toMatch(/^dev +Promoted +promoted to 1\.0\.1 on basalt \(TookNewest\)$/m);
    expect((await signalbox('explain', 'dev')).out).toContain('dev is up to date on 1.0.1');

    const assigned = await signalbox('bootstrap', '--zone', 'use1-az4', '--node', 'web-17');
    expect(assigned).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(join(directory, 'client.d', 'signalbox.rb'), 'utf8')).toContain('dev');

    const dryLook = await signalbox('summoner', '--once', '--dry-run', '--json');
    expect(JSON.parse(dryLook.out)).toMatchObject({ action: 'Start', reason: 'FirstRun' });
    expect(await signalbox('summoner', '--once')).toMatchObject({ code: 0 });
    expect(readFileSync(join(directory, 'runs'), 'utf8')).toBe('run\n');
    expect(JSON.parse(readFileSync(join(directory, 'node', 'summoner.json'), 'utf8'))).toMatchObject({
      node: 'web-17',
      running: null,
    });

    const env = {
      SIGNALBOX_FALLBACK_STATE_FILE: join(directory, 'node', 'summoner.json'),
      SIGNALBOX_FALLBACK_RECORD_FILE: join(directory, 'fallback-record'),
    };
    const looked = await run(['fallback', '--dry-run', '--json'], env);
    expect(JSON.parse(looked.out)).toMatchObject({ decision: 'Wait', reason: 'Healthy' });
    expect(await run(['fallback', '--drill'], env)).toMatchObject({ code: 69 });
    const dryDrill = await run(['fallback', '--dry-run', '--drill', '--json'], env);
    expect(dryDrill).toMatchObject({ code: 0, out: looked.out });
  });

  it('holds, promotes by hand, rolls back, approves', async () => {
    expect(await signalbox('artifact', 'add', '1.0.2.tar.gz')).toMatchObject({ code: 0 });
    expect(
      await signalbox('hold', 'add', 'freeze', '--scope', 'environment:image', '--reason', 'r', '--expires', '1h'),
    ).toMatchObject({ code: 0 });
    const held = await signalbox('promote', '1.0.1', '--environment', 'image', '--reason', 'r');
    expect(held.code).toBe(1);
    expect(held.err).toMatch(/held by .*: r \(hold freeze\); lift it first/);
    expect((await signalbox('hold', 'list')).out).toContain('environment:image held by');
    expect(await signalbox('hold', 'lift', 'freeze', '--reason', 'r')).toMatchObject({ code: 0 });

    expect(await signalbox('promote', '1.0.1', '--environment', 'image', '--reason', 'r')).toMatchObject({ code: 0 });
    expect(await signalbox('promote', '1.0.2', '--environment', 'image', '--reason', 'r')).toMatchObject({ code: 0 });
    const back = await signalbox('rollback', '--environment', 'image', '--reason', 'bad');
    expect(back).toMatchObject({ code: 0, out: 'image promoted to 1.0.1 on basalt\n1.0.2 rejected\n' });
    const rejected = await signalbox('promote', '1.0.2', '--environment', 'image', '--reason', 'r');
    expect(rejected).toMatchObject({ code: 1, err: 'signalbox: version: 1.0.2 is rejected; approve it first\n' });
    expect(await signalbox('artifact', 'approve', '1.0.2', '--reason', 'fixed')).toMatchObject({ code: 0 });
    expect(JSON.parse((await signalbox('status', '--json')).out)).toMatchObject({ rejected: [] });
  });
});

const HOLD = ['hold', 'add', 'freeze', '--reason', 'r'] as const;

describe('bad input at the command line', () => {
  it.each([
    ['an unknown command', ['frobnicate'], 64, /unknown command/],
    ['an unknown option', ['status', '--nope'], 64, /unknown option/],
    ['a bad name', ['explain', 'a/b'], 64, /an environment name/],
    ['a bad number', ['demo', '--hours', 'six'], 64, /expected a whole number from 1 to 1000, got six/],
    ['no scope', ['rollback', '--reason', 'r'], 64, /either an environment or a train/],
    ['no such zone', ['bootstrap', '--zone', 'elsewhere', '--node', 'web-1'], 65, /expected one of the zone map/],
    ['no such file', ['artifact', 'add', 'missing.tar.gz'], 65, /missing\.tar\.gz: expected a file: ENOENT/],
    ['a directory', ['artifact', 'add', '.'], 65, /\.: expected a tar\.gz, got a directory/],
    ['a reason over two lines', ['hold', 'lift', 'h', '--reason', 'a\nb'], 64, /expected text of 1 to 1024/],
    ['a reason too long', ['promote', '1.0.1', '--environment', 'dev', '--reason', 'x'.repeat(1025)], 64, /1024/],
    ['a long owner', [...HOLD, '--scope', 'plan', '--owner', 'x'.repeat(257)], 64, /text of at most 256 characters/],
    ['an unknown environment', [...HOLD, '--scope', 'environment:prd-1'], 65, /with one of dev, prod-1, prod-2, image/],
    ['an unknown stage', [...HOLD, '--scope', 'stage:nosuch'], 65, /stage:NAME with one of latest, train/],
    ['an unknown stack', [...HOLD, '--scope', 'stack:baslt'], 65, /stack:NAME with one of basalt/],
    ['a scope with more to it', [...HOLD, '--scope', 'stage:train:oops'], 64, /expected plan, stage:NAME/],
    ['a hold that ends at once', [...HOLD, '--scope', 'plan', '--expires', '0s'], 64, /expected more than 0s/],
    ['no artifact', ['artifact', 'add', 'plan.yaml'], 65, /artifact: /],
  ] as const)('%s exits with its code and says so', async (_what, args, code, message) => {
    const ended = await signalbox(...args);
    expect(ended.err).toMatch(message);
    expect(ended).toMatchObject({ code, out: '' });
  });

  it.each([
    ['a field that nobody knows', 'bus: bus\nbuss: bus\n', /buss: expected no field of this name; the fields are/],
    ['an address of another machine', 'listen: 0.0.0.0:8470\n', /listen: expected an address of this machine/],
    ['a service that never rests', 'tick_every: 0s\n', /tick_every: expected a duration from 1s to 1h/],
    ['a value of the wrong form', 'tick_every: soon\n', /tick_every: expected a duration/],
    ['a field twice', 'bus: a\nbus: b\n', /unique/],
    ['no fields at all', '- a\n- b\n', /expected fields and values/],
    ['a missing field', 'bus: bus\n', /plan: expected a value; set it in the configuration or as SIGNALBOX_PLAN/],
  ])('a configuration with %s is refused before anything starts', async (_what, text, message) => {
    const file = join(directory, 'bad.yaml');
    writeFileSync(file, text);
    const ended = await run(['--config', file, 'status']);
    expect(ended.err).toMatch(message);
    expect(ended.code).toBe(78);
  });

  it.each([
    ['SIGNALBOX_COMMAND', '[unclosed', /command: SIGNALBOX_COMMAND: expected YAML/],
    ['SIGNALBOX_TICK_EVRY', '5m', /SIGNALBOX_TICK_EVRY: no such variable/],
  ])('the variable %s=%s is refused before anything starts', async (name, value, message) => {
    const ended = await run(['--config', 'config.yaml', 'status'], { [name]: value });
    expect(ended.err).toMatch(message);
    expect(ended.code).toBe(78);
  });

  it('a configuration file that was named and is not there is an error', async () => {
    expect(await run(['--config', 'nowhere.yaml', 'status'])).toMatchObject({ code: 78 });
  });

  it('every field can be given by the environment', async () => {
    mkdirSync(join(directory, 'other'), { recursive: true });
    const ended = await run(['status', '--json'], {
      SIGNALBOX_CONFIG: 'config.yaml',
      SIGNALBOX_STATE: 'other',
      SIGNALBOX_CHEF_SERVERS: '{ basalt: other/chef }',
    });
    expect(JSON.parse(ended.out)).toMatchObject({
      environments: [{ environment: 'dev', pins: { basalt: null } }, {}, {}, {}],
    });
  });
});

/** Runs `signalbox` with its output cut off before it writes any. */
const unread = (args: readonly string[], which: 'stdout' | 'stderr'): Promise<{ code: number | null; err: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, '--config', 'any-port.yaml', ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    child[which].destroy();
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, err });
    });
  });

describe('the executable, when nobody reads what it says', () => {
  it.each([
    ['an answer', ['status'], 'stdout', 0],
    ['a help text', ['--help'], 'stdout', 0],
    ['a refusal', [...HOLD, '--scope', 'stage:nosuch'], 'stderr', 65],
    ['a daemon’s log', ['librarian'], 'stderr', 0],
  ] as const)('%s ends quietly with its own code', async (_what, args, which, code) => {
    expect(await unread(args, which)).toEqual({ code, err: '' });
  });
});

describe('the service as a process', () => {
  it('N8: asked to end during an upload it leaves nothing of it, and clears what a dead one left', async () => {
    const artifacts = join(directory, 'artifacts');
    const dead = join(artifacts, '.arriving.00000000-00000000-1-1.0123456789abcdef.tmp');
    mkdirSync(dead, { recursive: true });
    const child = spawn(process.execPath, [MAIN, '--config', 'any-port.yaml', 'librarian'], {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const address = await new Promise<string>((resolve) => {
      let log = '';
      child.stderr.on('data', (text: Buffer) => {
        log += text.toString();
        const [, found] = /"address":"([^"]+)"/.exec(log) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    const upload = request(`${address}/v1/artifacts`, {
      method: 'POST',
      headers: { 'content-type': 'application/gzip', 'content-length': '1000000' },
    });
    upload.on('error', () => undefined);
    upload.write('x'.repeat(1_000));
    const arriving = () => readdirSync(artifacts).filter((name) => name.startsWith('.arriving'));
    while (arriving().length === 0 || arriving().includes(basename(dead))) await new Promise(setImmediate);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(arriving()).toEqual([]);
  });
});
