import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  compareAndSwap,
  errnoOf,
  type FileSystem,
  replaceFile,
  settleLeftovers,
  type SharedFile,
} from '../../../src/adapters/durable-files/index.ts';
import { revisionOf } from '../../../src/adapters/text-body/index.ts';
import type { WriteOutcome } from '../../../src/ports/conditional-write.ts';
import { type Bounds, explore } from '../../support/interleavings.ts';
import { simulatedDisk } from '../../support/simulated-disk.ts';

const PATH = '/disk/state.json';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const fileAt = (path: string): SharedFile => ({ path, bytesMax: 1_000, links: 'refuse' });

type Swap = (fs: FileSystem, body: string, expected: string | undefined) => Promise<WriteOutcome>;

const swap: Swap = (fs, body, expected) =>
  compareAndSwap(fs, fileAt(PATH), bytes(body), expected === undefined ? undefined : revisionOf(bytes(expected)));

/** Stands for the content that is there when the writer comes to it. */
const WHATEVER = 'whatever is there';

/** What one writer does, one after the other: from this content to that. */
type Step = { readonly from: string | undefined; readonly to: string } | 'settle';

/** A write as its writer saw it. */
interface Attempt {
  readonly writer: number;
  readonly from: string | undefined;
  readonly to: string;
  readonly outcome: WriteOutcome['_tag'] | 'Running';
}

const transition = (from: string | undefined, to: string | undefined): string => `${from ?? '∅'} → ${to ?? '∅'}`;

/**
 * The file's history is exactly the writes that are said to have landed, besides some of those whose writer was killed;
 * and none that is said to be in conflict.
 */
const assertTrueAnswers = (
  history: readonly string[],
  attempts: readonly Attempt[],
  killed: ReadonlySet<number>,
): void => {
  const rest = [...history];
  for (const { from, to, outcome } of attempts) {
    if (outcome !== 'Landed') continue;
    const at = rest.indexOf(transition(from, to));
    assert.notEqual(at, -1, `${transition(from, to)} is said to have landed; history: ${history.join(', ')}`);
    rest.splice(at, 1);
  }
  for (const { writer, from, to, outcome } of attempts) {
    if (outcome !== 'Running' || !killed.has(writer)) continue;
    const at = rest.indexOf(transition(from, to));
    if (at !== -1) rest.splice(at, 1);
  }
  assert.deepEqual(rest, [], `these landed, and nobody was told; history: ${history.join(', ')}`);
  assert.ok(
    attempts.every(({ writer, outcome }) => outcome === 'Landed' || outcome === 'Conflict' || killed.has(writer)),
    `answers: ${attempts.map(({ outcome }) => outcome).join(', ')}`,
  );
};

const exploreWriters = (
  writers: readonly (readonly Step[])[],
  bounds: Bounds,
  { start, by = swap }: { readonly start: string | undefined; readonly by?: Swap },
): Promise<{ readonly schedules: number; readonly complete: boolean }> =>
  explore(async () => {
    const disk = simulatedDisk();
    if (start !== undefined) await replaceFile(PATH, bytes(start), disk.fileSystem());
    let content = start;
    const history: string[] = [];
    disk.onChange(PATH, (now) => {
      history.push(transition(content, now));
      content = now;
    });
    const attempts: Attempt[] = [];
    const ended = new Set<string>();
    return {
      tasks: writers.map((steps, writer) => async (gate) => {
        const author = `00000000-00000000-${writer}-0`;
        const fs = disk.fileSystem({ before: gate, author, isGone: (other) => ended.has(other) });
        for (const step of steps) {
          if (step === 'settle') {
            await settleLeftovers(fs, dirname(PATH), fileAt);
            continue;
          }
          const from = step.from === WHATEVER ? disk.contentAt(PATH) : step.from;
          const at = attempts.push({ writer, from, to: step.to, outcome: 'Running' }) - 1;
          attempts[at] = { writer, from, to: step.to, outcome: (await by(fs, step.to, from))._tag };
        }
      }),
      check: async (killed) => {
        for (const writer of killed) ended.add(`00000000-00000000-${writer}-0`);
        const fs = disk.fileSystem({ isGone: (author) => ended.has(author) });
        await settleLeftovers(fs, dirname(PATH), fileAt);
        const last = disk.contentAt(PATH);
        attempts.push({ writer: -1, from: last, to: 'last', outcome: (await by(fs, 'last', last))._tag });
        await settleLeftovers(fs, dirname(PATH), fileAt);
        assertTrueAnswers(history, attempts, killed);
        assert.deepEqual(disk.namesIn('/disk'), ['state.json'], 'nothing is left behind');
      },
    };
  }, bounds);

