import type { Revision, WriteOutcome } from './conditional-write.ts';

/** What one look at a document showed. */
export type StateReading =
  | { readonly _tag: 'Found'; readonly body: string; readonly revision: Revision }
  | { readonly _tag: 'Missing' }
  /** There, but not to be trusted: a symbolic link, writable by others, not UTF-8, too large. Never overwritten. */
  | { readonly _tag: 'Refused'; readonly detail: string }
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/**
 * Small documents with compare-and-swap: the Librarian's memory, and a node's record of its own runs.
 *
 * A key is one or more names joined by `/`, each at most 128 of `A-Z a-z 0-9 _ - .`, starting with a letter or digit.
 * Any other key is a programming error and throws. A key in use is not the beginning of another (`a` and `a/b`): a store of
 * files cannot hold both. Neither function ever rejects for another reason.
 */
export interface StateStore {
  /** Looks at the document under `key`. */
  readonly read: (key: string) => Promise<StateReading>;
  /**
   * Replaces the document under `key`.
   *
   * @param expected - the revision that is replaced; `undefined` creates the key and conflicts when it exists.
   */
  readonly write: (key: string, body: string, expected: Revision | undefined) => Promise<WriteOutcome>;
}
