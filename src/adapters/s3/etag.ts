import type { Revision } from '../../ports/conditional-write.ts';

const ETAG = /^(?:W\/)?"?([!#-~]+?)"?$/;

/**
 * The revision that an `ETag` header names: its text without the quotes, which some servers leave out. Nothing when the
 * answer has none, as no answer of S3 has.
 */
export const revisionOfEtag = (etag: string | undefined): Revision | undefined =>
  etag === undefined ? undefined : ETAG.exec(etag)?.[1];

/**
 * Whether a server can have named this revision. Any other is nobody's: it could not be sent, or would mean something else,
 * as `*` does, which matches whatever is there.
 */
export const isEtag = (revision: Revision): boolean => /^[!#-~]{1,1024}$/.test(revision) && revision !== '*';

/** A revision as an entity tag of RFC 9110, which every server takes in `If-None-Match`. */
export const quoted = (revision: Revision): string => `"${revision}"`;

/** The ways in which servers expect a revision in the `If-Match` of a PUT. */
const SPELLINGS = [quoted, (revision: Revision): string => revision] as const;

/** Finds out which spelling a server takes, and sticks to it. */
export interface Spelling {
  /** The spellings that are worth a try. */
  readonly candidates: () => readonly ((revision: Revision) => string)[];
  /** A write landed under this one. */
  readonly proven: (spelling: (revision: Revision) => string) => void;
}

/**
 * S3 takes an entity tag with and without its quotes, others only with, radosgw only without; and a server that was given
 * the wrong one answers as if the revision were stale. So a refusal is believed only once every spelling has been refused,
 * until a write has landed and shown the right one. Either way a write lands only on the revision that it names.
 */
export const spelling = (): Spelling => {
  let candidates: readonly ((revision: Revision) => string)[] = SPELLINGS;
  return {
    candidates: () => candidates,
    proven: (taken) => {
      candidates = [taken];
    },
  };
};
