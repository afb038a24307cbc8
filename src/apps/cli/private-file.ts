/**
 * Small files that a configuration names: keys, certificates and other secrets.
 *
 * @module
 */
import { open } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';

/** A key, a chain of certificates or an address is shorter, in bytes: 1 MiB. */
const FILE_BYTES_MAX = 1_048_576;

/** Others may not read a secret, and the group may not write it; one that is mounted for a group is readable to it. */
const SECRET_MODE_REFUSED = 0o027;

const read = async (path: string, modeRefused: number): Promise<E.Either<string, string>> => {
  try {
    const file = await open(path, 'r');
    try {
      const { mode, size } = await file.stat();
      if ((mode & modeRefused) !== 0) {
        const shown = (mode & 0o777).toString(8).padStart(4, '0');
        return E.left(
          `${path}: expected a file that only its owner and group can read, got mode ${shown}; chmod 0400 it`,
        );
      }
      return size > FILE_BYTES_MAX
        ? E.left(`${path}: expected at most ${FILE_BYTES_MAX} bytes, got ${size}`)
        : E.right(await file.readFile('utf8'));
    } finally {
      await file.close();
    }
  } catch (error) {
    return E.left(error instanceof Error ? error.message : String(error));
  }
};

/** Reads a file that anybody may know; the error is one line. */
export const readPublicFile = (path: string): Promise<E.Either<string, string>> => read(path, 0);

/** Reads a secret; a file that others than its owner and group can read is refused. The error is one line. */
export const readPrivateFile = (path: string): Promise<E.Either<string, string>> => read(path, SECRET_MODE_REFUSED);
