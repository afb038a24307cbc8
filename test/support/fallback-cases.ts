/**
 * The table that holds the two forms of the fallback equal (law F7): cases for the TypeScript predicate and for the
 * POSIX script alike, generated without randomness, so that every run of the tests has the same table.
 *
 * @module
 */
import { hash32 } from '../../src/domain/hash.ts';

/** What lies where a record is looked for. `bytes` is text of one character to a byte. */
export type FileFixture =
  | { readonly _tag: 'Missing' }
  | { readonly _tag: 'File'; readonly bytes: string }
  | { readonly _tag: 'Directory' }
  /** A symbolic link to a file of those bytes. */
  | { readonly _tag: 'Link'; readonly bytes: string }
  | { readonly _tag: 'DanglingLink' }
  | { readonly _tag: 'Pipe' };

/** What a case is there for; a broken variant of the script names the groups that must catch it. */
export type CaseGroup =
  'ages' | 'ahead' | 'numbers' | 'prefixes' | 'files' | 'policies' | 'calendar' | 'records' | 'spares';

/** One row: everything that the decision depends on. */
export interface FallbackCase {
  readonly group: CaseGroup;
  /** What is special about it, for the reader of a failure. */
  readonly name: string;
  readonly nowEpochSeconds: number;
  readonly thresholdSeconds: number;
  readonly retryIntervalSeconds: number;
  readonly splaySeconds: number;
  readonly node: string;
  readonly state: FileFixture;
  readonly record: FileFixture;
  /** The record in its second place. */
  readonly spare: FileFixture;
}

/** 28 July 2025, 02:02:31 UTC. */
export const NOW_EPOCH_SECONDS = 1_753_668_151;

const THRESHOLD_SECONDS = 43_200;
const RETRY_SECONDS = 3_600;

const MISSING: FileFixture = { _tag: 'Missing' };
const file = (bytes: string): FileFixture => ({ _tag: 'File', bytes });

/** The Summoner's state with `value` standing where its last success in epoch seconds stands. */
export const stateText = (value: string | number): string =>
  [
    '{',
    ` "last_run_epoch": ${value},`,
    ' "artifact_version": "20250728.1753666491.0",',
    ' "schema": 1,',
    ' "pending": {"attempts":0},',
    ' "failures": 0',
    '}',
    '',
  ].join('\n');

const recordText = (attempt: string | number | undefined, success: string | number | undefined): string =>
  (attempt === undefined ? '' : `last_attempt_epoch=${attempt}\n`) +
  (success === undefined ? '' : `last_success_epoch=${success}\n`);

const base: Omit<FallbackCase, 'group' | 'name' | 'state' | 'record'> = {
  spare: MISSING,
  nowEpochSeconds: NOW_EPOCH_SECONDS,
  thresholdSeconds: THRESHOLD_SECONDS,
  retryIntervalSeconds: RETRY_SECONDS,
  splaySeconds: 600,
  node: 'web-17.example.com',
};

/** A node whose Summoner is overdue by a day, and whose fallback never fired. */
export const usualCase: FallbackCase = {
  ...base,
  group: 'ages',
  name: 'overdue by a day',
  state: file(stateText(NOW_EPOCH_SECONDS - THRESHOLD_SECONDS - 86_400)),
  record: MISSING,
};

/** Seconds ago, around every limit; negative is the future. Nothing is a file that does not say. */
const successAges = [
  undefined,
  -1_000_000_000,
  -61,
  -60,
  -1,
  0,
  1,
  THRESHOLD_SECONDS - 1,
  THRESHOLD_SECONDS,
  THRESHOLD_SECONDS + 1,
  1_753_668_150,
];
const attemptAges = [undefined, -86_400, -61, -1, 0, RETRY_SECONDS - 1, RETRY_SECONDS, RETRY_SECONDS + 1];

const ages: readonly FallbackCase[] = successAges.flatMap((primary) =>
  successAges.flatMap((own) =>
    attemptAges
      // A third of all combinations, drawn by their names.
      .filter((attempt) => hash32(`${primary} ${own} ${attempt}`) % 3 === 0)
      .map((attempt): FallbackCase => ({
        ...base,
        group: 'ages',
        name: `Summoner ${primary ?? 'never'}, own success ${own ?? 'never'}, own attempt ${attempt ?? 'never'} s ago`,
        state: primary === undefined ? MISSING : file(stateText(NOW_EPOCH_SECONDS - primary)),
        record:
          own === undefined && attempt === undefined
            ? MISSING
            : file(
                recordText(
                  attempt === undefined ? undefined : NOW_EPOCH_SECONDS - attempt,
                  own === undefined ? undefined : NOW_EPOCH_SECONDS - own,
                ),
              ),
      })),
  ),
);

