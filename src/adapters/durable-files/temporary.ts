import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { FileSystem } from './file-system.ts';

const TEMPORARY = /^\.(.+)\.([0-9a-f]{8}-[0-9a-f]{8}-\d+-\d+|unknown)\.[0-9a-f]{16}\.tmp$/;

/** A name beside `path` that nobody else has used or will use: hidden, and telling who made it (fault 41). */
export const temporaryPath = async (fs: FileSystem, path: string): Promise<string> =>
  join(dirname(path), `.${basename(path)}.${await fs.author()}.${randomBytes(8).toString('hex')}.tmp`);

/** Who made the temporary called `name`; nothing when it is no name of a temporary. */
export const authorOfTemporary = (name: string): string | undefined => TEMPORARY.exec(name)?.[2];

/**
 * A temporary whose author cannot be asked after, such as one of another container, is left alone for an hour: no write
 * takes a thousandth of that.
 */
const TEMPORARY_AGE_MS_MAX = 3_600_000;

/** Whether the temporary at `path` was left behind by someone who will not come back for it. */
export const isAbandoned = async (fs: FileSystem, path: string, author: string): Promise<boolean> =>
  (await fs.authorIsGone(author)) ?? (await fs.ageMs(path)) > TEMPORARY_AGE_MS_MAX;
