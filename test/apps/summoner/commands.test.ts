import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/apps/log.ts';
import { summonerCommand } from '../../../src/apps/summoner/commands.ts';
import type { NodeLock } from '../../../src/apps/summoner/node-lock.ts';
import { STATE_KEY, type SummonerPorts } from '../../../src/apps/summoner/summoner-ports.ts';
import type { RunEnd } from '../../../src/domain/run-outcome.ts';
import { HOUR_MS, MINUTE_MS, plus } from '../../../src/domain/time.ts';
import { machine, START, stateFile, storedState } from './machine.ts';

const exited = (code: number): RunEnd => ({ _tag: 'Exited', code });

/** Answers as `take` says, and counts the locks that are held. */
const lockOf = (answer: NodeLock['_tag'] = 'Held') => {
  const held = { now: 0, taken: 0 };
  const take = async (): Promise<NodeLock> => {
    if (answer === 'Unavailable') return { _tag: answer, detail: 'no flock' };
    if (answer === 'Busy') return { _tag: answer };
    held.now += 1;
    held.taken += 1;
    return {
      _tag: answer,
      release: async () => {
        held.now -= 1;
      },
    };
  };
  return { held, take };
};

/** Calls the command, as `--once --json` unless told otherwise. */
const call = (
  ports: SummonerPorts,
  { isOnce = true, isDry = false, isJson = true, lock = lockOf(), abort = new AbortController().signal } = {},
) => {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    isColoured: false,
    environment: {},
    abort,
    log: silentLog,
  };
  const code = summonerCommand(ports, lock.take, terminal, { isOnce, isDry, isJson });
  return { code, out, err, json: () => JSON.parse(out.join('\n')) as Record<string, unknown> };
};

describe('summoner --once', () => {
  it.each([
    ['a success', exited(0), 0, 'Succeeded'],
    ['a success with a reboot pending', exited(35), 0, 'Succeeded'],
    ['a failure', exited(1), 1, 'Failed'],
    ['a time limit', { _tag: 'TimedOut' }, 1, 'TimedOut'],
    ['a converge that cannot be started', { _tag: 'NotStarted', detail: 'ENOENT' }, 1, 'NotStarted'],
  ] as const)('runs what is due, stores it, and tells of %s', async (_what, end, code, outcome) => {
    const { clock, state, runs, ports } = machine(() => end);
    const called = call(ports());
    await clock.advanceTo(plus(START, HOUR_MS));
    expect(await called.code).toBe(code);
    expect(called.json()).toMatchObject({ action: 'Start', reason: 'FirstRun', outcome });
    expect(runs).toHaveLength(1);
    expect(await storedState(state)).toMatchObject({ running: null, failures: code });
  });

  it('says in words how the run ended', async () => {
    const { clock, ports } = machine(() => exited(41));
    const called = call(ports(), { isJson: false });
    await clock.advanceTo(plus(START, HOUR_MS));
    await called.code;
    expect(called.out).toEqual(['Start (FirstRun); the run failed: exit code 41: the reboot failed']);
  });

  it('has no outcome when no run is due', async () => {
    const { state, runs, ports } = machine();
    await state.write(STATE_KEY, stateFile({ lastSuccess: O.some(plus(START, -HOUR_MS)) }), undefined);
    const called = call(ports());
    expect(await called.code).toBe(0);
    expect(called.json()).toMatchObject({ action: 'Wait', reason: 'UpToDate', outcome: null });
    expect(runs).toEqual([]);
  });

  it.each([
    ['and reports how that ended', 0, 0, 'Succeeded'],
    ['and no second one', 213, 1, 'UpgradedTwice'],
  ])('N14: sees the one run after an upgrade to its end, %s', async (_what, second, code, outcome) => {
    const { clock, state, runs, ports } = machine(({ cause }) => exited(cause._tag === 'Upgraded' ? second : 213));
    const called = call(ports());
    await clock.advanceTo(plus(START, HOUR_MS));
    expect(await called.code).toBe(code);
    expect(called.json()).toMatchObject({ reason: 'FirstRun', outcome });
    expect(runs.map(({ cause }) => cause._tag)).toEqual(['FirstRun', 'Upgraded']);
    expect(await storedState(state)).toMatchObject({ running: null, upgraded: false });
  });

  it('fault 57: asked to stop, ends its run, stores that, and asks to be tried again', async () => {
    const { clock, state, runs, ports } = machine();
    const stop = new AbortController();
    const called = call(ports(), { abort: stop.signal });
    await clock.advanceTo(plus(START, MINUTE_MS));
    stop.abort();
    expect(await called.code).toBe(75);
    expect(called.json()).toMatchObject({ outcome: 'Interrupted' });
    expect(runs).toHaveLength(1);
    expect(await storedState(state)).toMatchObject({ running: null, interruptions: 1 });
  });

  it('fault 57: asked to stop while the client upgrades itself, leaves the run after it to the next', async () => {
    const { clock, state, runs, ports } = machine();
    const stop = new AbortController();
    const converge = async () => {
      await clock.sleepUntil(plus(START, 5 * MINUTE_MS));
      return exited(213);
    };
    const called = call(ports({ converge }), { abort: stop.signal });
    await clock.advanceTo(plus(START, MINUTE_MS));
    stop.abort();
    await clock.advanceTo(plus(START, HOUR_MS));
    expect(await called.code).toBe(75);
    expect(called.json()).toMatchObject({ outcome: 'Upgraded' });
    expect(runs).toHaveLength(1);
    expect(await storedState(state)).toMatchObject({ running: null, upgraded: true });
  });
});

