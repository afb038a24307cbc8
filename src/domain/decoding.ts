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

/** What `JSON.stringify` leaves as it is although it ends a line or steers a terminal: DEL, the C1 controls, U+2028 … */
const UNESCAPED_CONTROLS = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

const quote = (text: string): string =>
  JSON.stringify(text).replace(
    UNESCAPED_CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * Says what `value` is, in a few words and never more than a line, so that a hostile value can neither flood a log nor
 * steer the terminal that shows it.
 */
export const describeValue = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') {
    return quote(value.length > GOT_LENGTH_MAX ? `${value.slice(0, GOT_LENGTH_MAX)}…` : value);
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return `a ${typeof value}`;
};

/** `field: expected X, got Y`, on one line. */
export const formatFieldError = ({ field, expected, got }: FieldError): string =>
  `${field === '' ? 'document' : field}: expected ${expected}, got ${got}`;

/** All of `errors` in one line, for a log or a refusal. */
export const formatFieldErrors = (errors: readonly FieldError[]): string => errors.map(formatFieldError).join('; ');

/** At most so many errors are reported of one document; after those the rest says nothing new. */
const ERRORS_MAX = 20;

const PLAIN_KEY = /^[\w.+-]{1,128}$/;

/**
 * The path to where `context` stands. io-ts numbers the members of an intersection or a union as if they were fields;
 * they stand for the very value they are members of, and people do not number them.
 */
const pathOf = (context: t.Context): string =>
  context
    .filter(({ actual }, i) => i > 0 && actual !== context[i - 1]?.actual)
    .map(({ key }) => (PLAIN_KEY.test(key) ? key : describeValue(key)))
    .join('.');

const fieldError = (error: t.ValidationError): FieldError => {
  const last = error.context.at(-1);
  return {
    field: pathOf(error.context),
    expected: error.message ?? last?.type.name ?? 'a valid value',
    got: describeValue(error.value),
  };
};

/** A fault that no single field shows: where it stands, what was expected there, what was found. */
export interface DocumentFault {
  /** From the document's root to the field. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly expected: string;
}

/** A fault of the document `u` as io-ts has its errors, with what really stands at each place on the way to it. */
export const errorAt =
  (u: unknown, context: t.Context) =>
  ({ path, value, expected }: DocumentFault): t.ValidationError => {
    let actual = u;
    let inner = context;
    for (const key of path) {
      actual = Array.isArray(actual) ? actual[Number(key)] : isRecord(actual) ? actual[String(key)] : undefined;
      inner = t.appendContext(inner, String(key), t.unknown, actual);
    }
    return { value, context: inner, message: expected };
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
    (u, context) => (typeof u === 'string' && refine(u) ? t.success(u as A) : t.failure(u, context, expected)),
    t.identity,
  );

/** Text that is bounded in length and free of control characters; `lengthMax` counts UTF-16 code units. */
export const boundedText = (name: string, lengthMax: number): t.Type<string> =>
  refinedText(
    name,
    `text of at most ${lengthMax} characters without control characters`,
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    (text) => text.length <= lengthMax && !/[\u0000-\u001f\u007f-\u009f]/.test(text),
  );

/**
 * An integer from `min` to `max`. io-ts's own `t.number` admits `NaN`, `Infinity` and fractions, and `1e999` is
 * `Infinity` once parsed. `-0`, which JSON can write, is refused with the other negatives: it would come back as `0`.
 */
export const boundedInteger = (name: string, min: number, max: number): t.Type<number> => {
  const is = (u: unknown): u is number =>
    typeof u === 'number' && Number.isSafeInteger(u) && u >= min && u <= max && !Object.is(u, -0);
  return new t.Type<number>(
    name,
    is,
    (u, context) => (is(u) ? t.success(u) : t.failure(u, context, `an integer from ${min} to ${max}`)),
    t.identity,
  );
};

/** Whether `u` is an object with fields, as a JSON object is: neither null nor a list. */
export const isRecord = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === 'object' && u !== null && !Array.isArray(u);

/**
 * An object with the fields of `required`, and those of `optional` that are there; whatever else stands in it is
 * neither looked at nor kept.
 *
 * It stands in for `t.intersection([t.type(…), t.partial(…)])`, which copies every key of a document into a new object.
 * An own `__proto__` becomes that object's prototype, and what a hostile document hides behind it is then read as
 * fields that nobody validated (fault 19).
 */
export const fields = <R extends t.Props, P extends t.Props>(
  name: string,
  required: R,
  optional: P,
): t.Type<t.TypeOfProps<R> & t.TypeOfPartialProps<P>, t.OutputOfProps<R> & t.OutputOfPartialProps<P>> => {
  type A = t.TypeOfProps<R> & t.TypeOfPartialProps<P>;
  type O = t.OutputOfProps<R> & t.OutputOfPartialProps<P>;
  const known = [
    ...Object.entries(required).map(([key, codec]) => ({ key, codec, mayBeAbsent: false })),
    ...Object.entries(optional).map(([key, codec]) => ({ key, codec, mayBeAbsent: true })),
  ];
  return new t.Type<A, O>(
    name,
    (u): u is A => {
      if (!isRecord(u)) return false;
      for (const { key, codec, mayBeAbsent } of known) {
        const value = u[key];
        if (!(mayBeAbsent && value === undefined) && !codec.is(value)) return false;
      }
      return true;
    },
    (u, context) => {
      if (!isRecord(u)) return t.failure(u, context, 'an object');
      const decoded: Record<string, unknown> = {};
      const errors: t.Errors = [];
      for (const { key, codec, mayBeAbsent } of known) {
        const value = u[key];
        if (mayBeAbsent && value === undefined) continue;
        const result = codec.validate(value, t.appendContext(context, key, codec, value));
        if (E.isRight(result)) decoded[key] = result.right;
        else for (const error of result.left) errors.push(error);
      }
      return errors.length === 0 ? t.success(decoded as A) : t.failures(errors);
    },
    (a) => {
      const encoded: Record<string, unknown> = {};
      for (const { key, codec, mayBeAbsent } of known) {
        if (!(mayBeAbsent && a[key] === undefined)) encoded[key] = codec.encode(a[key]);
      }
      return encoded as O;
    },
  );
};

/**
 * `codec`, asked whether before it is asked why: a good document is accepted by its guard, which allocates nothing, and
 * only a bad one pays for the paths of its errors. For codecs that convert nothing; what is accepted is returned as it
 * stands, unknown fields included.
 */
export const guardFirst = <A, O>(codec: t.Type<A, O>): t.Type<A, O> =>
  new t.Type<A, O>(
    codec.name,
    codec.is,
    (u, context) => (codec.is(u) ? t.success(u) : codec.validate(u, context)),
    codec.encode,
  );
