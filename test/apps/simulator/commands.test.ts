import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as O from 'fp-ts/lib/Option.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/apps/cli/exit-code.ts';
import type { Terminal } from '../../../src/apps/cli/terminal.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { listScenarios, simulateCommand, type SimulateOptions } from '../../../src/apps/simulator/commands.ts';
import { READY_DOCUMENTS } from '../../../src/apps/simulator/ready/ready-scenarios.ts';
import { nodesIn } from '../../../src/apps/simulator/resize-scenario.ts';
import type { Scenario } from '../../../src/apps/simulator/scenario.ts';
import { SimulationAborted } from '../../../src/apps/simulator/simulation-aborted.ts';
import type { SimulationResult, Violation } from '../../../src/apps/simulator/simulation-result.ts';
import { HOUR_MS, MINUTE_MS, plus } from '../../../src/domain/time.ts';
import { MAIN } from '../../support/run-signalbox.ts';
import { environmentName, nodeName, stackName, version } from '../../support/slack.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-simulate-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** What the engine says of a scenario that it has not simulated. */
const resultOf = (scenario: Scenario, seed: number, violations: readonly Violation[]): SimulationResult => ({
  scenario: scenario.name,
  about: scenario.about,
  seed,
  mode: 'skip',
  nodes: nodesIn(scenario.fleet),
  traceHash: '0123456789abcdef',
  counts: {
    ticks: 1440,
    promotions: 16,
    signals: 15,
    runsByCause: { NewVersion: 200, Floor: 401, Request: 0 },
    fallbackRuns: 2,
    succeeded: 599,
    failed: 4,
    healed: 1,
    faults: { 'agent-killed': 3, 'bus-down': 0 },
  },
  gaps: {
    byHour: [1, 0, 3],
    longestMs: 11 * HOUR_MS + 40 * MINUTE_MS + 7_777,
    longestOn: nodeName('prod-1-basalt-3'),
    isLongestOpen: false,
    windowMs: 12 * HOUR_MS,
  },
  violations,
  violationCount: violations.length === 0 ? 0 : violations.length + 40,
  timeline: {
    startsAt: scenario.startsAt,
    endsAt: plus(scenario.startsAt, scenario.lastsMs),
    stepMs: HOUR_MS,
    pins: [
      {
        at: scenario.startsAt,
        stack: stackName('basalt'),
        environment: environmentName('dev'),
        version: version('1.0.0'),
      },
    ],
    convergence: [{ environment: environmentName('dev'), nodes: 20, converged: [0, 20] }],
    load: [{ stack: stackName('basalt'), runs: [3, 17, 5], floor: [2.5, 8.25, 0] }],
    firings: [0, 2],
    nodeFaults: [3, 0],
    marks: [
      { at: scenario.startsAt, kind: 'operator', label: 'promote' },
      { at: scenario.startsAt, until: plus(scenario.startsAt, HOUR_MS), kind: 'fault', label: 'bus-down' },
    ],
  },
});

const OPTIONS: SimulateOptions = {
  scenario: O.some('quiet-week'),
  from: O.none,
  seed: 1,
  mode: 'skip',
  nodes: O.none,
  forMs: O.none,
  report: O.none,
  isJson: false,
};

const violationsFrom = (startsAt: Scenario['startsAt']): readonly Violation[] => [
  { law: 'N6', at: plus(startsAt, HOUR_MS), where: 'dev-basalt-2', what: 'no success for 13h' },
  { law: 'T5', at: plus(startsAt, 2 * HOUR_MS), where: 'train', what: 'two stops at one departure' },
];

/** Calls the command with an engine that has an answer at once. */
const call = async (
  options: Partial<SimulateOptions>,
  {
    isBroken = false,
    onTerminal = false,
    abort = new AbortController(),
    failure,
    meanwhile = () => undefined,
    gaps,
  }: {
    isBroken?: boolean;
    onTerminal?: boolean;
    abort?: AbortController;
    failure?: Error;
    /** What happens while the engine is at work. */
    meanwhile?: () => void;
    gaps?: SimulationResult['gaps'];
  } = {},
) => {
  const [out, err, progress]: [string[], string[], string[]] = [[], [], []];
  const seen: { scenario: Scenario; seed: number; mode: string }[] = [];
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    ...(onTerminal ? { progress: (line: string) => void progress.push(line) } : {}),
    isColoured: false,
    environment: {},
    abort: abort.signal,
    log: silentLog,
  };
  const code = await simulateCommand(
    {
      simulate: async (scenario, { seed, mode, onProgress, abort: { aborted } }) => {
        seen.push({ scenario, seed, mode });
        if (failure !== undefined) throw failure;
        if (aborted) throw new SimulationAborted();
        for (const share of [0, 0.001, 0.5, 1]) onProgress?.(share);
        meanwhile();
        const result = resultOf(scenario, seed, isBroken ? violationsFrom(scenario.startsAt) : []);
        return gaps === undefined ? result : { ...result, gaps };
      },
      renderReport: ({ scenario }, replay) => `<title>${scenario}</title> ${replay}`,
    },
    terminal,
    { ...OPTIONS, ...options },
  );
  return { code, out, err, progress, seen };
};

