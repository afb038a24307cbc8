import type { InboxItem } from '../domain/inbox.ts';
import type { Revision } from './conditional-write.ts';

/** One tarball that lies in an inbox. */
export interface InboxTarball extends InboxItem {
  readonly sizeBytes: number;
}

/** What opening a tarball showed. */
export type InboxOpening =
  | {
      readonly _tag: 'Opened';
      /** Throws where these bytes cannot be had to their end, or are no more those of the revision. */
      readonly tarball: AsyncIterable<Uint8Array>;
    }
  /** It is gone, or another by now: a new look shows what is there. */
  | { readonly _tag: 'Changed' }
  /** It is nothing that could be read, such as a link. */
  | { readonly _tag: 'Refused'; readonly detail: string }
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/**
 * Where people and builds put artifacts to be taken in: whatever lies there and is called `*.tar.gz`, not below another
 * name and not hidden. Nothing is ever changed or removed there. Neither function ever rejects.
 */
export interface ArtifactInbox {
  /** What lies there, in the order of the names' UTF-16 code units. */
  readonly list: () => Promise<
    | { readonly _tag: 'Listed'; readonly tarballs: readonly InboxTarball[] }
    | { readonly _tag: 'Unavailable'; readonly detail: string }
  >;
  /** The bytes of one revision of a tarball. */
  readonly open: (name: string, revision: Revision) => Promise<InboxOpening>;
}
