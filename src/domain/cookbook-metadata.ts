/**
 * What a cookbook says of itself, in `metadata.json` or in `metadata.rb`. The latter is a program: only what it states
 * literally can be read without running it.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { decodeJsonWith, describeValue, fields, formatFieldErrors, refinedText } from './decoding.ts';
import { CookbookName, type Version } from './names.ts';

/** Whether `text` is a version that a Chef Infra Server knows for a cookbook: `x.y` or `x.y.z`, each a whole number. */
export const isCookbookVersion = (text: string): boolean => /^\d{1,19}\.\d{1,19}(\.\d{1,19})?$/.test(text);

/** A cookbook's version, as Chef has it. */
export const CookbookVersion: t.Type<Version, string> = refinedText<Version>(
  'cookbook version',
  'a cookbook version x.y or x.y.z, each a whole number',
  isCookbookVersion,
);

/** The files in which a cookbook may describe itself; where both are there, Chef reads the first. */
export const METADATA_FILES = ['metadata.json', 'metadata.rb'] as const;

/** One of {@link METADATA_FILES}. */
export type MetadataFile = (typeof METADATA_FILES)[number];

/** What is read of a cookbook's metadata. */
export interface CookbookMetadata {
  /** Absent: it is called as its directory is. */
  readonly name: CookbookName | undefined;
  readonly version: Version;
}

const decodeJson = decodeJsonWith(fields('metadata', { version: CookbookVersion }, { name: CookbookName }));

const readJson = (text: string): E.Either<string, CookbookMetadata> =>
  E.bimap(
    formatFieldErrors,
    ({ name, version }: { readonly name?: CookbookName; readonly version: Version }): CookbookMetadata => ({
      name,
      version,
    }),
  )(decodeJson(text));

/** A line such as `version '1.2.3'`, in either kind of quotes, with brackets or a comment. */
const STATEMENT = /^([ \t]*(name|version)\b[ \t]*\(?[ \t]*)(['"])([^'"\\#\n]*)\3(?=[ \t]*\)?[ \t]*(?:#.*)?\r?$)/gm;

/** A line that begins to state the version, in whatever way. */
const VERSION_LINES = /^[ \t]*version\b/gm;

const GIVE_JSON = 'state it literally on one line, or add a metadata.json (knife cookbook metadata from file)';

const only = <A>(values: readonly A[]): A | undefined => (values.length === 1 ? values[0] : undefined);

const readRuby = (text: string): E.Either<string, CookbookMetadata> => {
  const stated = [...text.matchAll(STATEMENT)].map(([, , field, , value = '']) => ({ field, value }));
  const version = only(stated.filter(({ field }) => field === 'version'))?.value;
  const lines = [...text.matchAll(VERSION_LINES)].length;
  if (version === undefined || lines !== 1) {
    return E.left(
      `version: expected a line such as version '1.2.3', got ${lines === 1 ? 'another' : lines}; ${GIVE_JSON}`,
    );
  }
  if (!CookbookVersion.is(version)) {
    return E.left(`version: expected ${CookbookVersion.name} x.y or x.y.z, got ${describeValue(version)}`);
  }
  const name = only(stated.filter(({ field }) => field === 'name'))?.value;
  if (name !== undefined && !CookbookName.is(name)) {
    return E.left(`name: expected a cookbook name of A-Z a-z 0-9 _ - ., got ${describeValue(name)}`);
  }
  return E.right({ name, version });
};

/** Reads the metadata in `file`; the error names the field, what was expected, what came and the way out. */
export const readCookbookMetadata = (file: MetadataFile, text: string): E.Either<string, CookbookMetadata> =>
  file === 'metadata.json' ? readJson(text) : readRuby(text);

/**
 * The metadata in `file` with `version` in the place of its own: how the fleet's own cookbooks come to bear the version of
 * their artifact. Only for text that {@link readCookbookMetadata} reads; all else in it stays.
 */
export const withCookbookVersion = (file: MetadataFile, text: string, version: Version): string => {
  if (file === 'metadata.json') return `${JSON.stringify({ ...(JSON.parse(text) as object), version }, null, 2)}\n`;
  return text.replace(STATEMENT, (whole: string, before: string, field: string, quote: string) =>
    field === 'version' ? `${before}${quote}${version}${quote}` : whole,
  );
};
