import type { CookbookVersions, Manifest } from '../domain/manifest.ts';

/** What kept an artifact from being built. */
export type BuildFault =
  /** The folder is none that an artifact can be built from; `detail` names the file and the way out. */
  | { readonly _tag: 'BadFolder'; readonly detail: string }
  /** The artifact cannot be written. */
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** The cookbooks of a folder, each with the version that its metadata states. */
export interface CookbookFolder {
  readonly _tag: 'Surveyed';
  readonly cookbookVersions: CookbookVersions;
  readonly siteCookbookVersions: CookbookVersions;
}

/** What is to be built. */
export interface BuildOrder {
  /** Holds the cookbooks, as `cookbooks/<name>` and `site-cookbooks/<name>`. */
  readonly directory: string;
  /** Names the cookbooks. Where one has another version than its own metadata, it is packed with metadata that agree. */
  readonly manifest: Manifest;
  /** The tarball, which appears whole; what was there before is replaced. */
  readonly file: string;
}

/** Builds artifacts from folders of cookbooks. Nothing here ever rejects. */
export interface ArtifactBuilder {
  /** Looks at what `directory` holds. */
  readonly survey: (directory: string) => Promise<CookbookFolder | BuildFault>;
  /** Packs an artifact, in bounded memory; the same folder and manifest make the same bytes. */
  readonly build: (order: BuildOrder) => Promise<
    | {
        readonly _tag: 'Built';
        /** SHA-256 of the tarball, lower-case hexadecimal. */
        readonly sha256: string;
        readonly sizeBytes: number;
      }
    | BuildFault
  >;
}
