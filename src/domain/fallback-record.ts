/**
 * The fallback's own record: when it last tried, and when a run of its own last succeeded. It lies beside the Summoner's
 * state, never in it (law F3), and the Summoner reads it, since a success of the fallback's is a success (law F4).
 *
 * The file holds lines `last_attempt_epoch=1753668151`, `last_success_epoch=1753668151` and `disbelieved_epoch=1753668151`,
 * any of which may be missing. It has no version and gets none: scripts in old images write it.
 *
 * Where its disk is full the record is written to a second place, on another file system that a boot empties. A record that
 * lies there is the newer one, since it is removed as soon as the first place can be written again.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type LastRun, parseRecordedSeconds, recordLines, type RecordReading } from './last-run.ts';
import { type EpochMs, epochMs, SECOND_MS } from './time.ts';

/** What the fallback remembers, in whole epoch seconds. */
export interface FallbackRecord {
  /** The beginning of an attempt that is under way or was cut short, else the end of the last one. */
  readonly lastAttemptEpochSeconds: O.Option<number>;
  /** The end of the last run of its own that succeeded. */
  readonly lastSuccessEpochSeconds: O.Option<number>;
  /** A last success of the Summoner's that once lay ahead of the clock, and so stays none when the clock has caught up. */
  readonly disbelievedEpochSeconds: O.Option<number>;
}

/** The record of a fallback that never fired. */
export const EMPTY_FALLBACK_RECORD: FallbackRecord = {
  lastAttemptEpochSeconds: O.none,
  lastSuccessEpochSeconds: O.none,
  disbelievedEpochSeconds: O.none,
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
    disbelievedEpochSeconds: secondsUnder(lines, 'disbelieved_epoch'),
  };
};

/** Writes a {@link FallbackRecord}, to the byte as the script does. */
export const formatFallbackRecord = (record: FallbackRecord): string => {
  const line = (name: string, epochSeconds: O.Option<number>) =>
    O.isSome(epochSeconds) ? `${name}=${epochSeconds.value}\n` : '';
  return (
    line('last_attempt_epoch', record.lastAttemptEpochSeconds) +
    line('last_success_epoch', record.lastSuccessEpochSeconds) +
    line('disbelieved_epoch', record.disbelievedEpochSeconds)
  );
};

/** What a look at the record's file shows: one that is missing or cannot be read remembers nothing. */
export const fallbackRecordOf = (reading: RecordReading): FallbackRecord =>
  reading._tag === 'Found' ? parseFallbackRecord(reading.body) : EMPTY_FALLBACK_RECORD;

/** Of the two places of a record the one that counts: the second, where a record lies there. */
export const recordInForce = <A>(own: A, spare: A | undefined): A => spare ?? own;

/** The whole second in which `now` falls: what the record is written and compared in. */
export const epochSecondsOf = (now: EpochMs): number => Math.floor(now / SECOND_MS);

/**
 * What is recorded may lie so far ahead of the clock and still be believed, in seconds: a clock that is kept is set back by
 * less, and no run is worth that. What lies further ahead was written by a clock that was wrong.
 */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** Whether something on record lies further ahead of the clock than a clock that is kept is ever set back. */
export const isAhead = (epochSeconds: number, now: EpochMs): boolean =>
  epochSeconds > epochSecondsOf(now) + CLOCK_TOLERANCE_SECONDS;

const notAhead = (epochSeconds: O.Option<number>, now: EpochMs): O.Option<number> =>
  O.filter((seconds: number) => !isAhead(seconds, now))(epochSeconds);

/**
 * The record after a look at `now`. What lies ahead of the clock is none, and must not become one when the clock has caught
 * up with it: a success and an attempt of the fallback's own are dropped, and the Summoner's is disbelieved.
 *
 * That only while it lies ahead by less than the threshold. A clock that is off by more, as that of a machine which boots in
 * 1970, is most likely to be set right at a stroke; then the success is good again, and no further run is due.
 *
 * @returns the same reference when there is nothing to change.
 */
export const afterLook = (
  record: FallbackRecord,
  lastRun: LastRun,
  thresholdSeconds: number,
  now: EpochMs,
): FallbackRecord => {
  const disbelieves =
    lastRun._tag === 'Succeeded' &&
    isAhead(lastRun.epochSeconds, now) &&
    lastRun.epochSeconds - epochSecondsOf(now) < thresholdSeconds;
  const after: FallbackRecord = {
    lastAttemptEpochSeconds: notAhead(record.lastAttemptEpochSeconds, now),
    lastSuccessEpochSeconds: notAhead(record.lastSuccessEpochSeconds, now),
    disbelievedEpochSeconds: disbelieves ? O.some(lastRun.epochSeconds) : record.disbelievedEpochSeconds,
  };
  return formatFallbackRecord(after) === formatFallbackRecord(record) ? record : after;
};

/** Whether the Summoner's last success is one: it does not lie ahead of the clock, and never did. */
export const isBelieved = (record: FallbackRecord, epochSeconds: number, now: EpochMs): boolean => {
  const { disbelievedEpochSeconds: disbelieved } = record;
  return !isAhead(epochSeconds, now) && !(O.isSome(disbelieved) && disbelieved.value === epochSeconds);
};

/** The record after an attempt began, or ended without success, at `now`. */
export const afterAttempt = (record: FallbackRecord, now: EpochMs): FallbackRecord => ({
  ...record,
  lastAttemptEpochSeconds: O.some(epochSecondsOf(now)),
  lastSuccessEpochSeconds: notAhead(record.lastSuccessEpochSeconds, now),
});

/** The record after a run of the fallback's ended with success at `now`. */
export const afterSuccess = (record: FallbackRecord, now: EpochMs): FallbackRecord => ({
  ...record,
  lastAttemptEpochSeconds: O.some(epochSecondsOf(now)),
  lastSuccessEpochSeconds: O.some(epochSecondsOf(now)),
});

/** The fallback's last success, as the Summoner hears of it (law F4). Whether it is to be believed is for that to say. */
export const fallbackSuccess = ({ lastSuccessEpochSeconds }: FallbackRecord): O.Option<EpochMs> =>
  O.isSome(lastSuccessEpochSeconds) ? O.some(epochMs(lastSuccessEpochSeconds.value * SECOND_MS)) : O.none;
