/**
 * The TypeScript form of the fallback as a whole, and the script beside it.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fallbackFiles } from '../../../src/apps/fallback/main.ts';
import {
  type FallbackDeps,
  fallbackExitCode,
  type FallbackLock,
  type FallbackOptions,
  type FallbackReport,
  runFallback,
} from '../../../src/apps/fallback/index.ts';
import { defaultFallbackPolicy } from '../../../src/domain/fallback.ts';
import { nameFromLiteral, NodeName } from '../../../src/domain/names.ts';
import { type EpochMs, epochMs, parseInstant, SECOND_MS } from '../../../src/domain/time.ts';
import type { ProcessOrder, ProcessOutcome } from '../../../src/ports/process-runner.ts';
import { NOW_EPOCH_SECONDS, stateText } from '../../support/fallback-cases.ts';
import { makeToolDirectory, SCRIPT, temporaryDirectory, toolsHere } from '../../support/fallback-script.ts';

const NOW_SECONDS = NOW_EPOCH_SECONDS;
const HOUR_SECONDS = 3_600;
const policy = defaultFallbackPolicy(nameFromLiteral(NodeName)('web-17'));
const DELAY_SECONDS = 254;

const order = (command: string, ...args: readonly string[]): ProcessOrder => ({
  command,
  args,
  env: {},
  timeLimitMs: 7_200_000,
  graceMs: 60_000,
  outputTailBytes: 1_000,
});
const options: FallbackOptions = { policy, mode: 'Run', run: order('chef-client', '--once') };
const exited = (code: number): ProcessOutcome => ({ _tag: 'Exited', code, outputTail: 'the tail' });

/** A node in memory: two files, a clock that only sleeping moves, and processes that end as they are told. */
const makeNode = (state: string | undefined, record?: string) => {
  const world = {
    now: NOW_SECONDS * SECOND_MS,
    state,
    record,
    metrics: '',
    log: [] as string[],
    ran: [] as string[],
    outcomes: [] as ProcessOutcome[],
    locked: 0,
    released: 0,
    canWrite: true,
    /** Whether what cannot be written has another place. */
    hasSpare: false,
    /** What happens while the fallback waits. */
    meanwhile: () => undefined as void,
    duringRun: () => undefined as void,
    lock: (): FallbackLock => ({
      _tag: 'Held',
      release: async () => {
        world.released++;
      },
    }),
  };
  const reading = (body: string | undefined) =>
    body === undefined ? ({ _tag: 'Missing' } as const) : ({ _tag: 'Found', body } as const);
  const deps: FallbackDeps = {
    clock: {
      now: () => epochMs(world.now),
      elapsedMs: () => world.now,
      sleepUntil: async (instant: EpochMs) => {
        world.now = Math.max(world.now, instant);
        world.meanwhile();
      },
    },
    processes: {
      run: async ({ command, args }) => {
        world.ran.push([command, ...args].join(' '));
        if (command === 'chef-client') world.duringRun();
        return (command === 'chef-client' ? world.outcomes.shift() : undefined) ?? exited(0);
      },
    },
    readSummonerState: async () => reading(world.state),
    readOwnRecord: async () => reading(world.record),
    writeOwnRecord: async (text) => {
      if (!world.canWrite) return { _tag: world.hasSpare ? 'Spared' : 'Failed', detail: 'ENOSPC' };
      world.record = text;
      return { _tag: 'Written' };
    },
    lock: async () => {
      world.locked++;
      return world.lock();
    },
    publishMetrics: async (text) => {
      if (!world.canWrite) return { _tag: 'Failed', detail: 'ENOSPC' };
      world.metrics = text;
      return { _tag: 'Written' };
    },
    log: (level, message, fields) => world.log.push(`${level}: ${message} ${JSON.stringify(fields)}`),
  };
  const call = (given: Partial<FallbackOptions> = {}): Promise<FallbackReport> =>
    runFallback(deps)({ ...options, ...given });
  return { world, call };
};

const overdue = stateText(NOW_SECONDS - 12 * HOUR_SECONDS);
const healthy = stateText(NOW_SECONDS - 12 * HOUR_SECONDS + 1);

