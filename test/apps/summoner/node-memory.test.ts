import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { STATE_KEY } from '../../../src/apps/summoner/summoner-ports.ts';
import { encodeSignal } from '../../../src/domain/signal.ts';
import { HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../../src/domain/time.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { version } from '../../support/slack.ts';
import { during, IDENTITY, machine, signalOf, START, stateFile, storedState } from './machine.ts';

const EMFILE = { _tag: 'Unavailable', detail: 'EMFILE: too many open files' } as const;

/** A store that cannot be read while `isDown`. */
const unreadable = (state: StateStore, isDown: () => boolean): StateStore => ({
  read: (key) => (isDown() ? Promise.resolve(EMFILE) : state.read(key)),
  write: state.write,
});

const DISABLED = stateFile({
  applied: O.some(version('1.0.1')),
  lastSuccess: O.some(plus(START, -HOUR_MS)),
  handled: [{ id: 'reboot-db' as never, expiresEpochSeconds: START / SECOND_MS + 86_400 }],
  disabled: O.some({ reason: 'incident 7', owner: 'ann', until: plus(START, 48 * HOUR_MS), floorToo: true }),
  disabledSince: O.some(plus(START, -HOUR_MS)),
});

describe('a state that a newer version wrote, as after a downgrade', () => {
  it('N10, fault 42: what is known of it counts, and all of it is kept aside', async () => {
    const { clock, state, log, runs, ports } = machine();
    const newer = { ...(JSON.parse(DISABLED) as object), schema: 7, running: { cause: { _tag: 'Whim' } } };
    // One field to a line, the last brace alone: as every version writes it.
    const body = JSON.stringify(newer, null, 1);
    await state.write(STATE_KEY, body, undefined);
    await during(ports(), () => clock.advanceTo(plus(START, 9 * HOUR_MS)));
    expect(runs).toEqual([]);
    expect(await storedState(state)).toMatchObject({ schema: 7, disabled: { owner: 'ann' }, running: null });
    const fields = log.find(({ level }) => level === 'error')?.fields;
    expect(fields).toMatchObject({ detail: expect.stringContaining('running.cause') as string });
    expect(await state.read(String(fields?.['key']))).toMatchObject({ _tag: 'Found', body });
  });
});

describe('a state that cannot be read at the start', () => {
  it('fault 45: one failed look does not make a disabled node one that never ran', async () => {
    const { clock, state, log, runs, ports } = machine();
    await state.write(STATE_KEY, DISABLED, undefined);
    let looks = 0;
    const flaky = unreadable(state, () => ++looks === 1);
    await during(ports({ state: flaky }), () => clock.advanceTo(plus(START, 9 * HOUR_MS)));
    expect(looks).toBeGreaterThan(1);
    expect(runs).toEqual([]);
    expect(await storedState(state)).toEqual(JSON.parse(DISABLED));
    expect(log.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        message: 'the state cannot be read; it is held in memory',
        fields: { key: STATE_KEY, detail: EMFILE.detail },
      },
    ]);
  });

  it('fault 39: until it can be read the floor runs from memory, and what is stored stays as it is', async () => {
    const { clock, state, runs, ports } = machine();
    await state.write(STATE_KEY, DISABLED, undefined);
    let isDown = true;
    await during(ports({ state: unreadable(state, () => isDown) }), async () => {
      await clock.advanceTo(plus(START, 20 * HOUR_MS));
      expect(runs.map(({ cause }) => cause._tag)).toEqual(['FirstRun', 'Floor']);
      expect(await storedState(state)).toEqual(JSON.parse(DISABLED));
      isDown = false;
      await clock.advanceTo(plus(START, 40 * HOUR_MS));
    });
    expect(runs).toHaveLength(2);
    expect(await storedState(state)).toMatchObject({ artifact_version: '1.0.1', disabled: { owner: 'ann' } });
  });

  it('N13: a run that is under way when it can be read again ends before anything gives way to it', async () => {
    const { clock, state, runs, ports } = machine();
    await state.write(STATE_KEY, stateFile({ lastSuccess: O.some(plus(START, -13 * HOUR_MS)) }), undefined);
    let isDown = true;
    await during(ports({ state: unreadable(state, () => isDown) }), async () => {
      await clock.advanceTo(plus(START, MINUTE_MS));
      isDown = false;
      await clock.advanceTo(plus(START, HOUR_MS));
    });
    expect(runs.map(({ cause }) => cause._tag)).toEqual(['FirstRun', 'Floor']);
    expect(runs[1]?.startedAt).toBeGreaterThanOrEqual(runs[0]?.endedAt ?? Infinity);
    expect(await storedState(state)).toMatchObject({ running: null, failures: 0, interruptions: 0 });
  });

  it('N2: a signal that was seen meanwhile is looked at again with the state that was found', async () => {
    const { clock, bus, state, runs, ports } = machine();
    await bus.write(IDENTITY, encodeSignal(signalOf('1.0.2', START, 0)), undefined);
    const healthy = stateFile({ applied: O.some(version('1.0.1')), lastSuccess: O.some(plus(START, -HOUR_MS)) });
    await state.write(STATE_KEY, healthy, undefined);
    let isDown = true;
    await during(ports({ state: unreadable(state, () => isDown) }), async () => {
      await clock.advanceTo(plus(START, 2 * MINUTE_MS));
      isDown = false;
      await clock.advanceTo(plus(START, HOUR_MS));
    });
    expect(runs.map(({ cause }) => cause._tag)).toEqual(['FirstRun', 'NewVersion']);
    expect(await storedState(state)).toMatchObject({ artifact_version: '1.0.2' });
  });

  it('fault 38: garbage that could not be read at first is kept aside all the same', async () => {
    const { clock, state, log, runs, ports } = machine();
    await state.write(STATE_KEY, 'garbage', undefined);
    let looks = 0;
    await during(ports({ state: unreadable(state, () => ++looks === 1) }), () => clock.advanceTo(plus(START, HOUR_MS)));
    const kept = log.filter(({ message }) => message.startsWith('the state was kept aside'));
    expect(kept).toHaveLength(1);
    expect(await state.read(String(kept[0]?.fields['key']))).toMatchObject({ body: 'garbage' });
    expect(runs).toHaveLength(1);
    expect((await storedState(state))['last_run_time']).not.toBeNull();
  });
});

