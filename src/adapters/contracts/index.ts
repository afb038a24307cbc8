/**
 * One contract suite for each port, for people who write an adapter of their own. A suite is a list of cases without a
 * test framework: register each with the runner you have.
 *
 * A case makes its own harness and tears it down, rejects when the adapter breaks the contract, and answers
 * `NotApplicable` when it needs a hook that the harness does not offer.
 *
 * @module
 */
export { artifactInboxContract, type ArtifactInboxHarness } from './artifact-inbox-contract.ts';
export { artifactStoreContract, type ArtifactStoreHarness } from './artifact-store-contract.ts';
export { chefServerContract, type ChefServerHarness } from './chef-server-contract.ts';
export { clockContract, type ClockHarness } from './clock-contract.ts';
export type { ContractCase, ContractVerdict, Harness } from './contract-case.ts';
export {
  exampleArtifact,
  type ExampleArtifact,
  exampleManifest,
  HOSTILE_ARTIFACTS,
  streamed,
} from './example-artifact.ts';
export {
  machineMetadataContract,
  type MachineMetadataHarness,
  type MetadataMood,
} from './machine-metadata-contract.ts';
export { EXAMPLE_NOTICES, notifierContract, type NotifierHarness, type ReceiverMood } from './notifier-contract.ts';
export { processRunnerContract, type ProcessRunnerHarness } from './process-runner-contract.ts';
export { signalBusContract, type SignalBusHarness } from './signal-bus-contract.ts';
export { stateStoreContract, type StateStoreHarness } from './state-store-contract.ts';
