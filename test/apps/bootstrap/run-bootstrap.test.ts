import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type BootstrapDeps,
  type BootstrapOptions,
  type BootstrapReport,
  describeBootstrap,
  runBootstrap,
} from '../../../src/apps/bootstrap/index.ts';
import { bootstrapFiles } from '../../../src/apps/bootstrap/main.ts';
import type { Failure } from '../../../src/apps/failure.ts';
import { dropInText, nodeFileText } from '../../../src/domain/assignment.ts';
import { EnvironmentName, nameFromLiteral, NodeName, StackName, ZoneId } from '../../../src/domain/names.ts';
import type { ZoneMap } from '../../../src/domain/zone-map.ts';
import { asyncProperty } from '../../support/property.ts';

const zone = nameFromLiteral(ZoneId);
const environment = nameFromLiteral(EnvironmentName);
const node = nameFromLiteral(NodeName)('web-17');
const stack = nameFromLiteral(StackName)('basalt');

const tableOf = (name: string): ZoneMap => ({ _tag: 'Table', zones: new Map([[zone('use1-az4'), environment(name)]]) });
const paths = { nodeFile: '/etc/signalbox/node.json', dropIn: '/etc/chef/client.d/signalbox.rb' };
const options: BootstrapOptions = {
  map: tableOf('prod-1'),
  stack,
  zone: zone('use1-az4'),
  node,
  paths,
  isDry: false,
  reassign: O.none,
};
const assignment = { stack, environment: environment('prod-1'), node };
const elsewhere = { stack, environment: environment('prod-2'), node };
const BOTH = [
  [paths.dropIn, dropInText(assignment)],
  [paths.nodeFile, nodeFileText(assignment)],
];

/** The machine is gone in the middle of this. */
class Crash extends Error {}

/** What becomes of one change of a file. */
type Fate = 'done' | 'failed' | 'failedAfterwards' | 'crashBefore' | 'crashAfter';

/** A disk in memory. The fate of each further change is taken from `fates`; after those all go well. */
const makeDisk = (content: Readonly<Record<string, string>> = {}, fates: readonly Fate[] = []) => {
  const files = new Map(Object.entries(content));
  const changes: string[] = [];
  const rest = [...fates];
  const logged: (readonly [string, Readonly<Record<string, unknown>> | undefined])[] = [];
  const change = async (what: string, apply: () => void) => {
    const fate = rest.shift() ?? 'done';
    if (fate === 'crashBefore') throw new Crash();
    changes.push(what);
    if (fate !== 'failed') apply();
    switch (fate) {
      case 'crashAfter':
        throw new Crash();
      case 'done':
        return { _tag: 'Done' } as const;
      case 'failed':
      case 'failedAfterwards':
        return { _tag: 'Failed', detail: 'ENOSPC: no space left' } as const;
    }
  };
  const deps: BootstrapDeps = {
    readFile: async (path) => {
      const text = files.get(path);
      return text === undefined ? { _tag: 'Missing' } : { _tag: 'Found', text };
    },
    writeFileAtomically: (path, text) => change(`write ${path}`, () => files.set(path, text)),
    removeFile: (path) => change(`remove ${path}`, () => files.delete(path)),
    log: (_level, message, fields) => {
      logged.push([message, fields]);
    },
  };
  return { deps, files, changes, logged };
};

const failureOf = (result: E.Either<Failure, BootstrapReport>): Failure | undefined =>
  E.isLeft(result) ? result.left : undefined;