describe('F2: while the Summoner is healthy', () => {
  it('nothing runs, nothing is locked, nothing is recorded, and the metrics are kept', async () => {
    const { world, call } = makeNode(healthy);
    const report = await call();
    expect(report).toEqual({
      _tag: 'Waited',
      decision: { _tag: 'Wait', reason: 'Healthy', retryAt: (NOW_SECONDS + 1) * SECOND_MS },
    });
    expect(fallbackExitCode(report)).toBe(0);
    expect([world.ran, world.locked, world.record, world.log]).toEqual([[], 0, undefined, []]);
    expect(world.metrics).toContain('decision{decision="Wait",reason="Healthy"} 1');
  });
});

describe('F1, F5: when it is due', () => {
  it('it waits its splay, runs, and records the success at its end', async () => {
    const { world, call } = makeNode(overdue);
    world.duringRun = () => {
      world.now += 90_000;
    };
    const report = await call();
    expect(report).toEqual({ _tag: 'Fired', reason: 'Overdue', outcome: exited(0), succeeded: true, recorded: true });
    expect(fallbackExitCode(report)).toBe(69);
    expect(world.ran).toEqual(['chef-client --once']);
    const end = NOW_SECONDS + DELAY_SECONDS + 90;
    expect(world.record).toBe(`last_attempt_epoch=${end}\nlast_success_epoch=${end}\n`);
    expect([world.locked, world.released]).toEqual([1, 1]);
  });

  it('N7: the retry interval counts from the end of a run that failed, not from its beginning', async () => {
    const { world, call } = makeNode(overdue);
    world.outcomes = [exited(1)];
    world.duringRun = () => {
      world.now += 2 * HOUR_SECONDS * SECOND_MS;
    };
    expect(fallbackExitCode(await call())).toBe(1);
    const again = await call();
    expect(again).toMatchObject({ _tag: 'Waited', decision: { reason: 'RetryIntervalNotOver' } });
    expect(world.ran).toHaveLength(1);
  });

  it('F4: the attempt is on record before the run begins', async () => {
    const { world, call } = makeNode(overdue);
    let seen: string | undefined;
    world.duringRun = () => {
      seen = world.record;
    };
    await call();
    expect(seen).toBe(`last_attempt_epoch=${NOW_SECONDS + DELAY_SECONDS}\n`);
  });

  it('fault 32: what lay ahead of the clock stays none when the clock catches up with it in the wait', async () => {
    const attempt = `last_attempt_epoch=${NOW_SECONDS + 120}\n`;
    const { world, call } = makeNode(overdue, attempt);
    expect(await call()).toMatchObject({ _tag: 'Fired', reason: 'Overdue' });
    const success = makeNode(stateText(NOW_SECONDS + 120));
    expect(await success.call()).toMatchObject({ _tag: 'Fired', reason: 'RecordFromTheFuture' });
    expect([world.ran.length, success.world.ran.length]).toEqual([1, 1]);
  });

  it('fault 60: a Summoner that heals while it waits is left to itself', async () => {
    const { world, call } = makeNode(overdue);
    world.meanwhile = () => {
      world.state = stateText(NOW_SECONDS);
    };
    const report = await call();
    expect(report).toMatchObject({ _tag: 'HealedMeanwhile', decision: { reason: 'Healthy' } });
    expect(fallbackExitCode(report)).toBe(0);
    expect([world.ran, world.record, world.released]).toEqual([[], undefined, 1]);
  });

  it('fault 57: told to end while it waits, it runs nothing', async () => {
    const { world, call } = makeNode(overdue);
    const stop = new AbortController();
    world.meanwhile = () => stop.abort();
    const report = await call({ abort: stop.signal });
    expect([report._tag, fallbackExitCode(report)]).toEqual(['Aborted', 75]);
    expect([world.ran, world.record, world.released]).toEqual([[], undefined, 1]);
  });

  it('fault 48: while another fallback is at work it leaves at once', async () => {
    const { world, call } = makeNode(overdue);
    world.lock = () => ({ _tag: 'Busy' });
    const report = await call();
    expect([report._tag, fallbackExitCode(report), world.ran]).toEqual(['Busy', 75, []]);
  });

  it('a lock that cannot be had does not disarm it', async () => {
    const { world, call } = makeNode(overdue);
    world.lock = () => ({ _tag: 'Unavailable', detail: 'ENOLCK' });
    expect(fallbackExitCode(await call())).toBe(69);
    expect(world.log[0]).toBe('error: the fallback goes on without a lock {"detail":"ENOLCK"}');
  });

  it('fault 39: with a full disk it runs all the same, and says so', async () => {
    const { world, call } = makeNode(overdue);
    world.canWrite = false;
    const report = await call();
    expect(report).toMatchObject({ _tag: 'Fired', succeeded: true, recorded: false });
    expect([fallbackExitCode(report), world.ran.length]).toEqual([1, 1]);
    expect(world.log.filter((line) => line.startsWith('error:'))).toHaveLength(3);
  });

  it('fault 39: with a second place for its record the run is on record, and it still says so', async () => {
    const { world, call } = makeNode(overdue);
    world.canWrite = false;
    world.hasSpare = true;
    const report = await call();
    expect(report).toMatchObject({ _tag: 'Fired', succeeded: true, recorded: true });
    expect(fallbackExitCode(report)).toBe(69);
    expect(world.log.filter((line) => line.startsWith('error: the record cannot be written'))).toHaveLength(2);
  });

  it.each<ProcessOutcome>([
    { _tag: 'Signalled', signal: 'SIGKILL', outputTail: '' },
    { _tag: 'Stopped', cause: 'TimeLimit', outputTail: '' },
    { _tag: 'Stopped', cause: 'Aborted', outputTail: '' },
    { _tag: 'NotStarted', detail: 'ENOENT' },
  ])('faults 49, 52, 53: %j is a failed attempt', async (outcome) => {
    const { world, call } = makeNode(overdue);
    world.outcomes = [outcome];
    expect(await call()).toMatchObject({ _tag: 'Fired', succeeded: false, recorded: true });
    expect(world.record).toMatch(/^last_attempt_epoch=\d+\n$/);
  });
});

