/**
 * What every document that comes from outside is read with: codecs for the primitives that io-ts is too forgiving
 * about, and errors that name the field, what was expected there and what stood there.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';

/** One thing wrong with a document: `field` is the path to it, such as `ManifestRecord.ttl`, or empty for the whole. */
export interface FieldError {
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

const GOT_LENGTH_MAX = 60;

/** Says what `value` is, in a few words and never more than a line, so that a hostile value cannot flood a log. */
export const describeValue = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') {
    const short = value.length > GOT_LENGTH_MAX ? `${value.slice(0, GOT_LENGTH_MAX)}…` : value;
    return JSON.stringify(short);
  }
  return String(value);
};

/** `field: expected X, got Y`, on one line. */
export const formatFieldError = ({ field, expected, got }: FieldError): string =>
  `${field === '' ? 'document' : field}: expected ${expected}, got ${got}`;

/** All of `errors` in one line, for a log or a refusal. */
export const formatFieldErrors = (errors: readonly FieldError[]): string => errors.map(formatFieldError).join('; ');

/** At most so many errors are reported of one document; after those the rest says nothing new. */
const ERRORS_MAX = 20;

/** The path to where `context` stands. A member of an intersection is no field: io-ts numbers them, people do not. */
const pathOf = (context: t.Context): string =>
  context
    .filter(({ key }, i) => key !== '' && !(context[i - 1]?.type instanceof t.IntersectionType))
    .map(({ key }) => key)
    .join('.');

const fieldError = (error: t.ValidationError): FieldError => {
  const last = error.context.at(-1);
  return {
    field: pathOf(error.context),
    expected: error.message ?? last?.type.name ?? 'a valid value',
    got: describeValue(error.value),
  };
};

/** Decodes `value` with `codec`, turning io-ts's errors into {@link FieldError}s. Never throws. */
export const decodeWith =
  <A, O>(codec: t.Type<A, O>) =>
  (value: unknown): E.Either<readonly FieldError[], A> => {
    const result = codec.decode(value);
    return E.isRight(result) ? result : E.left(result.left.slice(0, ERRORS_MAX).map(fieldError));
  };

/**
 * Parses `text` as JSON and decodes it with `codec`.
 *
 * A byte order mark is refused by name: `JSON.parse` would refuse it too, but in words that help nobody.
 */
export const decodeJsonWith =
  <A, O>(codec: t.Type<A, O>) =>
  (text: string): E.Either<readonly FieldError[], A> => {
    if (text.charCodeAt(0) === 0xfeff) {
      return E.left([{ field: '', expected: 'JSON without a byte order mark', got: 'a byte order mark' }]);
    }
    const parsed = E.tryCatch(
      (): unknown => JSON.parse(text),
      (): readonly FieldError[] => [
        { field: '', expected: 'JSON', got: text === '' ? 'nothing' : describeValue(text) },
      ],
    );
    return E.chain(decodeWith(codec))(parsed);
  };

/** A codec that accepts what `refine` accepts, its error saying `expected`; it encodes to what it read. */
export const refinedText = <A extends string>(
  name: string,
  expected: string,
  refine: (text: string) => boolean,
): t.Type<A, string> =>
  new t.Type<A, string>(
    name,
    (u): u is A => typeof u === 'string' && refine(u),
    (u, context) =>
      typeof u === 'string' && refine(u) ? t.success(u as A) : t.failure(u, context, expected),
    (a) => a,
  );

/** Text that is bounded in length and free of control characters; `lengthMax` counts UTF-16 code units. */
export const boundedText = (name: string, lengthMax: number): t.Type<string> =>
  refinedText(
    name,
    `text of at most ${lengthMax} characters without control characters`,
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    (text) => text.length <= lengthMax && !/[\u0000-\u001f\u007f]/.test(text),
  );

/**
 * An integer from `min` to `max`. io-ts's own `t.number` admits `NaN`, `Infinity` and fractions, and `1e999` is
 * `Infinity` once parsed.
 */
export const boundedInteger = (name: string, min: number, max: number): t.Type<number> => {
  const is = (u: unknown): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u >= min && u <= max;
  return new t.Type<number>(
    name,
    is,
    (u, context) => (is(u) ? t.success(u) : t.failure(u, context, `an integer from ${min} to ${max}`)),
    (a) => a,
  );
};