/** Successes of the Summoner's that lie, or lay, ahead of the clock, and what the record says of that. */
const ahead: readonly FallbackCase[] = [
  -THRESHOLD_SECONDS - 1,
  -THRESHOLD_SECONDS,
  -3_600,
  -61,
  -60,
  0,
  60,
  43_199,
].flatMap((age) =>
  [undefined, age, age + 1, 'x', `0${NOW_EPOCH_SECONDS - age}`].flatMap((disbelieved) =>
    [undefined, 60, THRESHOLD_SECONDS].map((own): FallbackCase => {
      const stated = typeof disbelieved === 'number' ? NOW_EPOCH_SECONDS - disbelieved : disbelieved;
      const success = own === undefined ? '' : recordText(undefined, NOW_EPOCH_SECONDS - own);
      return {
        ...base,
        group: 'ahead',
        name: `Summoner ${age} s ago, disbelieved ${stated ?? 'none'}, own success ${own ?? 'never'}`,
        state: file(stateText(NOW_EPOCH_SECONDS - age)),
        record: file(success + (stated === undefined ? '' : `disbelieved_epoch=${stated}\n`)),
      };
    }),
  ),
);

/** What may stand where a number is expected. A shell that is careless with one of them crashes, obeys or miscounts. */
const hostileNumbers: readonly string[] = [
  '',
  ' ',
  '0',
  '00',
  '-1',
  `-${NOW_EPOCH_SECONDS}`,
  `+${NOW_EPOCH_SECONDS}`,
  `${NOW_EPOCH_SECONDS}.0`,
  `${NOW_EPOCH_SECONDS}.999`,
  '1.753668151e9',
  '1e9',
  `"${NOW_EPOCH_SECONDS}"`,
  `'${NOW_EPOCH_SECONDS}'`,
  // In octal this is a little before now, and in decimal far ahead; and the other way round.
  `0${(NOW_EPOCH_SECONDS - 60).toString(8)}`,
  `0${NOW_EPOCH_SECONDS - 60}`,
  `00${NOW_EPOCH_SECONDS - 60}`,
  `0x${(NOW_EPOCH_SECONDS - 60).toString(16)}`,
  `${NOW_EPOCH_SECONDS - 60},`,
  `${NOW_EPOCH_SECONDS - 60},,`,
  `${NOW_EPOCH_SECONDS - 60} `,
  `  ${NOW_EPOCH_SECONDS - 60}`,
  `\t${NOW_EPOCH_SECONDS - 60}\t`,
  `${NOW_EPOCH_SECONDS - 60}\r`,
  `${NOW_EPOCH_SECONDS - 60}\0`,
  `${NOW_EPOCH_SECONDS - 60}\0\0junk`,
  `${NOW_EPOCH_SECONDS - 60}junk`,
  `${NOW_EPOCH_SECONDS - 60} // a remark`,
  `${NOW_EPOCH_SECONDS - 60} }`,
  `${String(NOW_EPOCH_SECONDS).slice(0, 5)} ${String(NOW_EPOCH_SECONDS - 60).slice(5)}`,
  '99999999999',
  '999999999999',
  '1000000000000',
  '9223372036854775807',
  '9223372036854775808',
  // 2⁶⁴ and a time that is all right: what an unsigned 64-bit counter would take for that time.
  (2n ** 64n + BigInt(NOW_EPOCH_SECONDS - 60)).toString(),
  (2n ** 32n + BigInt(NOW_EPOCH_SECONDS - 60)).toString(),
  '9'.repeat(5_000),
  'null',
  'null,',
  'NULL',
  'none',
  'torn',
  'true',
  '{}',
  '[]',
  `[${NOW_EPOCH_SECONDS - 60}]`,
  `{"last_run_epoch": ${NOW_EPOCH_SECONDS - 60}}`,
  '$(touch obeyed)',
  '`touch obeyed`',
  '${HOME}',
  '$now',
  'now',
  'a[$(touch obeyed)]',
  '* ? [a-z]*',
  '-n',
  '\\',
  '%s%n',
  '\u0661\u0667',
  Buffer.from('١٧٥٣٦٦٨١٥١').toString('latin1'),
  Buffer.from('１７５３６６８１５１').toString('latin1'),
  '\xff\xfe\x80',
];

