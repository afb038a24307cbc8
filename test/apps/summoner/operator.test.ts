import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { type InboxRequest, operatorOf, type RequestInbox } from '../../../src/apps/summoner/operator.ts';
import { foresee, summonOnce } from '../../../src/apps/summoner/once.ts';
import { STATE_KEY } from '../../../src/apps/summoner/summoner-ports.ts';
import { encodeNodeRequest, type NodeAsk, NOTHING_ASKED } from '../../../src/domain/node-request.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, plus } from '../../../src/domain/time.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { during, type LogEntry, machine, START, stateFile, storedState } from './machine.ts';

const disabling = (until: EpochMs, floorToo = false) => ({ reason: 'incident 7', owner: 'ann', until, floorToo });

/** An inbox that tests put requests into, and whose disk may fail. */
const inbox = () => {
  const waiting = new Map<string, InboxRequest>();
  const faults: { removing?: (name: string) => string | undefined; reading?: string; atOnce?: number } = {};
  let count = 0;
  const given: RequestInbox = {
    look: async (known = new Set()) => {
      if (faults.reading !== undefined) return { _tag: 'Unreadable', detail: faults.reading };
      const fresh = [...waiting.values()].filter(({ name }) => !known.has(name));
      return { _tag: 'Read', requests: fresh.slice(0, faults.atOnce) };
    },
    remove: async (name) => {
      const detail = faults.removing?.(name);
      if (detail === undefined) waiting.delete(name);
      return detail;
    },
  };
  const putText = (body: string): string => {
    const name = `${String((count += 1)).padStart(3, '0')}.json`;
    waiting.set(name, { _tag: 'Found', name, body });
    return name;
  };
  const put = (ask: NodeAsk, askedAt: EpochMs = START): string =>
    putText(encodeNodeRequest({ ask, askedAt, by: 'ann', reason: O.none }));
  return { inbox: given, waiting, faults, put, putText };
};

const withOperator = (made: ReturnType<typeof machine>) => {
  const box = inbox();
  const log = (level: string, message: string, fields = {}) => made.log.push({ level, message, fields });
  return { ...made, ...box, operator: operatorOf(box.inbox, log) };
};

const asked = (log: readonly LogEntry[]) => log.filter(({ message }) => message === 'asked by a person on this node');

const errors = (log: readonly LogEntry[]) => log.filter(({ level }) => level === 'error').map(({ fields }) => fields);

