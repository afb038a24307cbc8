/**
 * The ports of a fleet in an S3 bucket: signals, the Librarian's state, artifacts. Needs `@aws-sdk/client-s3`, which is
 * loaded at the first use.
 *
 * @module
 */
export { s3ArtifactInbox } from './artifact-inbox.ts';
export { s3ArtifactStore } from './artifact-store.ts';
export { DEADLINE_MS_DEFAULT, DEADLINE_MS_MAX, type S3Role, type S3Settings } from './settings.ts';
export { s3SignalBus } from './signal-bus.ts';
export { s3StateStore } from './state-store.ts';
