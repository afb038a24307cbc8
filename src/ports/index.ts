/**
 * What Signalbox needs of the world: types only. An implementer of a port needs nothing from fp-ts, and proves the
 * implementation with the contract suites of `signalbox/testing`.
 *
 * @module
 */
export type * from './artifact-builder.ts';
export type * from './artifact-inbox.ts';
export type * from './artifact-intake.ts';
export type * from './artifact-store.ts';
export type * from './chef-server.ts';
export type * from './clock.ts';
export type * from './commit-source.ts';
export type * from './conditional-write.ts';
export type * from './machine-metadata.ts';
export type * from './notifier.ts';
export type * from './process-runner.ts';
export type * from './signal-bus.ts';
export type * from './state-store.ts';
