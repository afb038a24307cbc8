/**
 * A disk in memory under the `FileSystem` that durable files are made of, for what no real disk does on demand: to stop
 * between any two operations, to let another writer in there, to fail, and to lose power.
 *
 * Power loss is modelled as badly as POSIX allows. Content that was not synced may be absent, torn, whole or zeroes.
 * Of the changes to names since a directory was last synced, any may have reached the disk without the others, in any
 * combination; only one rename within a directory is never seen half done.
 *
 * @module
 */
import { basename, dirname } from 'node:path';
import { type DirectoryEntry, type FileSystem, NOT_A_FILE } from '../../src/adapters/durable-files/index.ts';

interface FileNode {
  readonly kind: 'file';
  readonly number: bigint;
  readonly mode: number;
  content: Buffer;
  /** What is on the platter; nothing while it was never synced. */
  durable: Buffer | undefined;
  dirty: boolean;
  /** An fsync failed: what later ones answer means nothing any more. */
  lost: boolean;
  modifiedNs: bigint;
  links: number;
  open: number;
}

interface LinkNode {
  readonly kind: 'symlink';
  readonly target: string;
}

interface NameChange {
  readonly name: string;
  readonly node: Node | undefined;
}

/** Changes to names that reach the disk together. */
interface PendingChange {
  readonly changes: readonly NameChange[];
  /** The half of a move between directories that must be there before this one. */
  readonly after: PendingChange | undefined;
}

interface DirectoryNode {
  readonly kind: 'directory';
  readonly names: Map<string, Node>;
  readonly durable: Map<string, Node>;
  pending: PendingChange[];
}

type Node = FileNode | LinkNode | DirectoryNode;

/** What became of content that was not synced. */
type Unsynced = 'absent' | 'torn' | 'whole' | 'zeroes';

/** Thrown by every operation once the power is gone. */
export class PowerLoss extends Error {}

/** How a simulated disk is to behave. */
export interface SimulatedDiskOptions {
  /** Awaited before each operation, which then happens at once. */
  readonly before?: (operation: string, path: string) => Promise<void>;
  /** The errno that an operation fails with, or nothing. */
  readonly failWith?: (operation: string, path: string) => string | undefined;
  /** The power goes before the operation of this number, counted from 0. */
  readonly powerLossAt?: number;
  /** Names the writer, and says which writers are gone. */
  readonly author?: string;
  readonly isGone?: (author: string) => boolean;
}

/** A simulated disk. Its content outlives the {@link FileSystem}s through which it is used. */
export interface SimulatedDisk {
  readonly fileSystem: (options?: SimulatedDiskOptions) => FileSystem;
  /** Every operation so far, as `operation path`. */
  readonly operations: readonly string[];
  /** The naive write that everyone writes first: truncates the file and writes it anew. */
  readonly overwrite: (fs: FileSystem, path: string, bytes: Uint8Array) => Promise<void>;
  /** The content at `path` as a process would read it now. */
  readonly contentAt: (path: string) => string | undefined;
  /** The names in a directory. */
  readonly namesIn: (path: string) => readonly string[];
  /** Tells about every change of what `path` is: the inode's number and content. */
  readonly onChange: (path: string, listener: (content: string | undefined) => void) => void;
  /** Every disk that a power loss at this moment could leave behind. */
  readonly afterPowerLoss: () => Generator<SimulatedDisk>;
}

const failure = (code: string, operation: string, path: string): Error =>
  Object.assign(new Error(`${code}: simulated, ${operation} '${path}'`), { code });

const newDirectory = (names: ReadonlyMap<string, Node> = new Map()): DirectoryNode => ({
  kind: 'directory',
  names: new Map(names),
  durable: new Map(names),
  pending: [],
});

const survivingContent = (file: FileNode, unsynced: Unsynced): Buffer => {
  if (file.lost) return file.durable ?? Buffer.alloc(file.content.length);
  if (!file.dirty) return file.durable ?? file.content;
  const before = file.durable ?? Buffer.alloc(0);
  switch (unsynced) {
    case 'absent':
      return before;
    case 'torn':
      return file.content.subarray(0, file.content.length >> 1);
    case 'whole':
      return file.content;
    case 'zeroes':
      return Buffer.alloc(file.content.length);
  }
};

