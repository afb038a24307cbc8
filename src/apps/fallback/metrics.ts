import * as O from 'fp-ts/lib/Option.js';
import type { FallbackDecision } from '../../domain/fallback.ts';
import { epochSecondsOf, type FallbackRecord, isAhead } from '../../domain/fallback-record.ts';
import type { EpochMs } from '../../domain/time.ts';

/**
 * What a metrics collector reads of the fallback, in Prometheus's text format and to the byte as the script writes it.
 * All are gauges; times are epoch seconds, 0 for never, and what claims to come from the future is shown as never.
 */
export const fallbackMetrics = (decision: FallbackDecision, own: FallbackRecord, now: EpochMs): string => {
  const nowSeconds = epochSecondsOf(now);
  const shown = (epochSeconds: O.Option<number>): number =>
    O.isSome(epochSeconds) && !isAhead(epochSeconds.value, now) ? epochSeconds.value : 0;
  return [
    `check_timestamp_seconds ${nowSeconds}`,
    `decision{decision="${decision._tag}",reason="${decision.reason}"} 1`,
    `attempt_timestamp_seconds ${shown(own.lastAttemptEpochSeconds)}`,
    `success_timestamp_seconds ${shown(own.lastSuccessEpochSeconds)}`,
  ]
    .map((sample) => `signalbox_fallback_${sample}\n`)
    .join('');
};
