/**
 * A forecast as one JSON document.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Forecast, Passage, Span } from '../../domain/forecast.ts';
import { explainOutcome, reasonLabel } from '../../domain/outcome.ts';
import { formatHoldScope } from '../../domain/hold-text.ts';
import type { Hold } from '../../domain/hold.ts';
import { type EpochMs, formatInstant } from '../../domain/time.ts';
import { type Bite, bitesOf, explainPassage } from './explain.ts';

const instantOrNull = (instant: O.Option<EpochMs>): string | null =>
  O.isSome(instant) ? formatInstant(instant.value) : null;

const spanJson = ({ from, to, outcome }: Span) => ({
  from: formatInstant(from),
  to: instantOrNull(to),
  outcome: outcome._tag,
  reason: reasonLabel(outcome),
  version: outcome._tag === 'Waiting' ? null : outcome.version,
  retry_at: instantOrNull(outcome.retryAt),
  explanation: explainOutcome(outcome),
});

/** Where the way of a version ends, for those whose way does. */
const endOf = (passage: Passage): string | null => ('environment' in passage ? passage.environment : null);

const passageJson = (environment: string, passage: Passage) => ({
  environment,
  passage: passage._tag,
  at: passage._tag === 'Arrives' ? formatInstant(passage.at) : null,
  ends_at: endOf(passage),
  explanation: explainPassage(environment, passage),
});

const biteJson = ({ environment, from, to }: Bite) => ({
  environment,
  from: formatInstant(from),
  to: instantOrNull(to),
});

/** The forecast, with what each of `holds` stops. */
export const forecastJson = (forecast: Forecast, holds: readonly Hold[]) => ({
  from: formatInstant(forecast.from),
  until: formatInstant(forecast.until),
  end: forecast.end,
  environments: forecast.timelines.map(({ environment, pins, arrivals, spans }) => ({
    environment,
    pins: Object.fromEntries([...pins].map(([stack, pin]) => [stack, O.toNullable(pin)])),
    arrivals: arrivals.map(({ version, at, reason, stacks, isWhole }) => ({
      version,
      at: formatInstant(at),
      reason,
      stacks,
      whole: isWhole,
    })),
    spans: spans.map(spanJson),
  })),
  versions: forecast.journeys.map(({ version, passages, everywhereAt }) => ({
    version,
    everywhere_at: instantOrNull(everywhereAt),
    environments: [...passages].map(([environment, passage]) => passageJson(environment, passage)),
  })),
  holds: holds.map((hold) => ({
    id: hold.id,
    scope: formatHoldScope(hold.scope),
    expires_at: instantOrNull(hold.expiresAt),
    bites: bitesOf(forecast, hold).map(biteJson),
  })),
});
