import { formatWithOptions } from 'node:util';

/** The errno of `error`, such as `ENOSPC`; nothing when it is not the system's. */
export const errnoOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
};

/** Runs `attempt`; an error with one of `codes` is the answer `undefined`, any other is thrown on. */
export const unlessErrno = async <A>(codes: readonly string[], attempt: () => Promise<A>): Promise<A | undefined> => {
  try {
    return await attempt();
  } catch (error) {
    if (codes.includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
};

const WAYS_OUT: Readonly<Record<string, string>> = {
  EACCES: 'give this user access',
  EDQUOT: 'free space or raise the quota',
  EIO: 'check the disk',
  ELOOP: 'put a file in place of the symbolic link',
  EMFILE: 'raise the limit on open files',
  ENFILE: 'raise the limit on open files',
  ENOSPC: 'free space on this file system',
  ENOTDIR: 'a file stands where a directory is needed; move it away',
  EPERM: 'give this user access, on a file system with hard and symbolic links',
  EROFS: 'remount the file system for writing',
};

const MESSAGE_LENGTH_MAX = 300;

/** One line about a failed operation: what was done to which path, the system's own words, and the way out. */
export const describeFailure = (operation: string, path: string, error: unknown): string => {
  const message = error instanceof Error ? error.message : formatWithOptions({ depth: 1 }, error);
  const line = message.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_LENGTH_MAX);
  const code = errnoOf(error);
  const named = code === undefined || line.includes(code) ? line : `${code}: ${line}`;
  const wayOut = code === undefined ? undefined : WAYS_OUT[code];
  return `${operation} ${path}: ${named}${wayOut === undefined ? '' : `; ${wayOut}`}`;
};
