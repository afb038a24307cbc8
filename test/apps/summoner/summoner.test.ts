import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import type { SummonerPorts } from '../../../src/apps/summoner/summoner-ports.ts';
import { memorySignalBus } from '../../../src/adapters/memory/index.ts';
import { runSummoner } from '../../../src/apps/summoner/summoner.ts';
import { STATE_KEY } from '../../../src/apps/summoner/summoner-ports.ts';
import { encodeSignal } from '../../../src/domain/signal.ts';
import { splayMs } from '../../../src/domain/splay.ts';
import { policyFor } from '../../../src/domain/summoner.ts';
import { HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../../src/domain/time.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { nodeName } from '../../support/slack.ts';
import { during, IDENTITY, machine, RUN_MS, signalOf, START, stateFile, storedState } from './machine.ts';

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

  it('N8: stores that a run is under way before it starts it, the first run like any other', async () => {
    const { clock, state, ports } = machine();
    const order: string[] = [];
    const watched: StateStore = {
      read: state.read,
      write: (key, body, expected) => {
        order.push(
          `stored ${(JSON.parse(body) as { running: { cause: { _tag: string } } | null }).running?.cause._tag}`,
        );
        return state.write(key, body, expected);
      },
    };
    const converge = async () => {
      order.push('started');
      return { _tag: 'Exited', code: 0 } as const;
    };
    await during(ports({ state: watched, converge }), () => clock.advanceTo(plus(START, MINUTE_MS)));
    expect(order).toEqual(['stored FirstRun', 'started', 'stored undefined']);
  });

  it('fault 57: asked to stop during a run, it ends the run and stores how it ended', async () => {
    const { clock, state, runs, ports } = machine();
    await during(ports(), () => clock.advanceTo(plus(START, MINUTE_MS)));
    expect(runs.map(({ end }) => end._tag)).toEqual(['Interrupted']);
    expect(await storedState(state)).toMatchObject({ running: null, failures: 1, last_run_time: null });
  });

  it('fault 57: what would follow the run that it ends is left to the next agent, and no run is recorded for it', async () => {
    const { clock, state, runs, ports } = machine();
    const upgrading = ports({
      converge: async (_running, abort) => {
        await clock.sleepUntil(plus(START, RUN_MS), abort);
        return { _tag: 'Exited', code: 213 };
      },
    });
    const disabled = { reason: 'incident 7', owner: 'ann', until: plus(START, HOUR_MS), floorToo: false };
    await state.write(STATE_KEY, stateFile({ disabled: O.some(disabled), disabledSince: O.some(START) }), undefined);
    const before = await storedState(state);
    await during(upgrading, () => clock.advanceTo(plus(START, MINUTE_MS)));
    expect(runs.map(({ end }) => end)).toEqual([{ _tag: 'Exited', code: 213 }]);
    const { disabled: kept, disabled_since } = before;
    const idle = { running: null, upgraded: true, failures: 0, interruptions: 0, tried_version: null };
    expect(await storedState(state)).toMatchObject({ ...idle, disabled: kept, disabled_since });
    await during(ports(), () => clock.advanceTo(plus(START, 2 * HOUR_MS)));
    expect(runs.map(({ cause }) => cause._tag)).toEqual(['FirstRun', 'Upgraded']);
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

  it.each([
    ['whose floor is overdue', plus(START, -13 * HOUR_MS), plus(START, -40 * MINUTE_MS)],
    ['that claims to be from the future', plus(START, 300 * HOUR_MS), undefined],
  ])('F4: a new agent with a state %s hears of the fallback before it decides', async (_what, lastSuccess, dueAt) => {
    const { clock, state, runs, ports } = machine();
    const floor = dueAt === undefined ? O.none : O.some({ startAt: dueAt, attempts: 3 });
    await state.write(STATE_KEY, stateFile({ lastSuccess: O.some(lastSuccess), floor }), undefined);
    const healed = ports({ fallbackSuccess: () => Promise.resolve(O.some(plus(START, -5 * MINUTE_MS))) });
    await during(healed, () => clock.advanceTo(plus(START, 10 * HOUR_MS)));
    expect(runs).toEqual([]);
  });

  it("F4: the fallback's success is news once: it is stored once, and not at every look", async () => {
    const { clock, state, ports } = machine();
    let writes = 0;
    const counted: StateStore = {
      read: state.read,
      write: (key, body, expected) => {
        writes += 1;
        return state.write(key, body, expected);
      },
    };
    const healed = ports({ state: counted, fallbackSuccess: () => Promise.resolve(O.some(plus(START, -HOUR_MS))) });
    await during(healed, () => clock.advanceTo(plus(START, 5 * HOUR_MS)));
    expect(writes).toBe(1);
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

  it('N9, N12, fault 32: after a step back the agent goes on polling, and the floor still acts', async () => {
    const { clock, bus, runs, ports } = machine();
    let reads = 0;
    const counted: SummonerPorts['bus'] = {
      ...bus,
      read: (key, known) => {
        reads++;
        return bus.read(key, known);
      },
    };
    await during(ports({ bus: counted }), async () => {
      await clock.advanceTo(plus(START, 2 * HOUR_MS));
      await clock.stepTo(plus(START, -48 * HOUR_MS));
      reads = 0;
      await clock.advanceTo(plus(START, -20 * HOUR_MS));
      expect(reads).toBeGreaterThan(1_000);
    });
    expect(runs.length).toBeGreaterThanOrEqual(3);
  });

  it('N9, N12, fault 32: a step back between a decision and the wait for what it decided is noticed as well', async () => {
    const { clock, bus, state, runs, ports } = machine();
    let [reads, writes] = [0, 0];
    const counted: SummonerPorts['bus'] = {
      ...bus,
      read: (key, known) => {
        reads += 1;
        return bus.read(key, known);
      },
    };
    const stepping: StateStore = {
      read: state.read,
      write: async (key, body, expected) => {
        const written = await state.write(key, body, expected);
        writes += 1;
        // The end of the first run: what follows is a wait for the next poll.
        if (writes === 2) void clock.stepTo(plus(START, -48 * HOUR_MS));
        return written;
      },
    };
    await during(ports({ bus: counted, state: stepping }), () => clock.advanceTo(plus(START, HOUR_MS)));
    expect(reads).toBeGreaterThan(1_000);
    expect(runs.length).toBeGreaterThanOrEqual(4);
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

  it.each(['onRunEnded', 'onDecision'] as const)('a throw in %s is logged and harms nothing', async (hook) => {
    const { clock, log, state, ports } = machine();
    const throwing = ports({
      [hook]: () => {
        throw new Error('no metrics');
      },
    });
    await during(throwing, () => clock.advanceTo(plus(START, 24 * HOUR_MS)));
    expect(log).toContainEqual({
      level: 'error',
      message: 'a hook of the Summoner failed',
      fields: { detail: 'Error: no metrics' },
    });
    expect(log.filter(({ message }) => message === 'a turn of the Summoner failed')).toEqual([]);
    // The first run was recorded, and the floor's after it.
    expect((await storedState(state))['last_run_epoch']).toBeGreaterThan((START + 11 * HOUR_MS) / SECOND_MS);
  });

  it('a converge that throws is a failed run, after which the node backs off and tries again', async () => {
    const { clock, log, runs, ports } = machine();
    const converge = () => Promise.reject(new Error('a defect'));
    await during(ports({ converge }), () => clock.advanceTo(plus(START, HOUR_MS)));
    expect(runs.length).toBeGreaterThan(1);
    expect(runs.length).toBeLessThan(10);
    expect(runs[0]?.end).toEqual({ _tag: 'NotStarted', detail: 'Error: a defect' });
    expect(log.some(({ message }) => message === 'the converge failed without an answer')).toBe(true);
  });

  it('N9: it never rejects, not even when its very first step throws', async () => {
    const { clock, runs, ports } = machine();
    let looks = 0;
    const fallbackSuccess = async () => {
      if (++looks === 1) throw new Error('a defect');
      return O.none;
    };
    await during(ports({ fallbackSuccess }), () => clock.advanceTo(plus(START, HOUR_MS)));
    expect(runs).toHaveLength(1);
  });

  it("fault 6: a poll that drags on delays the taking in of a run's end no longer than itself", async () => {
    const { clock, bus, state, ports } = machine();
    const POLL_MS = 20 * SECOND_MS;
    let polledAt = 0;
    const slow = {
      ...bus,
      read: async () => {
        polledAt = clock.now();
        await clock.sleepUntil(plus(clock.now(), POLL_MS));
        return { _tag: 'Unavailable', detail: 'no answer in time' } as const;
      },
    };
    const converge = async () => {
      // Ends in the middle of the first poll.
      while (polledAt === 0) await clock.sleepUntil(plus(clock.now(), SECOND_MS));
      await clock.sleepUntil(plus(clock.now(), 5 * SECOND_MS));
      return { _tag: 'Exited', code: 0 } as const;
    };
    await during(ports({ bus: slow, converge }), async () => {
      while (polledAt === 0) await clock.advanceTo(plus(clock.now(), SECOND_MS));
      await clock.advanceTo(plus(START, polledAt - START + POLL_MS + 1));
      const file = await storedState(state);
      expect(file['running']).toBeNull();
      expect(file['last_run_time']).not.toBeNull();
    });
  });
});