describe('B4: both files, or neither', () => {
  it('writes the drop-in and then the node file, which commits', async () => {
    const { deps, files, changes } = makeDisk();
    expect(await runBootstrap(deps)(options)).toEqual(E.right({ _tag: 'Assigned', assignment }));
    expect(changes).toEqual([`write ${paths.dropIn}`, `write ${paths.nodeFile}`]);
    expect([...files]).toEqual(BOTH);
  });

  it.each<readonly [string, readonly Fate[], string]>([
    ['the first write fails', ['failed'], 'nothing was assigned'],
    ['the first write fails, but the file is there', ['failedAfterwards'], 'nothing was assigned'],
    ['the second write fails', ['done', 'failed'], 'nothing was assigned'],
  ])('%s: there is neither, and the answer is to try again', async (_, fates, detail) => {
    const { deps, files } = makeDisk({}, fates);
    const failure = failureOf(await runBootstrap(deps)(options));
    expect(failure).toMatchObject({ _tag: 'TryAgain', detail: expect.stringContaining(detail) as string });
    expect(failure).toMatchObject({ detail: expect.stringContaining('ENOSPC') as string });
    expect([...files]).toEqual([]);
    expect(await runBootstrap(deps)(options)).toEqual(E.right({ _tag: 'Assigned', assignment }));
  });

  it('fault 40: the node file is there although its last sync failed: so is the drop-in', async () => {
    const { deps, files } = makeDisk({}, ['done', 'failedAfterwards']);
    expect(failureOf(await runBootstrap(deps)(options))).toMatchObject({
      detail: expect.stringContaining('both files may be there') as string,
    });
    expect([...files]).toEqual(BOTH);
    expect(await runBootstrap(deps)(options)).toEqual(E.right({ _tag: 'AlreadyAssigned', assignment }));
  });

  it('a drop-in that cannot be taken back is named', async () => {
    const { deps, files } = makeDisk({}, ['done', 'failed', 'failed']);
    expect(failureOf(await runBootstrap(deps)(options))).toMatchObject({
      detail: expect.stringContaining(`${paths.dropIn} was left behind`) as string,
    });
    expect([...files.keys()]).toEqual([paths.dropIn]);
  });

  asyncProperty(
    'fault 46: after any crashes, at any step, there is no node file without its drop-in, and the next bootstrap completes',
    [
      fc.array(fc.constantFrom<Fate>('done', 'failed', 'failedAfterwards', 'crashBefore', 'crashAfter'), {
        maxLength: 12,
      }),
    ],
    async (fates) => {
      const { deps, files } = makeDisk({}, fates);
      for (let start = 0; start <= fates.length + 1; start++) {
        try {
          await runBootstrap(deps)(options);
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
        }
        expect(!files.has(paths.nodeFile) || files.has(paths.dropIn)).toBe(true);
      }
      expect([...files].toSorted()).toEqual(BOTH.toSorted());
    },
  );

  it('control: with the node file first, a crash leaves an assignment that chef-client knows nothing of', async () => {
    const { deps, files } = makeDisk({}, ['crashAfter']);
    const nodeFileFirst = async (): Promise<void> => {
      await deps.writeFileAtomically(paths.nodeFile, nodeFileText(assignment));
      await deps.writeFileAtomically(paths.dropIn, dropInText(assignment));
    };
    await expect(nodeFileFirst()).rejects.toThrow(Crash);
    expect(!files.has(paths.nodeFile) || files.has(paths.dropIn)).toBe(false);
  });
});

describe('B2: an unmapped zone', () => {
  it('fault 65: is bad data that says so; no file is looked at and none is written', async () => {
    const { deps, files } = makeDisk();
    let looked = 0;
    const watched = {
      ...deps,
      readFile: (path: string) => {
        looked++;
        return deps.readFile(path);
      },
    };
    const failure = failureOf(await runBootstrap(watched)({ ...options, zone: zone('use1-az9') }));
    expect(failure).toEqual({
      _tag: 'BadData',
      detail:
        'zone: expected one of the zone map (use1-az4), got use1-az9; add use1-az9 to the map, then bootstrap again: nothing was assigned',
    });
    expect([looked, [...files]]).toEqual([0, []]);
  });
});

