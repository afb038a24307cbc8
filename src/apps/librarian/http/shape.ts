/**
 * Shapes: what a part of a request looks like, once. Each is a codec, which decides, together with the JSON Schema that
 * tells the world so; a compound makes both from the same fields, so the two cannot drift apart.
 *
 * @module
 */
import type * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { defaultedField, exactFields, optionField } from '../../../domain/json-fields.ts';

/** A JSON Schema of draft 2020-12, which OpenAPI 3.1 speaks. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What one part of a request looks like. */
export interface Shape<A> {
  readonly codec: t.Type<A, unknown>;
  /** Never stricter than the codec. */
  readonly json: JsonSchema;
  /** Whether it may be absent. */
  readonly mayBeAbsent: boolean;
}

/** A value that has to be there. */
export const shape = <A>(codec: t.Type<A, unknown>, json: JsonSchema): Shape<A> => ({
  codec,
  json,
  mayBeAbsent: false,
});

/** A field of a body that may be absent or null. */
export const optional = <A>({ codec, json }: Shape<A>): Shape<O.Option<A>> => ({
  codec: optionField(codec),
  json: { anyOf: [json, { type: 'null' }] },
  mayBeAbsent: true,
});

/** A parameter of a query that may be absent. */
export const parameter = <A>({ codec, json }: Shape<A>): Shape<O.Option<A>> => ({
  codec: optionField(codec),
  json,
  mayBeAbsent: true,
});

/** A parameter of a query that stands for `absent` where it is absent. */
export const defaulted = <A>({ codec, json }: Shape<A>, absent: A): Shape<A> => ({
  codec: defaultedField(codec, absent),
  json: { ...json, default: codec.encode(absent) },
  mayBeAbsent: true,
});

/** Shapes by the names of the fields that have them. */
type ShapesOf<A> = { readonly [K in keyof A]: Shape<A[K]> };

/** An object with these fields and no other. */
export const object = <A extends object>(name: string, fields: ShapesOf<A>): Shape<A> => {
  const entries = Object.entries(fields as Readonly<Record<string, Shape<unknown>>>);
  const props: t.Props = Object.fromEntries(entries.map(([key, { codec }]) => [key, codec]));
  const fieldsCodec = exactFields(name, props);
  const codec = new t.Type<A, unknown>(
    name,
    (u): u is A => fieldsCodec.is(u),
    // Every field went through the codec of its name, so what comes out is an `A`.
    (u, context) => fieldsCodec.validate(u, context) as t.Validation<A>,
    // In the order of the fields here, so that the same meaning is the same text.
    (a) => Object.fromEntries(entries.map(([key, { codec: field }]) => [key, field.encode(a[key as keyof A])])),
  );
  return shape(codec, {
    type: 'object',
    additionalProperties: false,
    required: entries.filter(([, { mayBeAbsent }]) => !mayBeAbsent).map(([key]) => key),
    properties: Object.fromEntries(entries.map(([key, { json }]) => [key, json])),
  });
};

/** No field at all. */
export const NOTHING: Shape<object> = object('query', {});