const show = (text: string): string => JSON.stringify(text.length > 30 ? `${text.slice(0, 30)}…` : text);

const numbers: readonly FallbackCase[] = hostileNumbers.flatMap((value): readonly FallbackCase[] => [
  {
    ...base,
    group: 'numbers',
    name: `Summoner's success ${show(value)}`,
    state: file(stateText(value)),
    record: MISSING,
  },
  {
    ...base,
    group: 'numbers',
    name: `own success ${show(value)}`,
    state: file(stateText(NOW_EPOCH_SECONDS - THRESHOLD_SECONDS)),
    record: file(recordText(NOW_EPOCH_SECONDS - RETRY_SECONDS, value)),
  },
  {
    ...base,
    group: 'numbers',
    name: `own attempt ${show(value)}`,
    state: file(stateText(NOW_EPOCH_SECONDS - THRESHOLD_SECONDS)),
    record: file(recordText(value, NOW_EPOCH_SECONDS - THRESHOLD_SECONDS)),
  },
]);

const WHOLE_STATE = stateText(NOW_EPOCH_SECONDS - 60);

/** A write that was cut short after every byte of it. */
const prefixes: readonly FallbackCase[] = Array.from({ length: WHOLE_STATE.length + 1 }, (_, length) => ({
  ...base,
  group: 'prefixes',
  name: `the Summoner's state cut off after ${length} bytes`,
  state: file(WHOLE_STATE.slice(0, length)),
  record: MISSING,
}));

const FRESH = NOW_EPOCH_SECONDS - 60;
const STALE = NOW_EPOCH_SECONDS - THRESHOLD_SECONDS - 60;
const MEBIBYTE = 1_048_576;
const filler = (bytes: number): string => ' "x": 1,\n'.repeat(Math.ceil(bytes / 9)).slice(0, bytes - 1) + '\n';

/** A state file of exactly `bytes` bytes, its one line that matters near its beginning. */
const stateOfSize = (bytes: number): string => {
  const head = `{\n "last_run_epoch": ${FRESH},\n`;
  return `${head}${filler(bytes - head.length - 2)}}\n`;
};