describe('summoner --once --dry-run', () => {
  it('decides the same, and stores and runs nothing', async () => {
    const { state, runs, ports } = machine();
    const called = call(ports(), { isDry: true });
    expect(await called.code).toBe(0);
    expect(called.json()).toMatchObject({ action: 'Start', reason: 'FirstRun', outcome: null });
    expect(runs).toEqual([]);
    expect((await state.read(STATE_KEY))._tag).toBe('Missing');
  });

  it('F4: knows of the fallback, as the look itself does', async () => {
    const { state, ports } = machine();
    await state.write(STATE_KEY, stateFile({ lastSuccess: O.some(plus(START, -13 * HOUR_MS)) }), undefined);
    const healed = ports({ fallbackSuccess: () => Promise.resolve(O.some(plus(START, -HOUR_MS))) });
    const foreseen = call(healed, { isDry: true });
    await foreseen.code;
    const looked = call(healed);
    await looked.code;
    expect(foreseen.json()).toMatchObject({ action: 'Wait', reason: 'UpToDate' });
    expect(foreseen.json()).toEqual(looked.json());
  });
});

describe('N13: one Summoner to a node', () => {
  it.each([true, false])(
    'while another is at work it starts nothing and asks to be tried again (once: %s)',
    async (isOnce) => {
      const { state, runs, ports } = machine();
      const called = call(ports(), { isOnce, lock: lockOf('Busy') });
      expect(await called.code).toBe(75);
      expect(called.err).toEqual([
        'signalbox: another Summoner is at work on this node; stop it, or try again when it has ended',
      ]);
      expect(runs).toEqual([]);
      expect((await state.read(STATE_KEY))._tag).toBe('Missing');
    },
  );

  it('goes on where no lock is to be had', async () => {
    const { clock, runs, ports } = machine();
    const called = call(ports(), { lock: lockOf('Unavailable') });
    await clock.advanceTo(plus(START, HOUR_MS));
    expect(await called.code).toBe(0);
    expect(runs).toHaveLength(1);
  });

  it('holds the lock as long as it is at work, and lets go of it', async () => {
    const { clock, ports } = machine();
    const lock = lockOf();
    const stop = new AbortController();
    const called = call(ports(), { isOnce: false, lock, abort: stop.signal });
    await clock.advanceTo(plus(START, MINUTE_MS));
    expect(lock.held).toEqual({ now: 1, taken: 1 });
    stop.abort();
    expect(await called.code).toBe(0);
    expect(lock.held).toEqual({ now: 0, taken: 1 });
  });

  it('a dry run takes none', async () => {
    const { ports } = machine();
    const lock = lockOf('Busy');
    expect(await call(ports(), { isDry: true, lock }).code).toBe(0);
  });
});