describe('F6: every firing is visible', () => {
  it('in the log, before the run and after it, with the tail of what failed', async () => {
    const { world, call } = makeNode(overdue);
    world.outcomes = [exited(1)];
    await call();
    expect(world.log).toEqual([
      'warn: the fallback fires {"reason":"Overdue","delay_seconds":254,"command":"chef-client"}',
      'error: the fallback\'s run ended {"reason":"Overdue","outcome":"exit status 1","succeeded":false,"output_tail":"the tail"}',
    ]);
  });

  it.each([
    [0, 'Succeeded'],
    [1, 'Failed'],
  ])('by the hook: after exit %i it gets %s and the reason', async (code, what) => {
    const { world, call } = makeNode(undefined);
    world.outcomes = [exited(code)];
    await call({ hook: order('page-me', '--to', 'night-shift') });
    expect(world.ran.at(-1)).toBe(`page-me --to night-shift ${what} NeverSucceeded`);
  });

  it('a drill does all but the run, on a healthy node too, and leaves no record', async () => {
    const { world, call } = makeNode(healthy);
    const report = await call({ mode: 'Drill', hook: order('page-me') });
    expect(report).toMatchObject({
      _tag: 'Drilled',
      decision: { _tag: 'Fire', reason: 'Overdue', delaySeconds: DELAY_SECONDS },
      really: { _tag: 'Wait', reason: 'Healthy' },
    });
    expect(fallbackExitCode(report)).toBe(69);
    expect(world.ran).toEqual(['page-me Drill Overdue']);
    expect([world.record, world.metrics, world.locked]).toEqual([undefined, '', 0]);
  });

  it('a dry run answers and does nothing', async () => {
    const { world, call } = makeNode(overdue);
    const report = await call({ mode: 'DryRun', hook: order('page-me') });
    expect(report).toEqual({
      _tag: 'DryRun',
      decision: { _tag: 'Fire', reason: 'Overdue', delaySeconds: DELAY_SECONDS },
    });
    expect(fallbackExitCode(report)).toBe(0);
    expect([world.ran, world.record, world.metrics, world.log, world.locked]).toEqual([[], undefined, '', [], 0]);
  });
});

