import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { memoryStateStore } from '../../../src/adapters/memory/index.ts';
import { append, appendOutcome, readAfter, type TrailPorts } from '../../../src/apps/librarian/audit-trail.ts';
import { readPage } from '../../../src/apps/librarian/audit-page.ts';
import type { AuditRecord } from '../../../src/domain/audit-record.ts';
import { must, NOON, PLAN } from '../../support/librarian-world.ts';

const intent = (why: string): AuditRecord => ({
  _tag: 'Intent',
  at: NOON,
  who: 'ada',
  what: 'hold',
  why,
  details: {},
  outcome: O.none,
});

const outcomeOf = (of: string, outcome = 'done') => ({ _tag: 'Outcome' as const, at: NOON, of, outcome });

const trailOn = (state: TrailPorts['state'] = memoryStateStore()): TrailPorts => ({ plan: PLAN, state });

/** The same store, seen by a process that has not looked at it yet. */
const newcomer = ({ plan, state }: TrailPorts): TrailPorts => ({ plan, state: { ...state } });

const fill = async (ports: TrailPorts, count: number): Promise<void> => {
  for (let n = 1; n <= count; n++) must(await append(ports, intent(String(n))));
};

const whys = async (ports: TrailPorts): Promise<readonly string[]> =>
  must(await readAfter(ports, 0)).map(({ record }) =>
    O.isSome(record) && record.value._tag === 'Intent' ? record.value.why : '?',
  );

describe('the audit trail', () => {
  it.each([0, 1, 2, 3, 7, 8, 9, 100])(
    'L5: is gone on with where it ends, also by whom it is new to: %i',
    async (count) => {
      const ports = trailOn();
      await fill(ports, count);
      const key = must(await append(newcomer(ports), intent('new')));
      expect(key).toBe(`audit/world/${String(count + 1).padStart(12, '0')}.json`);
      expect(await whys(ports)).toHaveLength(count + 1);
    },
  );

  it('L4: any number of writers at once leave no gap, and lose nothing', async () => {
    const ports = trailOn();
    const writers = Array.from({ length: 20 }, (_, n) => append(newcomer(ports), intent(String(n))));
    const keys = (await Promise.all(writers)).map(must);
    expect(new Set(keys).size).toBe(20);
    expect([...(await whys(ports))].sort()).toEqual(Array.from({ length: 20 }, (_, n) => String(n)).sort());
  });

  it('L5: what was announced has one outcome, however many tell it', async () => {
    const ports = trailOn();
    const key = must(await append(ports, intent('x')));
    await fill(ports, 3);
    const tellers = Array.from({ length: 5 }, (_, n) => appendOutcome(newcomer(ports), outcomeOf(key, String(n))));
    expect((await Promise.all(tellers)).every(E.isRight)).toBe(true);
    const outcomes = must(await readAfter(ports, 0)).filter(
      ({ record }) => O.isSome(record) && record.value._tag === 'Outcome',
    );
    expect(outcomes).toHaveLength(1);
  });

  it('fault 29: a record whose answer was lost counts once; one that did not land is refused', async () => {
    const state = memoryStateStore();
    const forgetful = trailOn({
      ...state,
      write: async (...args) => {
        await state.write(...args);
        return { _tag: 'Unknown', detail: 'timed out' };
      },
    });
    must(await append(forgetful, intent('1')));
    must(await append(forgetful, intent('2')));
    expect(await whys(trailOn(state))).toEqual(['1', '2']);
    const full = trailOn({ ...state, write: () => Promise.resolve({ _tag: 'Unknown', detail: 'no space left' }) });
    // Another's record lies where it would be: that is not taken for its own.
    expect(await append(full, intent('2'))).toEqual(
      E.left({ _tag: 'Unavailable', detail: 'audit trail: no space left; nothing was done' }),
    );
    expect(await whys(trailOn(state))).toEqual(['1', '2']);
  });

  it('fault 72: a record that somebody has laid hands on stops nobody', async () => {
    const state = memoryStateStore();
    await fill(trailOn(state), 3);
    state.plant('audit/world/000000000002.json', Buffer.from('{'));
    state.plant('audit/world/000000000003.json', Uint8Array.from([0xff]));
    must(await append(trailOn({ ...state }), intent('4')));
    expect(await whys(trailOn(state))).toEqual(['1', '?', '?', '4']);
  });

  it('a store that does not answer is a failure, and nothing is written', async () => {
    const ports = trailOn();
    await fill(ports, 1);
    const down = trailOn({ ...ports.state, read: () => Promise.resolve({ _tag: 'Unavailable', detail: 'down' }) });
    const failure = E.left({ _tag: 'Unavailable', detail: 'audit trail: down' });
    expect(await append(down, intent('x'))).toEqual(failure);
    expect(await appendOutcome(down, outcomeOf('audit/world/000000000001.json'))).toEqual(failure);
    expect(await readAfter(down, 0)).toEqual(failure);
    expect(await readPage(down, O.none, 2)).toEqual(failure);
    expect(await whys(ports)).toEqual(['1']);
  });

  it('is read page by page, the newest first', async () => {
    const ports = trailOn();
    await fill(ports, 5);
    const first = must(await readPage(newcomer(ports), O.none, 2));
    expect(first.records.map(({ key }) => key.slice(-6))).toEqual(['5.json', '4.json']);
    const second = must(await readPage(ports, first.before, 2));
    const third = must(await readPage(ports, second.before, 2));
    expect(third.records.map(({ key }) => key.slice(-6))).toEqual(['1.json']);
    expect(third.before).toEqual(O.none);
  });
});
