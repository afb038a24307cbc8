/**
 * The artifact as a file: how its tarball is packed, checked and unpacked, and how its record is written. What the
 * adapters that keep artifacts or hand them to Chef share.
 *
 * @module
 */
export { type CookbookFolder, MANIFEST_FILE } from './artifact-path.ts';
export { decodeArtifactRecord, encodeArtifactRecord, Sha256 } from './artifact-record.ts';
export { buildArtifact } from './build-artifact.ts';
export { cookbookDigest } from './cookbook-digest.ts';
export { BadFolder, type SurveyedFolder, surveyFolder } from './cookbook-folder.ts';
export { byName, isInboxName } from './inbox-name.ts';
export { CorruptTarball, promisedTarball } from './promised-tarball.ts';
export {
  ARTIFACT_LIMITS,
  type ArtifactLimits,
  inspectArtifact,
  type UnpackedCookbook,
  type UnpackedFile,
  type Unpacking,
  unpackArtifact,
} from './unpack-artifact.ts';
export { verifiedTarball } from './verified-tarball.ts';
export { versionOfThree } from './version-of-three.ts';
