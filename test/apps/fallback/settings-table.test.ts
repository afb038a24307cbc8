/**
 * F7: the TypeScript form and the script read one settings file alike, whatever lies in its place, and each other file
 * that it names.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fallback } from '../../../src/apps/fallback/main.ts';
import { SETTINGS_BYTES_MAX } from '../../../src/apps/fallback/settings.ts';
import { type FileFixture, stateText } from '../../support/fallback-cases.ts';
import {
  makeToolDirectory,
  place,
  SCRIPT,
  shells,
  type ShellUnderTest,
  temporaryDirectory,
} from '../../support/fallback-script.ts';

const root = temporaryDirectory();
const at = (name: string): string => join(root.path, name);

/** What both forms answer: the decision with the command and the wait, the exit code, and how much was complained of. */
interface Answer {
  readonly stdout: string;
  readonly exitCode: number;
  readonly complaints: number;
}

const SUCCEEDED_SECONDS_AGO = 10_000;

/** No file and no node has such a name. */
const LONG = 'x'.repeat(300);

beforeAll(() => {
  for (const { name, tools } of shells) makeToolDirectory(at(`tools-of-${name}`), tools, false);
  writeFileSync(at('state'), stateText(Math.floor(Date.now() / 1000) - SUCCEEDED_SECONDS_AGO));
  mkdirSync(at('closed'));
  writeFileSync(at('closed/state'), '');
  chmodSync(at('closed'), 0);
  symlinkSync('loop', at('loop'));
});
afterAll(() => {
  chmodSync(at('closed'), 0o700);
  root.remove();
});

const file = (text: string): FileFixture => ({ _tag: 'File', bytes: Buffer.from(text).toString('latin1') });
const lines = (...given: readonly string[]): FileFixture => file(given.map((line) => `${line}\n`).join(''));

/** With this the fallback fires, and without it waits. */
const FIRES = 'THRESHOLD_SECONDS=9000';
const CONTROLS = ['\t', '\r', '\x01', '\x1b', '\x7f', '\t\t', '\r\t', ' ', '\v', '\f', '\0', '\0\t', '\t\0', '\u00a0'];
const BLANKS = [' ', '\t', '\r', '\0', '\v', '\f', '\u00a0', '\u2028'];

const conf: readonly (readonly [string, FileFixture])[] = [
  ['missing', { _tag: 'Missing' }],
  ['a directory', { _tag: 'Directory' }],
  ['a pipe that nobody writes to', { _tag: 'Pipe' }],
  ['a link to a file', { _tag: 'Link', bytes: `${FIRES}\n` }],
  ['a link to nowhere', { _tag: 'DanglingLink' }],
  ['empty', file('')],
  ['without an end', file(FIRES)],
  ['remarks and empty lines', lines('# ours', '', '#', ' ', '\t', '\t\t', ' # theirs', FIRES)],
  ['lines that end as on Windows', lines(`${FIRES}\r`, '\r', '# ours\r')],
  ['a byte order mark', file(`\ufeff${FIRES}\nCOMMAND=true\n`)],
  ['NULs', file(`${'\0'.repeat(4_096)}${FIRES}\n`)],
  ['NULs before an end that is not there', file(`${FIRES}\0`)],
  ['no UTF-8', { _tag: 'File', bytes: `# J\xfcrgen\n${FIRES}\n` }],
  ['as long as is read', file(`${'#'.repeat(SETTINGS_BYTES_MAX - FIRES.length - 1)}\n${FIRES}\nCOMMAND=no`)],
  ['one byte longer than is read', file(`${'#'.repeat(SETTINGS_BYTES_MAX - FIRES.length)}\n${FIRES}`)],
  ['much longer than is read', file(`${FIRES}\n${'#'.repeat(20 * SETTINGS_BYTES_MAX)}\nCOMMAND=no\n`)],
  ...CONTROLS.flatMap((end): readonly (readonly [string, FileFixture])[] => [
    [`${JSON.stringify(end)} at the end of a number`, lines(`${FIRES}${end}`)],
    [`${JSON.stringify(end)} at the end of a name`, lines(FIRES, `NODE_NAME=web-17${end}`)],
    [`${JSON.stringify(end)} alone`, lines(end)],
  ]),
  ...BLANKS.flatMap((blank): readonly (readonly [string, FileFixture])[] => [
    [`${JSON.stringify(blank)} between words`, lines(FIRES, `COMMAND=true${blank}x`)],
    [`${JSON.stringify(blank)} for a value`, lines(FIRES, `COMMAND=${blank}`)],
    [`${JSON.stringify(blank)} for a path`, lines(`METRICS_FILE=${blank}`)],
    [`${JSON.stringify(blank)} before a name`, lines(`${blank}${FIRES}`)],
  ]),
  ...[
    '',
    '=',
    '=x',
    'x',
    'x=',
    'x=y=z',
    'COMMAND=a=b',
    'COMMAND =true',
    '$(touch obeyed)=1',
    'toString=1',
    'bad=0',
  ].map((line): readonly [string, FileFixture] => [`the line ${JSON.stringify(line)}`, lines(FIRES, line)]),
];

type Environment = Readonly<Record<string, string>>;

/** With the variables of `own`, which are named without what they all begin with. */
const environmentOf = (confFile: string, own: Environment = {}): Environment => ({
  SIGNALBOX_FALLBACK_CONF: confFile,
  SIGNALBOX_FALLBACK_STATE_FILE: at('state'),
  SIGNALBOX_FALLBACK_RECORD_FILE: at('record'),
  SIGNALBOX_FALLBACK_SPARE_FILE: at('spare'),
  ...Object.fromEntries(Object.entries(own).map(([name, value]) => [`SIGNALBOX_FALLBACK_${name}`, value])),
});

