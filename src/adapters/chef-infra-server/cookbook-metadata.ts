/**
 * A cookbook's metadata as the server keeps it, on which it solves dependencies. Chef's own tools run `metadata.rb` to make
 * it; here only what stands there literally can be read, and anything else is refused rather than lost.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { describeValue, isRecord } from '../../domain/decoding.ts';
import type { CookbookName, Version } from '../../domain/names.ts';

/** Metadata as a cookbook's document holds it. */
export type Metadata = Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };

/** The cookbook that the metadata is of, as the artifact's manifest has it. */
interface Identity {
  readonly name: CookbookName;
  /** Takes the place of the one that is stated: the server keeps the cookbook under it. */
  readonly version: Version;
}

const WAY_OUT = 'add a metadata.json (knife cookbook metadata from file)';

const isTextRecord = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((one) => typeof one === 'string');

const checkName = ({ name }: Identity, stated: unknown): E.Either<string, void> =>
  stated === undefined || stated === name
    ? E.right(undefined)
    : E.left(`name: expected ${name}, as the artifact lists it, got ${describeValue(stated)}`);

const fromJson = (identity: Identity, text: string): E.Either<string, Metadata> => {
  const parsed = E.tryCatch(
    (): unknown => JSON.parse(text),
    () => 'expected JSON, got something else',
  );
  if (E.isLeft(parsed)) return parsed;
  const stated = parsed.right;
  if (!isRecord(stated)) return E.left(`expected an object, got ${describeValue(stated)}`);
  const name = checkName(identity, stated['name']);
  if (E.isLeft(name)) return name;
  if (stated['dependencies'] !== undefined && !isTextRecord(stated['dependencies'])) {
    return E.left(
      `dependencies: expected an object of cookbook names and constraints, got ${describeValue(stated['dependencies'])}`,
    );
  }
  return E.right({ dependencies: {}, ...stated, ...identity });
};

const LITERAL = `'[^'\\\\\\n]*'|"[^"\\\\#\\n]*"`;

/** `depends 'apt'` or `depends 'apt', '~> 7.5'`, in either kind of quotes, with brackets or a comment. */
const DEPENDS = new RegExp(
  `^[ \\t]*depends\\b[ \\t]*\\(?[ \\t]*(${LITERAL})(?:[ \\t]*,[ \\t]*(${LITERAL}))?[ \\t]*\\)?[ \\t]*(?:#.*)?\\r?$`,
  'gm',
);

const NAME = new RegExp(`^[ \\t]*name\\b[ \\t]*\\(?[ \\t]*(${LITERAL})`, 'm');

const COMMENTS_AND_LITERALS = new RegExp(`${LITERAL}|#.*$`, 'gm');

const unquoted = (literal: string | undefined): string | undefined => literal?.slice(1, -1);

/** What Chef takes where a dependency names no version. */
const ANY_VERSION = '>= 0.0.0';

const fromRuby = (identity: Identity, text: string): E.Either<string, Metadata> => {
  const name = checkName(identity, unquoted(NAME.exec(text)?.[1]));
  if (E.isLeft(name)) return name;
  const depends = [...text.matchAll(DEPENDS)].map(
    ([, cookbook, constraint]) => [unquoted(cookbook) ?? '', unquoted(constraint) ?? ANY_VERSION] as const,
  );
  const statements = text.replace(COMMENTS_AND_LITERALS, '').match(/\bdepends\b/g)?.length ?? 0;
  if (statements !== depends.length) {
    return E.left(
      `depends: expected lines such as depends 'apt', '~> 7.5', got ${statements - depends.length} others, which only Ruby can read; ${WAY_OUT}`,
    );
  }
  return E.right({ ...identity, dependencies: Object.fromEntries(depends) });
};

/** Reads the text of `metadata.json` or `metadata.rb`; the error names the field, what was expected, and the way out. */
export const readMetadata = (
  file: 'metadata.json' | 'metadata.rb',
  identity: Identity,
  text: string,
): E.Either<string, Metadata> => (file === 'metadata.json' ? fromJson : fromRuby)(identity, text);
