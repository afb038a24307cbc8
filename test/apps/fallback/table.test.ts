/**
 * F7: the TypeScript predicate and the POSIX script have one truth table.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDecision } from '../../../src/apps/fallback/report.ts';
import { fallbackFiles } from '../../../src/apps/fallback/main.ts';
import { type FallbackDecision, fallbackDecision, fallbackDecisionToJson } from '../../../src/domain/fallback.ts';
import { fallbackRecordOf } from '../../../src/domain/fallback-record.ts';
import { lastRunOf } from '../../../src/domain/last-run.ts';
import { epochMs, SECOND_MS } from '../../../src/domain/time.ts';
import { type CaseGroup, type FallbackCase, fallbackCases, usualCase } from '../../support/fallback-cases.ts';
import {
  askScript,
  makeToolDirectory,
  placeCases,
  type PlacedCase,
  SCRIPT,
  type ScriptAnswer,
  shells,
  type ShellUnderTest,
  systemShell,
  temporaryDirectory,
} from '../../support/fallback-script.ts';

const root = temporaryDirectory();
const toolsOf = (shell: string): string => join(root.path, `tools-of-${shell.replaceAll(' ', '-')}`);

const NODE_NAMES = [
  ...Array.from({ length: 40 }, (_, i) => `web-${i}.example.com`),
  ...['a', 'b', '0', 'Z9', 'node_with-all.signs_0', 'x'.repeat(252), 'x'.repeat(253)],
  // No names of nodes, and drawn by all the same.
  ...[
    '-bad',
    '-worse',
    'a..b',
    'x'.repeat(254),
    'x'.repeat(1_000),
    'two words',
    '%s\\n',
    '$(touch obeyed)',
    'Jürgen',
    'Ⅷ',
    '🦀',
  ],
];

/** Nodes that fire, each with several splays: what their waits are compared on. */
const nodeCases: readonly FallbackCase[] = NODE_NAMES.flatMap((node) =>
  [0, 1, 600, 9_999_999].map((splaySeconds) => ({ ...usualCase, node, splaySeconds })),
);

let cases: readonly PlacedCase[] = [];
let nodes: readonly PlacedCase[] = [];

beforeAll(() => {
  for (const { name, tools } of [systemShell, ...shells]) makeToolDirectory(toolsOf(name), tools, true);
  cases = placeCases(join(root.path, 'table'), fallbackCases);
  nodes = placeCases(join(root.path, 'nodes'), nodeCases);
});
afterAll(() => root.remove());

/** What the TypeScript form decides about the very same files. */
const decideCase = async (row: PlacedCase): Promise<FallbackDecision> => {
  const files = fallbackFiles(row);
  return fallbackDecision(
    {
      node: Buffer.from(row.node).toString('latin1'),
      thresholdSeconds: row.thresholdSeconds,
      retryIntervalSeconds: row.retryIntervalSeconds,
      splaySeconds: row.splaySeconds,
    },
    lastRunOf(await files.readSummonerState()),
    fallbackRecordOf(await files.readOwnRecord()),
    epochMs(row.nowEpochSeconds * SECOND_MS),
  );
};

const describeAnswer = ({ stdout, stderr, exitCode }: ScriptAnswer): string =>
  `${stdout.trim()}${stderr === '' ? '' : ` and on stderr ${stderr.trim()}`}${exitCode === 0 ? '' : ` and exit ${exitCode}`}`;

/** The rows in which script and predicate differ, one line each. */
const differences = (
  rows: readonly PlacedCase[],
  expected: readonly string[],
  answers: readonly ScriptAnswer[],
): readonly string[] =>
  rows.flatMap((row, i) => {
    const got = answers[i] === undefined ? 'nothing' : describeAnswer(answers[i]);
    return got === expected[i] ? [] : [`${row.group}: ${row.name}: expected ${expected[i]}, got ${got}`];
  });

const decisions = new Map<PlacedCase, Promise<FallbackDecision>>();

