/**
 * The Librarian's reports as JSON, the same from the command line and over HTTP.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { explainOutcome, type Outcome, reasonLabel } from '../../domain/outcome.ts';
import { formatInstant } from '../../domain/time.ts';
import type { ArtifactAdded } from './add-artifact.ts';
import type { InterventionReport } from './intervene.ts';
import type { Status } from './status.ts';
import type { TickReport } from './tick.ts';

/** One outcome: its tag, its reason's label, when it can change, and the same in words. */
export const outcomeJson = (outcome: Outcome) => ({
  environment: outcome.environment,
  outcome: outcome._tag,
  reason: reasonLabel(outcome),
  version: outcome._tag === 'Waiting' ? null : outcome.version,
  retry_at: outcome._tag !== 'Promoted' && O.isSome(outcome.retryAt) ? formatInstant(outcome.retryAt.value) : null,
  explanation: explainOutcome(outcome),
});

/** A tick. */
export const tickJson = ({ at, outcomes, troubles }: TickReport) => ({
  at: formatInstant(at),
  outcomes: outcomes.map(outcomeJson),
  troubles,
});

/** The board. */
export const statusJson = ({ at, nextDeparture, newest, environments, holds, rejected }: Status) => ({
  at: formatInstant(at),
  next_departure: formatInstant(nextDeparture),
  newest: O.toNullable(newest),
  environments: environments.map(({ environment, pins, outcome }) => ({ ...outcomeJson(outcome), environment, pins })),
  holds: holds.map(({ expiresAt, ...hold }) => ({
    ...hold,
    expires_at: O.isSome(expiresAt) ? formatInstant(expiresAt.value) : null,
  })),
  rejected,
});

/** A promotion by hand, or a rollback. */
export const interventionJson = ({ promotions, rejected, troubles }: InterventionReport) => ({
  promotions: promotions.map(({ environment, version, stacks, reason }) => ({ environment, version, stacks, reason })),
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
