/**
 * Codecs for the fields that Signalbox's own documents share: instants as RFC 3339, maps as objects, what is absent as
 * null.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { isRecord } from './decoding.ts';
import {
  DURATION_MS_MAX,
  type EpochMs,
  formatDuration,
  formatInstant,
  formatTimestamp,
  parseDuration,
  parseInstant,
  parseTimestamp,
  type Timestamp,
} from './time.ts';

const textCodec = <A>(
  name: string,
  is: (u: unknown) => u is A,
  parse: (text: string) => E.Either<string, A>,
  format: (a: A) => string,
): t.Type<A, string> =>
  new t.Type<A, string>(
    name,
    is,
    (u, context) => {
      const parsed = typeof u === 'string' ? parse(u) : E.left(`${name} as text`);
      return E.isRight(parsed) ? t.success(parsed.right) : t.failure(u, context, parsed.left);
    },
    format,
  );

/** An instant, written as RFC 3339. */
export const InstantField: t.Type<EpochMs, string> = textCodec(
  'instant',
  (u): u is EpochMs => typeof u === 'number',
  parseInstant,
  formatInstant,
);

/** A timestamp with nanoseconds, written as RFC 3339. */
export const TimestampField: t.Type<Timestamp, string> = textCodec(
  'timestamp',
  (u): u is Timestamp => typeof u === 'object' && u !== null && 'epochSeconds' in u && 'nanoseconds' in u,
  parseTimestamp,
  formatTimestamp,
);

/** A duration from `minMs` to `maxMs`, in milliseconds; written as text such as `90s` or `1h30m`. */
export const boundedDuration = (minMs: number, maxMs: number): t.Type<number, string> =>
  new t.Type<number, string>(
    'duration',
    (u): u is number => typeof u === 'number',
    (u, context) => {
      const parsed = parseDuration(typeof u === 'string' ? u : '');
      if (E.isLeft(parsed)) return t.failure(u, context, parsed.left);
      return parsed.right >= minMs && parsed.right <= maxMs
        ? t.success(parsed.right)
        : t.failure(u, context, `a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`);
    },
    formatDuration,
  );

/** A duration of any length up to {@link DURATION_MS_MAX}, written as text. */
export const DurationField: t.Type<number, string> = boundedDuration(0, DURATION_MS_MAX);

/** A field that may be absent or null; encoded as null, so that every field stands in every document. */
export const optionField = <A, J>(codec: t.Type<A, J>): t.Type<O.Option<A>, J | null> =>
  new t.Type<O.Option<A>, J | null>(
    `${codec.name} or null`,
    (u): u is O.Option<A> => typeof u === 'object' && u !== null && '_tag' in u,
    (u, context) => (u === undefined || u === null ? t.success(O.none) : E.map(O.some<A>)(codec.validate(u, context))),
    (option) => (O.isSome(option) ? codec.encode(option.value) : null),
  );

/** A field that stands for `absent` when it is absent or null. */
export const defaultedField = <A, J>(codec: t.Type<A, J>, absent: A): t.Type<A, J> =>
  new t.Type<A, J>(
    codec.name,
    codec.is,
    (u, context) => (u === undefined || u === null ? t.success(absent) : codec.validate(u, context)),
    codec.encode,
  );

/** `codec` without the leniency of one that reads what is absent as empty: here that would be a loss. */
export const presentField = <A, J>(codec: t.Type<A, J>): t.Type<A, J> =>
  new t.Type<A, J>(
    codec.name,
    codec.is,
    (u, context) => (u === undefined || u === null ? t.failure(u, context) : codec.validate(u, context)),
    codec.encode,
  );

/** A list that is empty when it is absent. */
export const listField = <A, J>(item: t.Type<A, J>): t.Type<readonly A[], readonly J[]> =>
  defaultedField<readonly A[], readonly J[]>(t.readonlyArray(item), []);

/** A map, written as an object; empty when it is absent. Keys are validated like any other field. */
export const mapField = <K extends string, V, J>(
  key: t.Type<K, string>,
  value: t.Type<V, J>,
): t.Type<ReadonlyMap<K, V>, Readonly<Record<string, J>>> =>
  new t.Type<ReadonlyMap<K, V>, Readonly<Record<string, J>>>(
    `object of ${value.name} by ${key.name}`,
    (u): u is ReadonlyMap<K, V> => u instanceof Map,
    (u, context) => {
      if (u === undefined || u === null) return t.success(new Map<K, V>());
      if (typeof u !== 'object' || Array.isArray(u)) return t.failure(u, context, 'an object');
      const entries = new Map<K, V>();
      for (const [name, entry] of Object.entries(u)) {
        const inner = t.appendContext(context, name, value, entry);
        const validKey = key.validate(name, inner);
        if (E.isLeft(validKey)) return validKey;
        const validValue = value.validate(entry, inner);
        if (E.isLeft(validValue)) return validValue;
        entries.set(validKey.right, validValue.right);
      }
      return t.success(entries);
    },
    (map) => Object.fromEntries([...map].map(([name, entry]) => [name, value.encode(entry)])),
  );

/**
 * An object with the fields of `props` and no other: a field that nobody knows is one that somebody relies on. Fields
 * that may be absent say so themselves, as {@link optionField} and {@link defaultedField} do.
 */
export const exactFields = <P extends t.Props>(
  name: string,
  props: P,
): t.Type<t.TypeOfProps<P>, t.OutputOfProps<P>> => {
  const known = t.type(props, name);
  const names = Object.keys(props);
  const expected = names.length === 0 ? 'no field here' : `no field of this name; the fields are ${names.join(', ')}`;
  return new t.Type<t.TypeOfProps<P>, t.OutputOfProps<P>>(
    name,
    (u): u is t.TypeOfProps<P> => known.is(u),
    (u, context) => {
      if (!isRecord(u)) return t.failure(u, context, 'an object');
      const decoded = known.validate(u, context);
      const unknown = Object.keys(u)
        .filter((key) => !Object.hasOwn(props, key))
        .map((key): t.ValidationError => ({
          value: u[key],
          context: t.appendContext(context, key, t.unknown, u[key]),
          message: expected,
        }));
      return unknown.length === 0 ? decoded : t.failures([...(E.isLeft(decoded) ? decoded.left : []), ...unknown]);
    },
    (a) => known.encode(a),
  );
};