describe('simulate', () => {
  it('sums up in a few lines, and exits with 0 when every law held', async () => {
    const { code, out, err } = await call({});
    expect(code).toBe(EXIT.done);
    expect(err).toEqual([]);
    expect(out).toEqual([
      'scenario        quiet-week: a week of the published plan with three releases, and nothing that goes wrong',
      'nodes           200',
      'time            7d from 2026-01-05T00:00:00Z, 33600 node-hours',
      'Librarian       ticks 1440, promotions 16, signals 15',
      'runs            NewVersion 200, Floor 401',
      '                succeeded 599, failed 4',
      'gaps            the longest 11h40m7s on prod-1-basalt-3, with a window of 12h',
      'fallback        fired 2; Summoners healed 1',
      'load on basalt  at most 17 runs at once; all that was owed, spread perfectly, at most 9',
      'faults          agent-killed 3',
      'trace           0123456789abcdef (seed 1, mode skip)',
      '',
      'every law held',
    ]);
  });

  it('tells of the laws that were broken and how to see it again, and exits with 1', async () => {
    const { code, out } = await call(
      { seed: 7, mode: 'poll', nodes: O.some(20), forMs: O.some(36 * HOUR_MS) },
      { isBroken: true },
    );
    expect(code).toBe(EXIT.failed);
    expect(out.slice(out.indexOf('') + 1)).toEqual([
      '42 violations:',
      '  law  at                    where         what',
      '  N6   2026-01-05T01:00:00Z  dev-basalt-2  no success for 13h',
      '  T5   2026-01-05T02:00:00Z  train         two stops at one departure',
      '  … and 40 more',
      'replay: signalbox simulate quiet-week --seed 7 --mode poll --nodes 20 --for 1d12h',
    ]);
  });

  it('hands the engine the scenario in the size that was asked for', async () => {
    const { seen } = await call({ seed: 9, mode: 'poll', nodes: O.some(20), forMs: O.some(HOUR_MS) });
    expect(seen.map(({ scenario: { fleet, lastsMs }, seed, mode }) => [nodesIn(fleet), lastsMs, seed, mode])).toEqual([
      [20, HOUR_MS, 9, 'poll'],
    ]);
  });

  it('answers with one JSON document', async () => {
    const { code, out } = await call({ isJson: true }, { isBroken: true });
    expect(code).toBe(EXIT.failed);
    expect(out).toHaveLength(1);
    expect(JSON.parse(out[0] ?? '')).toEqual({
      scenario: 'quiet-week',
      about: 'a week of the published plan with three releases, and nothing that goes wrong',
      seed: 1,
      mode: 'skip',
      nodes: 200,
      trace_hash: '0123456789abcdef',
      replay: 'signalbox simulate quiet-week --seed 1',
      counts: {
        ticks: 1440,
        promotions: 16,
        signals: 15,
        runs_by_cause: { NewVersion: 200, Floor: 401, Request: 0 },
        fallback_runs: 2,
        succeeded: 599,
        failed: 4,
        healed: 1,
        faults: { 'agent-killed': 3, 'bus-down': 0 },
      },
      gaps: {
        by_hour: [1, 0, 3],
        longest_ms: 42_007_777,
        longest_on: 'prod-1-basalt-3',
        is_longest_open: false,
        window_ms: 43_200_000,
      },
      violations: [
        { law: 'N6', at: '2026-01-05T01:00:00Z', where: 'dev-basalt-2', what: 'no success for 13h' },
        { law: 'T5', at: '2026-01-05T02:00:00Z', where: 'train', what: 'two stops at one departure' },
      ],
      violation_count: 42,
      timeline: {
        starts_at: '2026-01-05T00:00:00Z',
        ends_at: '2026-01-12T00:00:00Z',
        step_ms: 3_600_000,
        pins: [{ at: '2026-01-05T00:00:00Z', stack: 'basalt', environment: 'dev', version: '1.0.0' }],
        convergence: [{ environment: 'dev', nodes: 20, converged: [0, 20] }],
        load: [{ stack: 'basalt', runs: [3, 17, 5], floor: [2.5, 8.25, 0] }],
        firings: [0, 2],
        node_faults: [3, 0],
        marks: [
          { at: '2026-01-05T00:00:00Z', until: null, kind: 'operator', label: 'promote' },
          { at: '2026-01-05T00:00:00Z', until: '2026-01-05T01:00:00Z', kind: 'fault', label: 'bus-down' },
        ],
      },
    });
  });

  it('shows on a terminal how far it is, each bar once, and clears it; elsewhere not', async () => {
    const { progress, err } = await call({}, { onTerminal: true });
    expect(progress).toEqual([
      '[                              ]   0%',
      '[###############               ]  50%',
      '[##############################] 100%',
      '',
    ]);
    expect(err).toEqual([]);
    expect((await call({})).progress).toEqual([]);
  });

  it('tells the engine when it is to end, writes nothing then, and exits with 75', async () => {
    const abort = new AbortController();
    abort.abort();
    const file = join(directory, 'stopped.html');
    const { code, out, err, progress } = await call({ report: O.some(file) }, { abort, onTerminal: true });
    expect(code).toBe(EXIT.tryAgain);
    expect([out, progress, existsSync(file)]).toEqual([[], [''], false]);
    expect(err.join('\n')).toMatch(/^signalbox: stopped before its end/);
  });

  it('does not take a defect for that', async () => {
    await expect(call({}, { failure: new RangeError('a defect') })).rejects.toThrow('a defect');
  });

  it('writes the report beside the answer', async () => {
    const file = join(directory, 'report.html');
    const { code, out } = await call({ report: O.some(file) });
    expect(code).toBe(EXIT.done);
    expect(out.at(-1)).toBe('every law held');
    expect(readFileSync(file, 'utf8')).toBe('<title>quiet-week</title> signalbox simulate quiet-week --seed 1');
  });

  it('N6: says of the longest gap whether it was open still, and that no node succeeded twice', async () => {
    const open = {
      byHour: [0, 2],
      longestMs: 13 * HOUR_MS,
      longestOn: nodeName('dev-1'),
      isLongestOpen: true,
      windowMs: 12 * HOUR_MS,
    };
    const lineOf = async (gaps: SimulationResult['gaps']): Promise<string | undefined> =>
      (await call({}, { gaps })).out
        .find((line) => line.startsWith('gaps'))
        ?.slice('gaps'.length)
        .trim();
    expect(await lineOf(open)).toBe('the longest 13h, still open at the end, on dev-1, with a window of 12h');
    expect(await lineOf({ ...open, byHour: [] })).toBe(
      'no node succeeded twice; the longest 13h, still open at the end, on dev-1, with a window of 12h',
    );
    const none = { byHour: [], longestMs: 0, longestOn: undefined, isLongestOpen: false, windowMs: 12 * HOUR_MS };
    expect(await lineOf(none)).toBe('no node succeeded twice; the window is 12h');
  });

  it.each([
    ['is a directory', () => directory, 'it is a directory'],
    ['is in no directory', () => join(directory, 'nowhere', 'report.html'), 'ENOENT'],
    ['is in what is a file', () => join(MAIN, 'report.html'), 'ENOTDIR'],
  ])('a report that %s is refused before anything is simulated', async (_what, file, why) => {
    const { code, out, err, seen } = await call({ report: O.some(file()) });
    expect(code).toBe(EXIT.unavailable);
    expect([out, seen]).toEqual([[], []]);
    expect(err.join()).toContain(`signalbox: report: expected a file that can be written, got ${file()}: ${why}`);
  });

  it('a report without a name is a fault of usage', async () => {
    const { code, err, seen } = await call({ report: O.some('') });
    expect([code, seen]).toEqual([EXIT.usage, []]);
    expect(err).toEqual(['signalbox: report: expected the name of a file, got ""']);
  });

  it.each([
    ['is told after the answer', false, EXIT.unavailable, 'every law held'],
    ['hides no law that was broken', true, EXIT.failed, 'replay: signalbox simulate quiet-week --seed 1'],
  ])('a report that cannot be written any more %s', async (_what, isBroken, expected, last) => {
    const gone = mkdtempSync(join(directory, 'gone-'));
    const file = join(gone, 'report.html');
    const { code, out, err } = await call(
      { report: O.some(file) },
      {
        isBroken,
        meanwhile: () => {
          rmSync(gone, { recursive: true });
        },
      },
    );
    expect(code).toBe(expected);
    expect(out.at(-1)).toBe(last);
    expect(err.join()).toContain(`signalbox: report: expected a file that can be written, got ${file}: ENOENT`);
  });
});

