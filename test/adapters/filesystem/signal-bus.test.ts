import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesystemSignalBus } from '../../../src/adapters/filesystem/index.ts';
import { revisionOf } from '../../../src/adapters/text-body/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import type { SignalKey } from '../../../src/domain/signal.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { failingFileSystem } from '../../support/failing-file-system.ts';

const KEY: SignalKey = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};

const fileIn = (root: string): string => join(root, 'chef-run-triggers', 'basalt', 'prod-1');

const planted = async (root: string, bytes: string | Uint8Array): Promise<void> => {
  await mkdir(dirname(fileIn(root)), { recursive: true });
  await writeFile(fileIn(root), bytes);
};

test('the signal is a plain file under its key, which any program may read', () =>
  inTemporaryDirectory(async (root) => {
    const written = await filesystemSignalBus(root).write(KEY, '{"Splay": 60}', undefined);
    expect(await readFile(fileIn(root), 'utf8')).toBe('{"Splay": 60}');
    expect(written).toEqual({ _tag: 'Landed', revision: revisionOf(Buffer.from('{"Splay": 60}')) });
    expect(await readdir(dirname(fileIn(root)))).toEqual(['prod-1']);
  }));

test('the root may be missing: nothing is there to read, and the first write makes it', () =>
  inTemporaryDirectory(async (root) => {
    const bus = filesystemSignalBus(join(root, 'not', 'yet'));
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect((await bus.write(KEY, '{}', undefined))._tag).toBe('Landed');
    expect((await bus.read(KEY, undefined))._tag).toBe('Fresh');
  }));

describe('what the operating system answers to a read becomes an answer of the bus', () => {
  test.each([
    ['fault 2', 'EACCES', 'Denied'],
    ['fault 2', 'EPERM', 'Denied'],
    ['fault 1', 'ENOENT', 'Missing'],
    ['fault 39', 'EIO', 'Unavailable'],
    ['fault 45', 'EMFILE', 'Unavailable'],
    ['fault 45', 'ENOMEM', 'Unavailable'],
    ['fault 39', 'ESTALE', 'Unavailable'],
  ])('%s: %s is %s', (_fault, code, tag) =>
    inTemporaryDirectory(async (root) => {
      await planted(root, '{}');
      const bus = filesystemSignalBus(
        root,
        failingFileSystem((operation) => (operation === 'look' ? code : undefined)),
      );
      const reading = await bus.read(KEY, undefined);
      expect(reading._tag).toBe(tag);
      if ('detail' in reading) expect(reading.detail).toContain(code);
    }),
  );
});

test('fault 8: an endless file is cut off and malformed', () =>
  inTemporaryDirectory(async (root) => {
    await planted(root, 'x');
    truncateSync(fileIn(root), 2 ** 40);
    expect((await filesystemSignalBus(root).read(KEY, undefined))._tag).toBe('Malformed');
  }));

test('fault 6: a pipe, a device and a directory in the place of a signal answer at once', () =>
  inTemporaryDirectory(async (root) => {
    const bus = filesystemSignalBus(root);
    await mkdir(dirname(fileIn(root)), { recursive: true });
    execFileSync('mkfifo', [fileIn(root)]);
    expect((await bus.read(KEY, undefined))._tag).toBe('Malformed');
    const key = { ...KEY, environment: nameFromLiteral(EnvironmentName)('prod-2') };
    await symlink('/dev/zero', join(dirname(fileIn(root)), 'prod-2'));
    expect((await bus.read(key, undefined))._tag).toBe('Malformed');
    await mkdir(join(dirname(fileIn(root)), 'prod-3'));
    const directory = { ...KEY, environment: nameFromLiteral(EnvironmentName)('prod-3') };
    expect((await bus.read(directory, undefined))._tag).toBe('Malformed');
    expect((await bus.write(directory, '{}', undefined))._tag).toBe('Unknown');
  }));

test('what is rewritten by hand is fresh again, and the hand may be any program', () =>
  inTemporaryDirectory(async (root) => {
    const bus = filesystemSignalBus(root);
    const written = await bus.write(KEY, 'first', undefined);
    execFileSync('/bin/sh', ['-c', 'printf second > "$1"', 'sh', fileIn(root)]);
    const reading = await bus.read(KEY, written._tag === 'Landed' ? written.revision : undefined);
    expect(reading).toMatchObject({ _tag: 'Fresh', body: 'second' });
  }));

describe('faults 29, 39, 45: a write that fails is unknown, names the errno, and leaves the old body or the new one', () => {
  const operations = ['create', 'write', 'sync', 'symlink', 'rename', 'syncDirectory', 'unlink', 'look'] as const;
  const errnos = ['ENOSPC', 'EROFS', 'EIO', 'EMFILE', 'EDQUOT'];
  const cases = operations.flatMap((operation) => errnos.map((code) => [operation, code] as const));

  test.each(cases)('%s answers %s', (failing, code) =>
    inTemporaryDirectory(async (root) => {
      const first = await filesystemSignalBus(root).write(KEY, 'old', undefined);
      const revision = first._tag === 'Landed' ? first.revision : undefined;
      const bus = filesystemSignalBus(
        root,
        failingFileSystem((operation) => (operation === failing ? code : undefined)),
      );
      const outcome = await bus.write(KEY, 'new', revision);
      const body = readFileSync(fileIn(root), 'utf8');
      expect(['old', 'new']).toContain(body);
      if (outcome._tag === 'Landed') expect(body).toBe('new');
      else expect(outcome).toMatchObject({ _tag: 'Unknown', detail: expect.stringContaining(code) as string });
      // The disk is well again: whoever reads back can go on from what is there.
      const well = filesystemSignalBus(root);
      expect((await well.write(KEY, 'next', revisionOf(Buffer.from(body))))._tag).toBe('Landed');
      expect(readFileSync(fileIn(root), 'utf8')).toBe('next');
    }),
  );
});

test('fault 40: after a failed fsync a new temporary is written, and the old one never renamed', () =>
  inTemporaryDirectory(async (root) => {
    const synced: string[] = [];
    const renamed: string[] = [];
    let failures = 1;
    const bus = filesystemSignalBus(
      root,
      failingFileSystem((operation, path) => {
        if (operation === 'rename') renamed.push(path);
        if (operation !== 'sync') return undefined;
        synced.push(path);
        return failures-- > 0 ? 'EIO' : undefined;
      }),
    );
    expect((await bus.write(KEY, 'first', undefined))._tag).toBe('Landed');
    expect(synced).toHaveLength(2);
    expect(synced[0]).not.toBe(synced[1]);
    expect(await readdir(dirname(fileIn(root)))).toEqual(['prod-1']);
  }));
