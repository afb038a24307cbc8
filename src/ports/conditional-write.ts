/**
 * How every write to a shared place ends. There is no unconditional write in Signalbox: a writer names the revision
 * that it replaces, and two writers cannot both be right.
 *
 * @module
 */

/** Names one state of one key. Opaque: an ETag, a generation or a digest, compared for equality only. */
export type Revision = string;

/** How a conditional write ended. */
export type WriteOutcome =
  /** The write is what the key now holds. */
  | { readonly _tag: 'Landed'; readonly revision: Revision }
  /** The key did not hold the expected revision; nothing was written. */
  | { readonly _tag: 'Conflict' }
  /** It may or may not have landed: a time-out, a lost answer, a full disk. The caller reads back before it goes on. */
  | { readonly _tag: 'Unknown'; readonly detail: string };
