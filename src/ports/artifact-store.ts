import type { Manifest } from '../domain/manifest.ts';
import type { Version } from '../domain/names.ts';
import type { EpochMs } from '../domain/time.ts';

/** What is known of a stored artifact. */
export interface ArtifactRecord {
  readonly version: Version;
  /** SHA-256 of the tarball, lower-case hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly addedAt: EpochMs;
  readonly manifest: Manifest;
}

/** How adding an artifact ended. */
export type ArtifactAddition =
  | { readonly _tag: 'Added' }
  /** The same version with the same bytes is there already. */
  | { readonly _tag: 'AlreadyThere' }
  /** The same version with other bytes is there; an artifact is immutable (law L7), so nothing was written. */
  | { readonly _tag: 'DifferentBytes'; readonly existingSha256: string }
  /** The bytes that arrived are not the ones the record promised; nothing was kept. */
  | { readonly _tag: 'Corrupt'; readonly detail: string }
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** Immutable artifacts: a tarball and its record each. Nothing here ever rejects. */
export interface ArtifactStore {
  /** Where the tarball lies in the bucket or directory: for whoever fetches it without this port. */
  readonly keyOf: (record: ArtifactRecord) => string;
  /** Stores the tarball and then its record; a version without a record is not there. */
  readonly add: (record: ArtifactRecord, tarball: AsyncIterable<Uint8Array>) => Promise<ArtifactAddition>;
  /** Every artifact, in no particular order. */
  readonly list: () => Promise<
    | { readonly _tag: 'Listed'; readonly artifacts: readonly ArtifactRecord[] }
    | { readonly _tag: 'Unavailable'; readonly detail: string }
  >;
  /** One artifact, with its bytes as a stream that verifies the checksum and throws at its end when it does not match. */
  readonly open: (
    version: Version,
  ) => Promise<
    | { readonly _tag: 'Opened'; readonly record: ArtifactRecord; readonly tarball: AsyncIterable<Uint8Array> }
    | { readonly _tag: 'Missing' }
    | { readonly _tag: 'Unavailable'; readonly detail: string }
  >;
}
