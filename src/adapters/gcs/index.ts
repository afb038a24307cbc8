/**
 * The signal bus, the state store and the artifact store in Google Cloud Storage, through `@google-cloud/storage`: an
 * optional peer dependency, which whoever imports this installs.
 *
 * @module
 */
export { gcsArtifactInbox } from './artifact-inbox.ts';
export { gcsArtifactStore } from './artifact-store.ts';
export { DEADLINE_MS_DEFAULT, DEADLINE_MS_MAX, type GcsSettings, STALL_MS_DEFAULT } from './settings.ts';
export { gcsSignalBus } from './signal-bus.ts';
export { gcsStateStore } from './state-store.ts';
