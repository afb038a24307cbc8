import type { Manifest } from '../domain/manifest.ts';

/** A tarball that has arrived whole, with what it says of itself. */
export type ArtifactArrival =
  | {
      readonly _tag: 'Received';
      readonly manifest: Manifest;
      /** SHA-256 of the tarball, lower-case hexadecimal. */
      readonly sha256: string;
      readonly sizeBytes: number;
      /** Its bytes, from the start, as often as asked. */
      readonly read: () => AsyncIterable<Uint8Array>;
      /** Lets go of it; nothing can be read after that. */
      readonly discard: () => Promise<void>;
    }
  /** It is no artifact, or a hostile one; nothing of it was kept. */
  | { readonly _tag: 'BadArtifact'; readonly detail: string }
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** Takes in tarballs of any size in bounded memory, and checks each before anyone makes a record of it. Never rejects. */
export type ArtifactIntake = (tarball: AsyncIterable<Uint8Array>) => Promise<ArtifactArrival>;
