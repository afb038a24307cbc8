/**
 * Bootstrap: which environment a new machine belongs to, by its zone, written down before its first chef-client run.
 *
 * @module
 */
export type { BootstrapDeps, BootstrapOptions, BootstrapPaths, FileChange, FileReading } from './deps.ts';
export {
  type Cloud,
  findMachine,
  type FoundMachine,
  type MachineDeps,
  type MachineOptions,
  type MachineSource,
  type NodeNaming,
} from './find-machine.ts';
export { describeShares, type ShareJson, sharesToJson, unmappedZone } from './shares.ts';
export { type HookDeps, tellHook } from './tell-hook.ts';
export { type BootstrapReport, describeBootstrap, type PlannedFile, runBootstrap } from './run-bootstrap.ts';