describe('B3: sticky', () => {
  it('the same assignment again changes nothing', async () => {
    const { deps, changes } = makeDisk();
    await runBootstrap(deps)(options);
    changes.length = 0;
    expect(await runBootstrap(deps)(options)).toEqual(E.right({ _tag: 'AlreadyAssigned', assignment }));
    expect(changes).toEqual([]);
  });

  it('another map refuses to move the machine, naming both sides and the way out', async () => {
    const { deps, files, changes } = makeDisk();
    await runBootstrap(deps)(options);
    changes.length = 0;
    const failure = failureOf(await runBootstrap(deps)({ ...options, map: tableOf('prod-2') }));
    expect(failure).toEqual({
      _tag: 'Refused',
      reason: 'AssignedOtherwise',
      detail: `this machine is web-17 in basalt/prod-1 by ${paths.nodeFile}, and would become web-17 in basalt/prod-2; to move it, bootstrap again with --reassign and a --reason, or change the zone map back`,
    });
    expect([changes, [...files]]).toEqual([[], BOTH]);
  });

  it('a drop-in that is missing is written again', async () => {
    const { deps, files } = makeDisk({ [paths.nodeFile]: nodeFileText(assignment) });
    expect(await runBootstrap(deps)(options)).toEqual(E.right({ _tag: 'DropInRestored', assignment }));
    expect(files.get(paths.dropIn)).toBe(dropInText(assignment));
  });

  it('a crash, and then another map: the half that is there is not written over', async () => {
    const { deps, files, changes } = makeDisk({ [paths.dropIn]: dropInText(elsewhere) });
    expect(failureOf(await runBootstrap(deps)(options))).toMatchObject({ _tag: 'Refused', reason: 'DropInDiffers' });
    expect([changes, [...files.keys()]]).toEqual([[], [paths.dropIn]]);
  });

  it('fault 38: a torn node file is refused and left as it is', async () => {
    const { deps, files, changes } = makeDisk({ [paths.nodeFile]: '{"stack":"bas' });
    expect(failureOf(await runBootstrap(deps)(options))).toMatchObject({ _tag: 'BadData' });
    expect([changes, files.get(paths.nodeFile)]).toEqual([[], '{"stack":"bas']);
  });

  it('a file that cannot be read is not taken for one that is missing', async () => {
    const { deps, changes } = makeDisk();
    for (const path of [paths.nodeFile, paths.dropIn]) {
      const unreadable: BootstrapDeps = {
        ...deps,
        readFile: async (asked) => (asked === path ? { _tag: 'Unreadable', detail: 'EIO' } : deps.readFile(asked)),
      };
      expect(failureOf(await runBootstrap(unreadable)(options))).toEqual({
        _tag: 'Unavailable',
        detail: `${path}: EIO; nothing was written`,
      });
    }
    expect(changes).toEqual([]);
  });
});

