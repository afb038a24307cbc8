/**
 * Where a bus or a store is: a directory, or a prefix of a bucket, as one text.
 *
 * @module
 */
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';

/** Where a bus or a store is. */
export type Place =
  | { readonly _tag: 'Files'; readonly path: string }
  /** `prefix` is empty, or names joined by `/`. */
  | { readonly _tag: 'S3'; readonly bucket: string; readonly prefix: string }
  | { readonly _tag: 'Gcs'; readonly bucket: string; readonly prefix: string };

/** Two letters at least: a single one is a drive. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i;

const isFileUrl = (text: string): boolean =>
  text.startsWith('file:') && E.isRight(E.tryCatch(() => fileURLToPath(text), E.toError));

/** Whether `text` is a path, or a `file:` URL of this machine; a path that begins as a URL does is written `./so:so`. */
export const isPath = (text: string): boolean =>
  text.length > 0 && !text.includes('\0') && (!SCHEME.test(text) || isFileUrl(text));

const EXPECTED = 'a path, a file: URL, s3://bucket/prefix or gs://bucket/prefix (a path with a colon: ./so:so)';

const BUCKETS = { 's3:': 'S3', 'gs:': 'Gcs' } as const;

/** Reads a place; the error says what was expected. What a bucket may be called is its adapter's to know. */
export const parsePlace = (text: string): E.Either<string, Place> => {
  const [, scheme, bucket = '', prefix = ''] = /^(s3:|gs:)\/\/([^/]+)(?:\/(.*?))?\/?$/.exec(text) ?? [];
  if (scheme === 's3:' || scheme === 'gs:') return E.right({ _tag: BUCKETS[scheme], bucket, prefix });
  return isPath(text) ? E.right({ _tag: 'Files', path: text }) : E.left(EXPECTED);
};

/** Writes a place as people do. */
export const formatPlace = (place: Place): string => {
  if (place._tag === 'Files') return place.path;
  const { bucket, prefix } = place;
  return [place._tag === 'S3' ? 's3:/' : 'gs:/', bucket, ...(prefix === '' ? [] : [prefix])].join('/');
};

/** The place that is called `name` in `place`. */
export const placeBelow = (place: Place, name: string): Place => {
  if (place._tag === 'Files') return { ...place, path: `${place.path}/${name}` };
  return { ...place, prefix: place.prefix === '' ? name : `${place.prefix}/${name}` };
};

/** Reads and writes a {@link Place}. */
export const Place: t.Type<Place, string> = new t.Type<Place, string>(
  'place',
  (u): u is Place => typeof u === 'object' && u !== null && '_tag' in u,
  (u, context) => {
    const parsed = parsePlace(typeof u === 'string' ? u : '');
    return E.isRight(parsed) ? t.success(parsed.right) : t.failure(u, context, parsed.left);
  },
  formatPlace,
);
