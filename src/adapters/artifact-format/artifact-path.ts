import * as E from 'fp-ts/lib/Either.js';
import { CookbookName, parseName } from '../../domain/names.ts';
import { BadTarball } from './tar-entries.ts';

/** The file in which an artifact carries its manifest. */
export const MANIFEST_FILE = 'manifest.json';

/** Where an artifact keeps cookbooks: those from elsewhere, and the fleet's own. */
export type CookbookFolder = 'cookbooks' | 'site-cookbooks';

/** What an entry of an artifact is, by its path. */
export type ArtifactPath =
  | { readonly _tag: 'Manifest' }
  /** A folder that holds cookbooks, or the artifact itself. */
  | { readonly _tag: 'Folder' }
  /** `file` is the path inside the cookbook, empty for its own directory. */
  | {
      readonly _tag: 'Cookbook';
      readonly folder: CookbookFolder;
      readonly cookbook: CookbookName;
      readonly file: string;
    };

const PATH_LENGTH_MAX = 1_024;
const SEGMENT_BYTES_MAX = 255;
const SEGMENTS_MAX = 32;

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f\\\ufffd]/;

const refuse = (path: string, expected: string): never => {
  const short = path.length > 120 ? `${path.slice(0, 120)}…` : path;
  throw new BadTarball(`${JSON.stringify(short)}: expected ${expected}`);
};

const segmentsOf = (path: string): readonly string[] => {
  if (path.length > PATH_LENGTH_MAX) return refuse(path, `a path of at most ${PATH_LENGTH_MAX} characters`);
  if (path.startsWith('/')) return refuse(path, 'a path inside the artifact, not an absolute one');
  if (UNSAFE.test(path)) return refuse(path, 'a path in UTF-8 without control characters and backslashes');
  const inside = path.replace(/^(\.\/)+/, '').replace(/\/$/, '');
  if (inside === '' || inside === '.') return [];
  const segments = inside.split('/');
  if (segments.includes('..')) return refuse(path, 'a path without ".."');
  if (segments.some((segment) => segment === '' || segment === '.')) {
    return refuse(path, 'a path without empty segments');
  }
  if (segments.length > SEGMENTS_MAX) return refuse(path, `at most ${SEGMENTS_MAX} directories deep`);
  if (segments.some((segment) => Buffer.byteLength(segment) > SEGMENT_BYTES_MAX)) {
    return refuse(path, `names of at most ${SEGMENT_BYTES_MAX} bytes`);
  }
  return segments;
};

/**
 * Checks the path of an entry (fault 70).
 *
 * @throws BadTarball when it leads out of the artifact, or is none of `manifest.json`, `cookbooks/<name>/…` and
 * `site-cookbooks/<name>/…`.
 */
export const artifactPath = (path: string): ArtifactPath => {
  const [folder, name, ...rest] = segmentsOf(path);
  if (folder === undefined) return { _tag: 'Folder' };
  if (folder === MANIFEST_FILE && name === undefined) return { _tag: 'Manifest' };
  if (folder !== 'cookbooks' && folder !== 'site-cookbooks') {
    return refuse(path, `${MANIFEST_FILE}, cookbooks/<name>/… or site-cookbooks/<name>/…`);
  }
  if (name === undefined) return { _tag: 'Folder' };
  const cookbook = parseName(CookbookName)(name);
  if (E.isLeft(cookbook)) return refuse(path, cookbook.left.replace(/^.*?expected /, ''));
  return { _tag: 'Cookbook', folder, cookbook: cookbook.right, file: rest.join('/') };
};