const THRESHOLD_SECONDS = '9000';
const environments: readonly (readonly [string, Environment])[] = [
  ['nothing', {}],
  ['a threshold', { THRESHOLD_SECONDS }],
  ['a threshold with a tab at its end', { THRESHOLD_SECONDS: `${THRESHOLD_SECONDS}\t` }],
  ['a command of two lines', { THRESHOLD_SECONDS, COMMAND: 'true\nx' }],
  ...['-bad', 'a..b', 'Jürgen', LONG, ' ', '#', 'a\tb'].map((name): readonly [string, Environment] => [
    `the name ${name}`,
    { THRESHOLD_SECONDS, NODE_NAME: name },
  ]),
  ...['closed/state', 'loop/state', 'loop', 'state/state', LONG].map((name): readonly [string, Environment] => [
    `the state at ${name}`,
    { STATE_FILE: at(name) },
  ]),
];

const confPath = (i: number): string => at(`conf-${i}`);
beforeAll(() => conf.forEach(([, fixture], i) => place(confPath(i), fixture)));

interface Row {
  readonly name: string;
  readonly environment: Environment;
}

const rows: readonly Row[] = [
  ...conf.map(([name], i) => ({ name: `the settings: ${name}`, environment: environmentOf(confPath(i)) })),
  { name: 'the settings: a device', environment: environmentOf('/dev/zero') },
  ...['loop', 'loop/conf', 'state/conf', 'closed/conf', LONG].map((path) => ({
    name: `the settings at ${path}`,
    environment: environmentOf(at(path)),
  })),
  ...environments.map(([name, own]) => ({ name: `the environment: ${name}`, environment: environmentOf('', own) })),
];

const askProgram = async ({ environment }: Row): Promise<Answer> => {
  const out: string[] = [];
  const err: string[] = [];
  const exitCode = await fallback('DryRun', false, {
    out: (line) => out.push(`${line}\n`),
    err: (line) => err.push(line),
    isColoured: false,
    environment,
    abort: new AbortController().signal,
    log: () => undefined,
  });
  return { stdout: out.join(''), exitCode, complaints: err.length };
};

const ask = ({ name, command = [] }: ShellUnderTest, { environment }: Row): Promise<Answer> =>
  new Promise((resolve) => {
    const [shell = '', ...args] = command;
    execFile(
      shell,
      [...args, SCRIPT, '--dry-run'],
      { env: { ...environment, PATH: at(`tools-of-${name}`) }, cwd: root.path },
      (error, stdout, stderr) => {
        const complaints = stderr.split('signalbox-fallback: ').length - 1;
        resolve({ stdout, exitCode: Number(error?.code ?? 0), complaints });
      },
    );
  });

/** What of a command is shown: its words. The script shows them as they are set. */
const words = ({ stdout, ...rest }: Answer): Answer => ({ ...rest, stdout: stdout.replace(/[\t\n ]+/g, ' ') });

describe.each(shells)('F7: under $name', (shell) => {
  const skip = shell.command === undefined;

  it.skipIf(skip)(
    `the script takes every setting as the TypeScript form does${skip ? ` (skipped: ${shell.name} is not here)` : ''}`,
    async () => {
      const differences: unknown[] = [];
      const kinds = new Set<string>();
      for (const row of rows) {
        const [expected, got] = [words(await askProgram(row)), words(await ask(shell, row))];
        kinds.add(`${expected.stdout.slice(0, 4)} ${expected.exitCode}`);
        if (JSON.stringify(expected) !== JSON.stringify(got)) differences.push({ name: row.name, expected, got });
      }
      expect(differences).toEqual([]);
      expect([...kinds].toSorted()).toEqual(['Fire 0', 'Fire 78', 'Wait 0', 'Wait 78']);
    },
    120_000,
  );
});

describe('fault 45: with hardly a descriptor left, the TypeScript form', () => {
  const MAIN = fileURLToPath(new URL('../../../src/apps/main.ts', import.meta.url));

  /** Calls it with at most `limit` open files. */
  const call = (limit: number): Promise<{ readonly exitCode: number; readonly stderr: string }> =>
    new Promise((resolve) => {
      const environment = environmentOf('', { STATE_FILE: at('none'), SPLAY_SECONDS: '0', COMMAND: 'true' });
      execFile(
        '/bin/sh',
        ['-c', 'ulimit -n "$1" && exec "$2" "$3" fallback', 'sh', String(limit), process.execPath, MAIN],
        { env: { ...environment, PATH: process.env['PATH'], SIGNALBOX_FALLBACK_LOCK_FILE: at('lock') } },
        (error, _stdout, stderr) => resolve({ exitCode: Number(error?.code ?? 0), stderr }),
      );
    });

  it('fires as soon as Node can load it, says what failed, and ends with a code of its own', async () => {
    const [FEWEST, ENOUGH] = [16, 64];
    for (let limit = FEWEST; limit <= ENOUGH; limit++) {
      const { exitCode, stderr } = await call(limit);
      if (!stderr.includes('"msg"')) continue;
      expect(stderr).toContain('EMFILE');
      expect(stderr).toContain('the fallback fires');
      expect(stderr).toContain("the fallback's run ended");
      expect(readFileSync(at('record'), 'utf8')).toMatch(/^last_attempt_epoch=\d+\n/);
      expect(exitCode).toBe(1);
      return;
    }
    expect.unreachable(`expected it to start with ${ENOUGH} open files`);
  });
});
