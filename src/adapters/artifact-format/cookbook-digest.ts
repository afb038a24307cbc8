import { createHash } from 'node:crypto';

/**
 * One digest for all files of a cookbook: by it an upload tells that the same name and version holds other bytes (law
 * L7). Modes and times are not part of it, as they are none of a cookbook on a Chef Infra Server.
 *
 * @param sha256ByFile - SHA-256 of each file, hexadecimal, under its path inside the cookbook.
 */
export const cookbookDigest = (sha256ByFile: ReadonlyMap<string, string>): string => {
  const digest = createHash('sha256');
  for (const file of [...sha256ByFile.keys()].sort()) digest.update(`${file}\0${sha256ByFile.get(file) ?? ''}\n`);
  return digest.digest('hex');
};