describe('F2: settings under which the fallback looks while a run for the floor may be under way', () => {
  const noteOf = async (settings: string): Promise<string | undefined> => {
    const file = join(directory, 'settings.yaml');
    writeFileSync(file, `name: own\nplan: slack\nlasts: 1d\nfleet: 32\n${settings}\n`);
    const { code, out } = await call({ scenario: O.some(file) });
    expect(code).toBe(EXIT.done);
    return out.find((line) => line.startsWith('notes'));
  };

  it.each([
    ['no lead', 'node: { lead: 0s }'],
    ['a threshold below the window', 'fallback: { threshold: 11h }'],
    ['runs longer than half the lead', 'runs: { longest: 16m }'],
    ['a lead that counts as half the window', 'node: { window: 8m, lead: 7m }\nfallback: { threshold: 8m }'],
  ])('%s: a note names them', async (_what, settings) => {
    expect(await noteOf(settings)).toMatch(
      /^notes +with these settings the fallback looks while a run for the floor may be under way \(F2\): fallback\.threshold \w+, node\.window \w+, node\.lead \w+, runs\.longest \w+$/,
    );
  });

  it.each([
    ['as they are shipped', ''],
    ['runs as long as half the lead', 'runs: { longest: 15m }'],
    ['no lead, and a threshold that waits for the run', 'node: { lead: 0s }\nfallback: { threshold: 12h6m }'],
    ['no fallback', 'node: { lead: 0s }\nfallback: none'],
  ])('%s: there is none', async (_what, settings) => {
    expect(await noteOf(settings)).toBeUndefined();
  });
});