const SCENARIOS: Readonly<
  Record<
    string,
    { readonly start: string | undefined; readonly writers: readonly (readonly Step[])[]; readonly bounds: Bounds }
  >
> = {
  'two writers replace one state': {
    start: 'a',
    writers: [[{ from: 'a', to: 'b' }], [{ from: 'a', to: 'c' }]],
    bounds: { switchesMax: 3, schedulesMax: 20_000 },
  },
  'three writers replace one state': {
    start: 'a',
    writers: [[{ from: 'a', to: 'b' }], [{ from: 'a', to: 'c' }], [{ from: 'a', to: 'd' }]],
    bounds: { switchesMax: 3, schedulesMax: 50_000 },
  },
  'two writers create the file': {
    start: undefined,
    writers: [[{ from: undefined, to: 'b' }], [{ from: undefined, to: 'c' }]],
    bounds: { switchesMax: 4, schedulesMax: 20_000 },
  },
  'a slow writer, and two that go on from each other': {
    start: 'a',
    writers: [
      [{ from: 'a', to: 'b' }],
      [
        { from: 'a', to: 'c' },
        { from: WHATEVER, to: 'd' },
      ],
    ],
    bounds: { switchesMax: 3, schedulesMax: 20_000 },
  },
  'content that comes back': {
    start: 'a',
    writers: [
      [{ from: 'a', to: 'b' }],
      [
        { from: 'a', to: 'c' },
        { from: 'c', to: 'a' },
        { from: 'a', to: 'd' },
      ],
    ],
    bounds: { switchesMax: 3, schedulesMax: 20_000 },
  },
  'a writer that is killed, and others that clear up and go on': {
    start: 'a',
    writers: [
      [{ from: 'a', to: 'b' }],
      ['settle', { from: WHATEVER, to: 'c' }],
      ['settle', { from: WHATEVER, to: 'd' }],
    ],
    bounds: { switchesMax: 1, killsMax: 1, schedulesMax: 20_000 },
  },
  'two writers, both of which may be killed': {
    start: 'a',
    writers: [[{ from: 'a', to: 'b' }], [{ from: 'a', to: 'c' }, 'settle'], [{ from: 'a', to: 'd' }]],
    bounds: { switchesMax: 1, killsMax: 2, schedulesMax: 20_000 },
  },
};

describe('L4: in every schedule each write that landed followed the state it named, and every answer is true', () => {
  test.each(Object.entries(SCENARIOS))('%s', async (name, { start, writers, bounds }) => {
    const { schedules, complete } = await exploreWriters(writers, bounds, { start });
    expect(complete, `${name}: ${schedules} schedules`).toBe(true);
  });
});

/**
 * The protocol that suggests itself: claim the succession of a state by a hard link that bears its digest, look again, and
 * rename the claim onto the file. Its claim is a name that can be made again, so one that is renamed late may be another's.
 */
const swapByHardLink: Swap = async (fs, body, expected) => {
  const current = async (): Promise<string | undefined> => {
    try {
      return new TextDecoder().decode((await fs.look(PATH, 1_000, 'refuse')).bytes);
    } catch {
      return undefined;
    }
  };
  const tried = async (act: () => Promise<void>): Promise<string | undefined> => {
    try {
      await act();
      return undefined;
    } catch (error) {
      return errnoOf(error);
    }
  };
  const claim = `/disk/.${expected ?? ''}.next`;
  const temporary = `/disk/.${body}.tmp`;
  if ((await current()) !== expected) return { _tag: 'Conflict' };
  const file = await fs.create(temporary);
  await file.write(bytes(body));
  await file.close();
  const taken = await tried(() => fs.link(temporary, claim));
  await tried(() => fs.unlink(temporary));
  if (taken === 'EEXIST') {
    if ((await current()) === expected) await tried(() => fs.rename(claim, PATH));
    return { _tag: 'Conflict' };
  }
  if ((await current()) !== expected && (await tried(() => fs.unlink(claim))) === undefined)
    return { _tag: 'Conflict' };
  await tried(() => fs.rename(claim, PATH));
  return { _tag: 'Landed', revision: revisionOf(bytes(body)) };
};

test('L4, control: the same schedules find a claim that can be made twice out', async () => {
  const { start, writers } = SCENARIOS['three writers replace one state'] ?? { start: 'a', writers: [] };
  const found = exploreWriters(writers, { switchesMax: 3, schedulesMax: 20_000 }, { start, by: swapByHardLink });
  await expect(found).rejects.toThrow(/said to have landed|nobody was told/);
});
