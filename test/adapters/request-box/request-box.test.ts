import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { geteuid, seteuid } from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/adapters/durable-files/index.ts';
import { requestBox } from '../../../src/adapters/request-box/index.ts';
import { eventually } from '../../support/daemon-process.ts';

const isRoot = geteuid?.() === 0;
const NOBODY = 65_534;

let parent = '';
let path = '';

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'signalbox-box-'));
  path = join(parent, 'requests');
});
afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

const leave = async (body: string, atMs: number): Promise<string> => {
  const left = await requestBox(path).put(body, atMs);
  if (left._tag !== 'Left') throw new Error(JSON.stringify(left));
  return left.name;
};

describe('a box of requests', () => {
  it('is made when it is missing, and gives back what was left in it, the oldest first, until that is removed', async () => {
    const box = requestBox(path);
    expect(await box.look()).toEqual({ _tag: 'Read', requests: [] });
    const later = await leave('later', 1_767_614_400_000);
    const earlier = await leave('earlier', 9);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(await box.look()).toEqual({
      _tag: 'Read',
      requests: [
        { _tag: 'Found', name: earlier, body: 'earlier' },
        { _tag: 'Found', name: later, body: 'later' },
      ],
    });
    expect(await box.isThere(earlier)).toBe(true);
    expect(await box.remove(earlier)).toBeUndefined();
    expect(await box.remove(earlier)).toBeUndefined();
    expect(await box.isThere(earlier)).toBe(false);
    expect(readdirSync(path)).toEqual([later]);
  });

  it('lets nothing that is half written be seen', async () => {
    await leave('whole', 1);
    writeFileSync(join(path, '.000000000000001-abcd.json.a.tmp'), 'ha');
    writeFileSync(join(path, 'notes.txt'), 'not a request');
    expect(await requestBox(path).look()).toMatchObject({ requests: [{ body: 'whole' }] });
  });

  it.each([
    ['a link', (file: string) => symlinkSync('/etc/hostname', file), /ELOOP/],
    ['a directory', (file: string) => mkdirSync(file), /EISDIR/],
    ['bytes that are no text', (file: string) => writeFileSync(file, Buffer.from([0xff])), /UTF-8/],
    ['more than anybody asks', (file: string) => writeFileSync(file, 'x'.repeat(16_385)), /at most 16384 bytes/],
    [
      'what others may write',
      (file: string) => {
        writeFileSync(file, '{}');
        chmodSync(file, 0o666);
      },
      /only its owner may write/,
    ],
  ])('fault 44: %s is refused, and can be removed', async (_what, plant, detail) => {
    mkdirSync(path);
    plant(join(path, 'planted.json'));
    const reading = await requestBox(path).look();
    const [refused] = reading._tag === 'Read' ? reading.requests : [];
    expect(refused?._tag === 'Refused' && refused.detail).toMatch(detail);
  });

  it.each([
    [
      'that others may write into',
      () => {
        mkdirSync(path);
        chmodSync(path, 0o777);
      },
      /only its owner may write/,
    ],
    ['that is a link', () => symlinkSync(tmpdir(), path), /expected a directory/],
    ['that is a file', () => writeFileSync(path, ''), /expected a directory/],
  ])('fault 44: one %s is neither read nor written', async (_what, plant, detail) => {
    plant();
    const box = requestBox(path);
    const reading = await box.look();
    expect(reading._tag === 'Unreadable' && reading.detail).toMatch(detail);
    const put = await box.put('{}', 1);
    expect(put._tag === 'Failed' && put.detail).toMatch(detail);
  });

  it.skipIf(!isRoot)(
    'takes requests from root and its owner only, and is the owner’s (skipped unless run by root)',
    async () => {
      chmodSync(parent, 0o755);
      chownSync(parent, NOBODY, NOBODY);
      await leave('from root', 1);
      expect(statSync(path).uid).toBe(NOBODY);
      seteuid?.(NOBODY);
      try {
        await leave('from the owner', 2);
        expect(await requestBox(path).look()).toMatchObject({
          requests: [{ body: 'from root' }, { body: 'from the owner' }],
        });
        seteuid?.(0);
        chownSync(parent, 0, 0);
        seteuid?.(NOBODY);
        const put = await requestBox(path).put('{}', 3);
        expect(put._tag === 'NotPermitted' && put.detail).toMatch(
          /expected root or user 0, who owns it, got user 65534/,
        );
      } finally {
        seteuid?.(0);
      }
      chownSync(path, 0, 0);
      expect(await requestBox(path).look()).toMatchObject({
        requests: [{ _tag: 'Found' }, { _tag: 'Refused', detail: /of root or user 0, got one of user 65534/ }],
      });
    },
  );

  describe.skipIf(!isRoot)('in a directory that others write into (skipped unless run by root)', () => {
    /** As user 65534, who may not ask here. */
    const plant = (): void => {
      seteuid?.(NOBODY);
      try {
        mkdirSync(path);
        writeFileSync(join(path, 'planted.json'), '{}');
      } finally {
        seteuid?.(0);
      }
    };
    const detailOf = async (): Promise<string> => {
      const reading = await requestBox(path).look();
      return reading._tag === 'Unreadable' ? reading.detail : JSON.stringify(reading);
    };

    it('fault 44: a box that somebody else has made is neither read nor written, and the way out is said', async () => {
      chmodSync(parent, 0o1777);
      plant();
      const expected = /expected a directory of root or user 0, who owns .*, got one of user 65534; .* remove it/;
      expect(await detailOf()).toMatch(expected);
      const put = await requestBox(path).put('{}', 1);
      expect(put._tag === 'Failed' && put.detail).toMatch(expected);
      rmSync(path, { recursive: true });
      await leave('{}', 2);
      expect(await requestBox(path).look()).toMatchObject({ requests: [{ body: '{}' }] });
    });

    it('fault 44: nor one that others can replace', async () => {
      await leave('{}', 1);
      chmodSync(parent, 0o777);
      expect(await detailOf()).toMatch(/others can replace nothing, got mode 777; .* chmod 755/);
      chmodSync(parent, 0o1777);
      expect(await requestBox(path).look()).toMatchObject({ requests: [{ body: '{}' }] });
    });

    it('fault 44: who was given the box alone may not ask; its directory decides', async () => {
      await leave('from root', 1);
      writeFileSync(join(path, 'planted.json'), '{}');
      chownSync(join(path, 'planted.json'), NOBODY, NOBODY);
      expect(await requestBox(path).look()).toMatchObject({
        requests: [{ body: 'from root' }, { _tag: 'Refused', detail: /of root or user 0.*, got one of user 65534/ }],
      });
      chownSync(path, NOBODY, NOBODY);
      expect(await detailOf()).toMatch(/got one of user 65534/);
    });

    it('its own user reads it, and so does everybody who only looks', async () => {
      chmodSync(parent, 0o755);
      chownSync(parent, NOBODY, NOBODY);
      await leave('from root', 1);
      for (const user of [NOBODY, NOBODY - 1]) {
        seteuid?.(user);
        try {
          expect(await requestBox(path).look()).toMatchObject({ requests: [{ body: 'from root' }] });
        } finally {
          seteuid?.(0);
        }
      }
    });
  });

  it('N10: is read piece by piece, all of it, whatever else lies there', async () => {
    mkdirSync(path);
    const names = Array.from({ length: 1_001 }, (_, i) => `${String(i).padStart(4, '0')}.json`);
    for (const name of names) writeFileSync(join(path, name), '{}');
    const box = requestBox(path);
    const known = new Set<string>();
    const sizes: number[] = [];
    for (let size = -1; size !== 0; sizes.push(size)) {
      const reading = await box.look(known);
      const found = reading._tag === 'Read' ? reading.requests : [];
      size = found.length;
      for (const { name } of found) known.add(name);
    }
    expect(sizes).toEqual([500, 500, 1, 0]);
    expect([...known]).toEqual(names);
  });

  it('fault 45: one that cannot be read for want of descriptors is not refused, and read when there are some', async () => {
    await leave('{}', 1);
    const look = (): Promise<never> => Promise.reject(Object.assign(new Error('EMFILE'), { code: 'EMFILE' }));
    expect(await requestBox(path, { ...nodeFileSystem, look }).look()).toMatchObject({
      _tag: 'Unreadable',
      detail: expect.stringContaining('raise the limit on open files') as string,
    });
    expect(await requestBox(path).look()).toMatchObject({ requests: [{ _tag: 'Found' }] });
  });

  it('tells who watches that something was left, and not that it was removed', async () => {
    const box = requestBox(path);
    let rings = 0;
    const stop = await box.watch(() => (rings += 1));
    const name = await leave('{}', 1);
    await eventually('to be told', () => rings > 0);
    const before = rings;
    await box.remove(name);
    const marker = await leave('{}', 2);
    await eventually('to be told of the next', () => rings > before);
    expect(existsSync(join(path, marker))).toBe(true);
    stop();
  });

  it('where nothing can be watched, says nothing and fails nobody', async () => {
    writeFileSync(path, '');
    const stop = await requestBox(join(path, 'below')).watch(() => undefined);
    stop();
  });
});
