/** The executable for nodes: built once, and run where there is no Node, from where its package has put it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, ROOT } from '../gates/tool.ts';
import { eventually } from '../support/daemon-process.ts';
import { whichExecutable } from '../support/which-executable.ts';

const isBuildable = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };

const SIGUSR1_BIT = 1n << 9n;
const SIGTERM_BIT = 1n << 14n;

describe.skipIf(!isBuildable)('the executable for nodes (skipped but on Linux)', () => {
  let folder = '';
  let executable = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-executable-'));
    await mustRun('node', ['build/executable.ts', '--out', join(folder, 'built')]);
    executable = join(folder, `built/signalbox-linux-${process.arch}`);
    mkdirSync(join(folder, 'bus'));
  }, 180_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Calls it with nothing of this process's environment; its `PATH` leads to the system's own tools, or to nothing. */
  const call = (args: readonly string[], env: Readonly<Record<string, string>> = {}, file = executable) => {
    const { status, stdout, stderr } = spawnSync(file, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: '/nowhere', ...env },
    });
    return { status, stdout, stderr };
  };

  const node = (): Readonly<Record<string, string>> => ({
    SIGNALBOX_BUS: join(folder, 'bus'),
    SIGNALBOX_NODE: 'web-17',
    SIGNALBOX_STACK: 'basalt',
    SIGNALBOX_ENVIRONMENT: 'dev',
    SIGNALBOX_NODE_STATE: join(folder, 'node'),
    SIGNALBOX_CATCH_UP_SPLAY: '0',
  });

  it('answers for itself, without a word more', () => {
    expect(call(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('looks at a bus, and says what the Summoner would do', () => {
    const { status, stdout } = call(['summoner', '--once', '--dry-run', '--json'], node());
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ action: 'Start', reason: 'FirstRun' });
  });

  it('finds both kinds of bucket in itself', () => {
    const buses = { 's3://signals': { SIGNALBOX_S3_REGION: 'eu-west-1' }, 'gs://signals': {} };
    for (const [bus, more] of Object.entries(buses)) {
      const here = { ...node(), SIGNALBOX_BUS: bus, SIGNALBOX_NODE_STATE: join(folder, 'elsewhere') };
      // A node that never ran starts at once, before it looks: the bus was opened, and nobody was asked.
      const { status, stdout, stderr } = call(['summoner', '--once', '--dry-run', '--json'], { ...here, ...more });
      expect({ bus, status, stderr }).toEqual({ bus, status: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ reason: 'FirstRun' });
    }
  });

  it('holds the app of the fallback, and the bootstrap', () => {
    const { stdout } = call(['fallback', '--dry-run', '--json'], {
      SIGNALBOX_FALLBACK_STATE_FILE: join(folder, 'none'),
      SIGNALBOX_FALLBACK_RECORD_FILE: join(folder, 'none'),
    });
    expect(JSON.parse(stdout)).toEqual({ decision: 'Fire', reason: 'NeverSucceeded', retryAt: null });
    expect(call(['bootstrap', '--help'])).toMatchObject({ status: 0, stderr: '' });
  });

  it('is opened to no debugger by SIGUSR1, also where it does not listen for that itself', async () => {
    const child = spawn(executable, ['fallback'], {
      cwd: folder,
      stdio: 'ignore',
      env: {
        PATH: '/usr/bin:/bin',
        SIGNALBOX_FALLBACK_STATE_FILE: join(folder, 'none'),
        SIGNALBOX_FALLBACK_RECORD_FILE: join(folder, 'fallback/record'),
        SIGNALBOX_FALLBACK_SPARE_FILE: join(folder, 'fallback/spare'),
        SIGNALBOX_FALLBACK_LOCK_FILE: join(folder, 'fallback/lock'),
        SIGNALBOX_FALLBACK_SPLAY_SECONDS: '0',
        SIGNALBOX_FALLBACK_COMMAND: 'sleep 60',
      },
    });
    const ended = once(child, 'exit');
    const caught = (): bigint => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return BigInt(`0x${/^SigCgt:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
    };
    try {
      await eventually('it to listen for SIGTERM', () => (caught() & SIGTERM_BIT) !== 0n);
      expect(caught() & SIGUSR1_BIT).toBe(0n);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });

  it('does not hold what steers a fleet, and says where that is', () => {
    const { status, stderr } = call(['librarian', '--config', 'none']);
    expect(status).toBe(1);
    expect(stderr).toContain('install the npm package signalbox');
  });

  it('runs a command when one is due, and keeps its state', () => {
    const { status, stdout } = call(['summoner', '--once', '--json'], {
      ...node(),
      PATH: '/usr/bin:/bin',
      SIGNALBOX_COMMAND: '["true"]',
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'Succeeded' });
    expect(readFileSync(join(folder, 'node/summoner.json'), 'utf8')).toContain('"last_run_epoch"');
  });

  it('loads of Node what it needs to ask a bucket, and not the client for WebSockets', () => {
    const here = { ...node(), SIGNALBOX_NODE_STATE: join(folder, 'asked') };
    const system = { PATH: '/usr/bin:/bin', SIGNALBOX_COMMAND: '["true"]' };
    expect(call(['summoner', '--once'], { ...here, ...system })).toMatchObject({ status: 0 });
    const loaded = join(folder, 'loaded.cjs');
    const tell = `process.on('exit', () => console.log(process.moduleLoadList.join('\\n')));\n`;
    writeFileSync(loaded, tell);
    const { status, stdout, stderr } = call(['summoner', '--once', '--dry-run'], {
      ...here,
      SIGNALBOX_BUS: 's3://signals',
      SIGNALBOX_S3_REGION: 'eu-west-1',
      SIGNALBOX_S3_ENDPOINT: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      NODE_OPTIONS: `--require ${loaded}`,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('ECONNREFUSED') as string });
    expect(stdout.split('\n')).toContain('NativeModule http');
    expect(stdout).not.toContain('undici/undici');
  });

  describe('loads of itself', () => {
    interface Piece {
      readonly name: string;
      readonly isOfGoogle: boolean;
      readonly isRefused: boolean;
    }

    /** The pieces that are loaded when a Summoner opens this bus. */
    const piecesFor = (bus: string): readonly Piece[] => {
      const told = join(folder, 'pieces.cjs');
      writeFileSync(
        told,
        `const vm = require('node:vm');
        const pieces = [];
        vm.Script = class extends vm.Script {
          constructor(text, options) {
            super(text, options);
            const isRefused = this.cachedDataRejected !== false;
            pieces.push({ name: options.filename, isOfGoogle: text.includes('storage.googleapis.com'), isRefused });
          }
        };
        process.on('exit', () => console.error(JSON.stringify(pieces)));\n`,
      );
      const { status, stderr } = call(['summoner', '--once', '--dry-run'], {
        ...node(),
        SIGNALBOX_BUS: bus,
        SIGNALBOX_S3_REGION: 'eu-west-1',
        SIGNALBOX_NODE_STATE: join(folder, 'elsewhere'),
        NODE_OPTIONS: `--require ${told}`,
      });
      expect(status).toBe(0);
      return JSON.parse(stderr) as readonly Piece[];
    };

    it('only what the command needs', () => {
      const isOfGoogle = ({ isOfGoogle }: Piece): boolean => isOfGoogle;
      expect(piecesFor('gs://signals').some(isOfGoogle)).toBe(true);
      expect(piecesFor('s3://signals').filter(isOfGoogle)).toEqual([]);
    });

    it('what was compiled beforehand, which V8 takes', () => {
      const pieces = piecesFor('s3://signals');
      expect(pieces.map(({ name }) => name)).toContain('main.js');
      expect(pieces.filter(({ isRefused }) => isRefused)).toEqual([]);
    });
  });

  it('comes with the licences of Node and of every library in it', () => {
    const notices = readFileSync(join(folder, 'built/NOTICES.txt'), 'utf8');
    for (const name of ['@aws-sdk/client-s3', '@google-cloud/storage', 'commander', 'fp-ts', 'node', 'yaml']) {
      expect(notices).toMatch(new RegExp(`^${name} [\\d.]+`, 'm'));
    }
    expect(notices).not.toMatch(/^fastify /m);
  });

  it.skipIf(whichExecutable('dpkg-deb') === undefined)('runs from its package (skipped without dpkg-deb)', async () => {
    const debs = join(folder, 'debs');
    const files = ['--executable', executable, '--out', debs, '--compress', 'none'];
    await mustRun('node', ['build/deb.ts', ...files]);
    const [deb = ''] = readdirSync(debs).filter((name) => name.startsWith('signalbox_'));
    const root = join(folder, 'root');
    await mustRun('dpkg-deb', ['--extract', join(debs, deb), root]);
    expect(call(['--version'], {}, join(root, 'usr/bin/signalbox')).stdout).toBe(`${version}\n`);
    const config = join(root, 'etc/signalbox/config.yaml');
    expect(call(['--config', config, 'summoner', '--once', '--dry-run'], node())).toMatchObject({ status: 0 });
    expect(existsSync(join(root, 'usr/share/doc/signalbox/NOTICES.gz'))).toBe(true);
  });
});