/** {@link decideCase}, once for each case. */
const decisionOn = (row: PlacedCase): Promise<FallbackDecision> => {
  const decision = decisions.get(row) ?? decideCase(row);
  decisions.set(row, decision);
  return decision;
};

/** What the script has to print with `--dry-run --json`. */
const asJson = (decision: FallbackDecision): string => JSON.stringify(fallbackDecisionToJson(decision));

/** What the script has to print with `--dry-run`. */
const asLine = (decision: FallbackDecision): string =>
  describeDecision(decision, 'chef-client --once --run-lock-timeout 0');

/** The rows of `rows` in which the script differs from the predicate. */
const differencesOf = async (
  script: string,
  shell: ShellUnderTest,
  rows: readonly PlacedCase[],
  form: 'json' | 'line',
): Promise<readonly string[]> => {
  const args = form === 'json' ? ['--dry-run', '--json'] : ['--dry-run'];
  const answers = await askScript(script, shell, toolsOf(shell.name), rows, args);
  const expected: string[] = [];
  for (const row of rows) expected.push((form === 'json' ? asJson : asLine)(await decisionOn(row)));
  return differences(rows, expected, answers);
};

/** Whether the script differs in any row. Stops soon after the first that does. */
const isCaught = async (script: string, rows: readonly PlacedCase[], form: 'json' | 'line'): Promise<boolean> => {
  const ROWS_AT_ONCE = 50;
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const found = await differencesOf(script, systemShell, rows.slice(from, from + ROWS_AT_ONCE), form);
    if (found.length > 0) return true;
  }
  return false;
};

it('the table knows every decision and every reason, each many times', async () => {
  const reasons = new Map<string, number>();
  for (const row of cases) {
    const { _tag, reason } = await decisionOn(row);
    reasons.set(`${_tag} ${reason}`, (reasons.get(`${_tag} ${reason}`) ?? 0) + 1);
  }
  expect([...reasons.keys()].toSorted()).toEqual([
    'Fire NeverSucceeded',
    'Fire Overdue',
    'Fire RecordFromTheFuture',
    'Fire RecordTorn',
    'Wait HealedByFallback',
    'Wait Healthy',
    'Wait RetryIntervalNotOver',
  ]);
  expect(Math.min(...reasons.values())).toBeGreaterThan(20);
});

/** What sets one shell apart from another is how it reads. dash is asked about everything, the others about that. */
const READING: ReadonlySet<CaseGroup> = new Set<CaseGroup>(['numbers', 'files', 'records', 'spares']);

/** Hundreds of processes, on a machine that may have other work. */
const TABLE_TIMEOUT_MS = 240_000;

describe.each(shells)('F7: under $name', (shell) => {
  const skip = shell.command === undefined;
  const why = skip ? ` (skipped: ${shell.name} is not on this machine)` : '';

  it.skipIf(skip)(
    `the script gives the decision, the reason and the instant of the TypeScript form${why}`,
    async () => {
      const rows = cases.filter(({ group }, i) => shell.name === 'dash' || READING.has(group) || i % 3 === 0);
      expect(await differencesOf(SCRIPT, shell, rows, 'json')).toEqual([]);
      const obeyed = cases.filter(({ directory }) => existsSync(join(directory, 'obeyed')));
      expect(obeyed.map(({ name }) => name)).toEqual([]);
    },
    TABLE_TIMEOUT_MS,
  );

  it.skipIf(skip)(`F5: the script draws the wait of the TypeScript form${why}`, async () => {
    expect(await differencesOf(SCRIPT, shell, nodes, 'line')).toEqual([]);
  });
});