describe('why a state cannot be stored', () => {
  const whatIsSaid = async (meddle: (on: ReturnType<typeof machine>) => Promise<void>): Promise<readonly unknown[]> => {
    const on = machine();
    await during(on.ports(), async () => {
      await on.clock.advanceTo(plus(START, MINUTE_MS));
      await meddle(on);
      await on.clock.advanceTo(plus(START, 10 * MINUTE_MS));
    });
    const alarms = on.log.filter(({ message }) => message.startsWith('the state cannot be stored'));
    return alarms.map(({ fields }) => fields['detail']);
  };

  it('fault 44: a file that is refused is said to be that, and is not overwritten', async () => {
    const said = await whatIsSaid(async ({ state }) => {
      state.plant(STATE_KEY, Uint8Array.of(0xff));
    });
    expect(said.length).toBeGreaterThan(0);
    for (const detail of said) expect(detail).toMatch(/^summoner\.json: .*UTF-8/);
  });

  it("N13: somebody else's write is what makes one ask for a second Summoner", async () => {
    const said = await whatIsSaid(async ({ state }) => {
      const held = await state.read(STATE_KEY);
      await state.write(STATE_KEY, DISABLED, held._tag === 'Found' ? held.revision : undefined);
    });
    expect(said).toEqual(['someone else wrote it: are there two Summoners on this node?']);
  });

  it('L4: a write whose answer was lost is read back, and is no alarm when it landed', async () => {
    const { clock, state, log, ports } = machine();
    const deaf: StateStore = {
      read: state.read,
      write: async (key, body, expected) => {
        await state.write(key, body, expected);
        return { _tag: 'Unknown', detail: 'no answer in time' };
      },
    };
    await during(ports({ state: deaf }), () => clock.advanceTo(plus(START, HOUR_MS)));
    expect((await storedState(state))['last_run_time']).not.toBeNull();
    expect(log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
