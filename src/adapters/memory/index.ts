/**
 * Every port in memory: what the domain's shells are tested and simulated with. Each keeps the same contract as the
 * adapters for the real thing.
 *
 * @module
 */
export { memoryArtifactInbox, type MemoryArtifactInbox } from './artifact-inbox.ts';
export { memoryArtifactStore, type MemoryArtifactStore } from './artifact-store.ts';
export { memoryChefServer, type MemoryChefServer } from './chef-server.ts';
export { memoryNotifier, type MemoryNotifier } from './notifier.ts';
export { memorySignalBus, type MemorySignalBus } from './signal-bus.ts';
export { memoryStateStore, type MemoryStateStore } from './state-store.ts';
export { virtualClock, type VirtualClock } from './virtual-clock.ts';
