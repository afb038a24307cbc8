import { chmod, chown, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesystemStateStore } from '../../../src/adapters/filesystem/index.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { failingFileSystem } from '../../support/failing-file-system.ts';

const KEY = 'state.json';
const isRoot = process.geteuid?.() === 0;

const assertRefused = async (store: StateStore, reason: RegExp): Promise<void> => {
  const reading = await store.read(KEY);
  expect(reading).toMatchObject({ _tag: 'Refused', detail: expect.stringMatching(reason) as string });
  expect(await store.write(KEY, 'mine', undefined)).toEqual({ _tag: 'Conflict' });
  expect(await store.write(KEY, 'mine', 'any')).toEqual({ _tag: 'Conflict' });
};

test('the document is a plain file under its key', () =>
  inTemporaryDirectory(async (root) => {
    await filesystemStateStore(root).write('a/b/c.json', '{}\n', undefined);
    expect(await readFile(join(root, 'a', 'b', 'c.json'), 'utf8')).toBe('{}\n');
    expect(await readdir(join(root, 'a', 'b'))).toEqual(['c.json']);
  }));

describe('fault 44: state that others may have written is refused, and not overwritten', () => {
  test('a symbolic link', () =>
    inTemporaryDirectory(async (root) => {
      await writeFile(join(root, 'elsewhere'), '{"last_run": 1}');
      await symlink('elsewhere', join(root, KEY));
      await assertRefused(filesystemStateStore(root), /ELOOP.*symbolic link/);
      expect(await readFile(join(root, 'elsewhere'), 'utf8')).toBe('{"last_run": 1}');
    }));

  test('a symbolic link to nothing', () =>
    inTemporaryDirectory(async (root) => {
      await symlink('/nonexistent/state.json', join(root, KEY));
      await assertRefused(filesystemStateStore(root), /ELOOP/);
    }));

  test.each([0o664, 0o646, 0o666, 0o620, 0o777])('a file of mode %o', (mode) =>
    inTemporaryDirectory(async (root) => {
      await writeFile(join(root, KEY), '{}');
      await chmod(join(root, KEY), mode);
      await assertRefused(filesystemStateStore(root), /only its owner may write.*chmod/);
      expect(await readFile(join(root, KEY), 'utf8')).toBe('{}');
    }),
  );

  test.skipIf(!isRoot)('a file of another user (skipped unless root)', () =>
    inTemporaryDirectory(async (root) => {
      await writeFile(join(root, KEY), '{}');
      await chown(join(root, KEY), 65_534, 65_534);
      await assertRefused(filesystemStateStore(root), /user 65534/);
    }),
  );

  test.each([0o644, 0o600, 0o640, 0o400, 0o755])('a file of mode %o is trusted', (mode) =>
    inTemporaryDirectory(async (root) => {
      await writeFile(join(root, KEY), '{}');
      await chmod(join(root, KEY), mode);
      expect(await filesystemStateStore(root).read(KEY)).toMatchObject({ _tag: 'Found', body: '{}' });
    }),
  );

  test('what is written is trusted, whatever the umask', () =>
    inTemporaryDirectory(async (root) => {
      const before = process.umask(0);
      try {
        const store = filesystemStateStore(root);
        await store.write('d/state.json', '{}', undefined);
        expect(await store.read('d/state.json')).toMatchObject({ _tag: 'Found' });
      } finally {
        process.umask(before);
      }
    }));
});

test('a directory in the place of a document is refused', () =>
  inTemporaryDirectory(async (root) => {
    await mkdir(join(root, KEY));
    await assertRefused(filesystemStateStore(root), /EISDIR/);
  }));

test('a document of more than 16 MiB is refused, and none is written', () =>
  inTemporaryDirectory(async (root) => {
    const store = filesystemStateStore(root);
    expect((await store.write(KEY, 'x'.repeat(16_777_217), undefined))._tag).toBe('Unknown');
    expect(await store.read(KEY)).toEqual({ _tag: 'Missing' });
    await writeFile(join(root, KEY), 'x'.repeat(16_777_217));
    await assertRefused(store, /at most 16777216 bytes/);
  }));

describe('what the operating system answers to a read becomes an answer of the store', () => {
  test.each(['EACCES', 'EIO', 'EMFILE', 'ENOMEM'])('faults 39, 45: %s is Unavailable', (code) =>
    inTemporaryDirectory(async (root) => {
      const store = filesystemStateStore(
        root,
        failingFileSystem((operation) => (operation === 'look' ? code : undefined)),
      );
      expect(await store.read(KEY)).toMatchObject({
        _tag: 'Unavailable',
        detail: expect.stringContaining(code) as string,
      });
    }),
  );
});

describe('fault 41: leftovers are cleared at start', () => {
  const GONE = '00000000-00000000-1-1';
  const temporary = `.${KEY}.${GONE}.0123456789abcdef.tmp`;

  test('temporaries of a process that ended, before the first read', () =>
    inTemporaryDirectory(async (root) => {
      await writeFile(join(root, temporary), 'torn');
      await writeFile(join(root, KEY), '{}');
      await filesystemStateStore(root).read(KEY);
      expect(await readdir(root)).toEqual([KEY]);
    }));

  test('the claim of a process that ended is made good', () =>
    inTemporaryDirectory(async (root) => {
      const names: string[] = [];
      const first = filesystemStateStore(
        root,
        failingFileSystem((operation, path) => {
          if (operation === 'symlink') names.push(path);
          return (operation === 'rename' && names.length > 0) || (operation === 'unlink' && names.length > 0)
            ? 'EIO'
            : undefined;
        }),
      );
      const made = await first.write(KEY, 'old', undefined);
      expect((await first.write(KEY, 'new', made._tag === 'Landed' ? made.revision : undefined))._tag).toBe('Unknown');
      expect(await readFile(join(root, KEY), 'utf8')).toBe('old');
      expect(await filesystemStateStore(root).read(KEY)).toMatchObject({ _tag: 'Found', body: 'new' });
      expect(await readdir(root)).toEqual([KEY]);
    }));

  test('nothing that is not ours is touched', () =>
    inTemporaryDirectory(async (root) => {
      const others = [
        '.hidden',
        '.state.json.swp',
        'state.json.tmp',
        '.state.json.tmp',
        `.x.${GONE}.tmp`,
        'state.json~',
      ];
      for (const name of others) await writeFile(join(root, name), 'kept');
      await filesystemStateStore(root).read(KEY);
      expect((await readdir(root)).sort()).toEqual([...others].sort());
    }));

  test('a directory that cannot be cleared is read all the same', () =>
    inTemporaryDirectory(async (root) => {
      await writeFile(join(root, KEY), '{}');
      const store = filesystemStateStore(
        root,
        failingFileSystem((operation) => (operation === 'list' ? 'EIO' : undefined)),
      );
      expect(await store.read(KEY)).toMatchObject({ _tag: 'Found', body: '{}' });
    }));
});

test('a key that is the beginning of another is an answer, not a throw', () =>
  inTemporaryDirectory(async (root) => {
    const store = filesystemStateStore(root);
    await store.write('a', '{}', undefined);
    expect(await store.read('a/b')).toEqual({ _tag: 'Missing' });
    expect(await store.write('a/b', '{}', undefined)).toMatchObject({
      _tag: 'Unknown',
      detail: expect.stringMatching(/ENOTDIR.*a file stands where a directory is needed/) as string,
    });
  }));