describe('B3: a machine that a person moves', () => {
  const moved = { ...options, reassign: O.some('more canaries') };
  const OTHERWISE = { [paths.dropIn]: dropInText(elsewhere), [paths.nodeFile]: nodeFileText(elsewhere) };

  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['elsewhere', OTHERWISE, 'AssignedOtherwise'],
    ['nobody can tell where', { ...OTHERWISE, [paths.nodeFile]: '{"stack":"bas' }, 'NodeFileUnreadable'],
    ['by somebody else', { [paths.dropIn]: '# by hand\n' }, 'DropInDiffers'],
  ])('that was assigned %s is assigned anew, and the log says from what, to what and why', async (_, content, tag) => {
    const { deps, files, logged } = makeDisk(content);
    expect(await runBootstrap(deps)(moved)).toEqual(
      E.right({ _tag: 'Reassigned', assignment, reason: 'more canaries' }),
    );
    expect(files).toEqual(new Map(BOTH.map(([path = '', text = '']) => [path, text])));
    expect(logged).toEqual([
      [
        'the machine is moved',
        {
          to: 'web-17 in basalt/prod-1',
          instead: expect.objectContaining({ _tag: tag }) as object,
          reason: 'more canaries',
        },
      ],
    ]);
  });

  it('that is there already stays, and nothing is said', async () => {
    const { deps, changes, logged } = makeDisk(Object.fromEntries(BOTH) as Record<string, string>);
    expect(await runBootstrap(deps)(moved)).toEqual(E.right({ _tag: 'AlreadyAssigned', assignment }));
    expect([changes, logged]).toEqual([[], []]);
  });

  it('a dry run says what would be written, and moves nothing', async () => {
    const { deps, changes, logged } = makeDisk(OTHERWISE);
    expect(await runBootstrap(deps)({ ...moved, isDry: true })).toMatchObject({
      right: { _tag: 'DryRun', assignment },
    });
    expect([changes, logged]).toEqual([[], []]);
  });

  it.each<readonly [string, Readonly<Record<string, string>>, readonly Fate[], string]>([
    ['both files are as they were', OTHERWISE, ['done', 'failed'], 'it stays where it was'],
    [
      'what had no drop-in has none',
      { [paths.nodeFile]: nodeFileText(elsewhere) },
      ['done', 'failed'],
      'it stays where it was',
    ],
  ])('where the node file cannot be written, %s', async (_, content, fates, detail) => {
    const { deps, files } = makeDisk(content, fates);
    expect(failureOf(await runBootstrap(deps)(moved))).toMatchObject({
      _tag: 'TryAgain',
      detail: expect.stringContaining(detail) as string,
    });
    expect(files).toEqual(new Map(Object.entries(content)));
  });

  it.each<readonly [string, readonly Fate[]]>([
    ['the node file is there in spite of its failure', ['done', 'failedAfterwards']],
    ['the drop-in cannot be put back', ['done', 'failed', 'failed']],
  ])('a move that is half done says so where %s, and the same again completes it', async (_, fates) => {
    const { deps, files } = makeDisk(OTHERWISE, fates);
    expect(failureOf(await runBootstrap(deps)(moved))).toMatchObject({
      detail: expect.stringMatching(/both files may be changed|was left changed/) as string,
    });
    expect(E.isRight(await runBootstrap(deps)(moved))).toBe(true);
    expect(files).toEqual(new Map(BOTH.map(([path = '', text = '']) => [path, text])));
  });

  asyncProperty(
    'fault 46: after any crashes, at any step, the same move again completes it',
    [
      fc.array(fc.constantFrom<Fate>('done', 'failed', 'failedAfterwards', 'crashBefore', 'crashAfter'), {
        maxLength: 12,
      }),
    ],
    async (fates) => {
      const { deps, files } = makeDisk(OTHERWISE, fates);
      for (let start = 0; start <= fates.length + 1; start++) {
        try {
          await runBootstrap(deps)(moved);
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
        }
        expect([...files.keys()].toSorted()).toEqual([paths.dropIn, paths.nodeFile].toSorted());
      }
      expect(files).toEqual(new Map(BOTH.map(([path = '', text = '']) => [path, text])));
    },
  );
});

describe('a dry run', () => {
  it.each<readonly [string, Readonly<Record<string, string>>, readonly string[]]>([
    ['on a new machine', {}, [paths.dropIn, paths.nodeFile]],
    ['on an assigned machine', Object.fromEntries(BOTH) as Record<string, string>, []],
    ['where the drop-in is gone', { [paths.nodeFile]: nodeFileText(assignment) }, [paths.dropIn]],
  ])('%s says what it would write, and writes nothing', async (_, content, expected) => {
    const { deps, changes } = makeDisk(content);
    const result = await runBootstrap(deps)({ ...options, isDry: true });
    expect(
      E.isRight(result) && result.right._tag === 'DryRun' ? result.right.files.map(({ path }) => path) : result,
    ).toEqual(expected);
    expect(changes).toEqual([]);
  });

  it('is refused where the real one would be', async () => {
    const { deps } = makeDisk({ [paths.nodeFile]: nodeFileText(elsewhere) });
    expect(failureOf(await runBootstrap(deps)({ ...options, isDry: true }))).toMatchObject({ _tag: 'Refused' });
  });
});

