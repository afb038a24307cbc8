/** The schema of a field is never stricter than the codec that decides; for names it is not more forgiving either. */
import * as E from 'fp-ts/lib/Either.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as fields from '../../../../src/apps/librarian/http/fields.ts';
import { idempotencyKey } from '../../../../src/apps/librarian/http/idempotency.ts';
import { defaulted, object, optional, type Shape, shape } from '../../../../src/apps/librarian/http/shape.ts';
import { decodeWith } from '../../../../src/domain/decoding.ts';
import { schemaValidators } from '../../../support/checked-api.ts';
import { propertyParameters } from '../../../support/property.ts';

let validatorOf: Awaited<ReturnType<typeof schemaValidators>>;
beforeAll(async () => {
  validatorOf = await schemaValidators();
});

const byCodec = <A>({ codec }: Shape<A>, value: unknown): boolean => E.isRight(decodeWith(codec)(value));
const bySchema = <A>({ json }: Shape<A>, value: unknown): boolean => validatorOf(json)(value) === undefined;

/** Text that is nearly a name, or nearly none. */
const nearlyName = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from('aZ0_-+.:/ %\u0000\n\u2028é')), maxLength: 6 }),
  fc.stringMatching(/^[A-Za-z0-9._+-]{0,140}$/),
  fc.integer({ min: 60, max: 1_030 }).map((length) => 'a'.repeat(length)),
  fc.constantFrom('plan', 'stage:train', 'environment:dev', 'stack:basalt', 'planet', 'stage:', 'stage:a:b'),
);

const anything: fc.Arbitrary<unknown> = fc.oneof(nearlyName, fc.integer(), fc.double(), fc.jsonValue());

const EXACT = {
  version: fields.version,
  environment: fields.environment,
  stack: fields.stack,
  holdId: fields.holdId,
  train: fields.train,
  reason: fields.reason,
  person: fields.person,
  splay: fields.splay,
  cursor: fields.cursor,
  idempotencyKey,
} satisfies Readonly<Record<string, Shape<never> | object>>;

describe('a field', () => {
  it.each(Object.entries<object>(EXACT))('%s: schema and codec agree', (_name, field) => {
    const exact = field as Shape<unknown>;
    fc.assert(
      // JSON has one zero; that the codec refuses the other is for the codec's own tests.
      fc.property(
        anything.filter((value) => !Object.is(value, -0)),
        (value) => byCodec(exact, value) === bySchema(exact, value),
      ),
      propertyParameters({ numRuns: 500 }),
    );
  });

  it.each(Object.entries<unknown>({ ...fields }).filter(([, field]) => typeof field === 'object'))(
    '%s: what the codec takes, the schema takes',
    (name, field) => {
      if (name === 'pageSize') return;
      const given = field as Shape<unknown>;
      const samples = fc.oneof(
        anything,
        fc.constantFrom<unknown>('2026-01-05T12:00:00Z', '36h', '1h30m', { _tag: 'plan' }, 'stage:train'),
      );
      fc.assert(
        fc.property(samples, (value) => !byCodec(given, value) || bySchema(given, value)),
        propertyParameters({ numRuns: 300 }),
      );
    },
  );

  it.each([
    [fields.instant, '2026-01-05T12:00:00Z', 'yesterday'],
    [fields.horizon, '36h', '32d'],
    [fields.scope, 'environment:prod-1', 'environment:../etc'],
    [fields.pageSize, '200', '201'],
    [fields.pageSize, '1', '01'],
    [fields.cursor, 'MS4wLjE', '%'],
  ] as readonly (readonly [Shape<unknown>, string, string])[])('takes %#', (field, good, bad) => {
    expect([byCodec(field, good), byCodec(field, bad)]).toEqual([true, false]);
  });
});

describe('an object', () => {
  interface Example {
    readonly a: string;
    readonly b: unknown;
    readonly c: string;
  }
  const example = object<Example>('example', {
    a: fields.reason,
    b: optional(fields.splay) as Shape<unknown>,
    c: defaulted(fields.person, 'nobody'),
  });

  it('has the fields that it names, and no other', () => {
    expect(example.json).toMatchObject({ required: ['a'], additionalProperties: false });
    for (const [value, isOne] of [
      [{ a: 'x' }, true],
      [{ a: 'x', b: null, c: 'y' }, true],
      [{ a: 'x', b: 1 }, true],
      [{ a: 'x', b: -1 }, false],
      [{ b: 1 }, false],
      [{ a: 'x', d: 1 }, false],
      [[], false],
    ] as const) {
      expect([value, byCodec(example, value), bySchema(example, value)]).toEqual([value, isOne, isOne]);
    }
  });

  it('fills in what is absent, and writes what it read', () => {
    const decoded = decodeWith(example.codec)({ a: 'x' });
    expect(decoded).toMatchObject(E.right({ a: 'x', c: 'nobody' }));
    if (E.isRight(decoded)) {
      expect(example.codec.is(decoded.right)).toBe(true);
      expect(example.codec.encode(decoded.right)).toEqual({ a: 'x', b: null, c: 'nobody' });
    }
    expect(shape(fields.version.codec, {}).mayBeAbsent).toBe(false);
  });
});
