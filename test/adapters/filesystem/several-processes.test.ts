import { setTimeout as delay } from 'node:timers/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesystemStateStore } from '../../../src/adapters/filesystem/index.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { type RunningScript, runScript } from '../../support/run-node.ts';

const KEY = 'shared/list.json';

const entriesIn = async (root: string): Promise<readonly string[]> => {
  const reading = await filesystemStateStore(root).read(KEY);
  expect(reading._tag).toBe('Found');
  return reading._tag === 'Found' ? (JSON.parse(reading.body) as string[]) : [];
};

const landedBy = (writers: readonly RunningScript[]): readonly string[] =>
  writers.flatMap(({ lines }) =>
    lines()
      .filter((line) => line.startsWith('landed '))
      .map((line) => line.slice('landed '.length)),
  );

const startAll = async (writers: readonly RunningScript[]): Promise<void> => {
  await Promise.all(writers.map(({ line }) => line((text) => text === 'ready')));
  for (const { child } of writers) child.stdin?.write('go\n');
};

test('L4: of the writes of several processes that race for one document none is lost and none is doubled', () =>
  inTemporaryDirectory(async (root) => {
    const [processes, count] = [6, 40];
    const writers = [...Array(processes).keys()].map((n) =>
      runScript('append-entries.ts', root, `p${n}`, String(count)),
    );
    await startAll(writers);
    expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual(writers.map(() => 0));
    const entries = await entriesIn(root);
    expect(new Set(entries).size).toBe(entries.length);
    expect([...entries].sort()).toEqual([...landedBy(writers)].sort());
    expect(entries).toHaveLength(processes * count);
    expect(await readdir(join(root, 'shared'))).toEqual(['list.json']);
  }));

test('N8, fault 41: writers killed in the middle lose nothing that landed, tear nothing, and leave nothing behind', () =>
  inTemporaryDirectory(async (root) => {
    const killed: RunningScript[] = [];
    const steady = runScript('append-entries.ts', root, 'steady', '400');
    await startAll([steady]);
    for (let n = 0; n < 12; n++) {
      const victim = runScript('append-entries.ts', root, `victim${n}`, '1000000');
      await startAll([victim]);
      await victim.line((line) => line.startsWith('landed '));
      // Where in its next write the kill meets it is left to chance; that it is in one is not.
      await delay(n % 4);
      victim.child.kill('SIGKILL');
      expect(await victim.ended).toBe('SIGKILL');
      killed.push(victim);
    }
    expect(await steady.ended).toBe(0);
    const entries = await entriesIn(root);
    expect(new Set(entries).size, 'no entry twice').toBe(entries.length);
    const known = new Set(landedBy([steady, ...killed]));
    expect([...known].filter((entry) => !entries.includes(entry))).toEqual([]);
    // Each of the killed may have landed one write that it had no time to tell of.
    expect(entries.filter((entry) => !known.has(entry)).length).toBeLessThanOrEqual(killed.length);
    expect(await readdir(join(root, 'shared'))).toEqual(['list.json']);
  }));