const hostileFiles: readonly (readonly [string, FileFixture])[] = [
  ['missing', MISSING],
  ['a directory', { _tag: 'Directory' }],
  ['a link to a good file', { _tag: 'Link', bytes: WHOLE_STATE }],
  ['a link to nowhere', { _tag: 'DanglingLink' }],
  ['a pipe that nobody writes to', { _tag: 'Pipe' }],
  ['empty', file('')],
  ['one newline', file('\n')],
  ['blanks', file(' \t\r\n \n')],
  ['an empty object', file('{}')],
  ['an empty object on two lines', file('{\n}\n')],
  ['no line about the last run', file('{\n "schema": 1\n}\n')],
  ['garbage', file('\x00\x01\x02\xff\xfe garbage \x1b[2J')],
  ['a page of NULs', file('\0'.repeat(4_096))],
  ['NULs for its second half', file(WHOLE_STATE.slice(0, 60) + '\0'.repeat(80))],
  ['NULs after its end', file(`${WHOLE_STATE}${'\0'.repeat(512)}`)],
  ['NULs in a line about something else', file(WHOLE_STATE.replace('"schema"', '"sch\0ema"'))],
  ['NULs in the name', file(WHOLE_STATE.replace('last_run_epoch', 'last_run\0_epoch'))],
  ['a login page', file('<!DOCTYPE html>\n<html>\n<body>\n "last_run_epoch": 1\n</body>\n</html>\n')],
  ['a byte order mark', file(`\xef\xbb\xbf${WHOLE_STATE}`)],
  ['text that is no UTF-8', file(WHOLE_STATE.replace('"schema": 1', '"owner": "J\xfcrgen"'))],
  ['UTF-16', file(Buffer.from(WHOLE_STATE, 'utf16le').toString('latin1'))],
  ['lines that end as on Windows', file(WHOLE_STATE.replaceAll('\n', '\r\n'))],
  ['lines that end as on old Macs', file(WHOLE_STATE.replaceAll('\n', '\r'))],
  ['no newline at its end', file(WHOLE_STATE.trimEnd())],
  ['empty lines at its end', file(`${WHOLE_STATE}\n\n \n`)],
  ['something after its end', file(`${WHOLE_STATE}x\n`)],
  ['tabs for blanks', file(WHOLE_STATE.replaceAll(' ', '\t'))],
  ['no blanks', file(WHOLE_STATE.replaceAll(' ', ''))],
  ['many blanks', file(WHOLE_STATE.replaceAll(' ', '     '))],
  ['all on one line', file(JSON.stringify(JSON.parse(WHOLE_STATE)))],
  ['in another order', file(`{\n "schema": 1,\n "last_run_epoch": ${FRESH}\n}\n`)],
  ['indented by four', file(`{\n    "schema": 1,\n    "last_run_epoch": ${FRESH}\n}\n`)],
  ['the name without quotes', file(`{\n last_run_epoch: ${FRESH},\n "schema": 1\n}\n`)],
  ['the name in other quotes', file(`{\n 'last_run_epoch': ${FRESH},\n "schema": 1\n}\n`)],
  ['an equals sign', file(`{\n "last_run_epoch" = ${FRESH},\n "schema": 1\n}\n`)],
  ['no colon', file(`{\n "last_run_epoch" ${FRESH},\n "schema": 1\n}\n`)],
  ['something before the colon', file(`{\n "last_run_epoch"x: ${FRESH},\n "schema": 1\n}\n`)],
  ['another name that begins alike', file(`{\n "last_run_epochs": ${FRESH},\n "schema": 1\n}\n`)],
  ['the name in capitals', file(`{\n "LAST_RUN_EPOCH": ${FRESH},\n "schema": 1\n}\n`)],
  ['a value with the name in it', file(`{\n "reason": "see \\"last_run_epoch\\": ${FRESH}",\n "schema": 1\n}\n`)],
  ['twice, the later fresh', file(`{\n "last_run_epoch": ${STALE},\n "last_run_epoch": ${FRESH}\n}\n`)],
  ['twice, the later stale', file(`{\n "last_run_epoch": ${FRESH},\n "last_run_epoch": ${STALE}\n}\n`)],
  ['twice, the later null', file(`{\n "last_run_epoch": ${FRESH},\n "last_run_epoch": null\n}\n`)],
  ['twice, the later garbage', file(`{\n "last_run_epoch": ${FRESH},\n "last_run_epoch": x\n}\n`)],
  ['the fallback’s lines in it', file(`last_success_epoch=${FRESH}\nlast_attempt_epoch=${FRESH}\n{\n}\n`)],
  ['one byte less than is read', file(stateOfSize(MEBIBYTE - 1))],
  ['as long as is read', file(stateOfSize(MEBIBYTE))],
  ['one byte longer than is read', file(stateOfSize(MEBIBYTE + 1))],
  ['two bytes longer than is read', file(stateOfSize(MEBIBYTE + 2))],
  ['three times as long as is read', file(stateOfSize(3 * MEBIBYTE))],
  ['an endless line', file(`{\n "x": "${'x'.repeat(2 * MEBIBYTE)}",\n "last_run_epoch": ${FRESH}\n}\n`)],
  ['ten thousand lines of it', file(`{\n${` "last_run_epoch": ${FRESH},\n`.repeat(10_000)}}\n`)],
];

const files: readonly FallbackCase[] = hostileFiles.flatMap(([name, fixture]): readonly FallbackCase[] => [
  { ...base, group: 'files', name: `the Summoner's state: ${name}`, state: fixture, record: MISSING },
  {
    ...base,
    group: 'files',
    name: `the Summoner's state: ${name}; healed by the fallback`,
    state: fixture,
    record: file(recordText(FRESH, FRESH)),
  },
]);

const hostileRecords: readonly (readonly [string, FileFixture])[] = [
  ['a directory', { _tag: 'Directory' }],
  ['a link to a good file', { _tag: 'Link', bytes: recordText(FRESH, FRESH) }],
  ['a link to nowhere', { _tag: 'DanglingLink' }],
  ['a pipe that nobody writes to', { _tag: 'Pipe' }],
  ['empty', file('')],
  ['garbage', file('\x00\x01\x02\xff\xfe')],
  ['lines that end as on Windows', file(recordText(FRESH, FRESH).replaceAll('\n', '\r\n'))],
  ['blanks everywhere', file(` last_attempt_epoch = ${FRESH} \n\tlast_success_epoch\t=\t${FRESH}\n`)],
  ['no newline at its end', file(recordText(FRESH, FRESH).trimEnd())],
  ['in the other order', file(recordText(undefined, FRESH) + recordText(FRESH, undefined))],
  ['remarks', file(`# by hand\n${recordText(FRESH, FRESH)}# last_success_epoch=1\n`)],
  ['the later stale', file(recordText(FRESH, FRESH) + recordText(STALE, STALE))],
  ['the later fresh', file(recordText(STALE, STALE) + recordText(FRESH, FRESH))],
  ['the later garbage', file(recordText(FRESH, FRESH) + recordText('x', 'x'))],
  ['names that begin alike', file(`last_success_epochs=${FRESH}\nlast_success_epoch =${FRESH}x\n`)],
  ['a Summoner’s state', file(WHOLE_STATE)],
  ['longer than is read', file(`${'# x\n'.repeat(MEBIBYTE / 4)}${recordText(FRESH, FRESH)}`)],
  ...Array.from({ length: recordText(FRESH, FRESH).length }, (_, length): readonly [string, FileFixture] => [
    `cut off after ${length} bytes`,
    file(recordText(FRESH, FRESH).slice(0, length)),
  ]),
];

