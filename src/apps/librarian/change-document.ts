import * as E from 'fp-ts/lib/Either.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import { type FieldError, formatFieldErrors } from '../../domain/decoding.ts';
import type { Revision } from '../../ports/conditional-write.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { type Failure, unavailable } from '../failure.ts';

/** A document of the state store: where it is, what it is while nobody has written it, how it is read and written. */
export interface DocumentForm<A> {
  readonly key: string;
  readonly empty: A;
  readonly decode: (text: string) => E.Either<readonly FieldError[], A>;
  readonly encode: (value: A) => string;
}

/** Nobody loses so many races in a row unless something is wrong with the store. */
const RACES_MAX = 20;

interface Held<A> {
  readonly value: A;
  readonly revision: Revision | undefined;
}

const read = async <A>(
  state: StateStore,
  { key, empty, decode }: DocumentForm<A>,
): Promise<E.Either<Failure, Held<A>>> => {
  const reading = await state.read(key);
  switch (reading._tag) {
    case 'Missing':
      return E.right({ value: empty, revision: undefined });
    case 'Refused':
      return E.left({ _tag: 'Damaged', key, detail: reading.detail });
    case 'Unavailable':
      return E.left(unavailable(`state ${key}: ${reading.detail}`));
    case 'Found': {
      const { revision } = reading;
      return E.bimap(
        (errors: readonly FieldError[]): Failure => ({ _tag: 'Damaged', key, detail: formatFieldErrors(errors) }),
        (value: A): Held<A> => ({ value, revision }),
      )(decode(reading.body));
    }
  }
};

/** Whether the write landed; one of which nobody knows is read back (law L4). */
const write = async (
  state: StateStore,
  key: string,
  body: string,
  expected: Revision | undefined,
): Promise<E.Either<Failure, boolean>> => {
  const written = await state.write(key, body, expected);
  if (written._tag !== 'Unknown') return E.right(written._tag === 'Landed');
  const reading = await state.read(key);
  return reading._tag === 'Found' && reading.body === body
    ? E.right(true)
    : E.left(unavailable(`state ${key}: ${written.detail}`));
};

/**
 * Changes a document by compare-and-swap: `change` is asked again on every fresh reading until its answer lands. An answer
 * with the very same value writes nothing. Two changes that write the same text are told apart by nobody, so a change that
 * must happen once puts something of its own into it.
 */
export const changeDocument =
  (state: StateStore) =>
  <A, R>(
    form: DocumentForm<A>,
    change: (value: A) => { readonly value: A; readonly result: R },
  ): TE.TaskEither<Failure, R> =>
  async () => {
    for (let race = 0; race < RACES_MAX; race++) {
      const held = await read(state, form);
      if (E.isLeft(held)) return held;
      const { value, result } = change(held.right.value);
      if (value === held.right.value) return E.right(result);
      const landed = await write(state, form.key, form.encode(value), held.right.revision);
      if (E.isLeft(landed)) return landed;
      if (landed.right) return E.right(result);
    }
    return E.left({ _tag: 'TryAgain', detail: `state ${form.key}: it changed ${RACES_MAX} times meanwhile` });
  };
