import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitCommitSource } from '../../../src/adapters/git/index.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';

const git = (directory: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', directory, '-c', 'user.name=An Example', '-c', 'user.email=a@example.com', ...args], {
    encoding: 'utf8',
  }).trim();

test('a folder of a work tree is told its commit, who made it, and whether it has changed since', () =>
  inTemporaryDirectory(async (root) => {
    const folder = join(root, 'chef');
    await mkdir(folder);
    await writeFile(join(folder, 'file'), 'first');
    git(root, 'init', '-q');
    git(root, 'add', '.');
    git(root, 'commit', '-qm', 'first');
    const found = { _tag: 'Found', hash: git(root, 'rev-parse', 'HEAD'), author: 'An Example <a@example.com>' };
    expect(await gitCommitSource(folder)).toEqual({ ...found, isClean: true });
    await writeFile(join(root, 'beside'), 'not in the folder');
    expect(await gitCommitSource(folder)).toEqual({ ...found, isClean: true });
    await writeFile(join(folder, 'file'), 'second');
    expect(await gitCommitSource(folder)).toEqual({ ...found, isClean: false });
  }));

test('a folder that Git does not know is told so, in the words of Git', () =>
  inTemporaryDirectory(async (root) => {
    expect(await gitCommitSource(root)).toMatchObject({
      _tag: 'Unknown',
      detail: expect.stringContaining('not a git repository') as unknown,
    });
    expect(await gitCommitSource(join(root, 'missing'))).toMatchObject({ _tag: 'Unknown' });
  }));