/** With more pending changes than this, single ones and prefixes are tried instead of every combination. */
const COMBINED_MAX = 12;

function* choices(pending: readonly PendingChange[]): Generator<ReadonlySet<PendingChange>> {
  const allowed = (chosen: ReadonlySet<PendingChange>): boolean =>
    [...chosen].every(({ after }) => after === undefined || !pending.includes(after) || chosen.has(after));
  if (pending.length <= COMBINED_MAX) {
    for (let bits = 0; bits < 2 ** pending.length; bits++) {
      const chosen = new Set(pending.filter((_, i) => (bits & (1 << i)) !== 0));
      if (allowed(chosen)) yield chosen;
    }
    return;
  }
  for (let length = 0; length <= pending.length; length++) {
    const some = [
      new Set(pending.slice(0, length)),
      new Set(pending.slice(length)),
      new Set(pending.filter((_, i) => i !== length)),
      new Set(pending.filter((_, i) => i === length)),
    ];
    for (const chosen of some) if (allowed(chosen)) yield chosen;
  }
}

const directoriesBelow = (directory: DirectoryNode, seen = new Set<DirectoryNode>()): Set<DirectoryNode> => {
  if (seen.has(directory)) return seen;
  seen.add(directory);
  const everNamed = [
    ...directory.names.values(),
    ...directory.durable.values(),
    ...directory.pending.flatMap(({ changes }) => changes.map(({ node }) => node)),
  ];
  for (const node of everNamed) if (node?.kind === 'directory') directoriesBelow(node, seen);
  return seen;
};

const surviving = (
  node: Node,
  chosen: ReadonlySet<PendingChange>,
  unsynced: Unsynced,
  made: Map<Node, Node> = new Map(),
): Node => {
  const known = made.get(node);
  if (known !== undefined) return known;
  if (node.kind === 'symlink') return node;
  if (node.kind === 'file') {
    const content = survivingContent(node, unsynced);
    const after: FileNode = { ...node, content, durable: content, dirty: false, lost: false, links: 0, open: 0 };
    made.set(node, after);
    return after;
  }
  const names = new Map(node.durable);
  for (const change of node.pending) {
    if (!chosen.has(change)) continue;
    for (const { name, node: named } of change.changes) {
      if (named === undefined) names.delete(name);
      else names.set(name, named);
    }
  }
  const after = newDirectory();
  made.set(node, after);
  for (const [name, named] of names) {
    const kept = surviving(named, chosen, unsynced, made);
    if (kept.kind === 'file') kept.links += 1;
    after.names.set(name, kept);
    after.durable.set(name, kept);
  }
  return after;
};

