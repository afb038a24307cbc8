/**
 * The Librarian: takes artifacts in, uploads them to every stack, ticks the release train, promotes and signals.
 *
 * @module
 */
export { type Failure, formatFailure } from '../failure.ts';
export { ListenAddress, parseListenAddress } from '../listen-address.ts';
export { type Log, type LogLevel, silentLog } from '../log.ts';
export {
  addArtifact,
  type ArtifactAdded,
  storeArtifact,
  type StoredArtifact,
  type UploadTrouble,
} from './add-artifact.ts';
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
export { authenticator } from './http/authentication.ts';
export {
  type AuthSettings,
  JWT_ALGORITHMS,
  type JwtAlgorithm,
  type OidcSettings,
  type TokenSettings,
} from './http/auth-settings.ts';
export { type HttpLimits, type HttpOptions, type TlsKeys } from './http/http-options.ts';
export {
  ENVIRONMENT_VERBS,
  type EnvironmentVerb,
  parsePermission,
  type Permission,
  PLAN_VERBS,
  type PlanVerb,
  type Verb,
} from './http/permission.ts';
export { type Authenticate, type Authentication, type Principal } from './http/principal.ts';
export { librarianServer } from './http/server.ts';
export { hashToken, type TokenHash } from './http/token-hash.ts';
export { inFlight, type InFlight } from './in-flight.ts';
export type { LibrarianPorts } from './librarian-ports.ts';
export { type ListedArtifact, listArtifacts } from './list-artifacts.ts';
export { metered } from './metered.ts';
export {
  type Asked,
  librarianMetrics,
  type LibrarianMetrics,
  type Part,
  type TickedBoard,
  type TickResult,
} from './metrics.ts';
export { noticesOf, type Notices, type NoticeSettings, type NoticeTarget } from './notice-settings.ts';
export type { StackTrouble } from './perform.ts';
export { serve, type ServiceOptions } from './service.ts';
export { showArtifact, type ShownArtifact } from './show-artifact.ts';
export { type EnvironmentStatus, type Status, status } from './status.ts';
export { dryRun, tick, type TickReport } from './tick.ts';
export { type UploadMeter, type UploadProgress, type UploadReportPorts, type Uploads, uploadsOf } from './uploads.ts';
export { type InboxWatch, watchInbox } from './watch-inbox.ts';