/** What guards the script, each taken out once: the groups of the table that must notice. */
const BROKEN: readonly {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly groups: readonly CaseGroup[];
}[] = [
  { name: 'takes a leading zero for octal', from: "'' | 0* |", to: "'' |", groups: ['numbers'] },
  { name: 'takes numbers of any length', from: ' | ?????????????*) false', to: ') false', groups: ['numbers'] },
  { name: 'takes anything for a number', from: ' | *[!0-9]* |', to: ' |', groups: ['numbers'] },
  { name: 'waits one second too long', from: '-lt "$2"', to: '-le "$2"', groups: ['policies'] },
  { name: 'believes the future', from: ' && [ "$1" -le $((now + 60)) ]', to: '', groups: ['ages'] },
  { name: 'tolerates no clock that is set back by a second', from: '$((now + 60))', to: '"$now"', groups: ['ages'] },
  {
    name: 'believes what lay ahead once the clock has caught up',
    from: '[ "$summoner" = "$disbelieved" ]',
    to: 'false',
    groups: ['ahead'],
  },
  { name: 'forgets its second place', from: '[ -f "$SPARE_FILE" ]', to: 'false', groups: ['spares'] },
  { name: 'follows links in its second place', from: ' && [ ! -L "$SPARE_FILE" ]', to: '', groups: ['spares'] },
  { name: 'does not notice a torn file', from: `[ "$last" = '}' ]`, to: 'true', groups: ['prefixes'] },
  { name: 'follows links', from: ' || [ -L "$1" ]', to: '', groups: ['files'] },
  { name: 'reads without end', from: 'head -c 1048576 "$1"', to: 'cat <"$1"', groups: ['files'] },
  { name: 'takes a link to nowhere for nothing', from: ' && [ ! -L "$STATE_FILE" ]', to: '', groups: ['files'] },
  { name: 'knows no Windows', from: ' && line=${line%[[:cntrl:]]}', to: '', groups: ['files'] },
  { name: 'knows no tabs', from: "blanks=' \t'", to: "blanks=' '", groups: ['files'] },
  {
    name: 'takes the first of two lines',
    from: '\'"last_run_epoch"\'*) last_run=',
    to: '\'"last_run_epoch"\'*) [ $last_run = null ] && last_run=',
    groups: ['files'],
  },
  {
    name: 'takes a name for another that begins alike',
    from: '${line#\'"last_run_epoch":\'}',
    to: '${line#*:}',
    groups: ['files'],
  },
  { name: 'forgets its own success', from: ' success=${line#*=}', to: ' :', groups: ['ages'] },
  { name: 'forgets its own attempt', from: ' attempt=${line#*=}', to: ' :', groups: ['ages'] },
  {
    name: 'takes a missing file for a torn one',
    from: 'then summoner=null',
    to: 'then summoner=torn',
    groups: ['files'],
  },
  { name: 'counts the retry from now', from: 'retry_at=$(($1 + $2))', to: 'retry_at=$((now + $2))', groups: ['ages'] },
  { name: 'tells the time of its own place', from: 'date -u -d', to: 'date -d', groups: ['calendar'] },
];

describe('F7: the table catches a script that', () => {
  const script = readFileSync(SCRIPT, 'utf8');

  const breakScript = (name: string, from: string, to: string): string => {
    expect(script.split(from)).toHaveLength(2);
    const path = join(root.path, `${name.replaceAll(' ', '-')}.sh`);
    writeFileSync(
      path,
      script.replace(from, () => to),
    );
    return path;
  };

  it.each(BROKEN)('$name', async ({ name, from, to, groups }) => {
    const rows = cases.filter(({ group }) => groups.includes(group));
    expect(await isCaught(breakScript(name, from, to), rows, 'json')).toBe(true);
  });

  it.each([
    { name: 'hashes a newline too', from: 'printf %s "${NODE_NAME', to: 'echo "${NODE_NAME' },
    { name: 'draws from one second more', from: '% SPLAY_SECONDS', to: '% (SPLAY_SECONDS + 1)' },
    { name: 'draws although the splay is 0', from: ' && [ "$SPLAY_SECONDS" != 0 ]', to: '' },
  ])('$name', async ({ name, from, to }) => {
    expect(await isCaught(breakScript(name, from, to), nodes, 'line')).toBe(true);
  });
});
