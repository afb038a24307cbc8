import { setImmediate as thisTurn } from 'node:timers/promises';

/** Writes what is latest, one write at a time: a disk that hangs holds up nobody, and nothing piles up behind it. */
export interface Latest<A> {
  /** What is to be written; what waited to be is forgotten. */
  readonly set: (value: A) => void;
  /** Resolves when all is written. */
  readonly settled: () => Promise<void>;
}

/** Writes with `write`, which never rejects. */
export const latestTo = <A>(write: (value: A) => Promise<void>): Latest<A> => {
  let next: { readonly value: A } | undefined;
  let writing: Promise<void> | undefined;

  const writeAll = async (): Promise<void> => {
    while (next !== undefined) {
      // All that is set in one turn of the event loop is one write.
      await thisTurn();
      const { value } = next;
      next = undefined;
      await write(value);
    }
    writing = undefined;
  };

  return {
    set: (value) => {
      next = { value };
      writing ??= writeAll();
    },
    settled: () => writing ?? Promise.resolve(),
  };
};
