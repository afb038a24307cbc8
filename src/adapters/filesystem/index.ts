/**
 * Every port that keeps something, as plain files: what the demo and small installations run on.
 *
 * @module
 */
export { filesystemArtifactInbox } from './artifact-inbox.ts';
export { filesystemArtifactStore } from './artifact-store.ts';
export { chefRepoServer, type ChefRepoOptions } from './chef-repo.ts';
export { filesystemSignalBus } from './signal-bus.ts';
export { filesystemStateStore } from './state-store.ts';
