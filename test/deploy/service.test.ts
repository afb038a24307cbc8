/** The Librarian as process 1 of a container. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inTemporaryDirectory } from '../support/contract.ts';
import { whichExecutable } from '../support/which-executable.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(ROOT, 'src/apps/main.ts');

const configuration = async (directory: string): Promise<string> => {
  const config = join(directory, 'config.yaml');
  const plan = {
    name: 'web',
    stacks: ['basalt'],
    stages: [{ name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' }],
  };
  await mkdir(join(directory, 'chef'));
  await writeFile(join(directory, 'plan.yaml'), JSON.stringify(plan));
  await writeFile(
    config,
    JSON.stringify({
      plan: 'plan.yaml',
      bus: 'bus',
      state: 'state',
      artifacts: 'artifacts',
      chef_servers: { basalt: 'chef' },
      listen: '127.0.0.1:0',
    }),
  );
  return config;
};

const untilSaid = (child: ChildProcess, words: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (piece: Buffer) => {
      said += piece.toString();
      if (said.includes(words)) resolve();
    });
    child.once('exit', () => {
      reject(new Error(said));
    });
  });

const childrenOf = async (pid: number): Promise<readonly number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean).map(Number);

const canUnshare = whichExecutable('unshare') !== undefined && process.getuid?.() === 0;

describe.skipIf(!canUnshare)('the Librarian as process 1 (skipped without unshare and root)', () => {
  it('fault 61: ends in its own way when it is asked to, without an init beside it', () =>
    inTemporaryDirectory(async (directory) => {
      const config = await configuration(directory);
      const child = spawn(
        'unshare',
        ['--pid', '--fork', '--kill-child', process.execPath, MAIN, 'librarian', '--config', config],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      try {
        await untilSaid(child, '"listening"');
        const [first = 0] = await childrenOf(child.pid ?? 0);
        const ended = new Promise((resolve) => {
          child.once('exit', (code) => {
            resolve(code);
          });
        });
        process.kill(first, 'SIGTERM');
        expect(await ended).toBe(0);
      } finally {
        child.kill('SIGKILL');
      }
    }));
});