describe('the report in words', () => {
  it.each<readonly [BootstrapReport, string]>([
    [{ _tag: 'Assigned', assignment }, 'assigned web-17 in basalt/prod-1'],
    [{ _tag: 'AlreadyAssigned', assignment }, 'already assigned web-17 in basalt/prod-1'],
    [
      { _tag: 'DropInRestored', assignment },
      "already assigned web-17 in basalt/prod-1; chef-client's drop-in was missing and is written again",
    ],
    [{ _tag: 'Reassigned', assignment, reason: 'more canaries' }, 'reassigned web-17 in basalt/prod-1: more canaries'],
    [{ _tag: 'DryRun', assignment, files: [] }, 'already assigned web-17 in basalt/prod-1'],
    [
      {
        _tag: 'DryRun',
        assignment,
        files: [
          { path: '/a', text: '' },
          { path: '/b', text: '' },
        ],
      },
      'would assign web-17 in basalt/prod-1 and write /a, /b',
    ],
  ])('%j', (report, expected) => {
    expect(describeBootstrap(report)).toBe(expected);
  });
});

const realDeps: BootstrapDeps = { ...bootstrapFiles, log: () => undefined };

describe('on a real disk', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'signalbox-bootstrap-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const onDisk = (): BootstrapOptions => ({
    ...options,
    paths: { nodeFile: join(root, 'signalbox/node.json'), dropIn: join(root, 'chef/client.d/signalbox.rb') },
  });

  it('makes the directories, leaves no temporaries, and lets chef-client read', async () => {
    const { paths: real } = onDisk();
    expect(await runBootstrap(realDeps)(onDisk())).toEqual(E.right({ _tag: 'Assigned', assignment }));
    expect(readFileSync(real.dropIn, 'utf8')).toBe(dropInText(assignment));
    expect(readFileSync(real.nodeFile, 'utf8')).toBe(nodeFileText(assignment));
    expect(readdirSync(join(root, 'chef/client.d'))).toEqual(['signalbox.rb']);
    expect(readdirSync(join(root, 'signalbox'))).toEqual(['node.json']);
    expect(statSync(real.dropIn).mode & 0o777).toBe(0o644);
    expect(await runBootstrap(realDeps)(onDisk())).toEqual(E.right({ _tag: 'AlreadyAssigned', assignment }));
  });

  it('a directory where the node file should be: the drop-in is not left behind', async () => {
    const { paths: real } = onDisk();
    writeFileSync(join(root, 'signalbox'), 'a file');
    const failure = failureOf(await runBootstrap(realDeps)(onDisk()));
    expect(failure?._tag).toBe('Unavailable');
    expect(existsSync(real.dropIn)).toBe(false);
  });

  it('fault 44: a node file that is a link is refused', async () => {
    const { paths: real } = onDisk();
    mkdirSync(join(root, 'signalbox'));
    symlinkSync(join(root, 'elsewhere.json'), real.nodeFile);
    expect(failureOf(await runBootstrap(realDeps)(onDisk()))).toMatchObject({ _tag: 'Unavailable' });
    expect(existsSync(real.dropIn)).toBe(false);
  });

  it('a file of more than 64 KiB is none of ours', async () => {
    const { paths: real } = onDisk();
    mkdirSync(join(root, 'signalbox'));
    writeFileSync(real.nodeFile, ' '.repeat(65_537));
    expect(failureOf(await runBootstrap(realDeps)(onDisk()))).toMatchObject({
      _tag: 'Unavailable',
      detail: expect.stringContaining('at most 65536 bytes') as string,
    });
  });

  it('removing what is not there is done', async () => {
    expect(await bootstrapFiles.removeFile(join(root, 'nothing'))).toEqual({ _tag: 'Done' });
    expect(await bootstrapFiles.removeFile(root)).toMatchObject({ _tag: 'Failed' });
  });
});