/** A disk with one empty directory, `/disk`, or with what `root` holds. */
export const simulatedDisk = (
  root: DirectoryNode = newDirectory(new Map([['disk', newDirectory()]])),
): SimulatedDisk => {
  const operations: string[] = [];
  const listeners = new Map<string, (content: string | undefined) => void>();
  const used = new Set<bigint>();
  for (const directory of directoriesBelow(root)) {
    for (const node of directory.names.values()) if (node.kind === 'file') used.add(node.number);
  }

  /** The smallest number that is free: inodes are used again at once, as ext4 does. */
  const freeNumber = (): bigint => {
    let number = 1n;
    while (used.has(number)) number += 1n;
    used.add(number);
    return number;
  };
  const released = (file: FileNode): void => {
    if (file.links === 0 && file.open === 0) used.delete(file.number);
  };

  const at = (path: string): Node | undefined => {
    let node: Node | undefined = root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (node === undefined) return undefined;
      if (node.kind !== 'directory') throw failure('ENOTDIR', 'open', path);
      node = node.names.get(name);
    }
    return node;
  };
  const there = (path: string, operation: string): Node => {
    const node = at(path);
    if (node === undefined) throw failure('ENOENT', operation, path);
    return node;
  };
  const directoryAt = (path: string, operation: string): DirectoryNode => {
    const node = there(path, operation);
    if (node.kind !== 'directory') throw failure('ENOTDIR', operation, path);
    return node;
  };

  const apply = (directory: DirectoryNode, changes: readonly NameChange[], after?: PendingChange): PendingChange => {
    for (const { name, node } of changes) {
      const old = directory.names.get(name);
      if (node === undefined) directory.names.delete(name);
      else directory.names.set(name, node);
      if (node?.kind === 'file') node.links += 1;
      if (old?.kind === 'file') {
        old.links -= 1;
        released(old);
      }
    }
    const pending: PendingChange = { changes, after };
    directory.pending.push(pending);
    return pending;
  };
  const tell = (path: string): void => {
    const listener = listeners.get(path);
    if (listener === undefined) return;
    const node = at(path);
    listener(node?.kind === 'file' ? node.content.toString() : undefined);
  };
  const fileNode = (mode: number): FileNode => ({
    kind: 'file',
    number: freeNumber(),
    mode,
    content: Buffer.alloc(0),
    durable: undefined,
    dirty: true,
    lost: false,
    modifiedNs: 0n,
    links: 0,
    open: 0,
  });

  const fileSystem = (options: SimulatedDiskOptions = {}): FileSystem => {
    const operate = async <A>(operation: string, path: string, act: () => A): Promise<A> => {
      await options.before?.(operation, path);
      if (options.powerLossAt !== undefined && operations.length >= options.powerLossAt) throw new PowerLoss();
      operations.push(`${operation} ${path}`);
      const code = options.failWith?.(operation, path);
      if (code !== undefined) {
        const node = at(path);
        if (operation === 'sync' && node?.kind === 'file') node.lost = true;
        throw failure(code, operation, path);
      }
      return act();
    };
    const removed = (path: string): void => {
      const parent = directoryAt(dirname(path), 'unlink');
      apply(parent, [{ name: basename(path), node: undefined }]);
    };
    const look: FileSystem['look'] = async (path, bytesMax, links) =>
      operate('look', path, () => {
        let node = there(path, 'open');
        if (node.kind === 'symlink') {
          if (links === 'refuse') throw failure('ELOOP', 'open', path);
          node = there(`${dirname(path)}/${node.target}`, 'open');
        }
        if (node.kind === 'directory') throw failure('EISDIR', 'read', path);
        if (node.kind !== 'file') throw failure(NOT_A_FILE, 'read', path);
        return {
          bytes: Buffer.from(node.content.subarray(0, bytesMax + 1)),
          inode: node.number,
          modifiedNs: node.modifiedNs,
          mode: node.mode,
          uid: 0,
        };
      });
    return {
      author: async () => options.author ?? 'unknown',
      authorIsGone: async (author) => options.isGone?.(author) ?? false,
      create: async (path, executable = false) => {
        const node = await operate('create', path, () => {
          const parent = directoryAt(dirname(path), 'open');
          if (parent.names.has(basename(path))) throw failure('EEXIST', 'open', path);
          const file = fileNode(executable ? 0o755 : 0o644);
          file.open += 1;
          apply(parent, [{ name: basename(path), node: file }]);
          tell(path);
          return file;
        });
        return {
          write: (bytes) =>
            operate('write', path, () => {
              node.content = Buffer.concat([node.content, bytes]);
              node.dirty = true;
              tell(path);
            }),
          stampModified: (epochSeconds) =>
            operate('stamp', path, () => {
              node.modifiedNs = BigInt(Math.round(epochSeconds * 1e6)) * 1000n;
            }),
          sync: () =>
            operate('sync', path, () => {
              if (node.lost) return;
              node.durable = node.content;
              node.dirty = false;
            }),
          close: async () => {
            node.open -= 1;
            released(node);
          },
        };
      },
      look,
      stream: async function* (path) {
        yield (await look(path, Number.MAX_SAFE_INTEGER, 'follow')).bytes;
      },
      link: (existing, path) =>
        operate('link', path, () => {
          const node = there(existing, 'link');
          const parent = directoryAt(dirname(path), 'link');
          if (parent.names.has(basename(path))) throw failure('EEXIST', 'link', path);
          apply(parent, [{ name: basename(path), node }]);
          tell(path);
        }),
      symlink: (target, path) =>
        operate('symlink', path, () => {
          const parent = directoryAt(dirname(path), 'symlink');
          if (parent.names.has(basename(path))) throw failure('EEXIST', 'symlink', path);
          apply(parent, [{ name: basename(path), node: { kind: 'symlink', target } }]);
        }),
      readLink: (path) =>
        operate('readLink', path, () => {
          const node = there(path, 'readlink');
          if (node.kind !== 'symlink') throw failure('EINVAL', 'readlink', path);
          return node.target;
        }),
      rename: (from, to) =>
        operate('rename', to, () => {
          const node = there(from, 'rename');
          const [source, target] = [directoryAt(dirname(from), 'rename'), directoryAt(dirname(to), 'rename')];
          const old = target.names.get(basename(to));
          if (old === node) return;
          if (node.kind === 'directory' && old !== undefined) {
            if (old.kind !== 'directory') throw failure('ENOTDIR', 'rename', to);
            if (old.names.size > 0) throw failure('ENOTEMPTY', 'rename', to);
          } else if (old?.kind === 'directory') throw failure('EISDIR', 'rename', to);
          const [gone, come] = [
            { name: basename(from), node: undefined },
            { name: basename(to), node },
          ];
          if (source === target) apply(source, [come, gone]);
          else apply(source, [gone], apply(target, [come]));
          tell(to);
          tell(from);
        }),
      unlink: (path) =>
        operate('unlink', path, () => {
          if (there(path, 'unlink').kind === 'directory') throw failure('EISDIR', 'unlink', path);
          removed(path);
          tell(path);
        }),
      makeDirectory: (path) =>
        operate('makeDirectory', path, () => {
          const parent = directoryAt(dirname(path), 'mkdir');
          if (parent.names.has(basename(path))) throw failure('EEXIST', 'mkdir', path);
          apply(parent, [{ name: basename(path), node: newDirectory() }]);
        }),
      removeTree: (path) =>
        operate('removeTree', path, () => {
          if (at(path) !== undefined) removed(path);
        }),
      list: (path) =>
        operate('list', path, () =>
          [...directoryAt(path, 'scandir').names].map(([name, { kind }]): DirectoryEntry => ({
            name,
            kind: kind === 'symlink' ? 'other' : kind,
          })),
        ),
      ageMs: (path) =>
        operate('ageMs', path, () => {
          there(path, 'lstat');
          return 0;
        }),
      syncDirectory: (path) =>
        operate('syncDirectory', path, () => {
          const directory = directoryAt(path, 'fsync');
          directory.durable.clear();
          for (const [name, node] of directory.names) directory.durable.set(name, node);
          directory.pending = [];
        }),
    };
  };

  return {
    fileSystem,
    operations,
    overwrite: async (fs, path, bytes) => {
      const node = at(path);
      if (node?.kind !== 'file') throw failure('ENOENT', 'open', path);
      // Two operations, as open(O_TRUNC) and write are two system calls; `look` only lets the power go in between.
      await fs.look(path, 0, 'follow');
      node.dirty = true;
      node.content = Buffer.alloc(0);
      await fs.look(path, 0, 'follow');
      node.content = Buffer.from(bytes);
    },
    contentAt: (path) => {
      const node = at(path);
      return node?.kind === 'file' ? node.content.toString() : undefined;
    },
    namesIn: (path) => [...directoryAt(path, 'scandir').names.keys()],
    onChange: (path, listener) => listeners.set(path, listener),
    afterPowerLoss: function* () {
      const pending = [...directoriesBelow(root)].flatMap((directory) => directory.pending);
      for (const chosen of choices(pending)) {
        for (const unsynced of ['absent', 'torn', 'whole', 'zeroes'] as const) {
          const left = surviving(root, chosen, unsynced);
          if (left.kind === 'directory') yield simulatedDisk(left);
        }
      }
    },
  };
};
