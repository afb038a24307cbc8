/**
 * Bootstrap: which environment a new machine belongs to, by its zone, written down before its first chef-client run.
 *
 * @module
 */
export type { BootstrapDeps, BootstrapOptions, BootstrapPaths, FileChange, FileReading } from './deps.ts';
export { type BootstrapReport, describeBootstrap, type PlannedFile, runBootstrap } from './run-bootstrap.ts';
