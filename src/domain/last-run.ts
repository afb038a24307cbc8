/**
 * The Summoner's last success, as those read it who know nothing else of the Summoner.
 *
 * The Summoner's state file is a public contract in one point: it is JSON written over several lines, its closing brace
 * alone on the last of them, and a line of its own holds `"last_run_epoch": 1753668151,` at the top level (`null` before
 * the first success, or no such line). Images that were baked years ago read it with a shell script. What stands here
 * is the rule of that script, word for word, so that program and script are never of two minds (law F7).
 *
 * @module
 */

/** What the Summoner's record shows. */
export type LastRun =
  | { readonly _tag: 'Succeeded'; readonly epochSeconds: number }
  /** There is no record, or a whole one that knows of no success. */
  | { readonly _tag: 'Never' }
  /** There is something, but not what a Summoner writes: cut off, garbage, not a plain file, not readable. */
  | { readonly _tag: 'Torn' };

/** How an attempt to read a record's file ended; what a state store answers is one as well. */
export type RecordReading =
  | { readonly _tag: 'Found'; readonly body: string }
  | { readonly _tag: 'Missing' }
  /** There, but no plain file, or not to be trusted. */
  | { readonly _tag: 'Refused'; readonly detail: string }
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** So many bytes of a record are looked at and no more: 1 MiB. A longer file is cut there, and so has no end. */
export const RECORD_BYTES_MAX = 1_048_576;

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_AT_END = /[\u0001-\u001f\u007f]$/;

/**
 * The lines of a text as a shell sees them. Empty ones are left out, and NUL bytes, which some file systems leave behind
 * after a power cut; one control character at the end of a line, such as a carriage return, is no part of it.
 */
export const shellLines = (text: string): readonly string[] =>
  text
    .replaceAll('\0', '')
    .split('\n')
    .map((line) => line.replace(CONTROL_AT_END, ''))
    .filter((line) => line !== '');

/** The lines of a record: {@link shellLines} without blanks, wherever they stand. */
export const recordLines = (text: string): readonly string[] =>
  shellLines(text.slice(0, RECORD_BYTES_MAX).replace(/[\t ]/g, ''));

const EPOCH_SECONDS = /^[1-9][0-9]{0,11}$/;

/**
 * Reads epoch seconds as a record may write them: no sign, no fraction, no leading zero, which a shell takes for octal,
 * and at most twelve digits, which every shell can hold. Anything else is `undefined`.
 */
export const parseRecordedSeconds = (text: string): number | undefined =>
  EPOCH_SECONDS.test(text) ? Number(text) : undefined;

const KEY = '"last_run_epoch"';

/**
 * Reads the Summoner's last success out of the text of its state file. Never throws, and never parses the whole: a state
 * that only a newer Summoner understands still has the line. Of two such lines the later counts, as in JSON.
 *
 * @param text - the file as it lies there, of any length, one character to a byte or decoded.
 */
export const parseLastRun = (text: string): LastRun => {
  const lines = recordLines(text);
  if (lines.at(-1) !== '}') return { _tag: 'Torn' };
  const line = lines.findLast((candidate) => candidate.startsWith(KEY)) ?? `${KEY}:null`;
  const value = line.startsWith(`${KEY}:`) ? line.slice(KEY.length + 1).replace(/,$/, '') : '';
  if (value === 'null') return { _tag: 'Never' };
  const epochSeconds = parseRecordedSeconds(value);
  return epochSeconds === undefined ? { _tag: 'Torn' } : { _tag: 'Succeeded', epochSeconds };
};

/** What a look at the Summoner's state file shows: no file is no success, one that cannot be read is torn (law F1). */
export const lastRunOf = (reading: RecordReading): LastRun => {
  switch (reading._tag) {
    case 'Found':
      return parseLastRun(reading.body);
    case 'Missing':
      return { _tag: 'Never' };
    case 'Refused':
    case 'Unavailable':
      return { _tag: 'Torn' };
  }
};
