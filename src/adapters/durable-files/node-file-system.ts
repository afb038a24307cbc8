import { constants, createReadStream, type BigIntStats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { author, authorIsGone } from './author.ts';
import { type FileLook, type FileSystem, NOT_A_FILE } from './file-system.ts';

const FILE_MODE = 0o644;
const EXECUTABLE_MODE = 0o755;
const DIRECTORY_MODE = 0o755;

/** So many bytes are asked for at once; most bodies are smaller. */
const READ_BYTES = 65_536;

const assertRegular = (stats: BigIntStats, path: string): void => {
  if (stats.isFile()) return;
  const code = stats.isDirectory() ? 'EISDIR' : NOT_A_FILE;
  throw Object.assign(new Error(`${code}: expected a regular file at ${path}`), { code });
};

const readAtMost = async (file: fs.FileHandle, bytesMax: number): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length <= bytesMax) {
    const piece = Buffer.allocUnsafe(Math.min(READ_BYTES, bytesMax + 1 - length));
    const { bytesRead } = await file.read(piece, 0, piece.length, length);
    if (bytesRead === 0) break;
    pieces.push(piece.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(pieces, length);
};

/** Reads by one descriptor, so that content, owner and mode are those of one and the same file. */
const look = async (path: string, bytesMax: number, links: 'follow' | 'refuse'): Promise<FileLook> => {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (links === 'refuse' ? constants.O_NOFOLLOW : 0);
  const file = await fs.open(path, flags);
  try {
    const stats = await file.stat({ bigint: true });
    assertRegular(stats, path);
    return {
      bytes: await readAtMost(file, bytesMax),
      inode: stats.ino,
      modifiedNs: stats.mtimeNs,
      mode: Number(stats.mode) & 0o7777,
      uid: Number(stats.uid),
    };
  } finally {
    await file.close();
  }
};

const syncDirectory = async (path: string): Promise<void> => {
  const directory = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  author,
  authorIsGone,
  create: async (path, executable = false) => {
    const file = await fs.open(path, 'wx', executable ? EXECUTABLE_MODE : FILE_MODE);
    return {
      write: async (bytes) => {
        for (let written = 0; written < bytes.length;) {
          written += (await file.write(bytes, written)).bytesWritten;
        }
      },
      stampModified: (epochSeconds) => file.utimes(epochSeconds, epochSeconds),
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  look,
  // Opened when the first piece is asked for: a stream that nobody reads would hold its file, or fail with nobody listening.
  stream: async function* (path) {
    yield* createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>;
  },
  link: (existing, path) => fs.link(existing, path),
  symlink: (target, path) => fs.symlink(target, path),
  readLink: (path) => fs.readlink(path),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  makeDirectory: async (path) => {
    await fs.mkdir(path, DIRECTORY_MODE);
  },
  removeTree: (path) => fs.rm(path, { recursive: true, force: true }),
  list: async (path) =>
    (await fs.readdir(path, { withFileTypes: true })).map((entry) => ({
      name: entry.name,
      kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other',
    })),
  ageMs: async (path) => Date.now() - (await fs.lstat(path)).ctimeMs,
  syncDirectory,
};
