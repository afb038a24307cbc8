/**
 * The Librarian: takes artifacts in, uploads them to every stack, ticks the release train, promotes and signals.
 *
 * @module
 */
export { type Failure, formatFailure } from '../failure.ts';
export { ListenAddress, type LoopbackHost, parseListenAddress } from '../listen-address.ts';
export { type Log, type LogLevel, silentLog } from '../log.ts';
export { addArtifact, type ArtifactAdded, type UploadTrouble } from './add-artifact.ts';
export {
  type Asker,
  addHold,
  approve,
  type InterventionReport,
  liftHold,
  promote,
  reject,
  rollback,
} from './intervene.ts';
export { librarianServer } from './http.ts';
export { inFlight, type InFlight } from './in-flight.ts';
export type { LibrarianPorts } from './librarian-ports.ts';
export { type ListedArtifact, listArtifacts } from './list-artifacts.ts';
export type { StackTrouble } from './perform.ts';
export { serve, type ServiceOptions } from './service.ts';
export { type EnvironmentStatus, type Status, status } from './status.ts';
export { dryRun, tick, type TickReport } from './tick.ts';