describe('F7: program and script do the same', () => {
  const directory = temporaryDirectory();
  const tools = join(directory.path, 'bin');

  beforeAll(() => {
    makeToolDirectory(tools, toolsHere, true);
    writeFileSync(
      join(tools, 'chef-client'),
      '#!/bin/sh\necho run >>runs\nexit "$(sed -n "$(sed -n "$=" runs)p" codes)"\n',
      { mode: 0o755, flag: 'wx' },
    );
  });
  afterAll(() => directory.remove());

  const record = (attempt: number, success: number): string =>
    `last_attempt_epoch=${attempt}\nlast_success_epoch=${success}\n`;
  const stale = record(NOW_SECONDS - 12 * HOUR_SECONDS, NOW_SECONDS - 12 * HOUR_SECONDS);

  it.each<readonly [string, string | undefined, string | undefined, readonly number[]]>([
    ['healthy', healthy, undefined, []],
    ['healthy, with a record', healthy, stale, []],
    ['overdue, success', overdue, undefined, [0]],
    ['overdue, success with a reboot pending', overdue, stale, [35]],
    ['overdue, success with a reboot needed', overdue, stale, [37]],
    ['overdue, failure', overdue, undefined, [1]],
    ['overdue, failure after a success', overdue, stale, [1]],
    ['overdue, reboot failed', overdue, stale, [41]],
    ['overdue, upgraded, success', overdue, stale, [213, 0]],
    ['overdue, upgraded twice', overdue, stale, [213, 213]],
    ['torn, failure', '{\n', stale, [2]],
    ['never, success', undefined, undefined, [0]],
    ['never, with a record from the future', undefined, record(NOW_SECONDS + 61, NOW_SECONDS + 61), [1]],
    ['from the future, success', stateText(NOW_SECONDS + 3_600), stale, [0]],
    ['from the future, failure', stateText(NOW_SECONDS + 61), undefined, [1]],
    ['from the far future, failure', stateText(NOW_SECONDS + 12 * HOUR_SECONDS), undefined, [1]],
    ['from the future, healed', stateText(NOW_SECONDS + 61), record(NOW_SECONDS - 60, NOW_SECONDS - 60), []],
    ['once from the future', stateText(NOW_SECONDS - 60), `disbelieved_epoch=${NOW_SECONDS - 60}\n`, [0]],
    ['another one once from the future', healthy, `${stale}disbelieved_epoch=${NOW_SECONDS - 60}\n`, []],
    ['nonsense once from the future, failure', overdue, 'disbelieved_epoch=x\n', [1]],
    ['healthy, with nonsense for a record', healthy, 'last_attempt_epoch=x\nlast_success_epoch=0\n', []],
    ['nonsense for a record, failure', overdue, 'last_attempt_epoch=x\nlast_success_epoch=0\n', [1]],
    ['healthy, with an attempt from the future', healthy, record(NOW_SECONDS + 61, NOW_SECONDS - 9), []],
    ['attempted just now', overdue, record(NOW_SECONDS - 60, 1), []],
    ['healed by the fallback', undefined, record(NOW_SECONDS - 60, NOW_SECONDS - 60), []],
  ])('%s: same exit code, same record, same metrics, same runs', async (name, state, own, codes) => {
    const node = join(directory.path, name.replaceAll(/\W+/g, '-'));
    mkdirSync(node);
    const at = (file: string): string => join(node, file);
    if (state !== undefined) writeFileSync(at('state'), state);
    if (own !== undefined) writeFileSync(at('record'), own);
    writeFileSync(at('codes'), codes.map((code) => `${code}\n`).join(''));

    const { world, call } = makeNode(state, own);
    world.outcomes = codes.map(exited);
    const report = await call({ policy: { ...policy, splaySeconds: 0 } });

    const exitCode = await new Promise<number>((resolve) => {
      const env = {
        PATH: tools,
        FAKE_NOW: String(NOW_SECONDS),
        SIGNALBOX_FALLBACK_CONF: '',
        SIGNALBOX_FALLBACK_STATE_FILE: at('state'),
        SIGNALBOX_FALLBACK_RECORD_FILE: at('record'),
        SIGNALBOX_FALLBACK_SPARE_FILE: at('spare'),
        SIGNALBOX_FALLBACK_LOCK_FILE: at('lock'),
        SIGNALBOX_FALLBACK_METRICS_FILE: at('metrics'),
        SIGNALBOX_FALLBACK_SPLAY_SECONDS: '0',
      };
      execFile('/bin/sh', [SCRIPT], { env, cwd: node }, (error) => resolve(Number(error?.code ?? 0)));
    });

    const { readOwnRecord } = fallbackFiles({ stateFile: at('state'), recordFile: at('record') });
    const reading = await readOwnRecord();
    expect(exitCode).toBe(fallbackExitCode(report));
    expect(reading._tag === 'Found' ? reading.body : undefined).toBe(world.record);
    expect(readFileSync(at('metrics'), 'utf8')).toBe(world.metrics);
    expect(world.ran).toHaveLength(codes.length);
  });
});

