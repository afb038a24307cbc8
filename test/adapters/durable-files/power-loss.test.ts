import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  compareAndSwap,
  type FileSystem,
  replaceFile,
  settleLeftovers,
  type SharedFile,
} from '../../../src/adapters/durable-files/index.ts';
import { revisionOf } from '../../../src/adapters/text-body/index.ts';
import { simulatedDisk, type SimulatedDisk, type SimulatedDiskOptions } from '../../support/simulated-disk.ts';

const PATH = '/disk/state.json';
const OLD = 'the old content, all of it';
const NEW = 'the new content, which is longer than the old one';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const fileAt = (path: string): SharedFile => ({ path, bytesMax: 1_000, links: 'refuse' });
const swap = (fs: FileSystem, content: string, expected: string | undefined) =>
  compareAndSwap(fs, fileAt(PATH), bytes(content), expected === undefined ? undefined : revisionOf(bytes(expected)));

/** One way to write a file: how it is prepared, and what it claims of itself when it is done. */
interface Writer {
  readonly before: string | undefined;
  readonly prepare?: (disk: SimulatedDisk) => Promise<void>;
  readonly write: (fs: FileSystem, disk: SimulatedDisk) => Promise<boolean>;
  readonly faults?: () => Pick<SimulatedDiskOptions, 'failWith'>;
}

const prepared = async ({ before, prepare }: Writer): Promise<SimulatedDisk> => {
  const disk = simulatedDisk();
  if (before !== undefined) await replaceFile(PATH, bytes(before), disk.fileSystem());
  await prepare?.(disk);
  return disk;
};

/** What a power loss between any two operations of `writer` can do wrong, each as a line. */
const damage = async (writer: Writer): Promise<readonly string[]> => {
  const found = new Set<string>();
  const whole = await prepared(writer);
  const first = whole.operations.length;
  await writer.write(whole.fileSystem(writer.faults?.()), whole);
  for (let powerLossAt = first; powerLossAt <= whole.operations.length; powerLossAt++) {
    const disk = await prepared(writer);
    const done = await writer.write(disk.fileSystem({ powerLossAt, ...writer.faults?.() }), disk).catch(() => false);
    for (const left of disk.afterPowerLoss()) {
      const content = left.contentAt(PATH);
      if (content !== writer.before && content !== NEW) found.add(`neither old nor new: ${JSON.stringify(content)}`);
      if (done && content !== NEW) found.add(`said to be written, and is not: ${JSON.stringify(content)}`);
      const fs = left.fileSystem({ isGone: () => true });
      await settleLeftovers(fs, dirname(PATH), fileAt);
      const next = await swap(fs, 'next', left.contentAt(PATH));
      if (next._tag !== 'Landed') found.add(`cannot be written any more: ${next._tag}`);
      await settleLeftovers(fs, dirname(PATH), fileAt);
      const others = left.namesIn('/disk').filter((name) => name !== 'state.json');
      if (others.length > 0) found.add(`left behind: ${others.length} names`);
    }
  }
  return [...found];
};

const replaced = async (fs: FileSystem): Promise<boolean> =>
  (await replaceFile(PATH, bytes(NEW), fs))._tag === 'Replaced';
const swapped =
  (before: string | undefined) =>
  async (fs: FileSystem): Promise<boolean> =>
    (await swap(fs, NEW, before))._tag === 'Landed';

/** Fails the first of the operations called `operation` that happen on a path that `matches`. */
const failOnce = (operation: string, code: string, matches = (_path: string): boolean => true) => {
  let failed = false;
  return {
    failWith: (now: string, path: string): string | undefined => {
      if (failed || now !== operation || !matches(path)) return undefined;
      failed = true;
      return code;
    },
  };
};

const WRITERS: Readonly<Record<string, Writer>> = {
  'replacing a file': { before: OLD, write: replaced },
  'making a file': { before: undefined, write: replaced },
  'swapping a file': { before: OLD, write: swapped(OLD) },
  'creating a file': { before: undefined, write: swapped(undefined) },
  'swapping a file, the first fsync failing': {
    before: OLD,
    write: swapped(OLD),
    faults: () => failOnce('sync', 'EIO'),
  },
  'swapping a file, the rename failing': {
    before: OLD,
    write: swapped(OLD),
    faults: () => failOnce('rename', 'EIO'),
  },
  'swapping a file, the fsync of the directory failing': {
    before: OLD,
    write: swapped(OLD),
    faults: () => failOnce('syncDirectory', 'EIO'),
  },
  'finishing the swap of a writer that died after its claim': {
    before: OLD,
    prepare: async (disk) => {
      const upToTheRename = disk.operations.length + 7;
      await swap(disk.fileSystem({ powerLossAt: upToTheRename }), NEW, OLD);
      expect(disk.operations.at(-2)).toMatch(/^symlink .*\.next$/);
    },
    write: async (fs) => {
      const outcome = await swap(fs, 'another', OLD);
      expect(outcome._tag).not.toBe('Landed');
      return outcome._tag === 'Conflict';
    },
  },
};

describe('fault 46: power loss at any operation leaves the old file or the new one, whole, and writable', () => {
  test.each(Object.entries(WRITERS))('%s', async (_name, writer) => {
    expect(await damage(writer)).toEqual([]);
  });
});

const writeTemporary = async (fs: FileSystem, syncs: number): Promise<void> => {
  const file = await fs.create('/disk/.temporary');
  await file.write(bytes(NEW));
  for (let i = 0; i < syncs; i++) await file.sync().catch(() => undefined);
  await file.close();
};

const NAIVE_WRITERS: Readonly<Record<string, Writer>> = {
  'writing in place': {
    before: OLD,
    write: async (fs, disk) => {
      await disk.overwrite(fs, PATH, bytes(NEW));
      return false;
    },
  },
  'renaming without fsync': {
    before: OLD,
    write: async (fs) => {
      await writeTemporary(fs, 0);
      await fs.rename('/disk/.temporary', PATH);
      return false;
    },
  },
  'syncing again after a failed fsync (fault 40)': {
    before: OLD,
    write: async (fs) => {
      await writeTemporary(fs, 2);
      await fs.rename('/disk/.temporary', PATH);
      return false;
    },
    faults: () => failOnce('sync', 'EIO'),
  },
  'not syncing the directory': {
    before: OLD,
    write: async (fs) => {
      await writeTemporary(fs, 1);
      await fs.rename('/disk/.temporary', PATH);
      return true;
    },
  },
};

describe('fault 46, control: the same power losses find the naive writer out', () => {
  test.each(Object.entries(NAIVE_WRITERS))('%s', async (_name, writer) => {
    const found = await damage(writer);
    expect(found.filter((line) => !line.startsWith('left behind'))).not.toEqual([]);
  });
});
