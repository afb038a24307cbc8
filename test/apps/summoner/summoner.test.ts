import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { memorySignalBus, memoryStateStore, virtualClock } from '../../../src/adapters/memory/index.ts';
import { runSummoner, summonOnce } from '../../../src/apps/summoner/summoner.ts';
import { type EndedRun, STATE_KEY, type SummonerPorts } from '../../../src/apps/summoner/summoner-ports.ts';
import type { Running } from '../../../src/domain/node-state.ts';
import type { RunEnd } from '../../../src/domain/run-outcome.ts';
import { encodeSignal, type Signal } from '../../../src/domain/signal.ts';
import { splayMs } from '../../../src/domain/splay.ts';
import { policyFor } from '../../../src/domain/summoner.ts';
import { epochMs, HOUR_MS, MINUTE_MS, plus, SECOND_MS, timestampOfEpochMs } from '../../../src/domain/time.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { environmentName, nodeName, stackName, version } from '../../support/slack.ts';

const START = epochMs(1_767_614_400_000);
const IDENTITY = { stack: stackName('basalt'), environment: environmentName('prod-1'), node: nodeName('web-17') };
const RUN_MS = 5 * MINUTE_MS;

interface LogEntry {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const signalOf = (name: string, at: number, splaySeconds = 600): Signal => ({
  splaySeconds,
  timestamp: timestampOfEpochMs(epochMs(at)),
  environment: O.some(IDENTITY.environment),
  runRequests: [],
  manifestRecord: {
    version: version(name),
    stack: IDENTITY.stack,
    uploadedEpochSeconds: 0,
    latestCommitHash: 'abc',
    s3Bucket: 'b',
    s3Key: 'k',
    ttlEpochSeconds: Math.floor(at / SECOND_MS) + 86_400,
    uploadComplete: true,
    manifest: {
      baseVersion: version(name),
      latestCommitHash: 'abc',
      author: 'a',
      cookbookVersions: {},
      siteCookbookVersions: {},
    },
  },
});

/** A machine in memory: everything real of the Summoner but the world. */
const machine = (endOf: (running: Running) => RunEnd = () => ({ _tag: 'Exited', code: 0 })) => {
  const clock = virtualClock(START);
  const bus = memorySignalBus();
  const state = memoryStateStore();
  const log: LogEntry[] = [];
  const runs: EndedRun[] = [];
  const ports = (chosen: Partial<SummonerPorts> = {}): SummonerPorts => ({
    policy: policyFor(IDENTITY, { catchUpSplaySeconds: 0 }),
    clock,
    bus,
    state,
    converge: async (running, abort) => {
      await clock.sleepUntil(plus(clock.now(), RUN_MS), abort);
      return abort.aborted ? { _tag: 'Interrupted' } : endOf(running);
    },
    fallbackSuccess: () => Promise.resolve(O.none),
    log: (level, message, fields = {}) => log.push({ level, message, fields }),
    onRunEnded: (run) => runs.push(run),
    ...chosen,
  });
  return { clock, bus, state, log, runs, ports };
};

/** Runs the Summoner while `meanwhile` happens, and stops it. */
const during = async (ports: SummonerPorts, meanwhile: () => Promise<void>): Promise<void> => {
  const stop = new AbortController();
  const running = runSummoner(ports, stop.signal);
  await meanwhile();
  stop.abort();
  await running;
};

const storedState = async (state: StateStore): Promise<Record<string, unknown>> => {
  const reading = await state.read(STATE_KEY);
  if (reading._tag !== 'Found') throw new Error(`the state is ${reading._tag}`);
  return JSON.parse(reading.body) as Record<string, unknown>;
};

describe('the Summoner over its ports', () => {
  it('applies a signalled version once, after its splay, and says so in its state file', async () => {
    const { clock, bus, state, runs, ports } = machine();
    await during(ports(), async () => {
      await clock.advanceTo(plus(START, HOUR_MS));
      const seenFrom = clock.now();
      await bus.write(IDENTITY, encodeSignal(signalOf('1.0.1', seenFrom)), undefined);
      await clock.advanceTo(plus(START, 3 * HOUR_MS));
      const forVersion = runs.filter(({ cause }) => cause._tag === 'NewVersion');
      expect(forVersion).toHaveLength(1);
      const waitedMs = (forVersion[0]?.startedAt ?? 0) - seenFrom;
      const splay = splayMs(IDENTITY.node, '1.0.1', 600);
      expect(waitedMs).toBeGreaterThanOrEqual(splay);
      expect(waitedMs).toBeLessThanOrEqual(splay + MINUTE_MS);
    });
    const file = await storedState(state);
    expect(file).toMatchObject({ artifact_version: '1.0.1', running: null, node: 'web-17' });
    expect(file['last_run_epoch']).toBe(Math.floor((runs.at(-1)?.endedAt ?? 0) / SECOND_MS));
  });

  it('N6: runs at least once in every window without any signal, for a week', async () => {
    const { clock, runs, ports } = machine();
    await during(ports(), () => clock.advanceTo(plus(START, 7 * 24 * HOUR_MS)));
    const ends = runs.map(({ startedAt, endedAt }) => ({ startedAt, endedAt }));
    for (const [i, { startedAt }] of ends.entries()) {
      const before = ends[i - 1];
      if (before !== undefined) expect(startedAt - before.endedAt).toBeLessThanOrEqual(12 * HOUR_MS);
    }
    expect(ends.length).toBeGreaterThanOrEqual(14);
    expect(ends.length).toBeLessThanOrEqual(16);
  });

  it('N8, fault 54: killed during a run, the next agent finds it interrupted and runs again', async () => {
    const { clock, bus, runs, ports } = machine();
    await bus.write(IDENTITY, encodeSignal(signalOf('1.0.1', START, 0)), undefined);
    // Never ends, as a process that is killed from outside: the agent is simply left behind.
    void runSummoner(ports({ converge: () => new Promise(() => undefined) }), new AbortController().signal);
    await clock.advanceTo(plus(START, 10 * MINUTE_MS));
    await during(ports(), () => clock.advanceTo(plus(START, HOUR_MS)));
    expect(runs.filter(({ end }) => end._tag === 'Exited')).toHaveLength(1);
  });

  it('fault 57: asked to stop during a run, it ends the run and stores how it ended', async () => {
    const { clock, state, runs, ports } = machine();
    await during(ports(), () => clock.advanceTo(plus(START, MINUTE_MS)));
    expect(runs.map(({ end }) => end._tag)).toEqual(['Interrupted']);
    expect(await storedState(state)).toMatchObject({ running: null, failures: 1, last_run_time: null });
  });

  it.each([
    ['empty', ''],
    ['torn', '{\n "last_run_time": "2026-01-05T1'],
    ['garbage', '\u0000\u0001\u0002'],
  ])('fault 38: %s state is kept aside and the node goes on as one that never ran', async (_what, body) => {
    const { clock, state, log, runs, ports } = machine();
    await state.write(STATE_KEY, body, undefined);
    await during(ports(), () => clock.advanceTo(plus(START, HOUR_MS)));
    expect(runs.map(({ cause }) => cause._tag)).toEqual(['FirstRun']);
    const entry = log.find(({ message }) => message.startsWith('the state was kept aside'));
    const kept = await state.read(String(entry?.fields['key']));
    expect(kept._tag === 'Found' && kept.body).toBe(body);
  });

  it("fault 43: another node's state, brought along by a cloned image, is kept aside", async () => {
    const { clock, state, runs, ports } = machine();
    await during(ports(), () => clock.advanceTo(plus(START, HOUR_MS)));
    const clone = ports({ policy: policyFor({ ...IDENTITY, node: nodeName('web-18') }, { catchUpSplaySeconds: 0 }) });
    await during(clone, () => clock.advanceTo(plus(START, 2 * HOUR_MS)));
    expect(runs.map(({ cause }) => cause._tag)).toEqual(['FirstRun', 'FirstRun']);
    expect(await storedState(state)).toMatchObject({ node: 'web-18' });
  });

  it('fault 39: with a disk that cannot be written it runs all the same, once, and raises an alarm', async () => {
    const { clock, bus, state, log, runs, ports } = machine();
    const full: StateStore = {
      read: state.read,
      write: () => Promise.resolve({ _tag: 'Unknown', detail: 'ENOSPC: no space left on device' }),
    };
    await bus.write(IDENTITY, encodeSignal(signalOf('1.0.1', START, 0)), undefined);
    await during(ports({ state: full }), () => clock.advanceTo(plus(START, 6 * HOUR_MS)));
    expect(runs.filter(({ end }) => end._tag === 'Exited').length).toBeGreaterThanOrEqual(1);
    expect(runs.length).toBeLessThanOrEqual(2);
    expect(
      log.some(({ level, message }) => level === 'error' && message.startsWith('the state cannot be stored')),
    ).toBe(true);
  });

  it('fault 39: what was held in memory is stored when the disk is back', async () => {
    const { clock, state, ports } = machine();
    let isFull = true;
    const filling: StateStore = {
      read: state.read,
      write: (key, body, expected) =>
        isFull ? Promise.resolve({ _tag: 'Unknown', detail: 'ENOSPC' }) : state.write(key, body, expected),
    };
    await during(ports({ state: filling }), async () => {
      await clock.advanceTo(plus(START, HOUR_MS));
      isFull = false;
      await clock.advanceTo(plus(START, 2 * HOUR_MS));
    });
    expect((await storedState(state))['last_run_time']).not.toBeNull();
  });

  it.each(['Missing', 'Denied', 'Unavailable', 'Malformed'] as const)(
    'N9: with a bus that answers %s for three days it stays up and the floor acts',
    async (answer) => {
      const { clock, runs, ports } = machine();
      const bus = {
        read: () => Promise.resolve({ _tag: answer, detail: 'as the test wants it', revision: undefined }),
        write: memorySignalBus().write,
      };
      await during(ports({ bus }), () => clock.advanceTo(plus(START, 72 * HOUR_MS)));
      expect(runs.length).toBeGreaterThanOrEqual(6);
      expect(runs.length).toBeLessThanOrEqual(8);
    },
  );

  it('F4: a success of the fallback counts for the floor', async () => {
    const { clock, runs, ports } = machine();
    let fallback = O.none as O.Option<typeof START>;
    await during(ports({ fallbackSuccess: () => Promise.resolve(fallback) }), async () => {
      await clock.advanceTo(plus(START, 11 * HOUR_MS));
      fallback = O.some(clock.now());
      await clock.advanceTo(plus(START, 20 * HOUR_MS));
    });
    expect(runs).toHaveLength(1);
  });

  it('fault 32: a clock that is stepped back while the agent watches causes no second run', async () => {
    const { clock, runs, ports } = machine();
    await during(ports(), async () => {
      await clock.advanceTo(plus(START, 2 * HOUR_MS));
      await clock.stepTo(plus(START, -48 * HOUR_MS));
      await clock.advanceTo(plus(START, -40 * HOUR_MS));
    });
    expect(runs).toHaveLength(1);
  });

  it('N13: never two runs at a time, whatever arrives', async () => {
    const { clock, bus, runs, ports } = machine();
    await during(ports(), async () => {
      for (let i = 1; i <= 30; i++) {
        const held = await bus.read(IDENTITY, undefined);
        const revision = held._tag === 'Fresh' ? held.revision : undefined;
        await bus.write(IDENTITY, encodeSignal(signalOf(`1.0.${i}`, clock.now(), 60)), revision);
        await clock.advanceTo(plus(clock.now(), 2 * MINUTE_MS));
      }
      await clock.advanceTo(plus(clock.now(), HOUR_MS));
    });
    const sorted = [...runs].sort((a, b) => a.startedAt - b.startedAt);
    for (const [i, run] of sorted.entries()) {
      expect(run.startedAt).toBeGreaterThanOrEqual(sorted[i - 1]?.endedAt ?? 0);
    }
    expect(sorted.length).toBeGreaterThan(3);
  });

  it('a turn that throws, which is a defect, is logged and the loop goes on', async () => {
    const { clock, bus, log, runs, ports } = machine();
    let polls = 0;
    const defective = {
      ...bus,
      read: () => {
        if (++polls === 1) throw new Error('a defect');
        return bus.read(IDENTITY, undefined);
      },
    };
    await during(ports({ bus: defective }), () => clock.advanceTo(plus(START, HOUR_MS)));
    expect(log.filter(({ message }) => message === 'a turn of the Summoner failed')).toHaveLength(1);
    expect(runs).toHaveLength(1);
    expect(polls).toBeGreaterThan(10);
  });
});

describe('summoner --once', () => {
  it('runs what is due, and stores it', async () => {
    const { clock, state, runs, ports } = machine();
    const looked = summonOnce(ports(), false);
    await clock.advanceTo(plus(START, HOUR_MS));
    expect((await looked).reason._tag).toBe('FirstRun');
    expect(runs).toHaveLength(1);
    expect(await storedState(state)).toMatchObject({ running: null, failures: 0 });
  });

  it('--dry-run decides the same, and stores and runs nothing', async () => {
    const { state, runs, ports } = machine();
    const decision = await summonOnce(ports(), true);
    expect(decision).toMatchObject({ action: { _tag: 'Start' }, reason: { _tag: 'FirstRun' } });
    expect(runs).toEqual([]);
    expect((await state.read(STATE_KEY))._tag).toBe('Missing');
  });
});
