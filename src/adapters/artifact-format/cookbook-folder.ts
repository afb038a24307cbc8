import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import {
  type CookbookMetadata,
  METADATA_FILES,
  type MetadataFile,
  readCookbookMetadata,
} from '../../domain/cookbook-metadata.ts';
import type { CookbookVersions } from '../../domain/manifest.ts';
import { CookbookName, type Version } from '../../domain/names.ts';
import { textOfBytes } from '../text-body/index.ts';
import type { CookbookFolder } from './artifact-path.ts';

/** What is wrong with a folder that an artifact is to be built from. */
export class BadFolder extends Error {}

/** What an error says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The largest metadata file that is read, in bytes: 1 MiB. */
const METADATA_BYTES_MAX = 1_048_576;

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** The text of `file`; nothing when there is no such file. */
const textAt = async (file: string): Promise<string | undefined> => {
  const handle = await open(file).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(METADATA_BYTES_MAX + 1), 0, METADATA_BYTES_MAX + 1, 0);
    const text = bytesRead > METADATA_BYTES_MAX ? undefined : textOfBytes(buffer.subarray(0, bytesRead));
    if (text === undefined) throw new Error(`expected UTF-8 of at most ${METADATA_BYTES_MAX} bytes`);
    return text;
  } finally {
    await handle.close();
  }
};

/** A cookbook's metadata: the file that Chef would read, its text, and what that says. */
export interface ReadCookbook {
  readonly file: MetadataFile;
  readonly text: string;
  readonly metadata: CookbookMetadata;
}

/**
 * Reads the metadata of `<directory>/<folder>/<name>`.
 *
 * @throws BadFolder naming the file and the way out.
 */
export const readCookbook = async (directory: string, folder: CookbookFolder, name: string): Promise<ReadCookbook> => {
  const path = `${folder}/${name}`;
  for (const file of METADATA_FILES) {
    const text = await textAt(join(directory, folder, name, file)).catch((error: unknown) => {
      throw new BadFolder(`${path}/${file}: ${messageOf(error)}`);
    });
    if (text === undefined) continue;
    const metadata = readCookbookMetadata(file, text);
    if (E.isLeft(metadata)) throw new BadFolder(`${path}/${file}: ${metadata.left}`);
    const called = metadata.right.name ?? name;
    if (called === name) return { file, text, metadata: metadata.right };
    throw new BadFolder(
      `${path}/${file}: name: expected ${name}, as the directory is called, got ${called}; rename one`,
    );
  }
  throw new BadFolder(`${path}: expected a cookbook with ${METADATA_FILES.join(' or ')}, got neither; add its version`);
};

/** The names of the cookbooks in a folder, sorted; nothing when there is no such folder. Files beside them are no cookbooks. */
const cookbookNames = async (directory: string, folder: CookbookFolder): Promise<readonly string[] | undefined> => {
  const entries = await readdir(join(directory, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw new BadFolder(`${folder}: expected a directory that this user may read: ${messageOf(error)}`);
  });
  if (entries === undefined) return undefined;
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.isFile()) continue;
    if (!entry.isDirectory()) {
      throw new BadFolder(
        `${folder}/${entry.name}: expected a directory, got a link or a device; put a copy in its place, or remove it`,
      );
    }
    if (!CookbookName.is(entry.name)) {
      throw new BadFolder(
        `${folder}/${JSON.stringify(entry.name)}: expected a cookbook name: A-Z a-z 0-9 _ - ., starting with a letter or digit; rename or remove it`,
      );
    }
    names.push(entry.name);
  }
  return names.sort();
};

/** What a folder holds. */
export interface SurveyedFolder {
  readonly cookbookVersions: CookbookVersions;
  readonly siteCookbookVersions: CookbookVersions;
}

/**
 * Looks at a folder of cookbooks: those from elsewhere in `cookbooks`, the fleet's own in `site-cookbooks`. What else is
 * there is not looked at.
 *
 * @throws BadFolder naming the file and the way out.
 */
export const surveyFolder = async (directory: string): Promise<SurveyedFolder> => {
  const [elsewhere, site] = [
    await cookbookNames(directory, 'cookbooks'),
    await cookbookNames(directory, 'site-cookbooks'),
  ];
  if ((elsewhere ?? []).length + (site ?? []).length === 0) {
    throw new BadFolder(
      `${directory}: expected cookbooks in cookbooks/<name> or site-cookbooks/<name>, got none; name the folder that holds these two`,
    );
  }
  const twice = elsewhere?.find((name) => site?.includes(name) === true);
  if (twice !== undefined) {
    throw new BadFolder(
      `cookbooks/${twice}, site-cookbooks/${twice}: expected a cookbook of this name once, got it twice; remove one`,
    );
  }
  const versions = async (folder: CookbookFolder, names: readonly string[] = []): Promise<CookbookVersions> => {
    const found: [string, Version][] = [];
    for (const name of names) found.push([name, (await readCookbook(directory, folder, name)).metadata.version]);
    return Object.fromEntries(found);
  };
  return {
    cookbookVersions: await versions('cookbooks', elsewhere),
    siteCookbookVersions: await versions('site-cookbooks', site),
  };
};
