/**
 * The Librarian's reports as JSON, the same from the command line and over HTTP.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Hold } from '../../domain/hold.ts';
import { explainOutcome, type Outcome, reasonLabel } from '../../domain/outcome.ts';
import { epochMs, formatInstant, SECOND_MS } from '../../domain/time.ts';
import type { ArtifactAdded } from './add-artifact.ts';
import type { Explanation } from './explain.ts';
import type { InterventionReport } from './intervene.ts';
import type { OpenRequest, RunRequestReport } from './request-run.ts';
import type { EnvironmentStatus, Status } from './status.ts';
import type { TickReport } from './tick.ts';
import { uploadJson } from './uploads.ts';

/** What a tick would say now, in words: nothing of it has happened. */
export const explainProspect = (outcome: Outcome): string =>
  outcome._tag === 'Promoted' ? `would be ${explainOutcome(outcome)} at the next tick` : explainOutcome(outcome);

/** One outcome: its tag, its reason's label, when it can change, and the same in words. */
const outcomeJson = (outcome: Outcome, explanation: string) => ({
  environment: outcome.environment,
  outcome: outcome._tag,
  reason: reasonLabel(outcome),
  version: outcome._tag === 'Waiting' ? null : outcome.version,
  retry_at: outcome._tag !== 'Promoted' && O.isSome(outcome.retryAt) ? formatInstant(outcome.retryAt.value) : null,
  explanation,
});

/** A tick, or what one would do. */
export const tickJson = ({ at, outcomes, troubles }: TickReport, isDry: boolean) => ({
  at: formatInstant(at),
  dry_run: isDry,
  outcomes: outcomes.map((outcome) => outcomeJson(outcome, isDry ? explainProspect(outcome) : explainOutcome(outcome))),
  troubles,
});

/** Holds. */
export const holdsJson = (holds: readonly Hold[]) =>
  holds.map(({ expiresAt, ...hold }) => ({
    ...hold,
    expires_at: O.isSome(expiresAt) ? formatInstant(expiresAt.value) : null,
  }));

/** One environment of the board. */
export const environmentJson = ({ pins, outcome }: EnvironmentStatus) => ({
  ...outcomeJson(outcome, explainProspect(outcome)),
  pins,
});

/** Why an environment is where it is, and what comes next. */
export const explanationJson = ({ row, tag, history, next }: Explanation) => ({
  ...environmentJson(row),
  revision: tag,
  history,
  next: O.isSome(next)
    ? { version: next.value.version, at: formatInstant(next.value.at), reason: next.value.reason }
    : null,
});

/** The board. */
export const statusJson = ({ at, tag, nextDeparture, newest, environments, holds, rejected, uploads }: Status) => ({
  at: formatInstant(at),
  revision: tag,
  next_departure: formatInstant(nextDeparture),
  newest: O.toNullable(newest),
  environments: environments.map(environmentJson),
  holds: holdsJson(holds),
  rejected,
  uploads: uploads.map(uploadJson),
});

/** A promotion by hand, or a rollback: `stacks` took it, `failed` did not and will be tried again. */
export const interventionJson = ({ promotions, rejected, troubles }: InterventionReport) => ({
  promotions: promotions.map(({ environment, version, stacks, reason }) => {
    const failed = troubles.filter((trouble) => trouble.environment === environment).map(({ stack }) => stack);
    return { environment, version, stacks: stacks.filter((stack) => !failed.includes(stack)), failed, reason };
  }),
  rejected,
  troubles,
});

/** An artifact that was added. */
export const additionJson = ({ record, isNew, troubles }: ArtifactAdded) => ({
  version: record.version,
  sha256: record.sha256,
  size_bytes: record.sizeBytes,
  is_new: isNew,
  troubles,
});

/** What became of a run request, or of its withdrawal. */
export const runRequestJson = ({ id, stacks, troubles }: RunRequestReport) => ({ id, stacks, troubles });

/** A run request that is open. */
export const openRequestJson = ({ environment, stacks, request }: OpenRequest) => ({
  id: request.id,
  environment,
  stacks,
  nodes: O.toNullable(request.nodes),
  splay: request.splaySeconds,
  requested_by: request.requestedBy,
  reason: request.reason,
  issued: formatInstant(epochMs(request.issuedEpochSeconds * SECOND_MS)),
  expires: formatInstant(epochMs(request.expiresEpochSeconds * SECOND_MS)),
});
