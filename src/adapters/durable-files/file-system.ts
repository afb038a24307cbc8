/** A file that is being made; nobody else knows its name yet. */
export interface NewFile {
  /** Appends all of `bytes`. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Sets when the file was last modified, in seconds since 1970, fractions included. */
  readonly stampModified: (epochSeconds: number) => Promise<void>;
  /** Makes the content durable. After a failure the content is lost, whatever a second call answers (fault 40). */
  readonly sync: () => Promise<void>;
  /** Lets go of the file, which says nothing of whether its content is durable. */
  readonly close: () => Promise<void>;
}

/** What one look at a regular file showed. */
export interface FileLook {
  /** The content, or one byte more than was asked for when the file is longer than that. */
  readonly bytes: Uint8Array;
  /** With {@link modifiedNs}, tells two files of the same content under one name apart. */
  readonly inode: bigint;
  /** When the file was last modified, in nanoseconds since 1970. */
  readonly modifiedNs: bigint;
  /** The permission bits. */
  readonly mode: number;
  /** The owner. */
  readonly uid: number;
}

/** One name in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
}

/**
 * The few file operations that everything durable here is made of, each atomic as POSIX has it, so that a test can put
 * another disk underneath: one that fills up, fails, loses power or lets other writers in between any two steps.
 *
 * What fails throws an error whose `code` is the errno (`ENOSPC`); a name that leads to something other than a regular
 * file where one is read throws `EISDIR`, or {@link NOT_A_FILE} for what is neither file nor directory.
 */
export interface FileSystem {
  /** Names this process among all that ever write to the disk; safe in a file name. */
  readonly author: () => Promise<string>;
  /** Whether that author is known to have ended: `undefined` when nobody here can tell. */
  readonly authorIsGone: (author: string) => Promise<boolean | undefined>;
  /** Creates a file that does not exist yet, else `EEXIST`; mode 644, or 755 when it is executable. */
  readonly create: (path: string, executable?: boolean) => Promise<NewFile>;
  /**
   * Reads a regular file, at most one byte more than `bytesMax`.
   *
   * @param links - `refuse` answers `ELOOP` where `path` is a symbolic link.
   */
  readonly look: (path: string, bytesMax: number, links: 'follow' | 'refuse') => Promise<FileLook>;
  /** The content of a regular file, piece by piece. */
  readonly stream: (path: string) => AsyncIterable<Uint8Array>;
  /** Gives the file at `existing` a second name; `EEXIST` when `path` is taken. */
  readonly link: (existing: string, path: string) => Promise<void>;
  /** Makes a symbolic link; `EEXIST` when `path` is taken. */
  readonly symlink: (target: string, path: string) => Promise<void>;
  /** Where a symbolic link leads; `EINVAL` when `path` is none. */
  readonly readLink: (path: string) => Promise<string>;
  /** Moves a file onto `to` whatever is there, or a directory onto nothing or an empty directory, else `ENOTEMPTY`. */
  readonly rename: (from: string, to: string) => Promise<void>;
  /** Removes a name that is no directory. */
  readonly unlink: (path: string) => Promise<void>;
  /** Makes one directory; `EEXIST` when `path` is taken. */
  readonly makeDirectory: (path: string) => Promise<void>;
  /** Removes `path` and all below it; nothing there is no failure. */
  readonly removeTree: (path: string) => Promise<void>;
  /** What a directory holds, in no particular order. */
  readonly list: (path: string) => Promise<readonly DirectoryEntry[]>;
  /** How long ago what is at `path` was made or last changed, in milliseconds by this machine's clock. */
  readonly ageMs: (path: string) => Promise<number>;
  /** Makes the names in a directory durable. */
  readonly syncDirectory: (path: string) => Promise<void>;
}

/** The `code` of an error about something that is neither a file nor a directory: a pipe, a socket, a device. */
export const NOT_A_FILE = 'ENOTREG';
