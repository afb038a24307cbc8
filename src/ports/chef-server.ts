import type { Manifest } from '../domain/manifest.ts';
import type { EnvironmentName, StackName, Version } from '../domain/names.ts';
import type { ChefEnvironment } from '../domain/pin.ts';
import type { ArtifactRecord } from './artifact-store.ts';

/** The server did not answer in time, or answered that it cannot. */
export interface ChefServerUnavailable {
  readonly _tag: 'Unavailable';
  readonly detail: string;
}

/** How an upload ended. */
export type UploadOutcome =
  /** Every cookbook of the artifact is on the server. */
  | { readonly _tag: 'Complete' }
  /**
   * A cookbook of the same name and version is there with other bytes; frozen cookbooks stay (law L7). Where an artifact
   * of the same version is complete under another checksum, `cookbook` is `manifest.json`.
   */
  | { readonly _tag: 'DifferentBytes'; readonly cookbook: string }
  /** The tarball is not what its manifest promises, or is hostile. Nothing of it is marked complete. */
  | { readonly _tag: 'BadArtifact'; readonly detail: string }
  | ChefServerUnavailable;

/** How far an upload is. */
export interface UploadedFiles {
  /** Files that are on the server, those that were there before among them. */
  readonly done: number;
  /** All files of the artifact. */
  readonly total: number;
}

/** One stack's Chef Infra Server. Nothing here ever rejects. */
export interface ChefServer {
  readonly stack: StackName;
  /**
   * Uploads what is missing of an artifact; doing it again is harmless. Only when all is there does it count as complete.
   *
   * @param onFiles - is told how far it is, as often as there is something to tell. Where the files go up only after the
   * tarball was read, its bytes say nothing of that.
   */
  readonly upload: (
    record: ArtifactRecord,
    tarball: AsyncIterable<Uint8Array>,
    onFiles?: (files: UploadedFiles) => void,
  ) => Promise<UploadOutcome>;
  /** Which artifacts are complete here, with the checksum each was uploaded under. */
  readonly completeArtifacts: () => Promise<
    { readonly _tag: 'Listed'; readonly sha256ByVersion: ReadonlyMap<Version, string> } | ChefServerUnavailable
  >;
  /** One environment as it stands on the server now. */
  readonly environment: (
    name: EnvironmentName,
  ) => Promise<
    | { readonly _tag: 'Found'; readonly environment: ChefEnvironment }
    | { readonly _tag: 'Missing' }
    | ChefServerUnavailable
  >;
  /**
   * Moves the pin of an environment to an artifact (law L2), creating the environment when it is missing: a
   * read-modify-write that is serialised against every other one through this port.
   */
  readonly pin: (
    environment: EnvironmentName,
    manifest: Manifest,
  ) => Promise<{ readonly _tag: 'Pinned' } | ChefServerUnavailable>;
}