describe('the files of the fallback', () => {
  it('are written whole, with their directories, and read back', async () => {
    const directory = temporaryDirectory();
    try {
      const files = fallbackFiles({
        stateFile: join(directory.path, 'summoner.json'),
        recordFile: join(directory.path, 'own/deep/record'),
        metricsFile: join(directory.path, 'fallback.prom'),
      });
      expect(await files.readOwnRecord()).toEqual({ _tag: 'Missing' });
      expect(await files.writeOwnRecord('last_attempt_epoch=5\n')).toEqual({ _tag: 'Written' });
      expect(await files.readOwnRecord()).toEqual({ _tag: 'Found', body: 'last_attempt_epoch=5\n' });
      expect(await files.publishMetrics('up 1\n')).toEqual({ _tag: 'Written' });
      expect(readFileSync(join(directory.path, 'fallback.prom'), 'utf8')).toBe('up 1\n');
    } finally {
      directory.remove();
    }
  });

  it('that cannot be written are an answer, with the path and the errno', async () => {
    const files = fallbackFiles({ stateFile: '/dev/null/a', recordFile: '/dev/null/b', metricsFile: '/dev/null/c' });
    expect(await files.writeOwnRecord('')).toMatchObject({
      _tag: 'Failed',
      detail: expect.stringContaining('ENOTDIR') as string,
    });
    expect(await files.readOwnRecord()).toEqual({ _tag: 'Missing' });
  });

  it('fault 39: on a full disk the record lies in its second place, until the first can be written again', async () => {
    const directory = temporaryDirectory();
    try {
      const files = fallbackFiles({
        stateFile: '/dev/null/a',
        recordFile: join(directory.path, 'own/record'),
        spareFile: join(directory.path, 'spare/record'),
      });
      writeFileSync(join(directory.path, 'own'), 'a file stands where the directory should be');
      expect(await files.writeOwnRecord('last_attempt_epoch=5\n')).toMatchObject({ _tag: 'Spared' });
      expect(await files.readOwnRecord()).toEqual({ _tag: 'Found', body: 'last_attempt_epoch=5\n' });
      rmSync(join(directory.path, 'own'));
      mkdirSync(join(directory.path, 'own'));
      writeFileSync(join(directory.path, 'own/record'), 'last_attempt_epoch=4\n');
      expect(await files.readOwnRecord()).toEqual({ _tag: 'Found', body: 'last_attempt_epoch=5\n' });
      expect(await files.writeOwnRecord('last_attempt_epoch=6\n')).toEqual({ _tag: 'Written' });
      expect(readdirSync(join(directory.path, 'spare'))).toEqual([]);
      expect(await files.readOwnRecord()).toEqual({ _tag: 'Found', body: 'last_attempt_epoch=6\n' });
    } finally {
      directory.remove();
    }
  });

  it('without a metrics file nothing is kept', async () => {
    const files = fallbackFiles({ stateFile: '/dev/null/a', recordFile: '/dev/null/b' });
    expect(await files.publishMetrics('up 1\n')).toEqual({ _tag: 'Written' });
  });
});

it('the instants in the table are what they say', () => {
  expect(parseInstant('2025-07-28T02:02:31Z')).toEqual(E.right(NOW_SECONDS * SECOND_MS));
});