describe('the scenario that is meant', () => {
  it('is in a file where the name has a dot or a slash, and is replayed from there', async () => {
    const file = join(directory, 'own fleet.yaml');
    writeFileSync(file, 'name: own\nplan: slack\nlasts: 1d\nfleet: 32\n');
    const { seen, out } = await call({ scenario: O.some(file) }, { isBroken: true });
    expect(seen[0]?.scenario).toMatchObject({ name: 'own', lastsMs: 24 * HOUR_MS });
    expect(out.at(-1)).toBe(`replay: signalbox simulate '${file}' --seed 1`);
  });

  it.each([
    ['no file', 'nowhere.yaml', undefined, /^signalbox: .*nowhere\.yaml: ENOENT/],
    ['a bad file', 'bad.json', '{"name": "bad"}', /^signalbox: .*bad\.json: plan: expected a release plan, or "slack"/],
    ['no YAML', 'bad.yaml', 'a: [', /^signalbox: .*bad\.yaml: expected YAML/],
  ])('%s is refused before anything is simulated', async (_what, name, text, message) => {
    const file = join(directory, name);
    if (text !== undefined) writeFileSync(file, text);
    const { code, out, err, seen } = await call({ scenario: O.some(file) });
    expect(code).toBe(EXIT.badData);
    expect(err.join('\n')).toMatch(message);
    expect([out, seen]).toEqual([[], []]);
  });

  it('an unknown name is refused with the names that are known', async () => {
    const { code, err } = await call({ scenario: O.some('quiet-weak') });
    expect(code).toBe(EXIT.badData);
    expect(err.join()).toMatch(/^signalbox: scenario: expected a file, or one of quiet-week, .*; got "quiet-weak"$/);
  });

  it('has to be named', async () => {
    const { code, err } = await call({ scenario: O.none });
    expect(code).toBe(EXIT.usage);
    expect(err.join()).toContain('signalbox simulate --list');
  });
});

describe('simulate --list', () => {
  const list = (isJson: boolean, scenario: O.Option<string> = O.none) => {
    const [lines, errors]: [string[], string[]] = [[], []];
    const terminal: Terminal = {
      out: (line) => void lines.push(line),
      err: (line) => void errors.push(line),
      isColoured: false,
      environment: {},
      abort: new AbortController().signal,
      log: silentLog,
    };
    return { code: listScenarios(terminal, { isJson, scenario }), lines, errors };
  };

  it('has a line for each ready scenario', () => {
    const { code, lines } = list(false);
    expect(code).toBe(EXIT.done);
    expect(lines.map((line) => line.split('  ')[0])).toEqual(READY_DOCUMENTS.map(({ name }) => name));
    expect(lines[0]).toMatch(/^quiet-week {17}a week of/);
  });

  it('or one JSON document', () => {
    const { code, lines } = list(true);
    expect(code).toBe(EXIT.done);
    expect(JSON.parse(lines.join('\n'))).toEqual(READY_DOCUMENTS.map(({ name, about }) => ({ name, about })));
  });

  it.each([true, false])('and a scenario beside it is a fault of usage (JSON: %s)', (isJson) => {
    expect(list(isJson, O.some('nosuch'))).toEqual({
      code: EXIT.usage,
      lines: [],
      errors: ['signalbox: scenario: expected none beside --list, got "nosuch"; leave out the one or the other'],
    });
  });
});
