/**
 * Pages: a list in pieces, each of which says where the next one begins. Items that come or go meanwhile move nothing that
 * was not read yet.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { cursor, PAGE_ITEMS_DEFAULT, pageSize } from './fields.ts';
import { defaulted, type JsonSchema, parameter } from './shape.ts';

/** Which page is wanted. */
export interface PageQuery {
  readonly limit: number;
  /** None: the first. */
  readonly cursor: O.Option<string>;
}

/** The parameters of every list that comes in pages. */
export const PAGE_FIELDS = { limit: defaulted(pageSize, PAGE_ITEMS_DEFAULT), cursor: parameter(cursor) };

/** One page. */
export interface Page<A> {
  readonly items: readonly A[];
  /** The cursor of the next page; null: this is the last. */
  readonly next: string | null;
}

/** The cursor that stands for what comes after `name`. */
export const cursorAfter = (name: string): string => Buffer.from(name).toString('base64url');

/** The name after which the page of `cursor` begins; whether it is a name is for its reader to say. */
export const nameOfCursor = (cursor: string): string => Buffer.from(cursor, 'base64url').toString();

/**
 * The page of `items` that `query` wants.
 *
 * @param isAfter - whether an item comes after the one of that name, which may be gone.
 */
export const pageOf = <A>(
  items: readonly A[],
  { limit, cursor }: PageQuery,
  nameOf: (item: A) => string,
  isAfter: (item: A, name: string) => boolean,
): Page<A> => {
  const from = O.isSome(cursor) ? nameOfCursor(cursor.value) : undefined;
  const rest = from === undefined ? items : items.filter((item) => isAfter(item, from));
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, next: last === undefined || shown.length === rest.length ? null : cursorAfter(nameOf(last)) };
};

/** The schema of a page of items that have `schema`. */
export const pageSchema = (schema: JsonSchema): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next'],
  properties: {
    items: { type: 'array', items: schema },
    next: { type: ['string', 'null'], description: 'The cursor of the next page; null: this is the last.' },
  },
});
