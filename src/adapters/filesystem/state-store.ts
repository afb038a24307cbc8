import { dirname, join } from 'node:path';
import { geteuid } from 'node:process';
import type { StateReading, StateStore } from '../../ports/state-store.ts';
import {
  describeFailure,
  errnoOf,
  type FileLook,
  type FileSystem,
  nodeFileSystem,
  NOT_A_FILE,
} from '../durable-files/index.ts';
import { assertDocumentKey, bodyFault, readBody, revisionOf, STATE_BYTES_MAX } from '../text-body/index.ts';
import { sharedFiles } from './shared-files.ts';

const WRITABLE_BY_OTHERS = 0o022;

/** Why a file is not to be trusted, whatever it says: others than root and ourselves may have written it (fault 44). */
const distrust = ({ mode, uid }: FileLook): string | undefined => {
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    return `expected a file that only its owner may write, got mode ${mode.toString(8)}; look who wrote it, then chmod 644 or remove it`;
  }
  const self = geteuid?.();
  return self === undefined || uid === self || uid === 0
    ? undefined
    : `expected a file of user ${self} or root, got one of user ${uid}; look who wrote it, then chown or remove it`;
};

const failedReading = (path: string, error: unknown): StateReading => {
  const detail = describeFailure('read', path, error);
  const errno = errnoOf(error) ?? '';
  if (['ENOENT', 'ENOTDIR'].includes(errno)) return { _tag: 'Missing' };
  return { _tag: ['ELOOP', 'EISDIR', NOT_A_FILE].includes(errno) ? 'Refused' : 'Unavailable', detail };
};

/**
 * A state store of files: the document under `a/b.json` is `<root>/a/b.json`, which any program may read, and its
 * revision is what `sha256sum` prints for it. Writers in any number of processes on this machine see each other's writes
 * or conflict with them; what is written survives a crash and a power loss, whole. A symbolic link, a file that others may
 * write, and one that is not UTF-8 or larger than {@link STATE_BYTES_MAX} are refused and never overwritten.
 *
 * `root` must lie on a local file system with hard and symbolic links. It is made when it is missing.
 */
export const filesystemStateStore = (root: string, fileSystem: FileSystem = nodeFileSystem): StateStore => {
  const limits = { bytesMax: STATE_BYTES_MAX, links: 'refuse' } as const;
  const files = sharedFiles(fileSystem, limits);

  const read = async (path: string): Promise<StateReading> => {
    try {
      const look = await fileSystem.look(path, limits.bytesMax, limits.links);
      const body = readBody(look.bytes, limits.bytesMax);
      const fault = distrust(look) ?? ('fault' in body ? body.fault : undefined);
      if (fault !== undefined) return { _tag: 'Refused', detail: `${path}: ${fault}` };
      return { _tag: 'Found', body: 'text' in body ? body.text : '', revision: revisionOf(look.bytes) };
    } catch (error) {
      return failedReading(path, error);
    }
  };

  return {
    read: async (key) => {
      assertDocumentKey(key);
      const path = join(root, key);
      await files.settle(dirname(path));
      return read(path);
    },
    write: async (key, body, expected) => {
      assertDocumentKey(key);
      const path = join(root, key);
      const fault = bodyFault(body, limits.bytesMax);
      if (fault !== undefined) return { _tag: 'Unknown', detail: `${path}: ${fault}` };
      if ((await read(path))._tag === 'Refused') return { _tag: 'Conflict' };
      return files.write(path, Buffer.from(body), expected);
    },
  };
};
