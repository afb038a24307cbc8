/**
 * A cookbook as the server keeps it: a document that names its files by their MD5.
 *
 * @module
 */
import { isRecord } from '../../domain/decoding.ts';
import type { CookbookName, Version } from '../../domain/names.ts';
import type { Metadata } from './cookbook-metadata.ts';

/** MD5 in hexadecimal by path inside the cookbook. */
export type Checksums = ReadonlyMap<string, string>;

/** A cookbook at a version of three numbers, which is how the server has them all. */
export interface CookbookId {
  readonly name: CookbookName;
  readonly version: Version;
}

/** Where the server keeps a cookbook. */
export const cookbookPath = ({ name, version }: CookbookId): string => `/cookbooks/${name}/${version}`;

interface FileRecord {
  readonly name: string;
  readonly path: string;
  readonly checksum: string;
  readonly specificity: string;
}

/** For which platform or host a file or template is, by the directory it lies in: Chef's rule. */
const specificityOf = (segments: readonly string[]): string => {
  const [segment, second] = segments;
  if (segments.length === 1 || (segment !== 'files' && segment !== 'templates')) return 'default';
  return segments.length === 2 ? 'root_default' : (second ?? 'default');
};

const recordOf = (path: string, checksum: string): FileRecord => {
  const segments = path.split('/');
  const [first = ''] = segments;
  const name = segments.length === 1 ? `root_files/${path}` : `${first}/${segments.at(-1) ?? ''}`;
  return { name, path, checksum, specificity: specificityOf(segments) };
};

/** The directories that the API knew by name before version 2; all else went with the files at the root. */
const SEGMENTS = [
  'attributes',
  'definitions',
  'files',
  'libraries',
  'providers',
  'recipes',
  'resources',
  'root_files',
  'templates',
] as const;

const inSegments = (records: readonly FileRecord[]): Readonly<Record<string, readonly FileRecord[]>> => {
  const bySegment = new Map<string, FileRecord[]>(SEGMENTS.map((segment) => [segment, []]));
  for (const record of records) {
    const [segment = '', name = ''] = record.name.split('/');
    const known = bySegment.get(segment);
    if (known !== undefined) known.push({ ...record, name });
    else bySegment.get('root_files')?.push({ ...record, name: record.path });
  }
  return Object.fromEntries(bySegment);
};

/** The document of a cookbook that nobody may change any more, in the form of that version of the API. */
export const cookbookDocument = (
  { name, version }: CookbookId,
  metadata: Metadata,
  checksums: Checksums,
  apiVersion: number,
): string => {
  const records = [...checksums].map(([path, checksum]) => recordOf(path, checksum));
  return JSON.stringify({
    name: `${name}-${version}`,
    cookbook_name: name,
    version,
    chef_type: 'cookbook_version',
    json_class: 'Chef::CookbookVersion',
    'frozen?': true,
    metadata,
    ...(apiVersion >= 2 ? { all_files: records } : inSegments(records)),
  });
};

/** What matters of a cookbook that is on the server. */
export interface StoredCookbook {
  readonly checksums: Checksums;
  /** Whether the server refuses to change it. */
  readonly isFrozen: boolean;
}

/** Reads a document of any version of the API; nothing when it is none. */
export const readCookbookDocument = (text: string): StoredCookbook | undefined => {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) return undefined;
  const checksums = new Map<string, string>();
  for (const list of ['all_files', ...SEGMENTS].map((segment) => value[segment] ?? [])) {
    if (!Array.isArray(list)) return undefined;
    for (const file of list as readonly unknown[]) {
      if (!isRecord(file) || typeof file['path'] !== 'string' || typeof file['checksum'] !== 'string') return undefined;
      checksums.set(file['path'], file['checksum'].toLowerCase());
    }
  }
  return { checksums, isFrozen: value['frozen?'] === true };
};

/** Whether two cookbooks hold the same bytes. */
export const areSameFiles = (a: Checksums, b: Checksums): boolean =>
  a.size === b.size && [...a].every(([path, checksum]) => b.get(path) === checksum);