describe('what people on the node ask', () => {
  it('N10: a disabling that waits is taken in before a run that is due starts, at the start and later', async () => {
    const { clock, runs, state, waiting, put, operator, ports } = withOperator(machine());
    put({ _tag: 'Disable', disabling: disabling(plus(START, 4 * HOUR_MS), true) });
    await during(ports({ operator }), async () => {
      await clock.advanceTo(plus(START, HOUR_MS));
      expect(runs).toEqual([]);
      expect(waiting.size).toBe(0);
      expect(await storedState(state)).toMatchObject({ disabled: { owner: 'ann', floorToo: true } });
      await clock.advanceTo(plus(START, 5 * HOUR_MS));
      expect(runs).toHaveLength(1);
    });
  });

  it('N10, N12: a clock that is set in the same moment does not move the end of a disabling', async () => {
    const { clock, runs, state, put, operator, ports } = withOperator(machine());
    const done = { lastSuccess: O.some(plus(START, -HOUR_MS)) };
    await state.write(STATE_KEY, stateFile(done), undefined);
    await during(ports({ operator }), async () => {
      await clock.advanceTo(plus(START, 10 * MINUTE_MS));
      const until = plus(START, 30 * HOUR_MS);
      put({ _tag: 'Disable', disabling: disabling(until, true) }, plus(START, 20 * HOUR_MS));
      await clock.stepTo(plus(START, 20 * HOUR_MS));
      await clock.advanceTo(plus(START, 21 * HOUR_MS));
      expect(runs).toEqual([]);
      expect(await storedState(state)).toMatchObject({ disabled: { until: '2026-01-06T18:00:00Z' } });
    });
  });

  it('a run now is started once, and let go of before that', async () => {
    const { clock, runs, state, waiting, put, operator, ports, log } = withOperator(machine());
    await state.write(STATE_KEY, stateFile({ lastSuccess: O.some(START) }), undefined);
    await during(ports({ operator }), async () => {
      put({ _tag: 'RunNow' });
      await clock.advanceTo(plus(START, 3 * HOUR_MS));
    });
    expect(runs.map(({ cause }) => cause._tag)).toEqual(['RunNow']);
    expect(waiting.size).toBe(0);
    expect(asked(log)).toHaveLength(1);
  });

  it('N8, fault 39: what cannot be stored is not let go of, and is heard once all the same', async () => {
    const { clock, runs, state, waiting, put, operator, ports } = withOperator(machine());
    await state.write(STATE_KEY, stateFile({ lastSuccess: O.some(START) }), undefined);
    const full: StateStore = { read: state.read, write: async () => ({ _tag: 'Unknown', detail: 'ENOSPC' }) };
    put({ _tag: 'RunNow' });
    await during(ports({ operator, state: full }), () => clock.advanceTo(plus(START, 3 * HOUR_MS)));
    expect(runs.map(({ cause }) => cause._tag)).toEqual(['RunNow']);
    expect(waiting.size).toBe(1);
  });

  it('N8: what was heard before the state could be loaded is heard again by the state that was found', async () => {
    const { clock, runs, state, waiting, put, operator, ports } = withOperator(machine());
    await state.write(STATE_KEY, stateFile({ lastSuccess: O.some(START) }), undefined);
    let isDown = true;
    const late: StateStore = {
      write: state.write,
      read: (key) => (isDown ? Promise.resolve({ _tag: 'Unavailable', detail: 'EIO' }) : state.read(key)),
    };
    const until = plus(START, 20 * HOUR_MS);
    put({ _tag: 'Disable', disabling: disabling(until, true) });
    await during(ports({ operator, state: late }), async () => {
      await clock.advanceTo(plus(START, HOUR_MS));
      expect(waiting.size).toBe(1);
      isDown = false;
      await clock.advanceTo(plus(START, 2 * HOUR_MS));
      expect(waiting.size).toBe(0);
    });
    expect(runs).toEqual([]);
    expect(await storedState(state)).toMatchObject({
      disabled: { owner: 'ann' },
      last_run_time: '2026-01-05T12:00:00Z',
    });
  });

  it('what is none is let go of and told, and harms nothing else', async () => {
    const { clock, state, waiting, log, put, putText, operator, ports } = withOperator(machine());
    putText('x');
    waiting.set('link.json', { _tag: 'Refused', name: 'link.json', detail: 'a link' });
    put({ _tag: 'Disable', disabling: disabling(plus(START, HOUR_MS)) });
    await during(ports({ operator }), () => clock.advanceTo(plus(START, MINUTE_MS)));
    const told = log.filter(({ message }) => message === 'a request on this node is none');
    expect(told.map(({ fields }) => fields['request'])).toEqual(['001.json', 'link.json']);
    expect(waiting.size).toBe(0);
    expect(await storedState(state)).toMatchObject({ disabled: { owner: 'ann' } });
  });

  it('is complained of once while it cannot be read', async () => {
    const { log, faults, operator } = withOperator(machine());
    faults.reading = 'EACCES';
    expect(await operator.hear(START)).toBe(NOTHING_ASKED);
    await operator.hear(START);
    expect(errors(log)).toMatchObject([{ detail: 'EACCES' }]);
  });

  it('N10: is heard whole, however much there is of it: what was asked last counts', async () => {
    const { clock, runs, state, waiting, faults, put, operator, ports } = withOperator(machine());
    faults.atOnce = 2;
    for (let i = 0; i < 6; i++) put({ _tag: 'RunNow' });
    put({ _tag: 'Enable' });
    put({ _tag: 'Disable', disabling: disabling(plus(START, 4 * HOUR_MS), true) });
    put({ _tag: 'RunNow' });
    await during(ports({ operator }), async () => {
      await clock.advanceTo(plus(START, HOUR_MS));
      expect(waiting.size).toBe(0);
      expect(await storedState(state)).toMatchObject({ disabled: { owner: 'ann' } });
    });
    expect(runs).toEqual([]);
  });

  it('one that cannot be removed is told of once, is heard once, and is in nobody’s way', async () => {
    const { clock, runs, state, log, waiting, faults, put, operator, ports } = withOperator(machine());
    await state.write(STATE_KEY, stateFile({ lastSuccess: O.some(START) }), undefined);
    faults.atOnce = 1;
    const [first, second] = [put({ _tag: 'RunNow' }), put({ _tag: 'RunNow' })];
    faults.removing = (name) => (name === first || name === second ? `${name}: EISDIR` : undefined);
    await during(ports({ operator }), async () => {
      await clock.advanceTo(plus(START, HOUR_MS));
      put({ _tag: 'Disable', disabling: disabling(plus(START, 30 * HOUR_MS), true) });
      await clock.advanceTo(plus(START, 3 * HOUR_MS));
      expect([...waiting.keys()]).toEqual([first, second]);
      expect(await storedState(state)).toMatchObject({ disabled: { owner: 'ann' } });
    });
    expect(runs).toHaveLength(1);
    expect(errors(log)).toEqual([{ requests: 2, request: first, detail: `${first}: EISDIR` }]);
    delete faults.removing;
    await operator.settle();
    expect(waiting.size).toBe(0);
  });

  it('by a signal is heard once, and again where the state that it went into is void', async () => {
    const { operator } = withOperator(machine());
    operator.askRunNow();
    expect(await operator.hear(START)).toMatchObject({ runNow: true });
    expect(await operator.hear(START)).toBe(NOTHING_ASKED);
    operator.repeat();
    expect(await operator.hear(START)).toMatchObject({ runNow: true });
    await operator.settle();
    operator.repeat();
    expect(await operator.hear(START)).toBe(NOTHING_ASKED);
  });

  it('is looked at by one look too, and by a dry run without being let go of', async () => {
    const { runs, waiting, put, operator, ports, inbox: box } = withOperator(machine());
    put({ _tag: 'Disable', disabling: disabling(plus(START, HOUR_MS), true) });
    const foreseen = await foresee(ports({ operator: operatorOf(box, () => undefined) }));
    expect(foreseen.reason._tag).toBe('Disabled');
    expect(waiting.size).toBe(1);
    await summonOnce(ports({ operator }), new AbortController().signal);
    expect(runs).toEqual([]);
    expect(waiting.size).toBe(0);
  });
});
