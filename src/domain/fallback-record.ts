/**
 * The fallback's own record: when it last tried, and when a run of its own last succeeded. It lies beside the Summoner's
 * state, never in it (law F3), and the Summoner reads it, since a success of the fallback's is a success (law F4).
 *
 * The file holds lines `last_attempt_epoch=1753668151` and `last_success_epoch=1753668151`, either of which may be
 * missing. It has no version and gets none: scripts in old images write it.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { parseRecordedSeconds, type RecordReading, recordLines } from './last-run.ts';
import { type EpochMs, epochMs, SECOND_MS } from './time.ts';

/** What the fallback remembers, in whole epoch seconds. */
export interface FallbackRecord {
  /** The beginning of an attempt that is under way or was cut short, else the end of the last one. */
  readonly lastAttemptEpochSeconds: O.Option<number>;
  /** The end of the last run of its own that succeeded. */
  readonly lastSuccessEpochSeconds: O.Option<number>;
}

/** The record of a fallback that never fired. */
export const EMPTY_FALLBACK_RECORD: FallbackRecord = {
  lastAttemptEpochSeconds: O.none,
  lastSuccessEpochSeconds: O.none,
};

const secondsUnder = (lines: readonly string[], name: string): O.Option<number> => {
  const line = lines.findLast((candidate) => candidate.startsWith(`${name}=`)) ?? '';
  return O.fromNullable(parseRecordedSeconds(line.slice(name.length + 1)));
};

/**
 * Reads a {@link FallbackRecord}. Never throws: what is no number of seconds is as good as missing, of two lines with
 * one name the later counts, and all other lines are passed over.
 */
export const parseFallbackRecord = (text: string): FallbackRecord => {
  const lines = recordLines(text);
  return {
    lastAttemptEpochSeconds: secondsUnder(lines, 'last_attempt_epoch'),
    lastSuccessEpochSeconds: secondsUnder(lines, 'last_success_epoch'),
  };
};

/** Writes a {@link FallbackRecord}, to the byte as the script does. */
export const formatFallbackRecord = (record: FallbackRecord): string => {
  const line = (name: string, epochSeconds: O.Option<number>) =>
    O.isSome(epochSeconds) ? `${name}=${epochSeconds.value}\n` : '';
  return (
    line('last_attempt_epoch', record.lastAttemptEpochSeconds) +
    line('last_success_epoch', record.lastSuccessEpochSeconds)
  );
};

/** What a look at the record's file shows: one that is missing or cannot be read remembers nothing. */
export const fallbackRecordOf = (reading: RecordReading): FallbackRecord =>
  reading._tag === 'Found' ? parseFallbackRecord(reading.body) : EMPTY_FALLBACK_RECORD;

/** The whole second in which `now` falls: what the record is written and compared in. */
export const epochSecondsOf = (now: EpochMs): number => Math.floor(now / SECOND_MS);

const notAfter = (epochSeconds: O.Option<number>, now: EpochMs): O.Option<number> =>
  O.filter((seconds: number) => seconds <= epochSecondsOf(now))(epochSeconds);

/**
 * The record after an attempt began, or ended without success, at `now`. A success that claims to come from the future
 * is dropped: it was none, and would become one when the clock has caught up.
 */
export const afterAttempt = (record: FallbackRecord, now: EpochMs): FallbackRecord => ({
  lastAttemptEpochSeconds: O.some(epochSecondsOf(now)),
  lastSuccessEpochSeconds: notAfter(record.lastSuccessEpochSeconds, now),
});

/** The record after a run of the fallback's ended with success at `now`. */
export const afterSuccess = (now: EpochMs): FallbackRecord => ({
  lastAttemptEpochSeconds: O.some(epochSecondsOf(now)),
  lastSuccessEpochSeconds: O.some(epochSecondsOf(now)),
});

/** The fallback's last success, as the Summoner hears of it (law F4). Whether it is to be believed is for that to say. */
export const fallbackSuccess = ({ lastSuccessEpochSeconds }: FallbackRecord): O.Option<EpochMs> =>
  O.isSome(lastSuccessEpochSeconds) ? O.some(epochMs(lastSuccessEpochSeconds.value * SECOND_MS)) : O.none;
