import { join } from 'node:path';
import { SIGNAL_BYTES_MAX, signalPath } from '../../domain/signal.ts';
import type { SignalBus, SignalReading } from '../../ports/signal-bus.ts';
import { describeFailure, errnoOf, type FileSystem, nodeFileSystem, NOT_A_FILE } from '../durable-files/index.ts';
import { bodyFault, readBody, revisionOf } from '../text-body/index.ts';
import { sharedFiles } from './shared-files.ts';

const failedReading = (path: string, error: unknown): SignalReading => {
  const detail = describeFailure('read', path, error);
  const errno = errnoOf(error) ?? '';
  if (['ENOENT', 'ENOTDIR'].includes(errno)) return { _tag: 'Missing' };
  if (['EACCES', 'EPERM'].includes(errno)) return { _tag: 'Denied', detail };
  if (['EISDIR', NOT_A_FILE].includes(errno)) return { _tag: 'Malformed', detail, revision: undefined };
  return { _tag: 'Unavailable', detail };
};

/**
 * A signal bus of files: the signal of an environment is `<root>/chef-run-triggers/<stack>/<environment>`, which any
 * program may read, and its revision is what `sha256sum` prints for it. Writers in any number of processes on this
 * machine see each other's writes or conflict with them; what is written survives a crash and a power loss, whole.
 *
 * `root` must lie on a local file system with hard and symbolic links. It is made when it is missing.
 *
 * @example
 * ```ts
 * import { filesystemSignalBus } from 'signalbox/adapters/filesystem';
 *
 * const bus = filesystemSignalBus('/var/lib/signalbox/bus');
 * ```
 */
export const filesystemSignalBus = (root: string, fileSystem: FileSystem = nodeFileSystem): SignalBus => {
  const limits = { bytesMax: SIGNAL_BYTES_MAX, links: 'follow' } as const;
  const files = sharedFiles(fileSystem, limits);
  return {
    read: async (key, known) => {
      const path = join(root, signalPath(key));
      try {
        const { bytes } = await fileSystem.look(path, limits.bytesMax, limits.links);
        const revision = revisionOf(bytes);
        if (revision === known) return { _tag: 'Unchanged' };
        const body = readBody(bytes, limits.bytesMax);
        if ('fault' in body) return { _tag: 'Malformed', detail: `${path}: ${body.fault}`, revision };
        return { _tag: 'Fresh', body: body.text, revision };
      } catch (error) {
        return failedReading(path, error);
      }
    },
    write: async (key, body, expected) => {
      const path = join(root, signalPath(key));
      const fault = bodyFault(body, limits.bytesMax);
      if (fault !== undefined) return { _tag: 'Unknown', detail: `${path}: ${fault}` };
      return files.write(path, Buffer.from(body), expected);
    },
  };
};
