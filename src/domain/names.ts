/**
 * The names that everything else is keyed by, validated once where they enter (law S7): no separators, no `..`, no
 * percent-escapes, bounded length. A name that passed here is safe in a file path, an object key and a URL.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as Ord from 'fp-ts/lib/Ord.js';
import type * as t from 'io-ts';
import { decodeWith, type FieldError, refinedText } from './decoding.ts';

declare const nameBrand: unique symbol;
type Name<Kind extends string> = string & { readonly [nameBrand]: Kind };

/** One Chef Infra Server and its nodes; on the wire `chef_shard`. At most 64 of `A-Z a-z 0-9 _ -`. */
export type StackName = Name<'stack'>;
/** A Chef environment, such as `prod-1`. At most 64 of `A-Z a-z 0-9 _ -`: Chef allows no dot here. */
export type EnvironmentName = Name<'environment'>;
/** A machine under a stack, often its host name. At most 253 of `A-Z a-z 0-9 _ - .`. */
export type NodeName = Name<'node'>;
/** A version of an artifact or of a cookbook, such as `20250728.1753666491.0`. At most 128 of `A-Z a-z 0-9 _ - + .`. */
export type Version = Name<'version'>;
/** A cookbook, as Chef names it. At most 128 of `A-Z a-z 0-9 _ - .`, so never `__proto__` (fault 19). */
export type CookbookName = Name<'cookbook'>;
/** The name of a stage, a hold or a run request. At most 64 of `A-Z a-z 0-9 _ - .`. */
export type Slug = Name<'slug'>;
/** A cloud's availability zone, by name (`us-east-1a`) or id (`use1-az4`). At most 64 of `A-Z a-z 0-9 _ -`. */
export type ZoneId = Name<'zone'>;

const REFUSED = 0;
const LETTER_OR_DIGIT = 1;
const PUNCTUATION = 2;
const DOT = 3;

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** What each of the 128 characters of ASCII is to a name that allows `punctuation`; every other one is refused. */
const characterKinds = (punctuation: string): Uint8Array => {
  const kinds = new Uint8Array(128).fill(REFUSED);
  for (const character of LETTERS_AND_DIGITS) kinds[character.charCodeAt(0)] = LETTER_OR_DIGIT;
  for (const character of punctuation) kinds[character.charCodeAt(0)] = character === '.' ? DOT : PUNCTUATION;
  return kinds;
};

/**
 * Whether a text is a name, in one pass over its characters: every node of a fleet asks this of every cookbook and
 * version on a signal, and a regular expression with a second look for `..` takes half as long again.
 */
const namePredicate = (punctuation: string, lengthMax: number): ((text: string) => boolean) => {
  const kinds = characterKinds(punctuation);
  return (text) => {
    const { length } = text;
    if (length > lengthMax || kinds[text.charCodeAt(0)] !== LETTER_OR_DIGIT) return false;
    let previous = LETTER_OR_DIGIT;
    for (let i = 1; i < length; i++) {
      const kind = kinds[text.charCodeAt(i)] ?? REFUSED;
      if (kind === REFUSED || (kind === DOT && previous === DOT)) return false;
      previous = kind;
    }
    return true;
  };
};

const nameCodec = <Kind extends string>(kind: Kind, punctuation: string, lengthMax: number) =>
  refinedText<Name<Kind>>(
    kind,
    `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind} name: 1 to ${lengthMax} of A-Z a-z 0-9 ${Array.from(punctuation).join(' ')}, starting with a letter or digit, without ".."`,
    namePredicate(punctuation, lengthMax),
  );

/** Reads and writes a {@link StackName}. */
export const StackName: t.Type<StackName, string> = nameCodec('stack', '_-', 64);
/** Reads and writes an {@link EnvironmentName}. */
export const EnvironmentName: t.Type<EnvironmentName, string> = nameCodec('environment', '_-', 64);
/** Reads and writes a {@link NodeName}. */
export const NodeName: t.Type<NodeName, string> = nameCodec('node', '_-.', 253);
/** Reads and writes a {@link Version}. */
export const Version: t.Type<Version, string> = nameCodec('version', '_-+.', 128);
/** Reads and writes a {@link CookbookName}. */
export const CookbookName: t.Type<CookbookName, string> = nameCodec('cookbook', '_-.', 128);
/** Reads and writes a {@link Slug}. */
export const Slug: t.Type<Slug, string> = nameCodec('slug', '_-.', 64);
/** Reads and writes a {@link ZoneId}. */
export const ZoneId: t.Type<ZoneId, string> = nameCodec('zone', '_-', 64);

/** Reads a name that comes from a person; the error is one line that says what a name of its kind looks like. */
export const parseName =
  <A extends string>(codec: t.Type<A, string>) =>
  (text: string): E.Either<string, A> =>
    E.mapLeft((errors: readonly FieldError[]) =>
      errors.map(({ expected, got }) => `expected ${expected}, got ${got}`).join('; '),
    )(decodeWith(codec)(text));

/**
 * Takes text that the program itself wrote down as a name.
 *
 * @throws TypeError when it is none: a programming error. What comes from outside goes through {@link parseName}.
 */
export const nameFromLiteral =
  <A extends string>(codec: t.Type<A, string>) =>
  (text: string): A => {
    const parsed = parseName(codec)(text);
    if (E.isLeft(parsed)) throw new TypeError(parsed.left);
    return parsed.right;
  };

const DIGITS = /^\d+$/;

const compareText = (a: string, b: string): -1 | 0 | 1 => (a < b ? -1 : a > b ? 1 : 0);

/** Compares two runs of digits as whole numbers of any length, without a float that would make large ones equal. */
const compareDigits = (a: string, b: string): -1 | 0 | 1 => {
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  return left.length === right.length ? compareText(left, right) : left.length < right.length ? -1 : 1;
};

const compareSegments = (a: string, b: string): -1 | 0 | 1 => {
  const [aIsNumber, bIsNumber] = [DIGITS.test(a), DIGITS.test(b)];
  if (aIsNumber && bIsNumber) return compareDigits(a, b);
  return aIsNumber ? -1 : bIsNumber ? 1 : compareText(a, b);
};

/**
 * Compares versions segment by segment, numbers as numbers: `1.10.0` is newer than `1.9.0`, and
 * `20250728.1753666491.0` is not the float it looks like. A missing segment is older than any; a number is older than
 * text.
 */
export const compareVersions = (a: Version, b: Version): -1 | 0 | 1 => {
  if (a === b) return 0;
  const [left, right] = [a.split(/[.+_-]/), b.split(/[.+_-]/)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i], right[i]];
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    const order = compareSegments(x, y);
    if (order !== 0) return order;
  }
  // Segment for segment the same but written otherwise (`1.0` and `1.00`): still two versions, in a fixed order.
  return compareText(a, b);
};

/** The order of versions as an fp-ts instance, the newest last. */
export const ordVersion: Ord.Ord<Version> = Ord.fromCompare(compareVersions);