const records: readonly FallbackCase[] = hostileRecords.map(([name, fixture]) => ({
  ...base,
  group: 'records',
  name: `the fallback's record: ${name}`,
  state: file(stateText(STALE)),
  record: fixture,
}));

/** A record in the second place goes before the one in the first, whatever it says, where it is a plain file. */
const spares: readonly FallbackCase[] = [
  ...hostileRecords.slice(0, 16),
  ['fresh', file(recordText(FRESH, FRESH))] as const,
  ['stale', file(recordText(STALE, STALE))] as const,
  ['disbelieving', file(`disbelieved_epoch=${FRESH}\n`)] as const,
].flatMap(([name, fixture]) =>
  [FRESH, STALE].map((own): FallbackCase => ({
    ...base,
    group: 'spares',
    name: `a record in the second place: ${name}; that in the first ${own === FRESH ? 'fresh' : 'stale'}`,
    state: file(stateText(name === 'disbelieving' ? FRESH : STALE)),
    record: file(recordText(own, own)),
    spare: fixture,
  })),
);

/** Other limits than the usual ones, met exactly, just missed and just passed. */
const policies: readonly FallbackCase[] = [1, 2, 60, 43_199, 86_400, 9_999_999].flatMap((seconds) =>
  [-1, 0, 1].flatMap((offset): readonly FallbackCase[] => [
    {
      ...base,
      group: 'policies',
      thresholdSeconds: seconds,
      name: `threshold ${seconds} s, the Summoner's success ${seconds + offset} s ago`,
      state: file(stateText(NOW_EPOCH_SECONDS - seconds - offset)),
      record: MISSING,
    },
    {
      ...base,
      group: 'policies',
      retryIntervalSeconds: seconds,
      splaySeconds: seconds,
      name: `retry interval ${seconds} s, the last attempt ${seconds + offset} s ago`,
      state: MISSING,
      record: file(recordText(NOW_EPOCH_SECONDS - seconds - offset, undefined)),
    },
  ]),
);

/** Instants at which calendars and clocks have been wrong before, as now and as the last success. */
const instants: readonly (readonly [string, number])[] = [
  ['the first second', 0],
  ['a machine without a clock', 59],
  ['the first leap day', 68_169_599],
  ['2000-02-29', 951_782_400],
  ['a thousand million', 1_000_000_000],
  ['2016-12-31, before the leap second', 1_483_228_799],
  ['New Year 2024', 1_704_067_200],
  ['2024-02-29', 1_709_164_800],
  ['2024-12-31', 1_735_603_200],
  ['spring forward in Europe', 1_743_296_400],
  ['fall back in Europe', 1_761_440_400],
  ['2³¹ − 1', 2_147_483_647],
  ['2³¹', 2_147_483_648],
  ['2³²', 4_294_967_296],
  ['2100-02-28, no leap year', 4_107_455_999],
  ['2100-03-01', 4_107_542_400],
  ['the last day of 9999', 253_402_214_400],
];

const calendar: readonly FallbackCase[] = instants.flatMap(([name, nowEpochSeconds]) =>
  [0, 1, 43_199, 43_200].map((age) => ({
    ...base,
    nowEpochSeconds,
    group: 'calendar',
    name: `${name}, ${age} s after the Summoner's success`,
    state: file(stateText(nowEpochSeconds - age)),
    record: MISSING,
  })),
);

/** Every case, in a fixed order. */
export const fallbackCases: readonly FallbackCase[] = [
  ...ages,
  ...ahead,
  ...numbers,
  ...prefixes,
  ...files,
  ...records,
  ...spares,
  ...policies,
  ...calendar,
];
